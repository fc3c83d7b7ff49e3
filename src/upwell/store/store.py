"""The store itself: opens `usage.duckdb`, takes what was read of batches, and knows how far it has come.

A write is one transaction: the rows that are new, what became of every item, and the cursor. One process writes; whoever asks
gets a cursor of the same connection. It reads no telemetry: what an item means was decided by its dialect.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import duckdb

from upwell.errors import DataDirError
from upwell.otlp import Signal
from upwell.store import engine, rows, schema
from upwell.store.rollup import marks
from upwell.store.rows import COUNTED, Counts, ReadBatch
from upwell.usage import CumulativePoint, UsageEvent

FILE: Final = "usage.duckdb"

_NAMES_KEPT: Final = 10_000
"""Names of unrecognised items come from clients: beyond this many, new ones are counted together."""

_OTHERS: Final = "others"


class UsageStore(Protocol):
    """What the usage lane needs of a store."""

    def write(self, signal: Signal, batches: Sequence[ReadBatch], cursor: Mapping[str, int]) -> Counts:
        """Store what is new of batches of one signal, and the cursor as {source: seq}, in one transaction."""

    def cursor(self, signal: Signal, source: str) -> int:
        """The last seq of a source that is stored; 0 for none."""

    def counts(self, signal: Signal) -> Counts:
        """What became of all items of a signal."""


class Store:
    """DuckDB in one file. Raises DataDirError where it cannot be opened, SchemaTooNew where a newer Upwell wrote it."""

    def __init__(self, path: Path, *, memory_limit: int = 512 * 10**6, read_only: bool = False) -> None:
        """`memory_limit` bounds DuckDB's own memory, in bytes."""
        self.path = path
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

    def copy(self, target: Path) -> None:
        """A consistent copy, with what is not yet in the main file beside it. Nobody writes meanwhile."""
        with self._lock:
            for file in (self.path, self.path.with_name(f"{self.path.name}.wal")):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy2(file, target / file.name)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own for questions; it sees what is committed, and waits for no write."""
        return self._connection.cursor()

    def write(self, signal: Signal, batches: Sequence[ReadBatch], cursor: Mapping[str, int]) -> Counts:
        """Store what is new of batches of one signal, and the cursor as {source: seq}, in one transaction."""
        with self.transaction() as db:
            self._see(db, batches)
            inserted = _insert_events(db, batches) + _insert_points(db, batches)
            total = Counts()
            for source in dict.fromkeys(batch.source for batch in batches):
                counts = _counts([batch for batch in batches if batch.source == source], inserted[source])
                total += counts
                _add_counts(db, signal, source, counts)
            _add_names(db, signal, batches)
            for source, seq in cursor.items():
                db.execute("INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq", [signal.value, source, seq])
            return total

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
        """The one writing connection, for one transaction. Whoever changes rows in it marks their hours (`rollup.marks`)."""
        with self._lock:
            self._writer.execute("BEGIN")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(duckdb.Error):  # a failed COMMIT has rolled back by itself
                    self._writer.execute("ROLLBACK")
                raise

    @staticmethod
    def _see(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> None:
        """Remember when each key was first heard of."""
        first: dict[str, int] = {}
        for batch in batches:
            for key_id in {batch.key_id, *(point.event.key_id for point in batch.reading.points)}:
                first[key_id] = min(batch.received_ns, first.get(key_id, batch.received_ns))
        for key_id, at_ns in first.items():
            sooner = db.execute(
                "INSERT INTO first_seen VALUES (?, ?) ON CONFLICT DO UPDATE SET at_ns = excluded.at_ns WHERE excluded.at_ns < at_ns",
                [key_id, at_ns],
            ).fetchone()
            if sooner and sooner[0]:  # whether a series' first point counts whole hangs on this
                marks.mark_points(db, key_id)


def _insert_events(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> Counter[str]:
    """Insert the events that are not there yet; how many items each source added."""
    found: dict[bytes, tuple[UsageEvent, ReadBatch]] = {}
    for batch in batches:
        for event in batch.reading.events:
            found.setdefault(event.id, (event, batch))
    if not found:
        return Counter()
    times = [event.time_ns for event, _ in found.values()]
    marks.mark(db, times)
    new = db.execute(_INSERT_EVENTS, [rows.texts(rows.event(*pair) for pair in found.values()), min(times), max(times)]).fetchall()
    added: Counter[str] = Counter()
    for (row_id,) in new:
        event_id = row_id.bytes if isinstance(row_id, UUID) else UUID(row_id).bytes
        _, batch = found[event_id]
        if event_id not in batch.reading.further:
            added[batch.source] += 1
    return added


def _insert_points(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> Counter[str]:
    """Insert the points that are not there yet; how many items each source added."""
    found: dict[tuple[bytes, int, int, float], tuple[CumulativePoint, ReadBatch]] = {}
    for batch in batches:
        for point in batch.reading.points:
            found.setdefault((point.series, point.start_ns, point.time_ns, point.value), (point, batch))
    if not found:
        return Counter()
    times = [point.time_ns for point, _ in found.values()]
    new = db.execute(_INSERT_POINTS, [rows.texts(rows.point(*pair) for pair in found.values()), min(times), max(times)]).fetchall()
    if new:
        marks.mark(db, times)
        marks.mark_following(db, min(times), max(times))
    return Counter(source for (source,) in new)


def _counts(batches: Sequence[ReadBatch], inserted: int) -> Counts:
    usage = sum(batch.reading.usage_items for batch in batches)
    not_usage = sum(batch.reading.not_usage for batch in batches)
    unrecognised = sum(sum(batch.reading.unrecognised.values()) for batch in batches)
    return Counts(inserted, usage - inserted, not_usage, unrecognised)


def _add_counts(db: duckdb.DuckDBPyConnection, signal: Signal, source: str, counts: Counts) -> None:
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in COUNTED)
    values: list[Any] = [signal.value, source, *(getattr(counts, name) for name in COUNTED)]
    db.execute(f"INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET {added}", values)  # noqa: S608 - constants


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


_INCOMING: Final = "SELECT unnest(from_json(text, '{}')) FROM (SELECT unnest(?::VARCHAR[]) AS text)"

_INSERT_EVENTS: Final = f"""
    INSERT INTO events ({schema.columns(schema.EVENTS)})
    SELECT incoming.* FROM ({_INCOMING.format(schema.structure(schema.EVENTS))}) AS incoming
    ANTI JOIN (SELECT id FROM events WHERE time_ns BETWEEN ? AND ?) AS stored ON incoming.id = stored.id
    RETURNING id
"""  # noqa: S608 - constants

_EXPIRE_POINTS: Final = """
    DELETE FROM points WHERE time_ns < ? AND (series, start_ns, time_ns) NOT IN
        (SELECT (series, start_ns, max(time_ns)) FROM points WHERE time_ns < ? GROUP BY series, start_ns)
"""

_INSERT_POINTS: Final = f"""
    INSERT INTO points ({schema.columns(schema.POINTS)})
    SELECT incoming.* FROM ({_INCOMING.format(schema.structure(schema.POINTS))}) AS incoming
    ANTI JOIN (SELECT series, start_ns, time_ns, "value" FROM points WHERE time_ns BETWEEN ? AND ?) AS stored
        ON incoming.series = stored.series AND incoming.start_ns = stored.start_ns
        AND incoming.time_ns = stored.time_ns AND incoming."value" = stored."value"
    RETURNING source_segment
"""  # noqa: S608 - constants
