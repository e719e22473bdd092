"""What the pages show of a case: plain words made from the fold, nothing stored, nothing decided."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto.case import Case
from crypto.event import Event
from crypto.roster import status_of
from crypto.summary import wrongly_let_go
from crypto.tree import Tree, suspended_on
from review import casebook, circle, clock, clocks, labels, promises, sentences, standing, steps
from review.gist import Gist, gist_of
from review.labels import label

TALK = ("reply", "answer", "legal")
OVER = ("CLOSED", "WITHDRAWN", "PURGED")
EVIDENCE = "Evidence\n"  # the first line of a private note that says what there is and where


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
    sentence: str


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
class Promise:
    """A published promise the case may be about. source: where it was published, "" when it is not on the stewards' list any more."""

    words: str
    source: str
    by: str
    attached: bool


@dataclass(frozen=True)
class View:
    """Everything on the page of one case. doubts: by sign key, why not to build on what another reader proposes or signs now."""

    id: str
    short: str
    title: str
    state: str
    state_code: str
    lead: str
    second: str
    people: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str], ...]
    consent: str
    next_steps: tuple[steps.Step, ...]
    offers: tuple[steps.Offer, ...]
    plan: tuple[str, ...]
    early: str
    doubts: Mapping[str, str]
    undone: tuple[tuple[str, str, tuple[str, ...]], ...]
    triage: Mapping[str, Any]
    triaged: tuple[tuple[str, str], ...]
    credibility: str
    corrections: tuple[tuple[str, str], ...]
    checklist: tuple[tuple[str, bool], ...]
    evidence: tuple[Line, ...]
    promises: tuple[Promise, ...]
    dues: tuple[clocks.Due, ...]
    knew: Event | None
    duties: tuple[clocks.Duty, ...]
    sees: str
    legal_hold: bool
    text: str
    missing_parts: tuple[int, ...]
    timeline: tuple[Line, ...]
    apart: Mapping[str, str]
    talk: tuple[Line, ...]
    notes: tuple[Line, ...]
    readers: tuple[Seat, ...]
    place: str
    gap: str
    evaluator: Findings | None
    void: tuple[tuple[Line, str], ...]
    missing: int
    equivocations: tuple[str, ...]
    hiding: tuple[str, ...]
    ids: frozenset[str]


def overview(book: casebook.Book, sign: str) -> list[Summary]:
    """All cases this reviewer reads or read: open ones first, those with unread words before the others, then the newest."""
    found = [seen for case_id, events in list(book.cases.items()) if case_id in events and (seen := header(book, sign, case_id))]
    found.sort(key=lambda row: row.week, reverse=True)
    return sorted(found, key=lambda row: (row.state_code in OVER, row.unread == 0))


def header(book: casebook.Book, sign: str, case_id: str) -> Summary | None:
    """What may be seen of a case before it is opened, or None: no such case, or nobody handed it to this reviewer."""
    case = casebook.case_of(book, case_id)
    return summary(case, book, sign) if case is not None and (sign in case.readers or sign in case.gone) else None


def is_opened(book: casebook.Book, sign: str, case_id: str) -> bool:
    """Whether this reviewer said that they have no conflict: their own `received` counts here even where it came too late for others."""
    return any(event.author == sign and event.kind == "received" for event in casebook.events_of(book, case_id))


