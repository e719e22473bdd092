"""Labels for the public numbers: made of the fold, said by the lead's workstation, endorsed by the second reader's (PROTOCOL 11).

Nobody decides anything here. What is said in the case is also the record of what was sent, so that a crash repeats nothing. A letter that
the statistician refuses, since a signer was out in the week it came, is made anew by the next two who may sign; of two they count one.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise

from crypto.case import Case
from crypto.constants import OUTWARD
from crypto.encoding import b64, hex32, unb64
from crypto.errors import ProtocolError
from crypto.event import Event, verify
from crypto.graph import covers, names
from crypto.label import OUTCOME_OF, OUTSIDE, check_label, endorsed, intake_label, label_message, outcome_label, report_id, thursday
from crypto.roster import status_of
from crypto.sealing import Slot
from crypto.tree import Tree, suspended_on
from review import casebook, clock, outbox
from review.desk import Desk, write

PATIENCE_WEEKS = 2  # so long each reader in line may leave a label unsaid before the next one says it
ABOUT = {"T1": "what reports are about", "T2": "what became of reports"}


@dataclass(frozen=True)
class Made:
    """The label (canonical bytes) that a case has in one table; id and week: of the event that ended triage or closed the case."""

    table: str
    data: bytes
    id: str
    week: str


@dataclass(frozen=True)
class Act:
    """What this workstation has to say: a label of its own, or after somebody's equal `label` event also the letter to the statistician."""

    table: str
    data: bytes
    after: Event | None


def label(desk: Desk, case_id: str) -> None:
    """Say what is due of a case. The caller holds the lock and has seen that everything is open; without a statistician nothing is."""
    assert desk.book is not None and desk.vault is not None and desk.tree is not None
    case, to = casebook.case_of(desk.book, case_id), desk.tree.programme.statistician
    if case is None or to is None:
        return
    # One machine told another: nobody has to read that.
    told = [event.id for event in case.order if event.kind == "label" and event.id not in desk.book.read]
    write(desk, [casebook.read_record(told)] if told else [])
    week, out = clock.week_of(desk.now()), out_in(desk.tree)
    active = active_on(desk.tree, desk.now()) - out(week)
    for act in due(case, desk.book.cases[case_id], desk.programme, active, desk.book.segment, desk.vault.sign, week, out):
        signature = desk.vault.sign_label(act.data, desk.programme)
        beside: list[Slot] = []
        if act.after is not None:
            both = {act.after.author: unb64(act.after.payload["signature"], 64), desk.vault.sign: signature}
            letter = endorsed(act.data, both)
            check_label(letter, desk.programme, active)  # as the statistician will
            beside = [(to.find, to.open, letter)]
        outbox.say(desk, case_id, "label", beside=beside, table=act.table, label=b64(act.data), signature=b64(signature))


def active_on(tree: Tree, day: datetime.datetime) -> frozenset[str]:
    """The sign keys that may sign labels on a day."""
    suspended = suspended_on(tree, day)
    return frozenset(each.sign for each in tree.roster.reviewers if status_of(each, suspended, day) == "active")


def out_in(tree: Tree | None) -> Callable[[str], frozenset[str]]:
    """Week to the sign keys whose labels the statistician refuses if they arrive in it, for good: revoked or suspended on its last day."""

    def out(week: str) -> frozenset[str]:
        day = thursday(week) + datetime.timedelta(days=3)
        if tree is None:
            return frozenset()
        suspended = suspended_on(tree, day)
        return frozenset(each.sign for each in tree.roster.reviewers if status_of(each, suspended, day) in ("revoked", "suspended"))

    return out


def labels_of(case: Case, held: Mapping[str, Event], programme: bytes) -> tuple[Made, ...]:
    """The labels of a case, T1 before T2: none, one or both. `held`: all events held of the case, by id."""
    moves = [(left, to, week, id_) for (left, _, _), (to, week, id_) in pairwise(case.history) if _reason(held, id_) != "SPAM"]
    # An urgent step goes out without waiting for triage to end.
    ended = next(((week, id_) for left, to, week, id_ in moves if left == "TRIAGE" or to in OUTWARD), None)
    closed = next(((week, id_) for _, to, week, id_ in moves if to == "CLOSED"), None)
    places = {id_: place for place, (_, _, id_) in enumerate(case.history)}
    judged = _triage(case, held, ended[1], late=True) if ended else None
    report, sent, made = report_id(case.id, programme), str(case.root.payload["week"]), list[Made]()
    if ended and judged and judged.payload["code"] != OUTSIDE:
        data = intake_label(report, sent, judged.payload["code"], judged.payload["stage"])
        made.append(Made("T1", data, ended[1], ended[0]))
    if closed:
        first = ended is None or places[closed[1]] < places[ended[1]]
        triage = _triage(case, held, closed[1], late=False) if first else judged
        outside = triage.payload["code"] == OUTSIDE if triage else case.root.payload["answers"]["about"] == [OUTSIDE]
        if not outside:
            made.append(Made("T2", outcome_label(report, sent, OUTCOME_OF[_reason(held, closed[1])]), closed[1], closed[0]))
    return tuple(made)


