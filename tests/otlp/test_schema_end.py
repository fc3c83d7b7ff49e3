"""The end of a process that has used the schema."""

from __future__ import annotations

import subprocess
import sys


def test_a_process_that_used_the_schema_ends_well() -> None:
    """Every command exits with its own code, never by a crash of the interpreter's last collection (one in four did)."""
    command = [sys.executable, "-c", "import upwell.otlp.schema, sys; sys.exit(7)"]
    running = [subprocess.Popen(command, env={"PYTHONPATH": ":".join(sys.path)}, stderr=subprocess.DEVNULL) for _ in range(24)]

    assert [process.wait() for process in running] == [7] * 24
