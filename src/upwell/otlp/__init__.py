"""The wire: OTLP bodies of the three signals, one internal form, and what can be done with it."""

from upwell.otlp.answers import read_success, status, success
from upwell.otlp.codec import Decoded, decode, encode, load, media_type
from upwell.otlp.compression import inflate
from upwell.otlp.model import METRIC_KINDS, Batch, Encoding, Signal
from upwell.otlp.reader import from_message
from upwell.otlp.shape import Item, Survey, count, items, merge, select, splice, split, survey
from upwell.otlp.unknown import unknown_fields
from upwell.otlp.writer import to_message

__all__ = [
    "METRIC_KINDS",
    "Batch",
    "Decoded",
    "Encoding",
    "Item",
    "Signal",
    "Survey",
    "count",
    "decode",
    "encode",
    "from_message",
    "inflate",
    "items",
    "load",
    "media_type",
    "merge",
    "read_success",
    "select",
    "splice",
    "split",
    "status",
    "success",
    "survey",
    "to_message",
    "unknown_fields",
]
