"""Models and cost: where the money goes, whether the cache works, and how much of the cost nobody knows."""

from __future__ import annotations

from typing import Final

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import Chart, one_line, over_days
from upwell.console.figures import Figure, by_day, figure, figures
from upwell.console.office import Context, Visit
from upwell.console.pages.empty import instead
from upwell.console.pages.page import Page
from upwell.console.panel import Panel, Shape, panel, tabulate

_FIGURES: Final = (
    ("cost_usd", "Cost at list prices", "usd"),
    ("cost_reported_usd", "Reported by agents", "usd"),
    ("cost_priced_usd", "From price lists", "usd"),
    ("cost_unknown_share", "Without a price", "share"),
    ("api_requests", "Requests", "count"),
)

_NOTE: Final = "What the same use would cost at list prices. On a subscription it is not what is paid."


def models(visit: Visit) -> Context:
    """Figures, cost per day by model, the models, the cache, the teams."""
    now = visit.ask("cost")
    if not now.first.get("api_requests") and (other := instead(visit, visit.ask("overview"))) is not None:
        return other
    before, daily = visit.ask("cost", view=visit.view.before), visit.ask("cost", "day")
    found = figures(_FIGURES, (now, before, daily), visit.view.dates(), estimated="cost_usd")
    cached = visit.ask("tokens", "day")
    return {
        "figures": [*found, _cache(visit, cached)],
        "panels": [_costs(visit, daily), _table(visit), _teams(visit), _caches(visit, cached)],
    }


def _cache(visit: Visit, daily: Answer) -> Figure:
    now, before = visit.ask("tokens"), visit.ask("tokens", view=visit.view.before)
    rows = by_day(daily)
    days = [rows.get(day, {}).get("cache_share") for day in visit.view.dates()]
    return figure("Input from cache", now.first.get("cache_share"), before.first.get("cache_share"), "share", days=days)


def _costs(visit: Visit, daily: Answer) -> Panel:
    answer, days = visit.ask("cost", "day,model"), visit.view.dates()
    chart = Chart("bars", days, over_days(answer, daily, days, "model", "cost_usd", least=0.005), unit="usd")
    title = "Cost per day at list prices, by model"
    return panel(visit, answer, "costs", title, by="day,model", chart=chart, table=tabulate(answer), note=_NOTE)


def _table(visit: Visit) -> Panel:
    answer = visit.ask("models")
    shapes = [
        Shape("model", "Model"),
        Shape("api_requests", "Requests", bar="accent"),
        Shape("input_tokens", "Uncached input", brief=True),
        Shape("cache_read_tokens", "From cache", brief=True),
        Shape("cache_creation_tokens", "Into cache", brief=True),
        Shape("output_tokens", "Output", brief=True),
        Shape("cache_share", "Cache share"),
        Shape("cost_usd", "Cost ≈", text=lambda row: numbers.written(row.get("cost_usd"), "usd")),
        Shape("cost_unknown_share", "No price"),
    ]
    return panel(visit, answer, "models", "Models by requests, tokens and cost", table=tabulate(answer, shapes), shown=True)


def _teams(visit: Visit) -> Panel:
    answer = visit.ask("cost", "team")
    shapes = [
        Shape("team", "Team"),
        Shape("people"),
        Shape("api_requests", "Requests"),
        Shape("cost_usd", "Cost ≈", bar="accent"),
        Shape("cost_unknown_share", "No price"),
    ]
    return panel(visit, answer, "teams", "Cost at list prices, by team", by="team", table=tabulate(answer, shapes), shown=True, wide=False)


def _caches(visit: Visit, answer: Answer) -> Panel:
    days = visit.view.dates()
    chart = Chart("lines", days, [one_line(answer, days, "cache_share", "From cache")], unit="share")
    return panel(
        visit,
        answer,
        "cache",
        "Share of input that came from the cache, per day",
        by="day",
        chart=chart,
        table=tabulate(answer),
        wide=False,
    )


MODELS = Page("/models", "Models & cost", "Where does the money go, is the cache working?", "panels.html", models)
