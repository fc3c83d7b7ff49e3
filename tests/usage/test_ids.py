"""Ids: the same for the same item, however it comes, and different for every other."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.usage.build import NOON_NS, batch, key, reading, record, span, stamp
from tests.usage.recordings import KEY, PRICES, RECEIVED_NS, RUNS, Bodies, bodies, read_all, rows, run_name, summary
from upwell.otlp import Batch, Encoding, Signal, count, decode, encode, merge, split
from upwell.usage import Reading, read

ON_EACH = pytest.mark.parametrize("run", RUNS, ids=run_name)
SCOPE = "com.anthropic.claude_code.events"
TWIN = {"event.name": "user_prompt", "session.id": "s-1"}


NOBODY: dict[str, Any] = {"person": None, "claimed": False, "team": None, "department": None, "cost_center": None, "organization": None}


def told(readings: list[Reading]) -> set[object]:
    """Everything that a store would keep of these readings, by id."""
    events = {(event.id, event._replace(**NOBODY)) for each in readings for event in each.events}
    points = {(point.series, point.start_ns, point.time_ns, point.value) for each in readings for point in each.points}
    return events | points


@ON_EACH
def test_the_same_run_twice_changes_nothing(run: Path) -> None:
    """Sending again what was stored adds no id."""
    once = bodies(run)

    assert told(read_all(once + once)) == told(read_all(once))
    assert summary(rows(read_all(once + once))) == summary(rows(read_all(once)))


@ON_EACH
def test_the_order_of_arrival_changes_nothing(run: Path) -> None:
    """Batches may overtake one another."""
    shuffled = bodies(run)
    random.Random(7).shuffle(shuffled)

    assert told(read_all(shuffled)) == told(read_all(bodies(run)))


def cut(run: Bodies, size: int) -> Bodies:
    return [(piece, signal) for found, signal in run for piece in split(found, signal, size)]


def joined(run: Bodies) -> Bodies:
    """One request per signal."""
    return [(merge([found for found, of in run if of is signal], signal), signal) for signal in Signal]


@ON_EACH
@pytest.mark.parametrize("size", [1, 3, 50])
def test_cutting_and_joining_change_nothing(run: Path, size: int) -> None:
    """Items keep their ids in requests of any size."""
    whole = told(read_all(bodies(run)))

    assert told(read_all(cut(bodies(run), size))) == whole
    assert told(read_all(joined(bodies(run)))) == whole


@ON_EACH
def test_the_encoding_changes_nothing(run: Path) -> None:
    """A run that came as JSON has the same ids and columns as protobuf, and the other way round."""
    for encoding in Encoding:
        again = [(decode(encode(found, signal, encoding), signal, encoding).batch, signal) for found, signal in bodies(run)]
        assert told(read_all(again)) == told(read_all(bodies(run)))


@ON_EACH
def test_who_sent_it_changes_no_id(run: Path) -> None:
    """Stamped or not, and whoever's key it is: rows keep their ids and figures."""
    plain = read_all(bodies(run), "k-1")
    for sender in (key("ann@example.com", "red"), key("bob@example.com", "blue"), key(None, "red")):
        assert told(read_all([(stamp(found, signal, sender), signal) for found, signal in bodies(run)], "k-1")) == told(plain)


CONTENT = (
    "prompt",
    "tool_input",
    "tool_parameters",
    "arguments",
    "output",
    "function_args",
    "metadata",
    "ai.prompt.messages",
    "ai.toolCall.result",
    "error",
)


def redacted(found: Batch) -> Batch:
    """The batch without the attributes that hold content, wherever they stand, and without bodies."""
    if isinstance(found, dict):
        return {
            key: [each for each in inner if each.get("key") not in CONTENT] if key == "attributes" else redacted(inner)
            for key, inner in found.items()
            if key != "body"
        }
    return [redacted(each) for each in found] if isinstance(found, list) else found


@ON_EACH
def test_redaction_changes_no_id(run: Path) -> None:
    """Rows keep their ids when policy begins to remove content."""
    mine = {event.id for each in read_all(bodies(run)) for event in each.events if event.id not in each.further}
    left = {event.id for each in read_all([(redacted(found), signal) for found, signal in bodies(run)]) for event in each.events}

    assert left == mine


@ON_EACH
def test_items_that_make_a_row_are_told_from_further_rows(run: Path) -> None:
    """Rows that are not further ones are as many as the items that made them."""
    for each in read_all(bodies(run)):
        assert len(each.events) + len(each.points) - len(each.further) == each.usage_items


def ids(*records: dict[str, Any]) -> list[bytes]:
    return [event.id for event in reading(Signal.LOGS, list(records), scope=SCOPE).events]


def test_equal_items_in_one_request_are_two() -> None:
    """Two prompts in one nanosecond without a number of their own are two rows, the same two each time."""
    first, second = ids(record(TWIN), record(TWIN))

    assert first != second
    assert ids(record(TWIN), record(TWIN)) == [first, second]


def test_equal_items_in_two_requests_are_one() -> None:
    """An equal item in another request is taken for a retry: a cut between equals makes them one."""
    assert ids(record(TWIN)) == ids(record(TWIN))


def test_a_span_sent_twice_in_one_request_is_one() -> None:
    """A span has an id of its own, so that its repetition is no second call."""
    call = span("chat m", {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1})
    first, second = reading(Signal.TRACES, [call, call], scope="github.copilot").events

    assert first.id == second.id


@pytest.mark.parametrize(
    "changed",
    [
        record(TWIN, at=NOON_NS + 1),
        record(TWIN | {"session.id": "s-2"}),
        record(TWIN | {"event.sequence": 4}),
        record(TWIN | {"event.timestamp": "2026-11-21T12:00:00.001Z"}),
        record(TWIN, traceId="ab" * 16, spanId="cd" * 8),
        record(TWIN | {"event.name": "skill_activated"}),
    ],
)
def test_whatever_tells_an_item_from_another_is_in_its_id(changed: dict[str, Any]) -> None:
    """Time, session, number, trace and name each make another item."""
    assert ids(changed) != ids(record(TWIN))


def test_the_arrival_is_in_no_id() -> None:
    """An item that says no time is dated by its arrival, and is the same item whenever it comes again."""
    undated = batch(Signal.LOGS, [{**record(TWIN), "timeUnixNano": "0"}], scope=SCOPE)
    (first,), (later,) = (
        read(undated, Signal.LOGS, key_id=KEY, received_ns=received_ns, prices=PRICES).events
        for received_ns in (RECEIVED_NS, RECEIVED_NS + 5)
    )

    assert first.id == later.id
    assert (first.time_ns, later.time_ns) == (RECEIVED_NS, RECEIVED_NS + 5)


def test_the_scope_and_the_signal_are_in_the_id() -> None:
    """The same words under another scope are another item."""
    here, there = (reading(Signal.LOGS, [record(TWIN)], scope=scope).events[0].id for scope in (SCOPE, f"{SCOPE}.more"))

    assert here != there


def test_every_row_of_a_run_has_its_own_id() -> None:
    """No two items of any recording share an id."""
    for run in RUNS:
        found = [event.id for each in read_all(bodies(run)) for event in each.events]
        assert len(found) == len(set(found))
        assert sum(count(inner, signal) for inner, signal in bodies(run)) >= len(found)


def test_ids_are_sixteen_bytes() -> None:
    """What a store may rely on."""
    assert {len(each) for each in ids(record(TWIN), record(TWIN))} == {16}
    assert batch(Signal.LOGS, [])["resourceLogs"]
