"""Byte and text encodings: lp, hex, b64, and the one spelling of JSON (PROTOCOL 1 and 6)."""

import base64
import binascii
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from crypto.constants import DEPTH_MAX, INT_MAX
from crypto.errors import Malformed, TooLong

_HEX32 = re.compile(r"[0-9a-f]{64}")
_WEEK = re.compile(r"2[01][0-9]{2}-W[0-9]{2}")


def lp(data: bytes) -> bytes:
    """u16 length, then the bytes. TooLong above 65,535."""
    if len(data) > 0xFFFF:
        raise TooLong("a length-prefixed string has at most 65,535 bytes")
    return len(data).to_bytes(2, "big") + data


def is_hex32(text: object) -> bool:
    """True for 64 lower-case hexadecimal characters."""
    return isinstance(text, str) and _HEX32.fullmatch(text) is not None


def hex32(text: str) -> bytes:
    """The 32 bytes of a hex32, or Malformed."""
    if not is_hex32(text):
        raise Malformed("expected 64 lower-case hexadecimal characters")
    return bytes.fromhex(text)


def is_week(text: object) -> bool:
    """True for a week that the ISO calendar has, of the years 2000 to 2199, as 2026-W47. Weeks compare as text."""
    if not isinstance(text, str) or _WEEK.fullmatch(text) is None:
        return False
    # 28 December is always in the last week of its year.
    return 1 <= int(text[6:]) <= datetime.date(int(text[:4]), 12, 28).isocalendar().week


def weeks_of(week: str) -> int:
    """A week as a number, one more each calendar week."""
    return datetime.date.fromisocalendar(int(week[:4]), int(week[6:]), 1).toordinal() // 7


def b64(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text: str, length: int | None = None) -> bytes:
    """Decode b64; Malformed if it does not re-encode to the same text or has another length than `length`."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise Malformed("not URL-safe base64") from error
    # The decoder skips foreign characters and stray bits: only the round trip is strict.
    if b64(data) != text or (length is not None and len(data) != length):
        raise Malformed("not the one base64 spelling of that many bytes")
    return data


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of the subset of PROTOCOL 6: objects, lists, strings, integers 0 to 2^53-1; else Malformed."""
    try:
        return json.dumps(_ordered(value, 0), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("a lone surrogate is not text") from error


def parse_strict(data: bytes) -> dict[str, Any]:
    """Parse the one spelling of a JSON object; any other spelling, type, depth or number is Malformed."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    # Re-writing settles white space, escapes, order, doubled names and signs in one comparison.
    if not isinstance(value, dict) or canonical(value) != data:
        raise Malformed("not the one spelling of a JSON object")
    return value


def _refuse(text: str) -> NoReturn:
    raise Malformed(f"not an integer from 0 to 2^53-1: {text[:20]}")


def _ordered(value: object, depth: int) -> object:
    """The same value with names in UTF-16 order, as RFC 8785 sorts them; Malformed for anything outside the subset."""
    if isinstance(value, str):
        if "\0" in value:
            raise Malformed("U+0000 is not allowed in a string")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= INT_MAX:
            raise Malformed("an integer is out of range")
        return value
    if depth >= DEPTH_MAX:
        raise Malformed("nested too deeply, or not a JSON value of this protocol")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) and "\0" not in name for name in value):
            raise Malformed("a name is not allowed")
        return {name: _ordered(value[name], depth + 1) for name in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(item, depth + 1) for item in value]
    raise Malformed("null, true, false and fractions are not allowed")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
