"""Usage: what batches say about the use of coding agents, read into one model. Pure: no files, no clock, no network."""

from upwell.usage.dialects import DIALECTS
from upwell.usage.dialects.base import Dialect
from upwell.usage.events import CostSource, CumulativePoint, Kind, Reading, UsageEvent
from upwell.usage.prices import Prices, Rates, Tokens
from upwell.usage.reading import read
from upwell.usage.who import person_of

__all__ = [
    "DIALECTS",
    "CostSource",
    "CumulativePoint",
    "Dialect",
    "Kind",
    "Prices",
    "Rates",
    "Reading",
    "Tokens",
    "UsageEvent",
    "person_of",
    "read",
]
