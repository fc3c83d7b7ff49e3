"""The floor: on the whole lattice of a small organisation no pair of answers tells of a group below it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from upwell.store.reports.floor import OTHER, Cell, Manner, Table, Verdict, decide

FLOOR = 3
DIMENSIONS: dict[str, Manner] = {"agent": "merge", "model": "merge", "team": "merge", "day": "blank"}
FILTERS = ("agent", "model", "team")
BREAKDOWNS = ((), *((name,) for name in DIMENSIONS), ("day", "agent"), ("agent", "team"))

Row = tuple[int, tuple[str, ...]]
"""A person, and a value per dimension."""


@dataclass(frozen=True)
class Asked:
    """A question, and what of it is told: the rows behind each figure that is not withheld."""

    filters: frozenset[tuple[str, str]]
    by: tuple[str, ...]
    told: tuple[frozenset[Row], ...]
    verdict: Verdict


def _people(rows: frozenset[Row]) -> int:
    return len({person for person, _ in rows})


def _value(row: Row, name: str) -> str:
    return row[1][list(DIMENSIONS).index(name)]


def _table(rows: frozenset[Row], names: list[str], filters: dict[str, str] | None = None) -> Table:
    """Who stands behind each cell; with filters, whether they match comes first."""
    people: dict[Cell, int] = {}
    for row in rows:
        cell = (*(_value(row, name) == value for name, value in (filters or {}).items()), *(_value(row, name) for name in names))
        people[cell] = people.get(cell, 0) | 1 << row[0]
    return Table(people, FLOOR)


def _ask(rows: frozenset[Row], filters: dict[str, str], by: tuple[str, ...]) -> Asked:
    chosen = tuple(filters.values())
    verdict = decide(chosen, _table(rows, list(filters)), _table(rows, list(by), filters), tuple(DIMENSIONS[name] for name in by))
    cells: dict[Cell, set[Row]] = {}
    for row in rows:
        if all(_value(row, name) == value for name, value in filters.items()):
            cell = tuple(
                OTHER if merged and _value(row, name) in merged else _value(row, name)
                for name, merged in zip(by, verdict.folded or [frozenset()] * len(by), strict=True)
            )
            cells.setdefault(cell, set()).add(row)
    told = () if verdict.withheld else tuple(frozenset(found) for cell, found in cells.items() if cell not in verdict.blank)
    return Asked(frozenset(filters.items()), by, told, verdict)


def _lattice(rows: frozenset[Row]) -> list[Asked]:
    """Every answer: all filters by all breakdowns."""
    values = {name: [None, *sorted({_value(row, name) for row in rows})] for name in FILTERS}
    answers = []
    for chosen in product(*values.values()):
        filters = {name: value for name, value in zip(FILTERS, chosen, strict=True) if value is not None}
        answers += [_ask(rows, filters, by) for by in BREAKDOWNS]
    return answers


def _pairs(answers: list[Asked]) -> Iterator[tuple[Asked, Asked]]:
    """Answers that differ in one filter, or in how far they are broken down."""
    for one, other in combinations(answers, 2):
        differing = {name for name, _ in one.filters ^ other.filters}
        refines = set(one.by) < set(other.by) or set(other.by) < set(one.by)
        if (one.by == other.by and len(differing) == 1) or (not differing and refines):
            yield one, other


def _differences(one: Asked, other: Asked) -> Iterator[frozenset[Row]]:
    """Every group that sums and differences of two answers' figures tell of."""
    for wide, narrow in ((one, other), (other, one)):
        for size in range(1, len(wide.told) + 1):
            for chosen in combinations(wide.told, size):
                whole = frozenset().union(*chosen)
                inside = [cell for cell in narrow.told if cell <= whole]
                for count in range(1, len(inside) + 1):
                    for parts in combinations(inside, count):
                        yield whole - frozenset().union(*parts)


_rows = st.frozensets(
    st.tuples(
        st.integers(0, 7),
        st.tuples(st.sampled_from("ab"), st.sampled_from("mn"), st.sampled_from("tuv"), st.sampled_from("12")),
    ),
    min_size=1,
    max_size=24,
)


