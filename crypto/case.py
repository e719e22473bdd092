"""The state of a case: a pure fold over its events (PROTOCOL 9)."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crypto.constants import MAY_CODES, PARENTS_MAX, VERSION
from crypto.event import REPORTER_KINDS, REVIEWER_KINDS, Event, audience_of


@dataclass(frozen=True)
class Case:
    """What a set of events says. `order` holds the valid events, the root first; `void` maps the others to their reason.

    `may` is "" when only a stub is held and nothing was chosen since. Each equivocation is a sorted tuple of ids.
    """

    id: str
    root: Event
    state: str
    may: str
    opened: frozenset[str]
    order: tuple[Event, ...]
    void: Mapping[str, str]
    missing: frozenset[str]
    equivocations: tuple[tuple[str, ...], ...]


def fold(events: Iterable[Event], case_id: str) -> Case | None:
    """The case of these events (any order, doubles allowed, other cases' events ignored), or None without a root."""
    held = _held(events, case_id)
    root = held.get(case_id)
    if root is None:
        return None
    void = {id_: reason for id_, event in held.items() if (reason := _void_reason(event, root, held))}
    ordered = _topological(held)
    state, refused = _state([held[id_] for id_ in ordered if id_ not in void])
    equivocations = _equivocations(held, void)
    void |= dict.fromkeys(refused, "state")
    valid = tuple(held[id_] for id_ in ordered if id_ not in void)
    return Case(
        id=case_id,
        root=root,
        state=state,
        may=_may(valid, held, root),
        opened=frozenset(event.author for event in valid if event.kind == "received"),
        order=valid,
        void=void,
        missing=frozenset(name for event in held.values() for name in _names(event) if name not in held),
        equivocations=equivocations,
    )


def heads(events: Iterable[Event], case_id: str, audience: str) -> list[str]:
    """The sorted `parents` of a new event: valid events that its whole audience may know and that no other such event names.

    "Other such": a note that follows the report must not leave an event for everybody without any parent.
    At most 32; the smallest ids are kept.
    """
    case = fold(events, case_id)
    if case is None:
        return []
    known = {_id(event, case.root, case_id): event for event in case.order if _covers(event.payload["audience"], audience)}
    named = {name for event in known.values() for name in _names(event)}
    return sorted(id_ for id_ in known if id_ not in named)[:PARENTS_MAX]


def common(
    kind: str,
    week: str,
    seen: Sequence[Any],
    roster: int,
    audience: str,
    case: str | None = None,
    prev: str | None = None,
    parents: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The names every payload of this kind has; the caller adds the further ones. `seen` is (segment number, hex32 hash)."""
    payload: dict[str, Any] = {"v": VERSION, "kind": kind, "week": week, "seen": list(seen), "roster": roster, "audience": audience}
    if case is not None:
        payload["case"] = case
    if parents is not None:
        payload |= {"prev": [prev] if prev else [], "parents": sorted(set(parents))}
    return payload


def _held(events: Iterable[Event], case_id: str) -> dict[str, Event]:
    """The case's events by id, without doubles; a stub stands in for the report under the case id while the report is not held."""
    distinct = {event.id: event for event in events}
    held = {id_: event for id_, event in distinct.items() if event.payload.get("case") == case_id and event.kind != "stub"}
    stubs = [id_ for id_, event in distinct.items() if event.kind == "stub" and event.payload["case"] == case_id]
    report = distinct.get(case_id)
    if report is not None and report.kind == "report":
        held[case_id] = report
    elif stubs:
        held[case_id] = distinct[min(stubs)]
    return held


def _id(event: Event, root: Event, case_id: str) -> str:
    return case_id if event is root else event.id


def _names(event: Event) -> set[str]:
    return {*event.payload.get("prev", ()), *event.payload.get("parents", ())}


def _covers(wide: str, narrow: str) -> bool:
    """Whether everybody of the audience `narrow` is in `wide`."""
    return wide == "all" or narrow == "reviewers"


def _void_reason(event: Event, root: Event, held: Mapping[str, Event]) -> str:
    """Why an event does not count, or "". The first reason of section 9 wins."""
    if event is root:
        return ""
    payload = event.payload
    if event.kind in REPORTER_KINDS and event.author != root.author:
        return "author"
    if event.kind in REVIEWER_KINDS and event.author not in (*root.payload["readers"], *root.payload["reserves"]):
        return "author"
    if payload["audience"] != audience_of(event.kind):
        return "audience"
    parents = [held[id_].payload for id_ in payload["parents"] if id_ in held]
    if not all(_covers(parent["audience"], payload["audience"]) for parent in parents):
        return "parents"
    return "week" if any(payload["week"] < parent["week"] for parent in parents) else ""


def _topological(held: Mapping[str, Event]) -> list[str]:
    """Ids so that every event stands after those it names; among the free ones the smallest id first."""
    waiting = {id_: {name for name in _names(event) if name in held} for id_, event in held.items()}
    followers = defaultdict(list)
    for id_, names in waiting.items():
        for name in names:
            followers[name].append(id_)
    free = [id_ for id_, names in waiting.items() if not names]
    heapq.heapify(free)
    order = []
    while free:
        order.append(id_ := heapq.heappop(free))
        for follower in followers[id_]:
            waiting[follower].discard(id_)
            if not waiting[follower]:
                heapq.heappush(free, follower)
    return order


def _state(ordered: Sequence[Event]) -> tuple[str, list[str]]:
    """The state, and the ids of `state` events that came too late to count."""
    state, refused = "RECEIVED", []
    for event in ordered:
        if event.kind != "state":
            continue
        to = event.payload["to"]
        if (state, to) in {("RECEIVED", "ACKNOWLEDGED"), ("RECEIVED", "CLOSED"), ("ACKNOWLEDGED", "CLOSED")}:
            state = str(to)
        else:
            refused.append(event.id)
    withdrawn = any(event.kind == "withdraw" for event in ordered)
    return ("WITHDRAWN" if withdrawn else state), refused


def _may(valid: Sequence[Event], held: Mapping[str, Event], root: Event) -> str:
    """The most careful of the choices that no other choice follows; without any, what the report said."""
    choices = [event for event in valid if event.kind == "choice"]
    followed: set[str] = set()
    for event in choices:
        followed |= _ancestors(event, held)
    last = [event.payload["may"] for event in choices if event.id not in followed]
    if last:
        return str(min(last, key=MAY_CODES.index))
    return str(root.payload["answers"]["may"]) if root.kind == "report" else ""


def _ancestors(event: Event, held: Mapping[str, Event]) -> set[str]:
    found: set[str] = set()
    todo = list(_names(event))
    while todo:
        id_ = todo.pop()
        if id_ in held and id_ not in found:
            found.add(id_)
            todo.extend(_names(held[id_]))
    return found


def _equivocations(held: Mapping[str, Event], void: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Groups of events in which one reader of the case named the same previous event twice. Strangers' events do not count."""
    groups = defaultdict(list)
    for id_, event in held.items():
        if event.kind in REVIEWER_KINDS and void.get(id_) != "author":
            groups[event.author, event.payload["audience"], tuple(event.payload["prev"])].append(id_)
    return tuple(sorted(tuple(sorted(ids)) for ids in groups.values() if len(ids) > 1))
