"""OTLP protobuf bodies to batches.

Upb parses; before it does, a body large enough to be a bomb is walked without building
anything. Unknown fields are counted and dropped: without their descriptor they have no JSON form.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from upwell.errors import Malformed
from upwell.otlp.guard import refuse_bomb
from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Batch, Signal
from upwell.otlp.place import fault
from upwell.otlp.reader import from_message
from upwell.otlp.unknown import count_in_body


def read_protobuf(body: bytes, signal: Signal) -> tuple[Batch, int]:
    """The batch, and how many fields were unknown. Raises `Malformed` and `TooLarge`."""
    refuse_bomb(body, signal)
    try:
        message = REQUESTS[signal].FromString(body)
    except DecodeError as error:
        raise Malformed(f"not an OTLP protobuf {signal} request: {fault(body, signal)}") from error
    batch = from_message(message)
    # Numbering them costs as much as reading the batch; two sizes tell whether there are any.
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return batch, _unknown(body, signal) if message.ByteSize() != size else 0


def _unknown(body: bytes, signal: Signal) -> int:
    try:
        return count_in_body(body, signal)
    except ValueError as error:
        raise Malformed(f"not an OTLP protobuf {signal} request: {error}") from error
