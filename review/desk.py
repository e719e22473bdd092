"""What the workstation holds in memory: one desk, shared by the pages and the one background thread."""

from __future__ import annotations

import contextlib
import datetime
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crypto.roster import Reviewer, status_of
from crypto.tree import Tree, suspended_on
from review import backup, casebook, clock, gist, post
from review.shelf import Shelf, Wish
from review.vault import Vault, public_keys, unlock

LEFT_OUT = "left out"  # what the alarm is about that the server offers less than it is to keep


@dataclass
class Outgoing:
    """A sealed posting that waits for its moment (seconds of `time.time`). It says nothing to anyone, so it may outlive a lock."""

    body: bytes
    at: float
    event: str = ""  # id of the own event in it, if it was said since this program started
    left: bool = False  # it was tried: from then on it may have arrived
    cover: bool = False  # it has no content, and is known to this memory alone


@dataclass
class Status:
    """What the status line shows."""

    last_sync: datetime.datetime | None = None
    trouble: str = ""
    note: str = ""  # something that went wrong and hinders nobody yet
    unsent: str = ""  # what was not sent after a restore; stays until the program ends
    alarms: dict[str, str] = field(default_factory=dict)  # by what or whom they are about; they stay until the program ends
    done: int = 0
    total: int = 0

    @property
    def alarm(self) -> str:
        """All alarms, a line each; what may be a gap of one's own comes last."""
        return "\n".join(self.alarms[of] for of in sorted(self.alarms, key=lambda of: of == LEFT_OUT))


@dataclass
class Desk:
    folder: Path
    programme: bytes
    open_way: Callable[[], post.Server]
    idle_seconds: float = 15 * 60
    lock: threading.RLock = field(default_factory=threading.RLock)
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    vault: Vault | None = None
    book: casebook.Book | None = None
    tree: Tree | None = None
    bundle: bytes = b""  # the files that say what `tree` says
    tree_at: float = 0.0
    renew_at: float = 0.0  # when this workstation renews the timestamp; 0: no need
    head: post.Head | None = None
    status: Status = field(default_factory=Status)
    outbox: dict[str, Outgoing] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)  # stored while locked: to be written down at the next unlock
    next_cover: float = 0.0
    spared_covers: int = 0
    looked: set[str] = field(default_factory=set)  # weeks in whose files nothing is left to find
    doubts: int = 0  # rounds in a row in which the files did not fit together
    touched: float = 0.0
    shelf: Shelf = field(default_factory=Shelf)
    wish: Wish = field(default_factory=Wish)  # what the list shows now; kept here so that no word of it is in an address
    ring: Callable[[], None] = lambda: None  # something new came; says no more than that
    now: Callable[[], datetime.datetime] = clock.now
    chance: random.Random = field(default_factory=random.SystemRandom)


def open_desk(desk: Desk, passphrase: str) -> None:
    """Unlock the vault and read the casebook. Wrong passphrases raise what the key file raises."""
    vault = unlock(desk.folder, passphrase)
    with desk.lock:
        if desk.vault is not None:
            vault.lock()
            return
        try:
            desk.book = casebook.open_book(desk.folder / "casebook.tellsafe", vault.casebook_key(), desk.programme)
        except Exception:
            vault.lock()
            raise
        desk.vault = vault
        desk.shelf.gists = gist.kept(desk.book)
        if desk.shelf.gists.keys() & desk.book.forgotten.keys():
            gist.drop(desk.book)
        desk.touched = time.monotonic()
        if desk.book.stale >= casebook.COMPACT_AFTER:
            casebook.compact(desk.book)
        write(desk, [casebook.posted_record(key, number) for key, number in desk.stored.items() if key in desk.book.waiting])
        desk.stored.clear()
        if not is_active(desk):
            desk.tree_at = 0.0  # whoever waits for the stewards' word gets it at the next unlock, not ten minutes later
        if not backup.waiting(desk.folder):
            queue_waiting(desk)
    desk.wake.set()


def lock_desk(desk: Desk) -> None:
    """Forget keys and cases. Sealed postings still go out, so that a lunch break does not show on the wire."""
    with desk.lock:
        if desk.book is not None:
            with contextlib.suppress(OSError):  # a full disk makes the next start slower and hinders no lock
                gist.keep(desk.book, desk.shelf.gists)
            casebook.close_book(desk.book)
        if desk.vault is not None:
            desk.vault.lock()
        desk.book = None
        desk.vault = None
        desk.shelf, desk.wish = Shelf(), Wish()


def lock_if_idle(desk: Desk) -> None:
    with desk.lock:
        if desk.vault is not None and time.monotonic() - desk.touched > desk.idle_seconds:
            lock_desk(desk)


def write(desk: Desk, records: list[casebook.Record]) -> None:
    """Put records in the open casebook. The caller holds the lock and has seen that it is open.

    A posting among them goes into the outbox only once it is on the disk: what could not be kept was never said.
    """
    assert desk.book is not None
    casebook.append(desk.book, records)
    for record in records:
        if record["t"] == "waiting":
            _queue(desk, record["id"], desk.book.waiting[record["id"]], record["event"])


def queue_waiting(desk: Desk) -> None:
    """Put what waits in the casebook into the outbox. The caller holds the lock and has seen that it is open."""
    assert desk.book is not None
    for posting, body in desk.book.waiting.items():
        if posting not in desk.outbox:
            _queue(desk, posting, body)


def _queue(desk: Desk, posting: str, body: bytes, event: str = "") -> None:
    desk.outbox[posting] = Outgoing(body, time.time() + desk.chance.uniform(0, tick(desk)), event)


def tick(desk: Desk) -> int:
    """Seconds between segments: as the signed programme says; before it is known, as the head says."""
    if desk.tree is not None:
        return max(1, desk.tree.programme.tick)
    return max(1, desk.head.tick) if desk.head else 1


def card(desk: Desk) -> Reviewer | None:
    """This reviewer's entry of the roster, also while locked; None before the stewards have put it there."""
    try:
        sign = desk.vault.sign if desk.vault else str(public_keys(desk.folder)["sign"])
    except (OSError, ValueError, KeyError):
        return None
    people = desk.tree.roster.reviewers if desk.tree else ()
    return next((reviewer for reviewer in people if reviewer.sign == sign), None)


def is_active(desk: Desk) -> bool:
    """Whether the newest roster lets this reviewer act today."""
    found, day = card(desk), desk.now()
    return found is not None and desk.tree is not None and status_of(found, suspended_on(desk.tree, day), day) == "active"
