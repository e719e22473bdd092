"""The casebook: an append-only file of sealed records. What it says exists in clear in memory only, and only while unlocked.

File: HEADER, then records of u32 length ‖ SecretBox(u64 position ‖ JSON). The position is inside the seal so that records cannot be
re-ordered or repeated by whoever holds the disk. Every append is one write and one fsync. `compact` writes the file anew with what still
counts and nothing else: so a case one stepped back from leaves the disk.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from crypto.errors import ProtocolError
from crypto.event import Event, parse_event
from crypto.posting import parse_posting
from review import disk

HEADER = b"tellsafe/1 casebook\n"
SMALLEST = SecretBox.NONCE_SIZE + SecretBox.MACBYTES + 8 + 2

Record = Mapping[str, Any]


class CasebookDamaged(Exception):
    """A record in the middle of the file does not open: the file was changed or the disk is failing."""


class CasebookBusy(Exception):
    """Another workstation has this casebook open."""


@dataclass
class Book:
    """An open casebook and everything it says. `segment` is 0 for an own event not yet seen in a segment."""

    path: Path
    file: IO[bytes]
    box: SecretBox
    position: int = 0
    events: dict[str, Event] = field(default_factory=dict)
    segment: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, bytes] = field(default_factory=dict)  # posting id -> body not yet stored
    event_posting: dict[str, str] = field(default_factory=dict)  # own event id -> posting id
    posted: dict[str, int] = field(default_factory=dict)  # posting id -> newest segment when it was stored
    letters: dict[str, frozenset[str]] = field(default_factory=dict)  # posting id -> R of its letters, until a segment holds them all
    hashes: dict[int, str] = field(default_factory=dict)  # processed segment number -> its hash
    week: str = ""  # week of the newest processed segment
    poison: int = 0
    read: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    forgotten: dict[str, str] = field(default_factory=dict)  # case stepped back from -> own recuse's id
    forwarded: dict[str, set[str]] = field(default_factory=dict)  # own handover's id -> events sealed again for the new reader
    stale: int = 0  # records in the file that say nothing any more


def open_book(path: Path, key: bytes, programme: bytes) -> Book:
    """Read the casebook at `path` (made when there is none). A last record cut short by a power failure is cut off."""
    fresh = not path.exists()
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise CasebookBusy from error
    if not path.exists() or os.fstat(file.fileno()).st_ino != path.stat().st_ino:
        file.close()  # compacted between opening and locking: this is the old file
        raise CasebookBusy
    disk.clean(path)
    book = Book(path, file, SecretBox(key))
    data = b"" if fresh else path.read_bytes()
    if len(data) < len(HEADER):
        file.truncate(0)
        file.write(HEADER)
        os.fsync(file.fileno())
        disk.sync_folder(path.parent)
        return book
    try:
        end = _replay(book, data, programme)
    except CasebookDamaged:
        file.close()
        raise
    file.truncate(end)
    file.seek(end)
    return book


def close_book(book: Book) -> None:
    """Forget what was read. The file stays as it is."""
    for held in (book.events, book.segment, book.waiting, book.event_posting, book.posted, book.hashes, book.read, book.versions):
        held.clear()
    for more in (book.letters, book.forgotten, book.forwarded):
        more.clear()
    book.file.close()


def append(book: Book, records: Iterable[Record], programme: bytes) -> None:
    """Write the records durably, then let them count."""
    batch = list(records)
    if not batch:
        return
    out = _sealed(book.box, batch, book.position)
    start = book.file.tell()
    try:
        written = book.file.write(out)
        if written != len(out):
            raise OSError("the disk took only part of a record")
        os.fsync(book.file.fileno())
    except OSError:
        # Leave no half record behind that a later append would bury in the middle of the file.
        book.file.truncate(start)
        book.file.seek(start)
        raise
    book.position += len(batch)
    for record in batch:
        _apply(book, record, programme)


def compact(book: Book) -> None:
    """Write the file anew with what counts now. The old one stays until the new one is whole and on the disk.

    Records of a kind or an event that this program does not read are dropped with the rest.
    """
    records = list(_records(book))
    part = disk.beside(book.path)
    part.unlink(missing_ok=True)
    file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0)
    try:
        # The new file is locked before it has the name: another workstation never finds it free.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        data = HEADER + _sealed(book.box, records, 0)
        if file.write(data) != len(data):
            raise OSError("the disk took only part of the file")
        os.fsync(file.fileno())
        part.replace(book.path)
    except BaseException:
        file.close()
        part.unlink(missing_ok=True)
        raise
    disk.sync_folder(book.path.parent)
    book.file.close()
    book.file, book.position, book.stale = file, len(records), 0


def event_record(event: Event, segment: int) -> Record:
    return {"t": "event", "raw": base64.b64encode(event.raw).decode(), "n": segment}


def waiting_record(posting: str, body: bytes, event: str) -> Record:
    return {"t": "waiting", "id": posting, "body": base64.b64encode(body).decode(), "event": event}


def posted_record(posting: str, newest: int) -> Record:
    return {"t": "posted", "id": posting, "n": newest}


def sent_record(posting: str, letters: Iterable[str], event: str) -> Record:
    """What is left to know of a posting once its body is not needed any more."""
    return {"t": "sent", "id": posting, "letters": sorted(letters), "event": event}


def published_record(ids: Iterable[str]) -> Record:
    return {"t": "published", "ids": sorted(ids)}


def segment_record(number: int, digest: str, week: str, poison: int) -> Record:
    return {"t": "segment", "n": number, "hash": digest, "week": week, "poison": poison}


def read_record(ids: Iterable[str]) -> Record:
    return {"t": "read", "ids": sorted(ids)}


def versions_record(versions: Mapping[str, int]) -> Record:
    return {"t": "versions", "v": dict(versions)}


def forget_record(case_id: str, recuse: str) -> Record:
    return {"t": "forget", "case": case_id, "recuse": recuse}


def forwarded_record(handover: str, ids: Iterable[str]) -> Record:
    return {"t": "forwarded", "handover": handover, "ids": sorted(ids)}


def of_case(event: Event) -> str:
    """The id of the case an event belongs to."""
    return event.id if event.kind == "report" else str(event.payload["case"])


def wanted(book: Book, event: Event) -> bool:
    """Whether an event is to be kept: anything but what arrives of a case one stepped back from."""
    return of_case(event) not in book.forgotten or event.id in book.events


def _sealed(box: SecretBox, records: Iterable[Record], position: int) -> bytes:
    out = bytearray()
    for place, record in enumerate(records, position):
        sealed = bytes(box.encrypt(place.to_bytes(8, "big") + json.dumps(record, separators=(",", ":")).encode()))
        out += len(sealed).to_bytes(4, "big") + sealed
    return bytes(out)


def _records(book: Book) -> Iterable[Record]:
    """The shortest list of records that says what the book says."""
    yield versions_record(book.versions)
    yield from (event_record(event, book.segment.get(event.id, 0)) for event in book.events.values())
    yield from (forget_record(case_id, recuse) for case_id, recuse in book.forgotten.items())
    poison = book.poison
    for number, digest in sorted(book.hashes.items()):
        yield segment_record(number, digest, book.week, poison)
        poison = 0
    events = {posting: event for event, posting in book.event_posting.items()}
    for posting, body in book.waiting.items():
        yield waiting_record(posting, body, events.get(posting, ""))
    # Of what the server has taken, only what no segment has shown yet: it may still be missed.
    for posting, number in book.posted.items():
        if posting in book.letters:
            yield sent_record(posting, book.letters[posting], events.get(posting, ""))
            yield posted_record(posting, number)
    yield read_record(book.read & book.events.keys())
    yield from (forwarded_record(name, ids) for name, ids in book.forwarded.items() if name in book.events)


def _replay(book: Book, data: bytes, programme: bytes) -> int:
    if not data.startswith(HEADER):
        raise CasebookDamaged
    at = len(HEADER)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        end = at + 4 + size
        if at + 4 > len(data) or end > len(data) or not any(data[at:]):
            return at  # cut short while being written
        try:
            if size < SMALLEST:
                raise ValueError
            plain = book.box.decrypt(data[at + 4 : end])
            if int.from_bytes(plain[:8], "big") != book.position:
                raise ValueError
            record = json.loads(plain[8:])
        except (CryptoError, ValueError) as error:
            if end == len(data):
                return at
            raise CasebookDamaged from error
        book.position += 1
        _apply(book, record, programme)
        at = end
    return at


def _apply(book: Book, record: Record, programme: bytes) -> None:
    """Let one record count. Of a kind from a later program it says nothing."""
    kind = record["t"]
    if kind == "event":
        _apply_event(book, record, programme)
    elif kind in ("waiting", "sent", "posted", "published"):
        _apply_posting(book, record)
    elif kind == "segment":
        book.hashes[record["n"]] = record["hash"]
        book.week = max(book.week, record["week"])
        book.poison += record["poison"]
    elif kind == "read":
        book.read.update(record["ids"])
    elif kind == "versions":
        book.versions = dict(record["v"])
    elif kind == "forwarded":
        book.forwarded.setdefault(record["handover"], set()).update(record["ids"])
    elif kind == "forget":
        _forget(book, record["case"], record["recuse"])


def _apply_event(book: Book, record: Record, programme: bytes) -> None:
    try:
        event = parse_event(base64.b64decode(record["raw"]), programme)
    except ProtocolError:
        return  # a stricter version of this program no longer takes it
    if wanted(book, event):
        book.events[event.id] = event
        book.segment[event.id] = book.segment.get(event.id) or record["n"]


def _apply_posting(book: Book, record: Record) -> None:
    """The life of an own posting: waiting, posted (sent stands for both in a compacted file), published."""
    kind = record["t"]
    if kind == "published":
        for posting in record["ids"]:
            book.letters.pop(posting, None)
            book.posted.pop(posting, None)
    elif kind == "posted":
        book.stale += bool(book.waiting.pop(record["id"], None))
        if record["id"] in book.letters:
            book.posted[record["id"]] = record["n"]
    else:
        if kind == "waiting":
            body = book.waiting[record["id"]] = base64.b64decode(record["body"])
            book.letters[record["id"]] = frozenset(r.hex() for r in parse_posting(body).rs)
        else:
            book.letters[record["id"]] = frozenset(record["letters"])
        if record["event"]:
            book.event_posting[record["event"]] = record["id"]


def _forget(book: Book, case_id: str, recuse: str) -> None:
    """Drop a case. One's own recuse stays: it has no words, and whether the server published it must still be seen."""
    gone = {event.id for event in book.events.values() if of_case(event) == case_id and event.id != recuse}
    for held in (book.events, book.segment, book.event_posting):
        for name in gone & held.keys():
            del held[name]
    book.read -= gone
    book.forgotten[case_id] = recuse
    book.stale += len(gone)
