"""Stepping back, handing over and cutting off, over an intake in memory until everybody's fold shows it."""

import datetime
from pathlib import Path

import pytest

from crypto.case import Case, common, fold, heads
from crypto.constants import SLOTS
from crypto.private.signing import sign_event
from crypto.sealing import make_posting
from review import casebook, cases, circle, mirror, outbox, sync
from review.desk import Desk, lock_desk, open_desk
from tests.review.world import (
    NOW,
    PASSPHRASE,
    FakeIntake,
    P,
    arrive,
    change_card,
    everybody,
    make_desks,
    pass_screen,
    read_all,
    reporter_keys,
    send_to_all,
    turn,
)

NAMES = ("Ada", "Bo", "Cy", "Di", "Ed")


@pytest.fixture
def five(tmp_path: Path, intake: FakeIntake) -> list[Desk]:
    """Three readers and two reserves."""
    return make_desks(tmp_path, intake, NAMES)


def _begun(intake: FakeIntake, desks: list[Desk]) -> str:
    """A case that three readers opened, with an answer and a private note."""
    report = arrive(intake, desks[0], "MARKER-report")
    everybody(intake, desks)
    for desk in desks[:3]:
        pass_screen(desk)
    everybody(intake, desks, 2)
    outbox.say(desks[0], report.id, "answer", text="MARKER-answer")
    outbox.say(desks[1], report.id, "note", text="MARKER-note")
    everybody(intake, desks, 2)
    return report.id


def _case(desk: Desk, case_id: str) -> Case:
    assert desk.book is not None
    case = fold(desk.book.events.values(), case_id)
    assert case is not None
    return case


def _sign(desk: Desk) -> str:
    assert desk.vault is not None
    return desk.vault.sign


def _view(desk: Desk, case_id: str) -> cases.View:
    assert desk.book is not None
    shown = cases.view(desk.book, desk.tree, _sign(desk), case_id, desk.now())
    assert shown is not None
    return shown


def test_one_steps_back_and_the_first_reserve_reads_everything_and_answers(intake: FakeIntake, five: list[Desk]) -> None:
    ada, _, cy, di, ed = five
    case_id = _begun(intake, five)
    for reserve in (di, ed):
        assert reserve.book is not None and not reserve.book.events
    outbox.step_back(cy, case_id)
    everybody(intake, five, 4)
    case = _case(di, case_id)
    assert case.readers == (_sign(ada), _sign(five[1]), _sign(di)) and case.gone == {_sign(cy): "recused"}
    assert not case.missing and not case.void and not case.equivocations
    whole = {event.payload.get("text") for event in case.order}
    assert {"MARKER-report", "MARKER-answer", "MARKER-note"} <= whole
    assert {event.id for event in case.order} >= {event.id for event in _case(ada, case_id).order}
    # The screen comes first for a reserve too.
    assert di.book is not None
    listed = cases.overview(di.book, _sign(di))
    assert [(row.id, row.opened) for row in listed] == [(case_id, False)]
    pass_screen(di)
    outbox.say(di, case_id, "answer", text="the newcomer's answer")
    everybody(intake, five, 3)
    told = fold(read_all(intake, reporter_keys()), case_id)
    assert told is not None and not told.missing and not told.void
    assert told.readers == case.readers and told.gone == {_sign(cy): "recused"}
    assert [event.payload["text"] for event in told.order if event.kind == "answer"] == ["MARKER-answer", "the newcomer's answer"]
    assert [event.kind for event in told.order if event.kind in ("recuse", "handover")] == ["recuse", "handover"]
    assert all(event.kind != "note" for event in told.order)
    assert _sign(di) in told.opened
    # Nobody else was handed anything, and it stays so.
    assert ed.book is not None and not ed.book.events
    assert cy.book is not None and all(event.kind == "recuse" for event in cy.book.events.values())
    sent = len(intake.postings)
    everybody(intake, five, 2)
    assert len(intake.postings) == sent
    assert [seat.name for seat in _view(ada, case_id).readers if not seat.here] == ["Cy"]


