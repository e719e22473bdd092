"""What would become of a step, asked of the fold itself: the page offers, and the outbox sends, only what can count (PROTOCOL 9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from crypto.case import Case, common, fold, heads
from crypto.constants import NO_REASON, OUTWARD
from crypto.event import Event

ASKS = ("packet", "legal")  # what can be done only once there is a proposal
BLANK = {"reason": NO_REASON, "text": "-", "until": "", "whom": "", "urgent": "NO"}


def lacking(case: Case, held: Collection[Event], event: Event) -> str:
    """Why an event would be void after these, or, if it would wait, why nobody could endorse it: a key of `labels.VOID`, or "".

    The reporter's yes to it, which it asks for itself, is taken as given: what else it lacks stands behind that.
    """
    answer = {"of": event.id, "agree": "YES", "warned": "YES"}
    yes = _unsigned(case, [event.id], "confirm", case.root.author, "yes", event.payload["week"], **answer)
    found = fold([*held, event, *([yes] if event.payload.get("to") in OUTWARD else [])], case.id)
    if found is None:
        return ""
    waits = next((each.why for each in found.proposals if each.id == event.id), "")
    return found.void.get(event.id) or ("" if waits in ASKS else waits)


def tried(case: Case, held: Collection[Event], sign: str, week: str, steps: Sequence[dict[str, str]]) -> list[str]:
    """What each of these `state` events would lack if this reader said it now. A step names `to` and what differs from BLANK."""
    parents = heads(held, case.id, "all")
    week = max([week, *(event.payload["week"] for event in held if event.id in parents)])
    events = [_unsigned(case, parents, "state", sign, "step", week, **{**BLANK, **step}) for step in steps]
    return [lacking(case, held, event) for event in events]


def _unsigned(case: Case, parents: Sequence[str], kind: str, author: str, name: str, week: str, **fields: Any) -> Event:
    """An event that is never sent; the fold looks at no signature. Its name is no id that an event can have."""
    payload = common(kind, week, [0, "0" * 64], 0, "all", case.id, None, parents)
    return Event(name, author, payload | fields, b"")
