"""Who sends: every key with when it was last heard from, by which agents, and what the door last refused of it.

Keys stand here by id and team. Whose they are is told only where it is asked for by name, with a reason.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from upwell.config import Settings
from upwell.identity import Key, Keys
from upwell.service import local
from upwell.service.when import format_ns
from upwell.store import Store

_PATIENCE_SECONDS: Final = 1.0


def senders(settings: Settings, store: Store, *, names: bool = False) -> dict[str, Any]:
    """`{"keys": [...], "strangers": {...} or None}`; strangers are requests without a good key, None where no gateway answers."""
    with Keys(settings.data_dir / "keys.db") as keys:
        found = keys.list()
    heard, refused = _heard(store), _refusals(settings)
    complaints = {complaint["key_id"]: complaint for complaint in refused["batches"]} if refused else {}
    now_ns = time.time_ns()
    rows = [_row(key, now_ns, heard.get(key.id), complaints.get(key.id), names) for key in found]
    return {"keys": rows, "strangers": refused["strangers"] if refused else None}


def _row(key: Key, now_ns: int, heard: Mapping[str, Any] | None, complaint: Mapping[str, Any] | None, names: bool) -> dict[str, Any]:
    state = "live" if key.live(now_ns) else "revoked" if key.revoked_ns is not None else "expired"
    refusal = {"at": format_ns(complaint["time_ns"]), "code": complaint["code"], "message": complaint["sentence"]} if complaint else None
    who = {"of": "person" if key.person else "team", "team": key.team, **({"person": key.person} if names else {})}
    times = {"created": format_ns(key.created_ns), "expires": format_ns(key.expires_ns)}
    seen = {"last_seen": format_ns(heard["last_ns"]) if heard else None, "agents": heard["agents"] if heard else []}
    return {"id": key.id, "state": state, **who, **times, **seen, "refusal": refusal}


def _heard(store: Store) -> dict[str, dict[str, Any]]:
    """Per key the time of its last usage, and its agents; a key that only sent what is no usage has been heard too."""
    with closing(store.connection()) as db:
        first = db.execute("SELECT key_id, at_ns FROM first_seen").fetchall()
        rows = db.execute("SELECT key_id, agent, max(time_ns) FROM events GROUP BY ALL ORDER BY agent").fetchall()
    found: dict[str, dict[str, Any]] = {key_id: {"last_ns": at_ns, "agents": []} for key_id, at_ns in first}
    for key_id, agent, last_ns in rows:
        one = found.setdefault(key_id, {"last_ns": 0, "agents": []})
        one["last_ns"] = max(last_ns, one["last_ns"] if one["agents"] else 0)
        one["agents"].append(agent)
    return found


def _refusals(settings: Settings) -> dict[str, Any] | None:
    """What the gateway on this machine says of its refusals."""
    host, port = local.reached(settings)
    if settings.gateway.tls_cert:  # our own gateway, by its address: there is no name to verify
        context = ssl._create_unverified_context()  # noqa: S323
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=_PATIENCE_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/refusals")
        answer = connection.getresponse()
        found = json.loads(answer.read()) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found if isinstance(found, dict) else None
