"""What a page shows in place of figures: the wait for the first event, that a group is too small, or that nobody used anything."""

from __future__ import annotations

from upwell.console.answer import Answer
from upwell.console.office import Context, Visit

_USED = ("people", "prompts", "api_requests", "tool_calls")


def instead(visit: Visit, answer: Answer) -> Context | None:
    """What stands in place of the figures that a first answer has none of; None where it has some."""
    if answer.pending:
        return {"instead": "pending", "waiting": True}
    if answer.problem:
        return {"instead": "problem", "problem": answer.problem}
    if any(answer.first.get(name) for name in _USED):
        return None
    if answer.notes and any(getattr(visit.view, name) for name in ("team", "agent", "model")):
        return {"instead": "withheld", "notes": answer.notes, "wider": _wider(visit)}
    if sum(visit.office.vitals().accepted.values()) or visit.office.heard():
        return {"instead": "quiet"}
    return {"instead": "unused", "waiting": True, "endpoint": visit.office.endpoint(visit.host)}


def _wider(visit: Visit) -> list[tuple[str, str]]:
    """The groups around one that is too small, the nearest first."""
    view, found = visit.view, []
    for name, words in (("model", "all models"), ("agent", "all agents"), ("team", "all teams")):
        if getattr(view, name):
            view = view.without(name)
            found.append((words, visit.path + view.query()))
    return found
