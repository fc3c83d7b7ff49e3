"""What the crash tests stand on: a fake CloudWatch, and houses that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.crash.destination import Destination
from tests.crash.house import House, cloudwatch

MakeHouse = Callable[..., House]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are crash tests."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("crash")


@pytest.fixture
def fake() -> Iterator[Destination]:
    with Destination() as destination:
        yield destination


@pytest.fixture
def houses() -> Iterator[list[House]]:
    """All that a test has made; they end with it."""
    made: list[House] = []
    yield made
    for one in made:
        one.end()
        _show(one.log)


@pytest.fixture
def house(houses: list[House], tmp_path: Path, fake: Destination) -> MakeHouse:
    """Makes houses with one sink, the fake, where no other sections are given."""

    def make(
        environment: Mapping[str, str] | None = None, python_path: Sequence[Path] = (), data_dir: Path | None = None, **sections: Any
    ) -> House:
        sections = {"journal": {"reserve": 0}, "sinks": [cloudwatch(fake)], **sections}
        houses.append(House(tmp_path / "house", sections, environment or {}, python_path, data_dir))
        return houses[-1]

    return make


def _show(log: Path) -> None:
    """For pytest's report of a test that failed: what the processes said last."""
    print(f"--- {log.name}, the end of it ---")
    print("\n".join(log.read_text(errors="replace").splitlines()[-60:]))
