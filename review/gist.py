"""What the list of cases needs of each fold, kept sealed from one unlock to the next: so a start need not fold every case anew.

File: SecretBox(HEADER ‖ PROGRAM ‖ JSON of case id -> gist) under the casebook's key, as a whole, written when the desk is locked. A gist
counts only for the very events it was made from and only in the very program that made it. A fold is a pure function of these two, so no
gist, old or put back, shows what the fold would not. What depends on the day is in no gist: it holds the week by when, never "overdue".
A file that is missing, or of another program, or that does not open says nothing: the cases are folded once more.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nacl.exceptions import CryptoError

from crypto.case import Case
from crypto.event import Event
from review import casebook, clocks, disk

FILE = "list.sealed"  # no name that a backup takes along: it can be made anew
HEADER = b"tellsafe/1 list\n"


class Gist(NamedTuple):
    """A case in brief. `events` is the digest of the ids held; `apart`: those that are not valid; code: of the last triage or "".

    due: the week by when something is due first, and its code in `clocks.DESK`; two empty strings when nothing is.
    """

    events: str
    state: str
    readers: Sequence[str]
    gone: Sequence[str]
    lead: str
    second: str
    code: str
    due: str
    due_code: str
    apart: Sequence[str]


def gist_of(case: Case, held: Collection[Event]) -> Gist:
    """The gist of a case; `held` are all its events."""
    valid = {event.id for event in case.order}
    # Of duties the earliest is the first due whatever week it is: what is overdue stands before the rest by its week alone.
    first = next((due for due in clocks.dues(case, case.since) if due.duty), None)
    return Gist(
        events=digest(event.id for event in held),
        state=case.state,
        readers=case.readers,
        gone=tuple(case.gone),
        lead=case.lead,
        second=case.second,
        code=case.triage.payload["code"] if case.triage else "",
        due=first.week if first else "",
        due_code=first.code if first else "",
        apart=sorted(event.id for event in held if event.id not in valid),
    )


def digest(ids: Iterable[str]) -> str:
    """What tells one set of events from another, in whatever order they came."""
    return hashlib.sha256("".join(sorted(ids)).encode()).hexdigest()


def keep(book: casebook.Book, gists: Mapping[str, Gist]) -> None:
    """Write down the gists of the cases whose reports are held. OSError: the disk took nothing, and what it had is still there."""
    kept = {case_id: gist for case_id, gist in gists.items() if case_id in book.events}
    disk.replace(_path(book), book.box.encrypt(HEADER + PROGRAM + json.dumps(kept, separators=(",", ":")).encode()))


def kept(book: casebook.Book) -> dict[str, Gist]:
    """What this program kept, by case; whether a gist fits the events held now is for the caller to see."""
    try:
        plain = book.box.decrypt(_path(book).read_bytes())
    except (OSError, ValueError, CryptoError):
        return {}
    if not plain.startswith(HEADER + PROGRAM):
        return {}
    return {case_id: Gist(*each) for case_id, each in json.loads(plain[len(HEADER + PROGRAM) :]).items()}


def drop(book: casebook.Book) -> None:
    """Take the file away, since a case in it is to leave the disk."""
    disk.clean(_path(book))
    _path(book).unlink(missing_ok=True)


def _path(book: casebook.Book) -> Path:
    return book.path.with_name(FILE)


def _program() -> bytes:
    """A digest (32 bytes) of every file that may have a part in what a gist says, so that nobody has to remember which."""
    root = Path(__file__).resolve().parent.parent
    files = [path for folder in ("crypto", "review") for kind in ("*.py", "*.json") for path in sorted((root / folder).glob(kind))]
    return hashlib.sha256(sys.version.encode() + b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).digest()


PROGRAM = _program()  # of the files as they are when this program starts, not of what lies there later
