"""What answers can be broken down by: each dimension's name, column and manners under the floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


DIMENSIONS: Final = _named(
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
)

FILTERS: Final = ("agent", "model", "team")
"""The dimensions that a question can be confined to."""

TIMES: Final = frozenset({"day", "week", "month", "weekday", "hour"})

OTHER: Final = "other"
"""What the row of merged values is called."""
