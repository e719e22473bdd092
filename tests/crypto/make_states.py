"""Cases at work, for case.json: what is proposed, endorsed, agreed to and taken back, written as paths of steps.

A path is the steps of one story, each having seen all before it; a plan is some paths, which part where their steps differ and know
nothing of each other from there. `A | B => C`: C has seen both A and B. A step is a name of STEPS with, optionally, `/who` says it,
`:step` the event it is about (else the last `state`, `purge` or `hold`), `^48` the week of 2026 from which it is (`^2703`: 2027-W03), `%5` a roster number, which changes its id.
Each path begins with READ, unless `~` stands before it.
"""

import itertools
import re
from typing import Any

from crypto.constants import CLOSE_REASONS, CORRECTION_STATUSES, STATE_TARGETS, STATES
from crypto.encoding import b64
from crypto.graph import graph_of
from crypto.states import TABLE

Plans = dict[str, tuple[str, list[str]]]
REPORTS: dict[str, dict[str, str]] = {
    "publish": {"may": "PUBLISH", "known": "K3"},
    "refer": {"may": "REFER", "known": "K2"},
    "ask": {"may": "ASK", "known": "K4"},
    "hold": {"may": "HOLD", "known": "K4"},
    "advise": {"may": "ADVISE", "known": "K4"},
    "few": {"may": "PUBLISH", "known": "K1"},
    "unsure": {"may": "PUBLISH", "known": "K0"},
    "stub": {"may": "ASK", "known": "K1"},
    "danger": {"may": "PUBLISH", "known": "K3", "danger": "NOW"},
}
SHORT = {
    "ACKNOWLEDGED": "ack",
    "ADVICE": "adv",
    "TRIAGE": "tri",
    "NEEDS_INFO": "info",
    "HELD": "held",
    "REVIEW": "rev",
    "PLAN": "plan",
    "COORDINATING": "coord",
    "REFERRED": "ref",
    "DISCLOSED": "disc",
    "CORRECTED": "corr",
    "CLOSED": "close",
    "REOPENED": "reopen",
}
CODES = {
    "code": "B1-WEIGHTS",
    "also": [],
    "stage": "L3-INTERNAL",
    "severity": "S4",
    "harm": "H1",
    "urgency": "U1",
    "known": "K3",
    "risk": "SOME",
}
STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    short: ("rita", "state", {"to": to, "reason": "NOT-ENOUGH" if to == "CLOSED" else "NONE"}) for to, short in SHORT.items()
} | {
    "spam": ("rita", "state", {"to": "CLOSED", "reason": "SPAM"}),
    "advised": ("rita", "state", {"to": "CLOSED", "reason": "ADVISED"}),
    "closew": ("rita", "state", {"to": "CLOSED", "reason": "WITHDRAWN"}),
    "hold12": ("rita", "state", {"to": "HELD", "until": "2027-W12", "text": "until others report"}),
    **{f"held{n}": ("rita", "state", {"to": "HELD", "until": f"2027-W{n}", "text": "longer"}) for n in (20, 30)},
    **{f"rev{n}": ("rita", "state", {"to": "REVIEW", "until": f"2027-W{n:02}", "text": "longer"}) for n in (12, 20)},
    "rev99": ("rita", "state", {"to": "REVIEW", "until": "2199-W20", "text": "longer"}),
    "tri20": ("rita", "state", {"to": "TRIAGE", "until": "2027-W20", "text": "longer"}),
    "held30-why": ("rita", "state", {"to": "HELD", "until": "2027-W30"}),
    "coord04": ("rita", "state", {"to": "COORDINATING", "until": "2027-W04", "text": "a fix"}),
    "coord04-whom": ("rita", "state", {"to": "COORDINATING", "until": "2027-W04", "text": "a fix", "whom": "the press"}),
    "ucoord04": ("rita", "state", {"to": "COORDINATING", "until": "2027-W04", "text": "a fix", "urgent": "YES"}),
    **{f"close-{reason}": ("rita", "state", {"to": "CLOSED", "reason": reason}) for reason in CLOSE_REASONS},
    "cal": ("rita", "state", {"to": "REFERRED", "whom": "Cal OES", "until": "2027-W05"}),
    "ucoord": ("rita", "state", {"to": "COORDINATING", "urgent": "YES"}),
    **{f"ucoord-26{n}": ("rita", "state", {"to": "COORDINATING", "urgent": "YES", "until": f"2026-W{n}"}) for n in (47, 48)},
    **{
        f"{short}-{week}": ("rita", "state", {"to": to, "until": f"{century}{week[:2]}-W{week[2:]}", "text": "until then"})
        for short, to, century, weeks in (
            ("held", "HELD", 20, "0001 2746 2747 2749 2750 2752 2801"),
            ("held", "HELD", 21, "9952"),
            ("rev", "REVIEW", 20, "2719 2720 2722 2723 9953"),
            ("coord", "COORDINATING", 20, "2647 2648 2649 2653 2701 2706 2707 2709 2710"),
        )
        for week in weeks.split()
    },
    "uref": ("rita", "state", {"to": "REFERRED", "urgent": "YES"}),
    "ucal": ("rita", "state", {"to": "REFERRED", "urgent": "YES", "whom": "Cal OES"}),
    "udisc": ("rita", "state", {"to": "DISCLOSED", "urgent": "YES"}),
    "urev": ("rita", "state", {"to": "REVIEW", "urgent": "YES"}),
    "received": ("rita", "received", {}),
    "legal": ("wim", "legal", {"of": "", "text": "as a lawyer: nothing in it names anybody"}),
    "+": ("olaf", "endorse", {"of": ""}),
    "back": ("rita", "retract", {"of": ""}),
    "done": ("rita", "done", {"of": "", "text": "sent"}),
    "yes": ("alice", "confirm", {"of": "", "agree": "YES", "warned": "NO"}),
    "yesw": ("alice", "confirm", {"of": "", "agree": "YES", "warned": "YES"}),
    "no": ("alice", "confirm", {"of": "", "agree": "NO", "warned": "NO"}),
    "wd": ("alice", "withdraw", {}),
    "reply": ("alice", "reply", {"text": "I see"}),
    "purge": ("rita", "purge", {}),
    "hold": ("rita", "hold", {"on": "YES", "text": "a court"}),
    "lift": ("rita", "hold", {"on": "NO", "text": ""}),
    "recuse": ("rita", "recuse", {}),
    "answer": ("wim", "answer", {"text": "seen"}),
    "note": ("wim", "note", {"text": "between us"}),
    "assess": ("wim", "assess", {"credibility": "E3", "text": ""}),
    "label": ("rita", "label", {"table": "T1", "label": "", "signature": b64(bytes(64))}),
    "assign": ("rita", "assign", {"lead": "olaf", "second": "wim"}),
    "to-uma": ("olaf", "handover", {"to": "uma"}),
    "cut": ("olaf", "cutoff", {"of": "rita"}),
    "cutn": ("olaf", "cutoff", {"of": "rita", "audience": "reviewers"}),
    "knew": ("wim", "knew", {"since": "2026-W40", "text": "they were told at a meeting"}),
    **{
        word: ("rita" if word == "asked" else "olaf", "correction", {"code": "DC-STOP", "status": status, "text": ""})
        for word, status in zip(("asked", "taken", "claimed", "verified", "declined"), CORRECTION_STATUSES, strict=True)
    },
    "secure": ("wim", "correction", {"code": "DC-SECURE", "status": "VERIFIED", "text": ""}),
    "packet": ("rita", "packet", {"to": "CAL-OES", "state": "", "fields": {"name": "x"}}),
    "public": ("rita", "packet", {"to": "PUBLIC", "state": "", "fields": {"summary": "x"}}),
    **{f"may-{may}": ("alice", "choice", {"may": may}) for may in ("ADVISE", "HOLD", "ASK", "REFER", "PUBLISH")},
    **{f"k{n}": ("olaf", "triage", CODES | {"known": f"K{n}"}) for n in range(5)},
    **{f"u{n}": ("olaf", "triage", CODES | {"urgency": f"U{n}"}) for n in range(4)},
}
READ = "received received/olaf received/wim"
PLAN = "ack tri + u2 rev + plan +"
TO: dict[str, str] = {
    "RECEIVED": "",
    "ACKNOWLEDGED": "ack",
    "ADVICE": "ack may-ADVISE adv",
    "TRIAGE": "ack tri + u2",
    "NEEDS_INFO": "ack tri + u2 info",
    "HELD": "ack tri + u2 held +",
    "REVIEW": "ack tri + u2 rev +",
    "PLAN": PLAN,
    "COORDINATING": f"{PLAN} coord +",
    "REFERRED": f"{PLAN} ref +",
    "DISCLOSED": f"{PLAN} disc public:disc legal:disc yes +",
    "CORRECTED": f"{PLAN} coord + claimed corr",
    "CLOSED": "spam",
    "REOPENED": "spam reopen",
    "PURGED": "spam purge +",
    "WITHDRAWN": "wd",
}


