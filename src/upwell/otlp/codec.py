"""Bodies to batches and back: the door's decoder and the journal's encoder.

A body is either taken whole or refused with the place of its fault; nothing is guessed
and nothing is dropped without being counted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

import msgspec
import orjson
from google.protobuf.message import DecodeError

from upwell.errors import Malformed, TooLarge
from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Batch, Encoding, Signal
from upwell.otlp.reader import from_message
from upwell.otlp.schema import CHECKERS
from upwell.otlp.shape import count
from upwell.otlp.writer import to_message

MAX_ITEMS = 100_000
MAX_OBJECTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """A batch, and how many fields of its body were unknown and not kept."""

    batch: Batch
    unknown_fields: int


def decode(body: bytes, signal: Signal, encoding: Encoding) -> Decoded:
    """One export request, checked.

    Raises `Malformed`, naming the place, and `TooLarge` for more items or objects than the limits.
    """
    decoded = _decode_json(body, signal) if encoding is Encoding.JSON else _decode_protobuf(body, signal)
    if count(decoded.batch, signal) > MAX_ITEMS:
        raise TooLarge(f"more than {MAX_ITEMS:,} items in one request")
    return decoded


def encode(batch: Batch, signal: Signal, encoding: Encoding) -> bytes:
    """A body of exactly one top-level field, fit for `splice`."""
    if encoding is Encoding.PROTOBUF:
        return to_message(batch, signal).SerializeToString()
    try:
        return orjson.dumps(batch)
    except orjson.JSONEncodeError as error:
        raise Malformed(f"cannot be written as JSON: {error}") from error


def media_type(content_type: bytes | str) -> Encoding | None:
    """The encoding that a Content-Type names, or None for one that OTLP does not have."""
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    try:
        return Encoding(text.partition(";")[0].strip().lower())
    except ValueError:
        return None


def _decode_json(body: bytes, signal: Signal) -> Decoded:
    if body.count(b"{") + body.count(b"[") > MAX_OBJECTS:
        raise TooLarge(f"more than {MAX_OBJECTS:,} JSON objects and arrays in one request")
    try:
        whole = _load(body, signal)
    except msgspec.ValidationError as error:
        raise Malformed(f"not an OTLP/JSON {signal} request: {error}") from error
    except (ValueError, RecursionError):
        whole = _load_repaired(body, signal)
    field = signal.resource_field
    return Decoded({field: whole.get(field) or []}, len(whole) - (field in whole))


def _load(body: bytes, signal: Signal) -> Batch:
    CHECKERS[signal].decode(body)
    batch: Batch = orjson.loads(body)
    return batch


def _load_repaired(body: bytes, signal: Signal) -> Batch:
    try:
        return _load(_repair(body), signal)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not an OTLP/JSON {signal} request: {error}") from error


_SURROGATE = re.compile("[\ud800-\udfff]")


def _repair(body: bytes) -> bytes:
    """The same JSON with U+FFFD for what is not Unicode, and NaN and the infinities as strings."""
    value = json.loads(body.decode("utf-8", "replace"), parse_constant=str)
    return _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)).encode()


def _refuse(signal: Signal, error: Exception) -> NoReturn:
    raise Malformed(f"not an OTLP protobuf {signal} request: {error}") from error


def _decode_protobuf(body: bytes, signal: Signal) -> Decoded:
    try:
        message = REQUESTS[signal].FromString(body)
    except DecodeError as error:
        _refuse(signal, error)
    return Decoded(from_message(message), 0)
