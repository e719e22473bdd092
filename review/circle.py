"""Who reads a case now, who takes over, and whom to cut off: decided from the fold and the newest roster, nothing stored, nothing sent."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from crypto.case import Case
from crypto.constants import READERS
from crypto.event import Event
from crypto.graph import names
from crypto.roster import Reviewer, open_key, status_of
from crypto.routing import Want, groups_of, why_not
from crypto.tree import Tree, suspended_on
from review import clock

PATIENCE_WEEKS = 2  # so long each reader may leave a place empty before the next one in line fills it
OVER = ("CLOSED", "WITHDRAWN")


def written_to(case: Case, tree: Tree, day: datetime.datetime, sign: str) -> list[tuple[Reviewer, bytes]]:
    """The other readers of a case who get letters today, with the open key of today: active ones by the newest roster."""
    by_key = {reviewer.sign: reviewer for reviewer in tree.roster.reviewers}
    people = [by_key[key] for key in case.readers if key != sign and key in by_key]
    keys = [(reviewer, key_today(reviewer, tree, day)) for reviewer in people]
    return [(reviewer, key) for reviewer, key in keys if key is not None]


def key_today(reviewer: Reviewer, tree: Tree, day: datetime.datetime) -> bytes | None:
    """The open key of somebody who may be written to today, or None: suspended, paused, over, or without a key."""
    return open_key(reviewer, day) if status_of(reviewer, suspended_on(tree, day), day) == "active" else None


def has_gap(case: Case) -> bool:
    """Whether somebody left an open case and nobody has taken the place."""
    return bool(case.gone) and case.state not in OVER and len(case.readers) < min(READERS, len(case.root.payload["readers"]))


def next_reserve(case: Case, tree: Tree, day: datetime.datetime, passed: Collection[str] = ()) -> Reviewer | None:
    """The first of the reserves who never read the case and whom the newest roster would let read it today; None: there is none left.

    `passed` are sign keys to pass over.
    """
    answers = case.root.payload["answers"]
    want = Want(answers["organisation"], groups_of(answers["about"]))
    by_key = {reviewer.sign: reviewer for reviewer in tree.roster.reviewers}
    out = {*case.readers, *case.gone, *passed}
    fresh = [by_key[key] for key in case.root.payload["reserves"] if key in by_key and key not in out]
    return next((reviewer for reviewer in fresh if not why_not(tree, reviewer, want, day)), None)


def hands_over(case: Case, sign: str, week: str) -> bool:
    """Whether it is this reader's turn to fill the gap: the lead's at once, each next one's two weeks later."""
    moves = [event.payload["week"] for event in case.order if event.kind in ("recuse", "cutoff", "handover")]
    return clock.weeks_between(max([case.root.payload["week"], *moves]), week) >= PATIENCE_WEEKS * case.readers.index(sign)


def cutoffs_due(case: Case, events: Collection[Event], tree: Tree, day: datetime.datetime, sign: str) -> list[tuple[str, str]]:
    """(of, audience) of every cutoff this reader has still to say: of people of this case whom the newest roster calls revoked.

    `events` are those held of the case.
    """
    by_key = {reviewer.sign: reviewer for reviewer in tree.roster.reviewers}
    # A suspension on top does not hide that the term is over.
    ended = [key for key in (*case.readers, *case.gone) if key != sign and key in by_key and status_of(by_key[key], (), day) == "revoked"]
    if not ended:
        return []
    mine = [event.payload for event in events if event.kind == "cutoff" and event.author == sign]
    said = {(payload["of"], payload["audience"]) for payload in mine}
    private = any(event.payload["audience"] == "reviewers" for event in events)
    wanted = [(key, audience) for key in ended for audience in ("all", *(["reviewers"] if private else []))]
    return [pair for pair in wanted if pair not in said]


def not_after(held: Collection[Event], handover: str) -> list[Event]:
    """Of the events held of a case, oldest first, those whose authors did not know of this handover.

    The new reader gets them from who said it.

    The handover itself is among them, as its letter went out before anybody counted the new reader in.
    """
    after: set[str] = {handover}
    grown = True
    while grown:
        found = {event.id for event in held if event.id not in after and not after.isdisjoint(names(event))}
        after |= found
        grown = bool(found)
    return sorted((event for event in held if event.id not in after - {handover}), key=_age)


def _age(event: Event) -> tuple[bool, str, str]:
    return event.kind != "report", event.payload["week"], event.id
