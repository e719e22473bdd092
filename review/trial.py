"""What would become of a step, asked of the fold itself: the page offers, and the outbox sends, only what can count (PROTOCOL 9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from crypto.case import Case, common, fold, heads
from crypto.constants import NO_REASON, OUTWARD
from crypto.event import Event

ASKS = ("packet", "legal")  # what can be done only once there is a proposal
YES = {"agree": "YES", "warned": "YES"}
BLANK = {"reason": NO_REASON, "text": "", "until": "", "whom": "", "urgent": "NO"}


def lacking(case: Case, held: Collection[Event], *events: Event) -> list[str]:
    """Why each of these would be void after `held`, or, if it would wait, why nobody could endorse it: a key of `labels.VOID`, or "".

    None of several may take effect at once. The reporter's yes to a step out, which it asks for itself, is taken as given: what else it
    lacks stands behind that.
    """
    yes = [
        _unsigned(case, [each.id], "confirm", case.root.author, f"yes to {each.id}", each.payload["week"], of=each.id, **YES)
        for each in events
        if each.payload.get("to") in OUTWARD
    ]
    found = fold([*held, *events, *yes], case.id)
    if found is None:
        return [""] * len(events)
    waits = {each.id: "" if each.why in ASKS else each.why for each in found.proposals}
    return [found.void.get(event.id) or waits.get(event.id, "") for event in events]


def tried(case: Case, held: Collection[Event], sign: str, week: str, *groups: Sequence[dict[str, str]]) -> list[str]:
    """What each of these `state` events would lack if this reader said it now. A step names `to` and what differs from BLANK.

    Each group is tried in one fold: of several in it none may take effect at once.
    """
    parents = heads(held, case.id, "all")
    week = max([week, *(event.payload["week"] for event in held if event.id in parents)])
    found: list[str] = []
    for steps in groups:
        events = [_unsigned(case, parents, "state", sign, f"step {n}", week, **{**BLANK, **step}) for n, step in enumerate(steps)]
        found += lacking(case, held, *events) if events else []
    return found


def _unsigned(case: Case, parents: Sequence[str], kind: str, author: str, name: str, week: str, **fields: Any) -> Event:
    """An event that is never sent; the fold looks at no signature. Its name is no id that an event can have."""
    payload = common(kind, week, [0, "0" * 64], 0, "all", case.id, None, parents)
    return Event(name, author, payload | fields, b"")
