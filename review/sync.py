"""The one background thread: mirror, open, say what must be said, send what waits, and send cover."""

from __future__ import annotations

import datetime
import logging
import math
import time

from crypto.case import Case
from crypto.constants import POINT_BYTES
from crypto.errors import Expired, Mismatch, ProtocolError, Rollback
from crypto.sealing import make_posting, with_effort
from crypto.segment import segment_hash
from crypto.tree import verify_bundle
from review import backup, casebook, circle, clock, labelling, mirror, outbox, post, renewal
from review.desk import LEFT_OUT, Desk, Outgoing, is_active, lock_if_idle, tick, write
from review.vault import VaultLocked, destroyed_after

TREE_SECONDS = 600.0
POLL_MAX = 900.0
DOUBTS_MAX = 3
EFFORT_MAX = 16  # bits; about ten minutes of work. A server that asks for more could stop this program for good.
DAY = 86_400.0
SOON = 300.0  # seconds over which the next try is spread where nothing answered: a hiccup of the network delays nothing by a tick
RENEW_SPREAD = 3_600.0  # seconds over which workstations renew the timestamp, so that the first spares the others
RESTORED = "Restored from a backup: nothing can be said until two more segments are published, so that it contradicts nothing said before."
SAW_ANOTHER = (
    "The workstation of {} saw another segment {} than this one. Either the server shows different people different files, or that "
    "workstation says what is not so. Tell the stewards."
)
NOT_RENEWED = "The server did not take the renewed date of the signed facts"
RENEW_SPREAD_STALE = 300.0  # when pages warn already

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
        asked = time.time()
        desk.head = post.head(server)
        if desk.vault is not None:
            mirror_new(desk, server, desk.head, asked)
            retire_keys(desk, desk.head)
            if settled(desk):
                duties(desk)
            renew(desk)
            desk.status.last_sync = desk.now()
        desk.status.trouble, desk.doubts = "", 0
    except post.Unreachable:
        desk.status.trouble = "The server cannot be reached. Trying again."
    except (Mismatch, Rollback) as error:
        # Files fetched while a tick is being published may not fit together once; a server that lies does it again.
        desk.doubts += 1
        if desk.doubts < DOUBTS_MAX:
            return
        words = f"The server contradicts itself or what it said before ({error.name}). Tell the stewards. {error}"
        desk.status.alarms[error.name] = words
    except Expired:
        desk.tree = None  # nothing may be sealed by a roster that may be out of date
        desk.status.trouble = "The signed roster has expired. Nothing is sent or fetched until the stewards sign it anew."
    except ProtocolError as error:
        desk.status.trouble = f"The server sent something that does not check out ({error.name})."
    except (VaultLocked, casebook.CasebookBusy):
        pass  # locked in the middle of a round: the rest is for the next unlock
    except Exception as error:
        # The kind of mistake only: a log is a file, and the message may hold words of a case.
        log.error("a round failed: %s", type(error).__name__)
        desk.status.trouble = "This program made a mistake while fetching. Trying again."


def refresh_tree(desk: Desk, asked: float = 0.0) -> None:
    """Fetch and check the signed tree every ten minutes or if it is older than `asked`, against the versions remembered from before."""
    if desk.tree is not None and time.time() - desk.tree_at < TREE_SECONDS and desk.tree_at >= asked:
        return
    with desk.lock:
        seen = dict(desk.book.versions) if desk.book else dict(desk.tree.versions) if desk.tree else {}
    bundle = post.bundle(desk.open_way())
    tree = verify_bundle(bundle, desk.programme, desk.now(), seen)
    with desk.lock:
        desk.tree, desk.bundle, desk.tree_at = tree, bundle, time.time()
        if desk.book is not None and desk.book.versions != tree.versions:
            write(desk, [casebook.versions_record(tree.versions)])


def mirror_new(desk: Desk, server: post.Server, head: post.Head, asked: float) -> None:
    """Fetch, check and read every new segment; each is written down whole, so that a crash repeats at most one.

    asked: when the head was asked for, in seconds of `time.time`. Without a roster that is not older nothing is read.
    """
    with desk.lock:
        if desk.book is None or desk.vault is None:
            return
        book, vault, known, week = desk.book, desk.vault, dict(desk.book.hashes), desk.book.week
    segments = mirror.new_segments(server, head, desk.programme, known, week, desk.looked)
    if segments:
        if gone := mirror.left_out(segments, known, week, clock.week_of(desk.now())):
            desk.status.alarms.setdefault(LEFT_OUT, gone)
        # Whoever these letters name was on a roster before the head: looking now, whatever is in them, tells the server nothing.
        refresh_tree(desk, asked)
    if desk.tree is None:
        return
    roster = desk.tree.roster
    called = {each.sign: each.name for each in roster.reviewers}
    desk.status.done, desk.status.total = 0, sum(len(segment.block_hashes) for segment in segments)
    for segment in segments:
        found = mirror.read_segment(server, segment, vault, desk.programme, lambda: _step(desk))
        with desk.lock:
            if desk.book is not book:
                raise VaultLocked
            strange = {event.id for event in found.events if event.id not in book.events and not mirror.is_known(event, roster)}
            held = (event for event in found.events if event.id not in strange)
            fresh = [event for event in held if not book.segment.get(event.id) and casebook.wanted(book, event)]
            records = [casebook.event_record(event, segment.number) for event in fresh]
            for event in fresh:
                # Reviewers only: anybody may write a report that claims to have seen something else.
                if event.author in called and mirror.saw_another(event, book.hashes, segment.number):
                    desk.status.alarms.setdefault(event.author, SAW_ANOTHER.format(called[event.author], event.payload["seen"][0]))
            digest = segment_hash(segment).hex()
            points = {clue[:POINT_BYTES].hex() for clue in segment.clues}
            records.append(casebook.published_record(posting for posting, letters in book.letters.items() if letters <= points))
            records += casebook.hour_records(fresh, desk.now())
            write(desk, [*records, casebook.segment_record(segment.number, digest, segment.week, found.poison + len(strange))])
            if any(event.author != vault.sign for event in fresh):
                desk.ring()
    desk.looked.update(head.weeks)


