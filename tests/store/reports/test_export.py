"""Exports: every row that may go, none that tells of few people, and nothing that joins two exports."""

from __future__ import annotations

import stat
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.reports.making import MONDAY, fill, reporter, use
from upwell.errors import ConfigError, DataDirError
from upwell.store import Store
from upwell.store.reports import Query
from upwell.store.reports.export import _LABELS, COLUMNS
from upwell.usage import Kind

PERIOD = Query(since=MONDAY, until=MONDAY.replace(month=10))


def _read(path: Path) -> list[dict[str, Any]]:
    """What an export has, read back."""
    source = f"read_parquet('{path}/*.parquet')" if path.is_dir() else f"read_csv('{path}', header = true)"
    with duckdb.connect() as db:
        found = db.execute(f"FROM {source}")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _team(team: str, people: int, **columns: Any) -> list[Any]:
    return [use(f"{team} {n}", day, team=team, session=f"{team} {n}", prompt="q", **columns) for n in range(people) for day in (0, 1)]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_come_out_as_they_are(store: Store, tmp_path: Path, kind: Any) -> None:
    """Every row of a group above the floor, with its figures, in both formats."""
    fill(store, _team("core", 5, kind=Kind.API_REQUEST, model="m", input_tokens=7, cost_usd=0.5))

    done = reporter(store).export(tmp_path / "out", kind, PERIOD)

    rows = _read(tmp_path / "out")
    assert list(rows[0]) == list(COLUMNS)
    assert (done.rows, done.left_out, len(rows)) == (10, 0, 10)
    assert {(row["team"], row["model"], row["input_tokens"], row["cost_usd"]) for row in rows} == {("core", "m", 7, 0.5)}
    assert sum(row["cost_usd"] for row in rows) == 5.0
    assert {str(row["day"]) for row in rows} == {"2026-09-21", "2026-09-22"}


def test_nothing_says_who(store: Store, tmp_path: Path) -> None:
    """No name, pseudonym, key, session or prompt of the store stands in an export."""
    fill(store, _team("core", 6, repository="secret", branch="b", agent_version="9"))

    reporter(store).export(tmp_path / "out.csv", "csv", PERIOD)

    text = (tmp_path / "out.csv").read_text()
    for word in ("core 0", "secret", "key", ",9,"):
        assert word not in text


def test_two_exports_cannot_be_joined(store: Store, tmp_path: Path) -> None:
    """Sessions hold together within one, and have other names in the next."""
    fill(store, _team("core", 5))

    for name in ("one", "two"):
        reporter(store).export(tmp_path / name, "parquet", PERIOD)

    one, two = ({row["session"] for row in _read(tmp_path / name)} for name in ("one", "two"))
    assert len(one) == len(two) == 5
    assert not one & two


def test_what_few_share_is_merged(store: Store, tmp_path: Path) -> None:
    """A small team, and a model that one person used, lose their names; the rows stay."""
    fill(store, [*_team("core", 6, model="m"), *_team("tiny", 5 - 1, model="m"), *_team("one", 1, model="rare")])

    done = reporter(store).export(tmp_path / "out", "parquet", PERIOD)

    rows = _read(tmp_path / "out")
    assert done.rows + done.left_out == 22
    assert {row["team"] for row in rows} == {"core", "other"} or {row["team"] for row in rows} == {"core"}
    assert "rare" not in {row["model"] for row in rows}


def test_a_day_of_few_is_left_out(store: Store, tmp_path: Path) -> None:
    """And said."""
    fill(store, [*_team("core", 8), *(use(f"core {n}", 5, team="core") for n in range(2)), *(use(f"core {n}", 6) for n in range(4))])

    done = reporter(store).export(tmp_path / "out", "parquet", PERIOD)

    assert {str(row["day"]) for row in _read(tmp_path / "out")} <= {"2026-09-21", "2026-09-22"}
    assert any("days are left out" in note for note in done.notes)


def test_an_installation_that_is_one_group(store: Store, tmp_path: Path) -> None:
    """Everything but where people belong, and told so."""
    fill(store, _team("core", 2, tool="Bash"))

    done = reporter(store, enrolled=2).export(tmp_path / "out", "parquet", PERIOD)

    assert {(row["team"], row["tool"]) for row in _read(tmp_path / "out")} == {("other", "Bash")}
    assert any("one group" in note for note in done.notes)


def test_what_stands_there_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    """A folder or file that exists, and a place that does not, are refused."""
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("mine")

    for name, kind in (("there", "parquet"), ("file", "csv")):
        with pytest.raises(ConfigError, match="is there already"):
            reporter(store).export(tmp_path / name, kind, PERIOD)  # type: ignore[arg-type]
    with pytest.raises(DataDirError, match="cannot be written"):
        reporter(store).export(tmp_path / "no" / "such" / "folder", "parquet", PERIOD)
    assert (tmp_path / "file").read_text() == "mine"


def test_files_are_private(store: Store, tmp_path: Path) -> None:
    """Only their owner reads them, until somebody decides otherwise."""
    fill(store, _team("core", 5))
    reporter(store).export(tmp_path / "out", "parquet", PERIOD)
    reporter(store).export(tmp_path / "out.csv", "csv", PERIOD)

    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 1), st.sampled_from("ab"), st.sampled_from("tuv"), st.sampled_from("mn")),
        min_size=1,
        max_size=25,
    )
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_no_labels_of_few(tmp_path_factory: pytest.TempPathFactory, uses: list[tuple[int, int, str, str, str]]) -> None:
    """Whatever people did, the labels of a row are shared by the floor or more on its day."""
    folder = tmp_path_factory.mktemp("export")
    store = Store(folder / "usage.duckdb", memory_limit=128 * 10**6)
    rows = [use(f"p{who}", day, agent=agent, team=team, model=model, session=f"{who}") for who, day, agent, team, model in uses]
    fill(store, rows)

    done = reporter(store, floor=3).export(folder / "out", "parquet", replace(PERIOD))

    sharing: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in _read(folder / "out") if done.files else []:
        sharing[row["day"], *(row[label] for label in _LABELS)].add(row["session"])
    assert all(len(sessions) >= 3 for sessions in sharing.values())
    store.close()
