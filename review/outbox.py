"""Making events and the postings that carry them: to whom, with which parents, when."""

from __future__ import annotations

import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import Any

from crypto.case import Case, common, heads
from crypto.constants import AGAIN_MAX, OLDER_MAX, SCAN_WEEKS, SLOTS
from crypto.encoding import unb64
from crypto.event import Event, audience_of
from crypto.graph import Graph, bits_of, graph_of, names
from crypto.sealing import Slot, make_posting
from crypto.summary import WORDS, pressing
from review import backup, casebook, cases, circle, clock, gist, labels, standing, ticks, trial
from review.desk import Desk, queue_waiting, write

SUMMARY_AFTER_WEEKS = 3
SUMMARY_UNTIL_WEEKS = 26  # after the last word in a closed case: by then no return page looks for it
SENT_AGAIN = 300  # what decides and is sealed again for the reporter; the oldest, on which the rest stands
SUMMARY_LETTERS = 60  # that many at least, if there is so much
WORDS_LEAST = 20

NOT_SENT = (
    "Restored from a backup. Not sent and taken out of the casebook, since you may have taken it back after the backup was made: {}. "
    "Say it again if it should stand. A line of the case's checklist says the same until you take it off."
)
NOT_SENT_LINE = "Not sent after the restore: {}. Say it again if it should stand."
COPIES_NOT_SENT = " Nor were copies for other readers: ask them whether they miss something, and send them the case again."


class NotReady(Exception):
    """The roster has not been checked yet, or the casebook is locked: nothing can be sealed now."""


class NoSuchCase(Exception):
    """There is no case with this id here."""


class Refused(Exception):
    """By the rules of PROTOCOL 9 the event would not count. Its argument is the reason, a key of `labels.VOID`."""


class OffDuty(Exception):
    """By the newest roster this reviewer is not to move a case now. Its argument is why, in a word."""


class Gone(Exception):
    """What was said cannot be taken back any more: its posting may have left, or something else refers to it."""


# Steps that somebody decides: one that would be void is not sent at all.
DECIDED = ("state", "endorse", "done", "legal", "knew", "triage", "assess", "assign", "correction", "packet", "purge", "hold", "retract")
TAKEN_BACK = (*DECIDED, "answer", "note")
ON_DUTY = ("state", "endorse", "done", "legal", "purge", "hold")  # what only those say whom the roster lets


def say(
    desk: Desk,
    case_id: str,
    kind: str,
    audience: str = "",
    beside: Sequence[Slot] = (),
    together: Sequence[casebook.Record] = (),
    **fields: Any,
) -> Event:
    """Sign an event of this case, keep it and put its posting in the outbox. TooLong when the text has no room.

    `audience` is that of the kind unless given. It goes to those who read the case now and may be written to by the newest roster;
    `beside` are other letters that travel in the same posting, `together` are records of postings, written with it or not at all.

    Everything happens under the desk's lock: what is shown as said is in the casebook, durable, before this returns.
    """
    with desk.lock:
        tree, book, vault = desk.tree, desk.book, desk.vault
        # A restored vault that has not seen all it said before could contradict itself.
        if tree is None or book is None or vault is None or backup.waiting(desk.folder):
            raise NotReady
        case = casebook.case_of(book, case_id)
        if case is None:
            raise NoSuchCase
        if kind in ON_DUTY and (off := standing.off_duty(tree, vault.sign, desk.now())):
            raise OffDuty(off)
        audience = audience or audience_of(kind)
        payload = {**_common(desk, case, kind, audience, fields.get("of") or fields.get("state", "")), **fields}
        event = vault.sign_event(payload, desk.programme)
        if kind in DECIDED:
            _rehearse(case, casebook.events_of(book, case_id), event)
        people = circle.written_to(case, tree, desk.now(), vault.sign)
        slots = [(vault.find_public, _own_open(desk), event.raw), *beside]
        if audience == "all":
            slots.append((*reporter_keys(case), event.raw))
        slots += [(reviewer.find, key, event.raw) for reviewer, key in people]
        slots = slots[:SLOTS]
        records = [casebook.event_record(event, 0), *casebook.hour_records([event], desk.now())]
        if kind == "summary":
            spare = SLOTS - len(slots)
            old = originals(case, casebook.events_of(book, case_id))
            reporter = reporter_keys(case)
            slots += [(*reporter, item.raw) for item in old[:spare]]
            records += queue(desk, slots, event)
            for start in range(spare, len(old), SLOTS - 1):
                copies = [(*reporter, item.raw) for item in old[start : start + SLOTS - 1]]
                records += queue(desk, [(vault.find_public, _own_open(desk), event.raw), *copies], None)
        else:
            records += queue(desk, slots, event)
        records.append(casebook.read_record([event.id]))
        write(desk, [*records, *together])
    desk.wake.set()
    return event


