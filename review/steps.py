"""What a reader can do with a case now: the next states with how many people each needs, proposals, and consent in words.

The rules are in the fold (PROTOCOL 9). Here is only which of them a page offers, and the sentences that say why it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain

from crypto.case import Case
from crypto.constants import CLOSE_REASONS, NARROW, NO_REASON, OUTWARD
from crypto.event import Event
from crypto.graph import graph_of, last_of
from crypto.states import (
    ALONE,
    AT_ONCE,
    CLOSED_ALONE,
    EMBARGO_MOST,
    EMBARGO_URGENT,
    EMBARGO_WEEKS,
    HELD_WEEKS,
    LONGER,
    REVIEW_WEEKS,
    SHUT,
    TABLE,
)
from review import clock, clocks, labels, trial
from review.labels import label

ENOUGH = {"REFERRED": ("REFER", "PUBLISH"), "COORDINATING": ("PUBLISH",), "DISCLOSED": ()}
VERBS = {
    "ACKNOWLEDGED": "Acknowledge",
    "ADVICE": "Give advice only",
    "TRIAGE": "Go to triage",
    "NEEDS_INFO": "Ask the reporter",
    "HELD": "Hold",
    "REVIEW": "Go to review",
    "PLAN": "Plan a step",
    "COORDINATING": "Tell the organisation",
    "REFERRED": "Refer to an authority",
    "DISCLOSED": "Publish",
    "CORRECTED": "Record that it was corrected",
    "CLOSED": "Close the case",
    "REOPENED": "Reopen",
    "PURGED": "Purge the case",
}
HELP = {
    "ACKNOWLEDGED": "Say it within three days, seven at most.",
    "ADVICE": "For reporters who want advice and no case. Write the answer first.",
    "TRIAGE": "Concern, severity, urgency and who could know this are recorded below, under Triage.",
    "NEEDS_INFO": "Write the question; the reporter sees it with the new state.",
    "HELD": "Kept and not acted on. Say until when it is looked at again; twelve months are the most.",
    "REVIEW": "Two of you check what is said. Leave the date open: feedback is then due 90 days after the acknowledgement. A date given "
    "here is the one extension there is.",
    "PLAN": "Say in plain words what you have in mind. Nothing happens by this: each step is proposed after it, and the reporter asked.",
    "COORDINATING": "Say whom you tell (a role, not a name) and when the embargo ends: 45 days, 7 at U1. "
    "At U0 it is 48 hours: choose this week, and say the hour in your words.",
    "REFERRED": "Say which authority.",
    "DISCLOSED": "Propose it, then make its packet: the reporter has to agree to the text itself, and a lawyer to read it.",
    "CORRECTED": "Say what was corrected and whether you could check it.",
    "CLOSED": "Say why, and what the reporter can still do.",
    "REOPENED": "Possible until the week that stands under Dates.",
    "PURGED": "Every reader removes the case. Letters not yet expired stay sealed until the key of their quarter is destroyed.",
}
MORE_TIME = {
    "HELD": ("Hold longer", "Say until when and why. Twelve months from the beginning are the most."),
    "REVIEW": ("Take longer to check it", "One extension, with a reason: feedback is then due by that week, 180 days at most."),
    "COORDINATING": (
        "Give the organisation more time",
        "Only for a dated correction that can be verified; say which. The embargo ends after 90 days at the latest.",
    ),
}
HOLDS = {"YES": "Put it under a legal hold", "NO": "Lift the legal hold"}
# What to do next where a step lacks something; where it depends on the step, by (reason, state or reason for closing).
WHY = {
    "unread": "open the report on your own page first, after the question about conflicts",
    "triage": "record the triage first, under Triage",
    "packet": "no text for the public belongs to it yet. Make the packet first: the reporter agrees to the text itself",
    "legal": "a lawyer has to read this text first: record here what they found",
    "consent": "the reporter's consent does not reach so far yet",
    "correction": "put down under Corrections first how it stands",
    "reason": "nothing recorded in this case bears that out",
    "date": "the date lies outside what is allowed. Propose it anew with another one",
    "recused": "who proposed it left the case. Propose it anew",
    "state": "the case cannot go there from where it stands now",
}
WHY_HERE = {
    ("consent", "ADVICE"): "only for reporters who chose to be advised and no more",
    ("consent", "PLAN"): "the reporter wants advice only. Answer them; they can choose otherwise on their page",
    ("correction", "CORRECTED"): "put down under Corrections first what the company says: done, verified or declined",
    ("correction", "COORDINATING"): "more time is only for a dated correction. Put down under Corrections first which one the company "
    "acknowledged or says it made",
    ("reason", "ACTION"): "put down a verified correction first",
    ("reason", "CLAIMED"): "put down first which correction the company says it made",
    ("reason", "REFERRED-DONE"): "it was never referred",
    ("reason", "PUBLISHED"): "nothing was published",
    ("reason", "NO-REPLY"): "the reporter was never asked a question",
    ("date", "NO-REPLY"): "silence closes a case only 90 days after the question and after the reporter's last word",
    ("date", "REOPENED"): "twelve months have passed since it was closed",
}
UNSURE = "note first how sure one can be, under Triage: the readers of the case see it, not the reporter"
NO_LONGER = "it has the latest date that can be given"
PASSED = "the latest week that can be given has passed"
PROPOSED = "proposed already, see above"
STILL_OPEN = ("", "consent", "packet", "legal", "correction")  # what a proposal may lack and get without being made anew
UNTIL_WEEKS = (1, 2, 4, 6, 12, 26, 52)


TODAY = "The reporter says that someone is in danger: say it today."
BACK = "The urgent step has no second signature. Say what you do to undo it."


@dataclass(frozen=True)
class Step:
    """One next state, or with `longer` the present one for longer. who: "one", "two", or "either" (a closing, which depends on the
    reason); waiting: it is proposed already; hurry: only as an urgent step; lacks: why it is not offered, and what to do first, or "".

    dates: (weeks from now, week) to choose from, the last the latest that counts; usual: the weeks to suggest, or -1.
    reasons: (code, words, whether two must sign, why it is not offered).
    """

    to: str
    label: str
    help: str
    sees: str
    who: str
    waiting: bool
    outward: bool
    dates: tuple[tuple[int, str], ...]
    usual: int
    whom: bool
    urgent: bool
    hurry: bool
    longer: bool
    reasons: tuple[tuple[str, str, bool, str], ...]
    lacks: str


@dataclass(frozen=True)
class Offer:
    """A proposal that waits for a second signature. may: this reader can give it; why: else the reason, as a sentence.

    consent: how far the reporter's reaches, for outward steps; back: this reader can take it back; unread: a lawyer still has to read
    the text; legal: what lawyers found, as it was recorded.
    """

    id: str
    to: str
    what: str
    who: str
    author: str
    week: str
    text: str
    whom: str
    until: str
    mine: bool
    back: bool
    may: bool
    why: str
    consent: str
    unread: bool
    legal: tuple[str, ...]


def steps(case: Case, held: Collection[Event], sign: str, week: str) -> tuple[Step, ...]:
    """Where the case can go from here, each with what the page must say of it, and whether it can stay for longer.

    held: all events held of the case; sign: the reader who would say it, in this week.
    """
    waiting = _events(case, [proposal.id for proposal in case.proposals if proposal.why in STILL_OPEN])
    proposed = {(target(event), event.payload.get("reason", NO_REASON)) for event in waiting}
    urgent = case.triage is not None and case.triage.payload["urgency"] == "U0"
    found = []
    back = ("REVIEW",) if unsigned_now(case) and "REVIEW" not in TABLE[case.state] else ()
    hurry = () if case.state in SHUT or not urgent else tuple(to for to in AT_ONCE if to not in (case.state, *TABLE[case.state]))
    longer = (case.state,) if case.state in LONGER and not (case.state == "REVIEW" and case.until) else ()
    known = [
        to
        for to in (*back, *hurry, *sorted(TABLE[case.state], key=lambda to: case.state == "PLAN" and to == "REVIEW"), *longer)
        if not (to == "REOPENED" and any(state == "WITHDRAWN" for state, _, _ in case.history)) and not (to == "PURGED" and case.legal_hold)
    ]
    last = {to: latest(case, to, week) for to in known if to in LONGER}
    asked = [_blank(case, to, last.get(to, ""), to in hurry) for to in known if to not in ("CLOSED", "PURGED")]
    asked += [{"to": "CLOSED", "reason": code} for code in _closing(case) if "CLOSED" in known]
    groups = _groups(case, asked)
    tried = zip(chain(*groups), trial.tried(case, held, sign, week, *groups), strict=True)
    lacks = {(each["to"], each.get("reason", NO_REASON)): why for each, why in tried}
    for to in known:
        reasons = _reasons(case, lacks, proposed) if to == "CLOSED" else ()
        sees = labels.REPORTER_SEES_BEFORE.get(to, labels.REPORTER_SEES[to]) if to not in longer else reporter_reads(case)
        sees = labels.REPORTER_SEES_ALONE if to in hurry else sees
        dates = _dates(week, last.get(to, ""), _given(case) if to in longer else "")
        spent = to in longer and (lacks[to, NO_REASON] == "state" or not dates)
        why = (PASSED if last[to] < week else NO_LONGER) if spent else next_of(lacks.get((to, NO_REASON), ""), to)
        why = why or (UNSURE if unsure(case, to) else "")
        found.append(
            Step(
                to=to,
                label="Take it back to review" if to in back else MORE_TIME[to][0] if to in longer else VERBS[to],
                help=_help(case, to, to in back, to in longer),
                sees=sees,
                who=_who(case, to, reasons),
                waiting=(to, NO_REASON) in proposed,
                outward=to in OUTWARD,
                dates=dates,
                usual=dates[-1][0] if to == "COORDINATING" and to not in longer and dates else -1,
                whom=to in ("COORDINATING", "REFERRED") and to not in longer,
                urgent=urgent and to in AT_ONCE and to not in longer,
                hurry=to in hurry,
                longer=to in longer,
                reasons=reasons,
                lacks=why if to != "CLOSED" else "",
            )
        )
    return tuple(found)


def _help(case: Case, to: str, back: bool, longer: bool) -> str:
    if to == "ACKNOWLEDGED" and case.root.payload["answers"]["danger"] == "NOW":
        return TODAY
    return BACK if back else MORE_TIME[to][1] if longer else HELP[to]


def _groups(case: Case, asked: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """The steps in groups that can be tried in one fold. What needs two only waits there, beside the others; what takes effect at once is
    tried alone. The yes that is taken for granted for a step out is a word of the reporter, on which a closing for silence depends.
    """
    wait = [each for each in asked if needs_two(case, each["to"], each.get("reason", NO_REASON)) and each.get("urgent") != "YES"]
    outward = [each for each in wait if each["to"] in OUTWARD]
    return [outward, [each for each in wait if each not in outward], *([each] for each in asked if each not in wait)]


def next_of(why: str, to: str, reason: str = NO_REASON) -> str:
    """What to do where a step to `to`, or a closing for `reason`, lacks `why`; "" where it lacks nothing."""
    return why and (WHY_HERE.get((why, to)) or WHY_HERE.get((why, reason)) or WHY.get(why, label(labels.VOID, why)))


def unsure(case: Case, to: str, reason: str = NO_REASON) -> bool:
    """Whether a case would leave triage before anybody noted how sure one can be. The fold cannot ask: the reporter does not hold that."""
    leaves = case.state == "TRIAGE" and to in ("REVIEW", "HELD", "CLOSED") and reason != "SPAM"
    return leaves and not any(event.kind == "assess" for event in case.order)


def latest(case: Case, to: str, week: str) -> str:
    """The last week that HELD, REVIEW or COORDINATING may be given, said in this week."""
    urgency = case.triage.payload["urgency"] if case.triage else ""
    start, most = (case.since, EMBARGO_MOST) if to == case.state else (week, EMBARGO_URGENT.get(urgency, EMBARGO_WEEKS))
    if to == "REVIEW":
        root = str(case.root.payload["week"])
        start, most = next((at for state, at, _ in case.history if state == "ACKNOWLEDGED"), root), REVIEW_WEEKS
    return clock.add_weeks(start, HELD_WEEKS if to == "HELD" else most)


def early(case: Case, week: str) -> str:
    """What to say before a case is purged while it is still to be kept, or ""."""
    due = clocks.purge_due(case, week)
    if due is None:
        return "This is early: the case is not closed yet." if case.state == "WITHDRAWN" else ""
    return f"This is early: it is to be kept until {clocks.plain_week(due.week)}." if week < due.week else ""


def plan_check(case: Case) -> tuple[str, ...]:
    """What a plan has to reckon with: the reporter's choice, who could know, and what each kind of step would need."""
    few = min(_known(case), key=lambda code: (code not in NARROW, code))
    lines = [f"{label(labels.MAY, case.may)}.", f"{label(labels.KNOWN, few)}."]
    for to, enough in ENOUGH.items():
        beforehand = "was agreed to beforehand" if case.may in enough else "needs a yes"
        lines.append(f"{VERBS[to]}: {'needs a yes given after a warning' if few in NARROW else beforehand}.")
    return tuple(lines)


