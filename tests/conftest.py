"""Options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--rounds N`: how often the crash test kills."""
    parser.addoption("--rounds", type=int, default=50, help="rounds of kill -9 in tests/crash/test_rounds.py (default: %(default)s)")
