"""A request between the leads of two cases on one matter: private notes of a set form, read back strictly (decision 0011).

Who reads both cases asks in both. The notes share a random token, which says nothing to those who read one of them. Each lead answers with
the facts that may be told, or no. When both said yes, who asked passes on exactly those facts. Only the lead's own note is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from crypto.case import Case
from review import clocks, labels, packets
from review.labels import label

FACTS = {
    "code": "Concern",
    "organisation": "Organisation",
    "week": "Week of the report",
    "stage": "When in the model's life",
    "text": "In the lead's own words",
    "reach": "How to reach the lead",
}
MOVES = ("assign", "recuse", "handover", "cutoff")
WRITTEN = ("text", "reach")  # the others are filled from codes
REQUEST = (
    "I read another case that may be about the same matter. What may its lead be told of this one? The lead of this case decides; "
    "a no needs no reason. The same is asked there."
)
STANDS = {
    "exchanged": "Exchanged: the agreed facts of each case are in a private note of the other.",
    "refused": "A lead said no, or took the yes back. Nothing is told, and neither lead learns what the other said.",
    "waiting": "Waiting for the leads of both.",
    "ready": "Both leads agreed.",
}

_ASKED = re.compile(r"Request between leads ([0-9a-f]{32})\.\n" + re.escape(REQUEST))
_ANSWER = re.compile(r"Answer of the lead to request ([0-9a-f]{64}): (?:no\.|yes\.\n(.+))", re.S)
_TOLD = re.compile(r"From the lead of another case, for request ([0-9a-f]{64})\.\n(.+)", re.S)
_HEAD = re.compile(r"^== (.+) ==$", re.M)


@dataclass(frozen=True)
class Request:
    """A request as it stands in one case. facts: what its lead agreed to tell; None: no or no answer; answered: there is an answer."""

    id: str
    token: str
    by: str
    week: str
    answered: bool
    facts: Mapping[str, str] | None
    told: bool


@dataclass(frozen=True)
class Pair:
    """The two halves of a request, for who asked. stands: a key of STANDS."""

    here: Request
    there: Request
    other: Case
    stands: str


def request_note(token: str) -> str:
    """The note that asks, the same in both cases. token: 16 random bytes as hex."""
    return f"Request between leads {token}.\n{REQUEST}"


def answer_note(request: str, facts: Mapping[str, str] | None) -> str:
    """The lead's answer to the request with this id; None is a no, which also takes a yes back. ValueError: nothing to tell."""
    return f"Answer of the lead to request {request}: " + ("no." if facts is None else f"yes.\n{_written(facts)}")


def told_note(request: str, facts: Mapping[str, str]) -> str:
    """What the other lead agreed to tell, for the request with this id in the case that the note is put into."""
    return f"From the lead of another case, for request {request}.\n{_written(facts)}"


def facts_of(case: Case) -> dict[str, str]:
    """What can be told of a case without a word of anybody's; "" where there is nothing to tell."""
    answers, triage = case.root.payload["answers"], case.triage.payload if case.triage else None
    return {
        "code": label(labels.ABOUT, triage["code"] if triage else answers["about"][0]),
        "organisation": answers["organisation"],
        "week": clocks.plain_week(case.root.payload["week"]),
        "stage": label(labels.STAGE, triage["stage"] if triage else answers["stage"]),
    }


def requests(case: Case) -> list[Request]:
    """The requests in a case of those who still read it, the oldest first. When readers or the lead change, the lead is asked anew."""
    notes = [event for event in case.order if event.kind == "note"]
    asked = [(event, like[1]) for event in notes if event.author in case.readers and (like := _ASKED.fullmatch(event.payload["text"]))]
    if not asked:
        return []
    since = max((place for place, event in enumerate(case.order) if event.kind in MOVES), default=0)
    lead = [_answer(event.payload["text"]) for event in case.order[since:] if event.kind == "note" and event.author == case.lead]
    told = {(event.author, _told(event.payload["text"])) for event in notes}
    found = []
    for event, token in asked:
        own = [facts for of, facts in lead if of == event.id]
        answer = own[-1] if own else None
        found.append(Request(event.id, token, event.author, event.payload["week"], bool(own), answer, (event.author, event.id) in told))
    return found


