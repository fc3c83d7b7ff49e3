"""What an item means, whatever it was written in: the form in which sent and arrived items are compared.

Both sides are read by the fakes' own reader, which shares no code with the gateway.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from upwell.otlp.model import Encoding, Signal
from upwell.testing.plain import Plain
from upwell.testing.reading import read


def items(body: bytes, signal: Signal, encoding: Encoding) -> list[Plain]:
    """The items of a body, flattened, each with its resource and scope."""
    return list(read(body, signal, encoding).items())


def meaning(item: Plain) -> str:
    """One text for all spellings of the same item: fields at their default are as good as absent, 1 and 1.0 are one number."""
    return json.dumps(_without_defaults(item), sort_keys=True)


def multiset(found: Iterable[Plain]) -> Counter[str]:
    """How often each meaning is there."""
    return Counter(meaning(item) for item in found)


def _without_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _attributes(inner) if name in _ATTRIBUTES else _without_defaults(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in (None, "", 0, False, [], {})}
    if isinstance(value, list):
        return [_without_defaults(inner) for inner in value]
    return _number(value)


_ATTRIBUTES = frozenset({"attributes", "filteredAttributes"})


def _attributes(value: Any) -> Any:
    """Here an empty text, a zero and a null are what the agent said."""
    if isinstance(value, dict):
        return {name: _attributes(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_attributes(inner) for inner in value]
    return _number(value)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
