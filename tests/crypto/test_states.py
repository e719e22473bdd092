"""The states of a case against a naive second statement of the rules, over people who act on partial views of one case.

The second statement shares no code with the fold but the events: descent by sets, the table as the taxonomy prints it.
"""

import datetime
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crypto import constants as c
from crypto import states
from crypto.case import Case, by_case, common, fold, heads
from crypto.encoding import b64, is_week, weeks_of
from crypto.event import Event, audience_of
from crypto.graph import graph_of, held_of
from crypto.private.signing import SignKey, sign_event
from crypto.wording import WORDING

P = bytes(range(32))
SEEDS = [bytes([n + 1]) * 32 for n in range(6)]  # three readers, two reserves, the reporter
SIGNS = [SignKey(seed).public for seed in SEEDS]
REPORTER, REVIEWERS, EVERYBODY = 5, range(5), range(6)
WEEK = "2026-W47"
TAXONOMY = """
RECEIVED      -> ACKNOWLEDGED | CLOSED                        PLAN         -> REVIEW | COORDINATING | REFERRED | DISCLOSED | CLOSED
ACKNOWLEDGED  -> TRIAGE | ADVICE                              COORDINATING -> CORRECTED | REFERRED | DISCLOSED | CLOSED
ADVICE        -> TRIAGE | CLOSED                              REFERRED     -> CORRECTED | COORDINATING | DISCLOSED | CLOSED
TRIAGE        -> NEEDS_INFO | HELD | REVIEW | CLOSED          DISCLOSED    -> CORRECTED | CLOSED
NEEDS_INFO    -> TRIAGE | REVIEW | CLOSED                     CORRECTED    -> COORDINATING | REFERRED | DISCLOSED | CLOSED
HELD          -> TRIAGE | REVIEW | CLOSED                     CLOSED       -> REOPENED | PURGED
REVIEW        -> NEEDS_INFO | HELD | PLAN | CLOSED            REOPENED     -> TRIAGE
WITHDRAWN     -> CLOSED | PURGED
"""
ARROWS = {
    (cell.split("->")[0].strip(), to.strip())
    for line in TAXONOMY.strip().splitlines()
    for cell in (line[:61], line[61:])
    if cell.strip()
    for to in cell.split("->")[1].split("|")
}
ALONE = {
    ("RECEIVED", "ACKNOWLEDGED"),
    ("ACKNOWLEDGED", "ADVICE"),
    ("TRIAGE", "NEEDS_INFO"),
    ("REVIEW", "NEEDS_INFO"),
    ("NEEDS_INFO", "TRIAGE"),
    ("HELD", "TRIAGE"),
    ("COORDINATING", "CORRECTED"),
    ("REFERRED", "CORRECTED"),
    ("DISCLOSED", "CORRECTED"),
    ("CLOSED", "REOPENED"),
}
SHUT = {"RECEIVED", "CLOSED", "WITHDRAWN", "PURGED"}
CLOSED_ALONE = {"RECEIVED": "SPAM", "ADVICE": "ADVISED", "WITHDRAWN": "WITHDRAWN"}
CODES = {"code": "X1-OTHER", "also": [], "stage": "L9-UNSURE", "severity": "S1", "harm": "H0", "risk": "LOW"}
LACKING = ("triage", "packet", "legal", "consent", "correction", "reason", "date")
LATE = ("state", "retracted", *LACKING)  # what is found void only when the states are judged
OPENERS = {"state", "purge", "hold", "endorse", "triage", "legal", "correction", "done"}
FIX = {"code": "DC-STOP", "text": ""}
CAREFUL = ("ADVISE", "HOLD", "ASK", "REFER", "PUBLISH")


def report(may: str, known: str, readers: int = 3) -> Event:
    answers = {
        "about": ["X1-OTHER"],
        "stage": "L9-UNSURE",
        "organisation": "",
        "danger": "UNSURE",
        "basis": "SAW",
        "raised": "",
        "promise": "",
    }
    fields = {"find": "11" * 32, "open": b64(bytes(c.OPEN_KEY_BYTES)), "readers": SIGNS[:readers], "reserves": SIGNS[3:5]}
    said = {"answers": answers | {"known": known, "may": may}, "text": "", "parts": 0, "selfcopy": "full"}
    return sign_event(common("report", WEEK, [0, "00" * 32], 1, "all") | fields | said, SEEDS[REPORTER], P)


def event_of(
    who: int, kind: str, case: str, parents: Iterable[str], prev: str | None, roster: int = 1, week: str = WEEK, **more: Any
) -> Event:
    unsaid = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"} if kind == "state" else {}
    audience = more.pop("audience", audience_of(kind))
    base = common(kind, week, [0, "00" * 32], roster, audience, case, prev, sorted(set(parents)))
    return sign_event(base | unsaid | more, SEEDS[who], P)


def monday(week: str) -> datetime.date:
    return datetime.date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def after(week: str, count: int) -> datetime.date:
    return monday(week) + datetime.timedelta(weeks=count)


# ---------------------------------------------------------------- the rules, said again


