"""The one background thread: mirror, open, say what must be said, send what waits, and send cover."""

from __future__ import annotations

import logging
import time

from crypto.case import fold
from crypto.errors import Expired, Mismatch, ProtocolError, Rollback
from crypto.sealing import make_posting, with_effort
from crypto.segment import segment_hash
from crypto.tree import verify_bundle
from review import casebook, clock, mirror, outbox, post
from review.desk import Desk, lock_if_idle, tick, write
from review.vault import VaultLocked

TREE_SECONDS = 600.0
POLL_MAX = 900.0
DOUBTS_MAX = 3
EFFORT_MAX = 16      # bits; about ten minutes of work. A server that asks for more could stop this program for good.
DAY = 86_400.0

log = logging.getLogger("tellsafe.review")


def run(desk: Desk) -> None:
    """Work until `desk.stopping`. Nothing that a server sends may end this thread."""
    next_round = 0.0
    while not desk.stopping:
        lock_if_idle(desk)
        if time.time() >= next_round or desk.wake.is_set():
            desk.wake.clear()
            one_round(desk)
            next_round = time.time() + min(max(1.0, tick(desk) / 4), POLL_MAX)
        send_due(desk)
        desk.wake.wait(pause(desk, next_round))


def pause(desk: Desk, next_round: float) -> float:
    """Seconds until something is to be done; at most five, so that idle locking is never late."""
    moments = [next_round, *(item.at for item in list(desk.outbox.values()))]
    return min(max(0.05, min(moments) - time.time()), 5.0)


def one_round(desk: Desk) -> None:
    """One look at the server. Trouble is kept for the status line; a server that contradicts itself is an alarm."""
    try:
        server = desk.open_way()
        refresh_tree(desk)
        desk.head = post.head(server)
        if desk.vault is not None:
            mirror_new(desk, server, desk.head)
            duties(desk)
            desk.status.last_sync = desk.now()
        desk.status.trouble, desk.doubts = "", 0
    except post.Unreachable:
        desk.status.trouble = "The server cannot be reached. Trying again."
    except (Mismatch, Rollback) as error:
        # Files fetched while a tick is being published may not fit together once; a server that lies does it again.
        desk.doubts += 1
        if desk.doubts < DOUBTS_MAX:
            return
        desk.status.alarm = f"The server contradicts itself or what it said before ({error.name}). Tell the stewards. {error}"
    except Expired:
        desk.tree = None                      # nothing may be sealed by a roster that may be out of date
        desk.status.trouble = "The signed roster has expired. Nothing is sent or fetched until the stewards sign it anew."
    except ProtocolError as error:
        desk.status.trouble = f"The server sent something that does not check out ({error.name})."
    except (VaultLocked, casebook.CasebookBusy):
        pass                                  # locked in the middle of a round: the rest is for the next unlock
    except Exception as error:
        # The kind of mistake only: a log is a file, and the message may hold words of a case.
        log.error("a round failed: %s", type(error).__name__)
        desk.status.trouble = "This program made a mistake while fetching. Trying again."


def refresh_tree(desk: Desk) -> None:
    """Fetch and check the signed tree every ten minutes, against the versions remembered from before."""
    if desk.tree is not None and time.time() - desk.tree_at < TREE_SECONDS:
        return
    with desk.lock:
        seen = dict(desk.book.versions) if desk.book else dict(desk.tree.versions) if desk.tree else {}
    tree = verify_bundle(post.bundle(desk.open_way()), desk.programme, desk.now(), seen)
    with desk.lock:
        desk.tree, desk.tree_at = tree, time.time()
        if desk.book is not None and desk.book.versions != tree.versions:
            write(desk, [casebook.versions_record(tree.versions)])


