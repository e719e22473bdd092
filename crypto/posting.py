"""A posting as the server sees it: six letters and a nonce (PROTOCOL 5). No keys, no state."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

from crypto.constants import (
    CLUE_BYTES,
    EFFORT_ITERATIONS,
    LABEL_EFFORT,
    LETTER_BYTES,
    NONCE_BYTES,
    POINT_BYTES,
    POSTING_BYTES,
)
from crypto.errors import Malformed
from crypto.points import check_point


@dataclass(frozen=True)
class Posting:
    """body: as parse_posting let it pass. Its parts are cut out when asked for: the server needs only the Rs, and copies are dear."""

    body: bytes

    @property
    def nonce(self) -> bytes:
        """8 bytes."""
        return self.body[:NONCE_BYTES]

    @property
    def letters(self) -> tuple[bytes, ...]:
        """Six of 16,384 bytes, strictly ascending by R."""
        return self._heads(LETTER_BYTES)

    @property
    def clues(self) -> tuple[bytes, ...]:
        """R and tag of each letter, 40 bytes each."""
        return self._heads(CLUE_BYTES)

    @property
    def rs(self) -> tuple[bytes, ...]:
        """R of each letter, 32 bytes each."""
        return self._heads(POINT_BYTES)

    def _heads(self, size: int) -> tuple[bytes, ...]:
        return tuple(self.body[at : at + size] for at in range(NONCE_BYTES, POSTING_BYTES, LETTER_BYTES))


def parse_posting(body: bytes) -> Posting:
    """Check a posting. Malformed: length or order; BadPoint: an R of section 2. Effort and doubles need state: not here."""
    if len(body) != POSTING_BYTES:
        raise Malformed(f"a posting has {POSTING_BYTES} bytes")
    posting = Posting(body)
    for r in posting.rs:
        check_point(r)
    if any(a >= b for a, b in pairwise(posting.rs)):
        raise Malformed("letters are not strictly ascending")
    return posting


def effort_of(posting: Posting, segment_hash: bytes) -> int:
    """Leading zero bits (0 to 256) of this posting's effort against a segment hash (32 bytes; zeros when there is no segment)."""
    return effort_bits(posting.nonce, hashlib.sha256(posting.body[NONCE_BYTES:]).digest(), segment_hash)


def effort_bits(nonce: bytes, letters_hash: bytes, segment_hash: bytes) -> int:
    """The same from the hash of the letters, which a sender computes once and not at every try."""
    salt = LABEL_EFFORT + segment_hash + letters_hash
    key = hashlib.pbkdf2_hmac("sha256", nonce, salt, EFFORT_ITERATIONS, 32)
    return 256 - int.from_bytes(key, "big").bit_length()
