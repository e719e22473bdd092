"""The state of a case: a pure fold over its events (PROTOCOL 9)."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto.constants import MAY_CODES, PARENTS_MAX, READERS, VERSION
from crypto.event import REPORTER_KINDS, REVIEWER_KINDS, Event, audience_of


@dataclass(frozen=True)
class Case:
    """What a set of events says. `order` holds the valid events; `void` maps the others to their reason.

    `may` is "" when only a stub is held and nothing was chosen since. Each equivocation is a sorted tuple of ids. `readers` are the
    sign keys who read the case now, the lead first; `gone` maps those who did to "recused" or "cutoff"; `evaluator` may be "".
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
    readers: tuple[str, ...]
    gone: Mapping[str, str]
    evaluator: str


def fold(events: Iterable[Event], case_id: str) -> Case | None:
    """The case of these events (any order, doubles allowed, other cases' events ignored), or None without a root."""
    held = _held(events, case_id)
    root = held.get(case_id)
    if root is None:
        return None
    ordered = _topological(held)
    first = _walk(ordered, held, root, None)
    # Cutoffs take back what came before them in the order too, so whom they name must be known before events are judged.
    walk = _walk(ordered, held, root, first.cuts) if first.cuts else first
    void = walk.void
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
        readers=tuple(walk.active),
        gone=walk.gone,
        evaluator=next((str(event.payload["evaluator"]) for event in valid if event.kind == "evaluator"), ""),
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


@dataclass
class _Walk:
    """Where one walk through the order stands. cuts: (of, audience) to its cutoffs in order, the event that made them effective first."""

    active: list[str]
    ever: list[str]
    gone: dict[str, str] = field(default_factory=dict)
    void: dict[str, str] = field(default_factory=dict)
    recused: dict[str, str] = field(default_factory=dict)
    cuts: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def _walk(ordered: Sequence[str], held: Mapping[str, Event], root: Event, cuts: Mapping[tuple[str, str], list[str]] | None) -> _Walk:
    """Who reads and which events are void (section 9). Without `cuts` this finds them; with them it obeys them."""
    readers = list(root.payload["readers"])
    walk = _Walk(readers, list(readers))
    votes: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    spared = {key: set[str]().union(*(_ancestors(held[id_], held) for id_ in ids)) for key, ids in (cuts or {}).items()}
    effective = {ids[0]: of for (of, _), ids in (cuts or {}).items()}
    for id_ in ordered:
        event = held[id_]
        if id_ in effective:
            _leave(walk, effective[id_], "cutoff")
        if reason := _void_reason(event, root, held, walk, spared):
            walk.void[id_] = reason
        elif event.kind == "recuse":
            walk.recused[event.author] = id_
            _leave(walk, event.author, "recused")
        elif event.kind == "handover":
            walk.active.append(event.payload["to"])
            walk.ever.append(event.payload["to"])
        elif event.kind == "cutoff" and cuts is None:
            _count(walk, event, votes)
    return walk


def _leave(walk: _Walk, person: str, how: str) -> None:
    walk.gone[person] = how
    if person in walk.active:
        walk.active.remove(person)


def _count(walk: _Walk, event: Event, votes: dict[tuple[str, str], dict[str, str]]) -> None:
    """Take a cutoff into account, unless its author is cut off at this point or it names themself or a stranger."""
    of, key = event.payload["of"], (event.payload["of"], event.payload["audience"])
    if of not in walk.ever or of == event.author or walk.gone.get(event.author) == "cutoff":
        return
    votes[key][event.id] = event.author
    if key in walk.cuts:
        walk.cuts[key].append(event.id)
    elif len(set(votes[key].values())) >= min(2, len(walk.ever) - 1):
        walk.cuts[key] = list(reversed(votes[key]))
        _leave(walk, of, "cutoff")


def _void_reason(event: Event, root: Event, held: Mapping[str, Event], walk: _Walk, spared: Mapping[tuple[str, str], set[str]]) -> str:
    """Why an event does not count, or "". The first reason of section 9 wins; `state` is decided later."""
    if event is root:
        return ""
    payload, author = event.payload, event.author
    if author != root.author if event.kind in REPORTER_KINDS else author not in walk.ever:
        return "author"
    if event.kind != "cutoff" and payload["audience"] != audience_of(event.kind):
        return "audience"
    parents = [held[id_].payload for id_ in payload["parents"] if id_ in held]
    if not all(_covers(parent["audience"], payload["audience"]) for parent in parents):
        return "parents"
    if any(payload["week"] < parent["week"] for parent in parents):
        return "week"
    return _gone_reason(event, root, held, walk, spared) if event.kind in REVIEWER_KINDS else ""


def _gone_reason(event: Event, root: Event, held: Mapping[str, Event], walk: _Walk, spared: Mapping[tuple[str, str], set[str]]) -> str:
    author, key = event.author, (event.author, event.payload["audience"])
    if author in walk.recused and walk.recused[author] in _ancestors(event, held):
        return "recused"
    if key in spared and event.id not in spared[key]:
        return "cutoff"
    if event.kind == "recuse" and author not in walk.active:
        return "recused"
    to = event.payload["to"] if event.kind == "handover" else ""
    free = author in walk.active and len(walk.active) < READERS and to in root.payload["reserves"] and to not in walk.ever
    return "handover" if to and not free else ""


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
