"""What every dialect is: how it is recognised, and three functions, one per signal.

A function gets an item and answers with the rows that it makes; with `NOT_USAGE` for an item that it knows and that counts
nothing (or repeats what another signal says better); with None for one that it doesn't know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from upwell.usage.events import Kind, UsageEvent
from upwell.usage.item import Item

Rows: TypeAlias = Sequence[UsageEvent]

NOT_USAGE: Final[tuple[()]] = ()


class Measure(NamedTuple):
    """What a data point counts: the column of its row that takes the value, and the columns beside it.

    `less` is a column from which the same value is taken off: agents that count cached input within input.
    """

    kind: Kind
    column: str
    columns: Mapping[str, Any]
    stand_in: bool = False
    less: str | None = None


def words(listed: str) -> frozenset[str]:
    """The names in a text, so that a long list of them reads like one."""
    return frozenset(listed.split())


def uncached(total: int | None, *cached: int | None) -> int | None:
    """Plain input, from input that includes what was cached. Where less came in than was cached, the agent counts them apart."""
    if total is None:
        return None
    rest = total - sum(count or 0 for count in cached)
    return rest if rest >= 0 else total


def nothing(_: Item) -> tuple[()]:
    """For a signal that only repeats what the agent's other signals say."""
    return NOT_USAGE


def unknown(_: Item) -> None:
    """For a signal that the agent is not known to send: what it then says is shown as unrecognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one agent spells its telemetry.

    It is recognised by prefixes: of the scope's name first, then of the item's name, then of `service.name`. `keys` are the
    attributes that tell one log record from another: the agent's own key, and what the dialect reads; never content, never
    who. `version` is raised whenever the same item would make another row.
    """

    name: str
    version: int
    agent: str | None
    scopes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    version_key: str | None = "service.version"
    keys: tuple[str, ...] = ()
    only_if: Callable[[Item], bool] | None = None
    logs: Callable[[Item], Rows | None] = unknown
    traces: Callable[[Item], Rows | None] = unknown
    metrics: Callable[[Item], Measure | tuple[()] | None] = unknown

    @property
    def label(self) -> str:
        """What a row says of the dialect that made it."""
        return f"{self.name}/{self.version}"
