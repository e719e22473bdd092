"""The casebook: an append-only file of sealed records. What it says exists in clear in memory only, and only while unlocked.

File: HEADER, then records of u32 length ‖ SecretBox(u64 position ‖ JSON). The position is inside the seal so that records cannot be
re-ordered or repeated by whoever holds the disk. Every append is one write and one fsync.
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

    file: IO[bytes]
    box: SecretBox
    position: int = 0
    events: dict[str, Event] = field(default_factory=dict)
    segment: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, bytes] = field(default_factory=dict)          # posting id -> body not yet stored
    event_posting: dict[str, str] = field(default_factory=dict)      # own event id -> posting id
    posted: dict[str, int] = field(default_factory=dict)             # posting id -> newest segment when it was stored
    hashes: dict[int, str] = field(default_factory=dict)             # processed segment number -> its hash
    week: str = ""                                                   # week of the newest processed segment
    poison: int = 0
    read: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)


def open_book(path: Path, key: bytes, programme: bytes) -> Book:
    """Read the casebook at `path` (made when there is none). A last record cut short by a power failure is cut off."""
    fresh = not path.exists()
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise CasebookBusy from error
    book = Book(file, SecretBox(key))
    data = b"" if fresh else path.read_bytes()
    if len(data) < len(HEADER):
        file.truncate(0)
        file.write(HEADER)
        os.fsync(file.fileno())
        _sync_folder(path.parent)
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
    book.file.close()


def append(book: Book, records: Iterable[Record], programme: bytes) -> None:
    """Write the records durably, then let them count."""
    batch = list(records)
    if not batch:
        return
    out = bytearray()
    for offset, record in enumerate(batch):
        plain = (book.position + offset).to_bytes(8, "big") + json.dumps(record, separators=(",", ":")).encode()
        sealed = bytes(book.box.encrypt(plain))
        out += len(sealed).to_bytes(4, "big") + sealed
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


def event_record(event: Event, segment: int) -> Record:
    return {"t": "event", "raw": base64.b64encode(event.raw).decode(), "n": segment}


def waiting_record(posting: str, body: bytes, event: str) -> Record:
    return {"t": "waiting", "id": posting, "body": base64.b64encode(body).decode(), "event": event}


def posted_record(posting: str, newest: int) -> Record:
    return {"t": "posted", "id": posting, "n": newest}


def segment_record(number: int, digest: str, week: str, poison: int) -> Record:
    return {"t": "segment", "n": number, "hash": digest, "week": week, "poison": poison}


def read_record(ids: Iterable[str]) -> Record:
    return {"t": "read", "ids": sorted(ids)}


def versions_record(versions: Mapping[str, int]) -> Record:
    return {"t": "versions", "v": dict(versions)}


def _replay(book: Book, data: bytes, programme: bytes) -> int:
    if not data.startswith(HEADER):
        raise CasebookDamaged
    at = len(HEADER)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        end = at + 4 + size
        if at + 4 > len(data) or end > len(data) or not any(data[at:]):
            return at                     # cut short while being written
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
    kind = record["t"]
    if kind == "event":
        try:
            event = parse_event(base64.b64decode(record["raw"]), programme)
        except ProtocolError:
            return                        # a stricter version of this program no longer takes it
        book.events[event.id] = event
        book.segment[event.id] = book.segment.get(event.id) or record["n"]
    elif kind == "waiting":
        book.waiting[record["id"]] = base64.b64decode(record["body"])
        if record["event"]:
            book.event_posting[record["event"]] = record["id"]
    elif kind == "posted":
        book.waiting.pop(record["id"], None)
        book.posted[record["id"]] = record["n"]
    elif kind == "segment":
        book.hashes[record["n"]] = record["hash"]
        book.week = max(book.week, record["week"])
        book.poison += record["poison"]
    elif kind == "read":
        book.read.update(record["ids"])
    elif kind == "versions":
        book.versions = dict(record["v"])


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