def test_what_the_reporter_wrote_without_knowing_of_the_handover_reaches_the_newcomer(intake: FakeIntake, five: list[Desk]) -> None:
    case_id, keys = _begun(intake, five), reporter_keys()
    before = read_all(intake, keys)
    outbox.step_back(five[2], case_id)
    everybody(intake, five, 4)
    reply = common("reply", "2026-W47", [0, "0" * 64], 1, "all", case_id, case_id, heads(before, case_id, "all")) | {"text": "a late reply"}
    assert five[0].tree is not None
    send_to_all(intake, keys, five[0].tree, sign_event(reply, keys.sign_seed, P).raw)
    intake.tick()
    everybody(intake, five, 3)
    assert any(event.payload.get("text") == "a late reply" for event in _case(five[3], case_id).order)
    assert five[2].book is not None and "a late reply" not in str(five[2].book.events), "it arrived there too, and was dropped"


def test_a_dropped_handover_letter_is_shown(intake: FakeIntake, five: list[Desk]) -> None:
    case_id, di, dropped, take = _begun(intake, five), five[3], list[str](), intake.take

    def lossy(body: bytes) -> tuple[int, str]:
        """The server keeps one letter to the newcomer for itself: that of the answer."""
        answer = take(body)
        assert di.vault is not None
        for index in di.vault.find_matches([letter[:40] for letter in intake.tray], P):
            event, _ = mirror.open_one(intake.tray[index], "2026-W47", di.vault, P)
            if event is not None and event.kind == "answer" and not dropped:
                dropped.append(event.id)
                del intake.tray[index]
                break
        return answer

    intake.take = lossy  # type: ignore[method-assign]
    outbox.step_back(five[2], case_id)
    everybody(intake, five, 4)
    assert dropped and _case(di, case_id).missing == set(dropped) and _view(di, case_id).missing == 1
    # Whoever sent it sees it too, whichever letter it was: the posting never appeared whole.
    for _ in range(2):
        intake.take(make_posting(P, []))
        everybody(intake, five)
    assert [sync.unpublished(desk) for desk in five] == [1, 0, 0, 0, 0]
    assert five[0].book is not None
    casebook.compact(five[0].book)
    lock_desk(five[0])
    open_desk(five[0], PASSPHRASE)
    assert sync.unpublished(five[0]) == 1


def test_the_next_reader_hands_over_when_the_lead_does_nothing(intake: FakeIntake, five: list[Desk]) -> None:
    case_id = _begun(intake, five)
    outbox.step_back(five[2], case_id)
    turn(five[2])
    intake.tick()
    turn(five[1])
    intake.tick()
    assert _case(five[1], case_id).gone and len(_case(five[1], case_id).readers) == 2, "not yet"
    five[1].now = lambda: NOW + datetime.timedelta(weeks=2)
    for _ in range(2):
        turn(five[1])
        intake.tick("2026-W49")
    assert _sign(five[3]) in _case(five[1], case_id).readers


def test_reserves_who_may_not_read_today_are_passed_over_and_an_empty_list_is_said(intake: FakeIntake, five: list[Desk]) -> None:
    case_id = _begun(intake, five)
    change_card(five, 3, to="2026-11-01", ended="RESIGNED")
    outbox.step_back(five[2], case_id)
    everybody(intake, five, 4)
    assert _case(five[0], case_id).readers[-1] == _sign(five[4])
    pass_screen(five[4])
    outbox.step_back(five[4], case_id)
    everybody(intake, five, 3)
    assert len(_case(five[0], case_id).readers) == 2
    assert "no reserve is left" in _view(five[0], case_id).gap


def test_stepping_back_takes_the_case_from_the_casebook_and_from_the_disk(intake: FakeIntake, five: list[Desk]) -> None:
    case_id, cy = _begun(intake, five), five[2]
    assert cy.book is not None and cy.vault is not None
    path, key = cy.book.path, cy.vault.casebook_key()
    assert b"MARKER" in _yields(path, key).replace(b"TUFSS0VS", b"MARKER"), "the control: the file can be read with its key"
    marks = [event.raw for event in cy.book.events.values()]
    assert any(raw in _yields(path, key) for raw in marks)
    outbox.step_back(cy, case_id)
    everybody(intake, five, 4)  # what goes on arriving is not kept either
    recuse = cy.book.forgotten[case_id]
    for _ in range(2):
        clear = _yields(path, key)
        assert b"MARKER" not in clear and not any(raw in clear for raw in marks)
        assert set(cy.book.events) == {recuse}
        assert cases.overview(cy.book, _sign(cy)) == [] and sync.unpublished(cy) == 0
        lock_desk(cy)
        open_desk(cy, PASSPHRASE)
        assert case_id in cy.book.forgotten
    assert all(case_id in desk.book.events for desk in five[:2] if desk.book), "the others keep it"


