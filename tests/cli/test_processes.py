"""A process that meets what nobody foresaw ends with a line in its log, and without what it was working on."""

from __future__ import annotations

import logging

import pytest

from tests.cli.conftest import Run
from upwell.errors import DataDirError
from upwell.service import gateway, worker
from upwell.service.post import Post

PORTS = ("--listen", "127.0.0.1:0")


def test_an_unforeseen_failure_is_logged_without_its_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type and place, exit code 1, no traceback."""

    def fail(post: Post) -> None:
        raise ValueError("fix my marriage")

    monkeypatch.setattr(gateway, "run", fail)
    found = run("gateway", "--data-dir", "data", *PORTS)

    assert found.code == 1
    assert "the gateway failed (ValueError at " in found.err
    assert "marriage" not in found.err
    assert "Traceback" not in found.err


def test_a_foreseen_failure_is_its_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours keeps its code and next step."""

    def fail(post: Post) -> None:
        raise DataDirError("relay.db is not a database")

    monkeypatch.setattr(worker, "run", fail)
    found = run("worker", "--data-dir", "data", "--console", "127.0.0.1:0")

    assert found.code == 1
    assert "error [data-dir-unfit]: relay.db is not a database\n  next step: " in found.err


def test_a_process_gets_what_it_was_given(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone it opens its own sockets, makes the data directory, and logs to stderr."""
    posts: list[Post] = []

    def work(post: Post) -> None:
        posts.append(post)
        logging.getLogger("upwell.gateway").info("at work on %d sockets", len(post.sockets))

    monkeypatch.setattr(gateway, "run", work)
    found = run("gateway", "--data-dir", "data", *PORTS, *PORTS)

    assert found.code == 0
    assert "at work on 2 sockets" in found.err
    assert posts[0].settings.data_dir.stat().st_mode & 0o777 == 0o700