def plans() -> dict[str, Plans]:
    """The vectors by kind of report: name to (comment, paths)."""
    return {
        "publish": transitions() | closings() | endorsements() | consents() | recorded() | urgent() | withdrawals() | purges() | others()
        | longer() | beside() | retracted() | disclosed() | holds() | clocks() | unread() | wishes() | legal() | corrections() | reasons() | weeks(),
        "refer": {
            "referred": ("REFER is enough for an authority", [f"{PLAN} ref +"]),
            "coordinating": ("and not for the company", [f"{PLAN} coord +"]),
            "coordinating-yes": ("unless they agreed to this", [f"{PLAN} coord yes +"]),
            "narrowed": ("a later, more careful choice", [f"{PLAN} may-ASK ref +"]),
        },
        "ask": {
            "referred": ("asked first: no", [f"{PLAN} ref +"]),
            "referred-yes": ("asked first: yes", [f"{PLAN} ref yes +"]),
            "widened-known": ("signed again in knowledge of it", [f"{PLAN} ref +", f"{PLAN} ref may-REFER +/wim"]),
            "packet-seen": ("yes to a step with its packet", [f"{PLAN} cal packet:cal yes:cal +:cal"]),
            "packet-after-yes": ("the packet came after the yes", [f"{PLAN} cal yes:cal packet:cal +:cal"]),
            "packet-other-reader": ("a packet after the yes, by who does not sign: it does not leave", [f"{PLAN} cal yes:cal packet/wim:cal +:cal"]),
            "packet-other-readers": ("it does not matter how many", [f"{PLAN} cal yes:cal packet/wim:cal packet/wim:cal packet/wim:cal +:cal"]),
            "packet-signer": ("by who signs: they agree to it first", [f"{PLAN} cal yes:cal packet/olaf:cal +:cal"]),
            "packet-then-no": ("no packet is agreed to that a no follows", [f"{PLAN} cal packet:cal yes:cal no:cal"]),
            "packet-yes-again": ("and was agreed to after that", [f"{PLAN} cal yes:cal packet:cal yes:cal +:cal"]),
            "packet-beside-yes": ("the packet came at the same time as the yes", [f"{PLAN} cal yes:cal", f"{PLAN} cal packet:cal", f"{PLAN} cal yes:cal | {PLAN} cal packet:cal => +:cal"]),
            "packet-of-another-step": ("a packet of another step", [f"{PLAN} coord packet:coord cal yes:cal +:cal"]),
            "widened": ("a later choice allows it", [f"{PLAN} may-REFER ref +"]),
            "widened-beside": ("an endorsement that has not seen the wider choice: nobody who signed knew of any consent", [f"{PLAN} ref +", f"{PLAN} may-REFER"]),
            "urgent": ("urgent, but nobody agreed", [f"{PLAN} u0 uref"]),
            "urgent-earlier-yes": ("urgent, and they agreed to the same step before", [f"{PLAN} u0 cal yes ucal"]),
            "urgent-yes-to-other-whom": ("urgent, and they agreed to another authority", [f"{PLAN} u0 cal yes uref"]),
            "urgent-yes-to-other-step": ("urgent, and they agreed to another step", [f"{PLAN} u0 coord yes uref"]),
            "urgent-yes-beside": ("urgent, and the yes was not seen", [f"{PLAN} u0 cal yes", f"{PLAN} u0 cal ucal"]),
            "urgent-no-beside": ("urgent; yes, and no at the same time as the step", [f"{PLAN} u0 cal yes no:cal", f"{PLAN} u0 cal yes ucal"]),
            "urgent-no-settled": ("urgent; no, then yes", [f"{PLAN} u0 cal no yes:cal ucal"]),
            "urgent-yes-to-urgent": ("urgent; a yes to itself comes after it", [f"{PLAN} u0 ucal yes"]),
            "urgent-endorsed": ("urgent but not alone: an ordinary proposal", [f"{PLAN} u0 ucal yes +"]),
            "urgent-endorsed-from-triage": ("which two may take from where one may", ["ack tri + u0 ucal yes +"]),
            "urgent-endorsed-u1": ("but not without danger to life", ["ack tri + u1 ucal yes +"]),
            "longer": ("more time for the company: asked anew", [f"{PLAN} coord yes + taken coord04 +"]),
            "longer-yes": ("and agreed to", [f"{PLAN} coord yes + taken coord04 yes:coord04 +"]),
            "retracted-refused": ("taken back after an endorsement that did not count", [f"{PLAN} coord + back:coord yes:coord +/wim:coord"]),
        },
        "hold": {
            "referred": ("HOLD: never outward", [f"{PLAN} ref +"]),
            "referred-yes": ("without a yes to the very step", [f"{PLAN} ref yes +"]),
            "coordinating": ("HOLD: never outward", [f"{PLAN} coord +"]),
        } | held(),
        "advise": {
            "referred": ("ADVISE: never outward", [f"{TO['REVIEW']} may-ASK plan + may-ADVISE ref +"]),
            "coordinating": ("ADVISE: never outward", [f"{TO['REVIEW']} may-ASK plan + may-ADVISE coord +"]),
            "disclosed-yes": ("without a yes to the very step", [f"{TO['REVIEW']} may-ASK plan + may-ADVISE disc public:disc legal:disc yes +"]),
            "advice": ("a question and no case, by one", ["ack adv"]),
            "advice-beside": ("unless they want more at the same time", ["ack adv", "ack may-ASK"]),
            "advice-done": ("no record of it comes before that", ["ack adv done", "ack may-ASK"]),
            "plan": ("and nothing is planned", [PLAN]),
            "plan-widened": ("until they allow more", [f"{TO['REVIEW']} may-ASK plan +"]),
            "plan-widened-beside": ("also at the same time", [f"{TO['REVIEW']} plan +", f"{TO['REVIEW']} may-ASK"]),
            "held": ("only who chose to wait is held by one", [f"{TO['TRIAGE']} held"]),
        },
        "few": narrow() | {
            "urgent": ("urgent: allowed, but few people could know", [f"{PLAN} u0 ucoord"]),
            "urgent-yes": ("urgent: an earlier yes, without the warning", [f"{PLAN} u0 coord yes ucoord"]),
            "urgent-warned": ("urgent: an earlier yes after the warning", [f"{PLAN} u0 coord yesw ucoord"]),
        },
        "unsure": narrow(),
        "stub": {
            "referred": ("what the report said is not known: it does not stand in the way", [f"{PLAN} ref +"]),
            "coordinating": ("nor for the company", [f"{PLAN} coord +"]),
            "disclosed": ("a published text needs their yes in any case", [f"{PLAN} disc public:disc legal:disc +"]),
            "advice": ("perhaps they only asked", ["ack adv"]),
            "advice-chosen": ("what was chosen since is known", ["ack may-ASK adv"]),
            "plan-chosen": ("also for a plan", [f"{TO['REVIEW']} may-ADVISE plan +"]),
            "held": ("nobody knows that they want to wait", [f"{TO['TRIAGE']} held"]),
            "held-chosen": ("until they say so", [f"{TO['TRIAGE']} may-HOLD held"]),
            "no-reply": ("the week of the stub is the first of silence", [f"{TO['NEEDS_INFO']} close-NO-REPLY^2708 +^2708"]),
            "choice": ("what was chosen since is known", [f"{PLAN} may-ASK ref +"]),
            "triage": ("and so is what the reviewers found", [f"{PLAN} k1 ref +"]),
            "withdrawn": ("a withdrawal beside an endorsement", [f"{PLAN} ref +", f"{PLAN} ref wd"]),
        },
        "danger": {"acknowledged": ("triage the same day", ["ack"]), "triaged": ("unless it was found otherwise", ["ack u2"])},
    }  # fmt: skip


def transitions() -> Plans:
    found: Plans = {}
    for state, to in itertools.product(STATES, STATE_TARGETS):
        step = "closew" if (state, to) == ("WITHDRAWN", "CLOSED") else "spam" if (state, to) == ("RECEIVED", "CLOSED") else SHORT[to]
        agreed = " public:disc legal:disc yes" if to == "DISCLOSED" else ""
        step = {"ADVICE": "may-ADVISE adv", "CORRECTED": "claimed corr"}.get(to, step)
        name = f"{state}-to-{to}"
        if to in TABLE[state]:
            found[f"{name}-alone"] = (f"{state} to {to}, by one reviewer", [f"{TO[state]} {step}{agreed}"])
        found[name] = (f"{state} to {to}, endorsed", [f"{TO[state]} {step}{agreed} +"])
    return found


def closings() -> Plans:
    return {
        "close-RECEIVED": ("an unopened report is closed as spam or not at all", ["close +"]),
        "close-ADVICE-advised": ("one reviewer closes what was a question", ["ack may-ADVISE adv advised"]),
        "close-ADVICE-spam": ("one reviewer does not close it for another reason", ["ack may-ADVISE adv spam"]),
        "close-TRIAGE-spam": ("what was opened is not spam for one reviewer", ["ack tri + spam"]),
        "close-TRIAGE-advised": ("ADVISED closes alone from ADVICE only", ["ack tri + advised"]),
        "close-WITHDRAWN-other": ("a withdrawn case is closed as that", ["wd close +"]),
        "close-WITHDRAWN-spam": ("and as nothing else", ["wd spam"]),
        "close-WITHDRAWN-early": ("one reviewer does not say it for the reporter", ["ack tri + closew"]),
        "reopened-through-triage": ("one reviewer alone never gets a case into triage", ["spam reopen tri"]),
        "until": ("until when it is held", ["ack tri + u2 hold12 +"]),
        "until-goes": ("the next state has its own", ["ack tri + u2 hold12 + tri"]),
        "until-withdrawn": ("a withdrawn case has none", ["ack tri + u2 hold12 + wd"]),
        "whom": ("whom it was passed to, and the weeks", [f"{PLAN} cal +^50"]),
        "week-of-endorsement": ("a state is as old as its endorsement", ["ack tri^48 +^49"]),
    }


