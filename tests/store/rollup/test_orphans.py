"""Requests that name no prompt belong to the last prompt before them in their session, whatever came when."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.making import START_NS, ask, batch, event, reading
from upwell.otlp import Signal
from upwell.store import Store
from upwell.store.rollup import marks
from upwell.store.rollup.refresh import Rollup
from upwell.usage import Kind, UsageEvent

MINUTE_NS = 60 * 10**9
_ROLLED = "SELECT slot, prompt, prompts::INT, api_requests::INT, tokens::INT FROM rolled_prompts ORDER BY ALL"
_PER_PROMPT = "SELECT sum(prompts)::INT, sum(api_requests)::INT FROM rolled_prompts GROUP BY prompt ORDER BY ALL"


def _at(number: int, minutes: int, kind: Kind, prompt: str | None = None, **columns: Any) -> UsageEvent:
    return event(number, time_ns=START_NS + minutes * MINUTE_NS, kind=kind, prompt=prompt, **{"session": "s", **columns})


def _write(store: Store, *rows: UsageEvent) -> None:
    store.write(Signal.LOGS, [batch(reading(*rows), seq=rows[0].id[-1])], {})
    Rollup(store.transaction, "UTC").refresh()


def test_a_request_joins_the_prompt_before_it(store: Store) -> None:
    """Of its own session, and no later one's."""
    _write(
        store,
        _at(1, 0, Kind.PROMPT, "one"),
        _at(2, 1, Kind.API_REQUEST),
        _at(3, 2, Kind.PROMPT, "two"),
        _at(4, 3, Kind.API_REQUEST),
        _at(5, 3, Kind.API_REQUEST),
        _at(6, 4, Kind.API_REQUEST, session="another"),
    )

    assert ask(store, _PER_PROMPT) == [(1, 1), (1, 2)]


def test_a_late_prompt_takes_what_follows_it(store: Store) -> None:
    """In the next hour too, which had been counted before."""
    _write(store, _at(1, 0, Kind.PROMPT, "one"), _at(2, 70, Kind.API_REQUEST))
    assert ask(store, _PER_PROMPT) == [(1, 1)]

    _write(store, _at(3, 10, Kind.PROMPT, "two"))

    assert ask(store, _PER_PROMPT) == [(1, 0), (1, 1)]


def test_hours_later_nobody_knows(store: Store) -> None:
    """What comes long after a prompt is counted, but to no prompt."""
    _write(store, _at(1, 0, Kind.PROMPT, "one"), _at(2, 300, Kind.API_REQUEST))

    assert ask(store, _PER_PROMPT) == [(1, 0)]
    assert ask(store, "SELECT sum(api_requests)::INT FROM rolled_uses") == [(1,)]


_rows = st.lists(
    st.builds(
        _at,
        st.integers(1, 60),
        st.integers(0, 60 * 26),
        st.sampled_from([Kind.PROMPT, Kind.API_REQUEST, Kind.API_REQUEST]),
        st.sampled_from([None, None, "one", "two"]),
        session=st.sampled_from(["s", "t", None]),
    ),
    max_size=10,
)


@given(st.lists(_rows, max_size=4))
@settings(max_examples=12, deadline=None)
def test_what_is_kept_equals_what_is_counted_anew(writes: list[list[UsageEvent]]) -> None:
    """In any order, hour by hour or all at once."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "usage.duckdb", memory_limit=128 * 10**6)
        rollup = Rollup(store.transaction, "UTC")
        for number, rows in enumerate(writes):
            store.write(Signal.LOGS, [batch(reading(*rows), seq=number + 1)], {})
            rollup.refresh()
        kept = ask(store, _ROLLED)
        with store.transaction() as db:
            marks.mark_all(db)
        rollup.refresh()

        assert ask(store, _ROLLED) == kept
        store.close()
