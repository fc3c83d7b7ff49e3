"""Reports for the worker: who is enrolled, who proves to be whom, and counting before anybody asks."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.service.places import settings
from tests.store.making import ask
from tests.store.reports.making import fill, use
from upwell import audit
from upwell.errors import ConfigError, DataDirError, PersonWithheld, Unauthenticated
from upwell.identity import Keys, Pseudonyms
from upwell.service import reporting, reveals, worker
from upwell.service.reporting import Reporting
from upwell.store import FILE, Store
from upwell.store.reports import Query, Viewer


def test_people_are_enrolled_once(tmp_path: Path) -> None:
    """Several keys of a person are one, revoked ones and teams' are none, and no file is nobody."""
    assert reporting.enrolled(tmp_path / "keys.db") == 0
    with Keys(tmp_path / "keys.db") as keys:
        for person in ("Ada", "ada ", "bob", "cyd"):
            made = keys.add(person, None)
        keys.revoke(made.key.id)
        keys.add(None, "core")

    assert reporting.enrolled(tmp_path / "keys.db") == 2


def test_a_question_as_json() -> None:
    """Days become days, blanks are not asked for, and what is no day is said."""
    found = reporting.question({"since": "2026-11-01", "until": None, "by": "agent", "team": "", "more": {"session": 7}})

    assert found == Query(since=date(2026, 11, 1), by="agent", more={"session": "7"})
    with pytest.raises(ConfigError, match="is no day"):
        reporting.question({"until": "tomorrow"})


@pytest.mark.parametrize("policy", ["pseudonym", "email", "none"])
def test_a_key_proves_who_asks(tmp_path: Path, policy: Any) -> None:
    """By the name that policy puts into rows."""
    with Keys(tmp_path / "keys.db") as keys:
        made, teams = keys.add("ada", None), keys.add(None, "core")
        expected = {"pseudonym": Pseudonyms(keys.salt).of("ada"), "email": "ada", "none": f"key {made.key.id}"}
    found = settings(tmp_path).model_copy(update={"policy": settings(tmp_path).policy.model_copy(update={"person": policy})})

    assert reporting.viewer(found, {"key": made.secret_text}).person == expected[policy]
    with pytest.raises(ConfigError, match="names no person"):
        reporting.viewer(found, {"key": teams.secret_text})
    with pytest.raises(Unauthenticated):
        reporting.viewer(found, {"key": "uw_nonsense"})


def test_one_reporter_per_store(tmp_path: Path) -> None:
    """The same as long as the store is; another for a store that was opened anew."""
    found, kept = settings(tmp_path), Reporting()
    store = Store(tmp_path / FILE)

    first = kept.reporter(found, store)
    assert kept.reporter(found, store) is first
    store.close()
    again = Store(tmp_path / FILE)
    assert kept.reporter(found, again) is not first
    again.close()


def test_nothing_is_revealed_without_a_trace(tmp_path: Path) -> None:
    """Where the audit cannot be written, the question fails, and is not answered."""
    found, store = settings(tmp_path), Store(tmp_path / FILE)
    fill(store, [use(f"p{n}") for n in range(6)])
    reporter = Reporting().reporter(found, store)
    since = Query(since=date(2026, 9, 21), until=date(2026, 10, 1), by="person")

    with pytest.raises(PersonWithheld):
        reporter.answer("overview", since)
    assert len(reporter.answer("overview", since, Viewer(reason="because", asker="ada")).rows) == 6
    assert [line["asker"] for line in reveals.read(tmp_path)] == ["ada"]
    (tmp_path / audit.NAME).unlink()
    (tmp_path / audit.NAME).mkdir()
    with pytest.raises(DataDirError):
        reporter.answer("overview", since, Viewer(reason="because"))
    store.close()


def test_what_came_is_counted_before_anybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker counts now and then; a store that fails is tried again, and the end of the worker ends it."""
    monkeypatch.setattr(worker, "_COUNTING_SECONDS", 0.0)
    found, store, stop = settings(tmp_path), Store(tmp_path / FILE), asyncio.Event()
    fill(store, [use("p")])
    tries = []

    def opened() -> Store:
        tries.append(1)
        if len(tries) == 1:
            raise DataDirError("not yet")
        stop.set()
        return store

    desk: Any = SimpleNamespace(reporting=Reporting(), settings=found, shelf=SimpleNamespace(store=opened))
    asyncio.run(asyncio.wait_for(worker._keep_up(desk, stop), 30))

    assert len(tries) == 2
    assert ask(store, "SELECT count(*) FROM marked") == [(0,)]
    assert ask(store, "SELECT count(*) FROM rolled_uses") == [(1,)]
    store.close()


def test_counting_can_be_let_go(tmp_path: Path) -> None:
    """A worker that ends does not count through a backlog first."""
    found, store, kept = settings(tmp_path), Store(tmp_path / FILE), Reporting()
    fill(store, [use("p", day) for day in range(5)])
    kept.stop()
    reporter = kept.reporter(found, store)
    kept.stop()

    reporter.refresh()

    assert ask(store, "SELECT count(*) > 0 FROM marked") == [(True,)]
    store.close()
