"""Who is in the synthetic team: its teams of differing size, people with their agent, pace and start. Invented, and always the same.

Some have not started yet, one team is smaller than the privacy floor, some use two agents, and some installed a version that sends
nothing: what a real roster has, and a console must show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

ORGANIZATION: Final = "Example Works"


@dataclass(frozen=True, slots=True)
class Group:
    """A team of the organisation. `share`: how many of 60 people it has; `joins`: when it takes agents up, as a part of the whole time."""

    name: str
    department: str
    cost_center: str
    share: int
    joins: float


@dataclass(frozen=True, slots=True)
class Member:
    """One person. Days count from the first of the story.

    `starts` is None for who has a key and has not begun; `pace` is prompts on a good day, `shift` hours by which the day is moved,
    `away` days off, `lags` days until a new version is installed; `silent` ones install the version that sends nothing.
    """

    number: int
    name: str
    group: Group
    agents: tuple[str, ...]
    starts: int | None
    pace: float
    shift: int
    away: range
    lags: int
    silent: bool


GROUPS: Final = (
    Group("platform", "engineering", "CC-100", 18, 0.0),
    Group("web", "product", "CC-200", 13, 0.1),
    Group("mobile", "product", "CC-210", 11, 0.35),
    Group("data", "engineering", "CC-120", 9, 0.2),
    Group("infra", "engineering", "CC-110", 6, 0.05),
    Group("research", "research", "CC-300", 3, 0.15),
)

AGENTS: Final = ("claude-code", "codex", "copilot-cli", "gemini-cli", "opencode")
_POPULARITY: Final = (40, 27, 15, 10, 9)
_NOT_STARTED: Final = 15  # one person in so many has a key and has not begun
_NAMES: Final = (  # noqa: SIM905 - a list of sixty literals reads worse
    "ada alan anita barbara bjarne brian claude clarence daniela dennis donald dorothy edith edsger emmy evelyn fei frances"
    " george grace guido hedy ivan james jean joan john judea katherine ken kristen larry leslie linus lois lynn manuel margaret"
    " mary maurice niklaus noor olga peter radia rasmus richard robin rosa sophie steve tanya tim tony ursula vint walter wendy"
    " wilma xiao yukihiro zora"
).split()


def gather(people: int, days: int, seed: int) -> tuple[Member, ...]:
    """So many people in six teams; the same for the same arguments."""
    found: list[Member] = []
    for group, size in zip(GROUPS, sizes(people), strict=True):
        for _ in range(size):
            found.append(_member(len(found), group, days, seed))
    return tuple(found)


def sizes(people: int) -> list[int]:
    """How many of so many people each team has; together all of them."""
    whole = sum(group.share for group in GROUPS)
    found = [people * group.share // whole for group in GROUPS]
    rest = people - sum(found)
    for number in range(rest):
        found[number % len(found)] += 1
    return found


def _member(number: int, group: Group, days: int, seed: int) -> Member:
    rng = Random(f"{seed}/person/{number}")  # noqa: S311 - invented people
    first, *second = rng.sample(AGENTS, 2, counts=_POPULARITY)
    begins = int(days * min(0.85, group.joins + abs(rng.gauss(0, 0.18))))
    holiday = rng.randrange(days) if rng.random() < 0.6 else days
    return Member(
        number=number,
        name=_name(number),
        group=group,
        agents=(first, *(agent for agent in second if agent != first and rng.random() < 0.4)),
        starts=None if number % _NOT_STARTED == _NOT_STARTED - 2 else begins,
        pace=min(30.0, rng.lognormvariate(1.75, 0.55)),
        shift=rng.choice((-2, -1, 0, 0, 0, 0, 1, 2, 3)),
        away=range(holiday, holiday + rng.choice((3, 5, 5, 10))),
        lags=rng.choice((0, 0, 1, 1, 2, 4, 7)),
        silent=first == "codex" and rng.random() < 0.5,
    )


def _name(number: int) -> str:
    place = number * 7 % len(_NAMES)  # 7 has no common factor with how many names there are
    again = number // len(_NAMES)
    return f"{_NAMES[place]}{again + 1 if again else ''}@example.com"


def started(members: Sequence[Member], day: int) -> list[Member]:
    """Who has begun by a day."""
    return [member for member in members if member.starts is not None and member.starts <= day]
