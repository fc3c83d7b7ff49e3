"""An account per test, and the command line in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.amazon import Amazon, amazon, clear
from tests.cli.conftest import Run, run
from upwell.aws import deploy, events, probe

__all__ = ["Run", "run"]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    """An AWS account that this process talks to. Nobody sleeps in it."""
    with amazon() as (made, url):
        clear(monkeypatch, url, made.fake)
        monkeypatch.setattr(deploy, "over_http", made.door)
        for module in (deploy, events, probe):
            monkeypatch.setattr(module.time, "sleep", lambda _: None)
        yield made
