"""What the fake knows of access keys."""

from upwell.testing.cloudwatch.credentials import Credential, Credentials

FIXED = Credential("AKID", "secret")


def test_fixed_key_never_expires_by_itself() -> None:
    """The first access key is known and good at any time."""
    credentials = Credentials(FIXED, lambda: 2**62)

    assert credentials.get("AKID") == FIXED
    assert not credentials.is_expired(FIXED)
    assert credentials.get("other") is None


def test_lent_keys_differ_and_end() -> None:
    """Every temporary credential is new and ends after its seconds."""
    now = 5
    credentials = Credentials(FIXED, lambda: now)
    one, two = credentials.lend(900), credentials.lend(1000)

    assert one.access_key != two.access_key
    assert (one.expires_ns, two.expires_ns) == (900_000_000_005, 1_000_000_000_005)
    now = 900_000_000_005
    assert (credentials.is_expired(one), credentials.is_expired(two)) == (True, False)


def test_expire_and_restore() -> None:
    """What is known now expires until restored; what is lent later is good."""
    credentials = Credentials(FIXED, lambda: 0)
    before = credentials.lend(900)
    credentials.expire()
    after = credentials.lend(900)

    assert [credentials.is_expired(each) for each in (FIXED, before, after)] == [True, True, False]
    credentials.restore()
    assert [credentials.is_expired(each) for each in (FIXED, before, after)] == [False, False, False]


def test_expire_only_temporary_ones() -> None:
    """The fixed key can stay good, so that a client can fetch new temporary ones."""
    credentials = Credentials(FIXED, lambda: 0)
    lent = credentials.lend(900)
    credentials.expire(temporary_only=True)

    assert [credentials.is_expired(each) for each in (FIXED, lent)] == [False, True]


def test_reset_leaves_the_first_key() -> None:
    """Added and lent keys, and what was expired, are forgotten."""
    credentials = Credentials(FIXED, lambda: 0)
    credentials.add(Credential("second", "s"))
    credentials.expire()
    credentials.reset()

    assert credentials.get("second") is None
    assert not credentials.is_expired(FIXED)
