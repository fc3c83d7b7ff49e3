"""What opening an SQLite file promises."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from upwell.database import open_database, schema_version
from upwell.errors import DataDirError, SchemaTooNew

FIRST = "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE INDEX by_name ON things (name);"
SECOND = "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 0; UPDATE things SET size = length(name);"


def test_a_new_file_is_at_the_newest_version_and_private(tmp_path: Path) -> None:
    """A file that was not there is made 0600 with every migration applied and no copy."""
    with closing(open_database(tmp_path / "a.db", [FIRST, SECOND])) as connection:
        connection.execute("INSERT INTO things (name, size) VALUES ('x', 1)")

        assert schema_version(connection) == 2

    assert (tmp_path / "a.db").stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]


def test_the_siblings_of_a_wal_are_private(tmp_path: Path) -> None:
    """The -wal and -shm files take the main file's mode."""
    with closing(open_database(tmp_path / "a.db", [FIRST])) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO things (name) VALUES ('x')")

        modes = {entry.name: entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()}

    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_an_older_file_is_copied_then_brought_forward(tmp_path: Path) -> None:
    """The copy is what was there before; the file has the new column, filled."""
    path = tmp_path / "a.db"
    with closing(open_database(path, [FIRST])) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO things (name) VALUES ('four')")

        with closing(open_database(path, [FIRST, SECOND])) as newer:  # the WAL is not checkpointed yet
            assert newer.execute("SELECT name, size FROM things").fetchall() == [("four", 4)]

    copy = tmp_path / "a.db.v1.bak"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(open_database(copy, [FIRST])) as old:
        assert old.execute("SELECT * FROM things").fetchall() == [(1, "four")]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """A file at our version is opened without a copy or a migration."""
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()
    before = path.read_bytes()

    open_database(path, [FIRST]).close()

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]


def test_no_copy_where_none_is_wanted(tmp_path: Path) -> None:
    """copy_before=False migrates in place."""
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()

    open_database(path, [FIRST, SECOND], copy_before=False).close()

    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    """A file of a newer version is named with both versions, and left as it is."""
    path = tmp_path / "a.db"
    open_database(path, [FIRST, SECOND]).close()
    before = path.read_bytes()

    with pytest.raises(SchemaTooNew, match=r"a\.db has schema version 2; this Upwell knows versions up to 1"):
        open_database(path, [FIRST])

    assert path.read_bytes() == before


def test_a_failing_migration_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A migration is all or nothing, and what failed can be tried again."""
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()

    with pytest.raises(DataDirError, match=r"a\.db cannot be used: no such table: nowhere"):
        open_database(path, [FIRST, SECOND + "INSERT INTO nowhere VALUES (1);"])

    with closing(open_database(path, [FIRST])) as connection:
        assert [row[1] for row in connection.execute("PRAGMA table_info(things)")] == ["id", "name"]
    open_database(path, [FIRST, SECOND]).close()


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    """Text in the file's place is an error that names the file."""
    path = tmp_path / "a.db"
    path.write_text("not a database, but long enough to have a header" * 10)

    with pytest.raises(DataDirError, match=r"a\.db cannot be used: file is not a database"):
        open_database(path, [FIRST])


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    """Tables without a schema version are not ours to migrate."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")

    with pytest.raises(DataDirError, match=r"a\.db is an SQLite file, but not one of Upwell's"):
        open_database(path, [FIRST])


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    """There is no silent mkdir."""
    with pytest.raises(DataDirError, match=r"nowhere/a\.db cannot be opened: No such file or directory"):
        open_database(tmp_path / "nowhere" / "a.db", [FIRST])


def test_two_starts_at_once_migrate_once(tmp_path: Path) -> None:
    """Of many that open an old file at the same time, each ends with a migrated one."""
    path = tmp_path / "a.db"
    open_database(path, [FIRST]).close()
    versions: list[int] = []

    def start() -> None:
        with closing(open_database(path, [FIRST, SECOND])) as connection:
            versions.append(schema_version(connection))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert versions == [2] * 8


def test_semicolons_inside_a_statement_do_not_cut_it(tmp_path: Path) -> None:
    """Triggers and quoted semicolons survive the statement-by-statement run, and so does a missing last semicolon."""
    script = """
        CREATE TABLE a (x TEXT DEFAULT ';');
        CREATE TABLE b (x TEXT);
        CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (new.x || ';'); END;
        INSERT INTO a VALUES ('y;z')
    """
    with closing(open_database(tmp_path / "a.db", [script])) as connection:
        assert connection.execute("SELECT x FROM b").fetchall() == [("y;z;",)]
