"""From a body to an `Export`: gzip, then the encoding. Bounded: inflation stops at a limit."""

from __future__ import annotations

import zlib

from upwell.otlp.model import Encoding, Signal
from upwell.testing.export import Export, Reader
from upwell.testing.otlpjson import JsonReader
from upwell.testing.plain import Unreadable
from upwell.testing.protobuf import ProtobufReader

_READERS: dict[Encoding, Reader] = {Encoding.JSON: JsonReader(), Encoding.PROTOBUF: ProtobufReader()}


class Inflated(Exception):
    """A body that inflates beyond the limit given."""


def read(body: bytes, signal: Signal, encoding: Encoding) -> Export:
    """Read an uncompressed body. Raises Unreadable."""
    reader = _READERS[encoding]
    return Export(signal, encoding, len(body), reader.groups(body, signal), reader)


def inflate(body: bytes, limit: int) -> bytes:
    """Undo gzip. Raises Inflated as soon as more than `limit` bytes come out, Unreadable for what is not gzip."""
    stream = zlib.decompressobj(wbits=31)
    try:
        out = stream.decompress(body, limit + 1)
    except zlib.error:
        raise Unreadable("the body is not gzip") from None
    if len(out) > limit:
        raise Inflated
    if not stream.eof or stream.unused_data:
        raise Unreadable("the gzip stream is cut, or something follows it")
    return out