class Rules:
    """A naive reading of PROTOCOL 9 over one set of events and the fold of it."""

    def __init__(self, events: Iterable[Event], case: Case) -> None:
        self.case = case
        self.by_id = {event.id: event for event in events}
        self.past: dict[str, frozenset[str]] = {}
        for event in self.by_id.values():
            self.before(event.id)
        # `done` and `retract` that came to nothing were still said: section 9, 7.
        self.said = [event for event in self.by_id.values() if case.void.get(event.id, "state") in LATE]

    def before(self, id_: str) -> frozenset[str]:
        if id_ not in self.past:
            event = self.by_id[id_]
            named = [*event.payload.get("prev", []), *event.payload.get("parents", [])]
            wide = [
                n
                for n in named
                if n in self.by_id and not (event.payload["audience"] == "all" and self.by_id[n].payload["audience"] != "all")
            ]
            self.past[id_] = frozenset(wide).union(*(self.before(name) for name in wide))
        return self.past[id_]

    def recorded(self, at: str, of: str, against: str) -> bool:
        return any(
            event.kind == "done" and event.payload["of"] == of and at in self.before(event.id) and against not in self.before(event.id)
            for event in self.said
        )

    def counted(self, at: str, of: Event) -> list[Event]:
        """What the reporter said before this point, or beside it if that was not too late."""
        words = [event for event in self.said if event.author == self.case.root.author and at not in self.before(event.id)]
        return [event for event in words if event.id in self.before(at) or not self.recorded(at, of.id, event.id)]

    def may(self, at: str, of: Event) -> str:
        choices = [event.payload["may"] for event in self.latest([event for event in self.counted(at, of) if event.kind == "choice"])]
        return sorted(choices or [self.case.root.payload["answers"]["may"]], key=CAREFUL.index)[0]

    def consent(self, at: str, of: Event, asked: set[str]) -> bool:
        counted = self.counted(at, of)
        if any(event.kind == "withdraw" for event in counted):
            return False
        answers = [event for event in counted if event.kind == "confirm" and event.payload["of"] in asked]
        if any(event.payload["agree"] == "NO" for event in self.latest(answers)):
            return False
        yes = self.yes(at, answers)
        leaving = self.texts(at, of, yes)
        choices = self.latest([event for event in counted if event.kind == "choice"])
        leaving |= {event.id for event in choices if event.payload["may"] in ("ADVISE", "HOLD")}
        agreed = [event for event in yes if leaving <= self.before(event.id)]
        few = {self.case.root.payload["answers"]["known"]}
        few |= {event.payload["known"] for event in self.said if event.kind == "triage" and event.id in self.before(at)}
        if few & {"K0", "K1"} and not [event for event in agreed if event.payload["warned"] == "YES"]:
            return False
        mays = [event.payload["may"] for event in self.latest(self.known(at, "choice"))] or [self.case.root.payload["answers"]["may"]]
        may, to = min([self.may(at, of), *mays], key=CAREFUL.index), of.payload["to"]
        if to == "DISCLOSED":
            texts = {
                each.id for each in self.said if each.kind == "packet" and each.payload["state"] == of.id and each.payload["to"] == "PUBLIC"
            }
            return any(texts & self.before(event.id) for event in agreed)
        if to == "REFERRED":
            return bool(agreed) or may in ("REFER", "PUBLISH")
        return bool(agreed) or may == "PUBLISH"

    def yes(self, at: str, answers: list[Event]) -> list[Event]:
        """The last of those known, if it says yes and nothing that counts says no after it."""
        no = [event.id for event in answers if event.payload["agree"] == "NO"]
        last = self.latest([event for event in answers if event.id in self.before(at)])
        return [each for each in last if each.id not in no and not any(each.id in self.before(id_) for id_ in no)]

    def texts(self, at: str, of: Event, yes: list[Event]) -> set[str]:
        """What leaves with the step: of the packets known, once there is a yes, those that it knew and those of the two who sign."""
        known = [each for each in self.known(at, "packet") if each.payload["state"] == of.id]
        signers = {of.author, self.by_id[at].author}
        return {each.id for each in known if not yes or each.author in signers or any(each.id in self.before(y.id) for y in yes)}

    def latest(self, events: list[Event]) -> list[Event]:
        return [event for event in events if not any(event.id in self.before(other.id) for other in events)]

    def left_beside(self, at: str, of: Event, people: set[str]) -> bool:
        """Only by recusal: who is cut off is asked of the fold by other tests."""
        leavings = [e for e in self.said if e.kind == "recuse" and e.author in people and e.id not in self.case.void]
        return any(self.in_time(event, at, of) for event in leavings)

    def in_time(self, back: Event, at: str, of: Event) -> bool:
        """Whether a person alone can still take this back: what they knew they cannot, nor what two others have built on."""
        after = [event for event in (*self.said, *self.in_vain()) if at == event.id or at in self.before(event.id)]
        firm = graph_of(held_of(self.by_id.values(), self.case.id))
        built = [e for e in after if e.kind == "endorse" and firm.firm >> firm.place[e.id] & 1]
        if any({e.author, self.by_id[e.payload["of"]].author}.isdisjoint({back.author}) for e in built):
            return False
        knew = back.author in {event.author for event in after}
        return not knew and at not in self.before(back.id) and not self.recorded(at, of.id, back.id)

    def in_vain(self) -> list[Event]:
        """Endorsements that could not count for whom they are by, and yet show what their authors knew: who left said nothing any more."""
        void = [event for event in self.by_id.values() if event.kind == "endorse" and self.case.void.get(event.id) in ("same", "recused")]
        left = {event.id: event.author for event in self.by_id.values() if event.kind == "recuse"}
        return [event for event in void if event.author not in {left.get(id_) for id_ in self.before(event.id)}]

    def taken_back(self, at: str, of: Event) -> bool:
        """Whether the proposer took it back without knowing of what is said at this point."""
        backs = [event for event in self.said if event.kind == "retract" and event.payload["of"] == of.id]
        return any(self.in_time(event, at, of) for event in backs)

    def known(self, at: str, kind: str) -> list[Event]:
        return [self.by_id[id_] for id_ in self.before(at) if self.by_id[id_].kind == kind and id_ not in self.case.void]

    def fixes(self, at: str) -> set[str]:
        known = {event.id for event in self.known(at, "correction")}
        return set({event.payload["code"]: event.payload["status"] for event in self.case.order if event.id in known}.values())

    def leaving(self, at: str, of: Event) -> set[str]:
        """The texts that go out with this step: what somebody else added after the yes is none of them."""
        counted = self.counted(at, of)
        answers = [event for event in counted if event.kind == "confirm" and event.payload["of"] == of.id]
        return self.texts(at, of, self.yes(at, answers))

    def read(self, at: str, of: Event) -> bool:
        """Whether somebody who advises on law has read all that goes out."""
        texts = self.leaving(at, of)
        return any(each.payload["of"] == of.id and texts <= self.before(each.id) for each in self.known(at, "legal"))

    def opened(self, event: Event) -> bool:
        return any(each.author == event.author for each in self.known(event.id, "received"))

    def lacks_nothing(self, before: str, at: str, of: Event, history: Sequence[tuple[str, str, str]]) -> None:
        """What a step needs that came about at `at`, where the case stood in `before`, but for the consent of outward steps."""
        said, to = of.payload, of.payload.get("to", "")
        begun = {state: week for state, week, _ in history}
        if to in ("HELD", "REVIEW") or (to == "CLOSED" and before not in CLOSED_ALONE and said["reason"] != "SPAM"):
            assert self.known(at, "triage"), "nothing is decided unseen"
        if to == "DISCLOSED":
            assert self.read(at, of), "a lawyer reads what is published"
        assert to != "PLAN" or self.may(at, of) != "ADVISE"
        assert to != "ADVICE" or self.may(at, of) == "ADVISE"
        assert to != "CORRECTED" or self.fixes(at) & {"CLAIMED", "VERIFIED", "DECLINED"}
        if to == "CLOSED":
            assert said["reason"] != "ACTION" or "VERIFIED" in self.fixes(at)
            assert said["reason"] != "CLAIMED" or self.fixes(at) & {"CLAIMED", "VERIFIED"}
            been = {"REFERRED-DONE": "REFERRED", "PUBLISHED": "DISCLOSED", "NO-REPLY": "NEEDS_INFO"}.get(said["reason"])
            assert been is None or been in begun
        if to == "CLOSED" and said["reason"] == "NO-REPLY":
            words = [each.payload["week"] for each in self.counted(at, of)]
            assert monday(said["week"]) >= max(after(week, 14) for week in [begun["NEEDS_INFO"], *words]), "silence"
        heard = [
            self.by_id[id_].payload["week"] for id_ in self.before(of.id) if self.case.void.get(id_, "state") in (*LATE, "same", "recused")
        ]
        assert to != "REOPENED" or monday(said["week"]) <= after(max(heard), 52)
        until = monday(said.get("until") or "0001-W01")
        if to == "HELD":
            assert until <= after(begun["HELD"] if before == "HELD" else said["week"], 52)
        if to == "REVIEW":
            acknowledged = [week for state, week, _ in history if state == "ACKNOWLEDGED"]
            assert until <= after([*acknowledged, WEEK][0], 25)
        if to == "COORDINATING" and before == to:
            assert until <= after(begun[to], 12) and self.fixes(at) & {"ACKNOWLEDGED", "CLAIMED", "VERIFIED"}
        elif to == "COORDINATING":
            found = {each.payload["urgency"]: each for each in self.case.order if each in self.known(at, "triage")}
            last = max(found, key=lambda urgency: self.case.order.index(found[urgency]), default="")
            assert until <= after(said["week"], {"U0": 0, "U1": 1}.get(last, 6))

    def check(self) -> None:
        case = self.case
        assert {event.id for event in case.order} | set(case.void) == set(self.by_id), "nothing is lost"
        assert not {event.id for event in case.order} & set(case.void)
        assert case.history[0] == ("RECEIVED", WEEK, case.id)
        signed = {e.payload["of"] for e in case.order if e.kind == "endorse"}
        assert all(self.opened(event) for event in case.order if event.kind in OPENERS), "read"
        unsigned = set()
        for n, ((before, _, entered), (state, _, id_)) in enumerate(itertools.pairwise(case.history), 1):
            event = self.by_id[id_]
            assert id_ not in case.void
            back = event.kind == "state" and state == "REVIEW"
            if event.kind != "withdraw" and not back:
                self.lacks_nothing(before, id_, self.by_id[event.payload.get("of", id_)], case.history[:n])
            if event.kind == "withdraw":
                assert state == "WITHDRAWN" and before not in ("CLOSED", "PURGED")
            elif event.kind == "endorse":
                self.two(before, state, event)
            elif state in c.OUTWARD:
                self.in_a_hurry(before, state, event)
                unsigned.add(id_)
            elif back:
                assert before in ("COORDINATING", "REFERRED")
                assert entered in self.before(id_) and self.by_id[entered].payload["urgent"] == "YES", "the way back"
                unsigned.discard(entered)
            elif state == "HELD":
                assert (before, state) in ARROWS and self.may(id_, event) == "HOLD", "as the reporter chose"
            else:
                assert (before, state) in ALONE or (state == "CLOSED" and CLOSED_ALONE.get(before) == event.payload["reason"])
                assert event.payload["to"] == state
        assert set(case.unsigned) == unsigned - signed
        if any(event.kind == "withdraw" for event in case.order):
            assert case.state in ("WITHDRAWN", "CLOSED", "PURGED")
        assert {"PURGED"}.isdisjoint(state for state, _, _ in case.history[:-1]), "final"
        for event in (event for event in case.order if event.kind == "retract"):
            of = self.by_id[event.payload["of"]]
            assert of.author == event.author and case.void.get(of.id) == "retracted"
        self.dates_and_holds()
        self.refusals()

    def two(self, before: str, state: str, event: Event) -> None:
        of = self.by_id[event.payload["of"]]
        assert of.id not in self.case.void and of.id in self.before(event.id)
        assert (before, state) in ARROWS or (of.payload["urgent"] == "YES" and before not in SHUT and self.danger(of))
        self.signed(event, of)
        if state == "PURGED":
            assert of.kind == "purge"
            return
        assert of.payload["to"] == state

    def signed(self, event: Event, of: Event) -> None:
        """What every endorsement is that brings something about."""
        assert of.author != event.author, "two people"
        assert not self.left_beside(event.id, of, {of.author, event.author})
        assert not self.taken_back(event.id, of)
        assert of.id not in {proposal.id for proposal in self.case.proposals}
        if of.payload.get("to") in c.OUTWARD:
            assert self.consent(event.id, of, {of.id}), "consent"

    def danger(self, event: Event) -> bool:
        past = [self.by_id[id_] for id_ in self.before(event.id) if id_ not in self.case.void]
        return any(each.kind == "triage" and each.payload["urgency"] == "U0" for each in past)

    def dates_and_holds(self) -> None:
        """Every endorsement that brings no state gives a later date, or puts under a legal hold or lifts it, or is one signature more."""
        entered = {id_: state for state, _, id_ in self.case.history}
        gone = {event.id for event in self.case.order if event.kind == "withdraw"}
        late = [event for event in self.case.order if gone & (self.before(event.id) | {event.id})]
        state, by, until, whom, held, extended, begun = "RECEIVED", self.case.id, "", "", False, list[str](), set[str]()
        passed = {self.case.id}
        for event in [*(event for event in self.case.order if event not in late), *late]:
            passed.add(event.id)
            of = self.by_id[event.payload["of"]] if event.kind == "endorse" else event
            if event.id in entered and event.id != self.case.id:
                state, by, until, whom = entered[event.id], event.id, of.payload.get("until", ""), of.payload.get("whom", "")
                assert not (held and state == "PURGED"), "a legal hold"
                begun.add(of.id)
            elif event.kind == "endorse" and of.id not in begun:
                begun.add(of.id)
                self.signed(event, of)
                assert state != "PURGED"
                if of.kind == "hold":
                    assert of.payload["on"] == ("NO" if held else "YES")
                    held = not held
                else:
                    assert of.payload["to"] == state and (state in ("HELD", "COORDINATING") or (state == "REVIEW" and not until))
                    assert by in self.before(of.id) and of.payload["text"] and of.payload["whom"] == whom and of.payload["until"] > until
                    self.lacks_nothing(state, event.id, of, [each for each in self.case.history if each[2] in passed])
                    until, extended = of.payload["until"], [*extended, of.id]
        assert (until, tuple(extended), held) == (self.case.until, self.case.extended, self.case.legal_hold)

    def in_a_hurry(self, before: str, state: str, event: Event) -> None:
        assert event.kind == "state" and event.payload["urgent"] == "YES" and state in ("COORDINATING", "REFERRED")
        assert before not in SHUT and before != state and self.danger(event)
        past = [self.by_id[id_] for id_ in self.before(event.id) if self.case.void.get(id_, "retracted") == "retracted"]
        same = {e.id for e in past if e.kind == "state" and all(e.payload[n] == event.payload[n] for n in ("to", "whom"))}
        assert self.consent(event.id, event, same), "consent"
        assert not self.left_beside(event.id, event, {event.author})

    def refusals(self) -> None:
        """What is void for one of these reasons is so for that reason."""
        for id_, reason in self.case.void.items():
            event = self.by_id[id_]
            of = self.by_id.get(event.payload.get("of", ""))
            if reason == "orphan":
                assert event.kind not in OPENERS or self.opened(event), "unread first"
                kinds = ("state", "purge", "hold") if event.kind in ("endorse", "retract") else ("state",)
                held = of is not None and of.id in self.before(id_) and of.kind in kinds
                known = of is not None and self.case.void.get(of.id, "state") in LATE
                odd = of is not None and (
                    (event.kind == "retract" and of.author != event.author)
                    or (event.kind == "done" and of.payload.get("to") not in c.OUTWARD)
                )
                assert not (held and known) or odd
            elif reason == "same":
                assert of is not None and of.author == event.author
            elif reason == "unread":
                assert event.kind in OPENERS and not self.opened(event)
            elif reason in LACKING:
                self.refused(id_, of or event, reason)
            elif reason == "retracted":
                assert self.taken_back(id_, of) if of is not None else any(each.payload.get("of") == id_ for each in self.said)
                assert id_ not in {entered for _, _, entered in self.case.history} | {proposal.id for proposal in self.case.proposals}

    def refused(self, at: str, of: Event, reason: str) -> None:
        """What is said to lack something lacks it; which week would have been early enough is shown by examples."""
        to, said = of.payload["to"], of.payload
        assert at != of.id or to in ("ADVICE", "CORRECTED", "REOPENED"), "else it waits"
        if reason == "consent":
            may = self.may(at, of)
            assert not self.consent(at, of, {of.id}) if to in c.OUTWARD else (to, may == "ADVISE") in (("PLAN", True), ("ADVICE", False))
        elif reason == "triage":
            assert to in ("HELD", "REVIEW", "CLOSED") and not self.known(at, "triage")
        elif reason == "packet":
            assert to == "DISCLOSED"
            assert "PUBLIC" not in {self.by_id[id_].payload["to"] for id_ in self.leaving(at, of)}
        elif reason == "legal":
            assert to == "DISCLOSED" and not self.read(at, of)
        elif reason == "correction":
            assert to in ("CORRECTED", "COORDINATING") and not self.fixes(at) & {"CLAIMED", "VERIFIED"}
        elif reason == "reason":
            assert said["reason"] in ("ACTION", "CLAIMED", "REFERRED-DONE", "PUBLISHED", "NO-REPLY")
        elif to in ("HELD", "REVIEW", "COORDINATING"):
            assert monday(said["until"]) > after(WEEK, {"HELD": 52, "REVIEW": 25}.get(to, 0))
        else:
            assert said["reason"] == "NO-REPLY" or monday(said["week"]) > after(WEEK, 52)


