"""A case: a pure fold over its events (PROTOCOL 9). Here who reads it and which events count; the states are in states.py."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crypto import states
from crypto.constants import PARENTS_MAX, READERS, VERSION
from crypto.event import REPORTER_KINDS, REVIEWER_KINDS, Event, audience_of
from crypto.graph import Graph, bits_of, covers, descends, graph_of, held_of, names
from crypto.states import Proposal


@dataclass(frozen=True)
class Case:
    """What a set of events says. `order` holds the valid events; `void` maps the others to their reason.

    `may` is "" when only a stub is held and nothing was chosen since. Each equivocation is a sorted tuple of ids. `readers` are the
    sign keys who read the case now; `gone` maps those who did to "recused" or "cutoff"; `evaluator` may be "". `history` holds
    (state, week, id of the event that brought it), the first being RECEIVED; `since` is the last one's week, `until` and `whom` are of
    the `state` event behind it, or "", and `until` of the last that gave it a later date; `extended` are all that did so in any state.
    `unsigned` are urgent steps without a second signature; under `legal_hold` the case cannot be purged. `agreed` are the packets that
    the reporter agreed to. `knew` is the last `knew` event. `corrections` maps a code to its latest status; `lead` and `second` are
    sign keys or "".
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
    since: str
    until: str
    whom: str
    history: tuple[tuple[str, str, str], ...]
    proposals: tuple[Proposal, ...]
    unsigned: tuple[str, ...]
    extended: tuple[str, ...]
    legal_hold: bool
    agreed: frozenset[str]
    triage: Event | None
    knew: Event | None
    corrections: Mapping[str, str]
    lead: str
    second: str


