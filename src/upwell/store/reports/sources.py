"""What a report's SQL finds as `facts`: relations over the rollup, by name. They may use `$since` and `$until`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LIVES: Final = """(
    SELECT uses.*, lives.joined, heard.heard FROM rolled_uses AS uses
    JOIN (SELECT person, min("day") AS joined FROM rolled_uses GROUP BY person) AS lives ON lives.person = uses.person
    JOIN (SELECT person, agent, max("day") AS heard FROM rolled_uses WHERE "day" < $until GROUP BY person, agent) AS heard
        ON heard.person = uses.person AND heard.agent = uses.agent
)"""

UNKNOWN_TO: Final[Mapping[str, frozenset[str]]] = {
    "uses": frozenset({"tool"}),
    "calls": frozenset({"model"}),
    "prompts": frozenset({"model", "tool"}),
    "lives": frozenset({"tool"}),
    "interaction": frozenset[str](),
}
"""The filters that a source's rows say nothing about."""

SOURCES: Final[Mapping[str, str]] = {
    "uses": "rolled_uses",
    "calls": "rolled_calls",
    "prompts": "rolled_prompts",
    "lives": _LIVES,  # uses, with each person's first day, and their last one with the agent
    "interaction": "caused",  # the rows of one prompt, gathered beforehand
}
