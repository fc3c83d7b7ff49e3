"""Everything that real agents were recorded to send arrives at CloudWatch through the template, meaning the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.end_to_end.meaning import items, multiset
from tests.end_to_end.recorded import recordings, to_today
from tests.testing.apigateway.sending import post
from upwell.otlp.model import Signal
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import FakeCloudWatch

HEADERS = ("content-type", "accept", "user-agent")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_recording_arrives(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway, packed: bool) -> None:
    """JSON and protobuf, as recorded or as gzip: the answer is CloudWatch's, and the items are there, nothing added or changed.

    But Codex leaves the time of its log records at 0. CloudWatch takes nothing from 1970, and nothing on this way can put that right.
    """
    move = to_today()
    arrived: Counter[tuple[Signal, str]] = Counter()
    for recording in recordings():
        body = recording.body(move)
        before = len(cloudwatch.items(recording.signal))
        headers = {name: recording.headers[name] for name in HEADERS if name in recording.headers}
        got = post(gateway, f"/v1/{recording.signal}", body, packed=packed, headers=headers)

        assert got.status == 200, (recording.name, got)
        assert got.headers["content-type"] == recording.headers["content-type"], recording.name
        sent = multiset(items(body, recording.signal, recording.encoding))
        received = multiset(cloudwatch.items(recording.signal)[before:])
        rejected = cloudwatch.requests(recording.signal)[-1].rejected
        assert received - sent == Counter(), recording.name
        assert (sent - received).total() == rejected, recording.name
        assert rejected == (sent.total() if recording.name.startswith("codex/") and recording.signal is Signal.LOGS else 0)
        arrived[recording.signal, recording.encoding] += received.total()

    assert len(arrived) == 6, "three signals in two encodings"
    assert all(arrived.values())


def test_logs_go_into_the_stream_of_their_key(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway) -> None:
    """Whose a record is follows from the key, whatever the record says."""
    recording = next(each for each in recordings() if each.signal is Signal.LOGS and each.agent == "claude")
    body = recording.body(to_today())
    for key in ("PlatformKey1", "WebKey1"):
        assert post(gateway, "/v1/logs", body, key=key).status == 200

    for key in ("PlatformKey1", "WebKey1"):
        assert len(cloudwatch.log_events("/upwell/otlp", gateway.keys[key].id)) == len(items(body, Signal.LOGS, recording.encoding))
    assert cloudwatch.log_groups() == {"/upwell/otlp": sorted(key.id for key in gateway.keys.values())}
