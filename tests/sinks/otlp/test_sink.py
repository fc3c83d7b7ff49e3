"""The whole sink against the plain OTLP receiver."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from tests.sinks import rows
from tests.sinks.servers import RawServer, answer
from upwell.config import OtlpSink
from upwell.errors import SinkError
from upwell.otlp import Encoding, Signal, decode
from upwell.sinks import build
from upwell.sinks.base import Delivered, Hold, Outcome, Retry
from upwell.sinks.otlp.sink import Otlp
from upwell.testing.otlp import Failure, OtlpReceiver

TOKEN = "tok-0123456789"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


def make(endpoint: str, **settings: Any) -> Otlp:
    sink = build(OtlpSink(endpoint=endpoint, timeout=5, **settings), clock_ns=lambda: rows.NOW_NS)
    assert isinstance(sink, Otlp)
    return sink


@pytest.fixture
def sink(receiver: OtlpReceiver) -> Iterator[Otlp]:
    made = make(receiver.url, headers={"authorization": SecretStr(f"Bearer {TOKEN}")})
    yield made
    made.close()


def send(sink: Otlp, signal: Signal = Signal.LOGS) -> Outcome:
    batches = {
        Signal.LOGS: rows.logs([rows.record("a"), rows.record("b")]),
        Signal.METRICS: rows.metrics([rows.point(), rows.point(2)]),
        Signal.TRACES: rows.traces([rows.span(), rows.span()]),
    }
    opened = sink.open(rows.row(batches[signal], signal))
    return sink.send(signal, sink.join(signal, [opened.fragment(0, 2)]))


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize(("encoding", "wire"), [("json", Encoding.JSON), ("protobuf", Encoding.PROTOBUF)])
def test_items_arrive_in_the_encoding_asked_for(receiver: OtlpReceiver, signal: Signal, encoding: str, wire: Encoding) -> None:
    """Compressed, to the signal's path below the endpoint, with the headers given."""
    sink = make(f"{receiver.url}/", encoding=encoding, headers={"x-team": SecretStr("platform")})

    assert send(sink, signal) == Delivered()

    received = receiver.requests(signal)[0]
    assert (received.encoding, received.gzip, received.items) == (wire, True, 2)
    assert received.headers["x-team"] == "platform"
    assert received.headers["user-agent"].startswith("upwell/")
    sink.close()


def test_recorded_payloads_arrive(receiver: OtlpReceiver, sink: Otlp) -> None:
    """All of them, undated records as they are."""
    for name, row in rows.recorded():
        opened = sink.open(row)
        assert sink.send(row.signal, sink.join(row.signal, [opened.fragment(0, opened.items)])) == Delivered(), name

    for signal in Signal:
        assert receiver.counts(signal).items == sum(row.items for _, row in rows.recorded(signal))


def test_the_path_of_an_endpoint_is_kept() -> None:
    """A collector behind a prefix."""
    with RawServer() as server:
        sink = make(f"{server.url}/otlp/")
        assert send(sink, Signal.TRACES) == Delivered()
        sink.close()

    assert server.heads[0].startswith("POST /otlp/v1/traces HTTP/1.1")


def test_partial_success_is_counted(receiver: OtlpReceiver, sink: Otlp) -> None:
    """The rest was taken."""
    receiver.script([Failure(reject=1)])

    assert send(sink) == Delivered(1, "rejected by script")


def test_failures_of_the_server_and_the_network_are_tried_again(receiver: OtlpReceiver, sink: Otlp) -> None:
    """A busy server and a cut connection."""
    receiver.script([Failure(status=503, message="busy", headers={"Retry-After": "3"}), Failure(cut=True)])

    assert send(sink) == Retry("http-503", "busy", 3.0)
    outcome = send(sink)
    assert isinstance(outcome, Retry)
    assert outcome.code == "connection"


def test_a_token_that_the_server_repeats_is_not_kept(receiver: OtlpReceiver, sink: Otlp, caplog: pytest.LogCaptureFixture) -> None:
    """Secrets are in no message and in no log, at any level."""
    caplog.set_level(logging.DEBUG)
    receiver.script([Failure(status=401, message=f"token {TOKEN} is not known")])

    outcome = send(sink)

    assert outcome == Hold("http-401", "token *** is not known", "Check the token in this sink's headers.")
    assert TOKEN not in caplog.text
    assert receiver.requests(Signal.LOGS)[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_word_of_a_message_that_is_also_a_short_header_stays(receiver: OtlpReceiver) -> None:
    """Only words long enough to be a secret are masked."""
    sink = make(receiver.url, headers={"x-env": SecretStr("prod")})
    receiver.script([Failure(status=503, message="prod is down")])

    assert send(sink) == Retry("http-503", "prod is down", None)
    sink.close()


def test_nothing_is_repaired(sink: Otlp) -> None:
    """A token and an address are somebody's to change."""
    assert sink.repair(Signal.LOGS, Hold("http-401", "", "")) is False


def test_settings_are_told_to_the_relay() -> None:
    """Name, signals, whether it is required, and the limits."""
    sink = make("http://127.0.0.1:1", name="central", required=False, signals=["logs"])

    assert (sink.name, sink.required, sink.signals) == ("central", False, frozenset({Signal.LOGS}))
    bounds = sink.limits(Signal.LOGS)
    assert (bounds.items, bounds.spread_ns, bounds.past_ns, bounds.future_ns) == (10_000, None, None, None)
    sink.close()


def test_glance_depends_on_the_encoding() -> None:
    """JSON rows go as they lie in the journal; for protobuf they are written anew."""
    row = rows.row(rows.logs([rows.record()]), Signal.LOGS)
    as_json, as_protobuf = make("http://127.0.0.1:1", encoding="json"), make("http://127.0.0.1:1")

    for sink, encoding in ((as_json, Encoding.JSON), (as_protobuf, Encoding.PROTOBUF)):
        seen = sink.glance(row)
        assert seen is not None
        (found,) = rows.own_items(decode(sink.join(Signal.LOGS, [seen.fragment]), Signal.LOGS, encoding).batch, Signal.LOGS)
        assert found == rows.record()
    as_json.close()
    as_protobuf.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"endpoint": "https://user:secret@collector.example"}, "the endpoint holds a user name"),
        ({"headers": {"Content-Type": SecretStr("text/plain")}}, "Content-Type is set by Upwell"),
        ({"headers": {"x-token": SecretStr("two\nlines")}}, "'x-token' cannot be sent"),
        ({"headers": {"x-token": SecretStr("schlüssel")}}, "'x-token' cannot be sent"),
        ({"headers": {"x\r\ny": SecretStr("v")}}, "cannot be sent"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_start(settings: dict[str, Any], words: str) -> None:
    """Before the first batch, and without repeating a secret."""
    with pytest.raises(SinkError, match=words) as raised:
        build(OtlpSink(**{"endpoint": "http://127.0.0.1:1", **settings}))

    assert "secret" not in str(raised.value)
    assert "lines" not in str(raised.value)


def test_answers_of_any_server_are_read() -> None:
    """A load balancer's page is kept as a line."""
    with RawServer(lambda head, body: answer(502, b"<h1>Bad Gateway</h1>")) as server:
        sink = make(server.url)
        assert send(sink) == Retry("http-502", "Bad Gateway", None)
        sink.close()
