"""The one value that goes from step to step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from upwell.identity import Key
from upwell.otlp.model import Batch, Signal

_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class Work(NamedTuple):  # made for every request, and a frozen dataclass takes three times as long
    """A batch on its way to the journal, and what the steps removed from it.

    The batch belongs to its request alone, so a step may change its lists and dicts in place; but an attribute
    (`{"key": ..., "value": ...}`) is replaced, never changed, because a step may have put the same one in many places.
    `dropped` counts whole items per rule: what the sender sent is what is left plus these.
    """

    batch: Batch
    signal: Signal
    key: Key
    dropped: Mapping[str, int] = _NOTHING


Step: TypeAlias = Callable[[Work], Work]
"""One policy function. A step raises nothing: what it cannot judge, it removes."""
