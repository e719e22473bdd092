"""Who may read a report, and the draw among them (PROTOCOL 8). The page does the same in the reporter's browser."""

import datetime
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from crypto.constants import READERS, RESERVES_MAX, TIE_YEARS
from crypto.tree import Reviewer, Roster, open_key

T = TypeVar("T")


def eligible(roster: Roster, lab: str, exclude: Collection[str], day: datetime.date) -> list[Reviewer]:
    """Reviewers in roster order who may read a report about `lab` (a name, "" if not said) on a day; `exclude` holds sign keys in hex."""
    return [reviewer for reviewer in roster.reviewers if _may_read(reviewer, lab, exclude, day)]


def draw(candidates: Sequence[T], random: Callable[[int], bytes]) -> tuple[list[T], list[T]]:
    """(readers, reserves) by Fisher-Yates. `random(n)` gives n bytes. The caller must refuse fewer than two readers."""
    drawn = list(candidates)
    for i in range(len(drawn) - 1, 0, -1):
        j = _uniform(i + 1, random)
        drawn[i], drawn[j] = drawn[j], drawn[i]
    return drawn[:READERS], drawn[READERS : READERS + RESERVES_MAX]


def _uniform(bound: int, random: Callable[[int], bytes]) -> int:
    """A number in [0, bound): values at or above the largest multiple of `bound` would favour the small ones, so they are drawn again."""
    limit = 2**32 - 2**32 % bound
    while (value := int.from_bytes(random(4), "big")) >= limit:
        pass
    return value % bound


def _may_read(reviewer: Reviewer, lab: str, exclude: Collection[str], day: datetime.date) -> bool:
    return (
        reviewer.from_ <= _iso(day) <= reviewer.to
        and open_key(reviewer, day) is not None
        and reviewer.sign not in exclude
        and not any(_same(tie.lab, lab) and _binds(tie.until, day) for tie in reviewer.ties)
    )


def _iso(day: datetime.date) -> str:
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def _same(a: str, b: str) -> bool:
    return a.strip().casefold() == b.strip().casefold()


def _binds(until: str, day: datetime.date) -> bool:
    """A tie binds while it lasts ("" has no end) and for 24 months after. Dates compare as text, so 29 February needs no care."""
    return until == "" or f"{int(until[:4]) + TIE_YEARS:04d}{until[4:]}" > _iso(day)