def queue(desk: Desk, slots: Sequence[Slot], event: Event | None) -> list[casebook.Record]:
    """Seal a posting; gives the record that keeps it until the server has it. Once written it leaves at a random moment within one tick."""
    return [casebook.waiting_record(secrets.token_hex(16), make_posting(desk.programme, slots), event.id if event else "")]


def _rehearse(case: Case, held: Collection[Event], event: Event) -> None:
    """Refused if the event would be void where it is to stand, or wait for a signature that could not count."""
    (why,) = trial.lacking(case, held, event)
    if why:
        raise Refused(why)


def may_take_back(desk: Desk, event: Event) -> bool:
    """Whether an own event can be unsaid without anybody having heard it.

    Its posting waits since it was said in this run of the program and was never tried: one that was tried may have arrived although no
    answer came, and what was tried before a crash is not known. Nothing may refer to it.
    """
    if desk.book is None or event.kind not in TAKEN_BACK:
        return False
    waits = any(item.event == event.id and not item.left for item in desk.outbox.values())
    others = casebook.events_of(desk.book, casebook.of_case(event))
    return waits and not any(event.id in {*other.payload.get("prev", ()), *other.payload.get("parents", ())} for other in others)


def take_back(desk: Desk, event_id: str) -> None:
    """Unsay an own event: its posting leaves the outbox and it the casebook. Gone when that cannot be."""
    with desk.lock:
        event = desk.book.events.get(event_id) if desk.book else None
        if event is None or not may_take_back(desk, event):
            raise Gone
        postings = {name: item for name, item in desk.outbox.items() if item.event == event_id}
        for item in postings.values():
            item.at = math.inf  # if it cannot be written down now, it stays here for another try and does not leave meanwhile
        write(desk, [casebook.unsaid_record(event_id)])
        for posting in postings:
            del desk.outbox[posting]


def after_restore(desk: Desk) -> None:
    """Decide what becomes of the postings that waited when the backup was made, once all that was published since is read.

    What a segment shows is not sent again. The rest may have been taken back on the lost machine after the backup: it goes out only where
    that cannot be, and else is unsaid here as well and the reviewer is told.
    """
    with desk.lock:
        book = desk.book
        assert book is not None
        of = {posting: book.events[event] for event, posting in book.event_posting.items() if event in book.events}
        left = [posting for posting in book.waiting if posting in book.letters]
        doubtful = {of[each].id for each in left if each in of and of[each].kind in TAKEN_BACK and not book.segment.get(of[each].id)}
        # What something names that stands could not be taken back.
        while named := doubtful & {name for each in book.events.values() if each.id not in doubtful for name in names(each)}:
            doubtful -= named
        # Copies of events may hold what was taken back.
        copies = [posting for posting in left if posting not in of] if doubtful else []
        gone = [*(posting for posting in book.waiting if posting not in left), *copies]
        records = [casebook.published_record(gone), *(casebook.posted_record(posting, 0) for posting in gone)]
        if doubtful:
            unsaid: dict[str, list[str]] = {}
            for event in (book.events[id_] for id_ in sorted(doubtful)):
                unsaid.setdefault(casebook.of_case(event), []).append(labels.label(labels.KIND, event.kind))
            unsent = [f"{kind} in case {cases.short(case_id)}" for case_id, kinds in unsaid.items() for kind in kinds]
            desk.status.unsent = NOT_SENT.format("; ".join(unsent)) + (COPIES_NOT_SENT if copies else "")
            for case_id, kinds in unsaid.items():
                line = ticks.OPEN + NOT_SENT_LINE.format(", ".join(kinds))
                records.append(casebook.ticks_record(case_id, [*book.ticks.get(case_id, ()), line]))
        write(desk, [*records, *map(casebook.unsaid_record, sorted(doubtful))])
        queue_waiting(desk)


def step_back(desk: Desk, case_id: str) -> None:
    """Tell the others that one steps back, then forget the case: its records leave the casebook and the disk."""
    with desk.lock:
        say(desk, case_id, "recuse")
        forget_left(desk)


