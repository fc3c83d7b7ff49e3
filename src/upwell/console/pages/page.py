"""What a page is: an address, the question it answers, and a function from a visit to what its template shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upwell.console.office import Context, Visit


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `more` are names in the address that it alone reads; `listed`: whether the navigation has it."""

    path: str
    name: str
    question: str
    template: str
    make: Callable[[Visit], Context]
    filters: bool = True
    listed: bool = True
    more: tuple[str, ...] = ()
