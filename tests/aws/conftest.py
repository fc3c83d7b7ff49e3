"""An account per test, and the command line in it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

from tests.aws.amazon import Amazon, amazon, clear
from tests.cli.conftest import Run, run
from upwell.aws import deploy, events, probe

__all__ = ["Run", "run"]

_read = JSONFileLoader.load_file


@functools.cache
def _model(path: str) -> Any:
    return _read(JSONFileLoader(), path)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    """An AWS account that this process talks to. Nobody sleeps in it."""
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _, path: _model(path))  # or half the time goes into reading services' models
    with amazon() as (made, url):
        clear(monkeypatch, url, made.fake)
        monkeypatch.setattr(deploy, "over_http", made.door)
        for module in (deploy, events, probe):
            monkeypatch.setattr(module.time, "sleep", lambda _: None)
        yield made
