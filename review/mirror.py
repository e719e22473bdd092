"""From public files to opened events: fetch segments, check them, test every clue, open what is ours. No state of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crypto.constants import BLOCK_LETTERS
from crypto.encoding import unb64
from crypto.errors import Mismatch, ProtocolError, Rollback
from crypto.event import Event, parse_event
from crypto.sealing import seal_letter
from crypto.segment import Segment, check_block, check_chain, check_dated, parse_segments, segment_hash
from review import post
from review.vault import Vault


@dataclass(frozen=True)
class Found:
    """What one segment held for us."""

    segment: Segment
    events: tuple[Event, ...]
    poison: int


def new_segments(server: post.Server, head: post.Head, programme: bytes, known: Mapping[int, str], week: str) -> list[Segment]:
    """Segments up to the head that are not in `known` (number -> hash), oldest first, their chain checked against what is known.

    `week` is that of the newest known segment; older weeks never change and are not asked for again.
    """
    newest = max(known, default=0)
    if head.number < newest:
        raise Rollback("the server's newest segment is older than one already seen")
    if head.number == newest:
        if newest and known[newest] != head.hash:
            raise Mismatch("two hashes for one segment number")
        return []
    found: list[Segment] = []
    for name in head.weeks:
        if name >= week:
            found += parse_segments(post.clues(server, name), programme)
    check_chain(found)
    by_number = {segment.number: segment for segment in found if segment.number <= head.number}
    if head.number not in by_number or segment_hash(by_number[head.number]).hex() != head.hash:
        raise Mismatch("the newest segment is not the one the head names")
    for number, segment in by_number.items():
        if number in known and known[number] != segment_hash(segment).hex():
            raise Mismatch("two hashes for one segment number")
        if number - 1 in known and known[number - 1] != segment.previous.hex():
            raise Mismatch("two hashes for one segment number")
    return [by_number[number] for number in sorted(by_number) if number not in known]


def read_segment(server: post.Server, segment: Segment, vault: Vault, programme: bytes, step: Callable[[], None]) -> Found:
    """Fetch every block of the segment (never only the interesting ones: that would tell which they are) and open our letters."""
    matches = set(vault.find_matches(segment.clues, programme))
    events: list[Event] = []
    poison = 0
    for index in range(len(segment.block_hashes)):
        data = post.block(server, segment.number, index)
        for place, letter in enumerate(check_block(segment, index, data)):
            if index * BLOCK_LETTERS + place in matches:
                event, bad = open_one(letter, segment.week, vault, programme)
                events += [event] if event else []
                poison += bad
        step()
    return Found(segment, tuple(events), poison)


def open_one(letter: bytes, week: str, vault: Vault, programme: bytes) -> tuple[Event | None, int]:
    """The event in a letter that matched in a segment of a week, and 1 for one that is broken. A poison letter must never stop the rest."""
    try:
        message = vault.open_letter(letter, programme)
        if not message:
            return None, 0
        event = parse_event(message, programme)
        check_dated(event.payload["week"], week)
        if event.kind == "stub" or (event.kind == "report" and not _usable(event, vault.sign, programme)):
            return None, 1
    except ProtocolError:
        return None, 1
    return event, 0


def _usable(report: Event, sign: str, programme: bytes) -> bool:
    """Whether a report names this reviewer and can be answered: keys nobody can seal to would stop every letter of its case."""
    payload = report.payload
    seal_letter(programme, bytes.fromhex(payload["find"]), unb64(payload["open"]), b"")
    return sign in payload["readers"] or sign in payload["reserves"]
