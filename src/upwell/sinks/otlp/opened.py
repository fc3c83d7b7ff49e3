"""One row as an OTLP endpoint would get it: unchanged, in the encoding asked for.

Items are sent as they are, an item without a time included: OTLP allows it, and the destination
may know better. `time_ns` has the time that the lane's own age limit goes by.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from upwell.journal.rows import Row
from upwell.otlp import Encoding, Signal, encode, load
from upwell.sinks.base import Glance
from upwell.sinks.cutting import cut
from upwell.sinks.frames import Pieces
from upwell.sinks.json_scribe import JsonScribe
from upwell.sinks.otlp.limits import LIMITS
from upwell.sinks.times import item_time, unix_ns
from upwell.sinks.wire_scribe import WireScribe


class OpenedRow:
    """`Opened` for all signals and both encodings."""

    __slots__ = ("_pieces", "_ruler", "_times", "items")

    def __init__(self, pieces: Pieces, times: array[int]) -> None:
        self.items = len(times)
        self._pieces = pieces
        self._ruler = pieces.ruler()
        self._times = times

    def time_ns(self, item: int) -> int:
        return self._times[item]

    def fault(self, item: int) -> str | None:
        size = self._ruler.weight(item, item + 1)
        return f"alone it makes a request of {size:,} bytes; this sink sends {LIMITS.bytes:,} at most" if size > LIMITS.bytes else None

    def weight(self, first: int, last: int) -> int:
        return self._ruler.weight(first, last)

    def fragment(self, first: int, last: int) -> bytes:
        return self._pieces.fragment(first, last)


def glance(row: Row, encoding: Encoding) -> Glance | None:
    """A row that fits goes up whole: as the journal holds it, or written as protobuf in one go. None where it must be opened."""
    # A row without a known age is opened: the lane could not tell whether it is too old.
    if row.oldest_ns <= 0 or len(row.body) > LIMITS.bytes:
        return None
    return _as_it_lies(row) if encoding is Encoding.JSON else _as_protobuf(row)


def _as_it_lies(row: Row) -> Glance | None:
    head, tail = b'{"%b":[' % row.signal.resource_field.encode(), b"]}"
    if not (row.body.startswith(head) and row.body.endswith(tail)):
        return None
    fragment = row.body[len(head) : -len(tail)]
    return Glance(len(fragment) + len(b","), fragment)


def _as_protobuf(row: Row) -> Glance | None:
    """Half the work of cutting it into items. A body that cannot be written says why when it is opened."""
    try:
        fragment = encode(load(row.body), row.signal, Encoding.PROTOBUF)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Glance(len(fragment), fragment) if len(fragment) <= LIMITS.bytes else None


def open_row(row: Row, encoding: Encoding) -> OpenedRow:
    """Cut a row up. Raises Malformed for a body that no gateway wrote."""
    dates = _Dates(row)
    pieces = cut(row.body, row.signal, JsonScribe() if encoding is Encoding.JSON else WireScribe(row.signal), dates)
    return OpenedRow(pieces, dates.times)


class _Dates:
    """Notes when each item happened, and changes none."""

    def __init__(self, row: Row) -> None:
        self.times = array("q")
        self._fields = ("endTimeUnixNano", "startTimeUnixNano") if row.signal is Signal.TRACES else ("timeUnixNano",)
        self._received_ns = row.received_ns

    def enter(self, resource: Mapping[str, Any], scope: Mapping[str, Any]) -> None:
        """Nothing hangs on them."""

    def see(self, item: dict[str, Any]) -> bool:
        own = next((time for field in self._fields if (time := unix_ns(item.get(field)))), 0)
        self.times.append(own or item_time(item, self._received_ns))
        return False
