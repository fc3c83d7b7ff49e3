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
    if answer.notes and visit.view.narrowest:
        return {"instead": "withheld", "notes": answer.notes}
    if sum(visit.office.vitals().accepted.values()) or visit.office.heard():
        return {"instead": "quiet"}
    return {"instead": "unused", "waiting": True, "endpoint": visit.office.endpoint(visit.host)}
