"""Labels: what the statistician learns of a report, its codes and its week, under two reviewers' signatures.

Not an event of a case: no reporter ever gets one. A label travels in a letter like any other, sealed to the programme's statistician.
"""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crypto import constants as c
from crypto.encoding import b64, canonical, hex32, is_hex32, is_week, parse_strict, unb64
from crypto.errors import Malformed, Threshold, WrongVersion
from crypto.event import verify
from crypto.schema import Check, code, has, integer, items, shaped, text
from crypto.sealing import hkdf

LABEL_LABEL = b"tellsafe/1 label"
NO_SHOPPER = "no"
OUTSIDE = "X2-OUTSIDE"  # not our field: pointed elsewhere at triage, and counted nowhere
CONCERNS = tuple(code for code in c.ABOUT_CODES if code != OUTSIDE)
OUTCOMES = ("ACTED", "REFERRED-OR-PUBLISHED", "NOT-FURTHER", "NOT-SUPPORTED", "OTHER")
# How a case first closed, as the outcome table says it. SPAM is not here: it has no label.
OUTCOME_OF: Mapping[str, str] = {
    "ACTION": "ACTED",
    "CLAIMED": "ACTED",
    "REFERRED-DONE": "REFERRED-OR-PUBLISHED",
    "PUBLISHED": "REFERRED-OR-PUBLISHED",
    "NOT-ENOUGH": "NOT-FURTHER",
    "UNSAFE": "NOT-FURTHER",
    "NO-REPLY": "NOT-FURTHER",
    "NOT-SUPPORTED": "NOT-SUPPORTED",
    "ADVISED": "OTHER",
    "DUPLICATE": "OTHER",
    "WITHDRAWN": "OTHER",
    "OUT-OF-SCOPE": "OTHER",
}
SIGNERS = 2


@dataclass(frozen=True)
class Label:
    """A checked label. report: hex32; week: of the report; shopper: "no" or the hex32 tag; code, stage in T1, outcome in T2, else ""."""

    table: str
    report: str
    week: str
    shopper: str
    code: str = ""
    stage: str = ""
    outcome: str = ""


def report_id(case_id: str, programme: bytes) -> str:
    """The name (hex32) of a report in labels: the same in both tables, and nothing to whoever does not hold the case id (hex32).

    The reporter and everyone who read the case can compute it.
    """
    return hkdf(hex32(case_id), programme, LABEL_LABEL, 32).hex()


def intake_label(report: str, week: str, concern: str, stage: str, shopper: str = NO_SHOPPER) -> bytes:
    """The label of table T1, when triage ends: the reviewers' primary code (one of CONCERNS) and stage. Malformed."""
    return label_bytes({**_head("T1", report, week, shopper), "code": concern, "stage": stage})


def outcome_label(report: str, week: str, outcome: str, shopper: str = NO_SHOPPER) -> bytes:
    """The label of table T2, when a case first closes: `outcome` is OUTCOME_OF the closing reason. Malformed."""
    return label_bytes({**_head("T2", report, week, shopper), "outcome": outcome})


def label_bytes(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a label. Malformed or WrongVersion."""
    _check(value)
    return canonical(value)


def label_message(data: bytes, programme: bytes) -> bytes:
    """What each of the two reviewers signs with Ed25519."""
    return LABEL_LABEL + programme + data


def endorsed(data: bytes, signatures: Mapping[str, bytes]) -> bytes:
    """The message of a letter to the statistician: a label and two signatures (64 bytes) by sign key (hex32), the lead's first."""
    signed = [{"key": key, "sig": b64(signature)} for key, signature in signatures.items()]
    return canonical({"label": b64(data), "signatures": signed})


def check_label(message: bytes, programme: bytes, reviewers: Collection[str]) -> Label:
    """The label in a letter. `reviewers`: sign keys (hex32) that may sign now.

    Malformed, WrongVersion, BadKey, BadSignature, or Threshold: not two different ones of the reviewers.
    """
    whole = parse_strict(message)
    if not has(_ENDORSED, whole):
        raise Malformed("not a label with two signatures")
    data = unb64(whole["label"])
    value = parse_strict(data)
    _check(value)
    keys = [each["key"] for each in whole["signatures"]]
    if len(set(keys)) != SIGNERS or not set(keys) <= set(reviewers):
        raise Threshold("a label needs the signatures of two different active reviewers")
    for each in whole["signatures"]:
        verify(hex32(each["key"]), unb64(each["sig"], 64), label_message(data, programme))
    return Label(**{name: value[name] for name in value if name not in ("v", "kind")})


def thursday(week: str) -> datetime.date:
    """The day that decides to which year and quarter an ISO week belongs."""
    return datetime.date.fromisocalendar(int(week[:4]), int(week[6:]), 4)


def _head(table: str, report: str, week: str, shopper: str) -> dict[str, Any]:
    return {"v": c.VERSION, "kind": "label", "table": table, "report": report, "week": week, "shopper": shopper}


def _check(value: Mapping[str, Any]) -> None:
    if isinstance(value.get("v"), int) and value["v"] != c.VERSION:
        raise WrongVersion("a label of another version")
    table = value.get("table")
    if not isinstance(table, str) or table not in _LABELS or not has(_LABELS[table], value):
        raise Malformed("a label with other names, types or codes")


def _shopper(value: Any) -> bool:
    return value == NO_SHOPPER or is_hex32(value)


_EVERY: Mapping[str, Check] = {
    "v": integer(1, 1),
    "kind": code("label"),
    "report": is_hex32,
    "week": is_week,
    "shopper": _shopper,
}
_LABELS: Mapping[str, Mapping[str, Check]] = {
    "T1": {**_EVERY, "table": code("T1"), "code": code(*CONCERNS), "stage": code(*c.STAGE_CODES)},
    "T2": {**_EVERY, "table": code("T2"), "outcome": code(*OUTCOMES)},
}
_ENDORSED: Mapping[str, Check] = {
    "label": text(2000),
    "signatures": items(shaped({"key": is_hex32, "sig": text(100)}), SIGNERS, SIGNERS),
}
