"""Writes metrics in the Prometheus text format.

The processes count in plain integers where things happen and hand them over here when they are
asked; so nothing is locked or looked up per request. No registry, no global state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sample:
    """One number under its labels; `suffix` is `_bucket`, `_sum` or `_count` in a histogram."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name, what it counts, and its samples."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[Sample, ...]


def single(name: str, kind: Literal["counter", "gauge"], help_text: str, value: float) -> Family:
    """A metric without labels."""
    return Family(name, kind, help_text, (Sample(value, {}),))


def labelled(name: str, kind: Literal["counter", "gauge"], help_text: str, label: str, values: Mapping[str, float]) -> Family:
    """A metric with one label, from label value to number."""
    return Family(name, kind, help_text, tuple(Sample(value, {label: key}) for key, value in sorted(values.items())))


def exposition(families: Iterable[Family]) -> str:
    """The page that Prometheus reads."""
    return "".join(_family(family) for family in families)


def _family(family: Family) -> str:
    head = f"# HELP {family.name} {_escaped(family.help)}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(f"{family.name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}\n" for sample in family.samples)


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value, quotes=True)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value)).replace("inf", "+Inf")