def pairs(case: Case, others: Iterable[Case], sign: str) -> list[Pair]:
    """The requests that this reviewer made in this case, each with its other half: in exactly one other case that they read."""
    there: dict[str, list[tuple[Request, Case]]] = {}
    for other in others:
        for request in requests(other) if other.id != case.id else ():
            if request.by == sign:
                there.setdefault(request.token, []).append((request, other))
    own = [(request, there.get(request.token, [])) for request in requests(case) if request.by == sign]
    return [Pair(here, *halves[0], _stands(here, halves[0][0])) for here, halves in own if len(halves) == 1]


def notes(here: str, there: str, pair: Pair | None, token: str) -> list[tuple[str, str]]:
    """(case, text) of the notes that ask or, for a pair both of whose leads agreed, of those that tell and were not put in before."""
    if pair is None:
        return [(name, request_note(token)) for name in (here, there)]
    halves = ((here, pair.here, pair.there), (there, pair.there, pair.here))
    return [(name, told_note(half.id, other.facts or {})) for name, half, other in halves if not half.told]


def why_not(one: Case, other: Case, called: Callable[[str], str]) -> str:
    """Why nothing of these two cases may be told to the other's readers, as a sentence, or an empty string."""
    if any(case.state in ("WITHDRAWN", "PURGED") for case in (one, other)):
        return "One of the reporters withdrew, or a case was purged."
    if any(case.may == "ADVISE" for case in (one, other)):
        return "One of the reporters wants advice only."
    for case, readers in ((one, other.readers), (other, one.readers)):
        accepted = {*case.root.payload["readers"], *case.root.payload["reserves"]}
        strangers = [called(sign) for sign in readers if sign not in accepted]
        if strangers:
            return f"{strangers[0]} reads one of them and is not among those whom the reporter of the other accepted."
    return ""


def refusal(case: Case, sign: str, request: str, facts: Mapping[str, str] | None) -> str:
    """Why this reviewer cannot give this answer, as a sentence, or an empty string. facts: as for `answer_note`."""
    if case.lead != sign or request not in [each.id for each in requests(case) if not each.told]:
        return "Only the lead answers, and only until it is exchanged."
    if facts is None:
        return ""
    own = packets.traces("\n\n".join(facts.get(name, "") for name in WRITTEN), packets.own_words(case))
    if own:
        said = "; ".join(f"“\u2068{trace.words}\u2069”" for trace in own)
        return f"These words are the reporter's own: {said}. Say it differently."
    return "" if any(facts.values()) else "Choose what may be told, or tell nothing."


def _stands(here: Request, there: Request) -> str:
    halves = (here, there)
    if all(half.told for half in halves):
        return "exchanged"
    if any(half.answered and half.facts is None for half in halves):
        return "refused"
    return "ready" if all(half.facts is not None for half in halves) else "waiting"


def _answer(text: str) -> tuple[str, Mapping[str, str] | None]:
    """(id of the request, facts) of an answer; an empty id for a text that is none. None for facts is a no."""
    found = _ANSWER.fullmatch(text)
    if not found:
        return "", None
    facts = _facts(found[2]) if found[2] else None
    return ("", None) if found[2] and facts is None else (found[1], facts)


def _told(text: str) -> str:
    found = _TOLD.fullmatch(text)
    return found[1] if found and _facts(found[2]) is not None else ""


def _written(facts: Mapping[str, str]) -> str:
    """The facts as they stand in a note, in the order of FACTS."""
    said = {name: _HEAD.sub(lambda head: f" {head[0]}", facts[name].strip()) for name in FACTS if facts.get(name, "").strip()}
    if not said:
        raise ValueError("there is nothing to tell")
    return "\n".join(f"== {FACTS[name]} ==\n{text}" for name, text in said.items())


def _facts(block: str) -> Mapping[str, str] | None:
    """What `_written` wrote, or None for anything else."""
    parts, names = _HEAD.split(block), {words: name for name, words in FACTS.items()}
    if any(words not in names for words in parts[1::2]) or not parts[1::2]:
        return None
    facts = {names[words]: text.strip("\n") for words, text in zip(parts[1::2], parts[2::2], strict=True)}
    try:
        return facts if _written(facts) == block else None
    except ValueError:
        return None
