"""The states of a case: proposals, endorsements and the reporter's consent (PROTOCOL 9, 7 to 14). Reads events of audience `all` only."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crypto.constants import MAY_CODES, NARROW, OUTWARD
from crypto.encoding import weeks_of
from crypto.event import REPORTER_KINDS, Event
from crypto.graph import Graph, bits_of, descends, last_of, latest_of

TABLE: Mapping[str, tuple[str, ...]] = {
    "RECEIVED": ("ACKNOWLEDGED", "CLOSED"),
    "ACKNOWLEDGED": ("TRIAGE", "ADVICE"),
    "ADVICE": ("TRIAGE", "CLOSED"),
    "TRIAGE": ("NEEDS_INFO", "HELD", "REVIEW", "CLOSED"),
    "NEEDS_INFO": ("TRIAGE", "REVIEW", "CLOSED"),
    "HELD": ("TRIAGE", "REVIEW", "CLOSED"),
    "REVIEW": ("NEEDS_INFO", "HELD", "PLAN", "CLOSED"),
    "PLAN": ("REVIEW", "COORDINATING", "REFERRED", "DISCLOSED", "CLOSED"),
    "COORDINATING": ("CORRECTED", "REFERRED", "DISCLOSED", "CLOSED"),
    "REFERRED": ("CORRECTED", "COORDINATING", "DISCLOSED", "CLOSED"),
    "DISCLOSED": ("CORRECTED", "CLOSED"),
    "CORRECTED": ("COORDINATING", "REFERRED", "DISCLOSED", "CLOSED"),
    "CLOSED": ("REOPENED", "PURGED"),
    "REOPENED": ("TRIAGE",),
    "WITHDRAWN": ("CLOSED", "PURGED"),
    "PURGED": (),
}
ALONE = ("ACKNOWLEDGED", "ADVICE", "NEEDS_INFO", "CORRECTED", "REOPENED")  # one reviewer suffices wherever the table allows it
CLOSED_ALONE = (("RECEIVED", "SPAM"), ("ADVICE", "ADVISED"), ("WITHDRAWN", "WITHDRAWN"))
AT_ONCE = ("COORDINATING", "REFERRED")  # what `urgent` can reach
SHUT = ("RECEIVED", "CLOSED", "WITHDRAWN", "PURGED")  # and from where it cannot
LONGER = ("HELD", "REVIEW", "COORDINATING")  # what can be given a later date
UNTRIAGED = ("RECEIVED", "ADVICE", "WITHDRAWN")  # what can be closed without a triage
READ = ("state", "purge", "hold", "endorse", "triage", "legal", "correction", "done")  # what only who has said `received` can say
CLOSE_NEEDS = {"REFERRED-DONE": "REFERRED", "PUBLISHED": "DISCLOSED", "NO-REPLY": "NEEDS_INFO"}  # the state it must have been in
CLOSE_FIXES = {"ACTION": ("VERIFIED",), "CLAIMED": ("CLAIMED", "VERIFIED")}  # the status a correction must have had
# In weeks: the clocks of wording.json.
HELD_WEEKS = 52
REVIEW_WEEKS = 25
EMBARGO_WEEKS, EMBARGO_URGENT, EMBARGO_MOST = 6, {"U0": 0, "U1": 1}, 12
SILENCE_WEEKS = 14
REOPEN_WEEKS = 52
NAMING: Mapping[str, tuple[str, ...]] = {
    "endorse": ("state", "purge", "hold"),
    "retract": ("state", "purge", "hold"),
    "done": ("state",),
    "confirm": ("state",),
    "packet": ("state",),
    "legal": ("state",),
}


@dataclass(frozen=True)
class Proposal:
    """A `state`, `purge` or `hold` event that waits for a second person. why: "" if an endorsement now would count, "state" if the case
    cannot go there from where it stands, else why the endorsement would be void.
    """

    id: str
    why: str


@dataclass
class Standing:
    """Where the machine stands. history: (state, week, id of the event that brought it); brought: the `state` event behind the present one.

    kinds: the valid events by kind; said: the reporter's `choice`, `confirm` and `withdraw`; about: by kind and by the proposal that they
    name; signed: valid endorsements by what they endorse; latest: by kind, the last ones known at each event; extended: proposals that gave
    a state a later date; passed: by author, what is too late for them to take back (section 9, 9), as bits; reopened: the event of the last
    REOPENED, or "". As bits, the places of: texts: a proposal's packets, by whom they are for, and by author ("" all); triaged: every
    triage; danger: where life was found in danger; narrow: where few were found to know; weeks: what is of that week.
    """

    graph: Graph
    root: Event
    valid: Sequence[Event]
    kinds: Mapping[str, Sequence[Event]]
    leaving: Mapping[str, Sequence[str]]
    said: Sequence[str]
    about: Mapping[str, Mapping[str, Sequence[Event]]]
    texts: Mapping[tuple[str, str], int]
    triaged: int
    danger: int
    narrow: int
    weeks: Mapping[str, int]
    passed: Mapping[str, int]
    history: list[tuple[str, str, str]]
    void: dict[str, str]
    brought: str = ""
    reopened: str = ""
    until: str = ""
    withdrawn: bool = False
    legal_hold: bool = False
    waiting: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    unsigned: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    signed: dict[str, list[str]] = field(default_factory=dict)
    latest: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.history[-1][0]


def judge(graph: Graph, case_id: str, void: Mapping[str, str], leaving: Mapping[str, Sequence[str]]) -> Standing:
    """Run the machine over what the rules about people left valid. leaving: a person's valid `recuse` and effective cutoffs (audience all).

    The result's `void` has the further reasons: unread, orphan, same, recused, retracted, state, and what a step lacks (_lacks).
    """
    ids = [id_ for id_ in graph.order if id_ not in void and id_ != case_id]
    shared = [graph.held[id_] for id_ in ids if graph.held[id_].payload["audience"] == "all"]
    at = _start(graph, case_id, shared, void, leaving)
    for event in _withdrawn_last(graph, at.valid):
        if event.kind == "state":
            _propose(at, event)
        elif event.kind in ("purge", "hold"):
            at.waiting.append(event.id)
        elif event.kind == "endorse":
            _endorse(at, event)
        elif event.kind == "withdraw":
            at.withdrawn = True
            if at.state not in ("CLOSED", "WITHDRAWN", "PURGED"):
                _enter(at, "WITHDRAWN", event, "")
    for of, recorded in at.about["done"].items():
        signed = bits_of(graph, at.signed.get(of, ()))
        if of not in at.reached:
            at.void |= {each.id: "state" for each in recorded if not graph.above[each.id] & signed}
    for of, taken in at.about["retract"].items():
        if of in at.waiting:
            at.waiting.remove(of)
            at.void[of] = "retracted"
        else:
            at.void |= {each.id: "state" for each in taken}
    return at


def proposals(at: Standing) -> tuple[Proposal, ...]:
    """What waits for a second person, in order."""
    waiting = [at.graph.held[id_] for id_ in at.waiting]
    return tuple(Proposal(of.id, _why_not(at, None, of) if _allowed(at, of) else "state") for of in waiting)


def agreed(at: Standing) -> frozenset[str]:
    """The packets that the reporter agreed to: those that the last answer to their proposal, a yes, descends from."""
    seen = 0
    for answers in at.about["confirm"].values():
        last = last_of(at.graph, [each.id for each in answers])
        known = 0
        for id_ in last:
            known |= at.graph.above[id_] if at.graph.held[id_].payload["agree"] == "YES" else 0
        seen |= known & at.texts.get((answers[0].payload["of"], ""), 0)
    return frozenset(each.id for each in at.kinds.get("packet", ()) if seen >> at.graph.place[each.id] & 1)


def may_of(graph: Graph, choices: Iterable[str], root: Event) -> str:
    """The most careful of the choices that no other choice follows; without any, what the report said; "" if that is not held."""
    last = [str(graph.held[id_].payload["may"]) for id_ in last_of(graph, choices)]
    if last:
        return min(last, key=MAY_CODES.index)
    return str(root.payload["answers"]["may"]) if root.kind == "report" else ""


def _start(graph: Graph, case_id: str, shared: Sequence[Event], void: Mapping[str, str], leaving: Mapping[str, Sequence[str]]) -> Standing:
    opened: dict[str, int] = defaultdict(int)
    for event in shared:
        if event.kind == "received":
            opened[event.author] |= 1 << graph.place[event.id]
    lost = {e.id: "unread" for e in shared if e.kind in READ and not graph.above[e.id] & opened[e.author]}
    gone = {**void, **lost}
    lost |= {e.id: "orphan" for e in shared if e.kind in NAMING and e.id not in lost and _orphan(graph, e, gone)}
    valid = [event for event in shared if event.id not in lost]
    about: dict[str, dict[str, list[Event]]] = {kind: defaultdict(list) for kind in NAMING}
    kinds: dict[str, list[Event]] = defaultdict(list)
    for event in valid:
        kinds[event.kind].append(event)
        if event.kind in about:
            about[event.kind][event.payload["state" if event.kind == "packet" else "of"]].append(event)
    texts: dict[tuple[str, str], int] = defaultdict(int)
    for event in kinds["packet"]:
        for to in ("", event.payload["to"], event.author):
            texts[event.payload["state"], to] |= 1 << graph.place[event.id]
    said = [event.id for event in valid if event.kind in ("choice", "confirm", "withdraw")]
    triaged = bits_of(graph, (event.id for event in kinds["triage"]))
    danger = bits_of(graph, (event.id for event in kinds["triage"] if event.payload["urgency"] == "U0"))
    narrow = bits_of(graph, (event.id for event in kinds["triage"] if event.payload["known"] in NARROW))
    root = graph.held[case_id]
    weeks: dict[str, int] = defaultdict(int, {root.payload["week"]: 1 << graph.place[case_id]})
    for event in valid:
        weeks[event.payload["week"]] |= 1 << graph.place[event.id]
    history = [("RECEIVED", str(root.payload["week"]), case_id)]
    return Standing(
        graph, root, valid, kinds, leaving, said, about, texts, triaged, danger, narrow, weeks, _passed(graph, valid), history, lost
    )


def _passed(graph: Graph, valid: Sequence[Event]) -> Mapping[str, int]:
    """By author, as bits: what they said, or knew when they said something, and what two others agreed on or built on."""
    passed: dict[str, int] = defaultdict(int)
    pairs: dict[tuple[str, str], int] = defaultdict(int)
    for event in valid:
        known = graph.above[event.id] | 1 << graph.place[event.id]
        passed[event.author] |= known
        if event.kind == "endorse" and graph.firm >> graph.place[event.id] & 1:
            pairs[event.author, graph.held[event.payload["of"]].author] |= known
    for pair, known in pairs.items():
        for author in passed.keys() - set(pair):
            passed[author] |= known
    return passed


def _orphan(graph: Graph, event: Event, void: Mapping[str, str]) -> bool:
    """Whether it names no event of the right kind that counts and that its author had seen; to retract, also one of somebody else, and
    as done, also one that is no act in the world.
    """
    of = event.payload["state" if event.kind == "packet" else "of"]
    known = of in graph.held and of not in void and graph.held[of].kind in NAMING[event.kind] and descends(graph, event.id, of)
    if not known:
        return bool(of != "")
    named = graph.held[of]
    if event.kind == "done":
        return named.payload["to"] not in OUTWARD
    return event.kind == "retract" and named.author != event.author


def _withdrawn_last(graph: Graph, events: Sequence[Event]) -> list[Event]:
    """The same order, but everything said in knowledge of a `withdraw` after everything else: still topological, and not up to ids."""
    withdrawals = 0
    for event in events:
        if event.kind == "withdraw":
            withdrawals |= 1 << graph.place[event.id]
    late = {event.id for event in events if (graph.above[event.id] | 1 << graph.place[event.id]) & withdrawals}
    return sorted(events, key=lambda event: event.id in late)


def _enter(at: Standing, state: str, by: Event, brought: str) -> None:
    at.history.append((state, str(by.payload["week"]), by.id))
    at.brought = brought
    at.reopened = by.id if state == "REOPENED" else at.reopened
    at.until = str(at.graph.held[brought].payload.get("until", "")) if brought else ""


def _propose(at: Standing, event: Event) -> None:
    """A `state` event at its place: one that needs one person takes effect, one that needs two waits."""
    to = event.payload["to"]
    asked = _asked(at, event) if _hurried(at, event) else set()
    why = _lacks(at, event.id, event, asked) if _allowed(at, event) else "state"
    back = to == "REVIEW" and at.brought in at.unsigned and descends(at.graph, event.id, at.brought)
    if back:
        at.unsigned.remove(at.brought)
    if back or (not why and _alone(at, event)):
        at.reached.add(event.id)
        _enter(at, to, event, event.id)
    elif to in ALONE:
        at.void[event.id] = why
    elif not why and _urgent(at, event):
        at.reached.add(event.id)
        at.unsigned.append(event.id)
        _enter(at, to, event, event.id)
    else:
        at.waiting.append(event.id)


def _endorse(at: Standing, event: Event) -> None:
    of = at.graph.held[event.payload["of"]]
    if why := _why_not(at, event, of):
        at.void[event.id] = why
        return
    at.signed.setdefault(of.id, []).append(event.id)
    if of.id in at.unsigned:
        at.unsigned.remove(of.id)
    if of.id in at.waiting:
        at.waiting.remove(of.id)
        if of.kind == "hold":
            at.legal_hold = not at.legal_hold
        elif _longer(at, of):
            at.until = of.payload["until"]
            at.extended.append(of.id)
        else:
            _enter(at, _target(of), event, of.id)


def _why_not(at: Standing, event: Event | None, of: Event) -> str:
    """Why this endorsement of `of` does not count, or "". Without an event: one by somebody new who has seen everything."""
    if event is not None and event.author == of.author:
        return "same"
    by = event.id if event is not None else None
    if _recused(at, {of.author, event.author} if event is not None else {of.author}, of, by):
        return "recused"
    if of.id not in at.waiting and of.id not in at.void:
        return ""  # it has taken effect: one signature more
    if any(_takes_back(at, each.id, of, by) for each in at.about["retract"].get(of.id, ())):
        return "retracted"
    return "state" if of.id in at.void or not _allowed(at, of) else _lacks(at, by, of, {of.id})


def _recused(at: Standing, people: Iterable[str], of: Event, by: str | None) -> bool:
    """Whether one of these people left without knowing what took effect at `by`, and before the act in the world was recorded."""
    return any(_takes_back(at, left, of, by) for person in people for left in at.leaving.get(person, ()))


def _takes_back(at: Standing, back: str, of: Event, by: str | None) -> bool:
    """Whether a `recuse`, `retract` or cutoff counts against `of` at `by`. A person alone is too late once they knew of that, as they said
    it or something after it, or once two others built on it.
    """
    event = at.graph.held[back]
    late = by is not None and event.kind != "cutoff" and at.passed[event.author] >> at.graph.place[by] & 1
    return not late and _beside(at, back, of, by)


def _target(event: Event) -> str:
    """The state it leads to; "" for a legal hold, which leads to none."""
    return "PURGED" if event.kind == "purge" else str(event.payload.get("to", ""))


def _allowed(at: Standing, event: Event) -> bool:
    """Whether it can take effect where the case stands now."""
    to, reason = _target(event), event.payload.get("reason")
    if event.kind == "hold":
        return at.state != "PURGED" and at.legal_hold != (event.payload["on"] == "YES")
    if at.reopened and not descends(at.graph, event.id, at.reopened):
        return False  # what waited when the case was closed is not taken up again
    if _longer(at, event) or (_hurried(at, event) and at.state not in (to, *SHUT)):
        return True
    if to not in TABLE[at.state] or (to == "REOPENED" and at.withdrawn) or (to == "PURGED" and at.legal_hold):
        return False
    only = {"RECEIVED": "SPAM", "WITHDRAWN": "WITHDRAWN"}.get(at.state)
    return to != "CLOSED" or only is None or reason == only


def _alone(at: Standing, event: Event) -> bool:
    """Whether one reviewer suffices for this transition, which the table allows."""
    to = event.payload["to"]
    if to == "HELD" and to in TABLE[at.state]:
        return _may(at, event.id, event) == "HOLD"  # the reporter chose it
    return to in ALONE or (to == "TRIAGE" and at.state in ("NEEDS_INFO", "HELD")) or (at.state, event.payload["reason"]) in CLOSED_ALONE


def _longer(at: Standing, event: Event) -> bool:
    """Whether this gives the present state a later date, with a reason, said by somebody who knew that state. REVIEW has one such."""
    if event.kind != "state" or event.payload["to"] != at.state or at.state not in LONGER:
        return False
    payload, now = event.payload, at.graph.held[at.brought].payload
    said = payload["text"] != "" and payload["whom"] == now["whom"] and descends(at.graph, event.id, at.history[-1][2])
    return said and payload["until"] > at.until and not (at.state == "REVIEW" and at.until)


def _hurried(at: Standing, event: Event) -> bool:
    """Whether this is an urgent step out, by somebody who knew that life is in danger."""
    urgent = event.kind == "state" and event.payload["urgent"] == "YES" and event.payload["to"] in AT_ONCE
    return urgent and bool(at.graph.above[event.id] & at.danger)


def _urgent(at: Standing, event: Event) -> bool:
    """Whether danger to life lets this event, which lacks nothing, take effect before anyone endorses it."""
    return _hurried(at, event) and event.payload["to"] != at.state and not _recused(at, {event.author}, event, event.id)


def _asked(at: Standing, event: Event) -> set[str]:
    """The proposals of the same step that its author knew, and that were answered: an urgent step may rest on the answers to them."""
    step, held = (event.payload["to"], event.payload["whom"]), at.graph.held
    same = [id_ for id_ in at.about["confirm"] if (held[id_].payload["to"], held[id_].payload["whom"]) == step]
    return {id_ for id_ in same if descends(at.graph, event.id, id_)}


def _lacks(at: Standing, by: str | None, of: Event, asked: set[str]) -> str:
    """What a step that fits the present state lacks if it takes effect at `by`: the first such reason of section 9, or ""."""
    to, reason = _target(of), of.payload.get("reason", "")
    opinion = to in ("HELD", "REVIEW") or (to == "CLOSED" and at.state not in UNTRIAGED and reason != "SPAM")
    if opinion and not _known(at, by, at.triaged):
        return "triage"
    if to == "DISCLOSED" and (lacking := _unread_text(at, by, of, _texts(at, by, of, _yes(at, by, of, asked)))):
        return lacking
    if not _agreed(at, by, of, asked):
        return "consent"
    fixes = _fixes(at, by) if to in ("CORRECTED", "COORDINATING", "CLOSED") else set()
    if to == "CORRECTED" and fixes.isdisjoint(("CLAIMED", "VERIFIED", "DECLINED")):
        return "correction"
    if to == at.state == "COORDINATING" and fixes.isdisjoint(("ACKNOWLEDGED", "CLAIMED", "VERIFIED")):
        return "correction"
    if to == "CLOSED" and reason in CLOSE_NEEDS and CLOSE_NEEDS[reason] not in [state for state, _, _ in at.history]:
        return "reason"
    if to == "CLOSED" and reason in CLOSE_FIXES and fixes.isdisjoint(CLOSE_FIXES[reason]):
        return "reason"
    return "" if _in_time(at, by, of) else "date"


def _unread_text(at: Standing, by: str | None, of: Event, texts: int) -> str:
    """What a published text lacks: itself, or somebody who advises on law and has read every text of the step."""
    if not texts & at.texts.get((of.id, "PUBLIC"), 0):
        return "packet"
    legal = [each.id for each in at.about["legal"].get(of.id, ()) if _before(at, each.id, by)]
    return "" if any(_all_above(at.graph, id_, texts) for id_ in legal) else "legal"


def _in_time(at: Standing, by: str | None, of: Event) -> bool:
    """Whether its date is not too late, a closing for silence not too early, and a reopening not too late."""
    to, week, until = _target(of), weeks_of(of.payload["week"]), of.payload.get("until", "")
    begun = weeks_of(at.history[-1][1])
    if to == "REOPENED":  # of what its author knew, whatever week a closing claims
        known = [said for said, places in at.weeks.items() if places & at.graph.above[of.id]]
        return week <= max(weeks_of(said) for said in [at.history[0][1], *known]) + REOPEN_WEEKS
    if to == "CLOSED" and of.payload["reason"] == "NO-REPLY":
        words = [each for kind in REPORTER_KINDS for each in at.kinds.get(kind, ()) if _beside(at, each.id, of, by)]
        asked = [asked for state, asked, _ in at.history if state == "NEEDS_INFO"][-1:]
        last = max(weeks_of(said) for said in [*asked, *(str(each.payload["week"]) for each in (at.root, *words))])
        return week >= last + SILENCE_WEEKS
    if until == "" or to not in LONGER:
        return True
    if to == "REVIEW":
        most = weeks_of(next((said for state, said, _ in at.history if state == "ACKNOWLEDGED"), at.history[0][1])) + REVIEW_WEEKS
    elif to == "HELD":
        most = (begun if at.state == to else week) + HELD_WEEKS
    elif at.state == to:
        most = begun + EMBARGO_MOST
    else:
        found = _last_of(at, "triage", by, lambda _: "").get("")
        most = week + EMBARGO_URGENT.get(found.payload["urgency"] if found else "", EMBARGO_WEEKS)
    return weeks_of(until) <= most


def _agreed(at: Standing, by: str | None, of: Event, asked: set[str]) -> bool:
    """Whether what the reporter wants allows this step at `by`. Where only a stub is held and nothing was chosen, nobody knows."""
    to = _target(of)
    if to in OUTWARD:
        return _consented(at, by, of, asked)
    if to in ("ADVICE", "PLAN"):
        return _may(at, by, of) in ("", "ADVISE") if to == "ADVICE" else _may(at, by, of) != "ADVISE"
    return True


def _may(at: Standing, by: str | None, of: Event) -> str:
    """What reviewers may do at `by`, "" if nobody knows."""
    choices = [id_ for id_ in at.said if at.graph.held[id_].kind == "choice" and _beside(at, id_, of, by)]
    return may_of(at.graph, choices, at.root)


def _consented(at: Standing, by: str | None, of: Event, asked: set[str]) -> bool:
    """The reporter's consent to an outward step that takes effect at `by` (None: at an event after all others). asked: proposals whose
    answers count as answers to this one.
    """
    held, graph = at.graph.held, at.graph
    counted = [id_ for id_ in at.said if _beside(at, id_, of, by)]
    last = last_of(graph, _answers(at, by, of, asked))
    if any(held[id_].kind == "withdraw" for id_ in counted) or any(held[id_].payload["agree"] == "NO" for id_ in last):
        return False
    # Whoever agreed has seen every text that leaves with this step, and has not said since that nothing is to leave.
    choices = last_of(graph, (id_ for id_ in counted if held[id_].kind == "choice"))
    agreements = _yes(at, by, of, asked)
    needed = _texts(at, by, of, agreements) | bits_of(graph, (id_ for id_ in choices if held[id_].payload["may"] in ("ADVISE", "HOLD")))
    yes = [held[id_].payload["warned"] for id_ in agreements if _all_above(graph, id_, needed)]
    few = at.root.kind == "report" and at.root.payload["answers"]["known"] in NARROW
    if (few or _known(at, by, at.narrow)) and "YES" not in yes:
        return False
    # Who holds a stub only cannot know what the report said: the reviewers can, and what was said since counts for everyone.
    # A wider choice that nobody knew who signed allows nothing yet; a more careful one counts at once.
    known = [each.id for each in at.kinds.get("choice", ()) if _before(at, each.id, by)]
    mays = {_may(at, by, of) or "PUBLISH", may_of(graph, known, at.root) or "PUBLISH"}
    enough = {"REFERRED": ("REFER", "PUBLISH"), "COORDINATING": ("PUBLISH",), "DISCLOSED": ()}[of.payload["to"]]
    return bool(yes) or mays <= set(enough)


def _answers(at: Standing, by: str | None, of: Event, asked: set[str]) -> list[str]:
    """The reporter's answers that count at `by`."""
    confirms = [each.id for name in sorted(asked) for each in at.about["confirm"].get(name, ())]
    return [id_ for id_ in confirms if _beside(at, id_, of, by)]


