"""What changed, in words: at most three sentences made from figures that stand on the pages they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from upwell.console import numbers
from upwell.console.drawing import OTHER, agent_name
from upwell.console.office import Visit
from upwell.console.pages.sums import cache_share
from upwell.console.view import View

_FEW: Final = 20
"""Calls or prompts below which a share says little."""

_NOTABLE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to tell the team. `bad`: it needs a hand."""

    text: str
    href: str
    bad: bool = False


def sentences(visit: Visit, now: Mapping[str, Any], before: Mapping[str, Any]) -> list[Sentence]:
    """The three that matter most: what fails, what grew or shrank, what it costs."""
    makers = (_failing(visit), _moved(visit), _cost(visit, now, before), _use(visit, now, before), _cache(visit, now))
    return list(islice((sentence for maker in makers for sentence in maker), 3))


def _failing(visit: Visit) -> Iterator[Sentence]:
    now, before = _rates(visit, visit.view), _rates(visit, visit.view.before)
    found = []
    for tool, (calls, failures) in now.items():
        rate = failures / calls
        earlier = before[tool][1] / before[tool][0] if tool in before else None
        if calls >= _FEW and rate >= _NOTABLE and (earlier is None or rate > earlier * 1.5):
            found.append((failures, tool, rate, earlier))
    if found:
        _, tool, rate, earlier = max(found, key=lambda one: one[0])
        than = f", against {numbers.share(earlier)} in {visit.view.words}" if earlier is not None else ""
        yield Sentence(f"{tool} fails in {numbers.share(rate)} of its calls{than}.", "/tools" + visit.view.query(tool=tool), bad=True)


def _rates(visit: Visit, view: View) -> dict[str, tuple[int, int]]:
    """Calls and failures of each tool that may be told."""
    found: dict[str, tuple[int, int]] = {}
    for row in visit.ask("tool_calls", view=view).rows:
        if row.get("tool") not in (None, OTHER) and row.get("calls"):
            calls, failures = found.get(row["tool"], (0, 0))
            found[row["tool"]] = calls + row["calls"], failures + (row["calls"] if row["outcome"] == "failed" else 0)
    return found


def _moved(visit: Visit) -> Iterator[Sentence]:
    if visit.view.agent:
        return
    now = visit.ask("overview", "agent").series("agent", "prompts")
    before = visit.ask("overview", "agent", view=visit.view.before).series("agent", "prompts")
    moves = [
        (abs((now[agent] or 0) - (before.get(agent) or 0)), agent)
        for agent in now
        if agent and agent != "other" and (now[agent] or 0) >= _FEW
    ]
    if not moves:
        return
    _, agent = max(moves)
    change, name = numbers.change(now[agent], before.get(agent)), agent_name(agent)
    href = "/adoption" + visit.view.query(agent=agent)
    if change is None:
        yield Sentence(f"{name} is new: {numbers.short(now[agent])} prompts, and none in {visit.view.words}.", href)
    elif change.startswith("−"):
        yield Sentence(f"{name} is used less: {change[1:]} fewer prompts than in {visit.view.words}.", href)
    elif change.startswith("+"):
        yield Sentence(f"{name} is used more: {change[1:]} more prompts than in {visit.view.words}.", href)


def _cost(visit: Visit, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Sentence]:
    cost, prompts = now.get("cost_usd"), now.get("prompts")
    earlier, asked = before.get("cost_usd"), before.get("prompts")
    if cost and prompts:
        than = f", {numbers.money(earlier / asked)} in {visit.view.words}" if earlier and asked else ""
        yield Sentence(f"A prompt costs ≈ {numbers.money(cost / prompts)} at list prices{than}.", "/models" + visit.view.query())


def _use(visit: Visit, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Sentence]:
    people, earlier = now.get("people"), before.get("people")
    if people and earlier is not None and people != earlier:
        more = people > earlier
        yield Sentence(
            f"{abs(people - earlier)} {'more' if more else 'fewer'} people than in {visit.view.words}.", "/adoption" + visit.view.query()
        )


def _cache(visit: Visit, now: Mapping[str, Any]) -> Iterator[Sentence]:
    found = cache_share(now)
    if found is not None:
        yield Sentence(f"{numbers.share(found)} of what models read came from their cache.", "/models" + visit.view.query())
