"""The casebook: an append-only file of sealed records. What it says exists in clear in memory only, and only while unlocked.

File: HEADER, then records of u32 length ‖ SecretBox(u64 position ‖ content). The position is inside the seal so that records cannot be
re-ordered or repeated by whoever holds the disk. The content is JSON or, as they are many, a run of events: "E", then for each CHECKED as
u8 ‖ u32 segment ‖ its id (32) ‖ u32 length ‖ the signed bytes. Every append is one write and one fsync. `compact` writes the file anew
with what still counts and nothing else: so a case one stepped back from leaves the disk.

Versions: events that older programs kept as JSON are read and checked anew. What this one cannot read (a later kind of record, an event
that it no longer takes) is kept as it is for a program that can. A file of another number in HEADER is not opened.
"""

from __future__ import annotations

import base64
import datetime
import fcntl
import gc
import json
import os
import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, Any

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from crypto.case import Case, fold
from crypto.errors import ProtocolError
from crypto.event import Event, event_id, parse_event
from crypto.posting import parse_posting
from review import disk

HEADER = b"tellsafe/1 casebook\n"
SMALLEST = SecretBox.NONCE_SIZE + SecretBox.MACBYTES + 8 + 2
RUN_BYTES = 65_536
EVENT_HEAD = struct.Struct(">BI32sI")  # of an event in a run: CHECKED, segment, id, length
COMPACT_AFTER = 8  # records that say nothing any more; a delivered posting alone is 130 KB of them
CHECKED = 2  # to be raised whenever `parse_event` grows stricter: events kept under another number are checked anew
DECODER = json.JSONDecoder()
SHARED = ("kind", "week", "audience", "case")  # of a payload: the same few strings in many events
KINDS = {"waiting", "sent", "posted", "published", "segment", "read", "versions", "forwarded", "forget"}
KINDS |= {"tags", "ticks", "view", "unsaid", "unread", "hour"}  # on this workstation alone

Record = Mapping[str, Any]


class CasebookDamaged(Exception):
    """A record in the middle of the file does not open: the file was changed or the disk is failing."""


class CasebookOther(Exception):
    """The file is a casebook of a version whose files this program does not read. Nothing was changed."""


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
    cases: dict[str, dict[str, Event]] = field(default_factory=dict)  # the same events by case, whether or not its report is here
    folds: dict[str, Case] = field(default_factory=dict)  # what `case_of` found, until an event of the case comes or goes
    changed: set[str] = field(default_factory=set)  # cases of which something the list shows changed since it last looked
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
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by case; nobody else ever learns of them
    ticks: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by case: lines of the checklist ticked by hand
    views: dict[str, Mapping[str, str]] = field(default_factory=dict)  # name of a saved view -> what it asks for
    hours: dict[str, str] = field(default_factory=dict)  # id of an urgent event -> the hour in which it was first seen here
    strings: dict[str, str] = field(default_factory=dict)  # one copy of what many events say
    unread: list[bytes] = field(default_factory=list)  # contents of records that this version cannot read, kept for one that can
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
    size = 0 if fresh else path.stat().st_size
    if size < len(HEADER):
        file.truncate(0)
        file.write(HEADER)
        os.fsync(file.fileno())
        disk.sync_folder(path.parent)
        return book
    # Nothing read here is garbage: looking for some among hundreds of thousands of new objects only takes time.
    gc.disable()
    try:
        end = _replay(book, size, programme)
    except (CasebookDamaged, CasebookOther):
        file.close()
        raise
    finally:
        gc.enable()
    gc.freeze()  # nor will it be garbage until the book is closed
    file.truncate(end)
    file.seek(end)
    return book


def close_book(book: Book) -> None:
    """Forget what was read. The file stays as it is."""
    gc.unfreeze()
    for each in fields(book):
        held = getattr(book, each.name)
        if isinstance(held, dict | set | list):
            held.clear()
    book.file.close()


def append(book: Book, records: Iterable[Record]) -> None:
    """Write the records durably, then let them count."""
    batch = list(records)
    if not batch:
        return
    out, count = _sealed(book.box, batch, book.position)
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
    book.position += count
    for record in batch:
        _apply(book, record)


def compact(book: Book) -> None:
    """Write the file anew with what counts now. The old one stays until the new one is whole and on the disk."""
    records = list(_records(book))
    part = disk.beside(book.path)
    part.unlink(missing_ok=True)
    file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0)
    try:
        # The new file is locked before it has the name: another workstation never finds it free.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sealed, count = _sealed(book.box, records, 0)
        data = HEADER + sealed
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
    book.file, book.position, book.stale = file, count, 0


def event_record(event: Event, segment: int) -> Record:
    """An event that was checked by `parse_event` or signed here."""
    return {"t": "event", "event": event, "n": segment}


def hour_records(events: Iterable[Event], seen: datetime.datetime) -> list[Record]:
    """The hour in which events were first seen here, of those from which limits in hours run."""
    return [{"t": "hour", "id": event.id, "at": seen.strftime("%Y-%m-%dT%H:00Z")} for event in events if is_urgent(event)]


