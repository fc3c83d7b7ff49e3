"""What a month of the serverless shape comes to: requests, gigabytes and, where a price is known, dollars.

An estimate from measured sizes and stated assumptions, never a bill. A price that is not known here is None, not 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORKDAYS = 21
PROMPTS_A_DAY = 40
"""Per person; an assumption to be replaced by one's own figure."""

BYTES_A_PROMPT = {"metrics": 14_219, "traces": 30_868, "logs": 30_202}
"""As recorded from Claude Code 2.1.330 in JSON: one prompt with five model calls and four tool calls, no content. CloudWatch counts
uncompressed bytes. Other agents send more: the same prompt was 0.8 MB of metrics from Codex in JSON, 1 MB of traces from OpenCode."""

REQUESTS_A_PROMPT = {"metrics": 1, "traces": 12, "logs": 12}
"""For a prompt of a minute, at most: Claude Code exports traces and logs every 5 s, metrics every 60 s, and skips what is empty."""

REQUEST_PRICE = 3.50 / 1_000_000
"""Dollars for an API Gateway REST request, up to 333 million a month, as of spring 2026; it differs by Region."""

UNKNOWN = "CloudWatch charges per GB taken in, and no price of it is known here: give yours with --price SIGNAL=DOLLARS"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the estimate. `dollars` is None where the price is not known."""

    what: str
    amount: float
    unit: str
    dollars: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month. `assumptions` are sentences."""

    lines: tuple[Line, ...]
    assumptions: tuple[str, ...]

    @property
    def known_dollars(self) -> float:
        return sum(line.dollars for line in self.lines if line.dollars is not None)


def estimate(people: int, signals: tuple[str, ...], *, prompts: int = PROMPTS_A_DAY, prices: Mapping[str, float] | None = None) -> Estimate:
    """A month of so many people's prompts. `prices` are dollars per GB that CloudWatch takes in, by signal."""
    count = people * prompts * WORKDAYS
    requests = count * sum(REQUESTS_A_PROMPT[signal] for signal in signals)
    lines = [Line("API Gateway requests", requests, "requests", round(requests * REQUEST_PRICE, 2))]
    for signal in signals:
        gigabytes = count * BYTES_A_PROMPT[signal] / 1e9
        price = (prices or {}).get(signal)
        lines.append(Line(f"CloudWatch {signal}", round(gigabytes, 2), "GB", None if price is None else round(gigabytes * price, 2)))
    return Estimate(tuple(lines), _assumptions(people, prompts, prices or {}, signals))


def _assumptions(people: int, prompts: int, prices: Mapping[str, float], signals: tuple[str, ...]) -> tuple[str, ...]:
    said = [
        f"{people} people, {prompts} prompts a day each, {WORKDAYS} days; a prompt takes a minute, five model calls and four tool calls",
        "sizes as recorded from Claude Code 2.1.330 in JSON without content; some agents send ten times as much",
        "$3.50 for a million requests, as of spring 2026; Regions differ",
        "storage beyond what CloudWatch includes, alarms, queries and data transfer are left out",
    ]
    return (*said, UNKNOWN) if set(signals) - set(prices) else tuple(said)
