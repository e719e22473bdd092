"""Sending a whole case again to a reader who lost the machine it was on: sealed anew by a co-reader, to the keys of today."""

from __future__ import annotations

from crypto.case import Case
from crypto.constants import SLOTS
from crypto.roster import Reviewer
from review import casebook, circle, outbox
from review.desk import Desk


class NoSuchReader(Exception):
    """Not another reader of this case whom the newest roster lets have letters today."""


def possible(desk: Desk, case: Case) -> list[Reviewer]:
    """The other readers to whom the case can be sent again today. The caller holds the lock and has seen that the desk is open."""
    assert desk.tree is not None and desk.vault is not None
    return [reviewer for reviewer, _ in circle.written_to(case, desk.tree, desk.now(), desk.vault.sign)]


def resend(desk: Desk, case_id: str, to: str) -> int:
    """Seal every event of the case for one other reader, theirs included, and note it for all readers; gives how many, with the note.

    Only to who reads the case now anyway: nobody learns more than before. NotReady, NoSuchCase or NoSuchReader.
    """
    with desk.lock:
        if desk.tree is None or desk.book is None or desk.vault is None:
            raise outbox.NotReady
        case = casebook.case_of(desk.book, case_id)
        if case is None:
            raise outbox.NoSuchCase
        people = circle.written_to(case, desk.tree, desk.now(), desk.vault.sign)
        reader, key = next(((reviewer, key) for reviewer, key in people if reviewer.sign == to), (None, b""))
        if reader is None:
            raise NoSuchReader
        events = list(casebook.events_of(desk.book, case_id))
        copies: list[casebook.Record] = []
        for start in range(0, len(events), SLOTS):
            copies += outbox.queue(desk, [(reader.find, key, event.raw) for event in events[start : start + SLOTS]], None)
        told = f"I send everything of this case again to {reader.name}, who lost the machine it was on."
        outbox.say(desk, case_id, "note", together=copies, text=told)
    return len(events) + 1
