"""Signed events and the exact shape of their payloads (PROTOCOL 6)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from crypto import constants as c
from crypto.encoding import canonical, hex32, is_hex32, is_week, parse_strict, unb64
from crypto.errors import BadSignature, Malformed, TooLong, WrongVersion
from crypto.points import check_signing_key
from crypto.schema import Check, code, has, integer, items, shaped, text

_FIELD = re.compile(r"[a-z_]{1,40}")
_HEAD = 96  # signature 64, author 32
_ORDER = 2**252 + 27742317777372353535851937790883648493  # L, the order of the Ed25519 group


@dataclass(frozen=True)
class Event:
    """A checked event. id and author are hex32; payload as parsed; raw is signature, author and payload bytes."""

    id: str
    author: str
    payload: Mapping[str, Any] = field(hash=False)
    raw: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        return str(self.payload["kind"])


def event_id(author: bytes, payload: bytes, programme: bytes) -> str:
    """The hex32 id of an event; the signature is not part of it."""
    return hashlib.sha256(c.LABEL_EVENT_ID + programme + author + payload).hexdigest()


def parse_event(raw: bytes, programme: bytes) -> Event:
    """Check everything about an event that needs no other event. Malformed, BadKey, BadSignature or WrongVersion."""
    if not _HEAD < len(raw) <= c.EVENT_MAX:
        raise Malformed("an event is too short or too long")
    signature, author, data = raw[:64], raw[64:_HEAD], raw[_HEAD:]
    verify(author, signature, c.LABEL_EVENT + programme + data)
    payload = parse_strict(data)
    check_payload(payload)
    check_evaluator(payload, programme)
    return Event(event_id(author, data, programme), author.hex(), payload, raw)


def verify(author: bytes, signature: bytes, message: bytes) -> None:
    """Ed25519 by PROTOCOL 2: our own byte checks first (BadKey, BadSignature), then the library's (BadSignature)."""
    check_signing_key(author)
    check_signing_key(signature[:32])
    if int.from_bytes(signature[32:], "little") >= _ORDER:
        raise BadSignature("the signature's S is not reduced")
    try:
        VerifyKey(author).verify(message, signature)
    except (CryptoError, ValueError) as error:
        raise BadSignature("the signature does not verify") from error


def check_evaluator(payload: Mapping[str, Any], programme: bytes) -> None:
    """BadKey or BadSignature if a payload of kind `evaluator` lacks the evaluator's own signature for this case."""
    if payload["kind"] == "evaluator":
        verify(hex32(payload["evaluator"]), unb64(payload["signature"], 64), evaluator_message(payload["case"], programme))


def evaluator_message(case_id: str, programme: bytes) -> bytes:
    """What an evaluator signs to take up a case (hex32)."""
    return c.LABEL_EVALUATOR + programme + hex32(case_id)


def payload_bytes(payload: Mapping[str, Any]) -> bytes:
    """The one spelling of a checked payload. Malformed, WrongVersion, or TooLong above PAYLOAD_MAX."""
    data = canonical(payload)
    check_payload(payload)
    if len(data) > c.PAYLOAD_MAX:
        raise TooLong(f"a payload has at most {c.PAYLOAD_MAX} bytes")
    return data


def check_payload(payload: Mapping[str, Any]) -> None:
    """WrongVersion, or Malformed unless the payload has exactly the names and types of its kind."""
    version = payload.get("v")
    if isinstance(version, int) and version != c.VERSION:
        raise WrongVersion(f"version {version} of the protocol")
    kind = payload.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise Malformed("an event of no known kind")
    if not has(_KINDS[kind], payload):
        raise Malformed(f"a payload of kind {kind} has other names or types")
    if kind == "state" and (payload["to"] == "CLOSED") != (payload["reason"] != c.NO_REASON):
        raise Malformed("closing, and only closing, has a reason")
    if kind == "assign" and payload["lead"] == payload["second"]:
        raise Malformed("the lead and the second are two people")


def audience_of(kind: str) -> str:
    """The audience that events of this kind must have; a `cutoff` may have either."""
    return "reviewers" if kind in ("note", "assess", "assign", "label") else "all"


def _parents(value: Any) -> bool:
    return items(is_hex32, 1, c.PARENTS_MAX, distinct=True)(value) and sorted(value) == value


