"""The audit says since when which policy holds."""

from __future__ import annotations

from pathlib import Path

from upwell import audit
from upwell.config import Settings
from upwell.service import policynote


def test_a_change_of_policy_is_a_line(tmp_path: Path) -> None:
    """A start that changes nothing is none."""
    before = Settings.model_validate({"data_dir": tmp_path})
    after = Settings.model_validate({"data_dir": tmp_path, "policy": {"person": "none"}, "console": {"floor": 8}})
    for settings in (before, before, after, after, before):
        policynote.note(settings)

    lines = audit.read(tmp_path)
    assert [(line["deed"], line["settings"]["policy.person"], line["settings"]["console.floor"]) for line in lines] == [
        ("policy", "pseudonym", 5),
        ("policy", "none", 8),
        ("policy", "pseudonym", 5),
    ]
