"""A reviewer's request to be put on the roster, or to be renewed with new open keys: what stewards check (PROTOCOL 8)."""

from collections.abc import Mapping
from typing import Any

from crypto.constants import LABEL_REQUEST, OPEN_KEY_BYTES, VERSION
from crypto.encoding import canonical, hex32, is_hex32, parse_strict, unb64
from crypto.errors import Malformed, Mismatch, WrongVersion
from crypto.event import verify
from crypto.roster import OPEN_KEYS, fold_text
from crypto.schema import Check, code, has, integer, text
from crypto.sealing import seal_letter

REQUEST_KIND = "tellsafe request"


def check_request(data: bytes, programme: bytes) -> dict[str, Any]:
    """The parsed request. Malformed, WrongVersion, Mismatch: another programme; BadKey, BadPoint, BadSignature."""
    value = parse_strict(data)
    if isinstance(value.get("v"), int) and value["v"] != VERSION:
        raise WrongVersion("a request of another version")
    if not has(_REQUEST, value) or not fold_text(value["name"]) or not value["open"]:
        raise Malformed("a request has other names or types")
    if len({entry["quarter"] for entry in value["open"]}) < len(value["open"]):
        raise Malformed("one quarter twice")
    if value["programme"] != programme.hex():
        raise Mismatch("a request to another programme")
    for entry in value["open"]:
        # The surest check of keys that others will seal to is to seal to them.
        seal_letter(programme, hex32(value["find"]), unb64(entry["key"], OPEN_KEY_BYTES), b"")
    verify(hex32(value["sign"]), unb64(value["signature"], 64), request_message(value, programme))
    return value


def request_message(value: Mapping[str, Any], programme: bytes) -> bytes:
    """What the request's signature covers: everything but itself."""
    return LABEL_REQUEST + programme + canonical({name: value[name] for name in value if name != "signature"})


_REQUEST: Mapping[str, Check] = {
    "v": integer(1, 1),
    "kind": code(REQUEST_KIND),
    "name": text(200),
    "sign": is_hex32,
    "find": is_hex32,
    "open": OPEN_KEYS,
    "programme": is_hex32,
    "signature": text(100),
}