def view(book: casebook.Book, tree: Tree | None, sign: str, case_id: str, day: datetime.datetime) -> View | None:
    """The page of one case, or None when there is no such case."""
    case = casebook.case_of(book, case_id)
    if case is None:
        return None
    names = {reviewer.sign: reviewer.name for reviewer in tree.roster.reviewers} if tree else {}
    called = {key: _name(key, names, sign) for key in (*case.readers, *case.gone, *case.root.payload["reserves"])}
    lines = {event.id: _line(event, book, names, sign, case, called) for event in [*case.order, *_voided(case, book)]}
    report, week = case.root.payload, clock.week_of(day)
    parts = {event.payload["n"]: event.payload["text"] for event in case.order if event.kind == "part"}
    notes = [event for event in case.order if event.kind == "note"]
    assessed = [event.payload for event in case.order if event.kind == "assess"]
    return View(
        id=case.id,
        short=short(case.id),
        title=_title(report["answers"]),
        state=label(labels.STATE, case.state),
        state_code=case.state,
        lead=called.get(case.lead, ""),
        second=called.get(case.second, ""),
        people=tuple((key, called[key]) for key in case.readers),
        answers=_answers(report["answers"]),
        consent=steps.consent(case),
        next_steps=steps.steps(case, casebook.events_of(book, case_id), sign, week),
        offers=steps.offers(case, sign, called),
        doubts=_doubts(case, tree, names, sign, day),
        plan=steps.plan_check(case),
        early=steps.early(case, week),
        undone=tuple((event.id, steps.VERBS[event.payload["to"]], steps.signers(case, event)) for event in steps.undone(case)),
        triage=case.triage.payload if case.triage else {},
        triaged=_triaged(case),
        credibility=label(labels.CREDIBILITY, assessed[-1]["credibility"]) if assessed else "",
        corrections=tuple((code, status) for code, status in case.corrections.items()),
        checklist=steps.checklist(case),
        evidence=tuple(lines[event.id] for event in notes if event.payload["text"].startswith(EVIDENCE)),
        promises=_promises(case, tree, names, sign),
        dues=tuple(clocks.dues(case, week)),
        knew=case.knew,
        duties=tuple(clocks.legal_panel(case, week)),
        sees=steps.reporter_reads(case),
        legal_hold=case.legal_hold,
        text=report["text"] + "".join(parts[n] for n in sorted(parts)),
        missing_parts=tuple(n for n in range(1, report["parts"] + 1) if n not in parts),
        apart=sentences.apart(case, lambda key: _name(key, names, sign)),
        timeline=tuple(lines[event.id] for event in case.order if event.kind not in ("note", "part")),
        talk=tuple(lines[event.id] for event in case.order if event.kind in TALK or (_told(event) and event.payload["text"])),
        notes=tuple(lines[event.id] for event in notes if not event.payload["text"].startswith((EVIDENCE, promises.ATTACH))),
        readers=_seats(case, tree, names, sign, day),
        place=place(case, tree, sign, day),
        gap=_gap(case, tree, day),
        evaluator=_findings(case, tree, day),
        void=tuple((lines[event.id], labels.VOID.get(case.void[event.id], case.void[event.id])) for event in _voided(case, book)),
        missing=len(case.missing),
        equivocations=tuple(sorted({_name(book.events[pair[0]].author, names, sign) for pair in case.equivocations})),
        hiding=tuple(sorted({_name(each.author, names, sign) for each in wrongly_let_go(case, casebook.events_of(book, case_id))})),
        ids=frozenset(lines),
    )


def _told(event: Event) -> bool:
    """Whether an event brings words to the reporter beside what it says itself."""
    return event.kind in ("state", "hold", "done")


def _triaged(case: Case) -> tuple[tuple[str, str], ...]:
    if case.triage is None:
        return ()
    said = case.triage.payload
    also = "".join(f"\n{label(labels.ABOUT, code)}" for code in said["also"])
    return (
        ("Concern", label(labels.ABOUT, said["code"]) + also),
        ("When in the model's life", label(labels.STAGE, said["stage"])),
        ("Severity, if true", label(labels.SEVERITY, said["severity"])),
        ("Harm", label(labels.HARM, said["harm"])),
        ("Urgency", label(labels.URGENCY, said["urgency"])),
        ("Who could know", label(labels.KNOWN, said["known"])),
        ("Risk for the reporter", label(labels.RISK, said["risk"])),
    )


def _promises(case: Case, tree: Tree | None, names: Mapping[str, str], sign: str) -> tuple[Promise, ...]:
    known = promises.lines(tree.programme.commitments if tree else ())
    found = [Promise(words, known[words], "the reporter", False) for words in promises.picked(case, known)]
    more = promises.attached(case).items()
    return (*found, *(Promise(words, known.get(words, ""), _name(author, names, sign), True) for words, author in more))