def _yes(at: Standing, by: str | None, of: Event, asked: set[str]) -> list[str]:
    """Of the answers known at `by` the last that are a yes, unless a no counts that follows it.

    A further yes beside `by` takes nothing back.
    """
    held, answers = at.graph.held, _answers(at, by, of, asked)
    taken_back = 0
    for id_ in answers:
        taken_back |= at.graph.above[id_] if held[id_].payload["agree"] == "NO" else 0
    last = last_of(at.graph, [id_ for id_ in answers if _before(at, id_, by)])
    return [id_ for id_ in last if held[id_].payload["agree"] == "YES" and not taken_back >> at.graph.place[id_] & 1]


def _texts(at: Standing, by: str | None, of: Event, yes: Iterable[str]) -> int:
    """The places of the texts of this step at `by`, as bits: the packets that the reporter agreed to, and those by whoever signs it.

    Another reader's packet that came after the yes is not among them and does not leave: else one could keep every step waiting. Before
    a yes all are.
    """
    held, graph = at.graph.held, at.graph
    known = at.texts.get((of.id, ""), 0) & (-1 if by is None else graph.above[by])
    if not yes:
        return known
    seen = 0
    for author in (of.author, *([] if by is None else [held[by].author])):
        seen |= at.texts.get((of.id, author), 0)
    for id_ in yes:
        seen |= graph.above[id_]
    return known & seen


