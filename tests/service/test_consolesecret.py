"""The console's secret is made once, is private, and is what links carry a trace of."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from upwell.config import Settings
from upwell.errors import DataDirError
from upwell.service import consolesecret


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    """Whoever starts first makes it, and all others find the same."""
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(consolesecret.take, [tmp_path] * 8))

    assert [len(secret) for secret in found] == [32]
    assert stat.S_IMODE((tmp_path / consolesecret.FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [consolesecret.FILE]


def test_a_cut_one_is_refused(tmp_path: Path) -> None:
    """A guessable secret is worse than none."""
    (tmp_path / consolesecret.FILE).write_bytes(b"")

    with pytest.raises(DataDirError, match="32 bytes"):
        consolesecret.take(tmp_path)


def test_only_links_carry_a_token(tmp_path: Path) -> None:
    """Where nobody signs in, or a proxy does it, the address alone is enough."""
    plain = Settings.model_validate({"data_dir": tmp_path})
    linked = Settings.model_validate({"data_dir": tmp_path, "console": {"auth": "token"}})

    assert consolesecret.link(plain, "http://127.0.0.1:1") == "http://127.0.0.1:1"
    admin, viewer = consolesecret.link(linked, "http://127.0.0.1:1"), consolesecret.link(linked, "http://127.0.0.1:1", "viewer")
    assert admin.startswith("http://127.0.0.1:1/?token=")
    assert admin != viewer