def place(case: Case, tree: Tree | None, sign: str, day: datetime.datetime) -> str:
    """Why this reviewer has no say in the case: "cutoff", "recused" or "revoked"; "" for a reader. Nobody writes to the revoked of it."""
    if sign not in case.readers:
        return case.gone.get(sign, "cutoff")
    mine = next((each for each in tree.roster.reviewers if each.sign == sign), None) if tree else None
    return "revoked" if mine is not None and status_of(mine, (), day) == "revoked" else ""


def _doubts(case: Case, tree: Tree | None, names: Mapping[str, str], sign: str, day: datetime.datetime) -> dict[str, str]:
    off = {key: standing.off_duty(tree, key, day) for key in case.readers if key != sign}
    return {
        key: f"{_name(key, names, sign)} is {word}: talk to the stewards before you build on this." for key, word in off.items() if word
    }


def _seats(case: Case, tree: Tree | None, names: Mapping[str, str], sign: str, day: datetime.datetime) -> tuple[Seat, ...]:
    cards = {reviewer.sign: reviewer for reviewer in tree.roster.reviewers} if tree else {}
    seats = []
    for key in case.readers:
        what = "has opened it" if key in case.opened else "not opened yet"
        status = status_of(cards[key], suspended_on(tree, day), day) if tree and key in cards else "" if not tree else "waiting"
        if status not in ("", "active"):
            what += f", {labels.STATUS[status]}: gets no letters now"
            what += "; a reserve takes the place once they step back" if status in standing.REPLACED else ""
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


def summary(case: Case, book: casebook.Book, sign: str) -> Summary:
    """The row of a case of this reviewer."""
    return in_brief(case.id, gist_of(case, casebook.events_of(book, case.id)), book, sign)


def in_brief(case_id: str, gist: Gist, book: casebook.Book, sign: str) -> Summary:
    """The same from the gist of a case whose report is held."""
    report = book.events[case_id].payload
    answers = report["answers"]
    return Summary(
        id=case_id,
        short=short(case_id),
        title=_title(answers),
        about=tuple(label(labels.ABOUT, code) for code in answers["about"]),
        stage=label(labels.STAGE, answers["stage"]),
        organisation=answers["organisation"],
        opened=is_opened(book, sign, case_id),
        state=label(labels.STATE, gist.state),
        state_code=gist.state,
        week=report["week"],
        unread=len(book.cases[case_id].keys() - book.read - {*gist.apart}),
        danger=answers["danger"] == "NOW" and gist.state in ("RECEIVED", "ACKNOWLEDGED"),
        danger_words=label(labels.DANGER, answers["danger"]),
    )


def _title(answers: Mapping[str, Any]) -> str:
    return label(labels.ABOUT, answers["about"][0])


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


def _line(event: Event, book: casebook.Book, names: Mapping[str, str], sign: str, case: Case, called: Mapping[str, str]) -> Line:
    payload = event.payload
    who = "Reporter" if event.author == case.root.author else _name(event.author, names, sign)
    return Line(
        id=event.id,
        who=who,
        mine=event.author == sign,
        week=payload["week"],
        what=label(labels.KIND, event.kind) if not _told(event) else sentences.heading(event, case),
        text=str(payload.get("text", "")) if event.kind != "report" else "",
        sending=_sending(event, book),
        unread=event.id not in book.read,
        sentence=sentences.sentence(event, case, who, called),
    )


def _sending(event: Event, book: casebook.Book) -> str:
    if book.segment.get(event.id):
        return ""
    return "stored, not yet published" if book.event_posting.get(event.id) in book.posted else "waiting to be sent"


def _name(sign: str, names: Mapping[str, str], own: str) -> str:
    return "You" if sign == own else names.get(sign, f"Reviewer {sign[:8]}")


def _voided(case: Case, book: casebook.Book) -> list[Event]:
    return [book.events[name] for name in sorted(case.void) if name in book.events]