@given(_rows)
@settings(max_examples=30, deadline=None)
def test_no_pair_of_answers_tells_of_a_group_below_the_floor(rows: frozenset[Row]) -> None:
    """Neither a figure of one answer, nor what the figures of two add up to, when they differ in one filter or in how far they go."""
    answers = _lattice(rows)

    for answer in answers:
        for told in answer.told:
            assert _people(told) >= FLOOR, answer
    for one, other in _pairs(answers):
        for group in _differences(one, other):
            assert not group or _people(group) >= FLOOR, (one, other, group)


@given(_rows)
@settings(max_examples=30, deadline=None)
@example(frozenset())
def test_a_breakdown_that_merges_loses_nothing(rows: frozenset[Row]) -> None:
    """What an answer tells of a merging dimension is every row that it tells of without one."""
    for answer in _lattice(rows):
        if len(answer.by) == 1 and DIMENSIONS[answer.by[0]] == "merge" and not answer.verdict.withheld:
            whole = {row for row in rows if all(_value(row, name) == value for name, value in answer.filters)}
            assert frozenset().union(*answer.told) == whole


@given(_rows)
@settings(max_examples=30, deadline=None)
def test_a_floor_of_nobody_keeps_nothing_back(rows: frozenset[Row]) -> None:
    """An installation that is one group is told everything but what it belongs to."""
    verdict = decide((), Table({}, 0), Table(_table(rows, ["agent", "day"])._people, 0), ("merge", "blank"))

    assert (verdict.withheld, verdict.folded, verdict.blank) == (False, (frozenset(), frozenset()), frozenset())


def _of(**people: int) -> dict[Cell, int]:
    """Cells by name, with so many people each, nobody in two."""
    first = 0
    cells: dict[Cell, int] = {}
    for name, count in people.items():
        cells[(name,)] = ((1 << count) - 1) << first
        first += count
    return cells


def test_what_is_below_is_merged_with_the_smallest_above() -> None:
    """One small team alone would be told by the difference to the whole."""
    verdict = decide((), Table({}, 5), Table(_of(big=20, middle=9, small=6, tiny=1), 5), ("merge",))

    assert verdict.folded == (frozenset({"tiny", "small"}),)
    assert {name: people.bit_count() for (name,), people in verdict.people.items()} == {"big": 20, "middle": 9, OTHER: 7}


def test_several_below_are_merged_with_one_another() -> None:
    """Where they make the floor together, nobody else is drawn in."""
    verdict = decide((), Table({}, 5), Table(_of(big=20, one=2, two=3), 5), ("merge",))

    assert verdict.folded == (frozenset({"one", "two"}),)


def test_days_below_keep_their_place() -> None:
    """A day without figures hides another one where it would be told by the sum."""
    verdict = decide((), Table({}, 5), Table(_of(monday=20, tuesday=9, sunday=1), 5), ("blank",))

    assert verdict.folded == (frozenset(),)
    assert verdict.blank == {("sunday",), ("tuesday",)}


def test_a_filter_for_a_small_group_is_not_answered() -> None:
    """Nor one for a group that leaves a small one beside it."""
    cells = _of(big=20, tiny=1)

    for name in ("big", "tiny"):
        matches: dict[Cell, int] = {(cell == (name,),): people for cell, people in cells.items()}
        assert decide((name,), Table(cells, 5), Table(matches, 5), ()).withheld


def test_nobody_is_no_group() -> None:
    """A filter that matches nothing has an empty answer, which is no secret."""
    assert not decide(("gone",), Table(_of(big=20), 5), Table({(False,): 2**20 - 1}, 5), ()).withheld


def test_all_as_one() -> None:
    """An installation that is one group is not broken down by place."""
    verdict = decide((), Table({}, 0), Table(_of(core=2, web=1), 0), ("one",))

    assert [people.bit_count() for people in verdict.people.values()] == [3]
