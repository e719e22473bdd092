"""The list of cases: a row for each, made anew only when its case changes; filters and search over the rows.

What a row says of a case that was not opened yet comes from its header alone, and so does what can be searched of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from crypto.case import Case
from crypto.tree import Tree
from review import casebook, cases, clock, search
from review.cases import Summary

PAGE = 50
OVER = ("CLOSED", "WITHDRAWN", "PURGED")
TEXTS = ("text", "whom", "method", "access", "steps", "wishes")  # of any payload: what somebody wrote


@dataclass(frozen=True)
class Wish:
    """What the list is asked for; an empty field asks for nothing. Fields hold codes, but for q (words), organisation and tag."""

    q: str = ""
    state: str = ""
    concern: str = ""
    organisation: str = ""
    tag: str = ""
    unread: str = ""
    mine: str = ""
    due: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the list. key sorts, and within it what came last stands first; hay is what search reads.

    mine: "lead", "second" or ""; due: a week or "" and its words.
    """

    seen: Summary
    key: tuple[object, ...] = field(repr=False)
    hay: bytes = field(repr=False)
    groups: frozenset[str]
    mine: str
    tags: tuple[str, ...]
    due: str
    due_words: str
    overdue: bool


@dataclass
class Shelf:
    """The rows by case and in their order. `made` is what else than cases they depend on: made anew when that changes."""

    rows: dict[str, Row] = field(default_factory=dict)
    order: list[Row] = field(default_factory=list)
    made: tuple[object, ...] = ()


@dataclass(frozen=True)
class Found:
    """One page of what a wish finds. unread counts cases of the whole list."""

    rows: Sequence[Row]
    count: int
    page: int
    pages: int
    total: int
    unread: int


def look(shelf: Shelf, book: casebook.Book, tree: Tree | None, sign: str, day: datetime.datetime, wish: Wish, page: int) -> Found:
    """What the wish finds, after taking in what changed."""
    refresh(shelf, book, tree, sign, day)
    rows = select(shelf.order, wish)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, page), pages)
    unread = sum(row.seen.unread > 0 for row in shelf.order)
    return Found(rows[(page - 1) * PAGE : page * PAGE], len(rows), page, pages, len(shelf.order), unread)


def refresh(shelf: Shelf, book: casebook.Book, tree: Tree | None, sign: str, day: datetime.datetime) -> None:
    """Make the rows of changed cases anew, and all of them on a new day or with a new roster."""
    made = (day.date(), tree.roster.version if tree else 0)
    if shelf.made != made:
        shelf.rows.clear()
        book.changed.update(book.cases)
        shelf.made = made
    if not book.changed:
        return
    for case_id in book.changed:
        shelf.rows.pop(case_id, None)
        case = casebook.case_of(book, case_id)
        if case is not None and case.root.kind == "report" and (sign in case.readers or sign in case.gone):
            shelf.rows[case_id] = _row(case, book, sign, clock.week_of(day))
    book.changed.clear()
    newest = (shelf.rows[case_id] for case_id in reversed(book.cases) if case_id in shelf.rows)
    shelf.order = sorted(newest, key=lambda row: row.key)


def select(rows: Iterable[Row], wish: Wish) -> list[Row]:
    """The rows that meet every part of the wish, in their order; for what is due, the earliest first."""
    wanted = search.terms(wish.q)
    found = [row for row in rows if _meets(row, wish) and search.matches(row.hay, wanted)]
    return sorted(found, key=lambda row: row.due) if wish.due else found


def clean(form: Mapping[str, str]) -> Wish:
    """A wish from a form or a saved view; fields of other names say nothing."""
    return Wish(**{each.name: " ".join(str(form.get(each.name, "")).split())[:200] for each in fields(Wish)})


def as_form(wish: Wish) -> dict[str, str]:
    """The parts of a wish that ask for something."""
    return {name: value for name, value in asdict(wish).items() if value}


def organisations(shelf: Shelf) -> list[str]:
    return sorted({row.seen.organisation for row in shelf.order if row.seen.organisation}, key=str.casefold)


def tags(shelf: Shelf) -> list[str]:
    return sorted({tag for row in shelf.order for tag in row.tags}, key=str.casefold)


def split_tags(text: str) -> list[str]:
    """Tags from one line with commas: single spaces, no doubles, at most 20 of 40 characters."""
    found = dict.fromkeys(" ".join(each.split())[:40] for each in text.split(","))
    return [tag for tag in found if tag][:20]


def _meets(row: Row, wish: Wish) -> bool:
    seen = row.seen
    states = {"": True, "OPEN": seen.state_code not in OVER}
    return (
        states.get(wish.state, wish.state == seen.state_code)
        and (not wish.concern or wish.concern in row.groups)
        and (not wish.organisation or wish.organisation == seen.organisation)
        and (not wish.tag or wish.tag in row.tags)
        and (not wish.unread or seen.unread > 0)
        and (not wish.mine or (row.mine == "lead" if wish.mine == "lead" else row.mine != ""))
        and (not wish.due or (row.overdue if wish.due == "over" else row.due != ""))
    )


def _row(case: Case, book: casebook.Book, sign: str, week: str) -> Row:
    seen = cases.summary(case, book, sign)
    about = case.root.payload["answers"]["about"] if case.triage is None or not seen.opened else [case.triage.payload["code"]]
    due, words = cases.due(case, week) if seen.opened else ("", "")
    mine = "lead" if case.lead == sign else "second" if case.second == sign else ""
    held = book.tags.get(case.id, ())
    return Row(
        seen=seen,
        key=(seen.state_code in OVER, seen.unread == 0, -int(seen.week[:4] + seen.week[6:])),
        hay=search.haystack([*_words(seen), *held, *(_said(book, case) if seen.opened else ())]),
        groups=frozenset({*about, *(code[0] for code in about)}),
        mine=mine if seen.state_code not in OVER else "",
        tags=held,
        due=due,
        due_words=words,
        overdue=bool(due) and due < week,
    )


def _words(seen: Summary) -> list[str]:
    return [seen.id, seen.short, *seen.about, seen.stage, seen.organisation, seen.state]


def _said(book: casebook.Book, case: Case) -> list[str]:
    """Every text of an opened case, of void events too: the page shows those as well."""
    answers = case.root.payload["answers"]
    found = [answers["raised"], answers["promise"]]
    for event in casebook.events_of(book, case.id):
        found += [event.payload[name] for name in TEXTS if event.payload.get(name)]
        found += event.payload.get("fields", {}).values()
    return found
