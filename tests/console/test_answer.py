"""Identical questions within a moment are asked once, whoever asks them, and a failure is an answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from tests.console.answers import Worker
from upwell.console.answer import Answer, Questions
from upwell.console.view import View
from upwell.errors import DataDirError

VIEW = View(date(2026, 11, 1), date(2026, 11, 8))


def test_an_answer_is_read_from_the_documented_shape() -> None:
    """Columns with units, rows, notes."""
    answer = Answer.of(
        {"report": "r", "columns": [{"name": "cost", "unit": "USD", "title": "Cost"}], "rows": [{"cost": 2}], "notes": ["few"]}
    )

    assert (answer.first, answer.unit("cost"), answer.unit("none"), answer.notes) == ({"cost": 2}, "usd", "", ("few",))
    assert answer.series("cost", "cost") == {2: 2}
    assert Answer("r").first == {}


def test_a_question_repeated_within_a_moment_is_not_asked_again() -> None:
    """After that it is."""
    now, worker = [0.0], Worker()
    questions = Questions(worker, monotonic=lambda: now[0])
    for moment in (0.0, 0.9, 1.1):
        now[0] = moment
        questions.ask("overview", VIEW)

    assert questions.asked == len(worker.performed) == 2


def test_other_questions_are_others() -> None:
    """A filter, a grouping or a period more is another question."""
    questions = Questions(Worker())
    questions.ask("overview", VIEW)
    questions.ask("overview", VIEW, "agent")
    questions.ask("overview", VIEW.before)
    questions.ask("overview", VIEW, more={"prompt": "p"})

    assert questions.asked == 4


def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    """Ten viewers refresh at once: the store is asked once."""
    worker, go = Worker(), threading.Event()

    def slowly(name: str, arguments: Mapping[str, Any]) -> Any:
        assert go.wait(30)
        return worker(name, arguments)

    questions = Questions(slowly)
    with ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(questions.ask, "overview", VIEW) for _ in range(10)]
        go.set()
        answers = [one.result(30) for one in waiting]

    assert len({id(answer) for answer in answers}) == 1
    assert questions.asked == 1


def test_a_failure_is_an_answer_with_its_reason() -> None:
    """A page shows the sentence and the next step in the place of the chart."""

    def fail(_name: str, _arguments: Mapping[str, Any]) -> Any:
        raise DataDirError("usage.duckdb cannot be opened", hint="Restore it.")

    assert Questions(fail).ask("overview", VIEW).problem == "usage.duckdb cannot be opened. Restore it."


def test_the_memory_is_bounded() -> None:
    """A thousand different questions do not stay."""
    questions = Questions(Worker())
    for number in range(1000):
        questions.ask("overview", VIEW, more={"prompt": str(number)})

    assert len(questions._entries) <= 512
