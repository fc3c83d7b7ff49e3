"""The state in which there is nothing to show yet: the block to paste and the wait for the first event, or why figures are missing."""

from __future__ import annotations

from upwell.console.answer import Answer
from upwell.console.office import Context, Visit


def waiting(visit: Visit, answer: Answer) -> Context | None:
    """What a page shows in place of figures while nothing was ever received; None where there is something."""
    if answer.problem or sum(visit.office.vitals().accepted.values()):
        return None
    first = answer.first
    if any(first.get(name) for name in ("people", "prompts", "api_requests", "tool_calls")):
        return None
    return {"waiting": True, "unused": True, "endpoint": visit.office.endpoint(visit.host)}
