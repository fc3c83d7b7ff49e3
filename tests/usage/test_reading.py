"""Which dialect reads an item, what nobody reads, and that nothing is lost between."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.usage.build import batch, histogram, only, point, reading, record, span, total
from tests.usage.recordings import KEY, PRICES, RECEIVED_NS, RUNS, bodies, read_all, rows, run_name, summary
from upwell.otlp import Batch, Encoding, Signal, count, decode, select
from upwell.usage import DIALECTS, Kind, read

CLAUDE_PROMPT = {"event.name": "user_prompt", "session.id": "s-1"}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2, "gen_ai.request.model": "m"}


def agent(record: dict[str, Any], *, scope: str = "", service: str | None = None) -> str:
    return only(reading(Signal.LOGS, [record], scope=scope, resource={"service.name": service} if service else {})).agent


def test_the_scope_comes_first() -> None:
    """An agent under another's `service.name` is known by its scope."""
    assert agent(record(CLAUDE_PROMPT), scope="com.anthropic.claude_code.events", service="my-own-name") == "claude-code"
    assert agent(record(CLAUDE_PROMPT), scope="com.anthropic.claude_code.events", service="gemini-cli") == "claude-code"


def test_the_name_comes_second() -> None:
    """Without a scope, the item's own name tells, against `service.name` too."""
    assert agent(record({"event.name": "gemini_cli.user_prompt"}), service="claude-code") == "gemini-cli"
    assert agent(record({"session.id": "s"}, body="claude_code.user_prompt")) == "claude-code"


def test_the_service_comes_third() -> None:
    """Where neither scope nor name tells, `service.name` does."""
    assert agent(record({"event.name": "user_prompt"}), service="claude-code-desktop") == "claude-code"
    assert agent(record({"event.name": "session.start"}), service="qwen-code") == "qwen-code"


def test_the_general_conventions_come_last() -> None:
    """An agent that nobody knows still counts, under its own name."""
    found = only(reading(Signal.TRACES, [span("chat m", CHAT)], scope="some.library", resource={"service.name": "our-agent"}))

    assert (found.agent, found.kind, found.input_tokens, found.dialect.partition("/")[0]) == ("our-agent", Kind.API_REQUEST, 10, "genai")


def test_what_nobody_knows_is_counted_by_name() -> None:
    """Unknown events of a known agent, and all of an unknown program, are shown by who sent them and what they are called."""
    known = reading(
        Signal.LOGS, [record({"event.name": "brand_new"}), record({"event.name": "brand_new"})], scope="com.anthropic.claude_code.events"
    )
    unknown = reading(Signal.METRICS, [total("http.requests", point({}, 1), point({}, 2))], scope="web", resource={"service.name": "shop"})
    spans = reading(Signal.TRACES, [span("GET /", {})], scope="web")

    assert known.unrecognised == {"claude-code: brand_new": 2}
    assert unknown.unrecognised == {"shop: http.requests": 2}
    assert spans.unrecognised == {"web: GET /": 1}


def test_the_words_of_an_unknown_program_are_never_shown() -> None:
    """The body of its records may be anything, so it names nothing."""
    found = reading(Signal.LOGS, [record({}, body="hunter2"), record({}, body="the secret is hunter2")], resource={"service.name": "shop"})

    assert found.unrecognised == {"shop: (unnamed)": 2}


def test_names_that_clients_make_up_are_bounded() -> None:
    """A flood of names is counted, and takes no more room than two hundred of them."""
    found = reading(Signal.TRACES, [span(f"name-{number}-{'x' * 500}", {}, number=number + 1) for number in range(1000)])

    assert sum(found.unrecognised.values()) == 1000
    assert len(found.unrecognised) == 201
    assert max(map(len, found.unrecognised)) < 200


def test_every_row_says_which_dialect_made_it() -> None:
    """Name and version, so that a rebuild can tell old rows from new."""
    assert only(reading(Signal.LOGS, [record(CLAUDE_PROMPT)], scope="com.anthropic.claude_code.events")).dialect == "claude_code/1"
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)


def test_an_item_without_a_time_gets_the_arrivals() -> None:
    """Nothing is dated 1970; and the arrival is in no id."""
    undated = record(CLAUDE_PROMPT, timeUnixNano="0")
    sent = batch(Signal.LOGS, [undated], scope="com.anthropic.claude_code.events")
    early, late = (read(sent, Signal.LOGS, key_id=KEY, received_ns=at, prices=PRICES).events[0] for at in (RECEIVED_NS, RECEIVED_NS + 5))

    assert (early.time_ns, late.time_ns) == (RECEIVED_NS, RECEIVED_NS + 5)
    assert early.id == late.id


@pytest.mark.parametrize("empty", [{}, {"resourceLogs": []}, {"resourceLogs": [{}]}, {"resourceLogs": [{"scopeLogs": [{}]}]}])
def test_an_empty_batch_says_nothing(empty: Batch) -> None:
    """Wrappers without items are no usage."""
    found = read(empty, Signal.LOGS, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES)

    assert (found.events, found.points, found.usage_items, found.not_usage, found.unrecognised) == ((), (), 0, 0, {})


