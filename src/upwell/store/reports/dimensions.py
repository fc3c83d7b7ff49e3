"""What answers can be broken down by: each dimension's name, column and manners under the floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to break an answer down.

    `sql` is its value in a row of the rollup. `merges`: values below the floor become one row, `other`; if not, they keep
    their place without figures, as days of a series must. `place`: says where somebody belongs, so that an installation that is
    one group is not broken down by it.
    """

    name: str
    title: str
    sql: str
    merges: bool = True
    place: bool = False


def _named(*dimensions: Dimension) -> Mapping[str, Dimension]:
    return {dimension.name: dimension for dimension in dimensions}


_SIZE: Final = (
    "CASE "
    + " ".join(
        f"WHEN prompt_length < {bound} THEN {size}" for size, bound in pairwise((0, 10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000))
    )
    + " ELSE 100000 END"
)
_SILENCE: Final = (
    "CASE WHEN heard >= $until::DATE - 1 THEN 'on the last day' WHEN heard >= $until::DATE - 7 THEN 'within 7 days' "
    "WHEN heard >= $until::DATE - 14 THEN 'within 14 days' ELSE 'before' END"
)

PERSON: Final = "person"

NAMED: Final = "(SELECT number, coalesce(name, who) AS called, name IS NOT NULL AND NOT claimed AS enrolled FROM people)"
"""People by number: what they are called in rows, and whether a key of their own says so."""

DIMENSIONS: Final = _named(
    Dimension(PERSON, "person", f"(SELECT one.called FROM {NAMED} AS one WHERE one.number = person)"),  # noqa: S608 - constants
    Dimension("agent", "agent", "agent"),
    Dimension("agent_version", "version", "agent_version"),
    Dimension("model", "model", "model"),
    Dimension("team", "team", "team", place=True),
    Dimension("department", "department", "department", place=True),
    Dimension("cost_center", "cost centre", "cost_center", place=True),
    Dimension("organization", "organisation", "organization", place=True),
    Dimension("repository", "repository", "repository"),
    Dimension("tool", "tool", "tool"),
    Dimension("mcp_server", "MCP server", "mcp_server"),
    Dimension("skill", "skill", "skill"),
    Dimension("subagent", "subagent", "subagent"),
    Dimension("error", "error", "error"),
    Dimension("day", "day", "day", merges=False),
    Dimension("week", "week from", "date_trunc('week', day)::DATE", merges=False),
    Dimension("month", "month from", "date_trunc('month', day)::DATE", merges=False),
    Dimension("weekday", "weekday", "isodow(day)", merges=False),
    Dimension("hour", "hour", "hour", merges=False),
    Dimension("outcome", "outcome", "outcome"),
    Dimension("size", "size from", _SIZE, merges=False),
    Dimension("tenure", "tenure", "CASE WHEN joined >= date_trunc('week', day) THEN 'new' ELSE 'returning' END", merges=False),
    Dimension("cohort", "began in the week from", "date_trunc('week', joined)::DATE", merges=False),
    Dimension("age", "weeks later", "date_diff('week', date_trunc('week', joined), date_trunc('week', day))", merges=False),
    Dimension("silence", "last heard from", _SILENCE, merges=False),
)

TOOL: Final = "tool"

FILTERS: Final = ("agent", "model", "team")
"""The dimensions that a question can be confined to; those about calls also to a tool."""

ORDERED: Final = frozenset({"day", "week", "month", "weekday", "hour", "size", "cohort", "age"})
"""Dimensions whose order is their values' own, whatever the figures."""

OTHER: Final = "other"
"""What the row of merged values is called."""
