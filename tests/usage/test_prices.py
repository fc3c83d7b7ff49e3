"""What requests cost."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import ModelInfo, StartDateConstraint, TieredPrices

from upwell.usage import Prices, Rates, Tokens

NOVEMBER_NS = 1_795_262_400 * 10**9
VECTOR = Tokens(input=6000, output=1000, cache_read=4000)
"""The fact sheet's request: 10,000 tokens in, of which 4,000 were cached, and 1,000 out."""

PRICES = Prices()


@pytest.mark.parametrize(
    ("model", "provider", "cost"),
    [
        ("gpt-5-codex", "openai", 0.0180),
        ("gemini-2.5-pro", "google", 0.0180),
        ("gemini-3-pro-preview", "google", 0.0248),
        ("claude-opus-4-5", "anthropic", 0.057),
        ("claude-sonnet-5", "anthropic", 0.0228),
        ("claude-sonnet-4.5", None, 0.0342),
        ("claude-sonnet-4.5", "github-copilot", 0.0342),
        ("kimi-k2", None, 0.0080),
        ("composer-2.5", "cursor", 0.0063),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, 0.03762),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic", 0.03762),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, 0.03762),
        ("CLAUDE-OPUS-4-5", "anthropic", 0.057),
    ],
)
def test_models_are_found_by_every_spelling(model: str, provider: str | None, cost: float) -> None:
    """With the agent's provider, then with any, then on Bedrock."""
    assert PRICES.cost(model, provider, VECTOR, NOVEMBER_NS) == pytest.approx(cost)


def test_the_articles_request_costs_what_the_article_says() -> None:
    """142 in, 61 out and 25,848 written to the cache are $0.098271, as Claude Code reported."""
    tokens = Tokens(input=142, output=61, cache_read=0, cache_creation=25_848)

    assert PRICES.cost("claude-sonnet-4-5-20250929", "anthropic", tokens, NOVEMBER_NS) == pytest.approx(0.098271)


@pytest.mark.parametrize(
    ("model", "tokens"), [("qwen3-coder-plus", VECTOR), ("fake-model", VECTOR), (None, VECTOR), ("claude-opus-4-5", Tokens())]
)
def test_what_has_no_price_costs_none(model: str | None, tokens: Tokens) -> None:
    """An unknown model, and unknown tokens, are None and never 0."""
    assert PRICES.cost(model, None, tokens, NOVEMBER_NS) is None


def test_one_known_kind_is_enough() -> None:
    """Embeddings have no output, and some agents say no cache."""
    assert PRICES.cost("claude-opus-4-5", "anthropic", Tokens(input=1_000_000), NOVEMBER_NS) == pytest.approx(5.0)


def test_overrides_come_first() -> None:
    """A rate of one's own holds for a model in any case, known or not; cache rates left out are those of input."""
    prices = Prices(
        {"Qwen3-Coder-Plus": Rates(input=1.0, output=5.0), "claude-opus-4-5": Rates(2.0, 4.0, cache_read=0.5, cache_creation=3.0)}
    )

    assert prices.cost("qwen3-coder-plus", None, VECTOR, NOVEMBER_NS) == pytest.approx(0.015)
    assert prices.cost("claude-opus-4-5", "anthropic", Tokens(1000, 1000, 1000, 1000), NOVEMBER_NS) == pytest.approx(0.0095)


def test_a_requests_own_time_decides_its_price() -> None:
    """Models that became cheaper cost what they cost on the day."""
    model, provider, before, after = _changed()
    first, later = (PRICES.cost(model, provider, VECTOR, moment) for moment in (before, after))

    assert first is not None
    assert first != later


def _changed() -> tuple[str, str, int, int]:
    """A model whose price changed on one day, with a moment before and one after."""
    for provider in providers:
        for model in provider.models:
            later = model.prices[-1].constraint if isinstance(model.prices, list) else None
            if isinstance(later, StartDateConstraint):
                start = datetime.combine(later.start_date, time(), UTC)
                both = [int((start + timedelta(days=days)).timestamp()) * 10**9 for days in (-2, 2)]
                if PRICES.cost(model.id, provider.id, VECTOR, both[0]) != PRICES.cost(model.id, provider.id, VECTOR, both[1]):
                    return model.id, provider.id, both[0], both[1]
    raise AssertionError("no model changed its price")


def _plain(model: ModelInfo) -> bool:
    """Whether all that a price depends on is tokens of text."""
    found = model.get_prices(_moment())
    return all(
        value is None or key in {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok"} for key, value in vars(found).items()
    )


def _moment() -> datetime:
    return datetime.fromtimestamp(NOVEMBER_NS / 1e9, UTC)


@pytest.mark.parametrize("tokens", [VECTOR, Tokens(142, 61, 0, 25_848), Tokens(150_000, 8000, 300_000, 5000), Tokens(0, 0, 0, 0)])
def test_every_price_is_that_of_the_list(tokens: Tokens) -> None:
    """What is computed here quickly is what genai-prices computes, for every model that it lists, below and above every tier."""
    usage = Usage(
        input_tokens=sum(count or 0 for count in (tokens.input, tokens.cache_read, tokens.cache_creation)),
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read or 0,
        cache_write_tokens=tokens.cache_creation or 0,
    )
    checked = 0
    for provider in providers:
        for model in provider.models:
            known = PRICES._find(model.id, provider.id)
            if known and _plain(known) and (cost := PRICES.cost(model.id, provider.id, tokens, NOVEMBER_NS)) is not None:
                listed = known.calc_price(usage, provider, genai_request_timestamp=_moment()).total_price
                assert Decimal(cost) == pytest.approx(listed), f"{provider.id} {model.id}"
                checked += 1
    assert checked > 500


def test_large_requests_pay_the_tier() -> None:
    """Above a size every token costs more, which is why requests are never summed first."""
    tiered = next(
        (provider.id, model.id, prices)
        for provider in providers
        for model in provider.models
        if isinstance((prices := model.get_prices(_moment())).input_mtok, TieredPrices) and provider.find_model(model.id) is model
    )
    start = tiered[2].input_mtok.tiers[0].start  # type: ignore[union-attr]
    small, large = (PRICES.cost(tiered[1], tiered[0], Tokens(input=size, output=0), NOVEMBER_NS) for size in (start, 2 * start))

    assert small is not None
    assert large is not None
    assert large > 2.1 * small


def test_what_is_remembered_is_bounded() -> None:
    """Clients choose models' names: a flood of them is forgotten again, and prices stay right."""
    prices = Prices()
    for number in range(5000):
        prices.cost(f"made-up-{number}", None, VECTOR, NOVEMBER_NS)

    assert len(prices._lists) <= 4096
    assert prices.cost("claude-opus-4-5", "anthropic", VECTOR, NOVEMBER_NS) == pytest.approx(0.057)
