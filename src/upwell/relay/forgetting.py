"""Takes somebody who was forgotten out of quarantine: batches sent with their keys, and items that say it was they.

What a key does not tell is read from the items: who stands on them, as policy wrote it. Nothing here touches the store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from upwell.errors import Malformed, NoSuchEntry, TooLarge
from upwell.journal.book import Book
from upwell.journal.quarantine import QuarantineEntry
from upwell.otlp import Batch, Encoding, Signal, decode, encode, items, merge, select
from upwell.usage import person_of


@dataclass(frozen=True, slots=True)
class Purged:
    """Items that left quarantine, and batches that could not be cut because they are on their way again."""

    items: int = 0
    busy: int = 0


def purge_quarantine(book: Book, keys: Collection[str], people: Collection[str]) -> Purged:
    """Take out what was sent with these keys or stands under these names, of all lanes."""
    gone = busy = 0
    for entry in book.quarantine.list():
        taken = _purge(book, entry, keys, people)
        gone, busy = gone + (taken or 0), busy + (taken is None)
    return Purged(gone, busy)


def _purge(book: Book, entry: QuarantineEntry, keys: Collection[str], people: Collection[str]) -> int | None:
    """How many items one batch lost; None where it cannot be cut just now."""
    if entry.key_id in keys:
        return book.quarantine.forget(entry.id, entry.items)
    if not people:
        return 0
    try:
        _, body = book.quarantine.show(entry.id)
    except NoSuchEntry:
        return 0
    if not any(name.encode() in body for name in people):
        return 0
    signal = Signal(entry.lane.rpartition("/")[2])
    try:
        batch = decode(body, signal, Encoding.JSON).batch
    except (Malformed, TooLarge):
        return book.quarantine.forget(entry.id, entry.items)
    kept = list(_others(batch, signal, people))
    left = sum(last - first for first, last in kept)
    if left == entry.items:
        return 0
    rest = encode(merge([select(batch, signal, *run) for run in kept], signal), signal, Encoding.JSON) if left else None
    return book.quarantine.forget(entry.id, entry.items - left, rest)


def _others(batch: Batch, signal: Signal, people: Collection[str]) -> Iterator[tuple[int, int]]:
    """The runs [first, last) of items that are somebody else's."""
    first = number = 0
    for number, item in enumerate(items(batch, signal), start=1):
        if person_of(item.resource, item.item) in people:
            if first < number - 1:
                yield first, number - 1
            first = number
    if first < number:
        yield first, number
