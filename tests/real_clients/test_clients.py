"""What the tests with real exporters say where Node is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.real_clients import clients
from tests.real_clients.clients import KINDS, WITHOUT_NODE

JAVASCRIPT = next(kind for kind in KINDS if kind.sdk == "javascript")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with nothing on the PATH, and no packages installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(WITHOUT_NODE, raising=False)
    monkeypatch.setattr(clients, "HERE", tmp_path)


def test_without_node_they_fail_and_say_what_to_do() -> None:
    """A missing Node is no reason to pass unseen."""
    with pytest.raises(pytest.fail.Exception, match=f"need Node 18.19 or newer on the PATH; {WITHOUT_NODE}=1 leaves them out"):
        JAVASCRIPT.command()


def test_without_the_packages_they_fail_and_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node alone is not enough."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(pytest.fail.Exception, match="run `make test`, or `npm ci` in that folder"):
        JAVASCRIPT.command()


def test_who_expects_no_node_may_leave_them_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saying so in the environment skips the JavaScript clients; the Python one needs no Node."""
    monkeypatch.setenv(WITHOUT_NODE, "1")

    with pytest.raises(pytest.skip.Exception):
        JAVASCRIPT.command()
    assert KINDS[0].sdk == "python"
    assert KINDS[0].command()
