"""What a request would have cost by the price list of its own time.

genai-prices knows the lists and comes with its data, so nothing here asks a network; an override table in `upwell.toml`
comes first. Requests are priced one by one, never summed first: some models cost more per token above a size. A model
that nobody has a price for costs None, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

_PER: Final = 1_000_000
_DAY_NS: Final = 86_400 * 10**9
_MEMORY: Final = 4096  # models come from clients, so what is remembered of them is bounded
_BEDROCK: Final = re.compile(r"^(?:[a-z]{2,6}\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen)\.", re.IGNORECASE)


class Tokens(NamedTuple):
    """One request's tokens, by kinds that never overlap; `input` is uncached input. None is unknown."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_creation: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens. Cache rates that are not given are those of plain input."""

    input: float
    output: float
    cache_read: float | None = None
    cache_creation: float | None = None


@dataclass(frozen=True, slots=True)
class _Rate:
    """A rate, and those above a size of the whole input: (tokens, rate), largest first."""

    base: float
    tiers: tuple[tuple[int, float], ...] = ()

    def at(self, size: int) -> float:
        for start, rate in self.tiers:
            if size > start:
                return rate
        return self.base


class _List(NamedTuple):
    """The rates of one model, and what one request costs whatever its size."""

    input: _Rate
    output: _Rate
    cache_read: _Rate
    cache_creation: _Rate
    request: float = 0.0


class Prices:
    """The price lists. `overrides` maps a model's name, in any case, to its rates."""

    def __init__(self, overrides: Mapping[str, Rates] | None = None) -> None:
        self._overrides = {model.lower(): _flat(rates) for model, rates in (overrides or {}).items()}
        self._lists: dict[tuple[str, str | None, int], _List | None] = {}
        self._snapshot: DataSnapshot | None = None

    def cost(self, model: str | None, provider: str | None, tokens: Tokens, time_ns: int) -> float | None:
        """US dollars for one request; None where model or tokens are unknown. `provider` is named as in genai-prices."""
        if model is None or (tokens.input is None and tokens.output is None):
            return None
        name = model.lower()
        rates = self._overrides.get(name) or self._list(name, provider, time_ns)
        return None if rates is None else _sum(rates, tokens)

    def _list(self, model: str, provider: str | None, time_ns: int) -> _List | None:
        """The list of a day; of the very moment for the few models whose price changes with the hour."""
        key = model, provider, time_ns // _DAY_NS
        if key in self._lists:
            return self._lists[key]
        found = self._find(model, provider)
        moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
        rates = _read(found.get_prices(moment)) if found else None
        if found is None or not _changes_within_a_day(found):
            if len(self._lists) >= _MEMORY:
                self._lists.clear()
                self._snapshot = None
            self._lists[key] = rates
        return rates

    def _find(self, model: str, provider: str | None) -> ModelInfo | None:
        """The model with the agent's provider, then with any, then on Bedrock if it is named as Bedrock names models."""
        bare = model.rpartition("/")[2] if model.startswith("arn:") else model
        ways: list[str | None] = [provider, None] if provider else [None]
        if _BEDROCK.match(bare):
            ways.append("aws")
        for way in ways:
            try:
                return self._known().find_provider_model(bare, None, way, None)[1]
            except LookupError:
                continue
        return None

    def _known(self) -> DataSnapshot:
        """The lists that come with genai-prices; our own copy of the index, because it remembers every name it is asked for."""
        if self._snapshot is None:
            from genai_prices.data import providers  # a quarter of a second, and most agents report their cost
            from genai_prices.data_snapshot import DataSnapshot

            self._snapshot = DataSnapshot(providers=providers, from_auto_update=False)
        return self._snapshot


def _flat(rates: Rates) -> _List:
    plain = _Rate(rates.input)
    read, creation = rates.cache_read, rates.cache_creation
    return _List(plain, _Rate(rates.output), plain if read is None else _Rate(read), plain if creation is None else _Rate(creation))


def _read(price: ModelPrice) -> _List | None:
    """genai-prices' rates as ours; None for a model that is listed without any."""
    plain, output = _rate(price.input_mtok), _rate(price.output_mtok)
    if plain is None and output is None:
        return None
    plain, request = plain or _Rate(0.0), _rate(price.requests_kcount)
    read, creation = _rate(price.cache_read_mtok), _rate(price.cache_write_mtok)
    return _List(plain, output or _Rate(0.0), read or plain, creation or plain, request.base / 1000 if request else 0.0)


def _rate(price: Any) -> _Rate | None:
    if price is None:
        return None
    tiers = getattr(price, "tiers", None)
    if tiers is None:
        return _Rate(float(price))
    return _Rate(float(price.base), tuple((tier.start, float(tier.price)) for tier in reversed(tiers)))


def _changes_within_a_day(model: ModelInfo) -> bool:
    return isinstance(model.prices, list) and any(hasattr(each.constraint, "start_time") for each in model.prices)


def _sum(rates: _List, tokens: Tokens) -> float:
    fresh, output, read, creation = (count or 0 for count in tokens)
    size = fresh + read + creation
    dear = fresh * rates.input.at(size) + output * rates.output.at(size)
    return (dear + read * rates.cache_read.at(size) + creation * rates.cache_creation.at(size)) / _PER + rates.request
