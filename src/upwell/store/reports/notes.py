"""What is said beside an answer: what the floor did, what figures meant in older versions, who was not heard from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from upwell.store.reports import people
from upwell.store.reports.dimensions import NAMED, OTHER, Dimension
from upwell.store.reports.floor import Table, Verdict


def of_floor(keys: Sequence[Dimension], verdict: Verdict, least: int, *, one_group: bool) -> list[str]:
    """What was withheld or merged."""
    if one_group:
        group = "Fewer people are enrolled than the floor asks for: they are one group, broken down by anything but person and team."
        return [group, "Withheld: it asks for a part of that group."] if verdict.withheld else [group]
    if verdict.withheld:
        return [f"Withheld: it rests on fewer than {least} people, or would tell of so few beside it."]
    told = [
        f"{OTHER}: {len(merged)} values of {key.title} as one, since they, or what is left without them, rest on fewer than {least} people."
        for key, merged in zip(keys, verdict.folded, strict=True)
        if merged
    ]
    if verdict.blank:
        rows = "1 row is" if len(verdict.blank) == 1 else f"{len(verdict.blank)} rows are"
        told.append(f"{rows} without figures: fewer than {least} people are behind them, or would be told of beside them.")
    return told


def of_remarks(db: duckdb.DuckDBPyConnection, where: Sequence[str], given: dict[str, Any], least: int) -> list[str]:
    """What a figure meant in versions of agents that were in use, where a later version changed it."""
    relation = f"rolled_uses WHERE {' AND '.join(where)} AND remark IS NOT NULL"
    found = Table(people.behind(db, relation, ["agent", "remark"], given), least)
    return [f"{agent}, {remark}." for agent, remark in sorted(found, key=str) if found.people((agent, remark)).bit_count() >= least]


def of_enrolment(db: duckdb.DuckDBPyConnection, where: Sequence[str], given: dict[str, Any], enrolled: int, least: int) -> list[str]:
    """How many of those who are enrolled were heard from, where that tells of no small group."""
    named = f"person IN (SELECT one.number FROM {NAMED} AS one WHERE one.enrolled)"  # noqa: S608 - constants
    heard = people.behind(db, f"rolled_uses WHERE {' AND '.join([*where, named])}", [], given).get((), 0).bit_count()
    silent = enrolled - heard
    if not enrolled or 0 < heard < least or 0 < silent < least:
        return []
    return [f"{enrolled} people are enrolled; {heard} enrolled people were heard from in this period."]
