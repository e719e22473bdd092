"""What a summary seals again for the reporter and what it lets go, so that only what is truly missing is an alarm (PROTOCOL 7)."""

from collections.abc import Collection, Iterable

from crypto.case import Case
from crypto.constants import RECENT
from crypto.event import Event
from crypto.graph import descends, graph_of, names

WORDS = ("reply", "answer", "summary")  # what decides nothing


def pressing(order: Iterable[Event]) -> set[str]:
    """Ids that nobody may let go: of each author the last RECENT events, and what these name."""
    last: dict[str, list[Event]] = {}
    for event in order:
        last[event.author] = [*last.get(event.author, []), event][-RECENT:]
    recent = [event for events in last.values() for event in events]
    return {event.id for event in recent}.union(*map(names, recent))


def absent(case: Case) -> tuple[set[str], set[str]]:
    """What is named and not held: the ids that are missed, and those that summaries let go. `case` holds events of audience all only."""
    sums = [event.payload for event in case.order if event.kind == "summary"]
    held = {case.id, *case.void, *(event.id for event in case.order)}
    named = {*case.missing, *(name for said in sums for name in said["again"])} - held
    gone = {name for said in sums for name in said["older"]} & named - pressing(case.order)
    return named - gone, gone


def wrongly_let_go(case: Case, held: Collection[Event]) -> list[Event]:
    """Summaries that let go what their author knew must not be: somebody may want to hide it from the reporter."""
    found, said = [], [event for event in case.order if event.kind == "summary" and event.payload["older"]]
    graph = graph_of({event.id: event for event in held if event.payload["audience"] == "all"} if said else {})
    for event in said:
        gone = {*event.payload["older"]} & graph.held.keys()
        known = [graph.held[name] for name in graph.order if name not in case.void and descends(graph, event.id, name)]
        harmless = (*WORDS, *(["part"] if case.root.payload["selfcopy"] == "dates" else []))
        decides = {name for name in gone if graph.held[name].kind not in harmless and name not in case.void}
        if decides or gone & pressing(known):
            found.append(event)
    return found