def endorsements() -> Plans:
    tri, c = "ack tri", f"{PLAN} coord"
    return {
        "same": ("nobody endorses their own proposal", [f"{tri} +/rita"]),
        "same-then-other": ("somebody else still can", [f"{tri} +/rita +/wim"]),
        "by-reserve": ("a reserve who was not handed the case", [f"{tri} +/uma"]),
        "by-new-reader": ("a reserve who was", ["ack recuse/wim to-uma received/uma tri +/uma"]),
        "by-stranger": ("somebody else", [f"{tri} +/stranger"]),
        "by-reporter": ("the reporter endorses nothing", [f"{tri} +/alice"]),
        "by-gone": ("who stepped back endorses nothing", [f"{tri} recuse/olaf +/olaf:tri"]),
        "by-cut-off": ("nor does who was cut off", [f"{tri} +", f"{tri} cut/rita:olaf", f"{tri} cut/wim:olaf"]),
        "twice": ("two endorsements: the first counts, the second is one signature more", [f"{tri} +", f"{tri} +/wim"]),
        "twice-later": ("an endorsement of what took effect long ago changes nothing", [f"{tri} + u2 rev + info tri +/wim:rev"]),
        "orphan-missing": ("it names what is not held", [f"{tri} +/wim:nothing"]),
        "orphan-beside": ("it names what its author had not seen", ["ack answer +!tri", "ack tri"]),
        "orphan-answer": ("it names an answer", ["ack answer +:answer"]),
        "orphan-report": ("it names the report", ["ack +:report"]),
        "orphan-void": ("it names what does not count", ["ack tri/stranger +"]),
        "orphan-hole": ("the proposal has not arrived", [f"-{tri} +"]),
        "of-one-person": ("an endorsement of what needed none", ["ack +"]),
        "of-void-state": ("an endorsement of what one person could not do", ["ack corr +"]),
        "of-void-state-later": ("it stays void when the table leads there", [f"ack corr {PLAN[4:]} coord + +:corr"]),
        "recused-beside": ("the proposer steps back at the same time", [f"{tri} +", f"{tri} recuse"]),
        "recused-before": ("the proposer had stepped back", [f"{tri} recuse +:tri"]),
        "recused-after": ("the proposer steps back later", [f"{tri} + recuse"]),
        "recused-endorser-beside": ("nobody takes back their own signature by stepping back as if they had not given it", [f"{tri} +", f"{tri} recuse/olaf"]),
        "recused-proposer-knew": ("nor the second one, once they said something in knowledge of it", [f"{tri} + answer/rita", f"{tri} recuse"]),
        "recused-proposer-knew-not": ("what they said before it shows nothing", [f"{tri} answer/rita", f"{tri} +", f"{tri} answer/rita recuse"]),
        "recused-built-on": ("nor what two others built on", [f"{tri} + u2 rev/olaf +/wim", f"{tri} recuse"]),
        "recused-other-beside": ("the third steps back at the same time", [f"{tri} +", f"{tri} recuse/wim"]),
        "recused-second-endorser": ("both signatures stand", [f"{tri} +", f"{tri} recuse/olaf", f"{tri} +/wim"]),
        "recused-done": ("the act had happened", [f"{c} + done", f"{c} recuse"]),
        "recused-done-after": ("its recorder knew", [f"{c} +", f"{c} recuse", f"{c} + | {c} recuse => done/wim:coord"]),
        "recused-done-other": ("they recorded another act in knowledge of it", [f"{c} ref + done:coord", f"{c} ref recuse"]),
        "recused-forged": ("a stranger steps back", [f"{tri} +", f"{tri} recuse/stranger"]),
        "cut-off-beside": ("the proposer is cut off by two at the same time", [f"{tri} +", f"{tri} cut", f"{tri} cut/wim"]),
        "cut-off-one-beside": ("one cutoff knew of the endorsement, the other not", [f"{tri} + cut", f"{tri} cut/wim"]),
        "cut-off-after": ("both knew of it", [f"{tri} + cut", f"{tri} + cut/wim"]),
        "cut-off-by-one": ("one of three cuts nobody off", [f"{tri} +", f"{tri} cut/wim"]),
        "cut-off-notes-beside": ("cut off from the notes only", [f"{tri} +", f"{tri} cutn", f"{tri} cutn/wim"]),
        "cut-off-notes-no-place": ("a cutoff among reviewers makes no place for a reserve: the reporter could not see it", [">", "ack to-uma", "ack cutn", "ack cutn/wim"]),
        "cut-off-notes-still-cuts": (
            "cut off from the notes only, one still cuts off others",
            [">", "ack cut/rita:olaf", "ack cutn", "ack cutn/wim", "ack cut/wim:olaf"],
        ),
        "two-proposals": ("two proposals of one state: the second waits in vain", ["ack tri tri/wim +:tri"]),
        "stale": ("the state has moved on since it was proposed", ["ack tri + u2 rev + held plan +:plan +:held"]),
        "waits": ("what waits for a second person", ["ack tri + u2 rev + info close held/olaf"]),
        "concurrent": ("two proposals endorsed at the same time: in order, each if the table leads there", ["ack tri + u2 rev", "ack tri + u2 rev +", "ack tri + u2 held/olaf", "ack tri + u2 held/olaf +/wim"]),
        "one-and-two": ("a question at the same time as a review", ["ack tri + u2 rev +", "ack tri + info/wim"]),
    }  # fmt: skip


def consents() -> Plans:
    c, r, d = f"{PLAN} coord", f"{PLAN} ref", f"{PLAN} disc public:disc legal:disc"
    return {
        "no": ("they said no", [f"{c} no +"]),
        "no-beside": ("they said no at the same time", [f"{c} +", f"{c} no"]),
        "no-after": ("they said no after the endorsement they knew of", [f"{c} + no"]),
        "no-then-yes": ("they changed their mind", [f"{c} no yes +"]),
        "no-beside-yes": ("yes in one tab, no in the other", [f"{c} yes", f"{c} no", f"{c} yes | {c} no => +:coord"]),
        "no-to-other": ("no to another proposal", [f"{c} ref/wim no:ref +:coord"]),
        "no-forged": ("a stranger says no", [f"{c} no/stranger +"]),
        "no-by-reviewer": ("a reviewer says no for them", [f"{c} no/wim +"]),
        "yes-forged": ("a reviewer says yes for them", [f"{d} yes/wim +"]),
        "yes-to-other": ("yes to another proposal", [f"{d} ref/wim yes:ref +:disc"]),
        "yes-beside": ("a yes that the endorser had not seen", [f"{d} +", f"{d} yes"]),
        "yes-beside-then-endorsed": ("endorsed again in knowledge of it", [f"{d} +", f"{d} yes +/wim"]),
        "yes-then-no-then-yes-beside": ("the last word is yes, but the endorser saw an older one", [f"{d} yes +", f"{d} yes no yes"]),
        "yes-beside-yes": ("agreed again at the same time: that takes nothing back", [f"{d} yes +", f"{d} yes yes"]),
        "yes-orphan": ("a yes to what they had not seen", ["ack reply yes!disc", f"{d} +"]),
        "yes-to-answer": ("a yes to an answer", ["ack answer yes:answer"]),
        "disclosed-no-word": ("a published text always needs a yes", [f"{d} +"]),
        "choice-beside": ("a more careful choice at the same time", [f"{c} +", f"{c} may-REFER"]),
        "choice-before": ("a more careful choice that the endorser knew", [f"{c} may-REFER +"]),
        "choice-after": ("a more careful choice after the endorsement", [f"{c} + may-HOLD"]),
        "choice-but-yes": ("yes to this step in spite of a careful choice", [f"{c} may-HOLD yes +"]),
        "choice-careful-after-yes": ("advice only, after a yes to this step", [f"{c} yes may-ADVISE +"]),
        "choice-wait-after-yes": ("to wait, after a yes", [f"{d} yes may-HOLD +"]),
        "choice-wait-beside-yes": ("to wait, in another tab", [f"{c} yes", f"{c} may-HOLD", f"{c} yes | {c} may-HOLD => +:coord"]),
        "choice-wait-beside": ("to wait, at the same time as the signature", [f"{c} yes +", f"{c} yes may-HOLD"]),
        "choice-wait-then-yes": ("and yes again", [f"{c} yes may-HOLD yes +"]),
        "choice-wait-then-ask": ("to wait, then to be asked", [f"{c} yes may-HOLD may-ASK +"]),
        "choice-ask-after-yes": ("to be asked, after a yes", [f"{c} yes may-ASK +"]),
        "choice-settled": ("a wider choice after a careful one", [f"{r} may-HOLD may-REFER +"]),
        "choices-beside": ("two choices at once: the more careful", [f"{r} may-HOLD", f"{r} may-PUBLISH", f"{r} may-HOLD | {r} may-PUBLISH => +:ref"]),
        "choice-forged": ("a stranger chooses", [f"{c} may-HOLD/stranger +"]),
        "triage-few": ("reviewers found that few people could know", [f"{c} k1 +"]),
        "triage-unsure": ("or could not tell", [f"{c} k0 +"]),
        "triage-few-then-many": ("the most careful finding counts", [f"{c} k1 k4 +"]),
        "triage-few-beside": ("a finding the endorser had not seen", [f"{c} +", f"{c} k1/wim"]),
        "triage-few-warned": ("and they agreed after the warning", [f"{c} k1 yesw +"]),
        "triage-few-yes": ("and they agreed without the warning", [f"{c} k1 yes +"]),
        "triage-two": ("two to twenty is not that few", [f"{c} k2 +"]),
        "triage-forged": ("a stranger's finding", [f"{c} k1/stranger +"]),
        "plan-no": ("a plan needs no yes", [f"{TO['REVIEW']} plan no +"]),
        "again": ("each outward step anew", [f"{c} + ref yes no:ref +:ref"]),
        "after-correction": ("outward again after a correction", [f"{c} + claimed corr may-HOLD ref +"]),
    }  # fmt: skip


def narrow() -> Plans:
    return {
        "allowed": ("allowed, but few people could know", [f"{PLAN} coord +"]),
        "yes": ("agreed without the warning", [f"{PLAN} coord yes +"]),
        "warned": ("agreed after the warning", [f"{PLAN} coord yesw +"]),
        "triage-many": ("reviewers think otherwise: the more careful counts", [f"{PLAN} k4 coord +"]),
        "referred": ("the same for an authority", [f"{PLAN} ref +"]),
        "disclosed": ("and for a published text", [f"{PLAN} disc public:disc legal:disc yes +"]),
        "disclosed-warned": ("agreed after the warning", [f"{PLAN} disc public:disc legal:disc yesw +"]),
        "longer": ("more time for the company: the same", [f"{PLAN} coord yesw + taken coord04 yes:coord04 +"]),
        "warned-then-not": ("the last yes came without the warning", [f"{PLAN} coord yesw yes +"]),
    }


