"""One OTLP export request, read: its groups of resource and scope, and the items in each.

The two encodings keep their own objects (messages, parsed JSON), because a whole request need not
become Python objects to be counted; `items` gives the flattened form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from upwell.otlp.model import Encoding, Signal
from upwell.testing import flat
from upwell.testing.plain import Plain


class Point(NamedTuple):
    """A data point, and what its metric says of it (name, unit, kind, ...)."""

    metric: Plain
    place: tuple[int, int]
    raw: Any


@dataclass(frozen=True, slots=True)
class Group:
    """One scope of one resource: `place` counts both from 0; `entries` are log records, spans or `Point`s, unread."""

    place: tuple[int, int]
    resource: Plain
    scope: Plain
    entries: Sequence[Any]


class Reader(Protocol):
    """What an encoding knows to do with its own objects."""

    def groups(self, body: bytes, signal: Signal) -> list[Group]: ...

    def plain(self, entry: Any, signal: Signal) -> Plain: ...

    def window(self, span: Any) -> tuple[int, int]:
        """Start and end of a span, Unix ns."""
        ...

    def size(self, entry: Any) -> int:
        """Bytes of the entry in its encoding."""
        ...

    def attribute(self, entry: Any, name: str) -> Any:
        """One attribute of the entry, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Export:
    """A request that could be read. `bytes` is its size uncompressed."""

    signal: Signal
    encoding: Encoding
    bytes: int
    groups: Sequence[Group]
    reader: Reader

    @property
    def count(self) -> int:
        """How many log records, spans or data points it carries."""
        return sum(len(group.entries) for group in self.groups)

    def entries(self) -> Iterator[tuple[Group, Any]]:
        return ((group, entry) for group in self.groups for entry in group.entries)

    def flatten(self, group: Group, entry: Any) -> Plain:
        """One item in the flattened form. Raises Unreadable."""
        plain = self.reader.plain(entry, self.signal)
        if isinstance(entry, Point):
            return flat.point(group.resource, group.scope, entry.metric, plain)
        arrange = flat.log if self.signal is Signal.LOGS else flat.span
        return arrange(group.resource, group.scope, plain)

    def items(self, without: AbstractSet[int] = frozenset()) -> Iterator[Plain]:
        """The items in document order, flattened, but for the numbers in `without`."""
        return (self.flatten(group, entry) for index, (group, entry) in enumerate(self.entries()) if index not in without)

    def check(self) -> None:
        """Read every item once. Raises Unreadable; of a protobuf body, the parser has seen the items already."""
        if self.encoding is Encoding.JSON:
            for _ in self.items():
                pass

    def attributes(self, name: str, without: AbstractSet[int] = frozenset()) -> Iterator[str]:
        """The texts of one attribute, of those items that carry it."""
        for index, (_, entry) in enumerate(self.entries()):
            if index not in without and (value := self.reader.attribute(entry, name)) is not None:
                yield str(value)
