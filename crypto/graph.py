"""The events of one case as a graph: who names whom, one order for everyone, who descends from whom (PROTOCOL 9, 1 to 3)."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crypto.event import Event


@dataclass(frozen=True)
class Graph:
    """`held` by id, the root under the case id even if it is a stub; `order` of ids; `place` of each in it; `above`: its ancestors' places
    as bits of one number, which makes descent one shift and the heads of many events one OR.
    """

    held: Mapping[str, Event]
    order: tuple[str, ...]
    place: Mapping[str, int]
    above: Mapping[str, int]


def graph_of(held: Mapping[str, Event]) -> Graph:
    order = topological(held)
    place = {id_: n for n, id_ in enumerate(order)}
    above: dict[str, int] = {}
    for id_ in order:
        bits = 0
        for name in _followed(held[id_], held):
            bits |= above[name] | 1 << place[name]
        above[id_] = bits
    return Graph(held, tuple(order), place, above)


def descends(graph: Graph, later: str, earlier: str) -> bool:
    return bool(graph.above[later] >> graph.place[earlier] & 1)


def last_of(graph: Graph, ids: Iterable[str]) -> list[str]:
    """Those of these events that no other of them descends from."""
    some, passed = list(ids), 0
    for id_ in some:
        passed |= graph.above[id_]
    return [id_ for id_ in some if not passed >> graph.place[id_] & 1]


def held_of(events: Iterable[Event], case_id: str) -> dict[str, Event]:
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


def names(event: Event) -> set[str]:
    return {*event.payload.get("prev", ()), *event.payload.get("parents", ())}


def covers(wide: str, narrow: str) -> bool:
    """Whether everybody of the audience `narrow` is in `wide`."""
    return wide == "all" or narrow == "reviewers"


def topological(held: Mapping[str, Event]) -> list[str]:
    """Ids so that every event stands after those it descends from; among the free ones the smallest id first."""
    waiting = {id_: _followed(event, held) for id_, event in held.items()}
    followers = defaultdict(list)
    for id_, before in waiting.items():
        for name in before:
            followers[name].append(id_)
    free = [id_ for id_, before in waiting.items() if not before]
    heapq.heapify(free)
    order = []
    while free:
        order.append(id_ := heapq.heappop(free))
        for follower in followers[id_]:
            waiting[follower].discard(id_)
            if not waiting[follower]:
                heapq.heappush(free, follower)
    return order


def _followed(event: Event, held: Mapping[str, Event]) -> set[str]:
    """The held events it names, but for those that only a narrower audience has: the reporter must find the same order and descent."""
    audience = event.payload["audience"]
    return {name for name in names(event) if name in held and covers(held[name].payload["audience"], audience)}
