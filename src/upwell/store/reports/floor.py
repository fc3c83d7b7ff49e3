"""The floor: which figures may be told, given who stands behind each cell. Pure, and the only place that decides it.

People are bits of a whole number. A cell is told where it rests on `floor` people or more, and where what is left of each wider
cell (the same with fewer conditions) rests on nobody or on `floor` people or more: what two answers differ by is a group too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
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
    width, context = len(chosen), (True,) * len(chosen)
    if not cells.enough(cells.only(range(width)).people(context)) or not _may_be_asked(chosen, filters):
        return Verdict(withheld=True)
    folds = [_fold(cells.only((*range(width), place)), context, manner) for place, manner in enumerate(manners, start=width)]
    if not all(one.holds for one in folds):
        return Verdict(withheld=True)
    merged = cells
    for place, one in enumerate(folds, start=width):
        merged = merged.folded(place, one.values)
    told = {cell[width:]: merged.people(cell) for cell in merged if cell[:width] == context}
    blank = frozenset[Cell]()
    if len(manners) > 1 or "blank" in manners:
        beside = _beside(cells, context, folds)
        blank = _blank(merged, context, told, beside)
    return Verdict(False, tuple(one.values for one in folds), blank, told)


@dataclass(frozen=True, slots=True)
class Fold:
    """The values of one key that are merged in a context, and in each wider one, by the condition left out there.

    `holds`: what they make together may be told, or they are nobody.
    """

    values: frozenset[Any]
    wider: Mapping[int, frozenset[Any]] = field(default_factory=dict)
    holds: bool = True


def fold(table: Table, context: Cell) -> Fold:
    """What is merged of the values of a table's last condition, where the others are as in `context`.

    Whatever is merged in a wider context is merged here too; and as many of the smallest besides as it takes.
    """
    width = len(context)
    wider = {place: fold(table.only(_without(place, width + 1)), context[:place] + context[place + 1 :]).values for place in range(width)}
    values = {cell[-1] for cell in table if cell[:-1] == context}
    merged = {value for value in values if not table.tells((*context, value))}.union(*wider.values())
    kept = sorted(values - merged, key=lambda value: (table.people((*context, value)).bit_count(), str(value)))
    while merged & values and not (holds := _holds(table, context, Fold(frozenset(merged), wider))) and kept:
        merged.add(kept.pop(0))
    return Fold(frozenset(merged), wider, not merged & values or holds)


def _fold(table: Table, context: Cell, manner: Manner) -> Fold:
    if manner == "one":
        return Fold(frozenset(cell[-1] for cell in table))
    return fold(table, context) if manner == "merge" else Fold(frozenset())


def _holds(table: Table, context: Cell, one: Fold) -> bool:
    """Whether the merged values may be told as one."""
    if not table.folded(len(context), one.values).tells((*context, OTHER)):
        return False
    return all(map(table.enough, _beside(table, context, [one]).get((OTHER,), ())))


def _beside(table: Table, context: Cell, folds: Sequence[Fold]) -> dict[Cell, list[People]]:
    """What a cell with merged values and a wider answer's cells tell of together: who is left when either is taken from the other.

    The wider answer leaves out one condition and merges fewer values, so that its cells lie within one of this answer's, but for
    their rows beyond `context`. Those without such rows are known parts of the cell; the others overlap with what remains of it.
    """
    width = len(context)
    left: dict[Cell, list[People]] = {}
    for place in range(width):
        overlaps: dict[tuple[Cell, Cell], tuple[People, People]] = {}
        for cell in table:
            if any(cell[at] != context[at] for at in _without(place, width)):
                continue
            here = _labels(cell[width:], [one.values for one in folds])
            if OTHER in here:
                key = here, _labels(cell[width:], [one.wider.get(place, frozenset()) for one in folds])
                inside, beyond = overlaps.get(key, (0, 0))
                people = table.people(cell)
                overlaps[key] = (inside | people, beyond) if cell[place] == context[place] else (inside, beyond | people)
        mixed: dict[Cell, tuple[People, People]] = {}
        for (here, _), (inside, beyond) in overlaps.items():
            if inside and beyond:
                before = mixed.get(here, (0, 0))
                mixed[here] = before[0] | inside, before[1] | beyond
        for here, people_of_both in mixed.items():
            left.setdefault(here, []).extend(people_of_both)
    return left


def _labels(values: Cell, merged: Sequence[frozenset[Any]]) -> Cell:
    return tuple(OTHER if value in those else value for value, those in zip(values, merged, strict=True))


def _without(place: int, width: int) -> list[int]:
    return [at for at in range(width) if at != place]


def _may_be_asked(chosen: Cell, filters: Table) -> bool:
    """Whether filters leave an answer: none of their values is one that a breakdown by it would merge."""
    if not chosen:
        return True
    if filters.people(chosen) and not filters.tells(chosen):
        return False
    for place in range(len(chosen)):
        others = _without(place, len(chosen))
        if chosen[place] in fold(filters.only([*others, place]), tuple(chosen[at] for at in others)).values:
            return False
    return True


def _blank(cells: Table, context: Cell, told: Mapping[Cell, People], beside: Mapping[Cell, list[People]]) -> frozenset[Cell]:
    """The cells without figures: those that may not be told, and as many more as it takes that what is left of every line may be."""
    blank = {cell for cell in told if not cells.tells((*context, *cell)) or not all(map(cells.enough, beside.get(cell, ())))}
    lines = [line for kept in _narrower(len(next(iter(told), ()))) for line in _lines(told, kept)]
    through: dict[Cell, list[list[Cell]]] = {cell: [] for cell in told}
    for line in lines:
        for cell in line:
            through[cell].append(line)
    while lines:
        line = lines.pop()
        if not _hides_enough(cells, told, line, blank):
            smallest = min((cell for cell in line if cell not in blank), key=lambda cell: (told[cell].bit_count(), str(cell)))
            blank.add(smallest)
            lines += through[smallest]
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
