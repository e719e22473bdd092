"""Signed events and the exact shape of their payloads (PROTOCOL 6)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from crypto import constants as c
from crypto.encoding import canonical, is_hex32, is_week, parse_strict, unb64
from crypto.errors import BadSignature, Malformed, TooLong, WrongVersion
from crypto.points import check_signing_key

_HEAD = 96  # signature 64, author 32
_ORDER = 2**252 + 27742317777372353535851937790883648493  # L, the order of the Ed25519 group

Check = Callable[[Any], bool]


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
    if not _has(_KINDS[kind], payload):
        raise Malformed(f"a payload of kind {kind} has other names or types")
    if kind == "state" and (payload["to"] == "CLOSED") != (payload["reason"] != c.NO_REASON):
        raise Malformed("closing, and only closing, has a reason")


def audience_of(kind: str) -> str:
    """The audience that events of this kind must have."""
    return "reviewers" if kind == "note" else "all"


def _has(shape: Mapping[str, Check], value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == shape.keys() and all(check(value[name]) for name, check in shape.items())


def _int(low: int = 0, high: int = c.INT_MAX) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _text(limit: int) -> Check:
    return lambda value: isinstance(value, str) and len(value.encode("utf-8", "surrogatepass")) <= limit


def _code(*codes: str) -> Check:
    return lambda value: isinstance(value, str) and value in codes


def _list(item: Check, low: int, high: int, distinct: bool = False) -> Check:
    return lambda value: (
        isinstance(value, list)
        and low <= len(value) <= high
        and all(item(entry) for entry in value)
        and not (distinct and len(set(value)) < len(value))
    )


def _parents(value: Any) -> bool:
    return _list(is_hex32, 1, c.PARENTS_MAX, distinct=True)(value) and sorted(value) == value


def _seen(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _int()(value[0]) and is_hex32(value[1])


def _open_key(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(unb64(value, c.OPEN_KEY_BYTES)) > 0
    except Malformed:
        return False


_ANSWERS: Mapping[str, Check] = {
    "about": _list(_code(*c.ABOUT_CODES), 1, 3, distinct=True),
    "stage": _code(*c.STAGE_CODES),
    "organisation": _text(200),
    "danger": _code(*c.DANGER_CODES),
    "basis": _code(*c.BASIS_CODES),
    "known": _code(*c.KNOWN_CODES),
    "raised": _text(2000),
    "may": _code(*c.MAY_CODES),
    "promise": _text(2000),
}
_EVERY: Mapping[str, Check] = {
    "v": _int(1, 1),
    "kind": _text(20),
    "week": is_week,
    "seen": _seen,
    "roster": _int(),
    "audience": _code(*c.AUDIENCES),
}
_LATER: Mapping[str, Check] = {**_EVERY, "case": is_hex32, "prev": _list(is_hex32, 0, 1), "parents": _parents}
_CONTACT: Mapping[str, Check] = {
    "find": is_hex32,
    "open": _open_key,
    "readers": _list(is_hex32, c.READERS_MIN, c.READERS),
    "reserves": _list(is_hex32, 0, c.RESERVES_MAX),
    "selfcopy": _code(*c.SELFCOPY_CODES),
}
_TEXT: Mapping[str, Check] = {"text": _text(c.TEXT_MAX)}
_REPORTER: Mapping[str, Mapping[str, Check]] = {
    "report": {**_EVERY, **_CONTACT, **_TEXT, "answers": lambda value: _has(_ANSWERS, value), "parts": _int(0, c.PARTS_MAX)},
    "stub": {**_EVERY, **_CONTACT, "case": is_hex32},
    "part": {**_LATER, **_TEXT, "n": _int(1, c.PARTS_MAX)},
    "reply": {**_LATER, **_TEXT},
    "choice": {**_LATER, "may": _code(*c.MAY_CODES)},
    "withdraw": _LATER,
}
_REVIEWER: Mapping[str, Mapping[str, Check]] = {
    "received": _LATER,
    "answer": {**_LATER, **_TEXT},
    "note": {**_LATER, **_TEXT},
    "state": {**_LATER, "to": _code(*c.STATE_TARGETS), "reason": _code(c.NO_REASON, *c.CLOSE_REASONS), "text": _text(4000)},
    "summary": {**_LATER, "state": _code(*c.STATES), "due": is_week, "talk": _list(is_hex32, 0, c.TALK_MAX)},
}
_KINDS = {**_REPORTER, **_REVIEWER}
REPORTER_KINDS = frozenset(_REPORTER)
REVIEWER_KINDS = frozenset(_REVIEWER)
