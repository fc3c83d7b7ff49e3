"""The last batches that keys sent and the door could not take, for `doctor` to tell their senders."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

_KEPT: Final = 100
_SENTENCE_LIMIT: Final = 300  # characters; a sentence may name a field of the sender's making


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was wrong with one batch. `digest` (hex, keyed; empty where no body was read) tells a retry from another batch."""

    time_ns: int
    key_id: str
    code: str
    digest: str
    sentence: str


class Complaints:
    """A bounded ring, newest last."""

    def __init__(self) -> None:
        self._ring: deque[Complaint] = deque(maxlen=_KEPT)

    def add(self, time_ns: int, key_id: str, code: str, digest: bytes, sentence: str) -> None:
        self._ring.append(Complaint(time_ns, key_id, code, digest.hex(), sentence[:_SENTENCE_LIMIT]))

    def list(self) -> list[dict[str, Any]]:
        """As JSON objects, oldest first."""
        return [asdict(complaint) for complaint in self._ring]
