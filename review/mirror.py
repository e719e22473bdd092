"""From public files to opened events: fetch segments, check them, test every clue, open what is ours. No state of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from crypto.constants import BLOCK_LETTERS, RETENTION_WEEKS
from crypto.encoding import unb64
from crypto.errors import Mismatch, ProtocolError, Rollback
from crypto.event import Event, parse_event
from crypto.roster import Roster
from crypto.sealing import seal_letter
from crypto.segment import Segment, check_block, check_chain, check_dated, parse_segments, segment_hash
from review import clock, post
from review.vault import Vault

GONE = (
    "Segments {} to {} are gone: this workstation was away for longer than the 26 weeks that the server keeps. What they held of your "
    "cases is not here. Ask another reader of each case to send it again."
)
OLDEST = (
    "The server offers nothing before segment {}, of week {}, although it is to keep 26 weeks. Ask another reviewer whether anything was "
    "published in the weeks before. If so, the server hides it: tell the stewards."
)


@dataclass(frozen=True)
class Found:
    """What one segment held for us."""

    segment: Segment
    events: tuple[Event, ...]
    poison: int


def new_segments(
    server: post.Server, head: post.Head, programme: bytes, known: Mapping[int, str], week: str, looked: Collection[str]
) -> list[Segment]:
    """Segments up to the head that are not in `known` (number -> hash), oldest first, their chain checked against what is known.

    `week` is that of the newest known segment; older weeks never change and are not asked for again. But while a number is missing, weeks
    not yet `looked` through are: they may hold it.
    """
    newest = max(known, default=0)
    if head.number < newest:
        raise Rollback("the server's newest segment is older than one already seen")
    if head.number == newest:
        if newest and known[newest] != head.hash:
            raise Mismatch("two hashes for one segment number")
        return []
    start = min([week, *(name for name in head.weeks if len(known) < newest and name not in looked)])
    found: list[Segment] = []
    for name in head.weeks:
        if name >= start:
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


def left_out(segments: Sequence[Segment], known: Mapping[int, str], week: str, today: str) -> str:
    """What to tell of segments missing before these new ones; "" if none are. Mismatch unless they can be past the server's retention.

    `week` is that of the newest known segment, `today` the present one.
    """
    newest, first = max(known, default=0), segments[0]
    kept = clock.add_weeks(today, 1 - RETENTION_WEEKS)  # one week of patience with clocks
    if first.number <= newest + 1 or (not known and first.week <= kept):
        return ""
    if not known:
        return OLDEST.format(first.number, first.week)
    if week >= kept:
        raise Mismatch(f"segments {newest + 1} to {first.number - 1} are left out")
    return GONE.format(newest + 1, first.number - 1)


def saw_another(event: Event, known: Mapping[int, str], number: int) -> bool:
    """Whether the author of an event in segment `number` saw other segments than the `known` ones before it (number -> hash)."""
    seen, digest = event.payload["seen"]
    return bool(seen >= number or known.get(seen, digest) != digest)


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


def is_known(event: Event, roster: Roster) -> bool:
    """Whether all whom a report names are reviewers on the roster (PROTOCOL 8): else its sender could be the second of two who sign."""
    return event.kind != "report" or {*event.payload["readers"], *event.payload["reserves"]} <= {each.sign for each in roster.reviewers}


def _usable(report: Event, sign: str, programme: bytes) -> bool:
    """Whether a report names this reviewer and can be answered: keys nobody can seal to would stop every letter of its case."""
    payload = report.payload
    seal_letter(programme, bytes.fromhex(payload["find"]), unb64(payload["open"]), b"")
    return sign in payload["readers"] or sign in payload["reserves"]
