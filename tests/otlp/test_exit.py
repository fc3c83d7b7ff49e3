"""How a process that has read protobuf ends."""

from __future__ import annotations

import subprocess
import sys


def test_the_interpreter_ends_in_good_order() -> None:
    """Importing the messages doesn't make the interpreter crash at its end; it did, one time in three."""
    codes = {subprocess.run([sys.executable, "-c", "import upwell.otlp.messages"], check=False).returncode for _ in range(12)}

    assert codes == {0}