def settled(desk: Desk) -> bool:
    """Whether this vault may speak: always, but for a while after it was restored from a backup."""
    with desk.lock:
        if desk.book is None:
            return False
        newest, before = max(desk.book.hashes, default=0), backup.waiting(desk.folder)
        done = backup.settle(desk.folder, newest, lambda: outbox.after_restore(desk))
    if not done:
        desk.status.note = RESTORED
    elif before and desk.status.note == RESTORED:
        desk.status.note = ""
    return done


def duties(desk: Desk) -> None:
    """Say what nobody has to decide: cutoffs, handovers and what belongs to them, summaries, labels. `received` is said by hand only."""
    outbox.forget_left(desk)
    with desk.lock:
        if desk.book is None or desk.vault is None or desk.tree is None or not is_active(desk):
            return
        book, names = desk.book, [case_id for case_id, events in desk.book.cases.items() if case_id in events]
    for case_id in names:
        # Case by case, so that a page waits for one of thousands at most.
        with desk.lock:
            if desk.book is not book or desk.tree is None:
                return
            try:
                _duties_of(desk, case_id)
            except (ProtocolError, ValueError, OverflowError):
                # One case with absurd weeks or lengths must not keep the others from their due.
                desk.status.trouble = f"Case {case_id[:4]} {case_id[4:8]} could not be answered automatically."


def _duties_of(desk: Desk, case_id: str) -> None:
    """The caller holds the lock and has seen that everything is open."""
    assert desk.book is not None and desk.vault is not None and desk.tree is not None
    sign, day = desk.vault.sign, desk.now()
    case = _read_by(desk, case_id, sign)
    if case is None:
        return
    for of, audience in circle.cutoffs_due(case, casebook.events_of(desk.book, case_id), desk.tree, day, sign):
        outbox.say(desk, case_id, "cutoff", audience, of=of)
    case = _read_by(desk, case_id, sign)
    while case and circle.has_gap(case) and circle.hands_over(case, sign, clock.week_of(day)):
        reserve = circle.next_reserve(case, desk.tree, day, _handed(desk, case_id, sign))
        if reserve is None:
            break
        outbox.say(desk, case_id, "handover", to=reserve.sign)
        case = _read_by(desk, case_id, sign)
    if case:
        outbox.forward(desk, case)
        if sign in case.opened and outbox.summary_due(case, sign, clock.week_of(day)):
            held = casebook.events_of(desk.book, case_id)
            outbox.say(desk, case_id, "summary", **outbox.summary_fields(case, held, clock.week_of(day)))
        labelling.label(desk, case_id)


def _handed(desk: Desk, case_id: str, sign: str) -> frozenset[str]:
    """Whom this reviewer handed the case to already: once each, even where it did not count."""
    assert desk.book is not None
    held = casebook.events_of(desk.book, case_id)
    return frozenset(event.payload["to"] for event in held if event.kind == "handover" and event.author == sign)


def _read_by(desk: Desk, case_id: str, sign: str) -> Case | None:
    """The case as it stands now, if this reviewer is among its readers."""
    assert desk.book is not None
    case = casebook.case_of(desk.book, case_id)
    return case if case is not None and sign in case.readers else None


def retire_keys(desk: Desk, head: post.Head) -> None:
    """Destroy open keys 60 days after their quarter, once every segment is read: what they open is in the casebook then."""
    with desk.lock:
        if desk.book is None or desk.vault is None or max(desk.book.hashes, default=0) < head.number:
            return
        today = desk.now().date()
        old = [quarter for quarter in desk.vault.quarters() if destroyed_after(quarter) < today]
        if old:
            desk.vault.destroy_keys(old)