def test_a_crash_between_saying_and_forgetting_is_made_up_for(intake: FakeIntake, five: list[Desk]) -> None:
    case_id, cy = _begun(intake, five), five[2]
    outbox.say(cy, case_id, "recuse")
    assert cy.book is not None and case_id in cy.book.events
    sync.duties(cy)
    assert case_id not in cy.book.events and case_id in cy.book.forgotten


def test_the_revoked_are_cut_off_by_the_others_once_for_each_audience(intake: FakeIntake, five: list[Desk]) -> None:
    case_id = _begun(intake, five)
    bo = _sign(five[1])
    change_card(five, 1, to="2026-11-17", ended="CONDUCT")
    everybody(intake, five, 5)
    case = _case(five[0], case_id)
    cuts = [(event.author, event.payload["audience"]) for event in case.order if event.kind == "cutoff" and event.payload["of"] == bo]
    people = (_sign(five[0]), _sign(five[2]), _sign(five[3]))
    assert sorted(cuts) == sorted((who, audience) for who in people for audience in ("all", "reviewers"))
    assert case.gone == {bo: "cutoff"} and case.readers == (_sign(five[0]), _sign(five[2]), _sign(five[3]))
    told = fold(read_all(intake, reporter_keys()), case_id)
    assert told is not None and told.gone == {bo: "cutoff"} and told.readers == case.readers and not told.missing
    # What the revoked one says afterwards does not count, and is shown as such.
    outbox.say(five[1], case_id, "answer", text="still here")
    turn(five[1])
    intake.tick()
    everybody(intake, five, 2)
    assert "still here" not in [line.text for line in _view(five[0], case_id).talk]
    assert _view(five[0], case_id).void[-1][1].startswith("by somebody who was cut off")
    # No letter tells them; their own roster does.
    assert not _case(five[1], case_id).gone and _view(five[1], case_id).place == "revoked"


def test_a_suspension_alone_cuts_nobody_off(intake: FakeIntake, five: list[Desk]) -> None:
    case_id = _begun(intake, five)
    change_card(five, 1, to="2026-11-17")  # expired, not ended
    everybody(intake, five, 2)
    assert not any(event.kind == "cutoff" for event in _case(five[0], case_id).order)


def test_no_private_word_no_private_cutoff(intake: FakeIntake, five: list[Desk]) -> None:
    report = arrive(intake, five[0])
    everybody(intake, five)
    change_card(five, 1, to="2026-11-17", ended="CONDUCT")
    case = _case(five[0], report.id)
    assert five[0].book is not None and five[0].tree is not None
    due = circle.cutoffs_due(case, casebook.events_of(five[0].book, case.id), five[0].tree, NOW, _sign(five[0]))
    assert due == [(_sign(five[1]), "all")]


def test_a_long_case_goes_six_letters_a_posting(intake: FakeIntake, five: list[Desk]) -> None:
    case_id = _begun(intake, five)
    for number in range(8):
        outbox.say(five[0], case_id, "note", text=f"note {number}")
    everybody(intake, five, 2)
    outbox.step_back(five[2], case_id)
    turn(five[2])
    intake.tick()
    ada = five[0]
    sync.one_round(ada)
    assert ada.book is not None
    forwarded = next(iter(ada.book.forwarded.values()))
    assert len(ada.outbox) == 1 + -(-len(forwarded) // SLOTS), "the handover, and its letters by sixes"
    everybody(intake, five, 3)
    assert len([event for event in _case(five[3], case_id).order if event.kind == "note"]) == 9


def _yields(path: Path, key: bytes) -> bytes:
    """Everything the casebook's bytes say to whoever has its key."""
    from nacl.secret import SecretBox

    data, at, out = path.read_bytes(), len(casebook.HEADER), b""
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        out += SecretBox(key).decrypt(data[at + 4 : at + 4 + size])[8:]
        at += 4 + size
    return out
