"""What the pages show of a case: plain words made from the fold, nothing stored, nothing decided."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto.case import Case, fold
from crypto.event import Event
from crypto.roster import status_of
from crypto.tree import Tree, suspended_on
from review import casebook, circle, labels
from review.labels import label

TALK = ("reply", "answer")
ORDER = ("RECEIVED", "ACKNOWLEDGED", "CLOSED", "WITHDRAWN")


@dataclass(frozen=True)
class Line:
    """One event as a line of a page. `sending` is "" once the event is in a segment."""

    id: str
    who: str
    mine: bool
    week: str
    what: str
    text: str
    sending: str
    unread: bool


@dataclass(frozen=True)
class Summary:
    """One row of the list of cases, and the header one sees before deciding to read a case."""

    id: str
    short: str
    title: str
    about: tuple[str, ...]
    stage: str
    organisation: str
    opened: bool
    state: str
    state_code: str
    week: str
    unread: int
    danger: bool
    danger_words: str


@dataclass(frozen=True)
class Seat:
    """One who reads a case, or did. here: reads it now; what: what else there is to say of them."""

    name: str
    here: bool
    what: str


@dataclass(frozen=True)
class Findings:
    """What an evaluator adds to a report. name is "" when the key is not that of an active evaluator of the roster."""

    name: str
    method: str
    access: str
    steps: str
    wishes: str


@dataclass(frozen=True)
class View:
    """Everything on the page of one case."""

    id: str
    short: str
    title: str
    state: str
    state_code: str
    lead: bool
    answers: tuple[tuple[str, str], ...]
    may: str
    narrow: bool
    text: str
    missing_parts: tuple[int, ...]
    timeline: tuple[Line, ...]
    talk: tuple[Line, ...]
    notes: tuple[Line, ...]
    readers: tuple[Seat, ...]
    place: str
    gap: str
    evaluator: Findings | None
    void: tuple[tuple[Line, str], ...]
    missing: int
    equivocations: tuple[str, ...]
    ids: frozenset[str]


def overview(book: casebook.Book, sign: str) -> list[Summary]:
    """All cases this reviewer reads or read: open ones first, those with unread words before the others, then the newest."""
    found = []
    for event in list(book.events.values()):
        if event.kind == "report":
            case = fold(book.events.values(), event.id)
            if case is not None and (sign in case.readers or sign in case.gone):
                found.append(_summary(case, book, sign))
    found.sort(key=lambda row: row.week, reverse=True)
    return sorted(found, key=lambda row: (row.state_code in ("CLOSED", "WITHDRAWN"), row.unread == 0))


def header(book: casebook.Book, sign: str, case_id: str) -> Summary | None:
    """What may be seen of a case before it is opened, or None: no such case, or nobody handed it to this reviewer."""
    case = fold(book.events.values(), case_id)
    return _summary(case, book, sign) if case is not None and (sign in case.readers or sign in case.gone) else None


def is_opened(book: casebook.Book, sign: str, case_id: str) -> bool:
    """Whether this reviewer said that they have no conflict: their own `received` counts here even where it came too late for others."""
    return any(event.kind == "received" and event.author == sign and casebook.of_case(event) == case_id for event in book.events.values())


def view(book: casebook.Book, tree: Tree | None, sign: str, case_id: str, day: datetime.datetime) -> View | None:
    """The page of one case, or None when there is no such case."""
    case = fold(book.events.values(), case_id)
    if case is None:
        return None
    names = {reviewer.sign: reviewer.name for reviewer in tree.roster.reviewers} if tree else {}
    lines = {event.id: _line(event, book, names, sign, case) for event in [*case.order, *_voided(case, book)]}
    report = case.root.payload
    parts = {event.payload["n"]: event.payload["text"] for event in case.order if event.kind == "part"}
    return View(
        id=case.id,
        short=short(case.id),
        title=_title(case),
        state=label(labels.STATE, case.state),
        state_code=case.state,
        lead=case.readers[:1] == (sign,),
        answers=_answers(report["answers"]),
        may=label(labels.MAY, case.may),
        narrow=report["answers"]["known"] in ("K0", "K1", "K2"),
        text=report["text"] + "".join(parts[n] for n in sorted(parts)),
        missing_parts=tuple(n for n in range(1, report["parts"] + 1) if n not in parts),
        timeline=tuple(lines[event.id] for event in case.order if event.kind not in ("note", "part")),
        talk=tuple(lines[event.id] for event in case.order if event.kind in TALK or (event.kind == "state" and event.payload["text"])),
        notes=tuple(lines[event.id] for event in case.order if event.kind == "note"),
        readers=_seats(case, tree, names, sign, day),
        place=place(case, tree, sign, day),
        gap=_gap(case, tree, day),
        evaluator=_findings(case, tree, day),
        void=tuple((lines[event.id], labels.VOID.get(case.void[event.id], case.void[event.id])) for event in _voided(case, book)),
        missing=len(case.missing),
        equivocations=tuple(sorted({_name(book.events[pair[0]].author, names, sign) for pair in case.equivocations})),
        ids=frozenset(lines),
    )


def place(case: Case, tree: Tree | None, sign: str, day: datetime.datetime) -> str:
    """Why this reviewer has no say in the case: "cutoff", "recused" or "revoked"; "" for a reader. Nobody writes to the revoked of it."""
    if sign not in case.readers:
        return case.gone.get(sign, "cutoff")
    mine = next((each for each in tree.roster.reviewers if each.sign == sign), None) if tree else None
    return "revoked" if mine is not None and status_of(mine, (), day) == "revoked" else ""


def _seats(case: Case, tree: Tree | None, names: Mapping[str, str], sign: str, day: datetime.datetime) -> tuple[Seat, ...]:
    cards = {reviewer.sign: reviewer for reviewer in tree.roster.reviewers} if tree else {}
    seats = []
    for key in case.readers:
        what = "has opened it" if key in case.opened else "not opened yet"
        status = status_of(cards[key], suspended_on(tree, day), day) if tree and key in cards else "" if not tree else "waiting"
        if status not in ("", "active"):
            what += f", {labels.STATUS[status]}: gets no letters now"
        seats.append(Seat(_name(key, names, sign), True, what))
    return (*seats, *(Seat(_name(key, names, sign), False, labels.GONE[how]) for key, how in case.gone.items()))


def _gap(case: Case, tree: Tree | None, day: datetime.datetime) -> str:
    """What there is to say of an empty place among the readers."""
    if tree is None or not circle.has_gap(case):
        return ""
    reserve = circle.next_reserve(case, tree, day)
    if reserve is None:
        return "A place among the readers is empty, and no reserve is left who could take it."
    return f"A place among the readers is empty. {reserve.name} is next; the lead's workstation hands the case over by itself."


def _findings(case: Case, tree: Tree | None, day: datetime.datetime) -> Findings | None:
    event = next((event for event in case.order if event.kind == "evaluator"), None)
    if event is None:
        return None
    known = [each for each in tree.roster.evaluators if each.sign == case.evaluator] if tree else []
    good = [each.name for each in known if tree and status_of(each, suspended_on(tree, day), day) == "active"]
    payload = event.payload
    return Findings(good[0] if good else "", payload["method"], payload["access"], payload["steps"], payload["wishes"])


def short(case_id: str) -> str:
    """Enough of an id to tell cases apart aloud."""
    return f"{case_id[:4]} {case_id[4:8]}"


def _summary(case: Case, book: casebook.Book, sign: str) -> Summary:
    answers = case.root.payload["answers"]
    return Summary(
        id=case.id,
        short=short(case.id),
        title=_title(case),
        about=tuple(label(labels.ABOUT, code) for code in answers["about"]),
        stage=label(labels.STAGE, answers["stage"]),
        organisation=answers["organisation"],
        opened=is_opened(book, sign, case.id),
        state=label(labels.STATE, case.state),
        state_code=case.state,
        week=case.root.payload["week"],
        unread=len([event for event in case.order if event.id not in book.read]),
        danger=answers["danger"] == "NOW" and case.state in ("RECEIVED", "ACKNOWLEDGED"),
        danger_words=label(labels.DANGER, answers["danger"]),
    )


def _title(case: Case) -> str:
    return label(labels.ABOUT, case.root.payload["answers"]["about"][0])


def _answers(answers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("What it is about", "\n".join(label(labels.ABOUT, code) for code in answers["about"])),
        ("When in the model's life", label(labels.STAGE, answers["stage"])),
        ("Organisation", answers["organisation"] or "Not said"),
        ("Danger", label(labels.DANGER, answers["danger"])),
        ("How the reporter knows", label(labels.BASIS, answers["basis"])),
        ("Who could know this", label(labels.KNOWN, answers["known"])),
        ("Raised before", answers["raised"] or "Not said"),
        ("What reviewers might do, as first said", label(labels.MAY, answers["may"])),
        ("Promise or law, where to look, fears", answers["promise"] or "Not said"),
    )


def _line(event: Event, book: casebook.Book, names: Mapping[str, str], sign: str, case: Case) -> Line:
    payload = event.payload
    what = label(labels.KIND, event.kind)
    if event.kind == "state":
        what = label(labels.STATE, payload["to"])
        if payload["reason"] != "NONE":
            what += f": {label(labels.REASON, payload['reason'])}"
    if event.kind == "choice":
        what += f": {label(labels.MAY, payload['may'])}"
    if event.kind in ("handover", "cutoff"):
        what += f": {_name(payload['to' if event.kind == 'handover' else 'of'], names, sign)}"
    who = "Reporter" if event.author == case.root.author else _name(event.author, names, sign)
    text = payload.get("text", "") if event.kind in (*TALK, "note", "state") else ""
    return Line(event.id, who, event.author == sign, payload["week"], what, text, _sending(event, book), event.id not in book.read)


def _sending(event: Event, book: casebook.Book) -> str:
    if book.segment.get(event.id):
        return ""
    return "stored, not yet published" if book.event_posting.get(event.id) in book.posted else "waiting to be sent"


def _name(sign: str, names: Mapping[str, str], own: str) -> str:
    return "You" if sign == own else names.get(sign, f"Reviewer {sign[:8]}")


def _voided(case: Case, book: casebook.Book) -> list[Event]:
    return [book.events[name] for name in sorted(case.void) if name in book.events]
