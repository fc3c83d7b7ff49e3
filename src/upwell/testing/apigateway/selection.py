"""Which integration response an upstream status selects: the pattern of each is a Java regular expression for the status.

A pattern is matched whole, as java.util.regex's matches() does. AWS does not say whether API Gateway does so too, nor in which order
patterns are tried; `doubts` names templates for which that would matter. Constructs that Java and Python read differently are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

STATUSES = range(100, 600)
_DIFFERENT = re.compile(r"\\[pPhHRXQEGzZkK]|\(\?<[A-Za-z]|\(\?P|\(\?[a-z]*[dxsuU]|\[[^\]]*(?:&&|\[)")


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern. Raises ValueError where it is none, or where it is not known to mean the same in Java."""
    if found := _DIFFERENT.search(pattern):
        raise ValueError(f"{found[0]!r} in {pattern!r} is not the same in Java and here")
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def select(patterns: Mapping[int, str], status: int) -> int | None:
    """The status that an upstream status becomes; "" is the default for what no pattern matches; None where there is no default."""
    for becomes, pattern in patterns.items():
        if pattern and compiled(pattern).fullmatch(str(status)):
            return becomes
    return next((becomes for becomes, pattern in patterns.items() if not pattern), None)


def doubts(patterns: Mapping[int, str]) -> list[str]:
    """Statuses for which it matters whether patterns are anchored, or in which order they are tried."""
    found = []
    for status in map(str, STATUSES):
        whole = [becomes for becomes, pattern in patterns.items() if pattern and compiled(pattern).fullmatch(status)]
        anywhere = [becomes for becomes, pattern in patterns.items() if pattern and compiled(pattern).search(status)]
        if whole != anywhere:
            found.append(f"{status}: {anywhere} or {whole}, as patterns are anchored or not")
        elif len(whole) > 1:
            found.append(f"{status}: any of {whole}, as the order goes")
    return found
