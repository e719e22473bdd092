"""Plain words for the codes of the questionnaire, the states and the events."""

from collections.abc import Mapping

from crypto.numbers import CONCERNS
from crypto.wording import WORDING

ABOUT = {**CONCERNS, "X2-OUTSIDE": "Outside our field (pay, harassment, product bugs)"}
STAGE = {
    "L1-TRAIN": "While the model was being trained or fine-tuned",
    "L2-EVAL": "While it was being tested inside the company",
    "L3-INTERNAL": "While staff or internal AI agents used it for real work",
    "L4-STAGING": "While a release was being prepared",
    "L5-EXTPRE": "While outsiders (partners, evaluators, government) had early access",
    "L6-DEPLOYED": "After customers or the public could use it",
    "L7-STORED": "Weights kept but not in use",
    "L9-UNSURE": "Not sure, or not about one model",
}
DANGER = {"NOW": "Someone is in danger now", "ONGOING": "Still going on", "OVER": "Over", "UNSURE": "Not sure"}
BASIS = {"SAW": "Saw it", "READ": "Read documents", "TOLD": "Was told", "INFERRED": "Worked it out"}
KNOWN = {
    "K0": "Not sure (treat as 1 to 5 people)",
    "K1": "1 to 5 people could know this",
    "K2": "6 to 20 people could know this",
    "K3": "21 to 100 people could know this",
    "K4": "More than 100 people could know this",
}
MAY = {
    "ADVISE": "Advise the reporter only",
    "HOLD": "Hold until others report it",
    "ASK": "Look into it, but ask before every outside step",
    "REFER": "May refer to an authority",
    "PUBLISH": "May publish a summary the reporter has seen",
}
STATE = {
    "RECEIVED": "Received",
    "ACKNOWLEDGED": "Acknowledged",
    "ADVICE": "Advice only",
    "TRIAGE": "Triage",
    "NEEDS_INFO": "Question to the reporter",
    "HELD": "Held",
    "REVIEW": "Review",
    "PLAN": "Plan",
    "COORDINATING": "Coordinating with the organisation",
    "REFERRED": "Referred to an authority",
    "DISCLOSED": "Disclosed",
    "CORRECTED": "Correction stated",
    "CLOSED": "Closed",
    "REOPENED": "Reopened",
    "PURGED": "Purged",
    "WITHDRAWN": "Withdrawn",
}
# What the return page leads with; of an outward step that is agreed, until somebody records that it happened; and of an urgent one.
REPORTER_SEES: Mapping[str, str] = WORDING["states"]["now"]
REPORTER_SEES_BEFORE: Mapping[str, str] = WORDING["states"]["agreed"]
REPORTER_SEES_ALONE: str = WORDING["states"]["alone"]
SEVERITY = {
    "S1": "S1 negligible",
    "S2": "S2 minor",
    "S3": "S3 substantial",
    "S4": "S4 severe: loss of control or theft of weights, without mass harm yet",
    "S5": "S5 catastrophic: more than 50 dead or badly hurt, or over a billion dollars",
}
HARM = {"H0": "H0 hazard or near miss", "H1": "H1 people are exposed now", "H2": "H2 harm has happened"}
URGENCY = {
    "U0": "U0 imminent danger to life: the same day",
    "U1": "U1 fast: within 48 hours",
    "U2": "U2 soon: within 7 days",
    "U3": "U3 routine",
}
RISK = {"LOW": "Low", "SOME": "Some", "HIGH": "High"}
CREDIBILITY = {
    "E1": "E1 an independent source says the same",
    "E2": "E2 documents were checked",
    "E3": "E3 first-hand and detailed",
    "E4": "E4 second-hand",
    "E5": "E5 cannot be judged",
}
CORRECTION = {
    "DC-USER": "Restrict who may use the model",
    "DC-RATE": "Limit how often it may be used",
    "DC-CAP": "Limit a capability or feature",
    "DC-USE": "Restrict what it is used for",
    "DC-STOP": "Shut the model down",
    "DC-PAUSE-INT": "Pause internal use",
    "DC-PAUSE-TRAIN": "Pause or hold training",
    "DC-MONITOR": "Restore logging and review",
    "DC-CONTAIN": "Isolate agents and revoke credentials",
    "DC-SECURE": "Secure weights and secrets anew",
    "DC-TEST": "Run or repeat an evaluation with outsiders",
    "DC-NOTIFY": "Notify an authority or those affected",
    "DC-CORRECT": "Correct a public statement",
    "DC-PROTECT": "Undo retaliation, waive gag terms",
}
CORRECTION_STATUS = {
    "ASKED": "asked for",
    "ACKNOWLEDGED": "acknowledged by the company",
    "CLAIMED": "done, the company says",
    "VERIFIED": "verified",
    "DECLINED": "declined",
}
CONCERN = {
    "A": "Secrecy and testing",
    "B": "Security and people",
    "C": "Model behaviour and control",
    "D": "Honesty and accountability",
    "X": "Other",
}
REASON = {
    "ACTION": "Correction confirmed",
    "CLAIMED": "Correction stated by the company, not verified",
    "REFERRED-DONE": "Referred, and nothing more for us to do",
    "PUBLISHED": "Published",
    "ADVISED": "We gave the advice that was asked for",
    "NOT-ENOUGH": "We cannot take it further",
    "NOT-SUPPORTED": "Checked, and not supported",
    "UNSAFE": "Acting would expose the reporter",
    "DUPLICATE": "The same matter is followed in another case; whoever wrote this one is answered here",
    "NO-REPLY": "No reply for 90 days and nothing we can act on",
    "WITHDRAWN": "Withdrawn by the reporter",
    "OUT-OF-SCOPE": "Outside our field; we pointed elsewhere",
    "SPAM": "Spam",
}
VOID = {
    "author": "signed by someone who has no part in this case",
    "audience": "sent to the wrong circle of readers",
    "parents": "refers to something its readers may not know",
    "week": "dated before what it answers",
    "state": "a change of state that is not possible from there",
    "recused": "said after stepping back from the case",
    "cutoff": "by somebody who was cut off, and nobody else knew of it before",
    "handover": "a hand-over that was not possible then",
    "assign": "names somebody who does not read the case",
    "orphan": "names nothing that its author had received",
    "same": "one person cannot be both signatures",
    "consent": "the reporter's consent does not reach so far",
    "retracted": "who proposed it took it back",
    "packet": "the reporter was shown no text for the public",
    "unread": "by a reader who had not yet said that they have no conflict",
    "triage": "the triage was not recorded before",
    "legal": "no lawyer had read the text as it stood",
    "correction": "the correction that it rests on was not put down before",
    "reason": "nothing recorded in the case bore out the reason",
    "date": "the date lies outside what is allowed",
}
KIND = {
    "report": "Report",
    "part": "More of the report",
    "reply": "Reporter wrote",
    "choice": "Reporter changed what reviewers may do",
    "withdraw": "Reporter withdrew the report",
    "received": "Opened",
    "answer": "Answer to the reporter",
    "note": "Private note",
    "state": "State changed",
    "summary": "Summary sent to the reporter",
    "recuse": "Stepped back from the case",
    "handover": "Handed the case on",
    "cutoff": "Cut off",
    "evaluator": "Evaluator's findings added",
    "endorse": "Second signature",
    "done": "Done",
    "legal": "Read by a lawyer",
    "knew": "When the company first knew",
    "confirm": "Reporter answered a proposal",
    "triage": "Triage",
    "assess": "Credibility",
    "assign": "Lead and second",
    "correction": "Correction",
    "packet": "Packet",
    "purge": "Purge proposed",
    "hold": "Legal hold proposed",
    "retract": "Proposal taken back",
    "label": "Counted for the public numbers",
}


STATUS = {
    "suspended": "suspended",
    "notice": "not on duty yet",
    "revoked": "revoked",
    "expired": "card expired",
    "paused": "paused",
    "waiting": "not on the roster any more",
}
GONE = {"recused": "stepped back", "cutoff": "cut off"}


def label(table: Mapping[str, str], code: str) -> str:
    """The plain words for a code; a code from a later list stays as it is."""
    return table.get(code, code)
