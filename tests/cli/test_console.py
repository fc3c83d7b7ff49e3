"""`upwell console`: the address to open, with the link where one signs in."""

from __future__ import annotations

import re

from tests.cli.conftest import Run

DIR = ("--data-dir", "data")


def test_the_address_is_printed(run: Run) -> None:
    """Nobody signs in by default, so the address is all."""
    run("keys", "add", "--team", "platform", *DIR)

    assert run("console", *DIR).out == "http://127.0.0.1:8318\n"


def test_each_role_has_its_link(run: Run) -> None:
    """The same one each time, until the secret is deleted."""
    from pathlib import Path

    Path("upwell.toml").write_text('[console]\nauth = "token"\n')
    run("keys", "add", "--team", "platform", *DIR)
    admin, viewer = run("console", *DIR).out, run("console", "--viewer", *DIR).out

    assert re.fullmatch(r"http://127\.0\.0\.1:8318/\?token=[0-9a-f]{32}\n", admin)
    assert viewer != admin
    assert run("console", "--json", *DIR).json == {"url": admin.strip(), "auth": "token"}