def public(case: Case) -> Mapping[str, Any]:
    """What everybody must agree on, the reporter included."""
    names = [
        "id",
        "state",
        "may",
        "opened",
        "readers",
        "gone",
        "evaluator",
        "since",
        "until",
        "whom",
        "history",
        "proposals",
        "unsigned",
        "extended",
        "legal_hold",
        "corrections",
    ]
    shared = {event.id for event in case.order if event.payload["audience"] == "all"}
    return {name: getattr(case, name) for name in names} | {"shared": shared, "triage": case.triage and case.triage.id}


# ---------------------------------------------------------------- people and a network

TARGETS = st.sampled_from(c.STATE_TARGETS)
OUT = st.sampled_from(["COORDINATING", "REFERRED", "DISCLOSED"])
PICK = st.integers(0, 2**20)
WHO = st.sampled_from([0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4])  # reserves less often: mostly they are not heard


SCRIPTS = (
    "yes sign post",
    "yes post sign post",
    "yes post sign post done",
    "yes post sign done post no post",
    "sign yes post",
    "yes post sign no post",
    "no post yes post other",
    "yes post no sign done post",
    "sign other done yes post other",
    "yes no post sign other post",
    "yes post back sign post",
    "yes post sign done back post",
    "yes post sign back post other post",
)
STARTS = ["RECEIVED", "REVIEW", "PLAN", "PLAN", "PLAN", "COORDINATING", "CLOSED"]


