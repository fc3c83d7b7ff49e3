"""The store itself: opens `usage.duckdb`, takes what was read of batches, and knows how far it has come.

A write is one transaction: the rows that are new, what became of every item, and the cursor. One process writes; whoever asks
gets a cursor of the same connection. It reads no telemetry: what an item means was decided by its dialect.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from upwell.errors import DataDirError
from upwell.identity import NOBODY, Forgotten
from upwell.otlp import Signal
from upwell.store import engine, forgetting, inserting, schema, summary
from upwell.store.rollup import counting, marks
from upwell.store.rows import COUNTED, Counts, LeftOut, ReadBatch, Replaced
from upwell.store.summary import Summary

FILE: Final = "usage.duckdb"

_NAMES_KEPT: Final = 10_000
"""Names of unrecognised items come from clients: beyond this many, new ones are counted together."""

_OTHERS: Final = "others"


class Store:
    """DuckDB in one file. Raises DataDirError where it cannot be opened, SchemaTooNew where a newer Upwell wrote it."""

    def __init__(
        self,
        path: Path,
        *,
        memory_limit: int = 512 * 10**6,
        read_only: bool = False,
        forgotten: Callable[[], Forgotten] = lambda: NOBODY,
    ) -> None:
        """`memory_limit` bounds DuckDB's own memory, in bytes; rows of whoever is `forgotten` are never stored."""
        self.path = path
        self._forgotten = forgotten
        self._lock = threading.Lock()
        self._connection = engine.connect(path, memory_limit, read_only=read_only)
        try:
            if not read_only:
                schema.bring_forward(self._connection, path)
                path.chmod(0o600)
            self._writer = self._connection.cursor()
        except duckdb.Error as error:
            self._connection.close()
            raise DataDirError(f"{path} cannot be used: {engine.words(error)}") from None
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Wait for a write under way, then close."""
        with self._lock:
            self._connection.close()

    def bytes(self) -> int:
        """What its files take."""
        return sum(file.stat().st_size for file in self._files() if file.exists())

    def _files(self) -> tuple[Path, Path]:
        return self.path, self.path.with_name(f"{self.path.name}.wal")

    def copy(self, target: Path) -> None:
        """A consistent copy, with what is not yet in the main file beside it. Nobody writes meanwhile."""
        with self._lock:
            for file in self._files():
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy2(file, target / file.name)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own for questions; it sees what is committed, and waits for no write."""
        return self._connection.cursor()

    def write(self, signal: Signal, batches: Sequence[ReadBatch], cursor: Mapping[str, int], left_out: Sequence[LeftOut] = ()) -> Counts:
        """Store what is new of batches of one signal, and the cursor as {source: seq}, in one transaction."""
        with self.transaction() as db:
            total = self._take(db, signal, batches)
            for gap in left_out:
                db.execute("INSERT INTO left_out VALUES (?, ?, ?, ?, ?)", [signal.value, gap.source, gap.seq, gap.first, gap.last])
            for source, seq in cursor.items():
                _move(db, signal, source, seq)
            return total

    def _take(self, db: duckdb.DuckDBPyConnection, signal: Signal, batches: Sequence[ReadBatch]) -> Counts:
        batches = forgetting.without(batches, self._forgotten())
        _see(db, batches)
        added = inserting.insert(db, batches)
        total = Counts()
        for source in dict.fromkeys(batch.source for batch in batches):
            counts = _counts([batch for batch in batches if batch.source == source], added[source])
            total += counts
            _add_counts(db, signal, source, counts)
        _add_names(db, signal, batches)
        return total

    def replace(self, signal: Signal, source: str, upto: int, chunks: Iterable[Sequence[ReadBatch]]) -> Replaced:
        """Put what is read of one source now in the place of what was, in one transaction; where `chunks` raises, all stays as it was.

        `chunks` are all its batches up to `upto`, in order. Items that were counted oftener than they are there were duplicates.
        """
        with self.transaction() as db:
            marks.mark_rows(db, "source_segment = ? AND signal = ?", [source, signal.value])
            before = _total(db, "DELETE FROM events WHERE source_segment = ? AND signal = ?", source, signal.value)
            before += _total(db, "DELETE FROM points WHERE source_segment = ? AND signal = ?", source, signal.value)
            counted = _total(db, f"SELECT sum({' + '.join(COUNTED)}) FROM counts WHERE source = ? AND signal = ?", source, signal.value)  # noqa: S608
            db.execute("DELETE FROM counts WHERE source = ? AND signal = ?", [source, signal.value])
            db.execute("DELETE FROM unrecognised WHERE source = ? AND signal = ?", [source, signal.value])
            made = sum((self._take(db, signal, batches) for batches in chunks), Counts())
            if counted > made.items:
                again = Counts(duplicate=counted - made.items)
                _add_counts(db, signal, source, again)
                made += again
            _move(db, signal, source, upto)
            after = _total(db, _ROWS_OF_SOURCE, source, signal.value, source, signal.value)
        return Replaced(before, after, made)

    def forget(self, forgotten: Forgotten, names: Collection[str] = ()) -> int:
        """Delete every row of who is forgotten, and of `names` in clear; how many. Counts stay: they are of items, not of people."""
        people = {**forgotten.people, **dict.fromkeys(names, 2**63 - 1)}
        values = [list(forgotten.keys), list(people), list(people.values())]
        with self.transaction() as db:
            marks.mark_rows(db, _FORGOTTEN, values)
            gone = sum(_total(db, f"DELETE FROM {table} WHERE {_FORGOTTEN}", *values) for table in _TABLES)  # noqa: S608 - constants
            db.execute(_FORGET_PEOPLE)
            db.execute("DELETE FROM first_seen WHERE key_id IN (SELECT unnest(?::VARCHAR[]))", [list(forgotten.keys)])
        if gone:
            with self._lock, contextlib.suppress(duckdb.TransactionException):  # while somebody reads it waits, and happens by itself
                self._writer.execute("CHECKPOINT")
        return gone

    def forgotten(self) -> Forgotten:
        """Whoever is forgotten by now."""
        return self._forgotten()

    def knows(self, people: Collection[str]) -> bool:
        """Whether a row is about one of these."""
        query = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE person IN (SELECT unnest(?::VARCHAR[])))" for table in _TABLES)  # noqa: S608
        with self._reading() as db:
            return bool(_total(db, f"SELECT {query}", list(people), list(people)))

    def expire(self, before_ns: int) -> int:
        """Delete what happened before a time; how many rows. A series' last point stays, uncounted, for the next one's difference."""
        with self.transaction() as db:
            db.execute("UPDATE retained SET since_ns = greatest(since_ns, ?)", [before_ns])
            marks.mark_before(db, before_ns)
            gone = db.execute("DELETE FROM events WHERE time_ns < ?", [before_ns]).fetchone()
            also = db.execute(_EXPIRE_POINTS, [before_ns, before_ns]).fetchone()
        return sum(int(row[0]) for row in (gone, also) if row)

    def cursor(self, signal: Signal, source: str) -> int:
        """The last seq of a source that is stored; 0 for none."""
        with self._reading() as db:
            row = db.execute("SELECT seq FROM cursor WHERE signal = ? AND source = ?", [signal.value, source]).fetchone()
        return int(row[0]) if row else 0

    def counts(self, signal: Signal) -> Counts:
        """What became of all items of a signal."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTED)
        with self._reading() as db:
            row = db.execute(f"SELECT {sums} FROM counts WHERE signal = ?", [signal.value]).fetchone()  # noqa: S608 - constants
        return Counts(*map(int, row)) if row else Counts()

    def summary(self, sources: Collection[str]) -> Summary:
        """What it holds, and how many rows of it came from `sources`."""
        with self._reading() as db:
            return summary.take(db, sources)

    def left_out(self, signal: Signal, source: str) -> list[LeftOut]:
        """The items of a source that were never read, so that a rebuild leaves them out too."""
        query = "SELECT source, seq, first_item, last_item FROM left_out WHERE signal = ? AND source = ? ORDER BY seq, first_item"
        with self._reading() as db:
            return [LeftOut(*row) for row in db.execute(query, [signal.value, source]).fetchall()]

    def unrecognised(self, signal: Signal) -> dict[str, int]:
        """Items that no dialect knows, by agent and name, the most frequent first."""
        query = "SELECT name, sum(items)::BIGINT AS items FROM unrecognised WHERE signal = ? GROUP BY name ORDER BY items DESC, name"
        with self._reading() as db:
            return dict(db.execute(query, [signal.value]).fetchall())

    @contextlib.contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            self._writer.execute("BEGIN")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(duckdb.Error):  # a failed COMMIT has rolled back by itself
                    self._writer.execute("ROLLBACK")
                raise


def _see(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> None:
    """Remember when each key was first heard of."""
    first: dict[str, int] = {}
    for batch in batches:
        for key_id in {batch.key_id, *(point.event.key_id for point in batch.reading.points)}:
            first[key_id] = min(batch.received_ns, first.get(key_id, batch.received_ns))
    known = dict(db.execute("SELECT * FROM first_seen WHERE key_id IN (SELECT unnest(?::VARCHAR[]))", [list(first)]).fetchall())
    for key_id, at_ns in first.items():
        if key_id not in known or at_ns < known[key_id]:
            db.execute("INSERT OR REPLACE INTO first_seen VALUES (?, ?)", [key_id, at_ns])
            marks.mark_points(db, key_id)  # whether a series' first point counts whole hangs on this


def _move(db: duckdb.DuckDBPyConnection, signal: Signal, source: str, seq: int) -> None:
    # Plain statements: planning an ON CONFLICT takes as long as storing a hundred rows.
    if not _total(db, "UPDATE cursor SET seq = greatest(seq, ?) WHERE signal = ? AND source = ?", seq, signal.value, source):
        db.execute("INSERT INTO cursor VALUES (?, ?, ?)", [signal.value, source, seq])


def _total(db: duckdb.DuckDBPyConnection, query: str, *values: object) -> int:
    """The one number that a query gives, or the rows that a statement changed; 0 for NULL."""
    row = db.execute(query, list(values)).fetchone()
    return int(row[0] or 0) if row else 0


def _counts(batches: Sequence[ReadBatch], inserted: int) -> Counts:
    usage = sum(batch.reading.usage_items for batch in batches)
    not_usage = sum(batch.reading.not_usage for batch in batches)
    unrecognised = sum(sum(batch.reading.unrecognised.values()) for batch in batches)
    return Counts(inserted, usage - inserted, not_usage, unrecognised)


def _add_counts(db: duckdb.DuckDBPyConnection, signal: Signal, source: str, counts: Counts) -> None:
    added = ", ".join(f"{name} = {name} + ?" for name in COUNTED)
    values = [getattr(counts, name) for name in COUNTED]
    if not _total(db, f"UPDATE counts SET {added} WHERE signal = ? AND source = ?", *values, signal.value, source):  # noqa: S608 - constants
        db.execute("INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)", [signal.value, source, *values])


def _add_names(db: duckdb.DuckDBPyConnection, signal: Signal, batches: Sequence[ReadBatch]) -> None:
    names: Counter[tuple[str, str]] = Counter()
    for batch in batches:
        names.update({(batch.source, name): items for name, items in batch.reading.unrecognised.items()})
    if not names:
        return
    known = {name for (name,) in db.execute("SELECT DISTINCT name FROM unrecognised").fetchall()}
    told: Counter[tuple[str, str]] = Counter()
    for (source, name), items in names.items():
        clean = name.encode("utf-8", "replace").decode()
        if clean not in known and len(known) >= _NAMES_KEPT:
            clean = _OTHERS
        known.add(clean)
        told[source, clean] += items
    for (source, name), items in told.items():
        db.execute(
            "INSERT INTO unrecognised VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET items = items + excluded.items",
            [signal.value, source, name, items],
        )


_TABLES: Final = ("events", "points")

_ROWS_OF_SOURCE: Final = """
    SELECT (SELECT count(*) FROM events WHERE source_segment = ? AND signal = ?)
         + (SELECT count(*) FROM points WHERE source_segment = ? AND signal = ?)
"""

_FORGOTTEN: Final = """key_id IN (SELECT unnest(?::VARCHAR[])) OR EXISTS (
        SELECT 1 FROM (SELECT unnest(?::VARCHAR[]) AS who, unnest(?::BIGINT[]) AS at_ns) AS gone
        WHERE who = person AND time_ns <= at_ns)"""

_FORGET_PEOPLE: Final = f"""
    DELETE FROM people WHERE who NOT IN (
        SELECT DISTINCT {counting.who("told")} FROM (SELECT key_id, person FROM events UNION ALL SELECT key_id, person FROM points) AS told)
"""  # noqa: S608 - constants
"""Whoever no row is about any more."""

_EXPIRE_POINTS: Final = """
    DELETE FROM points WHERE time_ns < ? AND (series, start_ns, time_ns) NOT IN
        (SELECT (series, start_ns, max(time_ns)) FROM points WHERE time_ns < ? GROUP BY series, start_ns)
"""