def recorded() -> Plans:
    c, d = f"{PLAN} coord", f"{PLAN} disc public:disc legal:disc"
    return {
        "done": ("the act is recorded", [f"{c} + done"]),
        "done-too-early": ("recorded before anybody endorsed it", [f"{c} done"]),
        "done-beside": ("recorded beside the endorsement", [f"{c} +", f"{c} done/wim"]),
        "done-early-then-endorsed": ("recorded before the endorsement", [f"{c} done +"]),
        "done-refused": ("recorded although refused", [f"{c} no + done"]),
        "done-orphan": ("recorded of an answer", ["ack answer done:answer"]),
        "done-by-reserve": ("recorded by a reserve", [f"{c} + done/uma"]),
        "done-of-one-person": ("of what is no act in the world", ["ack done"]),
        "done-of-void": ("of a state that did not come about", ["ack uref done"]),
        "done-of-plan": ("a plan is none either", [f"{PLAN} done:plan"]),
        "done-second-endorsement": ("recorded in knowledge of the other endorsement", [f"{c} +", f"{c} +/wim done/wim"]),
        "done-protects-no": ("a no at the same time comes too late", [f"{c} + done", f"{c} no"]),
        "done-protects-choice": ("so does a choice", [f"{c} + done", f"{c} may-HOLD"]),
        "done-knew-no": ("the recorder knew of the no", [f"{c} +", f"{c} no", f"{c} + | {c} no => done:coord"]),
        "done-no-before": ("a no that the endorser knew", [f"{c} no + done"]),
        "done-of-other": ("another act had happened", [f"{c} ref/wim +:coord done:ref", f"{c} ref/wim no:coord"]),
        "done-other-endorsement": ("the act followed the other endorsement", [f"{c} +%14", f"{c} +/wim done", f"{c} no"]),
        "done-forged": ("a stranger says it happened", [f"{c} + done/stranger", f"{c} no"]),
        "done-yes-beside": ("it makes no yes", [f"{d} + done", f"{d} yes"]),
        "done-protects-last-yes": ("no at the same time is dropped, the yes before stands", [f"{d} yes + done", f"{d} yes no"]),
        "done-withdrawn": ("withdrawn when the act had happened", [f"{c} + done", f"{c} wd"]),
        "done-withdrawn-first": ("the same with the withdrawal first in order", ["<", f"{c} wd", f"{c} + done"]),
    }


def urgent() -> Plans:
    u = f"{PLAN} u0 ucoord"
    return {
        "urgent": ("danger to life: one person starts", [u]),
        "urgent-referred": ("with an authority", [f"{PLAN} u0 uref"]),
        "urgent-no-triage": ("nobody found danger to life", [f"{PLAN} ucoord"]),
        "urgent-u1": ("not urgent enough", [f"{PLAN} u1 ucoord"]),
        "urgent-u0-then-u2": ("urgency was found once", [f"{PLAN} u0 u2 ucoord"]),
        "urgent-u0-beside": ("urgency the author had not seen", [f"{PLAN} u0/wim", f"{PLAN} ucoord"]),
        "urgent-u0-forged": ("urgency found by a stranger", [f"{PLAN} u0/stranger ucoord"]),
        "urgent-not-marked": ("urgency, but the step is an ordinary one", [f"{PLAN} u0 coord"]),
        "urgent-disclosed": ("nothing is published in a hurry", [f"{PLAN} u0 udisc"]),
        "urgent-review": ("nor anything else", ["ack tri + u0 urev"]),
        "urgent-from-review": ("the table does not hold in a hurry", ["ack tri + u2 rev + u0 ucoord"]),
        "urgent-from-acknowledged": ("nor does it wait for triage", ["ack u0 uref"]),
        "urgent-from-held": ("nor for others to report", ["ack tri + u2 held + u0 uref"]),
        "urgent-from-disclosed": ("nor stop at what is published", [f"{PLAN} disc public:disc legal:disc yes + u0 ucoord"]),
        "urgent-from-advice": ("nor at a question", ["ack may-ADVISE adv may-PUBLISH u0 ucoord"]),
        "urgent-from-received": ("somebody has to have opened it", ["u0 ucoord", "u0 ucoord +"]),
        "urgent-from-closed": ("a closed case is opened again first", ["ack tri + u0 close + ucoord", "ack tri + u0 close + ucoord +"]),
        "urgent-from-review-u1": ("and without danger to life the table holds", ["ack tri + u2 rev + u1 ucoord +"]),
        "urgent-from-review-back": ("back to the review", ["ack tri + u0 ucoord rev/wim"]),
        "urgent-again": ("it is there already", [f"{PLAN} u0 ucoord + ucoord"]),
        "urgent-signed": ("the second signature", [f"{u} +"]),
        "urgent-signed-by-same": ("not by the same", [f"{u} +/rita"]),
        "urgent-signed-after-no": ("a signature asks for no consent: it has begun", [f"{u} no +"]),
        "urgent-signed-recused": ("no signature for one who stepped back", [f"{u} +", f"{u} recuse"]),
        "urgent-signed-later": ("a signature when the state has moved on", [f"{u} claimed corr +:ucoord"]),
        "urgent-moved-on": ("it stays unsigned when the state moves on", [f"{u} claimed corr"]),
        "urgent-done": ("the act is recorded", [f"{u} done"]),
        "urgent-back": ("one person goes back to the review", [f"{u} rev"]),
        "urgent-back-other": ("whoever that is", [f"{u} rev/wim"]),
        "urgent-back-beside": ("a proposal from before is no way back", [u, f"{PLAN} u0 rev/wim"]),
        "urgent-back-signed": ("signed: no way back for one", [f"{u} + rev/wim"]),
        "urgent-back-endorsed": ("nor for two", [f"{u} + rev/wim +"]),
        "urgent-back-after-moving-on": ("moved on: no way back", [f"{u} claimed corr rev"]),
        "urgent-back-then-signed": ("signed after the way back: nothing changes", [f"{u} rev +:ucoord"]),
        "urgent-back-twice": ("only once", [f"{u} rev rev/wim"]),
        "urgent-no-beside": ("a more careful choice at the same time", [u, f"{PLAN} u0 may-ASK"]),
        "urgent-withdrawn-beside": ("withdrawn at the same time", [u, f"{PLAN} u0 wd"]),
        "urgent-withdrawn-done": ("withdrawn when the act had happened", [f"{u} done", f"{PLAN} u0 wd"]),
        "urgent-recused-beside": ("its author steps back elsewhere", [u, f"{PLAN} u0 recuse"]),
        "urgent-recused-done": ("when the act had happened", [f"{u} done", f"{PLAN} u0 recuse"]),
        "urgent-by-reserve": ("by a reserve", [f"{PLAN} u0 ucoord/uma"]),
        "urgent-second-unsigned": ("two of them", [f"{u} uref"]),
        "urgent-few": ("few people could know", [f"{PLAN} k1 u0 ucoord"]),
    }


def longer() -> Plans:
    h, r, c = TO["HELD"], TO["REVIEW"], f"{TO['COORDINATING']} taken"
    return {
        "longer-held": ("a later date and a reason, by two", [f"{h} held20 +"]),
        "longer-held-alone": ("not by one", [f"{h} held20"]),
        "longer-held-same": ("nor by one twice", [f"{h} held20 +/rita"]),
        "longer-held-twice": ("and later again", [f"{h} held20 + held30 +"]),
        "longer-held-shorter": ("but not earlier", [f"{h} held30 + held20 +"]),
        "longer-held-no-reason": ("without a reason", [f"{h} held30-why +"]),
        "longer-held-left": ("it ends with the state", [f"{h} held20 + tri"]),
        "longer-held-before": ("proposed before it was held", ["ack tri + u2 held20 held/olaf +/wim:held +:held20"]),
        "longer-held-beside": ("proposed without knowing that it was held", [h, "ack tri + u2 held20", f"{h} | ack tri + u2 held20 => +/wim:held20"]),
        "longer-held-earlier-stay": ("proposed of an earlier time", [f"{h} held20 tri held + +:held20"]),
        "longer-review": ("feedback takes longer", [f"{r} rev12 +"]),
        "longer-review-twice": ("once", [f"{r} rev12 + rev20 +"]),
        "longer-review-with-date": ("also where it began with a date", ["ack tri + u2 rev12 + rev20 +"]),
        "longer-review-asked": ("a question does not take the date away", [f"{r} rev12 + info"]),
        "longer-review-most": ("nobody waits longer than 180 days", [f"{r} rev99 +"]),
        "longer-triage": ("nothing else takes longer", ["ack tri + tri20 +"]),
        "longer-coord": ("a longer embargo, which the reporter allowed", [f"{c} coord04 +"]),
        "longer-coord-no": ("or refuses", [f"{c} coord04 no:coord04 +"]),
        "longer-coord-no-beside": ("at the same time", [f"{c} coord04 +", f"{c} coord04 no:coord04"]),
        "longer-coord-whom": ("for the same company", [f"{c} coord04-whom +"]),
        "longer-coord-urgent": ("never by one", [f"{PLAN} u0 coord + taken ucoord04"]),
        "longer-coord-urgent-endorsed": ("always by two", [f"{PLAN} u0 coord + taken ucoord04 +"]),
        "longer-coord-unsigned": ("what one began alone stays unsigned", [f"{PLAN} u0 ucoord taken coord04 +"]),
        "longer-coord-withdrawn": ("withdrawn at the same time", [f"{c} coord04 +", f"{c} coord04 wd"]),
        "longer-coord-done": ("told to the company", [f"{c} coord04 + done:coord04"]),
    }  # fmt: skip


