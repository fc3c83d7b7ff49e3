"""Bodies to send: a 4 KB log batch like a coding agent's, each one different, as JSON and as protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upwell.otlp import Encoding, Signal, decode, encode

_MARK = "0000000000000000"
_TIME = "1790000000000000000"

_RESOURCE = {
    "service.name": "claude-code",
    "service.version": "2.1.330",
    "os.type": "linux",
    "os.version": "6.1.0",
    "host.arch": "amd64",
}

_RECORD: dict[str, Any] = {
    "user.id": "5f1c6f9a7f6f4f0c8f3f5a1f1f7a5f3c",
    "session.id": f"9b1deb4d-3b7d-4bad-{_MARK}",
    "terminal.type": "non-interactive",
    "event.name": "api_request",
    "event.sequence": 17,
    "model": "claude-opus-4-8",
    "input_tokens": 1200,
    "output_tokens": 87,
    "cache_read_tokens": 15000,
    "cache_creation_tokens": 640,
    "cost_usd": 0.098271,
    "duration_ms": 5133,
}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    def value(raw: Any) -> dict[str, Any]:
        if isinstance(raw, str):
            return {"stringValue": raw}
        return {"doubleValue": raw} if isinstance(raw, float) else {"intValue": raw}

    return [{"key": key, "value": value(raw)} for key, raw in values.items()]


def batch(records: int = 4) -> dict[str, Any]:
    """A logs batch of about 4 KB as JSON; `test.id` and `session.id` make each body its own, and tell of other use."""
    entries = [
        {
            "timeUnixNano": _TIME,
            "observedTimeUnixNano": _TIME,
            "body": {"stringValue": "claude_code.api_request"},
            "attributes": _attributes({**_RECORD, "test.id": f"{_MARK}-{number}"}),
        }
        for number in range(records)
    ]
    scope = {"name": "com.anthropic.claude_code.events", "version": "2.1.330"}
    return {"resourceLogs": [{"resource": {"attributes": _attributes(_RESOURCE)}, "scopeLogs": [{"scope": scope, "logRecords": entries}]}]}


class Bodies:
    """An endless supply of bodies of one length, none like another: a repeated one is a retry and measures nothing."""

    def __init__(self, encoding: Encoding, *, now_ns: int, start: int = 0, records: int = 4) -> None:
        body = encode(batch(records), Signal.LOGS, Encoding.JSON).replace(_TIME.encode(), str(now_ns).encode())
        if encoding is Encoding.PROTOBUF:
            body = encode(decode(body, Signal.LOGS, Encoding.JSON).batch, Signal.LOGS, Encoding.PROTOBUF)
        self._pieces = body.split(_MARK.encode())
        self._next = start
        self.size = len(body)
        self.encoding = encoding

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._next += 1
        return (b"%016d" % self._next).join(self._pieces)
