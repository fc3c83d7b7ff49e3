"""What a held lane mends by itself, against the fake CloudWatch."""

from __future__ import annotations

import logging

import pytest

from tests.sinks import rows
from tests.sinks.cloudwatch.conftest import GROUP, STREAM, MakeSink
from upwell.otlp import Signal
from upwell.sinks.base import Delivered, Hold, Outcome
from upwell.sinks.cloudwatch.sink import CloudWatch
from upwell.testing.cloudwatch import Failure, FakeCloudWatch, Spelling


def send(sink: CloudWatch, signal: Signal = Signal.LOGS) -> Outcome:
    batch = {
        Signal.LOGS: rows.logs([rows.record()]),
        Signal.METRICS: rows.metrics([rows.point()]),
        Signal.TRACES: rows.traces([rows.span()]),
    }
    opened = sink.open(rows.row(batch[signal], signal))
    return sink.send(signal, sink.join(signal, [opened.fragment(0, 1)]))


def held(sink: CloudWatch, signal: Signal = Signal.LOGS) -> Hold:
    outcome = send(sink, signal)
    assert isinstance(outcome, Hold)
    return outcome


def test_a_missing_stream_is_created(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """The group is there, the stream is not: one repair, and the batch goes."""
    fake.delete_log_stream(GROUP, STREAM)
    hold = held(sink)

    assert hold.code == "ResourceNotFoundException"
    assert sink.repair(Signal.LOGS, hold) is True
    assert send(sink) == Delivered()


def test_a_missing_group_is_created_with_its_stream(fake: FakeCloudWatch, make_sink: MakeSink, keys: None) -> None:
    """Both at once, with the names of the settings."""
    sink = make_sink(log_group="/team/telemetry", log_stream="door-1")
    hold = held(sink)

    assert sink.repair(Signal.LOGS, hold) is True
    assert fake.log_groups()["/team/telemetry"] == ["door-1"]
    assert send(sink) == Delivered()


def test_creating_what_is_there_is_no_repair(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """Somebody else made them meanwhile; nothing changed here, so the lane waits for its next try."""
    hold = Hold("ResourceNotFoundException", "The specified log stream does not exist.", "")

    assert sink.repair(Signal.LOGS, hold) is False
    assert fake.log_groups() == {GROUP: [STREAM]}


def test_creation_that_is_denied_is_said_and_held(fake: FakeCloudWatch, sink: CloudWatch, caplog: pytest.LogCaptureFixture) -> None:
    """The hold stays with its hint; the log says what was tried."""
    fake.delete_log_group(GROUP)
    hold = held(sink)
    fake.script([Failure(at="api", status=400, code="AccessDeniedException", spelling=Spelling.JSON, times=None)])

    with caplog.at_level(logging.WARNING, "upwell.sinks.cloudwatch.repair"):
        assert sink.repair(Signal.LOGS, hold) is False

    assert caplog.messages == [f"log group {GROUP} with stream {STREAM} could not be created: AccessDeniedException"]
    assert "logs:CreateLogGroup" in hold.hint


def test_creation_that_cannot_reach_aws_is_said_and_held(make_sink: MakeSink, keys: None, caplog: pytest.LogCaptureFixture) -> None:
    """A dead endpoint does not raise out of a repair."""
    sink = make_sink(endpoint_url="http://127.0.0.1:1", timeout=1)

    assert sink.repair(Signal.LOGS, Hold("http-404", "", "")) is False
    assert "could not be created: EndpointConnectionError" in caplog.text


def test_creation_without_credentials_is_said_and_held(make_sink: MakeSink, caplog: pytest.LogCaptureFixture) -> None:
    """Neither do missing credentials."""
    assert make_sink().repair(Signal.LOGS, Hold("http-404", "", "")) is False
    assert "could not be created: NoCredentialsError" in caplog.text


def test_groups_are_made_where_logs_are_sent(fake: FakeCloudWatch, make_sink: MakeSink, keys: None) -> None:
    """A PrivateLink address for logs holds for creating the group as well."""
    sink = make_sink(endpoint_url=None, endpoints={"logs": fake.url}, log_group="/private")

    assert sink.repair(Signal.LOGS, held(sink)) is True
    assert "/private" in fake.log_groups()


@pytest.mark.parametrize("signal", Signal)
def test_expired_credentials_are_looked_for_again(
    fake: FakeCloudWatch, sink: CloudWatch, signal: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once other keys are there they are found, and the lane goes on."""
    fake.expire_credentials()
    hold = held(sink, signal)
    fake.add_access_key("AKIAOTHER", "other-secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other-secret")

    assert hold.code == "ExpiredTokenException"
    assert sink.repair(signal, hold) is True
    assert send(sink, signal) == Delivered()


def test_the_same_credentials_again_are_no_repair(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """Nothing has changed, so nothing is tried at once."""
    fake.expire_credentials()

    assert sink.repair(Signal.METRICS, held(sink, Signal.METRICS)) is False


def test_expired_role_credentials_are_replaced(fake: FakeCloudWatch, make_sink: MakeSink, keys: None) -> None:
    """A session that was ended early is assumed anew."""
    sink = make_sink(role_arn="arn:aws:iam::123456789012:role/sender")
    assert send(sink) == Delivered()
    fake.expire_credentials(temporary_only=True)

    assert sink.repair(Signal.LOGS, held(sink)) is True
    assert send(sink) == Delivered()


def test_a_role_is_not_assumed_again_and_again(fake: FakeCloudWatch, make_sink: MakeSink, keys: None) -> None:
    """New keys of a role that may not send are new each time: half a minute lies between two looks."""
    clock = [rows.NOW_NS]
    sink = make_sink(lambda: clock[0], role_arn="arn:aws:iam::123456789012:role/sender")
    hold = Hold("AccessDeniedException", "no", "")
    send(sink)

    assert sink.repair(Signal.LOGS, hold) is True
    clock[0] += 29 * 10**9
    assert sink.repair(Signal.METRICS, hold) is False
    clock[0] += 10**9
    assert sink.repair(Signal.LOGS, hold) is True


@pytest.mark.parametrize(
    "hold",
    [
        Hold("InvalidRequestException", "The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination.", ""),
        Hold("InvalidSignatureException", "Signature expired: 1 is now earlier than 2", ""),
    ],
    ids=["Transaction Search", "clock"],
)
def test_what_only_a_person_can_mend_is_left(make_sink: MakeSink, keys: None, hold: Hold) -> None:
    """A switch of the account and a clock are not touched, and STS is not asked."""
    sink = make_sink(role_arn="arn:aws:iam::123456789012:role/sender")
    send(sink)

    assert sink.repair(Signal.TRACES, hold) is False
