"""What several reports share: groupings, and columns that mean the same everywhere."""

from __future__ import annotations

from typing import Final

from upwell.store.reports.report import Column

PLACES: Final = ("team", "department", "cost_center", "organization")
TIMES: Final = ("day", "week", "month")
EVERYWHERE: Final = ("agent", "agent_version", "repository", *PLACES, *TIMES)
REQUESTS: Final = ("model", *EVERYWHERE)
"""Groupings of what rests on requests, which alone name a model."""

REQUEST_ROWS: Final = "(api_requests <> 0 OR input_tokens <> 0 OR output_tokens <> 0 OR cache_read_tokens <> 0 OR cost_usd IS NOT NULL)"
"""Rows of requests, those of metrics that only add tokens or cost among them."""

COST: Final = "Cost is a list-price equivalent, not an invoice: what the agent reports, else the list price at the request's time."

SESSIONS: Final = Column("sessions", "", "sessions")
PROMPTS: Final = Column("prompts", "", "prompts")
API_REQUESTS: Final = Column("api_requests", "", "API requests")
TOOL_CALLS: Final = Column("tool_calls", "", "tool calls")
TOKENS: Final = (
    Column("input_tokens", "tokens", "uncached input"),
    Column("output_tokens", "tokens", "output"),
    Column("cache_read_tokens", "tokens", "cache reads"),
    Column("cache_creation_tokens", "tokens", "cache creations"),
)
CACHE_SHARE: Final = Column("cache_share", "share", "input from cache")
COST_USD: Final = Column("cost_usd", "USD", "cost (list-price equivalent)")
COST_UNKNOWN: Final = Column("cost_unknown_requests", "", "requests of unknown cost")
CALLS: Final = Column("calls", "", "calls")
FAILURES: Final = Column("failures", "", "failures")
FAILURE_SHARE: Final = Column("failure_share", "share", "failed")
QUANTILES: Final = (Column("p50_ms", "ms", "median time"), Column("p95_ms", "ms", "95th percentile"))