def needs_two(case: Case, to: str, reason: str = "NONE") -> bool:
    """Whether a second person must endorse this before it takes effect (an urgent step apart)."""
    back = to == "REVIEW" and unsigned_now(case)
    alone = to in ALONE or (to == "TRIAGE" and case.state in ("NEEDS_INFO", "HELD")) or (case.state, reason) in CLOSED_ALONE
    alone = alone or (to == "HELD" != case.state and case.may == "HOLD")
    return not (alone or back)


def unsigned_now(case: Case) -> bool:
    """Whether the present state was entered by an urgent step that nobody endorsed yet."""
    return case.history[-1][2] in case.unsigned


def offers(case: Case, sign: str, called: dict[str, str]) -> tuple[Offer, ...]:
    """Proposals and urgent steps that wait for a second signature. called: how the page names a sign key."""
    waiting = [(each.id, each.why) for each in case.proposals] + [(name, "") for name in case.unsigned]
    found = []
    for name, why in waiting:
        event = next((each for each in case.order if each.id == name), None)
        if event is None or (why == "state" and case.state in SHUT):  # nobody waits for it any more
            continue
        to, mine = target(event), event.author == sign
        said = next_of(why, to, event.payload.get("reason", ""))
        if mine:
            said = "you proposed it; the second signature is another reader's" + (f", and {said}" if why == "packet" else "")
        legal = [each.payload["text"] for each in case.order if each.kind == "legal" and each.payload["of"] == name]
        found.append(
            Offer(
                id=name,
                to=to,
                what=what(case, event),
                who=called.get(event.author, "A reader"),
                author=event.author,
                week=event.payload["week"],
                text=event.payload.get("text", ""),
                whom=event.payload.get("whom", ""),
                until=event.payload.get("until", ""),
                mine=mine,
                back=mine and name not in case.unsigned,
                may=not mine and not why,
                why=said,
                consent=consent(case, event) if to in OUTWARD and why != "packet" else "",
                unread=why == "legal",
                legal=tuple(legal),
            )
        )
    return tuple(found)