def week_of(count: int) -> str:
    """So many weeks after the report; the year ends with its week 53."""
    year, week, _ = after(WEEK, count).isocalendar()
    return f"{year}-W{week:02}"


class People(RuleBasedStateMachine):
    """Three readers, two reserves and a reporter, each with what has reached them. Letters are late, doubled, or lost and found again."""

    held: list[dict[str, Event]]

    @initialize(
        may=st.sampled_from(c.MAY_CODES),
        known=st.sampled_from(c.KNOWN_CODES),
        start=st.sampled_from(STARTS),
    )
    def begin(self, may: str, known: str, start: str) -> None:
        may, known = ("PUBLISH", "K3") if start in ("COORDINATING", "CLOSED") else (may, known)
        self.root, self.week = report(may, known), 0
        self.held = [{self.root.id: self.root} for _ in EVERYBODY]
        self.sent: list[tuple[int, Event]] = []
        self.lost: list[tuple[int, Event]] = []
        self.number = 0
        steps = ["ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN", "COORDINATING", "CLOSED"]
        if start in steps:
            for who, kind, more in ((0, "received", {}), (1, "received", {}), (1, "triage", CODES | {"known": "K4", "urgency": "U2"})):
                self.say(who, kind, **more)
                self.arrive()
        for step in steps[: steps.index(start) + 1] if start in steps else []:
            made = self.say(0, "state", to=step, reason="UNSAFE" if step == "CLOSED" else "NONE")
            self.arrive()
            if step != "ACKNOWLEDGED":
                self.say(1, "endorse", of=made.id)
                self.arrive()

    def arrive(self) -> None:
        for to, event in self.sent:
            self.held[to][event.id] = event
        self.sent = []

    def say(self, who: int, kind: str, behind: int = 0, **more: Any) -> Event:
        """Write an event that follows what its author holds, or if `behind` only some of it; it goes on its way to the others."""
        mine, self.number = self.held[who], self.number + 1
        audience = more.get("audience", audience_of(kind))
        parents = heads(mine.values(), self.root.id, audience)
        if behind:
            some = sorted(id_ for id_, event in mine.items() if audience == "reviewers" or event.payload["audience"] == "all")
            parents = [some[behind % len(some)]]
        own = [e for e in mine.values() if e.author == SIGNS[who] and e.id != self.root.id and e.payload["audience"] == audience]
        named = {name for event in own for name in event.payload["prev"]}
        loose = sorted(event.id for event in own if event.id not in named)
        prev = loose[0] if loose and not behind else None
        event = event_of(who, kind, self.root.id, parents or [self.root.id], prev, self.number, week_of(self.week), **more)
        mine[event.id] = event
        self.sent += [(to, event) for to in EVERYBODY if to != who and (to != REPORTER or event.payload["audience"] == "all")]
        return event

    def view(self, who: int) -> Case:
        case = fold(self.held[who].values(), self.root.id)
        assert case is not None
        return case

    def some(self, who: int, pick: int, *kinds: str) -> str | None:
        found = sorted(event.id for event in self.held[who].values() if event.kind in kinds)
        return found[pick % len(found)] if found else None

    @rule(
        who=WHO,
        to=TARGETS,
        reason=st.sampled_from(c.CLOSE_REASONS),
        behind=st.just(0) | PICK,
    )
    def moves(self, who: int, to: str, reason: str, behind: int) -> None:
        self.say(who, "state", behind, to=to, reason=reason if to == "CLOSED" else "NONE")

    @rule(who=WHO, behind=st.just(0) | PICK)
    def opens(self, who: int, behind: int) -> None:
        self.say(who, "received", behind)

    @rule(count=st.sampled_from([1, 1, 6, 14, 26]))
    def time_passes(self, count: int) -> None:
        self.week += count

    @rule(who=st.sampled_from(range(3)), pick=PICK, reason=st.sampled_from(["UNSAFE", "ACTION", "NO-REPLY", "NO-REPLY", "WITHDRAWN"]))
    def moves_on(self, who: int, pick: int, reason: str) -> None:
        """As the table has it from the state they see: else nothing much would come about."""
        ways = sorted(to for before, to in ARROWS if before == self.view(who).state)
        if ways:
            to = ways[pick % len(ways)]
            until = week_of(self.week + pick % 60) if to in ("HELD", "REVIEW", "COORDINATING") and pick % 2 else ""
            fields: dict[str, Any] = {} if to == "PURGED" else {"to": to, "reason": reason if to == "CLOSED" else "NONE", "until": until}
            self.say(who, "purge" if to == "PURGED" else "state", **fields)

    @rule(who=st.sampled_from(range(3)), status=st.sampled_from(c.CORRECTION_STATUSES), behind=st.just(0) | PICK)
    def corrects(self, who: int, status: str, behind: int) -> None:
        self.say(who, "correction", behind, code="DC-STOP", status=status, text="")

    @rule(text=st.sampled_from(["what?", ""]))
    def replies(self, text: str) -> None:
        self.say(REPORTER, "reply", text=text)

    @rule(
        who=st.sampled_from(range(3)),
        to=OUT,
        steps=st.sampled_from(SCRIPTS),
        text=st.sampled_from(["PUBLIC", "PUBLIC", "COMPANY"]),
        law=st.sampled_from(["", "early", "late", "late", "late"]),
    )
    def goes_out(self, who: int, to: str, steps: str, text: str, law: str) -> None:
        """A step out as it is meant to go, and in every wrong order; what is not posted is not known."""
        of = self.say(who, "state", to=to).id
        if to == "DISCLOSED":
            if law == "early":
                self.say(who, "legal", of=of, text="")
            self.say(who, "packet", to=text, state=of, fields={})
            if law == "late":
                self.say(who, "legal", of=of, text="")
        self.arrive()
        for step in steps.split():
            if step == "post":
                self.arrive()
            elif step in ("yes", "no"):
                self.say(REPORTER, "confirm", of=of, agree=step.upper(), warned="YES")
            elif step == "back":
                self.say(who, "retract", of=of)
            elif step == "done":
                self.say((who + 2) % 3, "done", of=of, text="")
            else:
                self.say((who + (1 if step == "sign" else 2)) % 3, "endorse", of=of)

    @rule(
        who=st.sampled_from(range(3)), to=OUT, urgent=st.sampled_from(c.YES_NO), whom=st.sampled_from(["", "A"]), behind=st.just(0) | PICK
    )
    def moves_out(self, who: int, to: str, urgent: str, whom: str, behind: int) -> None:
        self.say(who, "state", behind, to=to, urgent=urgent, whom=whom)

    @rule(who=WHO, pick=PICK, behind=st.just(0) | PICK)
    def endorses(self, who: int, pick: int, behind: int) -> None:
        of = self.some(who, pick, "state", "purge", "hold")
        if of:
            self.say(who, "endorse", behind, of=of)

    @rule(who=st.sampled_from(range(3)), pick=PICK)
    def endorses_what_waits(self, who: int, pick: int) -> None:
        """And what the desk offers to endorse counts, as far as its reviewer can know."""
        case = self.view(who)
        ready = [each.id for each in case.proposals if not each.why and self.held[who][each.id].author != SIGNS[who]]
        if ready:
            made = self.say(who, "endorse", of=ready[pick % len(ready)])
            after = self.view(who)
            seen = SIGNS[who] in case.readers and SIGNS[who] in case.opened and not case.gone and not case.missing
            assert not seen or made.id not in after.void

    @rule(who=WHO, pick=PICK, behind=st.just(0) | PICK)
    def records(self, who: int, pick: int, behind: int) -> None:
        if of := self.some(who, pick, "state"):
            self.say(who, "done", behind, of=of, text="")

    @rule(pick=PICK, agree=st.sampled_from(c.YES_NO), warned=st.sampled_from(c.YES_NO), behind=st.just(0) | PICK)
    def answers(self, pick: int, agree: str, warned: str, behind: int) -> None:
        if of := self.some(REPORTER, pick, "state"):
            self.say(REPORTER, "confirm", behind, of=of, agree=agree, warned=warned)

    @rule(agree=st.sampled_from(["YES", "YES", "NO"]), pick=PICK)
    def answers_what_waits(self, agree: str, pick: int) -> None:
        out = [p.id for p in self.view(REPORTER).proposals if self.held[REPORTER][p.id].payload.get("to") in c.OUTWARD]
        if out:
            self.say(REPORTER, "confirm", of=out[pick % len(out)], agree=agree, warned="YES")

    @rule(may=st.sampled_from(c.MAY_CODES), behind=st.just(0) | PICK)
    def chooses(self, may: str, behind: int) -> None:
        self.say(REPORTER, "choice", behind, may=may)

    @precondition(lambda self: self.number > 25)
    @rule(behind=st.just(0) | PICK)
    def withdraws(self, behind: int) -> None:
        self.say(REPORTER, "withdraw", behind)

    @rule(who=WHO, known=st.sampled_from(c.KNOWN_CODES[1:]), urgency=st.sampled_from(["U0", "U2"]))
    def finds(self, who: int, known: str, urgency: str) -> None:
        self.say(who, "triage", 0, **CODES, known=known, urgency=urgency)

    @rule(who=st.sampled_from(range(4)), behind=st.just(0) | PICK)
    def purges(self, who: int, behind: int) -> None:
        self.say(who, "purge", behind)

    @rule(who=st.sampled_from(range(4)), on=st.sampled_from(c.YES_NO), behind=st.just(0) | PICK)
    def holds(self, who: int, on: str, behind: int) -> None:
        self.say(who, "hold", behind, on=on, text="")

    @rule(
        who=st.sampled_from(range(3)),
        count=st.integers(1, 60),
        text=st.sampled_from(["", "why", "why"]),
        behind=st.just(0) | PICK,
    )
    def asks_for_time(self, who: int, count: int, text: str, behind: int) -> None:
        case = self.view(who)
        if case.state in c.STATE_TARGETS and case.state != "CLOSED":
            self.say(who, "state", behind, to=case.state, until=week_of(self.week + count), text=text, whom=case.whom)

    @rule(who=WHO, pick=PICK, behind=st.just(0) | PICK)
    def takes_back(self, who: int, pick: int, behind: int) -> None:
        if of := self.some(who, pick, "state", "purge", "hold"):
            self.say(who, "retract", behind, of=of)

    @rule(who=st.sampled_from(range(3)), pick=PICK)
    def takes_back_what_waits(self, who: int, pick: int) -> None:
        own = [each.id for each in self.view(who).proposals if self.held[who][each.id].author == SIGNS[who]]
        if own:
            self.say(who, "retract", of=own[pick % len(own)])

    @rule(who=st.sampled_from(range(3)), text=st.sampled_from("ab"))
    def notes(self, who: int, text: str) -> None:
        self.say(who, "note", text=text)

    @rule(who=st.sampled_from(range(3)), lead=st.sampled_from(range(4)))
    def assigns(self, who: int, lead: int) -> None:
        self.say(who, "assign", lead=SIGNS[lead], second=SIGNS[(lead + 1) % 4])

    @precondition(lambda self: self.number > 20)
    @rule(who=st.sampled_from(range(4)), behind=st.just(0) | PICK)
    def steps_back(self, who: int, behind: int) -> None:
        self.say(who, "recuse", behind)

    @rule(who=st.sampled_from(range(3)), to=st.sampled_from([3, 4]))
    def hands_over(self, who: int, to: int) -> None:
        self.say(who, "handover", to=SIGNS[to])

    @precondition(lambda self: self.number > 20)
    @rule(who=st.sampled_from(range(3)), of=st.sampled_from(range(4)), audience=st.sampled_from(c.AUDIENCES), behind=st.just(0) | PICK)
    def cuts_off(self, who: int, of: int, audience: str, behind: int) -> None:
        self.say(who, "cutoff", behind, of=SIGNS[of], audience=audience)

    @rule(pick=PICK, again=st.booleans())
    def a_letter_arrives(self, pick: int, again: bool) -> None:
        if self.sent:
            to, event = self.sent[pick % len(self.sent)] if again else self.sent.pop(pick % len(self.sent))
            self.held[to][event.id] = event

    @rule()
    def the_post_comes(self) -> None:
        self.arrive()

    @rule(pick=PICK)
    def a_letter_is_lost(self, pick: int) -> None:
        if self.sent:
            self.lost.append(self.sent.pop(pick % len(self.sent)))

    @rule(who=st.sampled_from(EVERYBODY))
    def what_is_missing_is_sent_again(self, who: int) -> None:
        """A dropped letter is noticed by whoever holds one that names it."""
        missing = self.view(who).missing
        assert not missing & set(self.held[who])
        self.sent += [(to, event) for to, event in self.lost if to == who and event.id in missing]

    @invariant()
    def the_rules_hold_for_one_who_knows_some(self) -> None:
        who = self.number % 6
        Rules(self.held[who].values(), self.view(who)).check()

    def teardown(self) -> None:
        if not hasattr(self, "held"):
            return
        self.sent += self.lost
        self.arrive()
        whole = self.view(0)
        assert not whole.missing
        for who in REVIEWERS:
            events = [*self.held[who].values()]
            Random(who).shuffle(events)
            assert fold(events + events[:3], self.root.id) == whole
        assert public(self.view(REPORTER)) == public(whole)
        Rules(self.held[0].values(), whole).check()
        COUNTS.update(state for state, _, _ in whole.history)
        COUNTS.update(f"void {reason}" for reason in whole.void.values())


