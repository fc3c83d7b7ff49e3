"""docs/dialects.md is true."""

from __future__ import annotations

import re
from pathlib import Path

from upwell.usage import DIALECTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dialects.md").read_text()


def test_every_dialect_is_described() -> None:
    """The table of agents has a line for each module, under the agent's own name."""
    lines = re.findall(r"^\| (`?[^|`]+`?(?:`service.name`)?) \| `(\w+)` \|", PAGE, re.MULTILINE)

    assert {module: agent.strip("`") for agent, module in lines if module != "genai"} == {d.name: d.agent for d in DIALECTS if d.agent}
    assert "`genai`" in PAGE


def test_every_trap_has_its_test() -> None:
    """The traps listed are those tested."""
    tested = re.findall(r"^def test_trap_(\d+)_", (ROOT / "tests" / "usage" / "test_traps.py").read_text(), re.MULTILINE)

    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == tested


def test_every_module_says_what_it_is_for() -> None:
    """A dialect begins with its traps."""
    for dialect in DIALECTS:
        text = (ROOT / "src" / "upwell" / "usage" / "dialects" / f"{dialect.name}.py").read_text()
        assert "Traps" in text.split('"""')[1], dialect.name