def retracted() -> Plans:
    tri, c = "ack tri", f"{PLAN} coord"
    return {
        "retracted": ("who proposed it takes it back", [f"{tri} back"]),
        "retracted-endorsed": ("nobody endorses it after that", [f"{tri} back +:tri"]),
        "retracted-beside": ("nor at the same time", [f"{tri} +", f"{tri} back"]),
        "retracted-too-late": ("what took effect is not taken back", [f"{tri} + back:tri"]),
        "retracted-knew-one": ("nor what took effect by an endorsement one knew", [f"{tri} + back:tri", f"{tri} +/wim"]),
        "retracted-by-other": ("by nobody else", [f"{tri} back/olaf +/wim:tri"]),
        "retracted-by-stranger": ("least of all by a stranger", [f"{tri} back/stranger +:tri"]),
        "retracted-by-recused": ("nor by who stepped back", [f"{tri} recuse back:tri"]),
        "retracted-anew": ("proposed anew", [f"{tri} back tri +"]),
        "retracted-twice": ("taken back twice", [f"{tri} back", f"{tri} back:tri%7"]),
        "retracted-knew": ("they said something in knowledge of the signature", [f"{c} + answer/rita", f"{c} back"]),
        "retracted-built-on": ("two others built on it", [f"{c} + ref/olaf yes:ref +/wim:ref", f"{c} back"]),
        "retracted-not-built-on": ("one other has not agreed yet", [f"{c} + ref/olaf yes:ref", f"{c} back"]),
        "retracted-done": ("the act had happened", [f"{c} + done", f"{c} back"]),
        "retracted-done-after": ("its recorder knew", [f"{c} +", f"{c} back", f"{c} + | {c} back => done/wim:coord"]),
        "retracted-answered": ("the reporter had agreed", [f"{c} yes back:coord +:coord"]),
        "retracted-one-person": ("one person's step is no proposal", ["ack back"]),
        "retracted-urgent": ("an urgent step has begun", [f"{PLAN} u0 ucoord back:ucoord"]),
        "retracted-void": ("what did not count", ["ack corr back"]),
        "retracted-purge": ("a purge", ["spam purge back:purge +:purge"]),
        "retracted-orphan": ("an answer", ["ack answer back:answer"]),
    }


def disclosed() -> Plans:
    d = f"{PLAN} disc"
    return {
        "disclosed": ("the text, the yes, the second signature", [f"{d} public:disc legal:disc yes +"]),
        "disclosed-no-text": ("no yes to what they have not seen", [f"{d} yes +"]),
        "disclosed-text-after-yes": ("shown after the yes", [f"{d} yes public:disc legal:disc +"]),
        "disclosed-text-other": ("a text for somebody else", [f"{d} packet:disc yes +"]),
        "disclosed-text-free": ("a text that belongs to no proposal", [f"{d} public yes +"]),
        "disclosed-text-of-other": ("a text that belongs to another", [f"{d} ref/wim public:ref yes:disc +:disc"]),
        "disclosed-text-forged": ("a stranger's text", [f"{d} public/stranger:disc yes +"]),
        "disclosed-text-beside": ("a text that the endorser had not seen", [f"{d} +", f"{d} public:disc legal:disc yes"]),
        "disclosed-text-other-reader": (
            "another reader's text after the yes does not leave",
            [f"{d} public:disc legal:disc yes public/wim:disc +:disc"],
        ),
        "disclosed-text-writer": ("their text before the yes does", [f"{d} public/wim:disc legal:disc yes +:disc"]),
        "disclosed-text-writer-unread": ("so it has to be read", [f"{d} public:disc legal:disc public/wim:disc yes +:disc"]),
        "disclosed-text-writer-only": ("none that they agreed to", [f"{d} packet:disc yes public/wim:disc legal:disc +:disc"]),
        "disclosed-text-signer": (
            "nor does the signer add a text alone",
            [f"{d} public:disc legal:disc yes public/olaf:disc legal:disc +:disc"],
        ),
        "disclosed-waits": ("it waits for the text, then for the yes", [f"{d}"]),
    }


def holds() -> Plans:
    return {
        "hold": ("a legal hold, by two", ["spam hold +"]),
        "hold-alone": ("not by one", ["spam hold purge +:purge"]),
        "hold-same": ("nor by one twice", ["spam hold +/rita"]),
        "hold-purge": ("nobody purges it", ["spam hold + purge +"]),
        "hold-lifted": ("until two lift it", ["spam hold + lift + purge +"]),
        "hold-lifted-alone": ("not one", ["spam hold + lift purge +:purge"]),
        "hold-open": ("also while the case is open", ["ack hold +", "ack hold + tri"]),
        "hold-stays": ("it stays when the state changes", ["spam hold + reopen"]),
        "hold-twice": ("once is enough", ["spam hold + hold +"]),
        "hold-lift-none": ("there is none to lift", ["ack lift +"]),
        "hold-purged": ("nothing is left to hold", ["spam purge + hold +"]),
        "hold-before-purge": ("at the same time as a purge: first in the order", ["<", "spam hold +", "spam purge +"]),
        "hold-after-purge": ("and last", [">", "spam hold +", "spam purge +"]),
        "hold-recused": ("the proposer steps back at the same time", ["spam hold +", "spam hold recuse"]),
        "hold-retracted": ("taken back", ["spam hold back"]),
        "hold-confirmed": ("they are not asked", ["spam hold yes:hold"]),
        "hold-withdrawn": ("of a withdrawn case", ["wd hold +", "wd hold + closew"]),
    }


def clocks() -> Plans:
    r, c = TO["REVIEW"], TO["COORDINATING"]
    return {
        "clock-triage-u1": ("triage within 48 hours", ["ack u1"]),
        "clock-note": ("a month from the last words", [f"{r} answer^50"]),
        "clock-feedback-early": ("an answer too early for feedback", [f"{r} answer^2701"]),
        "clock-feedback-told": ("feedback was given", [f"{r} answer^2702"]),
        "clock-embargo-u1": ("a week at U1", [f"{c} u1"]),
        "clock-embargo-u0": ("at once at U0", [f"{c} u0"]),
        "clock-nudged": ("asked again", ["ack tri + info answer^50"]),
        "clock-replied": ("answered", ["ack tri + info reply^50"]),
        "clock-replied-before": ("what they wrote before does not count", ["ack tri + reply info"]),
        "clock-held-longer": ("asked again, from the second signature on", [f"{TO['HELD']} held20^49 +^51"]),
        "clock-held-longer-asked": ("and answered", [f"{TO['HELD']} held20^49 +^51 answer^2709"]),
        "clock-held-longer-before": ("of an earlier time", [f"{TO['HELD']} held20 + tri + held^48 +"]),
        "clock-authority": ("passed on in another week, and asked", [f"{PLAN} cal^48 +^49 answer^53"]),
        "clock-verified": ("the correction is verified", [f"{c} claimed corr verified"]),
        "clock-verified-in-part": ("not all of it", [f"{c} claimed corr secure"]),
        "clock-close-advised": ("removed after 90 days", ["ack may-ADVISE adv advised"]),
        "clock-close-late": ("and later", ["ack tri + u2 close^52 +^53"]),
        "clock-withdrawn-after-close": ("no reopening once withdrawn", ["spam wd^50"]),
        "clock-hold": ("no removal under a legal hold", ["spam hold +", "spam hold + lift"]),
    }


def unread() -> Plans:
    two = "received/olaf received/wim ack/olaf tri/olaf +/wim u2 rev/olaf +/wim plan/olaf +/wim"
    return {
        "unread": ("nobody says where a case stands who has not opened it", ["~ack"]),
        "unread-other": ("somebody else has", ["~received/olaf ack"]),
        "unread-spoken": ("whatever else they said", ["~answer/rita k2/rita ack"]),
        "unread-then": ("opened afterwards", ["~ack received ack%7"]),
        "unread-beside": ("opened beside it", ["~received", "~ack"]),
        "unread-void": ("an opening that does not count", ["~answer/wim^48 received^47 ack^48"]),
        "unread-proposer": ("an endorsement of what does not count", ["~received ack tri/olaf +/wim"]),
        "unread-endorser": ("two who have read it", ["~received ack tri +"]),
        "unread-endorser-then": ("endorsed after opening it", ["~received ack tri + received/olaf +:tri%7"]),
        "unread-endorser-beside": ("opened beside it", ["~received ack tri +", "~received ack tri received/olaf"]),
        "unread-new-reader": ("who was handed the case", ["ack recuse/wim to-uma tri +/uma"]),
        "unread-purge": ("not to be purged by them", ["~received/olaf spam/olaf purge +:purge"]),
        "unread-hold": ("nor held", ["~received/olaf hold +"]),
        "unread-urgent": ("nor sent out in a hurry", [f"~{two} u0 ucoord"]),
        "unread-named": ("what names it is an orphan", [f"~{two} ref yes packet:ref legal:ref back:ref done:ref"]),
        "unread-one-more": ("one signature more is one of somebody who has read it", [f"~{two} +/rita:tri"]),
        "unread-triage": ("nor is danger found by who has not", [f"~{two} u0/rita uref/olaf"]),
        "unread-legal": ("nor a text read", [f"~{two} disc/olaf public/wim:disc legal/rita:disc yes:disc +/wim:disc"]),
        "unread-correction": ("nor a correction", [f"~{two} ref/olaf yes +/wim claimed/rita corr/olaf"]),
        "unread-done": ("nor an act recorded", [f"~{two} ref/olaf yes:ref +/wim done/rita:ref", f"~{two} ref/olaf yes:ref no:ref"]),
        "unread-else": ("everything else can be said", ["~received/olaf ack/olaf answer knew note assess assign"]),
    }