def is_urgent(event: Event) -> bool:
    """Whether a limit in hours may run from this event: letters tell weeks only."""
    payload = event.payload
    return payload.get("urgent") == "YES" or (event.kind == "triage" and payload["urgency"] in ("U0", "U1"))


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


def tags_record(case_id: str, tags: Iterable[str]) -> Record:
    return {"t": "tags", "case": case_id, "tags": list(tags)}


def ticks_record(case_id: str, ticked: Iterable[str]) -> Record:
    return {"t": "ticks", "case": case_id, "ticked": list(ticked)}


def view_record(name: str, wish: Mapping[str, str] | None) -> Record:
    """A saved view, or (None) that there is none of this name any more."""
    return {"t": "view", "name": name, "wish": dict(wish) if wish is not None else None}


def unsaid_record(event: str) -> Record:
    """An own event was taken back before its posting left."""
    return {"t": "unsaid", "event": event}


def unread_record(event: str) -> Record:
    return {"t": "unread", "id": event}


def events_of(book: Book, case_id: str) -> Collection[Event]:
    """The events of one case, in the order in which they came here."""
    return book.cases.get(case_id, {}).values()


def case_of(book: Book, case_id: str) -> Case | None:
    """The case as it stands; folded once for each change of its events."""
    if case_id not in book.folds:
        case = fold(events_of(book, case_id), case_id)
        if case is None:
            return None
        book.folds[case_id] = case
    return book.folds[case_id]


def of_case(event: Event) -> str:
    """The id of the case an event belongs to."""
    return str(event.payload.get("case", event.id))  # only a report names none


def wanted(book: Book, event: Event) -> bool:
    """Whether an event is to be kept: anything but what arrives of a case one stepped back from."""
    return of_case(event) not in book.forgotten or event.id in book.events


def _sealed(box: SecretBox, records: Iterable[Record], position: int) -> tuple[bytes, int]:
    """The bytes of the records and how many places they take: events that follow each other share one."""
    out, place = bytearray(), position
    for content in _contents(records):
        sealed = bytes(box.encrypt(place.to_bytes(8, "big") + content))
        out += len(sealed).to_bytes(4, "big") + sealed
        place += 1
    return bytes(out), place - position


def _contents(records: Iterable[Record]) -> Iterable[bytes]:
    run = bytearray()
    for record in records:
        is_event = record["t"] == "event"
        if run and (not is_event or len(run) > RUN_BYTES):
            yield bytes(run)
            run.clear()
        if is_event:
            event: Event = record["event"]
            run += (b"" if run else b"E") + _run_entry(CHECKED, record["n"], bytes.fromhex(event.id), event.raw)
        else:
            yield record["content"] if record["t"] == "unreadable" else json.dumps(record, separators=(",", ":")).encode()
    if run:
        yield bytes(run)


def _run_entry(checked: int, segment: int, name: bytes, raw: bytes) -> bytes:
    return EVENT_HEAD.pack(checked, segment, name, len(raw)) + raw


def _records(book: Book) -> Iterable[Record]:
    """The shortest list of records that says what the book says."""
    yield versions_record(book.versions)
    yield from (event_record(event, book.segment.get(event.id, 0)) for event in book.events.values())
    yield from ({"t": "hour", "id": name, "at": hour} for name, hour in book.hours.items())
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
    yield from (tags_record(case_id, tags) for case_id, tags in book.tags.items() if case_id in book.cases)
    yield from (ticks_record(case_id, ticked) for case_id, ticked in book.ticks.items() if case_id in book.cases)
    yield from (view_record(name, wish) for name, wish in book.views.items())
    yield from ({"t": "unreadable", "content": content} for content in book.unread)


def _replay(book: Book, total: int, programme: bytes) -> int:
    """Let every record count; gives the place after the last whole one. Read in pieces: the file may be larger than what it says."""
    with book.path.open("rb", buffering=1 << 20) as source:
        head = source.read(len(HEADER))
        if head != HEADER:
            raise CasebookOther if head.startswith(b"tellsafe/") else CasebookDamaged
        at = len(HEADER)
        while at < total:
            size = int.from_bytes(source.read(4), "big")
            end = at + 4 + size
            if end > total or (size == 0 and not any(source.read())):
                return at  # cut short while being written
            try:
                records = _read(book, _opened(book, source.read(size)), programme)
            except (CryptoError, ValueError) as error:
                if end == total:
                    return at
                raise CasebookDamaged from error
            book.position += 1
            for record in records:
                _apply(book, record)
            at = end
    return at


def _read(book: Book, content: bytes, programme: bytes) -> list[Record]:
    """What a record says. Events stood in JSON until there were runs: those are checked as if they had just come."""
    if content[:1] == b"E":
        return _run(book, content, programme)
    record = json.loads(content) if content[:1] == b"{" else {}
    if record.get("t") == "event":
        raw = base64.b64decode(record["raw"])
        name = bytes.fromhex(event_id(raw[64:96], raw[96:], programme))
        return _run(book, b"E" + _run_entry(0, record["n"], name, raw), programme)
    return [record] if record.get("t") in KINDS else [{"t": "unreadable", "content": content}]


