"""The events of one case as a graph: who names whom, one order for everyone, who descends from whom (PROTOCOL 9, 1 to 3)."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crypto.event import Event

RANKS = {"REVIEW": 1, "NEEDS_INFO": 1, "HELD": 1, "ADVICE": 1, "CORRECTED": 1, "REOPENED": 1, "CLOSED": 3}
LAST = 4


@dataclass(frozen=True)
class Graph:
    """`held` by id, the root under the case id even if it is a stub; `order` of ids, in which events are judged; `place`: the number of
    each in the plain order, by id alone; `above`: its ancestors' places as bits of one number, which makes descent one shift and the
    heads of many events one OR; `firm`: the places of the firm endorsements, in the same way.
    """

    held: Mapping[str, Event]
    order: tuple[str, ...]
    place: Mapping[str, int]
    above: Mapping[str, int]
    firm: int


def graph_of(held: Mapping[str, Event]) -> Graph:
    followed = {id_: _followed(event, held) for id_, event in held.items()}
    plain = _sorted(followed, dict.fromkeys(held, (0, 0)))
    place = {id_: n for n, id_ in enumerate(plain)}
    above, below = dict.fromkeys(plain, 0), dict.fromkeys(plain, 0)
    for id_ in plain:
        for name in followed[id_]:
            above[id_] |= above[name] | 1 << place[name]
    for id_ in reversed(plain):
        for name in followed[id_]:
            below[name] |= below[id_] | 1 << place[id_]
    late, firm = _endorsements(held, place, above, below)
    keys = {}
    for id_ in plain:
        agreed = (below[id_] | 1 << place[id_]) & firm
        group = (agreed & -agreed).bit_length() - 1 if agreed else len(plain)
        keys[id_] = (group, LAST if id_ in late else _rank(held[id_]))
    return Graph(held, tuple(_sorted(followed, keys)), place, above, firm)


def descends(graph: Graph, later: str, earlier: str) -> bool:
    return bool(graph.above[later] >> graph.place[earlier] & 1)


def bits_of(graph: Graph, ids: Iterable[str]) -> int:
    """The places of these events, as bits."""
    return sum(1 << graph.place[id_] for id_ in ids)


def last_of(graph: Graph, ids: Iterable[str]) -> list[str]:
    """Those of these events that no other of them descends from."""
    some, passed = list(ids), 0
    for id_ in some:
        passed |= graph.above[id_]
    return [id_ for id_ in some if not passed >> graph.place[id_] & 1]


def latest_of(graph: Graph, ids: Sequence[str], key_of: Callable[[Event], str]) -> dict[str, dict[str, int]]:
    """By id: of these events, which stand in order, the number of the last from which it descends, for each key; under "" of them all."""
    turn = {id_: n for n, id_ in enumerate(ids)}
    found = {"": {key_of(graph.held[id_]): n for id_, n in turn.items()}}
    for id_ in graph.order:
        latest: dict[str, int] = {}
        for name in _followed(graph.held[id_], graph.held):
            mine = {key_of(graph.held[name]): turn[name]} if name in turn else {}
            for key, n in (*found[name].items(), *mine.items()):
                latest[key] = max(n, latest.get(key, n))
        found[id_] = latest
    return found


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


def _rank(event: Event) -> int:
    """What one person can say alone stands behind what needs two, and a closing last."""
    if event.kind != "state":
        return 0
    return 2 if event.payload["urgent"] == "YES" else RANKS.get(event.payload["to"], 0)


def _endorsements(
    held: Mapping[str, Event], place: Mapping[str, int], above: Mapping[str, int], below: Mapping[str, int]
) -> tuple[set[str], int]:
    """The late endorsements, beside which one of the two has moved on, and the firm ones (as bits): what two people knew (section 9, 3).

    Whoever endorses in secret what waits cannot bring along a step of their own: it would not be firm.
    """
    people = {
        key for event in held.values() if event.kind in ("report", "stub") for n in ("readers", "reserves") for key in event.payload[n]
    }
    steps: dict[str, int] = defaultdict(int)  # by author: what shows that somebody has moved on
    own: dict[str, int] = defaultdict(int)  # by author: what an endorsement must not bring along
    pairs = []
    for id_, event in held.items():
        if event.payload["audience"] == "all" and event.kind in ("state", "endorse"):
            steps[event.author] |= 1 << place[id_]
            if event.kind == "state":
                own[event.author] |= 1 << place[id_]
            elif (of := held.get(event.payload["of"])) and of.kind in ("state", "purge", "hold"):
                pairs.append((id_, event.payload["of"], event.author, of.author))
    late = set()
    for id_, of, author, proposer in pairs:
        if below[of] & (steps[author] | steps[proposer]) & ~(above[id_] | below[id_] | 1 << place[id_]):
            late.add(id_)
            own[author] |= 1 << place[id_]
    firm = 0
    for id_, of, author, proposer in pairs:
        two = author != proposer and {author, proposer} <= people and above[id_] >> place[of] & 1
        if two and id_ not in late and not above[id_] & ~above[of] & own[author]:
            firm |= 1 << place[id_]
    return late, firm


def _sorted(followed: Mapping[str, set[str]], keys: Mapping[str, tuple[int, int]]) -> list[str]:
    """Ids so that every event stands after those it descends from; among the free ones the smallest key first, then the smallest id."""
    waiting, followers = {}, defaultdict(list)
    for id_, before in followed.items():
        waiting[id_] = len(before)
        for name in before:
            followers[name].append(id_)
    free = [(keys[id_], id_) for id_, count in waiting.items() if not count]
    heapq.heapify(free)
    order = []
    while free:
        _, id_ = heapq.heappop(free)
        order.append(id_)
        for follower in followers[id_]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(free, (keys[follower], follower))
    return order


def _followed(event: Event, held: Mapping[str, Event]) -> set[str]:
    """The held events it names, but for those that only a narrower audience has: the reporter must find the same order and descent."""
    audience = event.payload["audience"]
    return {name for name in names(event) if name in held and covers(held[name].payload["audience"], audience)}
