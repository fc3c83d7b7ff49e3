"""OTLP/JSON bodies to batches.

A body is taken whole or refused with the place of its fault. Text that is not Unicode and
bare NaN are mended, not refused: an agent that cut a string in the middle of an emoji would
lose the batch. Unknown fields stay in the batch, but for those beside its one top-level field.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import orjson

from upwell.errors import Malformed, TooLarge
from upwell.otlp.limits import MAX_ITEMS, MAX_OBJECTS
from upwell.otlp.model import METRIC_KINDS, Batch, Signal
from upwell.otlp.schema import BODIES, explain
from upwell.otlp.shape import count

_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A JSON string, or the rest after one that never ends: else a hostile body would be searched again from every quote."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_METRICS = Signal.METRICS
_KINDS = frozenset(METRIC_KINDS)


def read_json(body: bytes, signal: Signal) -> tuple[Batch, int]:
    """The batch, and how many top-level fields were unknown. Raises `Malformed` and `TooLarge`."""
    _refuse_bomb(body)
    whole = _parse(body, signal)
    if len(body) > 2 * MAX_ITEMS:
        _refuse_crowd(whole, signal)
    try:
        msgspec.convert(whole, BODIES[signal], strict=False)
    except msgspec.ValidationError as error:
        raise Malformed(f"not an OTLP/JSON {signal} request: {explain(error)}") from None  # it quotes the content
    field = signal.resource_field
    batch = {field: whole.get(field) or []}
    if signal is _METRICS:
        _refuse_two_kinds(batch)
    return batch, len(whole) - (field in whole)


def _refuse_bomb(body: bytes) -> None:
    if len(body) <= MAX_OBJECTS or (quick := _openers(body)) <= MAX_OBJECTS:
        return
    # Texts may be full of brackets, code for one.
    if quick - sum(_openers(text[0]) for text in _TEXT.finditer(body)) > MAX_OBJECTS:
        raise TooLarge(f"more than {MAX_OBJECTS:,} JSON objects and arrays in one request", hint="Send smaller batches.")


def _openers(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[")


def _refuse_crowd(whole: Any, signal: Signal) -> None:
    try:
        items = count({signal.resource_field: whole[signal.resource_field] or []}, signal)
    except (LookupError, TypeError, AttributeError):
        return  # not of OTLP's shape: the check of the types comes next, and says where
    if items > MAX_ITEMS:
        raise TooLarge(f"more than {MAX_ITEMS:,} items in one request", hint="Send smaller batches.")


def _refuse_two_kinds(batch: Batch) -> None:
    """A metric is of one kind. Of two, some reader would take one and some the other."""
    for i, resource in enumerate(batch["resourceMetrics"]):
        for j, scope in enumerate(resource.get("scopeMetrics") or ()):
            for k, metric in enumerate(scope.get("metrics") or ()):
                if len(_KINDS & metric.keys()) > 1 and sum(metric.get(kind) is not None for kind in METRIC_KINDS) > 1:
                    place = f"$.resourceMetrics[{i}].scopeMetrics[{j}].metrics[{k}]"
                    raise Malformed(f"not an OTLP/JSON metrics request: more than one kind of data - at `{place}`")


def _parse(body: bytes, signal: Signal) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(_mend(body))
    except ValueError as error:
        raise Malformed(f"not an OTLP/JSON {signal} request: {error}") from None
    except RecursionError:
        raise Malformed(f"not an OTLP/JSON {signal} request: nested too deep") from None


def _mend(body: bytes) -> bytes:
    """The same JSON with U+FFFD for what is not Unicode, and NaN and the infinities as strings."""
    value = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=str)
    return _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)).encode()