def _all_above(graph: Graph, id_: str, places: int) -> bool:
    """Whether it descends from all of these."""
    return not places & ~graph.above[id_]


def _known(at: Standing, by: str | None, places: int) -> bool:
    """Whether any of these was known at `by`."""
    return bool(places if by is None else places & at.graph.above[by])


def _fixes(at: Standing, by: str | None) -> set[str]:
    """At which statuses corrections stood at `by`: of each what was said last."""
    return {each.payload["status"] for each in _last_of(at, "correction", by, lambda event: str(event.payload["code"])).values()}


def _last_of(at: Standing, kind: str, by: str | None, key_of: Callable[[Event], str]) -> dict[str, Event]:
    """Of the valid events of a kind the last known at `by`, for each key."""
    events = at.kinds.get(kind, ())
    if kind not in at.latest:  # asked of few cases: not before it is asked
        at.latest[kind] = latest_of(at.graph, [each.id for each in events], key_of)
    return {key: events[n] for key, n in at.latest[kind][by or ""].items()}


def _before(at: Standing, id_: str, by: str | None) -> bool:
    return by is None or descends(at.graph, by, id_)


def _beside(at: Standing, against: str, of: Event, by: str | None) -> bool:
    """Whether `against` counts against `of` at `by`: not said in knowledge of that, nor too late. Too late: the act in the world had
    happened, as agreed at `by`, and who recorded it did not know of `against`.
    """
    if by is None:
        return True
    done = at.about["done"].get(of.id, ())
    late = any(descends(at.graph, each.id, by) and not descends(at.graph, each.id, against) for each in done)
    return not late and not descends(at.graph, against, by)