def due(
    case: Case,
    held: Mapping[str, Event],
    programme: bytes,
    active: Collection[str],
    segment: Mapping[str, int],
    sign: str,
    week: str,
    out: Callable[[str], Collection[str]],
) -> list[Act]:
    """What the workstation of `sign` has to say today. segment: of an event, 0 while it is in none; active: who may sign labels now."""
    line = [key for key in dict.fromkeys((case.lead, case.second, *case.readers)) if key in active and key in case.opened]
    if sign not in line:
        return []
    past = {state for state, _, _ in case.history}
    begun = {"T1": past.intersection(("TRIAGE", *OUTWARD)), "T2": past.intersection(("CLOSED",))}
    open_ = {table for table, states in begun.items() if states and not is_done(case, held, table, out)}
    made = labels_of(case, held, programme) if open_ else ()
    # What is in no segment yet may still be taken back.
    acts = [_act(case, one, line, programme, sign, week) for one in made if one.table in open_ and segment.get(one.id)]
    return [act for act in acts if act]


def is_done(case: Case, held: Mapping[str, Event], table: str, out: Callable[[str], Collection[str]]) -> bool:
    """Whether somebody's `label` event followed an equal one of somebody else: with it went the letter to the statistician.

    out: who signs for nothing in a week, as `out_in` gives it.
    """
    said = _said(case, table)
    pairs = [(one, two) for one in said for two in said if one.author != two.author and one.payload["label"] == two.payload["label"]]
    good = [(one, two) for one, two in pairs if not {one.author, two.author} & set(out(two.payload["week"]))]
    return any(one.id in names(two) for one, two in good) or any(one.id in _before(held, two.id) for one, two in good)


def differing(
    case: Case, held: Mapping[str, Event], programme: bytes, sign: str, called: Mapping[str, str], out: Callable[[str], Collection[str]]
) -> tuple[str, ...]:
    """A sentence for each label of another reader that is not what this workstation computes. called: names by sign key."""
    ours = {made.table: b64(made.data) for made in labels_of(case, held, programme)}
    lines = []
    for table, what in ABOUT.items():
        if not is_done(case, held, table, out):
            last = {event.author: event for event in _said(case, table) if event.author != sign}
            who = [called.get(key, key[:8]) for key, event in last.items() if event.payload["label"] != ours.get(table)]
            lines += [f"{name}'s workstation counts this case differently in the table of {what}. Nothing is sent for it." for name in who]
    return tuple(lines)


def _act(case: Case, made: Made, line: list[str], programme: bytes, sign: str, week: str) -> Act | None:
    """What there is to say of a label that is not done, by the first in line; each next one is two weeks more patient."""
    last = {event.author: event for event in _said(case, made.table) if event.author in line}
    equal = [event for event in last.values() if _is_good(event, made.data, programme)]
    if equal:
        after = min(equal, key=case.order.index)
        others = [key for key in line if key != after.author]
        if sign == after.author or clock.weeks_between(after.payload["week"], week) < PATIENCE_WEEKS * others.index(sign):
            return None
        return Act(made.table, made.data, after)
    # What one said oneself of fewer events is said anew; where somebody else says something else, people have to look.
    is_mine = sign in last or (not last and clock.weeks_between(made.week, week) >= PATIENCE_WEEKS * line.index(sign))
    return Act(made.table, made.data, None) if is_mine else None


def _said(case: Case, table: str) -> list[Event]:
    return [event for event in case.order if event.kind == "label" and event.payload["table"] == table]


def _is_good(event: Event, data: bytes, programme: bytes) -> bool:
    """Whether a `label` event holds exactly this label, well signed."""
    if event.payload["label"] != b64(data):
        return False
    try:
        verify(hex32(event.author), unb64(event.payload["signature"], 64), label_message(data, programme))
    except ProtocolError:
        return False
    return True


def _triage(case: Case, held: Mapping[str, Event], id_: str, late: bool) -> Event | None:
    """The last triage that was known when the event `id_` came; `late`: without any, the first one that came in spite of it."""
    found, before = [event for event in case.order if event.kind == "triage"], _before(held, id_)
    known = [event for event in found if event.id in before]
    return known[-1] if known else found[0] if late and found else None


def _before(held: Mapping[str, Event], id_: str) -> set[str]:
    """The ids of all that an event descends from (PROTOCOL 9, 2)."""
    found, todo = set[str](), [id_]
    while todo:
        event = held[todo.pop()]
        audience = event.payload["audience"]
        fresh = {name for name in names(event) - found if name in held and covers(held[name].payload["audience"], audience)}
        found |= fresh
        todo += fresh
    return found


def _reason(held: Mapping[str, Event], id_: str) -> str:
    """Why a case was closed by the event that brought it there, which may be an endorsement; "" if that event closes nothing."""
    payload = held[id_].payload
    return str((held[payload["of"]].payload if payload["kind"] == "endorse" else payload).get("reason", ""))
