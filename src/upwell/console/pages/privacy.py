"""Privacy: what is kept about the people who use agents here. Open to everybody, without a login, and only about settings and deeds."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from upwell import audit
from upwell.audit import EXPORT, KEY, POLICY, REPLAY, REVEAL
from upwell.console.office import Context, Visit
from upwell.console.pages.page import Page
from upwell.policy import CLAIMS
from upwell.store.schema import USAGE

_INNER: Final = frozenset({"id", "dialect", "signal", "claimed", "stand_in", "remark", "count", "key_id"})
"""Columns that serve the counting and tell nothing of anybody, beside the key's id, which is told of by itself."""

_PERSON: Final = {
    "pseudonym": "a pseudonym, made with a secret that stays on the server: the same person has the same one, "
    "and without that secret nobody can turn it back",
    "email": "the name as enrolled: this installation was set up to keep names",
    "none": "nothing: no telemetry says who sent it",
}
_AUTH: Final = {
    "none": "Whoever uses the machine that Upwell runs on, as an admin.",
    "token": "Who holds a link. There is one for viewers and one for admins; links name nobody.",
    "header": "Everybody whom the sign-in proxy lets through may look.",
}
_DEEDS: Final = ((REVEAL, "names shown"), (EXPORT, "exports"), (REPLAY, "replays"), (KEY, "changes of keys"))
_SHOWN: Final = 20


def privacy(visit: Visit) -> Context:
    """The settings in words, and the counts of the audit trail."""
    settings, lines = visit.office.settings, list(audit.read(visit.office.settings.data_dir))
    return {
        "person": _PERSON[settings.policy.person],
        "auth": _AUTH[settings.console.auth],
        "admins": settings.console.admins if settings.console.auth == "header" else [],
        "kept": [name.replace("_", " ") for name in USAGE if name not in _INNER],
        "removed": CLAIMS,
        "counts": [(words, sum(line.get("deed") == deed for line in lines)) for deed, words in _DEEDS],
        "reveals": [line for line in reversed(lines) if line.get("deed") == REVEAL][:_SHOWN],
        "changes": [_change(line) for line in reversed(lines) if line.get("deed") == POLICY][:_SHOWN],
        "least": visit.office.floor(),
        "days": _days(settings.store.retention),
        "journal": _days(settings.journal.keep),
        "sinks": Counter(sink.type for sink in settings.sinks),
    }


def _days(seconds: float) -> str:
    days = seconds / 86400
    return f"{days:g} {'day' if days == 1 else 'days'}" if days >= 1 else f"{seconds / 3600:g} hours"


def _change(line: dict[str, Any]) -> dict[str, Any]:
    return {"at": line["at"], "words": ", ".join(f"{name} = {value}" for name, value in line.get("settings", {}).items())}


PRIVACY = Page("/privacy", "Privacy", "What is kept about me?", "privacy.html", privacy, filters=False)