def renew(desk: Desk) -> None:
    """Renew the timestamp of the signed tree when it nears its end and this reviewer may, at a random moment."""
    with desk.lock:
        if desk.vault is None or desk.tree is None or not desk.bundle or not is_active(desk):
            return
        spread = RENEW_SPREAD_STALE if desk.tree.stale else RENEW_SPREAD
        if renewal.expires(desk.bundle) - desk.now() >= renewal.BELOW or not renewal.key_id(desk.bundle, desk.vault.sign):
            desk.renew_at = 0.0
            return
        if desk.renew_at == 0.0:
            desk.renew_at = time.time() + desk.chance.uniform(0, spread)
        if time.time() < desk.renew_at:
            return
        desk.renew_at = 0.0
        desk.tree_at = 0.0
    refresh_tree(desk)  # somebody may have been quicker; and nothing is signed over a tree not checked just now
    with desk.lock:
        if desk.vault is None:
            raise VaultLocked
        keyid = renewal.key_id(desk.bundle, desk.vault.sign)
        if not keyid or not is_active(desk) or renewal.expires(desk.bundle) - desk.now() >= renewal.BELOW:
            return
        made = renewal.renewed(desk.bundle, keyid, desk.now(), desk.vault.sign_timestamp)
        verify_bundle(made, desk.programme, desk.now(), desk.tree.versions)
    status, _ = desk.open_way().put_tree(made)
    if status != 200:
        desk.status.note = f"{NOT_RENEWED} (status {status}). Trying again later."
        return
    if desk.status.note.startswith(NOT_RENEWED):
        desk.status.note = ""
    desk.tree_at = 0.0  # what counts is what the server serves: look again in the next round


def send_due(desk: Desk) -> None:
    """Send the postings whose moment has come, and cover when it is its turn.

    What the server refused is tried again at a random moment within one tick, cover like any other: a server that refuses everything must
    not see by the second try what was real, nor by many at once what had waited. Where nothing answered the next try comes soon.
    """
    now = time.time()
    _add_cover(desk, now)
    for posting, item in list(desk.outbox.items()):
        if item.at > now or not _leaves(desk, posting, item):
            continue
        spread = _deliver(desk, item)
        if not spread:
            desk.outbox.pop(posting, None)
            if not item.cover:
                desk.spared_covers += 1
                _note_stored(desk, posting)
        else:
            item.at = now + desk.chance.uniform(1, spread)


def _add_cover(desk: Desk, now: float) -> None:
    """Put a posting without content into the outbox when its moment has come; in memory only, so a restart forgets it."""
    if desk.tree is not None and desk.tree.programme.cover_per_day > 0:
        mean = DAY / desk.tree.programme.cover_per_day
        if desk.next_cover == 0.0:
            desk.next_cover = now + desk.chance.expovariate(1 / mean)
        elif now >= desk.next_cover:
            desk.next_cover = now + desk.chance.expovariate(1 / mean)
            if desk.spared_covers > 0:
                desk.spared_covers -= 1  # a real posting went in the place of this one
            else:
                desk.outbox[f"cover {now}"] = Outgoing(make_posting(desk.programme, []), now, cover=True)


def _leaves(desk: Desk, posting: str, item: Outgoing) -> bool:
    """Mark a posting as tried, unless it was taken back just now."""
    with desk.lock:
        item.left = posting in desk.outbox
    return item.left


def next_try(desk: Desk) -> str:
    """The hour (UTC) in which the last of what waits is tried next, or ""."""
    moments = [item.at for item in list(desk.outbox.values()) if not item.cover and item.at < math.inf]
    return f"{datetime.datetime.fromtimestamp(max(moments), datetime.UTC):%H:00}" if moments else ""


def unpublished(desk: Desk) -> int:
    """Own postings that the server said it stored and of which two later segments lack a letter (PROTOCOL 7)."""
    with desk.lock:
        book = desk.book
        if book is None:
            return 0
        newest = max(book.hashes, default=0)
        return len([number for number in book.posted.values() if newest >= number + 2])


def _deliver(desk: Desk, item: Outgoing) -> float:
    """Post the same letters, on a way of their own, with whatever effort the server asks today. 0.0 once they are stored, else the seconds
    over which the next try is spread.
    """
    waits, later = "" if item.cover else " What you wrote waits here.", max(2.0, tick(desk))
    try:
        server = desk.open_way()
        head = post.head(server)
        desk.head = head
        if head.effort > EFFORT_MAX:
            desk.status.trouble = "The server asks for more work than this program does." + waits
            return later
        segment = bytes.fromhex(head.hash)
        status, sentence = post.send(server, with_effort(item.body, segment, head.effort))
    except post.Unreachable as error:
        desk.status.trouble = "The server cannot be reached." + waits
        return min(later, SOON) if isinstance(error, post.NoAnswer) else later
    except (ProtocolError, ValueError):
        desk.status.trouble = "The server sent something that does not check out." + waits
        return later
    if status == 200 and sentence == "stored":
        return 0.0
    desk.status.trouble = f"The server did not take a posting (status {status})." + waits
    return later


def _note_stored(desk: Desk, posting: str) -> None:
    newest = desk.head.number if desk.head else 0
    with desk.lock:
        if desk.book is not None and posting in desk.book.waiting:
            try:
                write(desk, [casebook.posted_record(posting, newest)])
                return
            except OSError:
                pass  # a full disk must not end this thread; sent twice would be harmless
        desk.stored[posting] = newest


def _step(desk: Desk) -> None:
    desk.status.done += 1
