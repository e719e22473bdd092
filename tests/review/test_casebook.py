import base64
import json
from pathlib import Path

import pytest

from crypto.errors import Malformed
from crypto.event import Event, parse_event
from review import casebook, outbox, sync
from review.casebook import COMPACT_AFTER
from review.desk import Desk, lock_desk, open_desk
from tests.review.test_views import Browser
from tests.review.world import PASSPHRASE, FakeIntake, P, arrive, everybody, make_desks, pass_screen, report_event, reporter_keys, turn

KEY = bytes(32)


def test_survives_a_torn_last_record(tmp_path: Path) -> None:
    path = tmp_path / "casebook"
    book = casebook.open_book(path, KEY, P)
    casebook.append(book, [casebook.read_record(["a"]), casebook.read_record(["b"])])
    casebook.close_book(book)
    whole = path.read_bytes()
    for cut in (1, 5, 60):
        path.write_bytes(whole[:-cut])
        book = casebook.open_book(path, KEY, P)
        assert book.read == {"a"}
        casebook.append(book, [casebook.read_record(["c"])])
        casebook.close_book(book)
        book = casebook.open_book(path, KEY, P)
        assert book.read == {"a", "c"}
        casebook.close_book(book)


def test_refuses_changed_reordered_and_busy_files(tmp_path: Path) -> None:
    path = tmp_path / "casebook"
    book = casebook.open_book(path, KEY, P)
    casebook.append(book, [casebook.read_record([name]) for name in "abc"])
    with pytest.raises(casebook.CasebookBusy):
        casebook.open_book(path, KEY, P)
    casebook.close_book(book)
    whole = path.read_bytes()
    size = (len(whole) - len(casebook.HEADER)) // 3
    first, second = whole[len(casebook.HEADER) :][:size], whole[len(casebook.HEADER) + size :][:size]
    for bad in (whole.replace(first + second, second + first), whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        path.write_bytes(bad)
        with pytest.raises(casebook.CasebookDamaged):
            casebook.open_book(path, KEY, P)


def test_no_clear_text_on_disk(intake: FakeIntake, desks: list[Desk], tmp_path: Path) -> None:
    report = arrive(intake, desks[0], "MARKER-in-the-report")
    turn(desks[0])
    outbox.say(desks[0], report.id, "answer", text="MARKER-in-the-answer")
    outbox.say(desks[0], report.id, "note", text="MARKER-in-the-note")
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"tellsafe/1 casebook" in everything, "the search itself works"
    for marker in (b"MARKER", b"TUFSS0VS", report.id.encode(), bytes.fromhex(report.id), reporter_keys().find_public, b"received"):
        assert marker not in everything


def test_what_waits_outlives_lock_and_restart(intake: FakeIntake, desks: list[Desk]) -> None:
    desk = desks[0]
    report = arrive(intake, desk)
    turn(desk)
    said = outbox.say(desk, report.id, "answer", text="later")
    before = next(iter(desk.outbox.values())).body
    lock_desk(desk)
    assert (desk.vault, desk.book) == (None, None)
    desk.outbox.clear()  # a restart
    open_desk(desk, PASSPHRASE)
    assert desk.book is not None
    assert next(iter(desk.outbox.values())).body == before, "the same bytes again, or a retry would be a second posting"
    assert said.id in desk.book.events
    turn(desk)
    assert not desk.book.waiting


def test_compacting_keeps_what_counts_and_survives_a_crash(intake: FakeIntake, desks: list[Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desks[0]
    assert desk.book is not None
    report = arrive(intake, desk)
    turn(desk)
    outbox.say(desk, report.id, "received")
    turn(desk)
    intake.tick()
    outbox.say(desk, report.id, "answer", text="not yet taken")
    book, path = desk.book, desk.book.path
    before = {name: getattr(book, name) for name in ("events", "segment", "waiting", "hashes", "week", "poison", "read", "versions")}
    size = path.stat().st_size

    def fail(_: int) -> None:
        raise OSError("power failure")

    with monkeypatch.context() as patch:
        patch.setattr("review.casebook.os.fsync", fail)
        with pytest.raises(OSError, match="power"):
            casebook.compact(book)
    assert path.stat().st_size == size
    casebook.append(book, [casebook.read_record(["x"])])  # the book goes on as it was
    casebook.compact(book)
    assert path.stat().st_size < size - 100_000, "a delivered posting is not kept for ever"
    with pytest.raises(casebook.CasebookBusy):
        casebook.open_book(path, KEY, P)
    casebook.append(book, [casebook.versions_record({"roster": 7})])
    before = {name: dict(value) if isinstance(value, dict) else set(value) if isinstance(value, set) else value
              for name, value in before.items()}  # fmt: skip
    lock_desk(desk)
    desk.outbox.clear()
    open_desk(desk, PASSPHRASE)
    assert desk.book is not None
    again = {name: getattr(desk.book, name) for name in before}
    assert again == {**before, "versions": {"roster": 7}, "read": before["read"] - {"x"}}
    assert path.stat().st_mode & 0o777 == 0o600
    turn(desk)
    assert not desk.book.waiting


def test_delivered_postings_are_cleared_away_at_an_unlock(intake: FakeIntake, desks: list[Desk]) -> None:
    desk = desks[0]
    assert desk.book is not None
    report = arrive(intake, desk)
    turn(desk)
    path = desk.book.path
    for number in range(COMPACT_AFTER):
        outbox.say(desk, report.id, "note", text=f"note {number}")
    turn(desk)
    assert path.stat().st_size > 1_000_000
    lock_desk(desk)
    open_desk(desk, PASSPHRASE)
    assert path.stat().st_size < 100_000 and len(desk.book.events) == 1 + COMPACT_AFTER


def test_what_was_checked_by_an_older_program_is_checked_anew(
    intake: FakeIntake, desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desks[0]
    report = arrive(intake, desk)
    turn(desk)
    asked: list[bytes] = []
    real = parse_event

    def watched(raw: bytes, programme: bytes) -> Event:
        asked.append(raw)
        return real(raw, programme)

    monkeypatch.setattr(casebook, "parse_event", watched)
    for number, times in ((casebook.CHECKED, 0), (casebook.CHECKED + 1, 1)):
        lock_desk(desk)
        monkeypatch.setattr(casebook, "CHECKED", number)
        open_desk(desk, PASSPHRASE)
        assert desk.book is not None and desk.book.events[report.id] == report and asked == [report.raw] * times
        assert desk.book.stale == times, "and soon written as checked"
    with monkeypatch.context() as patch:
        patch.setattr(casebook, "CHECKED", 9)
        patch.setattr(casebook, "parse_event", lambda *_: (_ for _ in ()).throw(Malformed()))
        lock_desk(desk)
        open_desk(desk, PASSPHRASE)
        assert desk.book is not None and not desk.book.events and len(desk.book.unread) == 1, "a stricter program does not take it"
        casebook.compact(desk.book)
    lock_desk(desk)
    open_desk(desk, PASSPHRASE)
    assert desk.book.events[report.id] == report and not desk.book.unread, "and loses nothing of it"


def test_a_casebook_of_an_older_version_is_read_and_soon_written_anew(intake: FakeIntake, desks: list[Desk]) -> None:
    desk, keys = desks[0], reporter_keys()
    assert desk.tree is not None and desk.book is not None
    report = report_event(keys, desk.tree, "from the first version")
    other = report_event(reporter_keys(2), desk.tree, "one that is no event any more")
    spoilt = bytes([other.raw[0] ^ 1]) + other.raw[1:]
    old = [{"t": "event", "raw": base64.b64encode(raw).decode(), "n": 3} for raw in (report.raw, spoilt)]
    later = {"t": "from a later version", "case": report.id}
    book = desk.book
    for position, record in enumerate([*old, *old[:1] * COMPACT_AFTER, later], book.position):
        content = position.to_bytes(8, "big") + json.dumps(record).encode()
        sealed = bytes(book.box.encrypt(content))
        book.file.write(len(sealed).to_bytes(4, "big") + sealed)
    lock_desk(desk)
    old_size = book.path.stat().st_size
    open_desk(desk, PASSPHRASE)
    for _ in range(2):
        assert desk.book is not None
        assert desk.book.events == {report.id: report} and desk.book.segment[report.id] == 3 and len(desk.book.unread) == 2
        assert book.path.stat().st_size < old_size - 8 * len(report.raw), "written in the form of today"
        lock_desk(desk)
        open_desk(desk, PASSPHRASE)
    assert desk.book is not None
    casebook.append(desk.book, [casebook.forget_record(name, "") for name in (report.id, other.id)])
    assert not desk.book.unread, "a case that one steps back from takes with it what cannot be read of it"


def test_a_casebook_of_a_version_that_is_not_read_is_left_alone(desks: list[Desk]) -> None:
    desk = desks[0]
    lock_desk(desk)
    path = desk.folder / "casebook.tellsafe"
    path.write_bytes(b"tellsafe/2 casebook\n" + b"whatever it may be")
    before = path.read_bytes()
    with pytest.raises(casebook.CasebookOther):
        open_desk(desk, PASSPHRASE)
    browser = Browser(desk)
    browser.get(browser.link)
    answer = browser.post("/unlock", {"passphrase": PASSPHRASE})
    assert answer.status_code == 409 and "another version of this program" in answer.text
    assert path.read_bytes() == before and desk.vault is None


def test_many_events_share_a_place_and_come_back_in_order(tmp_path: Path, desks: list[Desk]) -> None:
    tree = desks[0].tree
    assert tree is not None
    events = [report_event(reporter_keys(1), tree, f"report {number} " + "x" * 9000) for number in range(30)]
    book = casebook.open_book(tmp_path / "many", KEY, P)
    between = casebook.read_record([events[2].id])
    casebook.append(book, [*(casebook.event_record(event, 7) for event in events), between, casebook.event_record(events[0], 9)])
    assert 3 < book.position < 12, "runs of some 64 KB"
    kept = dict(book.events)
    casebook.close_book(book)
    book = casebook.open_book(tmp_path / "many", KEY, P)
    assert list(book.events.items()) == list(kept.items()) and set(book.segment.values()) == {7} and book.read == {events[2].id}
    casebook.close_book(book)


def test_what_the_disk_does_not_take_is_not_sent_and_can_be_said_again(
    intake: FakeIntake, desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, browser = desks[0], Browser(desks[0])
    browser.get(browser.link)
    report = arrive(intake, desk)
    turn(desk)
    pass_screen(desk)
    turn(desk)
    assert desk.book is not None
    at, book, events = f"/case/{report.id}", desk.book, set(desk.book.events)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("review.casebook.os.fsync", full)
        refused = browser.post(f"{at}/note", {"note": "between us"})
    assert refused.status_code == 507 and "Nothing was sent." in refused.text
    assert not desk.outbox and not book.waiting and set(book.events) == events
    assert browser.post(f"{at}/note", {"note": "between us"}).status_code == 303
    (said,) = set(book.events) - events
    with monkeypatch.context() as patch:
        patch.setattr("review.casebook.os.fsync", full)
        assert browser.post(f"{at}/undo", {"event": said}).status_code == 507
    sync.send_due(desk)
    assert len(intake.postings) == 2 and len(desk.outbox) == 1 and said in book.events, "it waits for another try"
    assert browser.post(f"{at}/undo", {"event": said}).status_code == 200
    assert not desk.outbox and set(book.events) == events
    outbox.say(desk, report.id, "answer", text="delivered onto a full disk")
    for item in desk.outbox.values():
        item.at = 0
    with monkeypatch.context() as patch:
        patch.setattr("review.casebook.os.fsync", full)
        sync.send_due(desk)
    assert len(intake.postings) == 3 and not desk.outbox and len(desk.stored) == 1
    lock_desk(desk)
    open_desk(desk, PASSPHRASE)
    assert not desk.outbox and desk.book is not None and not desk.book.waiting


def test_a_note_that_can_be_taken_back_is_not_handed_on_yet(intake: FakeIntake, tmp_path: Path) -> None:
    """Else who takes the place would hold a note of which the page said that nobody has seen it."""
    ada, _, cy, di = desks = make_desks(tmp_path, intake, ("Ada", "Bo", "Cy", "Di"))
    report = arrive(intake, ada)
    for desk in desks[:3]:
        turn(desk)
        pass_screen(desk)
    everybody(intake, desks, 2)
    outbox.step_back(cy, report.id)
    everybody(intake, [cy])
    note = outbox.say(ada, report.id, "note", text="taken back")
    sync.one_round(ada)
    assert ada.book is not None and di.book is not None
    (forwarded,) = ada.book.forwarded.values()
    assert forwarded and note.id not in forwarded
    outbox.take_back(ada, note.id)
    kept = outbox.say(ada, report.id, "note", text="kept")
    everybody(intake, desks, 3)
    assert {event.id for event in di.book.events.values() if event.kind == "note"} == {kept.id}