def target(event: Event) -> str:
    """The state a `state` or `purge` event leads to; "" for a legal hold."""
    return "PURGED" if event.kind == "purge" else str(event.payload.get("to", ""))


def what(case: Case, event: Event) -> str:
    """A `state`, `purge` or `hold` event in a few words."""
    if event.kind == "hold":
        return HOLDS[event.payload["on"]]
    to = target(event)
    if is_longer(case, event):
        return MORE_TIME[to][0]
    return VERBS[to] + (f": {label(labels.REASON, event.payload['reason'])}" if to == "CLOSED" else "")


def is_longer(case: Case, event: Event) -> bool:
    """Whether it gave a state a later date, or asks for that now."""
    waits = any(each.id == event.id and each.why != "state" for each in case.proposals)
    return event.id in case.extended or (waits and target(event) == case.state)


def narrow(case: Case) -> bool:
    """Whether so few people could know this that an outward step needs a warned yes."""
    return any(code in NARROW for code in _known(case))


def _known(case: Case) -> list[str]:
    """How many could know this: as the report says, and as triaged."""
    return [case.root.payload["answers"]["known"], *(each.payload["known"] for each in case.order if each.kind == "triage")]


def consent(case: Case, proposal: Event | None = None) -> str:
    """How far the reporter's consent reaches; for a proposal of an outward step, what it lacks. The fold decides, this only tells."""
    if any(event.kind == "withdraw" for event in case.order):
        return "The reporter withdrew. No step may be taken."
    if proposal is None:
        said = f"{label(labels.MAY, case.may)}."
        return said + (" Few people could know this: every outward step needs a yes given after a warning." if narrow(case) else "")
    last = _answer(case, proposal.id)
    if last is not None and last.payload["agree"] == "NO":
        return "The reporter said no to this step."
    warned = last is not None and last.payload["warned"] == "YES"
    if last is not None and (warned or not narrow(case)) and (proposal.id, "consent") in [(each.id, each.why) for each in case.proposals]:
        return "The reporter said yes, but a text was changed since, or they chose advice only or to wait. Their page asks them again."
    if last is not None and (warned or not narrow(case)):
        return "The reporter said yes to this step" + (", after the warning." if warned else ".")
    if narrow(case):
        had = "The reporter said yes, but without the warning. " if last is not None else ""
        return had + "Few people could know this: the reporter must agree to this very step, after a warning. Their page asks them."
    if case.may in ENOUGH[target(proposal)]:
        return f"The reporter agreed beforehand: {label(labels.MAY, case.may).lower()}."
    return "The reporter has not agreed to this step yet. Their page asks them."


