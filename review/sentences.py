"""Each event of a case as a sentence of its timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crypto.case import Case
from crypto.event import Event
from crypto.graph import descends, graph_of, held_of
from review import labels
from review.labels import label
from review.steps import is_longer, what

PACKET = {
    "CAL-OES": "Cal OES",
    "NY-DFS": "NY DFS",
    "EU-AIO": "the EU AI Office",
    "REGULATOR": "a regulator",
    "PUBLIC": "the public",
    "COMPANY": "the company",
    "REPORTER": "the reporter",
}
# What somebody decided or wrote, as against what opens, hands over or counts a case. No notes: the timeline has none.
SAID = {"reply", "choice", "confirm", "withdraw", "answer", "state", "endorse", "done"}
SAID |= {"triage", "assess", "assign", "correction", "packet", "legal", "knew"}
PLAIN: Mapping[str, str] = {
    "report": "The report arrived.",
    "part": "More of the report arrived.",
    "reply": "The reporter wrote.",
    "withdraw": "The reporter withdrew the report.",
    "evaluator": "An evaluator's findings were added.",
    "received": "{who} opened the report and declared no conflict.",
    "answer": "{who} answered the reporter.",
    "note": "{who} wrote a private note.",
    "summary": "{who} sent the reporter everything once more (done by the workstation).",
    "recuse": "{who} stepped back from the case.",
    "purge": "{who} proposed to purge the case.",
    "retract": "{who} took back what they had proposed.",
    "knew": "{who} put down when the company first knew.",
    "label": "{who} agreed to how this case is counted in the public numbers (done by the workstation).",
}


def sentence(event: Event, case: Case, who: str, called: Mapping[str, str]) -> str:
    """What happened, for a reader of the case. who: how the page names the author; called: how it names a sign key."""
    if event.kind in PLAIN:
        return PLAIN[event.kind].format(who=who)
    tell = TELLERS.get(event.kind)
    return tell(event, case, who, called) if tell else f"{who}: {label(labels.KIND, event.kind)}."


def apart(case: Case, called: Callable[[str], str]) -> dict[str, str]:
    """By event: whose last line above had not arrived where it was written. Empty while something is missing: then nobody can tell.

    What only readers get is never named: the reporter, and what readers write to them, cannot descend from it.
    """
    if case.missing:
        return {}
    graph = graph_of(held_of(case.order, case.id))
    found, above = {}, dict[str, Event]()  # above: the last line of each author, from which nothing can descend without their others
    for event in case.order:
        if event.kind not in SAID:
            continue
        authors = [name for name, each in above.items() if name != event.author and not descends(graph, event.id, each.id)]
        if authors:
            names = ["the reporter" if each == case.root.author else called(each) for each in authors]
            whose = " and ".join("your last line" if each == "You" else f"the last line of {each}" for each in names)
            found[event.id] = f"written before {whose} above had arrived"
        if event.payload["audience"] == "all":
            above[event.author] = event
    return found


def title(event: Event, case: Case) -> str:
    """What a `state`, `hold` or `done` event is about, in a few words."""
    if event.kind == "done":
        return f"Done: {_named(event, case)}"
    if event.kind == "hold" or is_longer(case, event):
        return what(case, event)
    said = label(labels.STATE, event.payload["to"])
    if event.payload["reason"] != "NONE":
        said += f": {label(labels.REASON, event.payload['reason'])}"
    return said


def heading(event: Event, case: Case) -> str:
    """The same above its words in the conversation, where a proposal must not look like a step that was taken."""
    waits = any(proposal.id == event.id for proposal in case.proposals)
    return f"Proposed: {what(case, event)}" if waits else title(event, case)


def _state(event: Event, case: Case, who: str, _: Mapping[str, str]) -> str:
    said = what(case, event)  # as the key has it that is pressed for it
    if event.id in case.void:
        return f"{who} wanted: {said}."
    if event.id in case.unsigned:
        return f"{who} acted at once, as life is in danger: {said}. A second signature is missing."
    waiting = {proposal.id: proposal.why for proposal in case.proposals}
    if event.id in waiting:
        return f"{who} proposed: {said}. " + ("It was overtaken." if waiting[event.id] == "state" else "It waits for a second signature.")
    signed = any(each.kind == "endorse" and each.payload["of"] == event.id for each in case.order)
    if signed:
        return f"{who} proposed: {said}. It took effect with the second signature."
    return f"{who} moved the case on: {title(event, case)}."


def _endorse(event: Event, case: Case, who: str, _: Mapping[str, str]) -> str:
    return f"{who} gave the second signature: {_named(event, case)}."


def _done(event: Event, case: Case, who: str, _: Mapping[str, str]) -> str:
    return f"{who} recorded that it happened: {_named(event, case)}."


def _legal(event: Event, case: Case, who: str, _: Mapping[str, str]) -> str:
    return f"{who} recorded that a lawyer has read the text: {_named(event, case)}."


def _confirm(event: Event, case: Case, _: str, __: Mapping[str, str]) -> str:
    said = "yes" if event.payload["agree"] == "YES" else "no"
    return f"The reporter said {said}{', after the warning' if event.payload['warned'] == 'YES' else ''}: {_named(event, case)}."


def _choice(event: Event, _: Case, __: str, ___: Mapping[str, str]) -> str:
    return f"The reporter changed what you may do: {label(labels.MAY, event.payload['may'])}."


def _triage(event: Event, _: Case, who: str, __: Mapping[str, str]) -> str:
    payload = event.payload
    graded = f"{payload['severity']}, {payload['harm']}, {payload['urgency']}; {label(labels.KNOWN, payload['known']).lower()}"
    return f"{who} recorded the triage: {label(labels.ABOUT, payload['code'])} ({graded})."


def _assess(event: Event, _: Case, who: str, __: Mapping[str, str]) -> str:
    return f"{who} noted how sure one can be: {label(labels.CREDIBILITY, event.payload['credibility'])}."


def _assign(event: Event, _: Case, who: str, called: Mapping[str, str]) -> str:
    lead, second = (called.get(event.payload[name], "a reader") for name in ("lead", "second"))
    return f"{who} named the lead, {lead}, and the second, {second}."


def _correction(event: Event, _: Case, who: str, __: Mapping[str, str]) -> str:
    status = label(labels.CORRECTION_STATUS, event.payload["status"])
    return f"{who} put down a correction: {label(labels.CORRECTION, event.payload['code'])}, {status}."


def _packet(event: Event, _: Case, who: str, __: Mapping[str, str]) -> str:
    return f"{who} prepared a packet for {label(PACKET, event.payload['to'])}."


def _handover(event: Event, _: Case, who: str, called: Mapping[str, str]) -> str:
    return f"{who} handed the case to {called.get(event.payload['to'], 'a reserve')}."


def _cutoff(event: Event, _: Case, who: str, called: Mapping[str, str]) -> str:
    return f"{who} counted {called.get(event.payload['of'], 'a reader')} out, as the roster ended their card."


def _named(event: Event, case: Case) -> str:
    """The step that an event names."""
    of: Any = next((each for each in case.order if each.id == event.payload["of"]), None)
    return what(case, of) if of is not None else "a step not held here"


TELLERS: Mapping[str, Callable[[Event, Case, str, Mapping[str, str]], str]] = {
    "state": _state,
    "hold": _state,
    "endorse": _endorse,
    "done": _done,
    "legal": _legal,
    "confirm": _confirm,
    "choice": _choice,
    "triage": _triage,
    "assess": _assess,
    "assign": _assign,
    "correction": _correction,
    "packet": _packet,
    "handover": _handover,
    "cutoff": _cutoff,
}
