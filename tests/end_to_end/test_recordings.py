"""What six real coding agents sent, posted as they sent it: every request gets 200, every item arrives with its meaning."""

from __future__ import annotations

import gzip
import http.client
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.house import House, house_with_cloudwatch
from tests.end_to_end.meaning import items, multiset
from tests.end_to_end.recorded import Recording, recordings, to_today
from upwell.identity import Keys, Pseudonyms
from upwell.otlp import Signal
from upwell.testing.cloudwatch import FakeCloudWatch
from upwell.testing.plain import Plain

CLAIMS = ("ai.telemetry.metadata.userId", "department", "host.name", "installation.id", "process.owner", "team.id", "user.id")
"""What the recorded agents claim about people, on resources or items: looked up in the recordings, not in the gateway's table."""

_CHUNK = 8192


def post(house: House, recording: Recording, body: bytes, *, packed: bool, chunked: bool) -> int:
    """Send a body as the agent did, or packed, or in chunks; the status."""
    address = urlsplit(house.endpoint)
    assert address.hostname is not None
    headers = {**recording.headers, "x-api-key": house.key}
    headers.pop("transfer-encoding", None)
    if packed:
        body, headers["content-encoding"] = gzip.compress(body), "gzip"
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    try:
        pieces = (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))
        connection.request("POST", recording.target, pieces if chunked else body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def as_policy_has_it(found: Plain, identity: Plain) -> Plain:
    """The item as it should arrive: no claims, but what the key says, and a time where the agent sent none."""
    item = deepcopy(found)
    for name in CLAIMS:
        item["resource"]["attributes"].pop(name, None)
        item["attributes"].pop(name, None)
    item["resource"]["attributes"] |= identity
    if item.get("timeUnixNano") == 0:
        stated = item["attributes"].get("event.timestamp")
        item["timeUnixNano"] = _stated_ns(stated) if stated else item["observedTimeUnixNano"]
    return item


def _stated_ns(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, FakeCloudWatch]]:
    with house_with_cloudwatch(tmp_path_factory.mktemp("recordings")) as found:
        yield found


@pytest.fixture(scope="module")
def identity(place: tuple[House, FakeCloudWatch]) -> Plain:
    """What the key puts on every resource."""
    house, _ = place
    keys = Keys(house.data_dir / "keys.db")
    key = next(key for key in keys.list() if key.id == house.key.split("_")[1])
    return {"user.id": Pseudonyms(keys.salt).of("ada@example.com"), "team.id": "engines", "upwell.key.id": key.id}


VARIANTS: dict[str, Callable[[Recording], tuple[bool, bool]]] = {
    "as recorded": lambda recording: (False, recording.chunked),
    "gzip": lambda _: (True, False),
    "chunked": lambda _: (False, True),
    "gzip and chunked": lambda _: (True, True),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_recording_arrives(place: tuple[House, FakeCloudWatch], identity: Plain, variant: str) -> None:
    """Each recorded request gets 200, and its items are at CloudWatch once: the same in all but claims and missing times."""
    house, fake = place
    move = to_today() - list(VARIANTS).index(variant)  # a second apart: the same body again would be a retry
    before = {signal: len(fake.items(signal)) for signal in Signal}
    expected: dict[Signal, Counter[str]] = {signal: Counter() for signal in Signal}
    for recording in recordings():
        body = recording.body(move)
        packed, chunked = VARIANTS[variant](recording)
        assert post(house, recording, body, packed=packed, chunked=chunked) == 200, recording.name
        expected[recording.signal] += multiset(
            as_policy_has_it(item, identity) for item in items(body, recording.signal, recording.encoding)
        )

    for signal in Signal:
        assert fake.wait(signal, before[signal] + expected[signal].total(), 60), house.ledger()
        arrived = multiset(fake.items(signal)[before[signal] :])
        assert arrived - expected[signal] == Counter()
        assert expected[signal] - arrived == Counter()


def test_recorded_requests_sent_again_are_not_stored_twice(place: tuple[House, FakeCloudWatch]) -> None:
    """An agent that lost the answer sends the same bytes again, gets 200, and CloudWatch sees each item once."""
    house, fake = place
    move = to_today() - len(VARIANTS)
    sent = Counter[Signal]()
    before = {signal: len(fake.items(signal)) for signal in Signal}
    for recording in recordings():
        body = recording.body(move)
        for packed in (False, True):  # a retry is known by what was in the body, not by how it was packed
            assert post(house, recording, body, packed=packed, chunked=False) == 200, recording.name
        sent[recording.signal] += len(items(body, recording.signal, recording.encoding))

    house.until(house.settled, "nothing is pending")
    assert {signal: len(fake.items(signal)) - before[signal] for signal in Signal} == sent


def test_ledger_agrees_with_what_arrived(place: tuple[House, FakeCloudWatch]) -> None:
    """After all of it every sum holds: accepted is delivered, nothing was rejected, quarantined, expired or lost."""
    house, fake = place
    house.prove({signal.value: len(fake.items(signal)) for signal in Signal})


def test_nothing_that_agents_claim_reaches_cloudwatch(place: tuple[House, FakeCloudWatch], identity: Plain) -> None:
    """No claim about people is in anything that arrived, and every resource says whose key it was."""
    _, fake = place
    for signal in Signal:
        for item in fake.items(signal):
            of_resource = item["resource"]["attributes"]
            assert not set(CLAIMS) & item["attributes"].keys()
            assert set(CLAIMS) & of_resource.keys() == {"team.id", "user.id"}
            assert (of_resource["team.id"], of_resource["user.id"]) == (identity["team.id"], identity["user.id"])
