"""The list of cases: a row for each, made anew only when its case changes, from its gist; filters and search over the rows.

What a row says of a case that was not opened yet comes from its header alone, and so does what can be searched of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from review import casebook, cases, clock, clocks, search
from review.cases import OVER, Summary
from review.gist import Gist, digest, gist_of

PAGE = 50
NEVER = "9999"  # later than any week
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
    """The rows by case and in their order. They hold for one `week`; `gists` for as long as nothing comes to their cases."""

    rows: dict[str, Row] = field(default_factory=dict)
    order: list[Row] = field(default_factory=list)
    week: str = ""
    gists: dict[str, Gist] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """One page of what a wish finds. unread and overdue count cases of the whole list."""

    rows: Sequence[Row]
    count: int
    page: int
    pages: int
    total: int
    unread: int
    overdue: int


def look(shelf: Shelf, book: casebook.Book, sign: str, day: datetime.datetime, wish: Wish, page: int) -> Found:
    """What the wish finds, after taking in what changed."""
    refresh(shelf, book, sign, clock.week_of(day))
    rows = select(shelf.order, wish)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, page), pages)
    unread, overdue = sum(row.seen.unread > 0 for row in shelf.order), sum(row.overdue for row in shelf.order)
    return Found(rows[(page - 1) * PAGE : page * PAGE], len(rows), page, pages, len(shelf.order), unread, overdue)


def refresh(shelf: Shelf, book: casebook.Book, sign: str, week: str) -> None:
    """Make the rows of changed cases anew, and all of them in a new week."""
    if shelf.week != week:
        shelf.rows.clear()
        book.changed.update(book.cases)
        shelf.week = week
    if not book.changed:
        return
    for case_id in book.changed:
        shelf.rows.pop(case_id, None)
        gist = _gist(shelf, book, case_id)
        if gist is not None and sign in (*gist.readers, *gist.gone):
            shelf.rows[case_id] = _row(case_id, gist, book, sign, week)
    book.changed.clear()
    newest = (shelf.rows[case_id] for case_id in reversed(book.cases) if case_id in shelf.rows)
    shelf.order = sorted(newest, key=lambda row: row.key)


def _gist(shelf: Shelf, book: casebook.Book, case_id: str) -> Gist | None:
    """The gist of a case as its events are now: the one at hand if it was made of these, else by a fold. None: its report is not held."""
    known = shelf.gists.pop(case_id, None)
    if case_id not in book.events:
        return None
    if known is None or known.events != digest(book.cases[case_id]):
        case = casebook.case_of(book, case_id)
        known = gist_of(case, casebook.events_of(book, case_id)) if case is not None else None
    if known is not None:
        shelf.gists[case_id] = known
    return known


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


def _row(case_id: str, gist: Gist, book: casebook.Book, sign: str, week: str) -> Row:
    seen = cases.in_brief(case_id, gist, book, sign)
    about = [gist.code] if gist.code and seen.opened else book.events[case_id].payload["answers"]["about"]
    # By when a report is to be opened follows from its header: nobody has to have opened it.
    due = gist.due if sign in gist.readers and (seen.opened or gist.state == "RECEIVED") else ""
    mine = "lead" if gist.lead == sign else "second" if gist.second == sign else ""
    held = book.tags.get(case_id, ())
    return Row(
        seen=seen,
        key=_key(seen, due, week),
        hay=search.haystack([*_words(seen), *held, *(_said(book, case_id) if seen.opened else ())]),
        groups=frozenset({*about, *(code[0] for code in about)}),
        mine=mine if seen.state_code not in OVER else "",
        tags=held,
        due=due,
        due_words=clocks.DESK[gist.due_code] if due else "",
        overdue=bool(due) and due < week,
    )


def _key(seen: Summary, due: str, week: str) -> tuple[object, ...]:
    """Danger first, then what is overdue, then what is due soonest, closed ones last; news stand with what is due this week."""
    over = seen.state_code in OVER
    when = "" if seen.danger else min(due or NEVER, week if seen.unread and not over else NEVER)
    return (over and when >= week, when, due or NEVER, seen.unread == 0, -int(seen.week[:4] + seen.week[6:]))


def _words(seen: Summary) -> list[str]:
    return [seen.id, seen.short, *seen.about, seen.stage, seen.organisation, seen.state]


def _said(book: casebook.Book, case_id: str) -> list[str]:
    """Every text of an opened case, of void events too: the page shows those as well."""
    answers = book.events[case_id].payload["answers"]
    found = [answers["raised"], answers["promise"]]
    for event in casebook.events_of(book, case_id):
        found += [event.payload[name] for name in TEXTS if event.payload.get(name)]
        found += event.payload.get("fields", {}).values()
    return found
