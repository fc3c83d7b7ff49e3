"""Bodies to batches and back: the front of the two doors, and the journal's encoder."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from upwell.errors import Malformed
from upwell.otlp.json_door import read_json
from upwell.otlp.model import Batch, Encoding, Signal
from upwell.otlp.protobuf_door import read_protobuf
from upwell.otlp.writer import to_message


class Decoded(NamedTuple):  # made for every request, and a frozen dataclass takes three times as long
    """A batch, and how many fields of its body were unknown and not kept."""

    batch: Batch
    unknown_fields: int


def decode(body: bytes, signal: Signal, encoding: Encoding) -> Decoded:
    """One export request, checked: what passes can be encoded either way, surveyed and cut without raising.

    Raises `Malformed`, naming the place, and `TooLarge` for more items or objects than `upwell.otlp.limits` allows.
    """
    read = read_json if encoding is Encoding.JSON else read_protobuf
    return Decoded(*read(body, signal))


def encode(batch: Batch, signal: Signal, encoding: Encoding) -> bytes:
    """A body of exactly one top-level field, fit for `splice`.

    Raises `Malformed` for unknown fields nested deeper than some 250 levels, which orjson reads but does not write.
    """
    if encoding is Encoding.PROTOBUF:
        return to_message(batch, signal).SerializeToString()
    try:
        return orjson.dumps(batch)
    except orjson.JSONEncodeError as error:
        raise Malformed(f"cannot be written as JSON: {error}") from error


def load(body: bytes) -> Batch:
    """The batch of a JSON body that `encode` wrote, at half the cost of `decode` and under no limit: it has passed the door."""
    batch: Batch = orjson.loads(body)
    return batch


def media_type(content_type: bytes | str) -> Encoding | None:
    """The encoding that a Content-Type names, or None for one that OTLP does not have."""
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    try:
        return Encoding(text.partition(";")[0].strip().lower())
    except ValueError:
        return None
