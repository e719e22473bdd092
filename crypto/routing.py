"""Who may read a report, why another may not, and the draw (PROTOCOL 8). The page does the same in the reporter's browser."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crypto.constants import GROUPS, READERS, RESERVES_MAX, TIE_YEARS, TIES_HARD
from crypto.roster import Reviewer, Tie, day_text, fold_text, open_key, status_of
from crypto.tree import Tree, suspended_on

T = TypeVar("T")


@dataclass(frozen=True)
class Want:
    """What a report asks of its readers: lab and language ("" for not said and any), concern groups, sign keys left out."""

    lab: str = ""
    groups: tuple[str, ...] = ()
    language: str = ""
    exclude: frozenset[str] = frozenset()


def groups_of(about: Iterable[str]) -> tuple[str, ...]:
    """The concern groups of `about` codes, distinct, in order: first letters A to D; X1 and X2 need none."""
    return tuple(dict.fromkeys(code[0] for code in about if code[:1] in GROUPS))


def why_not(tree: Tree, reviewer: Reviewer, want: Want, day: datetime.date) -> str:
    """The first code of WHY_NOT that holds, or "": the reviewer may read."""
    status = status_of(reviewer, suspended_on(tree, day), day)
    if reviewer.sign in want.exclude:
        return "EXCLUDED"
    if status != "active":
        return status.upper()
    if open_key(reviewer, day) is None:
        return "KEY"
    if any(_bars(tie, want.lab, day) for tie in reviewer.ties):
        return "TIE"
    if not set(want.groups) <= set(reviewer.groups):
        return "GROUP"
    language = fold_text(want.language)
    return "LANGUAGE" if language and language not in map(fold_text, reviewer.languages) else ""


def explain(tree: Tree, want: Want, day: datetime.date) -> list[tuple[Reviewer, str]]:
    """Every reviewer in roster order with the code of `why_not`."""
    return [(reviewer, why_not(tree, reviewer, want, day)) for reviewer in tree.roster.reviewers]


def eligible(tree: Tree, want: Want, day: datetime.date) -> list[Reviewer]:
    """Reviewers in roster order who may read a report that wants this."""
    return [reviewer for reviewer, code in explain(tree, want, day) if code == ""]


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


def _bars(tie: Tie, lab: str, day: datetime.date) -> bool:
    """A hard tie bars while it lasts ("" has no end) and for 24 months after. Dates compare as text, so 29 February needs no care."""
    if tie.category not in TIES_HARD or fold_text(tie.lab) != fold_text(lab):
        return False
    return tie.until == "" or f"{int(tie.until[:4]) + TIE_YEARS:04d}{tie.until[4:]}" > day_text(day)