def _seen(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and integer()(value[0]) and is_hex32(value[1])


def _or_empty(check: Check) -> Check:
    return lambda value: value == "" or check(value)


def _fields(value: Any) -> bool:
    """The filled-in form of a packet: at most FIELDS_MAX plain names, each with a text."""
    return (
        isinstance(value, Mapping)
        and len(value) <= c.FIELDS_MAX
        and all(_FIELD.fullmatch(name) is not None and text(4000)(said) for name, said in value.items())
    )


def _b64(length: int) -> Check:
    def check(value: Any) -> bool:
        try:
            return isinstance(value, str) and len(unb64(value, length)) == length
        except Malformed:
            return False

    return check


_ANSWERS: Mapping[str, Check] = {
    "about": items(code(*c.ABOUT_CODES), 1, 3, distinct=True),
    "stage": code(*c.STAGE_CODES),
    "organisation": text(200),
    "danger": code(*c.DANGER_CODES),
    "basis": code(*c.BASIS_CODES),
    "known": code(*c.KNOWN_CODES),
    "raised": text(2000),
    "may": code(*c.MAY_CODES),
    "promise": text(2000),
}
_EVERY: Mapping[str, Check] = {
    "v": integer(1, 1),
    "kind": text(20),
    "week": is_week,
    "seen": _seen,
    "roster": integer(),
    "audience": code(*c.AUDIENCES),
}
_LATER: Mapping[str, Check] = {**_EVERY, "case": is_hex32, "prev": items(is_hex32, 0, 1), "parents": _parents}
_CONTACT: Mapping[str, Check] = {
    "find": is_hex32,
    "open": _b64(c.OPEN_KEY_BYTES),
    "readers": items(is_hex32, c.READERS_MIN, c.READERS, distinct=True),
    "reserves": items(is_hex32, 0, c.RESERVES_MAX),
    "selfcopy": code(*c.SELFCOPY_CODES),
}
_TEXT: Mapping[str, Check] = {"text": text(c.TEXT_MAX)}
_REPORTER: Mapping[str, Mapping[str, Check]] = {
    "report": {**_EVERY, **_CONTACT, **_TEXT, "answers": shaped(_ANSWERS), "parts": integer(0, c.PARTS_MAX)},
    "stub": {**_EVERY, **_CONTACT, "case": is_hex32},
    "part": {**_LATER, **_TEXT, "n": integer(1, c.PARTS_MAX)},
    "reply": {**_LATER, **_TEXT},
    "choice": {**_LATER, "may": code(*c.MAY_CODES)},
    "confirm": {**_LATER, "of": is_hex32, "agree": code(*c.YES_NO), "warned": code(*c.YES_NO)},
    "withdraw": _LATER,
    "evaluator": {
        **_LATER,
        "evaluator": is_hex32,
        "signature": _b64(64),
        "method": text(4000),
        "access": text(2000),
        "steps": text(4000),
        "wishes": text(1000),
    },
}
_REVIEWER: Mapping[str, Mapping[str, Check]] = {
    "received": _LATER,
    "answer": {**_LATER, **_TEXT},
    "note": {**_LATER, **_TEXT},
    "state": {
        **_LATER,
        "to": code(*c.STATE_TARGETS),
        "reason": code(c.NO_REASON, *c.CLOSE_REASONS),
        "text": text(4000),
        "until": _or_empty(is_week),
        "whom": text(200),
        "urgent": code(*c.YES_NO),
    },
    "endorse": {**_LATER, "of": is_hex32},
    "retract": {**_LATER, "of": is_hex32},
    "done": {**_LATER, "of": is_hex32, "text": text(4000)},
    "legal": {**_LATER, "of": is_hex32, "text": text(4000)},
    "knew": {**_LATER, "since": is_week, "text": text(4000)},
    "purge": _LATER,
    "hold": {**_LATER, "on": code(*c.YES_NO), "text": text(4000)},
    "triage": {
        **_LATER,
        "code": code(*c.ABOUT_CODES),
        "also": items(code(*c.ABOUT_CODES), 0, 2, distinct=True),
        "stage": code(*c.STAGE_CODES),
        "severity": code(*c.SEVERITY_CODES),
        "harm": code(*c.HARM_CODES),
        "urgency": code(*c.URGENCY_CODES),
        "known": code(*c.KNOWN_CODES),
        "risk": code(*c.RISK_CODES),
    },
    "assess": {**_LATER, "credibility": code(*c.CREDIBILITY_CODES), "text": text(4000)},
    "assign": {**_LATER, "lead": is_hex32, "second": is_hex32},
    "label": {**_LATER, "table": code("T1", "T2"), "label": text(2000), "signature": _b64(64)},
    "correction": {**_LATER, "code": code(*c.CORRECTION_CODES), "status": code(*c.CORRECTION_STATUSES), "text": text(2000)},
    "packet": {**_LATER, "to": code(*c.PACKET_TARGETS), "state": _or_empty(is_hex32), "fields": _fields},
    "summary": {
        **_LATER,
        "state": code(*c.STATES),
        "due": is_week,
        "again": items(is_hex32, 0, c.AGAIN_MAX),
        "older": items(is_hex32, 0, c.OLDER_MAX),
    },
    "recuse": _LATER,
    "handover": {**_LATER, "to": is_hex32},
    "cutoff": {**_LATER, "of": is_hex32},
}
_KINDS = {**_REPORTER, **_REVIEWER}
REPORTER_KINDS = frozenset(_REPORTER)
REVIEWER_KINDS = frozenset(_REVIEWER)