COUNTS: Counter[str] = Counter()
TestPeople = People.TestCase
TestPeople.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


# ---------------------------------------------------------------- one step out, and everything at the same time

ROOTS = {pair: report(*pair) for pair in itertools.product(c.MAY_CODES, ("K1", "K3"))}
ACTS = st.tuples(
    st.sampled_from(
        ["endorse", "confirm"] * 5
        + ["done", "packet", "legal"] * 2
        + ["choice", "withdraw", "recuse", "triage", "urgent", "again", "back", "close", "retract", "longer"]
    ),
    st.sampled_from([1, 2, 1, 2, 0]),
    st.sampled_from(["YES", "YES", "NO"]),
    st.sampled_from(c.MAY_CODES),
    st.lists(st.integers(0, 12), min_size=1, max_size=3),
)


def way_to(root: Event, *states: str, opened: int = 3, fix: str = "ACKNOWLEDGED") -> list[Event]:
    """Two people take a case there. opened: so many readers have read it; fix: how far a correction is."""
    events = [root]
    for who in range(opened):
        events.append(event_of(who, "received", root.id, [events[-1].id], None))
    for kind, more in (("triage", CODES | {"known": "K4", "urgency": "U2"}), ("correction", FIX | {"status": fix})):
        events.append(event_of(1, kind, root.id, [events[-1].id], None, **more))
    for to in states:
        reason = "UNSAFE" if to == "CLOSED" else "NONE"
        events.append(event_of(0, "state", root.id, [events[-1].id], None, to=to, reason=reason))
        if to != "ACKNOWLEDGED":
            events.append(event_of(1, "endorse", root.id, [events[-1].id], None, of=events[-1].id))
    return events


