"""Finding and opening letters (PROTOCOL 4)."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.bindings import crypto_scalarmult_base

from crypto.constants import CLUE_BYTES, EVENT_MAX, LETTER_BYTES, POINT_BYTES
from crypto.errors import BadPadding, BadPoint, Malformed, NotForUs
from crypto.points import check_point
from crypto.sealing import SUITE, letter_info, tag_of, xwing_private


def find_public_of(find_secret: bytes) -> bytes:
    """The X25519 public value (32 bytes) of a find key."""
    return bytes(crypto_scalarmult_base(find_secret))


def find_matches(find_secret: bytes, clues: Sequence[bytes], programme: bytes) -> list[int]:
    """Indexes of the clues (40 bytes each) that are for this find key. A bad R is skipped, never an error."""
    find = find_public_of(find_secret)
    # One key object for the whole batch: X25519 is nearly all of a scan, and this is the quickest of the libraries at hand.
    key = X25519PrivateKey.from_private_bytes(find_secret)
    return [index for index, clue in enumerate(clues) if _matches(key, find, clue, programme)]


def _matches(key: X25519PrivateKey, find: bytes, clue: bytes, programme: bytes) -> bool:
    point = clue[:POINT_BYTES]
    try:
        check_point(point)
        secret = key.exchange(X25519PublicKey.from_public_bytes(point))
    except (BadPoint, ValueError):  # ValueError: the shared secret is zero
        return False
    return tag_of(secret, programme, point, find) == clue[POINT_BYTES:]


def open_letter(letter: bytes, find_secret: bytes, open_seed: bytes, programme: bytes) -> bytes:
    """The event bytes of a letter (empty: cover). Malformed: length; BadPoint: R; NotForUs; BadPadding."""
    if len(letter) != LETTER_BYTES:
        raise Malformed(f"a letter has {LETTER_BYTES} bytes")
    point = letter[:POINT_BYTES]
    check_point(point)
    info = letter_info(programme, point, find_public_of(find_secret))
    try:
        plain = SUITE.decrypt(letter[CLUE_BYTES:], xwing_private(open_seed), info=info)
    except (InvalidTag, ValueError) as error:
        raise NotForUs("this key does not open the letter") from error
    length = int.from_bytes(plain[:4], "big")
    if length > EVENT_MAX or any(plain[4 + length :]):
        raise BadPadding("a letter's length or padding is wrong")
    return plain[4 : 4 + length]
