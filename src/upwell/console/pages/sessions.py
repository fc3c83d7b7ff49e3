"""Sessions: what one looks like, from the list to a session's prompts to all that one prompt set off, on one time axis.

Each rests on one person. They are shown to that person, or for a reason that is written down, or where everybody is one group;
without a column of people, and never in the order of cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import agent_name
from upwell.console.office import Context, Visit
from upwell.console.pages.page import Page
from upwell.console.panel import Shape, panel, tabulate
from upwell.errors import ConfigError, PersonWithheld, Unauthenticated

_LIST: Final = 100
_WAIT_SECONDS: Final = 1.0
_WORDS: Final = {
    "api_request": "request",
    "tool_call": "tool",
    "prompt": "prompt",
    "skill": "skill",
    "error": "error",
    "edit": "edit",
    "commit": "commit",
    "pull_request": "pull request",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the waterfall: what it was, where it lies on the axis in per cent, and what is known of it."""

    kind: str
    name: str
    left: float
    width: float
    tone: str
    took: str
    facts: str


def sessions(visit: Visit) -> Context:
    """The list, or why it is not shown."""
    return _shown(visit, "session_list", _list)


def session(visit: Visit) -> Context:
    """One session as its prompts."""
    return _shown(visit, "session", _prompts, session=visit.params["session"])


def interaction(visit: Visit) -> Context:
    """One prompt as a waterfall."""
    return _shown(visit, "interaction", _waterfall, prompt=visit.params["prompt"])


def _shown(visit: Visit, report: str, show: Any, **more: str) -> Context:
    grant = visit.grant
    gate = {"gate": True, "still": True, "can_reveal": visit.can_reveal, "refused": ""}
    try:
        answer = visit.ask_personally(report, more)
    except PersonWithheld:
        return gate
    except (Unauthenticated, ConfigError) as error:
        return {**gate, "refused": error.message}
    return {"gate": False, "still": True, "leave": grant.words if grant else "", **show(visit, answer, more)}


def _list(visit: Visit, answer: Answer, _more: Mapping[str, str]) -> Context:
    shapes = [
        Shape("began", "Began", href=lambda row: f"/sessions/{row['session']}" + visit.view.query()),
        *(Shape("agent", "Agent"), Shape("minutes", "Length"), Shape("prompts", "Prompts", bar="accent")),
        *(Shape("api_requests", "Requests"), Shape("tool_calls", "Tool calls"), Shape("errors", "Errors")),
    ]
    title = f"The latest {min(_LIST, len(answer.rows))} sessions of {len(answer.rows)}"
    return {"panels": [panel(visit, answer, "sessions", title, table=tabulate(answer, shapes, limit=_LIST), shown=True)]}


def _prompts(visit: Visit, answer: Answer, more: Mapping[str, str]) -> Context:
    shapes = [
        Shape("began", "Asked", href=lambda row: f"/sessions/{more['session']}/{row['prompt']}" + visit.view.query()),
        *(Shape("seconds", "Took", bar="accent"), Shape("prompt_length", "Characters"), Shape("api_requests", "Requests")),
        *(
            Shape("tool_calls", "Tool calls"),
            Shape("failures", "Failed"),
            Shape("tokens", "Tokens", brief=True),
            Shape("cost_usd", "Cost ≈"),
        ),
    ]
    agent = agent_name(answer.first.get("agent"))
    title = f"A session of {agent}: {len(answer.rows)} prompts, in their order"
    made = panel(visit, answer, "session", title, table=tabulate(answer, shapes), shown=True, more=more)
    return {"panels": [made], "back": ("/sessions" + visit.view.query(), "All sessions")}


def _waterfall(visit: Visit, answer: Answer, more: Mapping[str, str]) -> Context:
    made = panel(visit, answer, "waterfall", "What one prompt set off, on one time axis", table=tabulate(answer), more=more)
    back = f"/sessions/{visit.params['session']}" + visit.view.query()
    steps, seconds = waterfall(answer.rows)
    ticks = [(25 * place, numbers.written(seconds * place / 4, "s")) for place in range(5)]
    return {"panel": made, "steps": steps, "ticks": ticks, "back": (back, "The session")}


def waterfall(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Step], float]:
    """Steps and how many seconds the axis has. A row's time is its end; what nothing accounts for is a wait."""
    spans = []
    for row in rows:
        end = float(row["after"])
        spans.append((max(0.0, end - (row.get("duration_ms") or 0) / 1000), end, row))
    whole = max((end for _, end, _ in spans), default=0.0) or 1.0
    steps, reached = [], 0.0
    for begin, end, row in sorted(spans, key=lambda span: (span[0], span[1])):
        if (idle := begin - reached) >= _WAIT_SECONDS:
            steps.append(Step("wait", "nothing is known of", _at(reached, whole), _at(idle, whole), "wait", numbers.written(idle, "s"), ""))
        reached = max(reached, end)
        steps.append(_step(row, _at(begin, whole), _at(end - begin, whole)))
    return steps, whole


def _step(row: Mapping[str, Any], left: float, width: float) -> Step:
    took = numbers.written(row["duration_ms"], "ms") if row.get("duration_ms") is not None else ""
    return Step(_WORDS.get(row["kind"], row["kind"]), _name(row), left, width, _tone(row), took, _facts(row))


def _at(seconds: float, whole: float) -> float:
    return round(100 * seconds / whole, 2)


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("tool") or row.get("skill") or row.get("model") or agent_name(row.get("agent")))


def _tone(row: Mapping[str, Any]) -> str:
    if row["kind"] == "error" or row.get("success") is False:
        return "bad"
    return {"api_request": "accent", "tool_call": "tool"}.get(row["kind"], "quiet")


def _facts(row: Mapping[str, Any]) -> str:
    tokens = [row.get(name) for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")]
    known = [value for value in tokens if value is not None]
    facts = [
        f"{numbers.figure(sum(known))} tokens" if known else "",
        f"{numbers.exact(row['prompt_length'])} characters" if row.get("prompt_length") is not None else "",
        f"by {row['subagent']}" if row.get("subagent") else "",
        "refused" if row.get("decision") in ("reject", "rejected", "deny", "denied") else "",
        f"failed{': ' + row['error'] if row.get('error') else ''}" if row.get("success") is False else str(row.get("error") or ""),
    ]
    return " · ".join(fact for fact in facts if fact)


SESSIONS = Page("/sessions", "Sessions", "What does a session look like?", "sessions.html", sessions)
SESSION = Page("/sessions/{session}", "Session", "What was asked in it?", "sessions.html", session, filters=False, listed=False)
PROMPT = Page("/sessions/{session}/{prompt}", "Prompt", "What did it set off?", "waterfall.html", interaction, filters=False, listed=False)
