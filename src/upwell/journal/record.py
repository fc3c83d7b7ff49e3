"""One batch as a row of a segment: the table, its columns in order, and the CRC over all of them.

The CRC is the only judge of a row: SQLite reads damaged pages back without an error. A row that
fails it in any way is None here, never an exception.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import zstandard

from upwell.journal.rows import Entry, Row
from upwell.otlp.model import Signal

MIGRATIONS = (
    # `seq` is given by the writer, 1, 2, 3...: a missing one is a lost row. No unique index on digest: the
    # gateway's memory decides what is a retry, the column only refills it after a restart, and an index would
    # be one more page in every commit. The body stands last, so that a scan of the other columns need not read it.
    """
    CREATE TABLE batches(
      seq INTEGER PRIMARY KEY, signal TEXT NOT NULL, key_id TEXT NOT NULL, received_ns INTEGER NOT NULL, items INTEGER NOT NULL,
      dropped TEXT, bytes INTEGER NOT NULL, oldest_ns INTEGER NOT NULL, newest_ns INTEGER NOT NULL, digest BLOB NOT NULL,
      crc INTEGER NOT NULL, body BLOB NOT NULL
    );
    """,
)
COLUMNS = "seq, signal, key_id, received_ns, items, dropped, bytes, oldest_ns, newest_ns, digest, crc, body"
INSERT = f"INSERT INTO batches({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 # no value in it

Values: TypeAlias = tuple[Any, ...]
"""A row's columns as SQLite gives them, text as bytes; after damage, of any type."""

SIGNALS: Mapping[bytes, Signal] = {signal.value.encode(): signal for signal in Signal}
DIGEST_BYTES = 16
_HEAD_BYTES = 128
_NAMES = {signal: signal.value for signal in Signal}
_LEVEL = 1
_MAX_INTEGER = 2**63 - 1
_FIXED = struct.Struct(">5q16s3H")
_SEQ = struct.Struct(">q")


class Record(NamedTuple):
    """An entry ready to be stored: compressed and summed up, all but its seq.

    `columns` stand between `seq` and `crc`; `size` is about what it adds to the file.
    """

    entry: Entry
    columns: Values
    crc: int
    stored: bytes
    size: int

    def values(self, seq: int) -> Values:
        """All columns, for INSERT."""
        return (seq, *self.columns, zlib.crc32(_SEQ.pack(seq), self.crc), self.stored)


def record(entry: Entry, compressor: zstandard.ZstdCompressor) -> Record:
    """Compress an entry and sum it up. What cannot be stored raises here, where it fails nobody else's commit."""
    stored = compressor.compress(entry.body)
    signal = _NAMES[entry.signal]
    dropped = json.dumps(dict(entry.dropped), separators=(",", ":")) if entry.dropped else None
    # OTLP times are unsigned, SQLite's integers are not; the year 2262 is far enough.
    times = (min(entry.oldest_ns, _MAX_INTEGER), min(entry.newest_ns, _MAX_INTEGER))
    middle = (entry.received_ns, entry.items, dropped and dropped.encode(), len(entry.body), *times, entry.digest)
    crc = _crc((signal.encode(), entry.key_id.encode(), *middle), stored)
    columns = (signal, entry.key_id, entry.received_ns, entry.items, dropped, len(entry.body), *times, entry.digest)
    return Record(entry, columns, crc, stored, len(stored) + _HEAD_BYTES)


def compressor() -> zstandard.ZstdCompressor:
    """One for `record`; not to be shared between threads."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False, write_content_size=True)


def intact(values: Values) -> bool:
    """Whether a row is what was written under its seq."""
    seq, *columns, crc, stored = values
    try:
        return bool(zlib.crc32(_SEQ.pack(seq), _crc(columns, stored)) == crc)
    except (struct.error, TypeError, AttributeError):  # damage changed a column's type
        return False


def row(segment: str, values: Values, decompressor: zstandard.ZstdDecompressor) -> Row | None:
    """An intact row with its body inflated, or None where that fails all the same."""
    seq, signal, key_id, received_ns, items, _, size, oldest_ns, newest_ns, _, _, stored = values
    try:
        body = decompressor.decompress(stored, max_output_size=size) if size else b""
    except zstandard.ZstdError:
        return None
    if len(body) != size or signal not in SIGNALS:
        return None
    return Row(segment, seq, SIGNALS[signal], key_id.decode(), received_ns, items, oldest_ns, newest_ns, body)


def rules(dropped: Any) -> dict[str, int]:
    """What policy removed, by rule, from the column `dropped`; nothing where that is damaged."""
    try:
        return {str(rule): int(items) for rule, items in json.loads(dropped).items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _crc(columns: Sequence[Any], stored: bytes) -> int:
    """The sum of `columns`, as SQLite gives them back, and the stored body."""
    signal, key_id, received_ns, items, dropped, size, oldest_ns, newest_ns, digest = columns
    rules = dropped or b""
    if len(digest) != DIGEST_BYTES:
        raise TypeError(f"a digest has {DIGEST_BYTES} bytes")
    fixed = _FIXED.pack(received_ns, items, size, oldest_ns, newest_ns, digest, len(signal), len(key_id), len(rules))
    return zlib.crc32(stored, zlib.crc32(fixed + signal + key_id + rules))