def undone(case: Case) -> tuple[Event, ...]:
    """Outward steps that took effect and of which nobody recorded yet that they happened."""
    done = {event.payload["of"] for event in case.order if event.kind == "done"}
    signed = {event.payload["of"] for event in case.order if event.kind == "endorse"}
    brought = {name for _, _, name in case.history}
    return tuple(
        event
        for event in case.order
        if event.kind == "state"
        and event.payload["to"] in OUTWARD
        and event.id not in done
        and event.id not in case.extended
        and (event.id in brought or (event.id in signed and event.id not in {each.id for each in case.proposals}))
    )


def signers(case: Case, step: Event) -> tuple[str, ...]:
    """The sign keys of who proposed a step and of who endorsed it."""
    return (step.author, *(each.author for each in case.order if each.kind == "endorse" and each.payload["of"] == step.id))


def reporter_reads(case: Case) -> str:
    """The sentence with which the reporter's page leads now."""
    if any(target(event) == case.state for event in undone(case)):
        return labels.REPORTER_SEES_ALONE if unsigned_now(case) else labels.REPORTER_SEES_BEFORE[case.state]
    return labels.REPORTER_SEES[case.state]


def checklist(case: Case) -> tuple[tuple[str, bool], ...]:
    """What a careful case has seen done, read off its events: nothing here is ticked by hand."""
    kinds = {event.kind for event in case.order}
    brought = {state for state, _, _ in case.history}
    outward = brought.intersection(OUTWARD)
    done = not undone(case)
    listed = [
        ("Two readers opened it", len(case.opened) >= 2),
        ("Acknowledged", len(brought) > 1),
        ("Lead and second named", "assign" in kinds),
        ("Somebody answered the reporter", "answer" in kinds),
        ("Triage recorded", "triage" in kinds),
        ("Noted how sure one can be", "assess" in kinds),
    ]
    if outward:
        listed.append(("Outward steps recorded as done", done))
    if case.corrections:
        listed.append(("Every correction verified or declined", set(case.corrections.values()) <= {"VERIFIED", "DECLINED"}))
    return tuple(listed)


