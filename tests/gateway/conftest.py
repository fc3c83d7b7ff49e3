"""One door for the tests of this folder that leave no traces in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from upwell.testing.doorway import Doorway


@pytest.fixture(scope="module")
def door() -> Iterator[Doorway]:
    with Doorway(rate_per_second=0) as running:
        yield running