def wishes() -> Plans:
    r = TO["REVIEW"]
    return {
        "advice-not-asked": ("they want more than advice", ["ack adv"]),
        "advice-not-asked-endorsed": ("two do not change that", ["ack adv +"]),
        "advice-beside": ("they ask for it at the same time", ["ack adv", "ack may-ADVISE"]),
        "advice-after": ("they ask for it afterwards", ["ack adv may-ADVISE +:adv"]),
        "advice-from-triage": ("where it does not fit", ["ack tri + adv"]),
        "plan-advised": ("nothing is planned for a question", [f"{r} may-ADVISE plan +"]),
        "plan-advised-beside": ("nor when they ask at the same time", [f"{r} plan +", f"{r} plan may-ADVISE"]),
        "plan-advised-done": ("no record of a plan comes before that", [f"{r} plan + done", f"{r} plan may-ADVISE"]),
        "plan-advised-after": ("or afterwards", [f"{r} plan + may-ADVISE"]),
        "held-chosen": ("they chose to wait: by one", [f"{TO['TRIAGE']} may-HOLD held"]),
        "held-chosen-beside": ("also at the same time", [f"{TO['TRIAGE']} held", f"{TO['TRIAGE']} may-HOLD"]),
        "held-chosen-after": ("not afterwards", [f"{TO['TRIAGE']} held may-HOLD"]),
        "held-more-careful": ("advice is not waiting", [f"{TO['TRIAGE']} may-HOLD", f"{TO['TRIAGE']} may-ADVISE", f"{TO['TRIAGE']} may-HOLD | {TO['TRIAGE']} may-ADVISE => held"]),
        "knew": ("since when the company knew", ["ack knew"]),
        "knew-last": ("the last counts", ["ack knew knew/rita"]),
        "knew-forged": ("a stranger says so", ["ack knew knew/stranger"]),
    }  # fmt: skip


def held() -> Plans:
    t = TO["TRIAGE"]
    return {
        "held": ("they chose to wait: one reviewer suffices", [f"{t} held"]),
        "held-from-review": ("also from the review", [f"{TO['REVIEW']} held"]),
        "held-from-question": ("where the table leads there", [f"{TO['NEEDS_INFO']} held"]),
        "held-no-triage": ("not before triage", ["ack tri + held"]),
        "held-no-triage-then": ("then it waits for a second person", ["ack tri + held u2 +"]),
        "held-triage-beside": ("a triage they did not know", ["ack tri + held", "ack tri + u2"]),
        "held-late": ("a year at most", [f"{t} held-2747"]),
        "held-longer": ("longer is for two", [f"{t} held held20"]),
        "held-longer-endorsed": ("two", [f"{t} held held20 +"]),
        "held-wider": ("they allow more", [f"{t} may-ASK held"]),
        "held-wider-beside": ("at the same time", [f"{t} held", f"{t} may-ASK"]),
        "held-wider-endorsed": ("then by two", [f"{t} held +", f"{t} may-ASK"]),
        "held-wider-done": ("no record of waiting comes before that", [f"{t} held done", f"{t} may-ASK"]),
        "held-wider-after": ("and afterwards", [f"{t} held may-ASK"]),
        "held-withdrawn": ("withdrawn at the same time", [f"{t} held", f"{t} wd"]),
        "held-back": ("one goes back too", [f"{t} held tri"]),
        "held-beside": ("beside a plan", ["?", f"{TO['REVIEW']} held/wim", f"{TO['REVIEW']} plan", PLAN]),
        "held-beside-gate": (
            "and beside what waits",
            ["?", f"{TO['REVIEW']} held/wim", f"{TO['REVIEW']} close", f"{TO['REVIEW']} close plan +"],
        ),
        "plan": ("waiting forbids no plan", [PLAN]),
        "unread-held": ("not by who has not opened it", ["~received/olaf received/wim ack/olaf tri/olaf +/wim u2 held"]),
    }


def legal() -> Plans:
    d = f"{PLAN} disc public:disc"
    return {
        "legal-lacking": ("no lawyer has read it", [f"{d} yes +"]),
        "legal-too-early": ("read before there was a text", [f"{PLAN} disc legal:disc public:disc yes:disc +:disc"]),
        "legal-changed": ("the text was changed", [f"{d} legal:disc public:disc%7 yes:disc +:disc"]),
        "legal-again": ("and read again", [f"{d} legal:disc public:disc%7 legal:disc%7 yes:disc +:disc"]),
        "legal-other-text": ("every text of the step is read", [f"{d} legal:disc packet:disc yes:disc +:disc"]),
        "legal-beside-text": ("changed at the same time", [f"{d} legal:disc yes:disc", f"{d} public:disc%7 yes:disc%7", f"{d} legal:disc yes:disc | {d} public:disc%7 yes:disc%7 => yes:disc%9 +:disc"]),
        "legal-beside": ("the endorser had not seen it", [f"{d} yes +", f"{d} yes legal:disc"]),
        "legal-beside-then": ("endorsed again in knowledge of it", [f"{d} yes +", f"{d} yes legal:disc +/wim"]),
        "legal-of-other": ("the text of another step", [f"{d} ref/wim legal:ref yes:disc +:disc"]),
        "legal-by-proposer": ("anybody may be the lawyer", [f"{d} legal/rita:disc yes +"]),
        "legal-forged": ("but a stranger", [f"{d} legal/stranger:disc yes +"]),
        "legal-by-reporter": ("and the reporter", [f"{d} legal/alice:disc yes +"]),
        "legal-orphan": ("it names an answer", ["ack answer legal:answer"]),
        "legal-unseen": ("it names what its author had not seen", ["ack answer legal!disc", d]),
        "legal-before-consent": ("refused, and unread", [f"{d} no +"]),
    }  # fmt: skip


def corrections() -> Plans:
    c = TO["COORDINATING"]
    statuses = {"asked": "ASKED", "taken": "ACKNOWLEDGED", "claimed": "CLAIMED", "verified": "VERIFIED", "declined": "DECLINED"}
    return {
        "corrected-nothing": ("nothing is known of a correction", [f"{c} corr"]),
        **{f"corrected-{status}": (f"a correction that is {status}", [f"{c} {word} corr"]) for word, status in statuses.items()},
        "corrected-then-asked": ("what was claimed once", [f"{c} claimed asked corr"]),
        "corrected-beside": ("claimed at the same time", [f"{c} corr", f"{c} claimed"]),
        "corrected-endorsed": ("two do not change that", [f"{c} corr +"]),
        "corrected-forged": ("a stranger says so", [f"{c} claimed/stranger corr"]),
        "longer-coord-nothing": ("more time only for a correction", [f"{c} coord04 +"]),
        **{f"longer-coord-{status}": (f"one that is {status}", [f"{c} {word} coord04 +"]) for word, status in statuses.items()},
        "longer-coord-beside": ("that the endorser knew of", [f"{c} coord04 +", f"{c} coord04 taken"]),
        "longer-coord-between": ("if not the proposer", [f"{c} coord04 taken +:coord04"]),
    }  # fmt: skip


def reasons() -> Plans:
    r, p = TO["REVIEW"], PLAN
    return {
        **{f"reason-{reason}": (f"closed as {reason} out of the blue", [f"{r} close-{reason} +"]) for reason in CLOSE_REASONS},
        "reason-ACTION-verified": ("a correction was verified", [f"{r} secure close-ACTION +"]),
        "reason-ACTION-claimed": ("claimed is not verified", [f"{r} claimed close-ACTION +"]),
        "reason-ACTION-beside": ("verified at the same time", [f"{r} close-ACTION +", f"{r} close-ACTION secure"]),
        "reason-ACTION-once": ("it was verified once", [f"{r} verified asked close-ACTION +"]),
        "reason-CLAIMED-claimed": ("somebody claims it", [f"{r} claimed close-CLAIMED +"]),
        "reason-CLAIMED-verified": ("verified is more", [f"{r} verified close-CLAIMED +"]),
        "reason-CLAIMED-declined": ("declined is less", [f"{r} declined close-CLAIMED +"]),
        "reason-REFERRED-DONE-referred": ("it was passed on", [f"{p} ref + close-REFERRED-DONE +"]),
        "reason-REFERRED-DONE-once": ("before something else", [f"{p} ref + coord + close-REFERRED-DONE +"]),
        "reason-REFERRED-DONE-told": ("the company is no authority", [f"{p} coord + close-REFERRED-DONE +"]),
        "reason-PUBLISHED-published": ("it was published", [f"{TO['DISCLOSED']} close-PUBLISHED +"]),
        "reason-PUBLISHED-referred": ("passed on is not published", [f"{p} ref + close-PUBLISHED +"]),
        "reason-ADVICE-ACTION": ("a question brings no action", ["ack may-ADVISE adv close-ACTION +"]),
        "reason-waits": ("it waits for what is lacking", [f"{p} coord + close-ACTION verified"]),
        "close-no-triage": ("nothing is closed unseen", ["ack tri + close +"]),
        "close-triage-beside": ("by who did not know the triage", ["ack tri + close +", "ack tri + close k2"]),
        "close-triage-forged": ("or a stranger's", ["ack tri + k2/stranger close +"]),
        "close-spam-no-triage": ("but spam", ["ack tri + spam +"]),
        "close-advice-no-triage": ("and a question", ["ack may-ADVISE adv close +"]),
        "close-triage-first": ("what lacks two things", ["ack tri + close-ACTION +"]),
        "review-no-triage": ("no review without triage", ["ack tri + rev +"]),
        "review-triage-later": ("proposed before, endorsed after", ["ack tri + rev u2 +"]),
        "held-no-triage": ("nor is anything held", ["ack tri + held +"]),
    }


