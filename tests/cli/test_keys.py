"""Keys are made, listed, rotated and revoked; a secret is shown once."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from upwell.identity import Keyring

DIR = ("--data-dir", "data")


def _authenticates(secret: str) -> bool:
    from upwell.errors import Unauthenticated

    ring = Keyring(Path("data/keys.db"))
    try:
        ring.authenticate(secret, time.time_ns())
    except Unauthenticated:
        return False
    finally:
        ring.close()
    return True


def test_a_key_is_the_only_thing_on_stdout(run: Run) -> None:
    """`KEY=$(upwell keys add ...)` works: what is said beside it goes to stderr."""
    found = run("keys", "add", "--team", "platform", *DIR)

    assert re.fullmatch(r"uw_[a-z2-7]{8}_[a-z2-7]{32}\n", found.out)
    assert "shown this once" in found.err
    assert found.out.split("_")[2].strip() not in found.err
    assert _authenticates(found.out.strip())


def test_a_key_can_be_made_before_the_first_start(run: Run) -> None:
    """Enrolling comes first for many: the data directory is made, private."""
    run("keys", "add", "--team", "platform", *DIR)

    assert Path("data").stat().st_mode & 0o777 == 0o700
    assert Path("data/keys.db").stat().st_mode & 0o777 == 0o600


def test_a_key_as_json(run: Run) -> None:
    """For programs: whose it is, until when, and the text to send."""
    names = ("--person", "ann@example.com", "--team", "platform", "--department", "R&D", "--cost-center", "42", "--organization", "Example")
    found = run("keys", "add", *names, "--expires", "2099-01-31", "--json", *DIR).json

    assert (found["person"], found["team"], found["department"], found["cost_center"], found["organization"]) == (
        *("ann@example.com", "platform"),
        *("R&D", "42", "Example"),
    )
    assert (found["state"], found["expires"], found["revoked"]) == ("live", "2099-01-31T00:00:00Z", None)
    assert found["key"].split("_")[1] == found["id"]


def test_keys_are_listed_without_secrets(run: Run) -> None:
    """The list tells who may send, and nothing one could send with."""
    secret = run("keys", "add", "--person", "ann@example.com", "--team", "platform", *DIR).out.strip()
    found = run("keys", "list", *DIR)

    assert found.out.splitlines()[0].split() == ["id", "state", "person", "team", "created", "expires", "revoked"]
    assert found.out.splitlines()[1].split()[:4] == [secret.split("_")[1], "live", "ann@example.com", "platform"]
    assert secret.split("_")[2] not in found.out
    assert "key" not in run("keys", "list", "--json", *DIR).json["keys"][0]


def test_no_keys_are_said(run: Run) -> None:
    """An empty list says so to people, and is an empty list to programs."""
    Path("data").mkdir()

    assert (run("keys", "list", *DIR).out, run("keys", "list", *DIR).err) == ("", "There are no keys; `upwell keys add` makes one.\n")
    assert run("keys", "list", "--json", *DIR).json == {"keys": []}


def test_listing_makes_nothing(run: Run) -> None:
    """A wrong data directory is told, not created."""
    found = run("keys", "list", *DIR)

    assert found.code == 1
    assert "the folder does not exist" in found.err
    assert not Path("data").exists()


def test_a_revoked_key_is_dead_and_listed(run: Run) -> None:
    """Revoking ends a key for good; the list remembers it."""
    secret = run("keys", "add", "--team", "platform", *DIR).out.strip()
    assert run("keys", "revoke", secret.split("_")[1], *DIR).code == 0

    assert not _authenticates(secret)
    assert run("keys", "list", "--json", *DIR).json["keys"][0]["state"] == "revoked"


def test_an_unknown_key_cannot_be_revoked(run: Run) -> None:
    """A misspelt id revokes nothing, and the next step says how to find the right one."""
    run("keys", "add", "--team", "platform", *DIR)
    found = run("keys", "revoke", "abcdefgh", *DIR)

    assert found.code == 1
    assert "error [no-such-entry]: there is no key 'abcdefgh'" in found.err
    assert "upwell keys list" in found.err


def test_rotation_leaves_time_to_change_over(run: Run) -> None:
    """Both keys work for a day; with --now the old one ends at once."""
    old = run("keys", "add", "--person", "ann@example.com", *DIR).out.strip()
    new = run("keys", "rotate", old.split("_")[1], *DIR).out.strip()
    assert _authenticates(old)
    assert _authenticates(new)

    newest = run("keys", "rotate", new.split("_")[1], "--now", "--json", *DIR).json

    assert not _authenticates(new)
    assert _authenticates(newest["key"])
    assert newest["person"] == "ann@example.com"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "a key belongs to a person, a team, or a person in a team"),
        (["--team", " "], "team is 1 to 256 printable characters"),
        (["--team", "x", "--expires", "soon"], "'soon' is no moment"),
        (["--team", "x", "--expires", "2020-01-01"], "already have expired"),
        (["--team", "x", "--expires", "99999999w"], "is no moment"),
    ],
)
def test_impossible_keys_are_refused(run: Run, arguments: list[str], sentence: str) -> None:
    """What is missing or wrong is named, and no key is made."""
    found = run("keys", "add", *arguments, *DIR)

    assert (found.code, found.out) == (1, "")
    assert sentence in found.err
    assert not Path("data/keys.db").exists() or run("keys", "list", "--json", *DIR).json == {"keys": []}


def test_changes_of_keys_are_written_down(run: Run) -> None:
    """Who did what to which key, and never its text."""
    from upwell import audit

    made = run("keys", "add", "--team", "platform", *DIR).out.strip()
    key = made.split("_")[1]
    new = run("keys", "rotate", key, *DIR).out.strip()
    run("keys", "revoke", key, *DIR)
    lines = audit.read(Path("data"))

    assert [(line["deed"], line["act"], line["key"]) for line in lines] == [("key", act, key) for act in ("add", "rotate", "revoke")]
    assert all(line["asker"].endswith("on the command line") for line in lines)
    assert made.split("_")[2] not in str(lines)
    assert new.split("_")[2] not in str(lines)
