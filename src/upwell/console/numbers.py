"""Numbers as people read them: short, with a unit, and a dash where there is none. `web/src/units.js` writes the same in charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

NONE: Final = "–"

_LETTERS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(value: float) -> str:
    """`950`, `1.2 k`, `34 k`, `5.6 M`."""
    for limit, letter in _LETTERS:
        if abs(value) >= limit:
            scaled = value / limit
            return f"{_trimmed(scaled, 1 if abs(scaled) < 10 else 0)} {letter}"
    return str(int(value)) if float(value).is_integer() else f"{value:.{1 if abs(value) < 10 else 0}f}"


def figure(value: float) -> str:
    """A number that stands alone: whole up to 9,999, then three digits."""
    if abs(value) < 10_000:
        return exact(value)
    limit, letter = next(one for one in _LETTERS if abs(value) >= one[0])
    scaled = value / limit
    return f"{_trimmed(scaled, max(0, 3 - len(str(int(abs(scaled))))))} {letter}"


def exact(value: float) -> str:
    """`12,345`: tables have the room."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.{2 if abs(value) < 10 else 1}f}"


def money(value: float) -> str:
    """US dollars: cents below a hundred."""
    if abs(value) >= 10_000:
        return f"${short(value)}"
    return f"${value:,.0f}" if abs(value) >= 100 else f"${value:,.2f}"


def duration(milliseconds: float) -> str:
    """`320 ms`, `4.5 s`, `12 min`, `3.4 h`."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 100:
        return f"{seconds:.{1 if seconds < 10 else 0}f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def share(value: float) -> str:
    """A part of one, in per cent; small parts keep a digit."""
    return f"{value * 100:.{1 if 0 < abs(value) < 0.1 else 0}f} %"


def size(value: float) -> str:
    """Bytes."""
    return f"{short(value)}B" if value >= 1000 else f"{value:.0f} B"


def change(now: float | None, before: float | None) -> str | None:
    """`+12 %` against the period before; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    percent = (now - before) / before * 100
    if abs(percent) >= 1000:
        return "× " + short(now / before)
    return f"{'+' if percent >= 0.5 else '−' if percent <= -0.5 else '±'}{abs(percent):.0f} %"


def written(value: Any, unit: str = "", *, brief: bool = False) -> str:
    """Any value of a report under its column's unit; `brief` where there is little room."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return day(str(value)) if unit == "day" else str(value)
    return _WRITERS.get(unit, figure if brief else exact)(value)


def day(text: str) -> str:
    """`21 Nov 2026` of an ISO date."""
    found = date.fromisoformat(text[:10])
    return f"{found.day} {found:%b %Y}"


def moment(nanoseconds: int | None) -> str | None:
    """Unix nanoseconds as ISO 8601 in UTC, for `<time>`; the browser writes it in its own zone."""
    return None if not nanoseconds else datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _trimmed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.rstrip("0").removesuffix(".") if "." in text else text


_WRITERS: Final[Mapping[str, Callable[[float], str]]] = {
    "usd": money,
    "ms": duration,
    "s": lambda seconds: duration(seconds * 1000),
    "min": lambda minutes: duration(minutes * 60_000),
    "h": lambda hours: f"{exact(round(hours, 1))} h",
    "each": lambda value: f"{value:.1f}",
    "share": share,
    "bytes": size,
}
