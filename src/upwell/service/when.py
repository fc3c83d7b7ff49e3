"""Moments as people write and read them: `30d`, `2027-01-31`, `2026-11-21T18:40:00Z`. Always UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from upwell.errors import ConfigError

_END = 2**63  # nanoseconds that SQLite can keep: the year 2262
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def parse_moment(text: str, now: datetime | None = None) -> int:
    """Unix nanoseconds of a date, a date with time, or a time from now. Raises ConfigError."""
    number, unit = text[:-1], text[-1:]
    try:
        if number.isdecimal() and unit in _UNITS:
            moment = (now or datetime.now(UTC)) + timedelta(seconds=int(number) * _UNITS[unit])
        else:
            moment = datetime.fromisoformat(text)
        found = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * 10**9
    except (ValueError, OverflowError):
        found = _END
    if found >= _END:
        hint = "Write a time from now, such as 30d or 12h, or a date, such as 2027-01-31."
        raise ConfigError(f"{text!r} is no moment that can be kept", hint=hint)
    return found


def format_ns(value: int | None) -> str | None:
    """`2026-11-21T18:40:00Z` of Unix nanoseconds."""
    return None if value is None else datetime.fromtimestamp(value // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_age(seconds: float | None) -> str | None:
    """`45s`, `12m`, `5h` or `3d`: the largest unit of which there are two or more."""
    if seconds is None:
        return None
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
