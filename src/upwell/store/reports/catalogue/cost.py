"""Tokens and what they cost."""

from __future__ import annotations

from typing import Final

from upwell.store.reports.catalogue import common
from upwell.store.reports.report import Column, Report

_REPORTED: Final = Column("cost_reported_usd", "USD", "of it reported by agents")
_PRICED: Final = Column("cost_priced_usd", "USD", "of it from price lists")
_UNKNOWN_SHARE: Final = Column("cost_unknown_share", "share", "requests of unknown cost")

MODELS: Final = Report(
    "models",
    "Models",
    "Which models are used, and what for?",
    f"Requests by the model that agents name. {common.COST}",
    (
        common.SESSIONS,
        common.API_REQUESTS,
        *common.TOKENS,
        common.CACHE_SHARE,
        common.COST_USD,
        _REPORTED,
        _PRICED,
        common.COST_UNKNOWN,
        _UNKNOWN_SHARE,
    ),
    where=common.REQUEST_ROWS,
    keys=("model",),
    groupings=common.EVERYWHERE,
    sort="api_requests",
)

TOKENS: Final = Report(
    "tokens",
    "Tokens and cache",
    "How many tokens go in and out, and how much of the input comes from a cache?",
    "Kinds of tokens never overlap. `cache_share` is cache reads in all input: uncached, read and written.",
    (common.API_REQUESTS, *common.TOKENS, common.CACHE_SHARE, Column("tokens_per_request", "tokens", "tokens per request")),
    where=common.REQUEST_ROWS,
    groupings=common.REQUESTS,
    sort="input_tokens",
)

COST: Final = Report(
    "cost",
    "Cost",
    "What would this cost at list prices?",
    f"{common.COST} Requests whose price nobody knows are counted apart, and their share is said.",
    (common.API_REQUESTS, common.COST_USD, _REPORTED, _PRICED, common.COST_UNKNOWN, _UNKNOWN_SHARE),
    where=common.REQUEST_ROWS,
    groupings=common.REQUESTS,
    sort="cost_usd",
)

SUBAGENTS: Final = Report(
    "subagents",
    "Subagents",
    "What do subagents do?",
    f"Requests that an agent says were a subagent's. {common.COST}",
    (common.SESSIONS, common.API_REQUESTS, *common.TOKENS, common.COST_USD, common.COST_UNKNOWN),
    where="subagent IS NOT NULL",
    keys=("subagent",),
    groupings=common.REQUESTS,
    sort="api_requests",
)