def forget_left(desk: Desk) -> None:
    """Forget every case with an own recuse, and every purged one once all that was said here in it is published.

    Also done in each round: a crash may have come between saying and forgetting.
    """
    with desk.lock:
        if desk.book is None or desk.vault is None:
            return
        book = desk.book
        left: dict[str, str] = {}
        for case_id, events in book.cases.items():
            if case_id not in book.forgotten:
                own = [event.id for event in events.values() if event.kind == "recuse" and event.author == desk.vault.sign]
                left |= {case_id: own[0]} if own else {case_id: ""} if _purged(book, case_id) else {}
        if left:
            write(desk, [casebook.forget_record(case_id, recuse) for case_id, recuse in left.items()])
            gist.drop(desk.book)
            casebook.compact(desk.book)


def _purged(book: casebook.Book, case_id: str) -> bool:
    if not any(event.kind == "purge" for event in casebook.events_of(book, case_id)):
        return False  # asked of thousands of cases while pages wait: only those that may be are folded for it
    case = casebook.case_of(book, case_id)
    return case is not None and case.state == "PURGED" and all(book.segment.get(name) for name in book.cases[case_id])


def forward(desk: Desk, case: Case) -> None:
    """Seal for those one handed the case to whatever they cannot have: all that was said without knowing of the handover.

    Six letters a posting and no copy to oneself. What arrives later from someone who did not know yet goes the same way.
    """
    with desk.lock:
        tree, book, vault = desk.tree, desk.book, desk.vault
        if tree is None or book is None or vault is None:
            raise NotReady
        people = {reviewer.sign: (reviewer, key) for reviewer, key in circle.written_to(case, tree, desk.now(), vault.sign)}
        for event in case.order:
            if event.kind == "handover" and event.author == vault.sign and event.payload["to"] in people:
                reviewer, key = people[event.payload["to"]]
                known = book.forwarded.get(event.id, set())
                before = circle.not_after(casebook.events_of(book, case.id), event.id)
                fresh = [each for each in before if each.id not in known and not may_take_back(desk, each)]
                records = [casebook.forwarded_record(event.id, [each.id for each in fresh])] if fresh else []
                for start in range(0, len(fresh), SLOTS):
                    records += queue(desk, [(reviewer.find, key, each.raw) for each in fresh[start : start + SLOTS]], None)
                write(desk, records)
                if fresh:
                    desk.wake.set()


def reporter_keys(case: Case) -> tuple[bytes, bytes]:
    payload = case.root.payload
    return bytes.fromhex(payload["find"]), unb64(payload["open"])


def talk(case: Case) -> list[Event]:
    """What the reporter may know of a case, in order."""
    return [event for event in case.order if event.payload["audience"] == "all"]


def originals(case: Case, held: Collection[Event]) -> list[Event]:
    """What a summary seals again for the reporter: the report first, since nothing can be read without it, then the newest first.

    All that decides is among it with what it rests on, so that the reporter's fold of these letters stands where this one does; what must
    not be let go; and the newest words, WORDS_LEAST in any case and more up to SUMMARY_LETTERS. `held` are all events of the case.
    """
    graph = graph_of({event.id: event for event in held if event.payload["audience"] == "all"})
    said = talk(case)
    kept = _joined(graph, [event.id for event in said if event.kind not in WORDS][:SENT_AGAIN]) | pressing(said) & graph.held.keys()
    rest = [event.id for event in said if event.id not in kept]
    kept |= set(rest[::-1][: max(WORDS_LEAST, SUMMARY_LETTERS - len(kept))])
    order = [case.root, *(graph.held[name] for name in reversed(graph.order) if name in kept and name != case.id)]
    # Who wanted no copy of their first message does not get one from us: whoever finds their words must not be able to read it.
    return [event for event in order if case.root.payload["selfcopy"] == "full" or event.kind not in ("report", "part")]


def gaps(case: Case, held: Collection[Event], week: str) -> dict[str, list[str]]:
    """Of a summary's letters, the newest first: those `again` that no other names, so that each of them is missed; and the `older` ids that
    they name and that are let go: what decides nothing, or is void. What has no room is not said, and stays an alarm.

    Nor is it an alarm when, before the next summary, what a letter names leaves the weeks that a reporter scans and that letter does not.
    """
    sent = originals(case, held)
    ids, named = {event.id for event in sent}, set[str]().union(*map(names, sent))
    again = [event.id for event in sent if event.id not in named]
    named |= {name for event in sent if event.kind == "summary" for name in event.payload["again"]}
    first, before = clock.add_weeks(week, 1 - SCAN_WEEKS), clock.add_weeks(week, -1)
    weeks = {event.id: event.payload["week"] for event in held if event.payload["audience"] == "all"}
    for event in held:
        if weeks.get(event.id, "") >= first:
            named |= {name for name in names(event) & weeks.keys() if weeks[name] < min(weeks[event.id], before)}
    free = [event for event in held if event.id in named - ids and (event.kind in (*WORDS, "part") or event.id in case.void)]
    free.sort(key=lambda event: event.payload["week"], reverse=True)
    return {"again": again[:AGAIN_MAX], "older": [event.id for event in free][:OLDER_MAX]}


