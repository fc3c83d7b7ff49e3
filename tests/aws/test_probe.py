"""The probe: sending until it is taken, looking until it is there, and saying what is wrong where it never is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

import pytest
from botocore.credentials import Credentials

from upwell.aws import promql
from upwell.aws.answers import judge
from upwell.aws.farend import CloudWatchEnd
from upwell.aws.mark import Mark
from upwell.aws.probe import Arrival, End, Probe, over_http
from upwell.config import CloudWatchSink
from upwell.errors import AwsDenied
from upwell.otlp.model import Signal
from upwell.sinks.base import Retry
from upwell.sinks.cloudwatch.signing import Signer
from upwell.sinks.transport import Answer, Transport
from upwell.testing.cloudwatch import FakeCloudWatch
from upwell.testing.otlp import OtlpReceiver

GROUP, STREAM = "/upwell/otlp", "key1"
OK = Answer(200, {"content-type": "application/json"}, b"{}")


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.now += seconds


class Place:
    """A far end that shows an event at a time of its own."""

    def __init__(self, time: Time, at: Mapping[Signal, float]) -> None:
        self._time = time
        self._at = at

    def shows(self, signal: Signal, mark: Mark, taken_ms: int) -> bool:
        """Whether it is time."""
        return signal in self._at and self._time.now >= self._at[signal]

    def hint(self, signal: Signal) -> str:
        """What to do."""
        return f"look for {signal}"


def _run(
    answers: Callable[[Signal, float], Answer | Retry], at: Mapping[Signal, float], *signals: Signal
) -> tuple[list[Arrival], list[str]]:
    time, said = Time(), list[str]()
    ends = [End("there", Place(time, at))]
    probe = Probe(lambda signal, _: answers(signal, time.now), judge, ends, say=said.append, monotonic=time.monotonic, sleep=time.sleep)
    return list(probe.run(signals or tuple(Signal))), said


def _forbidden(message: str = "Forbidden") -> Answer:
    return Answer(403, {}, json.dumps({"message": message}).encode())


def test_a_young_key_is_waited_for() -> None:
    """A new key works some minutes after it was made: 403 is tried again, said once, and the times count it."""
    found, said = _run(lambda _, now: OK if now >= 60 else _forbidden(), dict.fromkeys(Signal, 75.0), Signal.LOGS, Signal.METRICS)

    assert [(one.signal, one.taken_after, one.arrived_after, one.ok) for one in found] == [
        (Signal.LOGS, 60, 75, True),
        (Signal.METRICS, 60, 75, True),
    ]
    assert said == [f"{signal}: the key is not active yet (403); trying for up to 300 s" for signal in ("logs", "metrics")]


def test_a_key_that_never_works_is_given_up() -> None:
    """After five minutes the key is not young any more, and the problem says so."""
    found, _ = _run(lambda *_: _forbidden(), {}, Signal.LOGS)

    assert not found[0].ok
    assert "not active yet (403)" in found[0].problem
    assert "usage plan" in found[0].hint


def test_an_address_that_is_not_let_in_is_no_young_key() -> None:
    """The resource policy's 403 is told from the key's, at once."""
    message = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: x with an explicit deny"
    found, said = _run(lambda *_: _forbidden(message), {}, Signal.LOGS)

    assert found[0].problem == "this machine's address is not let in (403)"
    assert "allow_cidrs" in found[0].hint
    assert said == []


def test_a_signal_that_never_arrives_is_named_and_the_others_stand() -> None:
    """Taken with 200 and not found: that signal fails with its next step; the rest arrive."""
    found, _ = _run(lambda *_: OK, {Signal.LOGS: 6, Signal.METRICS: 30})

    told = {one.signal: one for one in found}
    assert (told[Signal.LOGS].arrived_after, told[Signal.METRICS].arrived_after) == (6, 30)
    assert told[Signal.TRACES].problem == "it was taken, and is not to be found after 660 s"
    assert told[Signal.TRACES].hint == "look for traces"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(500, {}, b'{"message":"Internal server error"}'), "the stack itself is refused by CloudWatch (500)"),
        (Answer(503, {}, b""), "answered 503: without a word"),
        (Answer(400, {}, b"nonsense"), "answered 400: nonsense"),
        (
            Answer(200, {}, b'{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too new"}}'),
            "CloudWatch rejected the event: too new",
        ),
        (Retry("dns", "x.test: the name does not resolve"), "x.test: the name does not resolve"),
    ],
)
def test_every_answer_has_its_meaning(answer: Answer | Retry, problem: str) -> None:
    """What an answer that is no 200 says reaches whoever asked, with a next step."""
    found, _ = _run(lambda *_: answer, {}, Signal.LOGS)

    assert found[0].problem.startswith(problem)
    assert found[0].hint


def test_transaction_search_takes_its_time() -> None:
    """Just switched on, it refuses spans for some minutes, in more than one way: that is waited for."""
    message = "The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination."
    refused = Answer(400, {}, json.dumps({"code": 3, "message": message}).encode())
    found, said = _run(
        lambda _, now: OK if now >= 400 else refused if now >= 100 else Answer(500, {}, b"{}"), {Signal.TRACES: 500}, Signal.TRACES
    )

    assert (found[0].taken_after, found[0].arrived_after) == (402, 501)
    assert all(line.startswith("traces: X-Ray does not take spans yet") for line in said)


def test_a_far_end_that_may_not_be_asked_is_no_lost_event() -> None:
    """Missing rights to look are said as such."""

    class Closed:
        def shows(self, signal: Signal, mark: Mark, taken_ms: int) -> bool:
            raise AwsDenied("it cannot be looked for: not authorized")

        def hint(self, signal: Signal) -> str:
            return ""

    (found,) = Probe(lambda *_: OK, judge, [End("there", Closed())]).run([Signal.LOGS])

    assert found.problem == "it cannot be looked for: not authorized"
    assert "--deployer-policy" in found.hint


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloudWatch]:
    """A fake CloudWatch whose keys are those of the environment."""
    with FakeCloudWatch() as made:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", made.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made.secret_key)
        made.create_log_group(GROUP, STREAM)
        yield made


def test_each_signal_is_found_in_cloudwatch(fake: FakeCloudWatch) -> None:
    """Logs by FilterLogEvents, metrics by PromQL, spans in aws/spans: all three by the mark, none without it."""
    signer = Signer(CloudWatchSink(region=fake.region, endpoint_url=fake.url))
    keys = Credentials(fake.access_key, fake.secret_key)
    end = CloudWatchEnd(
        lambda: signer.client("logs", fake.url), lambda query: promql.instant(fake.url, fake.region, keys, query), GROUP, STREAM
    )

    def send(signal: Signal, body: bytes) -> Answer | Retry:
        headers = {"Content-Type": "application/json", "x-aws-log-group": GROUP, "x-aws-log-stream": STREAM}
        transport = Transport(signer.urls[signal], timeout=5, connections=1, verify=True)
        try:
            return transport.send(signer.sign(signal, headers, body))
        finally:
            transport.close()

    assert not any(end.shows(signal, Mark(), 0) for signal in Signal)
    found = list(Probe(send, judge, [End("cloudwatch", end)]).run(list(Signal)))

    assert [one.problem for one in found] == ["", "", ""]
    assert all(one.ok for one in found)
    assert not any(end.shows(signal, Mark(), 0) for signal in Signal)


def test_a_probe_sends_as_an_agent_does() -> None:
    """OTLP/JSON to the signal's path with the key as x-api-key; nothing in it but the mark."""
    with OtlpReceiver() as receiver:
        found = list(Probe(over_http(f"{receiver.url}/", "secret"), judge, []).run(list(Signal)))
        requests = [receiver.requests(signal)[0] for signal in Signal]
        spans = receiver.items(Signal.TRACES)

    assert all(one.ok for one in found)
    assert {request.headers["x-api-key"] for request in requests} == {"secret"}
    assert spans[0]["traceId"] == next(one.mark for one in found if one.signal is Signal.TRACES)
