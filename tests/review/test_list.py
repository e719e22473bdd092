"""The order of the list, and what is kept of it from one unlock to the next."""

import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.case import Case
from review import casebook, clock, clocks, gist, outbox, shelf
from review.desk import Desk, lock_desk, open_desk
from tests.review.test_desk import World, rows
from tests.review.world import NOW, PASSPHRASE, STEP, FakeIntake, P, everybody, planned, report_event, reporter_keys


@pytest.fixture
def world(intake: FakeIntake, desks: list[Desk]) -> World:
    return World(intake, desks)


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the cases that are folded from now on."""
    ids: list[str] = []
    real = casebook.fold
    monkeypatch.setattr(casebook, "fold", lambda events, case_id: ids.append(case_id) or real(events, case_id))
    return ids


def again(desk: Desk, between: Callable[[], object] = lambda: None) -> None:
    lock_desk(desk)
    between()
    open_desk(desk, PASSPHRASE)


def week_in(weeks: int) -> str:
    return clock.week_of(NOW + datetime.timedelta(weeks=weeks))


def listed(desk: Desk, weeks: int = 0, found: shelf.Shelf | None = None) -> list[shelf.Row]:
    """The rows so many weeks from now."""
    assert desk.book is not None and desk.vault is not None
    held = found or desk.shelf
    held.week = ""
    shelf.refresh(held, desk.book, desk.vault.sign, week_in(weeks))
    return held.order


def test_danger_and_overdue_first_then_what_is_new_or_due_soonest_and_closed_last(world: World) -> None:
    desk, ada = world.desks[0], world.browsers[0]
    assert desk.book is not None and desk.tree is not None

    def add(number: int, week: str) -> str:
        assert desk.book is not None and desk.tree is not None
        event = report_event(reporter_keys(number), desk.tree, f"report {number}", week)
        casebook.append(desk.book, [casebook.event_record(event, 1)])
        return event.id

    late, later = add(1, "2026-W30"), add(2, "2026-W31")
    closed = world.report(3, "spam")
    ada.post(f"/case/{closed}/close", {"reason": "SPAM", "close": ""})
    soon, new, read = world.report(4, "soon"), world.report(5, "new"), world.report(6, "read", danger="OVER")
    planned(world.intake, world.desks, new)
    casebook.append(desk.book, [casebook.read_record(desk.book.events.keys() - {late, later, *desk.book.cases[new]})])
    assert rows(ada.get("/")) == [late, later, soon, new, read, closed]
    page = ada.get("/").text
    assert " · 2 overdue</p>" in page and "then what is overdue" in page and page.count("<b>Overdue</b>, due in the week of ") == 2
    desk.now = lambda: NOW + datetime.timedelta(weeks=100)
    today = add(7, clock.week_of(desk.now()))
    order = rows(ada.get("/"))
    assert order[:4] == [late, later, soon, today], "danger stands before what is overdue, though not yet due itself"
    assert "6 overdue" in ada.get("/").text, "what was to be removed is overdue as well"


def test_what_is_kept_shows_what_the_folds_would_in_any_week(world: World, folded: list[str]) -> None:
    desk = world.desks[0]
    fresh = world.report(1, "only just in", opened=False)
    closed = world.report(2, "spam")
    world.browsers[0].post(f"/case/{closed}/close", {"reason": "SPAM", "close": ""})
    world.report(3, "third")
    case_id = world.report(4, "planned")
    planned(world.intake, world.desks, case_id)
    case = casebook.case_of(desk.book, case_id)  # type: ignore[arg-type]
    void = {**outbox._common(desk, case, "state", "all"), **STEP, "to": "CORRECTED"}  # type: ignore[arg-type]
    casebook.append(desk.book, [casebook.event_record(desk.vault.sign_event(void, P), 1)])  # type: ignore[arg-type, union-attr]
    listed(desk)
    again(desk)
    folded.clear()
    outbox.forget_left(desk)
    kept = {weeks: list(listed(desk, weeks)) for weeks in (0, 1, 2, 5, 30, 200)}
    assert not folded and len(kept[0]) == 4, "no case was folded for the list, nor to see whether one is to be forgotten"
    for weeks, found in kept.items():
        for row in found:
            case = casebook.case_of(desk.book, row.seen.id)  # type: ignore[arg-type]
            first = next((due for due in clocks.dues(case, week_in(weeks)) if due.duty), None)  # type: ignore[arg-type]
            assert (row.due, row.due_words, row.overdue) == ((first.week, first.words, first.overdue) if first else ("", "", False))
            unread = [event for event in case.order if event.id not in desk.book.read]  # type: ignore[union-attr]
            assert (row.seen.state_code, row.seen.unread) == (case.state, len(unread))  # type: ignore[union-attr]
        assert found == listed(desk, weeks, shelf.Shelf())
    assert fresh in folded, "and every one where nothing is kept"
    assert not any(row.overdue for row in kept[0]) and all(row.overdue for row in kept[200])


def test_what_is_kept_gives_way_to_new_events_and_to_another_program(
    world: World, folded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world.desks[0]
    assert desk.book is not None
    file = desk.folder / gist.FILE
    one, two = world.report(1, "first"), world.report(2, "second")
    listed(desk)
    lock_desk(desk)
    old = file.read_bytes()
    open_desk(desk, PASSPHRASE)
    outbox.say(desk, one, "state", **{**STEP, "to": "ACKNOWLEDGED"})
    everybody(world.intake, world.desks, 2)
    again(desk, lambda: file.write_bytes(old))
    folded.clear()
    assert {row.seen.id: row.seen.state_code for row in listed(desk)} == {one: "ACKNOWLEDGED", two: "RECEIVED"}
    assert folded == [one], "an older file put back counts only where it is not older"
    for bad in (b"", old[:30], bytes([old[0] ^ 1]) + old[1:]):
        again(desk, lambda bad=bad: file.write_bytes(bad))  # type: ignore[misc]
        folded.clear()
        assert len(listed(desk)) == 2 and {*folded} == {one, two}

    def ruled_otherwise(events: object, case_id: str) -> Case:
        case = real(events, case_id)  # type: ignore[arg-type]
        assert case is not None
        return dataclasses.replace(case, state="REVIEW")

    real = casebook.fold
    again(desk)
    monkeypatch.setattr(casebook, "fold", ruled_otherwise)
    monkeypatch.setattr(gist, "PROGRAM", bytes(32))
    desk.shelf.gists = gist.kept(desk.book)
    assert {row.seen.state_code for row in listed(desk)} == {"REVIEW"}


@pytest.mark.parametrize("name", ["states.py", "case.py", "graph.py", "event.py", "wording.json", "clocks.py", "gist.py"])
def test_a_changed_line_makes_another_program(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.read_bytes
    assert gist._program() == gist.PROGRAM
    monkeypatch.setattr(Path, "read_bytes", lambda path: real(path) + b"#" * (path.name == name))
    assert gist._program() != gist.PROGRAM


def test_nothing_of_a_case_one_left_is_kept_and_a_full_disk_hinders_no_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = world.desks[0]
    left, held = world.report(1, "left"), world.report(2, "held")
    listed(desk)
    again(desk)
    assert desk.book is not None and desk.shelf.gists.keys() == {left, held}
    outbox.step_back(desk, left)
    assert not (desk.folder / gist.FILE).exists(), "it goes with the case, at once"
    again(desk)
    assert gist.kept(desk.book).keys() <= {held}
    assert left.encode() not in (desk.folder / gist.FILE).read_bytes() and b"RECEIVED" not in (desk.folder / gist.FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(gist.disk, "replace", full)
    lock_desk(desk)
    assert desk.vault is None and desk.book is None


def test_what_a_crash_left_of_a_case_goes_at_the_next_unlock(world: World) -> None:
    desk = world.desks[0]
    left = world.report(1, "left")
    listed(desk)
    again(desk)
    assert desk.book is not None and desk.vault is not None
    own = outbox.say(desk, left, "recuse")
    casebook.append(desk.book, [casebook.forget_record(left, own.id)])
    kept, path = (desk.folder / gist.FILE).read_bytes(), desk.book.path
    size = path.stat().st_size
    again(desk, lambda: (desk.folder / gist.FILE).write_bytes(kept))  # as a crash leaves it, which locks nothing
    assert not (desk.folder / gist.FILE).exists() and path.stat().st_size < size
