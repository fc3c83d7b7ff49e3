from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from upwell.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store(tmp_path / "usage.duckdb", memory_limit=128 * 10**6)
    yield opened
    opened.close()
