"""Segments, blocks and the cover of a reporter's fetches (PROTOCOL 7)."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crypto.constants import (
    BLOCK_LETTERS,
    CLUE_BYTES,
    COVER_BLOCKS_MIN,
    INT_MAX,
    LABEL_COVER,
    LABEL_SEGMENT,
    LETTER_BYTES,
    POINT_BYTES,
    ZERO32,
)
from crypto.encoding import is_week, weeks_of
from crypto.errors import Malformed, Mismatch

Block = tuple[int, int]  # (segment number, block number in it)

_HEADER = len(LABEL_SEGMENT) + 32 + 8 + 8 + 32 + 4


@dataclass(frozen=True)
class Segment:
    """One tick: programme 32 bytes, number >= 1, week, previous hash 32 bytes, clues of 40 bytes by R, one hash per 16 letters."""

    programme: bytes
    number: int
    week: str
    previous: bytes
    clues: tuple[bytes, ...]
    block_hashes: tuple[bytes, ...]


def build_segment(programme: bytes, number: int, week: str, previous: bytes, letters: Sequence[bytes]) -> tuple[Segment, list[bytes]]:
    """A segment of whole letters (any order) and its blocks in order. Malformed: no letters, a wrong length, an R twice."""
    ordered = sorted(letters)
    if any(len(letter) != LETTER_BYTES for letter in ordered):
        raise Malformed(f"a letter has {LETTER_BYTES} bytes")
    blocks = [b"".join(ordered[i : i + BLOCK_LETTERS]) for i in range(0, len(ordered), BLOCK_LETTERS)]
    clues = tuple(letter[:CLUE_BYTES] for letter in ordered)
    segment = Segment(programme, number, week, previous, clues, tuple(block_hash(block) for block in blocks))
    _check(segment)
    return segment, blocks


def block_hash(block: bytes) -> bytes:
    """H of a whole block."""
    return hashlib.sha256(block).digest()


def encode(segment: Segment) -> bytes:
    """The bytes of a segment."""
    head = LABEL_SEGMENT + segment.programme + segment.number.to_bytes(8, "big") + segment.week.encode("ascii") + segment.previous
    return head + len(segment.clues).to_bytes(4, "big") + b"".join(segment.clues) + b"".join(segment.block_hashes)


def segment_hash(segment: Segment) -> bytes:
    """H of the bytes of a segment."""
    return hashlib.sha256(encode(segment)).digest()


def parse_segments(data: bytes, programme: bytes) -> list[Segment]:
    """The segments of a clues file, one after another. Malformed: any other bytes; Mismatch: another programme."""
    segments: list[Segment] = []
    at = 0
    while at < len(data):
        segment = _parse(data, at)
        if segment.programme != programme:
            raise Mismatch("a segment of another programme")
        _check(segment)
        segments.append(segment)
        at += _size(len(segment.clues))
    return segments


def check_chain(segments: Sequence[Segment], head: tuple[int, bytes] | None = None) -> None:
    """Mismatch unless numbers follow by one, each names the hash before it, weeks do not go back, and the newest is `head`."""
    for before, after in pairwise(segments):
        if after.number != before.number + 1 or after.previous != segment_hash(before) or after.week < before.week:
            raise Mismatch(f"segment {after.number} does not follow segment {before.number}")
    if segments and segments[0].number == 1 and segments[0].previous != ZERO32:
        raise Mismatch("the first segment names one before it")
    if head is not None and (not segments or (segments[-1].number, segment_hash(segments[-1])) != head):
        raise Mismatch("the newest segment is not the one of head.json")


def check_block(segment: Segment, number: int, block: bytes) -> list[bytes]:
    """The letters of block `number`, after comparing its hash and its clues with the segment; Mismatch if either differs."""
    if not 0 <= number < len(segment.block_hashes) or block_hash(block) != segment.block_hashes[number]:
        raise Mismatch(f"block {number} of segment {segment.number} is not the one promised")
    letters = [block[i : i + LETTER_BYTES] for i in range(0, len(block), LETTER_BYTES)]
    clues = segment.clues[number * BLOCK_LETTERS : (number + 1) * BLOCK_LETTERS]
    # A hash promises bytes, not that they are the letters of these clues.
    if len(block) % LETTER_BYTES or tuple(letter[:CLUE_BYTES] for letter in letters) != clues:
        raise Mismatch(f"block {number} of segment {segment.number} has other letters than the segment says")
    return letters


def check_dated(week: str, published: str) -> None:
    """Malformed for an event of a week more than one after that of the segment it came in: all that follows would be dated as late."""
    if weeks_of(week) > weeks_of(published) + 1:
        raise Malformed(f"an event of {week} in a segment of {published}")


def cover_blocks(cover_key: bytes, all_blocks: Sequence[Block], matched: Collection[Block]) -> list[Block]:
    """The blocks a reporter asks for, ascending: the matched and others, at least 4 and a power of two, or all there are."""
    wanted = set(matched)
    target = COVER_BLOCKS_MIN
    while target < len(wanted):
        target *= 2
    others = sorted((block for block in set(all_blocks) if block not in wanted), key=lambda block: _rank(cover_key, block))
    return sorted(wanted | set(others[: target - len(wanted)]))


def _rank(cover_key: bytes, block: Block) -> bytes:
    number, index = block
    return hashlib.sha256(LABEL_COVER + cover_key + number.to_bytes(8, "big") + index.to_bytes(4, "big")).digest()


def _blocks(count: int) -> int:
    return -(-count // BLOCK_LETTERS)


def _size(count: int) -> int:
    return _HEADER + count * CLUE_BYTES + _blocks(count) * 32


def _parse(data: bytes, start: int) -> Segment:
    """The segment that starts there, unchecked but for its frame. Takes no longer the more there is behind it."""
    clues_at = start + _HEADER
    if len(data) < clues_at or not data.startswith(LABEL_SEGMENT, start):
        raise Malformed("not a segment")
    at = start + len(LABEL_SEGMENT)
    programme, number = data[at : at + 32], int.from_bytes(data[at + 32 : at + 40], "big")
    week, previous = data[at + 40 : at + 48].decode("ascii", "replace"), data[at + 48 : at + 80]
    count = int.from_bytes(data[clues_at - 4 : clues_at], "big")
    if len(data) < start + _size(count):
        raise Malformed("a segment is cut short")
    hashes_at = clues_at + count * CLUE_BYTES
    clues = tuple(data[i : i + CLUE_BYTES] for i in range(clues_at, hashes_at, CLUE_BYTES))
    hashes = tuple(data[i : i + 32] for i in range(hashes_at, start + _size(count), 32))
    return Segment(programme, number, week, previous, clues, hashes)


def _check(segment: Segment) -> None:
    if not segment.clues or not 1 <= segment.number <= INT_MAX or not is_week(segment.week):
        raise Malformed("a segment without letters, number or week")
    if len(segment.programme) != 32 or len(segment.previous) != 32:
        raise Malformed("a programme or previous hash has 32 bytes")
    if any(a[:POINT_BYTES] >= b[:POINT_BYTES] for a, b in pairwise(segment.clues)):
        raise Malformed("clues are not strictly ascending")
