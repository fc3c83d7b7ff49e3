"""Which request meets which failure."""

import pytest

from tests.testing.wire import JSON, encoded, logs, record
from upwell.otlp.model import Encoding, Signal
from upwell.testing.answers import Spelling
from upwell.testing.export import Export
from upwell.testing.reading import read
from upwell.testing.script import API, NOTHING, STS, Failure, Script


def export(*bodies: str) -> Export:
    batch = logs(*(record(body=body, color=body) for body in bodies))
    return read(encoded("logs", batch, JSON), Signal.LOGS, Encoding.JSON)


def script(*failures: Failure) -> Script:
    playing = Script()
    playing.play(failures)
    return playing


def test_failures_are_used_up_in_order() -> None:
    """Each fits so many requests and makes room for the next; then all is well."""
    playing = script(Failure(times=2, status=503), Failure(status=429))

    assert [playing.take("logs", export("a")).status for _ in range(4)] == [503, 503, 429, None]


def test_failure_for_ever_stays() -> None:
    """times=None is never used up, and hides what comes after it."""
    playing = script(Failure(times=None, status=503), Failure(status=400))

    assert [playing.take("logs", export("a")).status for _ in range(3)] == [503, 503, 503]


def test_signal_is_matched() -> None:
    """A failure for one signal lets the others pass; one for none meets any export, but no API call."""
    playing = script(Failure("traces", status=500), Failure(status=502))

    assert playing.take("logs", export("a")).status == 502
    assert playing.take(API, operation="CreateLogGroup") is NOTHING
    assert playing.take("traces", export("a")).status == 500


def test_operation_is_matched() -> None:
    """API and STS failures can wait for one operation."""
    playing = script(Failure(API, operation="CreateLogStream", status=400), Failure(STS, times=2, status=403))

    assert playing.take(API, operation="CreateLogGroup") is NOTHING
    assert playing.take(API, operation="CreateLogStream").status == 400
    assert playing.take(STS, operation="AssumeRole").status == 403


def test_attribute_is_matched() -> None:
    """Only a request that holds an item with this attribute meets the failure, however often."""
    playing = script(Failure(attribute=("color", "red"), times=None, status=400))

    assert playing.take("logs", export("blue", "green")) is NOTHING
    assert playing.take("logs", export("blue", "red")).status == 400
    assert playing.take("logs", export("red")).status == 400


def test_number_of_items_is_matched() -> None:
    """A failure can wait for a request of more than so many items."""
    playing = script(Failure(items_over=2, times=None, status=413))

    assert playing.take("logs", export("a", "b")) is NOTHING
    assert playing.take("logs", export("a", "b", "c")).status == 413
    assert script(Failure(API, items_over=0, status=400)).take(API, operation="x") is NOTHING


def test_new_script_replaces_the_old() -> None:
    """play forgets what was left, and a failure for no request is none."""
    playing = script(Failure(times=None, status=503))
    playing.play([Failure(times=0, status=500)])

    assert playing.take("logs", export("a")) is NOTHING


def test_failure_is_written_as_json() -> None:
    """Every field can come over HTTP."""
    raw = {
        "at": "logs",
        "times": None,
        "attribute": ["a", 1],
        "status": 400,
        "code": "C",
        "spelling": "json",
        "headers": {"Retry-After": "1"},
    }
    failure = Failure.from_json(raw)

    assert failure == Failure(
        "logs", None, attribute=("a", "1"), status=400, code="C", spelling=Spelling.JSON, headers={"Retry-After": "1"}
    )


@pytest.mark.parametrize("raw", [{"stauts": 5}, {"spelling": "loud"}])
def test_unknown_field_or_spelling_fails(raw: dict[str, object]) -> None:
    """A slip in a script is an error, not a failure that never comes."""
    with pytest.raises(ValueError):
        Failure.from_json(raw)


def test_failure_without_a_status_is_no_refusal() -> None:
    """A delay alone lets the request go on."""
    assert Failure(delay=1).refusal() is None
    refusal = Failure(status=429, code="Slow", message="m").refusal()

    assert refusal is not None
    assert (refusal.status, refusal.code, refusal.message) == (429, "Slow", "m")