@pytest.mark.parametrize("run", RUNS, ids=run_name)
def test_reading_changes_no_batch(run: Path) -> None:
    """A batch is read by several; none may change it."""
    for found, signal in bodies(run):
        before = copy.deepcopy(found)
        read(found, signal, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES)
        assert found == before


SMALL = [run for run in RUNS if run_name(run) in {"claude/basic-json", "gemini/basic-json", "qwen/basic-json", "copilot/basic-json"}]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_parts_of_any_cut_add_up(data: st.DataObject) -> None:
    """However a run is cut and shuffled, its parts have the figures and the accounts of the whole."""
    run = data.draw(st.sampled_from(SMALL))
    pieces = []
    for found, signal in bodies(run):
        items = count(found, signal)
        cuts = sorted(data.draw(st.sets(st.integers(0, items), max_size=5)) | {0, items})
        pieces += [(select(found, signal, first, last), signal) for first, last in pairwise(cuts)]
    parts, whole = read_all(data.draw(st.permutations(pieces))), read_all(bodies(run))

    assert summary(rows(parts)) == summary(rows(whole))
    assert sum(each.usage_items + each.not_usage for each in parts) == sum(count(found, signal) for found, signal in bodies(run))


KNOWN = (
    "claude_code.api_request claude_code.tool_result codex.sse_event gemini_cli.tool_call qwen-code.api_error cursor.postToolUse"
    " api_request kiro.tool.call copilot_chat.edit.hunk.action cursor.afterFileEdit chat ai.toolCall opencode.cost.usage"
)
NAMES = st.sampled_from([*KNOWN.split(), ""])
SCOPES = st.sampled_from([*sorted({scope for dialect in DIALECTS for scope in dialect.scopes}), "", "else"])
TRICKY = "metadata tool_parameters langsmith.metadata.raw_event type token_type gen_ai.operation.name status_code error cost_usd agent"
ALSO = "gen_ai.usage.input_tokens workspace.host_paths event.name upwell.user.claimed upwell.key.id"
WORDS = st.sampled_from(
    [
        *sorted({key for dialect in DIALECTS for key in dialect.keys}),
        *TRICKY.split(),
        *ALSO.split(),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.fixed_dictionaries(
        {"stringValue": st.text(max_size=8) | st.sampled_from(["{", '{"edits": [1, {"new_string": 3}], "diffStat": 5}', "chat"])}
    )
    | st.fixed_dictionaries({"intValue": st.integers(-(2**63), 2**63 - 1).map(str)})
    | st.fixed_dictionaries({"doubleValue": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity"])})
    | st.fixed_dictionaries({"boolValue": st.booleans()}),
    lambda inner: (
        st.fixed_dictionaries({"arrayValue": st.fixed_dictionaries({"values": st.lists(inner, max_size=2)})})
        | st.fixed_dictionaries(
            {
                "kvlistValue": st.fixed_dictionaries(
                    {"values": st.lists(st.fixed_dictionaries({"key": st.text(max_size=3), "value": inner}), max_size=2)}
                )
            }
        )
    ),
    max_leaves=3,
)
TOLD = st.lists(st.fixed_dictionaries({"key": WORDS, "value": VALUES}), max_size=8)
TIMES = st.sampled_from(["0", "1795262400000000000", "18446744073709551615"])


def hostile(signal: Signal) -> st.SearchStrategy[dict[str, Any]]:
    times = {"startTimeUnixNano": TIMES, "endTimeUnixNano": TIMES}
    common = {"attributes": TOLD}
    if signal is Signal.LOGS:
        return st.fixed_dictionaries(common | {"body": st.none() | st.fixed_dictionaries({"stringValue": NAMES}), "timeUnixNano": TIMES})
    if signal is Signal.TRACES:
        return st.fixed_dictionaries(common | times | {"name": NAMES, "status": st.none() | st.just({"code": 2})})
    points = st.fixed_dictionaries(common | {"asDouble": st.floats(-1, 1e300), "timeUnixNano": TIMES, "startTimeUnixNano": TIMES})
    return st.builds(total, NAMES, points, temporality=st.integers(0, 2)) | st.builds(
        histogram, NAMES, st.fixed_dictionaries(common | {"sum": st.floats(-1, 1e300), "count": st.just(1), "timeUnixNano": TIMES})
    )


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_the_door_lets_in_is_read_without_a_fault(data: st.DataObject) -> None:
    """Every item of a hostile batch is counted once, and no row holds what its column can't."""
    signal = data.draw(st.sampled_from(list(Signal)))
    entries = data.draw(st.lists(hostile(signal), max_size=4))
    body = json.dumps(batch(signal, entries, scope=data.draw(SCOPES))).encode()
    found = decode(body, signal, Encoding.JSON).batch
    reading = read(found, signal, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES)

    assert reading.usage_items + reading.not_usage + sum(reading.unrecognised.values()) == count(found, signal)
    for event in reading.events:
        assert 0 < event.time_ns < 2**63
        assert all(abs(value) <= 2**53 for value in event[2:] if isinstance(value, int | float))