def weeks() -> Plans:
    """The report is of 2026-W47; 2026 has 53 weeks, 2027 and 2028 have 52."""
    t, r, i, c = TO["TRIAGE"], TO["REVIEW"], TO["NEEDS_INFO"], f"{TO['COORDINATING']} taken"
    n = "close-NO-REPLY"
    return {
        "week-held": ("a year", [f"{t} held-2746 +"]),
        "week-held-late": ("and no week more", [f"{t} held-2747 +"]),
        "week-held-endorsed-late": ("from the proposal, not its endorsement", [f"{t} held-2747 +^48"]),
        "week-held-52": ("a year of 52 weeks", [f"{t} held-2752^53 +"]),
        "week-held-52-late": ("and no week more", [f"{t} held-2801^53 +"]),
        "week-held-end": ("the last week there is", [f"{t} held-9952 +"]),
        "week-held-start": ("and the first", [f"{t} held-0001 +"]),
        "week-held-longer": ("longer, from the week in which it came about", [f"{t} held +^50 held-2749^52 +"]),
        "week-held-longer-late": ("and no week more", [f"{t} held +^50 held-2750^52 +"]),
        "week-review": ("180 days from the acknowledgement", [f"{t} rev-2719 +"]),
        "week-review-late": ("and no week more", [f"{t} rev-2720 +"]),
        "week-review-acknowledged": ("which came later", ["ack^50 tri + u2 rev-2722 +"]),
        "week-review-acknowledged-late": ("and no week more", ["ack^50 tri + u2 rev-2723 +"]),
        "week-review-never-acknowledged": ("from the report if there was none", ["spam^50 reopen tri + u2 rev-2719 +"]),
        "week-review-never-acknowledged-late": ("and no week more", ["spam^50 reopen tri + u2 rev-2720 +"]),
        "week-review-longer": ("the extension", [f"{r} rev-2719^53 +"]),
        "week-review-longer-late": ("and no week more", [f"{r} rev-2720^53 +"]),
        "week-review-back": ("the way back asks for nothing", [f"{PLAN} u0 ucoord rev-9953"]),
        "week-embargo": ("45 days", [f"{PLAN} coord-2653 +"]),
        "week-embargo-late": ("and no week more", [f"{PLAN} coord-2701 +"]),
        "week-embargo-endorsed-late": ("from the proposal", [f"{PLAN} coord-2701 +^48"]),
        "week-embargo-u1": ("a week at U1", [f"{PLAN} u1 coord-2648 +"]),
        "week-embargo-u1-late": ("and no week more", [f"{PLAN} u1 coord-2649 +"]),
        "week-embargo-u0": ("at once at U0", [f"{PLAN} u0 coord-2647 +"]),
        "week-embargo-u0-late": ("and no week more", [f"{PLAN} u0 coord-2648 +"]),
        "week-embargo-urgent": ("by one", [f"{PLAN} u0 ucoord-2647"]),
        "week-embargo-urgent-late": ("not by one with a later date", [f"{PLAN} u0 ucoord-2648"]),
        "week-embargo-urgent-then": ("by two when it is not urgent any more", [f"{PLAN} u0 ucoord-2648 u2 +"]),
        "week-embargo-u1-then-u3": ("the last triage counts", [f"{PLAN} u1 u3 coord-2653 +"]),
        "week-embargo-u1-beside": ("that the endorser knew", [f"{PLAN} coord-2653 +", f"{PLAN} coord-2653 u1/wim"]),
        "week-embargo-longer": ("90 days for a correction", [f"{c} coord-2706 +"]),
        "week-embargo-longer-late": ("and no week more", [f"{c} coord-2707 +"]),
        "week-embargo-longer-since": ("from the week in which it came about", [f"{PLAN} coord +^50 taken coord-2709^52 +"]),
        "week-embargo-longer-since-late": ("and no week more", [f"{PLAN} coord +^50 taken coord-2710^52 +"]),
        "week-embargo-refused": ("refused, and too late", [f"{PLAN} coord-2701 no +"]),
        "week-silence": ("90 days of silence", [f"{i} {n}^2708 +"]),
        "week-silence-early": ("and no week less", [f"{i} {n}^2707 +"]),
        "week-silence-early-endorsed": ("whenever it is endorsed", [f"{i} {n}^2707 +^2720"]),
        "week-silence-asked-later": ("from the last question", [f"{i} tri info^50 {n}^2710 +"]),
        "week-silence-asked-last": ("to the week", [f"{i} tri info^50 {n}^2711 +"]),
        "week-silence-reply": ("from the last word", [f"{i} reply^50 {n}^2710 +"]),
        "week-silence-reply-last": ("to the week", [f"{i} reply^50 {n}^2711 +"]),
        "week-silence-choice": ("whatever they said", [f"{i} may-HOLD^50 {n}^2710 +"]),
        "week-silence-reply-beside": ("a word at the same time", [f"{i} {n}^2708 +", f"{i} reply^50"]),
        "week-silence-reply-between": ("a word after the proposal", [f"{i} {n}^2708 reply +:{n}"]),
        "week-silence-reply-after": ("a word after it was closed", [f"{i} {n}^2708 + reply"]),
        "week-silence-reply-done": ("no record of a closing comes before an answer", [f"{i} {n}^2708 + done", f"{i} reply^50"]),
        "week-silence-reply-forged": ("a stranger's word", [f"{i} reply/stranger^50 {n}^2708 +"]),
        "week-silence-answer": ("a reviewer's word", [f"{i} answer^50 {n}^2708 +"]),
        "week-silence-withdrawn": ("withdrawn at the same time", [f"{i} {n}^2708 +", f"{i} wd^50"]),
        "week-silence-review": ("from another state", [f"{i} rev + {n}^2708 +"]),
        "week-reopen": ("a year", ["spam reopen^2746"]),
        "week-reopen-late": ("and no week more", ["spam reopen^2747"]),
        "week-reopen-late-endorsed": ("two do not change that", ["spam reopen^2747 +"]),
        "week-reopen-said": ("from the last that its author knew, even if the closing came beside it", ["spam/wim", "answer/olaf^2703", "spam/wim | answer/olaf^2703 => reopen^2803"]),
        "week-reopen-said-late": ("and no week more", ["spam/wim", "answer/olaf^2703", "spam/wim | answer/olaf^2703 => reopen^2804"]),
        "week-reopen-forged": ("a stranger said it", ["spam answer/stranger^2703 reopen^2747"]),
        "week-reopen-since": ("from the second signature", [f"{t} close +^50 reopen^2749"]),
        "week-reopen-since-late": ("and no week more", [f"{t} close +^50 reopen^2750"]),
    }  # fmt: skip


def beside() -> Plans:
    """What one reader writes beside the past, tried until it would stand first if ids alone decided."""
    r, u = TO["REVIEW"], f"{PLAN} u0 ucoord"
    seen = f"{r} plan | {r} info/wim => "
    return {
        "beside-ack": ("thrown away beside its opening", ["?", "spam/wim", "ack"]),
        "beside-history": ("and beside all that followed", ["?", "spam/wim", "ack", f"{PLAN} coord + claimed corr"]),
        "beside-plan": ("a question beside a plan", ["?", f"{r} info/wim", f"{r} plan", f"{PLAN} coord +"]),
        "beside-gate": ("and beside a closing that waits, from which the plan descends", ["?", f"{r} info/wim", f"{r} close/wim", f"{r} close/wim plan + coord +"]),
        "beside-longer": ("a question beside a later date", ["?", f"{r} info/wim", f"{r} rev12", f"{r} rev12 + plan +"]),
        "beside-held": ("a question beside being held", ["?", f"{TO['TRIAGE']} info/wim", f"{TO['TRIAGE']} held", f"{TO['HELD']} held20 +"]),
        "beside-own": ("brought along by an endorsement of one's own", ["?", f"{seen}+/wim:plan", f"{r} plan +"]),
        "beside-stranger": ("by a stranger's", ["?", f"{seen}+/stranger:plan", f"{r} plan +"]),
        "beside-same": ("by one of what one said oneself", ["?", f"{r} info/wim hold/wim +/wim", f"{r} plan", PLAN]),
        "beside-known": ("by one of who knew it: the one that is first by ids", ["?", f"{seen}+/olaf:plan", f"{r} plan +/wim"]),
        "beside-early": ("an endorsement beside a proposal brings nothing", ["?", f"{r} info/wim +/wim:rev", f"{r} plan", PLAN]),
        "beside-signed": ("the way back beside the second signature", ["?", f"{u} rev/wim", f"{u} +", f"{u} + ref +"]),
        "beside-unsigned": ("and without one, beside what two said next", ["?", f"{u} rev/wim", f"{u} claimed corr", f"{u} claimed corr ref +"]),
        "beside-urgent": ("an urgent step beside the way to the review", ["?", f"{u}/wim", f"{PLAN} u0 rev", f"{PLAN} u0 rev + plan +"]),
        "beside-urgent-closed": ("and beside a closing", ["?", f"{u}/wim", f"{PLAN} u0 close", f"{PLAN} u0 close +"]),
        "beside-silence": ("asked anew beside a closing for silence", ["?", f"{TO['NEEDS_INFO']} tri/wim", f"{TO['NEEDS_INFO']} close-NO-REPLY^2708", f"{TO['NEEDS_INFO']} tri/wim info/wim^2708", f"{TO['NEEDS_INFO']} close-NO-REPLY^2708 +"]),
        "late-proposer": ("endorsed beside what its proposer did since", ["?", f"{r} held +/wim:held", f"{r} held plan", f"{r} held plan + coord +"]),
        "late-endorser": ("or the endorser", ["?", f"{r} held +/wim:held", f"{r} held plan/wim", f"{r} held plan/wim +"]),
        "late-endorsed": ("who endorsed something else", ["?", f"{r} held +/wim:held", f"{r} held plan/olaf", f"{r} held plan/olaf +/wim"]),
        "late-known": ("unless they knew that", ["?", f"{r} held plan +/wim:held", f"{r} held plan +"]),
        "late-before": ("what they did without knowing of it is not since", ["<", f"{r} held +/wim:held", f"{r} plan | {r} held => +/olaf:plan%7"]),
        "late-honest": ("it counts where nobody else is first", [f"{r} plan +/olaf", f"{r} plan cal"]),
        "late-reopened": ("not before what its proposer did alone", ["?", "spam purge +/wim", "spam purge reopen"]),
        "late-urgent": ("nor before an urgent step", ["?", f"{PLAN} u0 close +/wim:close", f"{PLAN} u0 close ucoord"]),
        "late-brought": ("nor with an endorsement of one's own", ["?", f"{r} held +/wim:held | {r} held plan => +/wim:plan", f"{r} held plan +"]),
    }  # fmt: skip


