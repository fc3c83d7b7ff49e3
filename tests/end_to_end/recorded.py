"""The payloads of real agents, moved to today: CloudWatch takes nothing older than 14 days, and these were recorded once.

Only times change, all by the same whole seconds: the digits of nanosecond times and the seconds of ISO times. A body
keeps its encoding, its length in JSON, its order and its spelling. Different moves make bodies that are no retries of each other.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from upwell.otlp import Encoding, Signal, decode, to_message

AGENTS = Path(__file__).parents[1] / "fixtures" / "agents"
RECORDED_ON = datetime(2026, 11, 21, tzinfo=UTC)
RECORDED_UNTIL = datetime(2026, 11, 21, 16, 46, tzinfo=UTC)

_NANOSECONDS = re.compile(rb"(?<![0-9.])1[0-9]{18}(?![0-9.])")
_ISO = re.compile(r"2026-11-21T[0-9]{2}:[0-9]{2}:[0-9]{2}(?=\.|Z)")
_FIRST_NS = int(RECORDED_ON.timestamp()) * 10**9
_LAST_NS = _FIRST_NS + 86400 * 10**9


@dataclass(frozen=True, slots=True)
class Recording:
    """One request of an agent: where it went, its headers, its body."""

    path: Path
    signal: Signal
    encoding: Encoding
    target: str
    headers: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(AGENTS))

    @property
    def agent(self) -> str:
        return self.path.parts[-3]

    @property
    def chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    def body(self, seconds: int = 0) -> bytes:
        """The body, its times moved by so many seconds."""
        body = self.path.read_bytes()
        if seconds == 0:
            return body
        return _move_json(body, seconds) if self.encoding is Encoding.JSON else _move_protobuf(body, self.signal, seconds)


def recordings() -> list[Recording]:
    """All of them, agent by agent, in the order they came."""
    return [_recording(path) for path in sorted(AGENTS.glob("*/*/[0-9]*")) if path.suffix in (".json", ".pb") and path.name.count(".") == 2]


def to_today() -> int:
    """The seconds by which recorded times have to be moved to lie just behind now."""
    return int(time.time() - RECORDED_UNTIL.timestamp())


def _recording(path: Path) -> Recording:
    told = json.loads(path.with_name(f"{path.name}.headers.json").read_text())
    encoding = Encoding.JSON if path.suffix == ".json" else Encoding.PROTOBUF
    headers = {name.lower(): value for name, value in told["headers"]}
    return Recording(path, Signal(path.name.split(".")[1]), encoding, told["path"], headers)


def _move_json(body: bytes, seconds: int) -> bytes:
    moved = _NANOSECONDS.sub(lambda match: str(_moved_ns(int(match[0]), seconds)).encode(), body)
    return _moved_text(moved.decode(), seconds).encode()


def _move_protobuf(body: bytes, signal: Signal, seconds: int) -> bytes:
    message = to_message(decode(body, signal, Encoding.PROTOBUF).batch, signal)
    _walk(message, lambda name, value: _moved_field(name, value, seconds))
    return message.SerializeToString()


def _walk(message: Message, change: Callable[[str, Any], Any]) -> None:
    """Put every set scalar of a message, and of those in it, through `change`."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _walk(inner, change)
        elif not field.is_repeated:
            setattr(message, field.name, change(field.name, value))


def _moved_field(name: str, value: Any, seconds: int) -> Any:
    if name.endswith("unix_nano"):
        return _moved_ns(value, seconds)
    return _moved_text(value, seconds) if name == "string_value" else value


def _moved_ns(time_ns: int, seconds: int) -> int:
    return time_ns + seconds * 10**9 if _FIRST_NS <= time_ns < _LAST_NS else time_ns


def _moved_text(text: str, seconds: int) -> str:
    def moved(match: re.Match[str]) -> str:
        return (datetime.fromisoformat(match[0]) + timedelta(seconds=seconds)).isoformat()

    return _ISO.sub(moved, text)
