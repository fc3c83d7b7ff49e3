"""Log records as CloudWatch keeps them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.usage.recordings import KEY, PRICES, RECEIVED_NS, RUNS, bodies, run_name
from upwell.otlp import Batch, Encoding, Signal, count, encode
from upwell.testing.reading import read as read_export
from upwell.usage import CostSource, Kind, read
from upwell.usage.cloudwatch import Stored, restore

SESSION = "846ab649-8bba-471e-8ec5-8756116d0840"
PROMPT = "88475ee2-59c2-4137-9201-5540c6a6cad1"

ARTICLE: list[dict[str, Any]] = [
    {
        "resource": {
            "attributes": {
                "host.arch": "arm64",
                "os.type": "linux",
                "service.name": "claude-code",
                "service.version": "2.1.114",
                "os.version": "6.17.0-1010-aws",
            }
        },
        "scope": {"name": "com.anthropic.claude_code.events", "version": "2.1.114"},
        "body": "claude_code.user_prompt",
        "attributes": {
            "event.sequence": 0,
            "user.id": "1c257d04...",
            "prompt_length": "40",
            "terminal.type": "non-interactive",
            "event.name": "user_prompt",
            "event.timestamp": "2026-04-18T11:23:13.187Z",
            "prompt": "<REDACTED>",
            "session.id": SESSION,
            "prompt.id": PROMPT,
        },
    },
    {
        "body": "claude_code.tool_result",
        "attributes": {
            "tool_name": "Bash",
            "tool_result_size_bytes": "899",
            "tool_input": '{"command":"ls","description":"List files in current directory"}',
            "duration_ms": "95",
            "success": "true",
            "session.id": SESSION,
            "prompt.id": PROMPT,
        },
    },
    {
        "body": "claude_code.api_request",
        "attributes": {
            "model": "claude-sonnet-4-5-20250929",
            "input_tokens": "142",
            "output_tokens": "61",
            "cache_read_tokens": "0",
            "cache_creation_tokens": "25848",
            "cost_usd": "0.098271",
            "duration_ms": "4950",
            "speed": "normal",
            "session.id": SESSION,
            "prompt.id": PROMPT,
        },
    },
]
"""The three records that the article shows, the last two as it cuts them: without resource, scope and time."""

APRIL_MS = 1_776_511_395_000


def restored(records: list[dict[str, Any]]) -> Batch:
    return restore([Stored(json.dumps(record), APRIL_MS) for record in records]).batch


def test_the_articles_session_has_the_articles_numbers() -> None:
    """142 in, 61 out, 25,848 written to the cache, $0.098271: one prompt, one tool, one request, one session."""
    found = read(restored(ARTICLE), Signal.LOGS, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES)
    prompt, tool, request = found.events

    assert (prompt.kind, prompt.prompt_length, prompt.agent_version) == (Kind.PROMPT, 40, "2.1.114")
    assert (tool.kind, tool.tool, tool.success, tool.duration_ms) == (Kind.TOOL_CALL, "Bash", True, 95.0)
    assert (request.kind, request.model, request.duration_ms) == (Kind.API_REQUEST, "claude-sonnet-4-5-20250929", 4950.0)
    assert (request.input_tokens, request.output_tokens, request.cache_read_tokens, request.cache_creation_tokens) == (142, 61, 0, 25_848)
    assert (request.cost_usd, request.cost_source) == (0.098271, CostSource.REPORTED)
    assert {(event.agent, event.session, event.prompt) for event in found.events} == {("claude-code", SESSION, PROMPT)}
    assert (prompt.person, prompt.claimed) == ("1c257d04...", True)
    assert found.unrecognised == {}


def test_a_record_says_when_it_happened() -> None:
    """`event.timestamp` where no time is kept, else the event's own time in CloudWatch."""
    found = read(restored(ARTICLE), Signal.LOGS, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES)

    assert [event.time_ns for event in found.events] == [1_776_511_393_187_000_000, APRIL_MS * 10**6, APRIL_MS * 10**6]


@pytest.mark.parametrize("run", [run for run in RUNS if run.parent.name != "copilot"], ids=run_name)
def test_what_comes_back_is_what_was_sent(run: Path) -> None:
    """Records in the stored shape give the rows, ids included, of the batch that they came in."""
    for batch, signal in bodies(run):
        if signal is not Signal.LOGS:
            continue
        back = restored(stored(batch))
        first, again = (read(each, signal, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES) for each in (batch, back))
        assert count(back, signal) == count(batch, signal)
        assert again == first


def stored(batch: Batch) -> list[dict[str, Any]]:
    """A batch of logs as the shipped fake keeps it."""
    return list(read_export(encode(batch, Signal.LOGS, Encoding.JSON), Signal.LOGS, Encoding.JSON).items())


@pytest.mark.parametrize("message", ["", "plain text", "[1]", "null", '{"body": "x"}', '{"attributes": [1]}', "{"])
def test_what_is_no_record_is_counted(message: str) -> None:
    """A log group may hold anything; it is counted, and the records beside it are kept."""
    found = restore([Stored(message), Stored(json.dumps(ARTICLE[0])), Stored(message)])

    assert found.unreadable == 2
    assert count(found.batch, Signal.LOGS) == 1


def test_neighbours_share_their_resource() -> None:
    """Records of one resource and scope stand together again."""
    batch = restored([ARTICLE[0], ARTICLE[0], ARTICLE[2], ARTICLE[0]])

    assert [len(entry["scopeLogs"][0]["logRecords"]) for entry in batch["resourceLogs"]] == [2, 1, 1]


def test_values_keep_their_kind() -> None:
    """Text, numbers, truth, lists and maps come back as OTLP's."""
    told = {"a": "x", "b": 5, "c": 0.5, "d": True, "e": [1, "y"], "f": {"g": None}, "h": None}
    (record,) = restored([{"attributes": told, "body": {"k": 1}}])["resourceLogs"][0]["scopeLogs"][0]["logRecords"]

    assert record["attributes"] == [
        {"key": "a", "value": {"stringValue": "x"}},
        {"key": "b", "value": {"intValue": 5}},
        {"key": "c", "value": {"doubleValue": 0.5}},
        {"key": "d", "value": {"boolValue": True}},
        {"key": "e", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "y"}]}}},
        {"key": "f", "value": {"kvlistValue": {"values": [{"key": "g", "value": {}}]}}},
        {"key": "h", "value": {}},
    ]
    assert record["body"] == {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": 1}}]}}
