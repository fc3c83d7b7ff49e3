"""Setup: an agent, a block to paste with the real address and a fresh key, and the wait for its first event, which ends by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from upwell.agents import AGENTS, PLACEHOLDER, Block, block
from upwell.console.drawing import agent_name
from upwell.console.office import Context, Visit
from upwell.console.pages.page import Page

_FIRST: Final = "claude-code"


def setup(visit: Visit) -> Context:
    """The picker, the chosen agent's block, and what was heard."""
    chosen = visit.view.more.get("agent_name", _FIRST)
    return {**blocks(visit, chosen if chosen in AGENTS else _FIRST, PLACEHOLDER), **_heard(visit)}


def blocks(visit: Visit, agent: str, key: str, key_id: str = "") -> Context:
    """An agent's block for a key; `key_id` is the id of one that was just made."""
    endpoint = visit.office.endpoint(visit.host)
    found = block(agent, endpoint=endpoint, key=key)
    return {
        "agents": [(name, about.title) for name, about in AGENTS.items()],
        "chosen": agent,
        "about": AGENTS[agent],
        "blocks": list(_flat(found)),
        "warnings": [note.removeprefix("Warning: ") for note in found.notes if note.startswith("Warning: ")],
        "remarks": [note for note in found.notes if not note.startswith("Warning: ")],
        "endpoint": endpoint,
        "reachable": visit.office.reachable(),
        "fresh": key if key_id else "",
        "key_id": key_id,
        "admin": visit.visitor is not None and visit.visitor.admin,
        "teams": sorted({str(row["team"]) for row in _keys(visit) if row.get("team")}),
        "still": bool(key_id),
    }


def heard(visit: Visit) -> Context:
    """What was heard of one key since it was made, as a part of the page that asks again by itself."""
    key_id = visit.params.get("key", "")[:64]
    found = next((row for row in _keys(visit) if row["id"] == key_id), None)
    return {"key_id": key_id, "seen": found if found and found["last_seen"] else None, "refusal": found["refusal"] if found else None}


def _heard(visit: Visit) -> Context:
    """What was heard of anybody."""
    accepted = sum(visit.office.vitals().accepted.values())
    agents = sorted({agent for row in _keys(visit) for agent in row["agents"]})
    return {"accepted": accepted, "heard": [agent_name(agent) for agent in agents], "waiting": not accepted and not agents}


def _keys(visit: Visit) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = visit.office.senders()["keys"]
    return found


def _flat(found: Block) -> Iterable[Block]:
    yield found
    for also in found.also:
        yield from _flat(also)


SETUP = Page("/setup", "Setup", "How do I connect my agent?", "setup.html", setup, filters=False, more=("agent_name",))
HEARD = Page("/setup/heard", "Heard", "", "heard.html", heard, filters=False, listed=False)