def to_plan(root: Event) -> list[Event]:
    """Also of who asked for advice only: they allowed more until there was a plan."""
    way = way_to(root, "ACKNOWLEDGED", "TRIAGE", "REVIEW")
    may, answers = root.payload["answers"]["may"], way[:1]
    for choice in ("ASK", may) if may == "ADVISE" else ():
        way.append(event_of(REPORTER, "choice", root.id, [way[-1].id], answers[-1].id, may=choice))
        answers.append(way[-1])
        if choice == "ASK":
            way.append(event_of(0, "state", root.id, [way[-1].id], None, to="PLAN"))
            way.append(event_of(1, "endorse", root.id, [way[-1].id], None, of=way[-1].id))
    return way if may == "ADVISE" else way_to(root, "ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN")


WAYS = {pair: to_plan(root) for pair, root in ROOTS.items()}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(ROOTS)), OUT, st.booleans(), st.lists(ACTS, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_an_outward_step_in_every_weather(
    pair: tuple[str, str], to: str, hurry: bool, acts: list[tuple[str, int, str, str, list[int]]], random: Random
) -> None:
    root, way = ROOTS[pair], WAYS[pair]
    if hurry:
        way = [*way, event_of(2, "triage", root.id, [way[-1].id], None, **CODES, known="K4", urgency="U0")]
    steps = [event_of(0, "state", root.id, [way[-1].id], None, to=to, whom="A")]
    proposals = [steps[0].id]
    for n, (kind, who, agree, may, seen) in enumerate(acts):
        of = proposals[who % len(proposals)]
        parents = {steps[min(i, len(steps) - 1)].id for i in seen}
        if kind in ("endorse", "confirm", "done", "retract", "packet", "legal"):
            parents.add(of)
        said: dict[str, Any] = {
            "endorse": {"of": of},
            "confirm": {"of": of, "agree": agree, "warned": "NO" if may == "HOLD" else "YES"},
            "done": {"of": of, "text": ""},
            "legal": {"of": of, "text": ""},
            "retract": {"of": of},
            "packet": {"to": "PUBLIC" if agree == "YES" else "COMPANY", "state": of, "fields": {}},
            "longer": {"to": to, "whom": "A", "until": WEEK, "text": "why"},
            "choice": {"may": may},
            "triage": CODES | {"known": "K1" if may == "HOLD" else "K4", "urgency": "U0"},
            "urgent": {"to": to, "whom": "A", "urgent": "YES"},
            "again": {"to": to, "whom": "A"},
            "back": {"to": "REVIEW"},
            "close": {"to": "CLOSED", "reason": "UNSAFE"},
        }.get(kind, {})
        made = event_of(
            REPORTER if kind in ("confirm", "choice", "withdraw") else who,
            "state" if kind in ("urgent", "again", "back", "close", "longer") else kind,
            root.id,
            parents,
            None,
            n,
            **said,
        )
        steps.append(made)
        proposals += [made.id] if kind in ("urgent", "again", "longer") else []
    events = [*way, *steps]
    case = fold(events, root.id)
    assert case is not None
    Rules(events, case).check()
    COUNTS.update(f"weather {state}" for state, _, _ in case.history)
    COUNTS.update(f"weather void {reason}" for reason in case.void.values())
    random.shuffle(events)
    assert fold(events + events[:4], root.id) == case


# ---------------------------------------------------------------- more time, a legal hold, an urgent step, and what is taken back

LEAVING = {"HELD": "TRIAGE", "REVIEW": "NEEDS_INFO", "COORDINATING": "CORRECTED", "CLOSED": "REOPENED"}
OPEN_ROOT = ROOTS["PUBLISH", "K3"]
STANDING = {
    "HELD": way_to(OPEN_ROOT, "ACKNOWLEDGED", "TRIAGE", "HELD"),
    "REVIEW": way_to(OPEN_ROOT, "ACKNOWLEDGED", "TRIAGE", "REVIEW"),
    "COORDINATING": way_to(OPEN_ROOT, "ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN", "COORDINATING"),
    "CLOSED": way_to(OPEN_ROOT, "ACKNOWLEDGED", "TRIAGE", "CLOSED"),
}


KINDS = ["longer", "endorse"] * 9 + ["retract", "hold", "purge", "out", "danger", "choice", "done", "leave", "withdraw"]


@pytest.mark.parametrize("start", sorted(STANDING))
def test_more_time_and_legal_holds_in_every_weather(start: str) -> None:
    random, counted = Random(start), Counter[bool]()
    for _ in range(100):
        events, proposals = list(STANDING[start]), list[Event]()
        for n in range(14):
            kind, behind, on = random.choice(KINDS), random.choice([0, 0, 0, 0, 1, 2, 5]), random.choice(c.YES_NO)
            who = random.randrange(3)
            if (start, kind) == ("CLOSED", "longer"):
                kind = random.choice(["hold", "purge", "out", "danger"])
            of = proposals[-1 - behind % len(proposals)] if proposals else events[-1]
            if kind == "endorse":  # mostly by somebody else
                who = (SIGNS.index(of.author) + random.choice([1, 1, 2, 0])) % 3
            more_time = {
                "until": random.choice([week_of(6 + n)] * 3 + ["2027-W04", "2027-W50", ""]),
                "text": random.choice(["why", "why", ""]),
            }
            said: dict[str, Any] = {
                "longer": {"to": start, "urgent": on, "whom": random.choice(["", "", "A"]), **more_time},
                "out": {"to": "REFERRED", "urgent": on},
                "leave": {"to": LEAVING[start]},
                "endorse": {"of": of.id},
                "retract": {"of": of.id},
                "done": {"of": of.id, "text": ""},
                "hold": {"on": on, "text": ""},
                "danger": CODES | {"known": "K4", "urgency": "U0"},
                "choice": {"may": "ASK"},
            }.get(kind, {})
            if said.get("to") == "CLOSED":
                said["reason"] = "CLAIMED"
            parents = {events[max(0, len(events) - 1 - behind)].id} | ({of.id} if "of" in said else set())
            real = {"longer": "state", "out": "state", "leave": "state", "danger": "triage"}.get(kind, kind)
            events.append(event_of(REPORTER if kind in ("choice", "withdraw") else who, real, OPEN_ROOT.id, parents, None, n, **said))
            proposals += events[-1:] if kind in ("longer", "hold", "purge", "out") else []
        case = fold(events, OPEN_ROOT.id)
        assert case is not None
        Rules(events, case).check()
        counted.update([bool(case.extended)])
        random.shuffle(events)
        assert fold(events + events[:4], OPEN_ROOT.id) == case
    assert counted[True] > 5 or start == "CLOSED", "else it shows nothing"


# ---------------------------------------------------------------- what each step needs

TURNS = ["triage", "correction", "choice", "reply", "received", "done", "retract", "packet", "legal"]
OPEN = ("TRIAGE", "REVIEW", "PLAN", "COORDINATING")
BEGINNINGS = (OPEN[:1], OPEN[:2], OPEN[:3], OPEN[:3], OPEN, ("TRIAGE", "CLOSED"))
ABOUT = ("packet", "legal", "confirm", "done", "endorse", "retract")
MORE = ("HELD", "REVIEW", "COORDINATING")


def some_story(random: Random, root: Event) -> list[Event]:
    """Steps that fit, with some of what they need, by people who know everything or not the last. Reader 2 has not opened the case."""
    events = way_to(root, "ACKNOWLEDGED", *random.choice(BEGINNINGS), opened=2, fix="ASKED")
    if random.random() < 0.2:  # before any triage
        events = [*events[:3], event_of(0, "state", root.id, [events[2].id], None, to="ACKNOWLEDGED")]
    now, step, queue = 0, events[0], list[str]()
    for n in range(24):
        kind = queue.pop(0) if queue and random.random() < 0.9 else random.choice(["step"] * 9 + TURNS + ["withdraw"] * (n > 21))
        behind, now = random.choice([0, 0, 0, 0, 1, 2]), now + random.choice([0, 0, 0, 0, 1, 3, 14])
        who = random.choice([*[0, 1] * 6, 2])
        if kind in ("endorse", "retract"):  # mostly by who can
            who = random.choice([(SIGNS.index(step.author) + (kind == "endorse")) % 2] * 5 + [who])
        said: dict[str, Any] = {
            "packet": {"to": random.choice(["PUBLIC", "PUBLIC", "COMPANY"]), "state": step.id, "fields": {}},
            "confirm": {"of": step.id, "agree": random.choice(["YES", "YES", "YES", "NO"]), "warned": "YES"},
            "choice": {"may": random.choice(CAREFUL)},
            "triage": CODES | {"known": "K4", "urgency": random.choice(c.URGENCY_CODES)},
            "correction": FIX | {"status": random.choice(c.CORRECTION_STATUSES)},
            "reply": {"text": ""},
            **{each: {"of": step.id, "text": ""} for each in ("legal", "done")},
            **{each: {"of": step.id} for each in ("endorse", "retract")},
        }.get(kind, {})
        if kind == "step":
            case = fold(events, root.id)
            assert case is not None
            ways = [to for before, to in sorted(ARROWS) if before == case.state and to != "PURGED"]
            to = random.choice([*ways, *sorted(set(ways) & {"DISCLOSED", "CORRECTED"}), *[case.state] * (case.state in MORE), "REFERRED"])
            silent = case.state == "NEEDS_INFO" and random.random() < 0.5
            reason = "NO-REPLY" if silent else random.choice(c.CLOSE_REASONS)
            until = random.choice(["", week_of(now + random.choice([0, 1, 6, 12, 25, 52, 60]))]) if to in MORE else ""
            said = {"to": to, "until": until, "reason": reason if to == "CLOSED" else "NONE"}
            said |= {"text": "why", "urgent": random.choice(c.YES_NO)}
            queue = [each for each in ("packet", "legal", "confirm") if to in c.OUTWARD and random.random() < 0.9]
            queue += ["reply"] * (said["reason"] == "NO-REPLY" and random.random() < 0.5) + ["endorse"]
        known = events[: max(1, len(events) - behind)] + [step] * (kind in ABOUT)
        named = {name for event in known for name in event.payload.get("parents", [])}
        parents = {event.id for event in known} - named
        by = REPORTER if kind in ("confirm", "choice", "reply", "withdraw") else who
        if step is root and kind in ABOUT:
            continue
        made = event_of(by, "state" if kind == "step" else kind, root.id, parents, None, n, week_of(now), **said)
        events, step = [*events, made], made if kind == "step" else step
    return events


def test_what_each_step_needs_in_every_weather() -> None:
    random, seen = Random(4), Counter[str]()
    for may in ["PUBLISH", "PUBLISH", "PUBLISH", "HOLD", "ADVISE"] * 40:
        root = ROOTS[may, "K3"]
        events = some_story(random, root)
        case = fold(events, root.id)
        assert case is not None
        Rules(events, case).check()
        seen.update(state for state, _, _ in case.history[1:])
        seen.update(f"void {reason}" for reason in case.void.values())
        random.shuffle(events)
        assert fold(events + events[:4], root.id) == case
    missing = {*c.STATES, *(f"void {reason}" for reason in ("unread", "same", *LATE))} - set(seen) - {"RECEIVED", "PURGED"}
    assert not missing, "else it shows nothing"


# ---------------------------------------------------------------- one bad reader


def honest_story(random: Random, root: Event) -> list[Event]:
    """Readers 0 and 1 move a case on as the table has it, two by two or alone; 2 says one thing and another in the open."""
    events, n = way_to(root, "ACKNOWLEDGED", "TRIAGE", fix="VERIFIED"), 0

    def say(who: int, kind: str, **more: Any) -> Event:
        nonlocal n
        n += 1
        events.append(event_of(who, kind, root.id, heads(events, root.id, "all", more.get("of", "")), None, n, **more))
        return events[-1]

    for _ in range(8):
        if random.random() < 0.4:  # what waits, or means nothing, but all that follows descends from it
            to = random.choice(["CLOSED", "CLOSED", "HELD", "REVIEW", "TRIAGE"])
            say(2, "state", to=to, reason="UNSAFE" if to == "CLOSED" else "NONE", urgent=random.choice(c.YES_NO))
        case = fold(events, root.id)
        assert case is not None
        to = random.choice([to for before, to in sorted(ARROWS) if before == case.state and to not in ("PURGED", "DISCLOSED")])
        who = random.choice([0, 1])
        made = say(who, "state", to=to, reason="UNSAFE" if to == "CLOSED" else "NONE")
        case = fold(events, root.id)
        if case is not None and case.state != to:
            say(1 - who, "endorse", of=made.id)
    return events


def written_beside(random: Random, events: Sequence[Event], n: int) -> Event:
    """Something by reader 2, who pretends to know some of these events only; the ids are as good as tried."""
    kind = random.choice(["state"] * 6 + ["endorse"] * 3 + ["triage", "correction", "hold", "legal", "packet", "answer"])
    seen = {random.choice(events).id, events[3].id} | {random.choice(events).id for _ in range(random.choice([0, 0, 1]))}
    of = random.choice([event for event in events if event.kind == "state"]).id
    said: dict[str, Any] = {
        "state": {"to": random.choice(c.STATE_TARGETS), "reason": "SPAM", "urgent": random.choice(["YES", "NO", "NO"])},
        "endorse": {"of": of},
        "triage": CODES | {"known": "K1", "urgency": "U0"},
        "correction": FIX | {"status": "DECLINED"},
        "hold": {"on": "YES", "text": ""},
        "legal": {"of": of, "text": ""},
        "packet": {"to": "COMPANY", "state": of, "fields": {}},
        "answer": {"text": ""},
    }[kind]
    if said.get("to") != "CLOSED" and kind == "state":
        said["reason"] = "NONE"
    return event_of(2, kind, events[0].id, seen | ({of} if kind in ("endorse", "legal", "packet") else set()), None, n, **said)


def test_what_one_reader_writes_beside_the_past_changes_nothing_that_two_others_reached() -> None:
    random, tried = Random(9), 0
    for round_ in range(60):
        root = ROOTS[random.choice(["PUBLISH", "HOLD"]), "K3"]
        events = honest_story(random, root)
        before = fold(events, root.id)
        assert before is not None
        by_id = {event.id: event for event in events}
        reached = max(n for n, (_, _, id_) in enumerate(before.history) if by_id[id_].kind == "endorse") + 1
        whole = list(events)
        for n in range(12):
            whole.append(written_beside(random, whole, 1000 * (round_ + 1) + n))
        random.shuffle(whole)
        after = fold(whole, root.id)
        assert after is not None
        assert [state for state, _, _ in after.history[:reached]] == [state for state, _, _ in before.history[:reached]]
        tried += after.history != before.history
        Rules(whole, after).check()
    assert tried > 5, "else it shows nothing"


@pytest.mark.parametrize("many", [100, 1000])
def test_no_flood_keeps_a_no_from_its_question(many: int) -> None:
    way = WAYS["PUBLISH", "K3"]
    root, told = way[0], event_of(0, "state", way[0].id, [way[-1].id], None, to="COORDINATING")
    flood = [event_of(2, "answer", root.id, [way[3].id], None, n, text="") for n in range(many)]
    parents = heads([*way, told, *flood], root.id, "all", told.id)
    no = event_of(REPORTER, "confirm", root.id, parents, None, of=told.id, agree="NO", warned="NO")
    yes = event_of(1, "endorse", root.id, [told.id], None, of=told.id)
    case = fold([*way, told, *flood, no, yes], root.id)
    assert len(parents) == c.PARENTS_MAX and told.id in parents
    assert case is not None and (case.state, case.void) == ("PLAN", {yes.id: "consent"})


# ---------------------------------------------------------------- plain examples


def test_the_table_of_the_taxonomy() -> None:
    assert len(ARROWS) == 44
    assert ALONE < ARROWS


def test_weeks_of_dates_are_those_of_the_clocks() -> None:
    """A step is too late, or too early, where the clocks that everybody sees say so."""
    clocks = {clock["code"]: clock for clock in WORDING["clocks"]}
    hold, feedback, embargo, silence, reopen = (clocks[code] for code in ("hold", "feedback", "embargo", "no-reply", "reopen"))
    assert states.HELD_WEEKS == hold["days"] // 7 == hold["most"] // 7
    assert feedback["most"] // 7 == states.REVIEW_WEEKS
    assert (embargo["days"] // 7, embargo["most"] // 7) == (states.EMBARGO_WEEKS, states.EMBARGO_MOST)
    assert {urgency: days // 7 for urgency, days in embargo["urgency"].items()} == states.EMBARGO_URGENT
    assert (silence["days"] + 6) // 7 + 1 == states.SILENCE_WEEKS and silence["after"] == "YES"
    assert reopen["days"] // 7 == states.REOPEN_WEEKS


def test_a_week_is_one_that_the_calendar_has_and_they_are_counted_without_a_gap() -> None:
    mondays = [datetime.date.fromordinal(day) for day in range(monday("2000-W01").toordinal(), monday("2200-W01").toordinal(), 7)]
    weeks = ["{:04}-W{:02}".format(*day.isocalendar()) for day in mondays]
    assert [week for year in range(1990, 2210) for n in range(100) if is_week(week := f"{year}-W{n:02}")] == weeks
    assert [weeks_of(week) - weeks_of(weeks[0]) for week in weeks] == list(range(len(weeks)))


def test_events_by_case() -> None:
    one, two = report("ASK", "K2"), report("ASK", "K3")
    more = [event_of(0, "received", root.id, [root.id], None) for root in (one, two)]
    found = by_case([more[0], two, one, more[1]])
    assert {case: {event.id for event in events} for case, events in found.items()} == {
        one.id: {one.id, more[0].id},
        two.id: {two.id, more[1].id},
    }
    assert all(fold(found[root.id], root.id) == fold([*more, two, one], root.id) for root in (one, two))


@pytest.mark.parametrize("readers", [2, 3])
def test_one_person_alone_gets_nothing_out(readers: int) -> None:
    """Whatever one reader says, of themself and in any order, without danger to life."""
    root = report("PUBLISH", "K4", readers)
    random = Random(readers)
    for _ in range(30):
        events = [root, event_of(0, "received", root.id, [root.id], None)]
        for n in range(25):
            states = [event.id for event in events if event.kind == "state"]
            kind = random.choice(["state", "state", "endorse", "done"]) if states else "state"
            more: dict[str, Any] = {"to": random.choice([to for to in c.STATE_TARGETS if to != "CLOSED"]), "urgent": "YES"}
            if kind != "state":
                more = {"of": random.choice(states)} | ({"text": ""} if kind == "done" else {})
            events.append(event_of(0, kind, root.id, [events[-1].id], None, n, **more))
        case = fold(events, root.id)
        assert case is not None and {state for state, _, _ in case.history} <= {"RECEIVED", "ACKNOWLEDGED", "ADVICE"}