def by_case(events: Iterable[Event]) -> dict[str, list[Event]]:
    """The events of each case, so that folding every case looks at each event once."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.id if event.kind == "report" else event.payload["case"]].append(event)
    return dict(found)


def fold(events: Iterable[Event], case_id: str) -> Case | None:
    """The case of these events (any order, doubles allowed, other cases' events ignored), or None without a root."""
    held = held_of(events, case_id)
    root = held.get(case_id)
    if root is None:
        return None
    graph = graph_of(held)
    first = _walk(graph, root, None)
    # Cutoffs take back what came before them in the order too, so whom they name must be known before events are judged.
    walk = _walk(graph, root, first.cuts) if first.cuts else first
    leaving = defaultdict(list, {person: [id_] for person, id_ in walk.recused.items()})
    for (of, audience), ids in first.cuts.items():
        if audience == "all":
            leaving[of] += ids
    at = states.judge(graph, case_id, walk.void, leaving)
    void = walk.void | at.void
    valid = tuple(held[id_] for id_ in graph.order if id_ not in void)
    brought = held[at.brought].payload if at.brought else {}
    withdrawn = bits_of(graph, (event.id for event in valid if event.kind == "withdraw"))
    choices = [event.id for event in valid if event.kind == "choice" and not graph.above[event.id] & withdrawn]
    lead, second = _pair(valid, walk.active)
    return Case(
        id=case_id,
        root=root,
        state=at.state,
        may=states.may_of(graph, choices, root),
        opened=frozenset(event.author for event in valid if event.kind == "received"),
        order=valid,
        void=void,
        missing=frozenset(name for event in held.values() for name in names(event) if name not in held),
        equivocations=_equivocations(held, walk.void),
        readers=tuple(walk.active),
        gone=walk.gone,
        evaluator=next((str(event.payload["evaluator"]) for event in valid if event.kind == "evaluator"), ""),
        since=at.history[-1][1],
        until=at.until,
        whom=str(brought.get("whom", "")),
        history=tuple(at.history),
        proposals=states.proposals(at),
        unsigned=tuple(at.unsigned),
        extended=tuple(at.extended),
        legal_hold=at.legal_hold,
        agreed=states.agreed(at),
        triage=_last(valid, "triage"),
        knew=_last(valid, "knew"),
        corrections={event.payload["code"]: event.payload["status"] for event in valid if event.kind == "correction"},
        lead=lead,
        second=second,
    )


def _last(valid: Sequence[Event], kind: str) -> Event | None:
    return next((event for event in reversed(valid) if event.kind == kind), None)


def _pair(valid: Sequence[Event], active: Sequence[str]) -> tuple[str, str]:
    """The lead and the second: the last assigned if both still read the case, else the first two who do."""
    assigned = _last(valid, "assign")
    if assigned and assigned.payload["lead"] in active and assigned.payload["second"] in active:
        return assigned.payload["lead"], assigned.payload["second"]
    lead, second = [*active, "", ""][:2]
    return lead, second


def heads(events: Iterable[Event], case_id: str, audience: str, of: str = "") -> list[str]:
    """The sorted `parents` of a new event: valid events that its whole audience may know and that no other such event names.

    "Other such": a note that follows the report must not leave an event for everybody without any parent. of: the event it is about.
    At most 32; of more, nobody's many events crowd out what it is about or what the others said last (section 6).
    """
    case = fold(events, case_id)
    if case is None:
        return []
    known = {_id(event, case.root, case_id): event for event in case.order if covers(event.payload["audience"], audience)}
    named = {name for event in known.values() for name in names(event)}
    found = [id_ for id_ in known if id_ not in named]
    if len(found) > PARENTS_MAX:
        last = {known[id_].author: id_ for id_ in found}
        first = [of] * (of in known) + [last[author] for author in sorted(last)]
        found = list(dict.fromkeys([*first, *sorted(found)]))
    return sorted(found[:PARENTS_MAX])


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


def _id(event: Event, root: Event, case_id: str) -> str:
    return case_id if event is root else event.id


@dataclass
class _Walk:
    """Where one walk through the order stands. cuts: (of, audience) to its cutoffs in order, the event that made them effective first."""

    active: list[str]
    ever: list[str]
    gone: dict[str, str] = field(default_factory=dict)
    void: dict[str, str] = field(default_factory=dict)
    recused: dict[str, str] = field(default_factory=dict)
    cuts: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def _walk(graph: Graph, root: Event, cuts: Mapping[tuple[str, str], list[str]] | None) -> _Walk:
    """Who reads and which events are void (section 9). Without `cuts` this finds them; with them it obeys them."""
    readers = list(root.payload["readers"])
    walk = _Walk(readers, list(readers))
    votes: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    # Only what the reporter sees too decides who reads: a cutoff among reviewers is about notes alone.
    effective = {ids[0]: of for (of, audience), ids in (cuts or {}).items() if audience == "all"}
    for id_ in graph.order:
        event = graph.held[id_]
        if id_ in effective:
            _leave(walk, effective[id_], "cutoff")
        if reason := _void_reason(event, root, graph, walk, cuts or {}):
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
        if key[1] == "all":
            _leave(walk, of, "cutoff")


def _void_reason(event: Event, root: Event, graph: Graph, walk: _Walk, cuts: Mapping[tuple[str, str], list[str]]) -> str:
    """Why an event does not count, or "". The first reason of section 9 wins; those of states.py come later."""
    if event is root:
        return ""
    payload, author = event.payload, event.author
    if author != root.author if event.kind in REPORTER_KINDS else author not in walk.ever:
        return "author"
    if event.kind != "cutoff" and payload["audience"] != audience_of(event.kind):
        return "audience"
    parents = [graph.held[id_].payload for id_ in payload["parents"] if id_ in graph.held]
    if not all(covers(parent["audience"], payload["audience"]) for parent in parents):
        return "parents"
    if any(payload["week"] < parent["week"] for parent in parents):
        return "week"
    return _gone_reason(event, root, graph, walk, cuts) if event.kind in REVIEWER_KINDS else ""


def _gone_reason(event: Event, root: Event, graph: Graph, walk: _Walk, cuts: Mapping[tuple[str, str], list[str]]) -> str:
    author, key = event.author, (event.author, event.payload["audience"])
    if author in walk.recused and descends(graph, event.id, walk.recused[author]):
        return "recused"
    if key in cuts and not any(descends(graph, cut, event.id) for cut in cuts[key]):
        return "cutoff"
    if event.kind == "recuse" and author not in walk.active:
        return "recused"
    if event.kind == "handover":
        to = event.payload["to"]
        free = author in walk.active and len(walk.active) < READERS and to in root.payload["reserves"] and to not in walk.ever
        return "" if free else "handover"
    if event.kind == "assign" and not {event.payload["lead"], event.payload["second"]} <= set(walk.active):
        return "assign"
    return ""


def _equivocations(held: Mapping[str, Event], void: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Groups of events in which one reader of the case named the same previous event twice. Strangers' events do not count."""
    groups = defaultdict(list)
    for id_, event in held.items():
        if event.kind in REVIEWER_KINDS and void.get(id_) != "author":
            groups[event.author, event.payload["audience"], tuple(event.payload["prev"])].append(id_)
    return tuple(sorted(tuple(sorted(ids)) for ids in groups.values() if len(ids) > 1))
