"""The fake's PromQL API: instant queries of one selector with exact labels, bare or in a `*_over_time`; no arithmetic.

Labels are spelled as CloudWatch's documents spell them: data-point attributes bare, `@resource.NAME`, `@instrumentation.@name`.
What it does not know is refused with 422 rather than half understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from upwell.testing.answers import Refused, Spelling
from upwell.testing.listener import Answer
from upwell.testing.plain import Plain

PATH = "/api/v1/query"

_LOOKBACK_SECONDS = 300
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_OVER_TIME = re.compile(r"\s*(sum|count|max|min|last)_over_time\(\s*(\{.*\})\s*\[(\d+)([smhd])\]\s*\)\s*", re.DOTALL)
_SELECTOR = re.compile(r"\s*\{(.*)\}\s*", re.DOTALL)
_NAME_OR_MATCHER = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*)\s*(?:(=)\s*("(?:[^"\\]|\\.)*"))?\s*(?:,|$)')
_FOLDS: Mapping[str, Callable[[list[float]], float]] = {"sum": sum, "count": len, "max": max, "min": min, "last": lambda values: values[-1]}


def answer(query: str, points: Sequence[Plain], now_ns: int) -> Answer:
    """The instant vector, as Prometheus spells it."""
    fold, selector, seconds = _read(query)
    name, labels = _matchers(selector)
    series: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = {}
    for point in points:
        at_ns, own = point["timeUnixNano"], dict(_labels(point))
        if point["metric"]["name"] == name and labels.items() <= own.items() and 0 <= now_ns - at_ns <= seconds * 10**9:
            series.setdefault(tuple(sorted(own.items())), []).append((at_ns, _value(point)))
    result = [
        {"metric": {"__name__": name, **dict(own)}, "value": [now_ns / 1e9, str(_FOLDS[fold]([value for _, value in sorted(found)]))]}
        for own, found in series.items()
    ]
    body = {"status": "success", "data": {"resultType": "vector", "result": result}}
    return Answer(200, orjson.dumps(body), {"Content-Type": "application/json"})


def _read(query: str) -> tuple[str, str, int]:
    if found := _OVER_TIME.fullmatch(query):
        return found[1], found[2], int(found[3]) * _UNITS[found[4]]
    if _SELECTOR.fullmatch(query):
        return "last", query, _LOOKBACK_SECONDS
    raise _refused("this fake knows one selector, bare or in *_over_time")


def _matchers(selector: str) -> tuple[str, Mapping[str, str]]:
    found = _SELECTOR.fullmatch(selector)
    inside, place, names, labels = found[1] if found else "", 0, [], {}
    while place < len(inside):
        part = _NAME_OR_MATCHER.match(inside, place)
        if part is None or part.end() == place:
            raise _refused("this fake knows exact labels only")
        word = orjson.loads(part[1]) if part[1].startswith('"') else part[1]
        if part[2]:
            labels[word] = orjson.loads(part[3])
        else:
            names.append(word)
        place = part.end()
    if len(names) != 1:
        raise _refused("A selector without a metric name is not supported")
    return names[0], labels


def _labels(point: Plain) -> Iterator[tuple[str, str]]:
    for name, value in point["attributes"].items():
        yield name, str(value)
        yield f"@datapoint.{name}", str(value)
    for name, value in point["resource"]["attributes"].items():
        yield f"@resource.{name}", str(value)
    yield "@instrumentation.@name", point["scope"]["name"]


def _value(point: Plain) -> float:
    value: Any = point.get("asDouble", point.get("asInt", point.get("sum", 0)))
    return float(value)


def _refused(message: str) -> Refused:
    return Refused(422, "bad_data", message, spelling=Spelling.HEADER)
