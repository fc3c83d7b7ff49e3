"""The one model of usage: a row for each thing that somebody did with an agent.

Dialects make these rows, the store keeps them, reports count them. Token kinds never overlap:
`input_tokens` is uncached input, cache reads and creations stand apart, `output_tokens` includes
reasoning. What is unknown is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a row is about."""

    SESSION = "session"
    PROMPT = "prompt"
    API_REQUEST = "api_request"
    TOOL_CALL = "tool_call"
    EDIT = "edit"
    COMMIT = "commit"
    PULL_REQUEST = "pull_request"
    ERROR = "error"
    ACTIVE_TIME = "active_time"
    SKILL = "skill"


class CostSource(StrEnum):
    """Where a cost comes from: the agent, the price table, or nowhere."""

    REPORTED = "reported"
    PRICED = "priced"
    UNKNOWN = "unknown"


class UsageEvent(NamedTuple):
    """One row; a tuple, because rows are made and stored by the ten thousand a second.

    Times are Unix nanoseconds, durations milliseconds, costs US dollars. `id` is 16 bytes that the same item of telemetry
    always gets again, whoever sends it how often. `person` is what policy stamped (a pseudonym, unless configured otherwise)
    and `claimed` whether it is only the client's word. `count` is how many of its kind the row stands for: a metric may
    report three commits at once, and 0 where a row only adds tokens, cost or lines to its kind. `remark` says that the
    agent's version gave this figure another meaning.

    A `stand_in` repeats what another signal says better, and is there for set-ups without that signal: it counts only where
    its key has no other row of the same agent and kind, stand-ins aside, on its UTC day or the day before.
    """

    id: bytes
    time_ns: int
    kind: Kind
    agent: str
    dialect: str
    signal: str
    key_id: str
    agent_version: str | None = None
    person: str | None = None
    claimed: bool = False
    team: str | None = None
    department: str | None = None
    cost_center: str | None = None
    organization: str | None = None
    session: str | None = None
    prompt: str | None = None
    model: str | None = None
    provider: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    cost_usd: float | None = None
    cost_source: CostSource | None = None
    duration_ms: float | None = None
    tool: str | None = None
    mcp_server: str | None = None
    skill: str | None = None
    subagent: str | None = None
    success: bool | None = None
    decision: str | None = None
    count: int = 1  # type: ignore[assignment]  # the word for it, though tuples have a method of that name
    seconds: float | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    prompt_length: int | None = None
    attempts: int | None = None
    error: str | None = None
    repository: str | None = None
    branch: str | None = None
    remark: str | None = None
    stand_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativePoint:
    """One point of a Cumulative series, kept raw: differences are made in event-time order, when they are asked for.

    `series` identifies metric, resource and labels; `event` is the row that a difference of 1 would make, and `field`
    the column that takes the difference (`count`, `seconds`, `lines_added`, `lines_removed`, a token column, `cost_usd`).
    """

    series: bytes
    start_ns: int
    time_ns: int
    value: float
    field: str
    event: UsageEvent


@dataclass(frozen=True, slots=True)
class Reading:
    """What one batch says. `items` = usage items + not_usage + the sum of unrecognised.

    `usage_items` are items that made an event or a point; `unrecognised` counts items that no dialect knows, by agent and
    name. One item may make several rows, which are then stored or already there together: `further` holds the ids of all
    but each item's first, so that who counts stored and repeated rows without them counts items.
    """

    events: tuple[UsageEvent, ...]
    points: tuple[CumulativePoint, ...]
    usage_items: int
    not_usage: int
    unrecognised: dict[str, int]
    further: frozenset[bytes] = frozenset()
