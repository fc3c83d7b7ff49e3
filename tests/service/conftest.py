"""What the service's tests stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.relay.world import ScriptedSink, World
from upwell.sinks.base import Outcome

MakeWorld = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes worlds whose books are closed in the end."""
    made: list[World] = []

    def make(answer: Callable[[list[str]], Outcome] | None = None, folder: str = "data") -> World:
        (tmp_path / folder).mkdir(exist_ok=True)
        made.append(World(tmp_path / folder, ScriptedSink(answer)))
        return made[-1]

    yield make
    for one in made:
        one.close()
