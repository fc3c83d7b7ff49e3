"""Imports run downwards only, and the parts that must start fast import nothing slow."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _imported(module: str) -> set[str]:
    script = f"import sys, {module}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_the_layers_hold() -> None:
    """import-linter finds no import that runs upwards, and none of the shipped fakes."""
    result = subprocess.run([sys.executable, "-m", "importlinter.cli", "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_every_package_is_in_a_layer() -> None:
    """A new package cannot stand outside of the layers."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]

    assert contract["exhaustive"] is True


def test_help_imports_nothing_slow() -> None:
    """`upwell --help` answers at once because nothing that takes long is imported for it."""
    slow = {"pydantic", "botocore", "uvicorn", "starlette", "orjson", "google.protobuf", "rich", "asyncio", "sqlite3", "upwell.config"}

    assert _imported("upwell.cli.app") & slow == set()


def test_the_gateway_needs_no_cloud_library() -> None:
    """The process that answers agents does not carry what only destinations need."""
    assert "botocore" not in _imported("upwell.service.gateway")
