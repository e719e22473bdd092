"""Published promises that a case may be about: picked by the reporter from the stewards' list, or attached by a reader.

An attachment is a private note in a form that can be read back, like a draft of a packet. In a note stands the promise as it was then: the
list may change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crypto.case import Case
from crypto.history import promise_line
from crypto.roster import Commitment

ATTACH, DETACH = "Published promise\n", "Published promise, not this one after all\n"


def lines(registry: Iterable[Commitment]) -> dict[str, str]:
    """Each promise as pages say it, and where it was published."""
    return {promise_line(each): each.source for each in registry}


def picked(case: Case, known: Collection[str]) -> list[str]:
    """What the reporter picked: it stands as a line of its own in their answer. known: the lines of the stewards' list."""
    said = case.root.payload["answers"]["promise"] if case.root.kind == "report" else ""
    return [line for line in said.split("\n") if line in known]


def attached(case: Case) -> dict[str, str]:
    """The promises that readers attached and did not take off again, each with the author of the newest such note."""
    found: dict[str, str] = {}
    for event in case.order:
        text = event.payload["text"] if event.kind == "note" else ""
        if text.startswith(ATTACH):
            found[text[len(ATTACH) :]] = event.author
        elif text.startswith(DETACH):
            found.pop(text[len(DETACH) :], None)
    return found


def of_case(case: Case, known: Collection[str]) -> list[str]:
    """Every promise the case is about, for a packet."""
    return list(dict.fromkeys((*picked(case, known), *attached(case))))