def mirror_new(desk: Desk, server: post.Server, head: post.Head) -> None:
    """Fetch, check and read every new segment; each is written down whole, so that a crash repeats at most one."""
    with desk.lock:
        if desk.book is None or desk.vault is None:
            return
        book, vault, known, week = desk.book, desk.vault, dict(desk.book.hashes), desk.book.week
    segments = mirror.new_segments(server, head, desk.programme, known, week)
    desk.status.done, desk.status.total = 0, sum(len(segment.block_hashes) for segment in segments)
    for segment in segments:
        found = mirror.read_segment(server, segment, vault, desk.programme, lambda: _step(desk))
        with desk.lock:
            if desk.book is not book:
                raise VaultLocked
            records = [casebook.event_record(event, segment.number) for event in found.events if not book.segment.get(event.id)]
            digest = segment_hash(segment).hex()
            write(desk, [*records, casebook.segment_record(segment.number, digest, segment.week, found.poison)])


def duties(desk: Desk) -> None:
    """Say `received` at the first sight of a case, and summaries when they are due."""
    with desk.lock:
        if desk.book is None or desk.vault is None or desk.tree is None:
            return
        sign, week = desk.vault.sign, clock.week_of(desk.now())
        for case_id in outbox.cases_here(desk.book.events.values()):
            case = fold(desk.book.events.values(), case_id)
            if case is None:
                continue
            try:
                if sign not in case.opened:
                    outbox.say(desk, case_id, "received")
                elif outbox.summary_due(case, sign, week):
                    outbox.say(desk, case_id, "summary", **outbox.summary_fields(case, week))
            except (ProtocolError, ValueError, OverflowError):
                # One case with absurd weeks or lengths must not keep the others from their due.
                desk.status.trouble = f"Case {case_id[:4]} {case_id[4:8]} could not be answered automatically."


def send_due(desk: Desk) -> None:
    """Send the postings whose moment has come, and cover when it is its turn."""
    now = time.time()
    for posting, item in list(desk.outbox.items()):
        if item.at <= now and _deliver(desk, item.body):
            desk.outbox.pop(posting, None)
            desk.spared_covers += 1
            _note_stored(desk, posting)
        elif item.at <= now:
            item.at = now + desk.chance.uniform(1, max(2, min(tick(desk), 60)))
    if desk.tree is not None and desk.tree.programme.cover_per_day > 0:
        mean = DAY / desk.tree.programme.cover_per_day
        if desk.next_cover == 0.0:
            desk.next_cover = now + desk.chance.expovariate(1 / mean)
        elif now >= desk.next_cover:
            desk.next_cover = now + desk.chance.expovariate(1 / mean)
            if desk.spared_covers > 0:
                desk.spared_covers -= 1       # a real posting went in the place of this one
            else:
                _deliver(desk, make_posting(desk.programme, []))


def unpublished(desk: Desk) -> int:
    """Own postings that the server said it stored and that two later segments do not hold (PROTOCOL 7)."""
    with desk.lock:
        book = desk.book
        if book is None:
            return 0
        newest = max(book.hashes, default=0)
        late = [e for e, p in book.event_posting.items() if p in book.posted and not book.segment.get(e) and newest >= book.posted[p] + 2]
        return len(late)


def _deliver(desk: Desk, body: bytes) -> bool:
    """Post the same letters, on a way of their own, with whatever effort the server asks today. False: try again later."""
    try:
        server = desk.open_way()
        head = post.head(server)
        desk.head = head
        if head.effort > EFFORT_MAX:
            desk.status.trouble = "The server asks for more work than this program does. What you wrote waits here."
            return False
        segment = bytes.fromhex(head.hash)
        status, sentence = post.send(server, with_effort(body, segment, head.effort))
    except post.Unreachable:
        desk.status.trouble = "The server cannot be reached. What you wrote waits here."
        return False
    except (ProtocolError, ValueError):
        desk.status.trouble = "The server sent something that does not check out. What you wrote waits here."
        return False
    if status == 200 and sentence == "stored":
        return True
    desk.status.trouble = f"The server did not take a posting (status {status}). It waits here."
    return False


def _note_stored(desk: Desk, posting: str) -> None:
    newest = desk.head.number if desk.head else 0
    with desk.lock:
        if desk.book is not None and posting in desk.book.waiting:
            write(desk, [casebook.posted_record(posting, newest)])
        else:
            desk.stored[posting] = newest


def _step(desk: Desk) -> None:
    desk.status.done += 1