def _who(case: Case, to: str, reasons: tuple[tuple[str, str, bool, str], ...]) -> str:
    if to == "CLOSED":
        kinds = {two for _, _, two, why in reasons if not why}
        return "either" if len(kinds) > 1 else "one" if kinds == {False} else "two"
    return "two" if needs_two(case, to) else "one"


def _closing(case: Case) -> tuple[str, ...]:
    every = tuple(code for code in CLOSE_REASONS if code != "WITHDRAWN")
    return {"RECEIVED": ("SPAM",), "WITHDRAWN": ("WITHDRAWN",)}.get(case.state, every)


def _reasons(
    case: Case, lacks: Mapping[tuple[str, str], str], proposed: Collection[tuple[str, str]]
) -> tuple[tuple[str, str, bool, str], ...]:
    """(code, words, whether two must sign, why it is not offered) of the reasons for which the case might be closed now."""
    found = []
    for code in _closing(case):
        why = next_of(lacks["CLOSED", code], "CLOSED", code) or (UNSURE if unsure(case, "CLOSED", code) else "")
        why = PROPOSED if ("CLOSED", code) in proposed else why
        found.append((code, label(labels.REASON, code), needs_two(case, "CLOSED", code), why))
    return tuple(found)


def _blank(case: Case, to: str, last: str, hurry: bool) -> dict[str, str]:
    """The step as the trial asks for it: for longer with the latest date, so that only what is lacking is found."""
    if to == case.state:
        return {"to": to, "until": last, "whom": case.whom, "text": "-"}
    return {"to": to, "urgent": "YES" if hurry else "NO"}


def _given(case: Case) -> str:
    """The week that counts now for a state that can be given a later one."""
    try:
        return clocks.longest(case)[0]
    except StopIteration:
        return case.until


def _dates(week: str, last: str, now: str) -> tuple[tuple[int, str], ...]:
    """(weeks from now, week) up to the latest, each later than what counts now."""
    if not last:
        return ()
    left = clock.weeks_between(week, last)
    counts = [count for count in UNTIL_WEEKS if count < left] + ([left] if left >= 0 else [])
    return tuple((count, clocks.plain_week(at)) for count in counts if (at := clock.add_weeks(week, count)) > now)


def _answer(case: Case, proposal: str) -> Event | None:
    """The reporter's last answer to a proposal; a no among answers that do not know of each other counts."""
    answers = [event for event in case.order if event.kind == "confirm" and event.payload["of"] == proposal]
    if not answers:
        return None
    # A later answer may follow an earlier one over other events, such as a `choice`.
    follows = graph_of({event.id: event for event in case.order})
    last = [follows.held[name] for name in last_of(follows, [event.id for event in answers])]
    return next((event for event in last if event.payload["agree"] == "NO"), last[-1])


def _events(case: Case, ids: list[str]) -> list[Event]:
    return [event for event in case.order if event.id in ids]