def withdrawals() -> Plans:
    c = f"{PLAN} coord"
    return {
        "withdrawn-beside": ("withdrawn beside an endorsement", [f"{c} +", f"{c} wd"]),
        "withdrawn-beside-inward": ("what does not leave the house came first", ["ack wd", "ack tri", "ack tri +"]),
        "withdrawn-before": ("nobody endorses after it", [f"{c} wd +"]),
        "withdrawn-after": ("withdrawn after the company was told", [f"{c} + wd"]),
        "withdrawn-then-agreed": ("it is not taken back", [f"{c} wd yes +:coord"]),
        "withdrawn-then-choice": ("what they choose afterwards changes nothing", ["ack wd may-ADVISE"]),
        "withdrawn-twice": ("in two tabs", ["ack wd", "wd"]),
        "withdrawn-acknowledged": ("nothing else comes after it", ["wd ack"]),
        "withdrawn-closed": ("one reviewer closes it", ["ack wd closew"]),
        "withdrawn-closed-reopened": ("and nobody opens it again", ["ack wd closew reopen"]),
        "withdrawn-after-close": ("a closed case stays closed", ["spam wd"]),
        "withdrawn-after-close-reopened": ("and closed for good", ["spam wd reopen"]),
        "withdrawn-beside-reopening": ("opened again at the same time", ["<", "spam wd", "spam reopen"]),
        "withdrawn-beside-closing": ("closed at the same time, as something else", ["ack tri + u2 close wd", "ack tri + u2 close +"]),
        "withdrawn-purged": ("purged by two", ["wd purge +"]),
        "withdrawn-forged": ("by a reviewer", ["ack wd/rita"]),
    }


def purges() -> Plans:
    return {
        "purge": ("proposed", ["spam purge"]),
        "purge-endorsed": ("by two", ["spam purge +"]),
        "purge-same": ("not by one", ["spam purge +/rita"]),
        "purge-open": ("not while it is open", ["ack purge +"]),
        "purge-then-closed": ("endorsed before it was closed", ["ack tri + u2 close purge +:purge +:close"]),
        "purge-final": ("final", ["spam purge + reopen"]),
        "purge-withdrawn-later": ("final for the reporter too", ["spam purge + wd"]),
        "purge-by-stranger": ("by somebody else", ["spam purge/stranger +"]),
        "purge-recused": ("the proposer steps back at the same time", ["spam purge +", "spam purge recuse"]),
        "purge-reopened": ("opened again at the same time", ["spam purge +", "spam purge reopen/wim"]),
        "purge-confirmed": ("they are not asked", ["spam purge yes"]),
        "purge-stale": (
            "it was opened again since: propose the removal anew",
            ["spam purge reopen tri + u2 close-UNSAFE +:close-UNSAFE +:purge"],
        ),
        "purge-anew": ("that was done", ["spam purge reopen tri + u2 close-UNSAFE + purge +"]),
        "plan-reopened": (
            "nor is any other step taken up again",
            [f"{TO['REVIEW']} plan close-UNSAFE +:close-UNSAFE reopen tri + rev +:rev +:plan"],
        ),
        "purge-done": ("a purge is no act in the world", ["spam purge + done"]),
    }


def others() -> Plans:
    return {
        "triage-first": ("one finding", ["ack k2"]),
        "triage-last": ("the last in order counts", ["ack k2 u3/wim"]),
        "triage-by-reserve": ("a reserve's finding", ["ack k2 k4/uma"]),
        "corrections": ("the last status of each", ["ack asked claimed secure"]),
        "corrections-forged": ("a stranger's", ["ack asked claimed/stranger"]),
        "assign": ("a lead and a second", ["ack assign"]),
        "assign-lead-gone": ("the lead steps back", ["ack assign", "ack answer recuse/olaf"]),
        "assign-second-gone": ("the second steps back", ["ack assign", "ack answer recuse/wim"]),
        "assign-reserve": ("a reserve is no lead", ["ack assign:uma"]),
        "assign-gone": ("nor is who stepped back", ["ack recuse/wim assign"]),
        "assign-again": ("the last counts", ["ack assign assign/wim:rita"]),
        "assign-aloud": ("among reviewers only", ["ack assign!aloud"]),
        "assess": ("among reviewers only", ["ack assess"]),
        "assess-aloud": ("the reporter is not graded", ["ack assess!aloud"]),
        "lead-alone": ("nobody is left but one", ["ack recuse recuse/wim"]),
        "nobody-left": ("nobody is left", ["ack recuse recuse/wim recuse/olaf"]),
        "packet": ("a packet for a proposal", [f"{PLAN} cal packet:cal"]),
        "packet-free": ("a packet for none", ["ack packet"]),
        "packet-orphan": ("a packet for what is no proposal", ["ack answer packet:answer"]),
        "packet-beside": ("a packet for what its author had not seen", ["ack answer packet!tri", "ack tri"]),
        "note-between": ("`prev` is a note: who follows it has not seen what it follows", [f"{PLAN} disc yes note +:disc!prev"]),
        "label": ("among reviewers only, and no part of any state", ["ack label"]),
        "label-aloud": ("the reporter gets none", ["ack label!aloud"]),
    }  # fmt: skip


def write(story: Any, names: dict[str, str], ends: list[str]) -> list[str]:
    """Write the events of these paths that are not written yet; returns the names of all. After `<`: the last event of the first path
    has to come before those of the others in the order, which is up to the ids and tried; after `>`, behind them; after `?`, before
    them in the plain order."""
    if ends[0] in "<>?":
        for n in range(4, 400):
            path = re.sub(r"(\S*/wim\S*)(?= )", rf"\1%{n}", ends[1]) if ends[0] == "?" else ends[1]
            plan = write(story, names, [path := f"{path}%{n}", *ends[2:]])
            graph = graph_of({story.id(name): story.events[name] for name in plan})
            order = sorted(graph.order, key=graph.place.__getitem__) if ends[0] == "?" else graph.order
            first, *others = (order.index(story.id(grow(story, names, end)[-1])) for end in (path, *ends[2:]))
            if first > max(others) if ends[0] == ">" else first < min(others):
                return plan
        raise AssertionError(ends)
    found = ["report"]
    for end in ends:
        line = grow(story, names, end.removeprefix("-"))
        found += line if not end.startswith("-") else [*line[: len(READ.split()) + 1], line[-1]]
    return list(dict.fromkeys(found))


def grow(story: Any, names: dict[str, str], path: str) -> list[str]:
    """The names of the events of one path, written where they are not yet."""
    line, heads = ["report"], ["report"]
    steps = path[1:] if path.startswith("~") else f"{READ} {path}"
    if "=>" in path:
        left, steps = path.split("=>")
        branches = [grow(story, names, branch) for branch in left.split("|")]
        line, heads = list(dict.fromkeys(itertools.chain(*branches))), [branch[-1] for branch in branches]
    for step in steps.split():
        path = " ".join([*heads, step])
        name = story.paths.setdefault(path, f"{len(story.paths)}-{step}")
        if name not in story.events:
            _say(story, names, name, step, line, heads)
        line, heads = [*line, name], [name]
    return line


def _say(story: Any, names: dict[str, str], name: str, step: str, line: list[str], heads: list[str]) -> None:
    match = re.fullmatch(
        r"(?P<step>[^/:!^%]+)(/(?P<who>\w+))?(:(?P<of>[\w-]+))?(!(?P<odd>\w+))?(\^(?P<week>\d+))?(%(?P<roster>\d+))?", step
    )
    assert match, step
    who, kind, fields = STEPS[match["step"]]
    who, more = match["who"] or who, dict(fields)
    if kind == "assign":
        more |= {"lead": names[match["of"] or more["lead"]], "second": names[more["second"]]}
    elif kind == "cutoff":
        more["of"] = names[match["of"] or more["of"]]
    elif kind == "handover":
        more["to"] = names[more["to"]]
    elif "of" in more or (kind == "packet" and (match["of"] or match["odd"])):
        more["state" if kind == "packet" else "of"] = _about(
            story, names, line, match["of"], match["odd"] if match["odd"] != "prev" else None
        )
    if match["odd"] == "aloud":
        more["audience"] = "all"
    audience = more.get("audience", "reviewers" if kind in ("note", "assess", "assign", "label") else "all")
    author = story.events["report"].author if who == "alice" else names[who]
    own = [each for each in line if story.events[each].author == author and story.events[each].payload["audience"] == audience]
    weeks = [story.events[each].payload["week"] for each in heads]
    said = f"26{match['week']}"[-4:] if match["week"] else ""
    week = f"20{said[:2]}-W{said[2:]}" if said else max(weeks)
    seen = (
        [each for each in line if story.events[each].payload["audience"] == "all"][-1:] if audience == "all" and len(heads) == 1 else heads
    )
    if match["odd"] == "prev":
        seen, own = line[-3:-2], line
    story.later(name, who, kind, " ".join(seen), own[-1] if own else "", week=week, roster=int(match["roster"] or 3), **more)


def _about(story: Any, names: dict[str, str], line: list[str], of: str | None, odd: str | None) -> str:
    """The id of the event that a step is about. odd: one of another path, which its author has not seen."""
    if odd:
        return str(story.id(grow(story, names, {"tri": "ack tri", "disc": f"{PLAN} disc"}[odd])[-1]))
    if of == "nothing":
        return "ab" * 32
    fits = [
        each
        for each in line
        if (re.split("[/:!^%]", each.split("-", 1)[-1])[0] == of if of else story.events[each].kind in ("state", "purge", "hold"))
    ]
    return str(story.id(fits[-1]))