def _joined(graph: Graph, wanted: Sequence[str]) -> set[str]:
    """These events, in order, with the fewest of the others by which they descend from each other: a fold follows only what it holds.

    That somebody else had opened the report is asked of a cutoff alone. A flood of words costs no more than SENT_AGAIN letters beside them.
    """
    above: dict[str, int] = {}
    for name in wanted:
        event, known = graph.held[name], [graph.held[each] for each in above.keys() & set(wanted)]
        asked = [each.id for each in known if each.kind != "received" or event.kind == "cutoff" or each.author == event.author]
        _keep(graph, above, [name])
        while lost := graph.above[name] & ~above[name] & bits_of(graph, asked):
            way = _way(graph, above, name, lost.bit_length() - 1)
            if len(above) + len(way) > len(wanted) + SENT_AGAIN:
                break
            _keep(graph, above, way)
    return set(above)


def _keep(graph: Graph, above: dict[str, int], way: Sequence[str]) -> None:
    """Put the events of a way, newest first, among those kept, each with the places of the ancestors it has by what is kept."""
    for name in reversed(way):
        above[name] = 0
        for each in names(graph.held[name]) & above.keys():
            above[name] |= above[each] | 1 << graph.place[each]


def _way(graph: Graph, above: Mapping[str, int], start: str, place: int) -> list[str]:
    """The shortest way from an event up to a kept one that is, or is known to descend from, the event at `place`; without that one."""
    came, queue = {start: ""}, [start]
    for name in queue:
        for each in sorted(names(graph.held[name]) & graph.held.keys() - came.keys()):
            came[each] = name
            if each in above and (above[each] | 1 << graph.place[each]) >> place & 1:
                way = [name]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1]
            queue.append(each)
    return []


def summary_due(case: Case, sign: str, week: str) -> bool:
    """Whether the reporter's five weeks of scanning would soon find nothing: the lead sees to it, each next reader a week later.

    Nobody sees what another seals for the reporter. So a row of summaries by one reader counts for the others as its first alone: who only
    says that they saw to it keeps nobody from doing so.
    """
    if sign not in case.readers:
        return False
    said = [event for event in case.order if event.kind == "summary"]
    row = list(takewhile(lambda event: event.author == said[-1].author, reversed(said)))
    last = row[0 if row[0].author == sign else -1] if row else case.root
    if clock.weeks_between(last.payload["week"], week) < SUMMARY_AFTER_WEEKS + case.readers.index(sign):
        return False
    spoken = max(event.payload["week"] for event in talk(case) if event.kind != "summary")
    over = case.state in ("CLOSED", "WITHDRAWN") and clock.weeks_between(spoken, week) >= SUMMARY_UNTIL_WEEKS
    return not over


def summary_fields(case: Case, held: Collection[Event], week: str) -> dict[str, Any]:
    return {"state": case.state, "due": clock.add_weeks(week, SUMMARY_AFTER_WEEKS + 1), **gaps(case, held, week)}


def _common(desk: Desk, case: Case, kind: str, audience: str, of: str = "") -> dict[str, Any]:
    assert desk.book is not None and desk.tree is not None and desk.vault is not None
    events = casebook.events_of(desk.book, case.id)
    parents = heads(events, case.id, audience, of)
    # One chain per audience: an answer that named a note would tell the reporter that there is one.
    mine = [event for event in events if event.author == desk.vault.sign and event.id != case.id]
    own = [event for event in mine if event.payload["audience"] == audience]
    named = {name for event in own for name in event.payload["prev"]}
    loose = [event.id for event in own if event.id not in named]
    # An honest clock never runs behind what it answers; a slow one is led by the events themselves.
    weeks = [desk.book.events[name].payload["week"] for name in parents if name in desk.book.events]
    newest = max(desk.book.hashes, default=0)
    seen = [newest, desk.book.hashes[newest] if newest else "0" * 64]
    return common(
        kind=kind,
        week=max([clock.week_of(desk.now()), *weeks]),
        seen=seen,
        roster=desk.tree.roster.version,
        audience=audience,
        case=case.id,
        prev=loose[-1] if loose else None,
        parents=parents,
    )


def _own_open(desk: Desk) -> bytes:
    """This reviewer's own open key of today, by the vault: a copy to oneself must work before one is on the roster."""
    assert desk.vault is not None
    return desk.vault.own_open(desk.now())