def _opened(book: Book, sealed: bytes) -> bytes:
    if len(sealed) < SMALLEST:
        raise ValueError
    plain = book.box.decrypt(sealed)
    if int.from_bytes(plain[:8], "big") != book.position:
        raise ValueError
    return plain[8:]


def _run(book: Book, content: bytes, programme: bytes) -> list[Record]:
    """The events of a run. They are not checked once more unless this program checks other things than the one that put them here.

    That is sound because a record is sealed by a key that only this vault holds, at a place it cannot be moved from, and was written
    after this program had checked the event (or signed it). Who could change it could as well read and sign everything. Checking
    50,000 signatures again at every unlock would keep a reviewer waiting for half a minute.
    """
    at, found = 1, list[Record]()
    while at < len(content):
        checked, number, name, length = EVENT_HEAD.unpack_from(content, at)
        end = at + EVENT_HEAD.size + length
        raw = content[at + EVENT_HEAD.size : end]
        try:
            known = checked == CHECKED
            event = _kept(book, name, raw) if known else parse_event(raw, programme)
            book.stale += not known  # so that it is soon written as checked
            found.append({"t": "event", "event": event, "n": number})
        except ProtocolError:  # a stricter version of this program no longer takes it
            found.append({"t": "unreadable", "content": b"E" + _run_entry(0, number, name, raw)})
        at = end
    return found


def _apply(book: Book, record: Record) -> None:
    """Let one record count."""
    kind = record["t"]
    if kind == "event":
        _apply_event(book, record["event"], record["n"])
    elif kind in ("waiting", "sent", "posted", "published"):
        _apply_posting(book, record)
    elif kind == "segment":
        book.hashes[record["n"]] = record["hash"]
        book.week = max(book.week, record["week"])
        book.poison += record["poison"]
    elif kind == "read":
        book.read.update(record["ids"])
        book.changed.update(of_case(book.events[id_]) for id_ in record["ids"] if id_ in book.events)
    elif kind == "versions":
        book.versions = dict(record["v"])
    elif kind == "forwarded":
        book.forwarded.setdefault(record["handover"], set()).update(record["ids"])
    elif kind == "forget":
        _forget(book, record["case"], record["recuse"])
    elif kind == "unreadable":
        book.unread.append(record["content"])
    else:
        _apply_private(book, record)


def _apply_private(book: Book, record: Record) -> None:
    """What concerns this workstation alone."""
    kind = record["t"]
    if kind == "tags":
        book.tags[record["case"]] = tuple(record["tags"])
        book.changed.add(record["case"])
        if not record["tags"]:
            del book.tags[record["case"]]
    elif kind == "ticks":
        book.ticks[record["case"]] = tuple(record["ticked"])
    elif kind == "view":
        book.views.pop(record["name"], None)
        if record["wish"] is not None:
            book.views[record["name"]] = record["wish"]
    elif kind == "hour":
        if record["id"] in book.events:
            book.hours.setdefault(record["id"], record["at"])
    elif kind == "unread" and record["id"] in book.events:
        book.read.discard(record["id"])
        book.changed.add(of_case(book.events[record["id"]]))
    elif kind == "unsaid" and record["event"] in book.events:
        posting = book.event_posting.get(record["event"], "")
        for postings in (book.waiting, book.letters, book.posted):
            postings.pop(posting, None)
        book.stale += 1
        _drop(book, [record["event"]])


def _apply_event(book: Book, event: Event, segment: int) -> None:
    if wanted(book, event):
        case_id = of_case(event)
        book.events[event.id] = event
        book.cases.setdefault(case_id, {})[event.id] = event
        book.segment[event.id] = book.segment.get(event.id) or segment
        book.folds.pop(case_id, None)
        book.changed.add(case_id)


def _kept(book: Book, name: bytes, raw: bytes) -> Event:
    """An event as it was when it was put here."""
    payload, _ = DECODER.raw_decode(raw[96:].decode())
    for key in SHARED:
        if key in payload:
            payload[key] = book.strings.setdefault(payload[key], payload[key])
    sign = raw[64:96].hex()
    return Event(name.hex(), book.strings.setdefault(sign, sign), payload, raw)


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
    gone = [id_ for id_ in book.cases.get(case_id, {}) if id_ != recuse]
    _drop(book, gone)
    book.unread = [each for each in book.unread if case_id.encode() not in each and bytes.fromhex(case_id) not in each]
    book.tags.pop(case_id, None)
    book.ticks.pop(case_id, None)
    book.forgotten[case_id] = recuse
    book.changed.add(case_id)
    book.stale += COMPACT_AFTER if gone else 0  # found at an unlock, a crash came before the file was written anew without it


def _drop(book: Book, ids: Collection[str]) -> None:
    """Let events count no more."""
    for id_ in ids:
        case_id = of_case(book.events.pop(id_))
        del book.cases[case_id][id_]
        book.folds.pop(case_id, None)
        book.changed.add(case_id)
        book.read.discard(id_)
        for held in (book.segment, book.event_posting, book.hours):
            held.pop(id_, None)
