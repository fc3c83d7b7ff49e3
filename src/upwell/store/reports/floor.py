"""The floor: which figures may be told, given who stands behind each cell. Pure, and the only place that decides it.

People are bits of a whole number. A cell is told where it rests on `floor` people or more, and where what is left of each wider
cell (the same with fewer conditions) rests on nobody or on `floor` people or more: what two answers differ by is a group too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Literal, TypeAlias

Cell: TypeAlias = tuple[Hashable, ...]
People: TypeAlias = int
"""A set of people: bit n is person n."""


class _Other:
    """What folded values become."""

    def __repr__(self) -> str:
        return "OTHER"


OTHER: Final = _Other()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be told of an answer: nothing, or all but what `folded` merges (per key) and the figures of `blank` cells."""

    withheld: bool
    folded: tuple[frozenset[Any], ...] = ()
    blank: frozenset[Cell] = frozenset()
    people: Mapping[Cell, People] = field(default_factory=dict)


class Table:
    """Who stands behind each cell. A cell's values are those of its conditions, in one order."""

    def __init__(self, people: Mapping[Cell, People], floor: int) -> None:
        self._people = people
        self._floor = floor
        self._wider: dict[tuple[int, ...], dict[Cell, tuple[People, People]]] = {}

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._people)

    def people(self, cell: Cell) -> People:
        """The people of a cell; nobody in one that is not there."""
        return self._people.get(cell, 0)

    def only(self, places: Iterable[int]) -> Table:
        """The table of fewer conditions."""
        kept = tuple(places)
        return self._merged((tuple(cell[place] for place in kept), people) for cell, people in self._people.items())

    def folded(self, place: int, values: frozenset[Any]) -> Table:
        """The table with some values of one condition as one."""
        if not values:
            return self
        return self._merged(
            ((*cell[:place], OTHER, *cell[place + 1 :]) if cell[place] in values else cell, people) for cell, people in self._people.items()
        )

    def enough(self, people: People) -> bool:
        """Nobody, or `floor` people or more."""
        return not people or people.bit_count() >= self._floor

    def tells(self, cell: Cell) -> bool:
        """Whether a cell's figures may be told."""
        people = self.people(cell)
        if people.bit_count() < self._floor:
            return False
        return all(self.enough(self._rest(cell, people, kept)) for kept in _narrower(len(cell)))

    def _rest(self, cell: Cell, people: People, kept: tuple[int, ...]) -> People:
        """Who has part in a wider cell beside this one: whoever is in two of its cells, or in another one only."""
        groups = self._wider.get(kept)
        if groups is None:
            groups = self._wider[kept] = {}
            for other, them in self._people.items():
                key = tuple(other[place] for place in kept)
                once, twice = groups.get(key, (0, 0))
                groups[key] = once | them, twice | (once & them)
        once, twice = groups[tuple(cell[place] for place in kept)]
        return twice | (once & ~people)

    def _merged(self, pairs: Iterable[tuple[Cell, People]]) -> Table:
        merged: dict[Cell, People] = {}
        for cell, people in pairs:
            merged[cell] = merged.get(cell, 0) | people
        return Table(merged, self._floor)


Manner: TypeAlias = Literal["merge", "blank", "one"]
"""What becomes of a key's values below the floor: they become OTHER, keep their place without figures, or all values are one."""


def decide(chosen: Cell, filters: Table, cells: Table, manners: tuple[Manner, ...]) -> Verdict:
    """What may be told of the cells of one answer.

    `chosen` are the values that filters ask for, and `filters` has who stands behind every combination of such values. `cells` has, of
    each cell, whether each filter matches (True or False) and the value of each key; `manners` go with the keys.
    """
    if not _may_be_asked(chosen, filters):
        return Verdict(withheld=True)
    width, context = len(chosen), (True,) * len(chosen)
    folded: list[frozenset[Any]] = []
    for place, manner in enumerate(manners, start=width):
        values = _merged(cells, place, manner, context)
        folded.append(values)
        cells = cells.folded(place, values)
    told = {cell[width:]: cells.people(cell) for cell in cells if cell[:width] == context}
    blank = _blank(cells, context, told) if len(manners) > 1 or "blank" in manners else frozenset()
    return Verdict(False, tuple(folded), blank, told)


def fold(table: Table, context: Cell) -> frozenset[Any]:
    """The values of a table's last condition that are merged where the others are as in `context`.

    Whatever is merged in a wider context is merged here too, and the merged ones together may be told, or are nobody.
    """
    width = len(context)
    merged: set[Any] = set()
    for left_out in range(width):
        places = [place for place in range(width + 1) if place != left_out]
        merged |= fold(table.only(places), context[:left_out] + context[left_out + 1 :])
    values = {cell[-1] for cell in table if cell[:-1] == context}
    merged |= {value for value in values if not table.tells((*context, value))}
    kept = sorted(values - merged, key=lambda value: (table.people((*context, value)).bit_count(), str(value)))
    for value in kept:
        if not (merged & values) or table.folded(width, frozenset(merged)).tells((*context, OTHER)):
            break
        merged.add(value)
    return frozenset(merged)


def _merged(cells: Table, place: int, manner: Manner, context: Cell) -> frozenset[Any]:
    if manner == "one":
        return frozenset(cell[place] for cell in cells)
    return fold(cells.only((*range(len(context)), place)), context) if manner == "merge" else frozenset()


def _may_be_asked(chosen: Cell, filters: Table) -> bool:
    """Whether filters leave an answer: none of their values is one that a breakdown by it would merge."""
    if not chosen:
        return True
    if filters.people(chosen) and not filters.tells(chosen):
        return False
    for place in range(len(chosen)):
        others = [at for at in range(len(chosen)) if at != place]
        if chosen[place] in fold(filters.only([*others, place]), tuple(chosen[at] for at in others)):
            return False
    return True


def _blank(cells: Table, context: Cell, told: Mapping[Cell, People]) -> frozenset[Cell]:
    """The cells without figures: those that may not be told, and as many more as it takes that what is left of every line may be."""
    blank = {cell for cell in told if not cells.tells((*context, *cell))}
    lines = [_lines(told, kept) for kept in _narrower(len(next(iter(told), ())))]
    while short := next((line for group in lines for line in group if not _hides_enough(cells, told, line, blank)), None):
        blank.add(min((cell for cell in short if cell not in blank), key=lambda cell: (told[cell].bit_count(), str(cell))))
    return frozenset(blank)


def _lines(told: Mapping[Cell, People], kept: tuple[int, ...]) -> list[list[Cell]]:
    lines: dict[Cell, list[Cell]] = {}
    for cell in told:
        lines.setdefault(tuple(cell[place] for place in kept), []).append(cell)
    return list(lines.values())


def _hides_enough(cells: Table, told: Mapping[Cell, People], line: list[Cell], blank: set[Cell]) -> bool:
    hidden = 0
    for cell in line:
        if cell in blank:
            hidden |= told[cell]
    return cells.enough(hidden) or blank.issuperset(line)


def _narrower(width: int) -> list[tuple[int, ...]]:
    """Every way to leave out one or more of so many conditions."""
    return [kept for size in range(width) for kept in combinations(range(width), size)]
