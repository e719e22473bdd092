"""The pages beside a case's own, each with two workstations where two people are needed."""

import dataclasses
import re

import pytest

from crypto.event import Event, parse_event
from crypto.posting import parse_posting
from crypto.roster import Commitment
from review import export, outbox, resend, vault
from review.desk import Desk, lock_desk
from tests.harness.workstations import case_of as held
from tests.review.test_views import Browser
from tests.review.world import (
    PASSPHRASE,
    FakeIntake,
    P,
    arrive,
    change_card,
    change_tree,
    everybody,
    pass_screen,
    planned,
    turn,
)

TEXT = "Last spring an agent copied 41,337 files to a share called KestrelVault and nobody on the night shift noticed."


@pytest.fixture
def case_id(intake: FakeIntake, desks: list[Desk]) -> str:
    return send_report(intake, desks, 1)


def send_report(intake: FakeIntake, desks: list[Desk], number: int, text: str = TEXT) -> str:
    report = arrive(intake, desks[0], text, number)
    for desk in desks:
        turn(desk)
        pass_screen(desk)
    everybody(intake, desks, 2)
    return report.id


@pytest.fixture
def two(desks: list[Desk]) -> tuple[Browser, Browser]:
    made = Browser(desks[0]), Browser(desks[1])
    for browser in made:
        assert browser.get(browser.link).status_code == 200
    return made


def of_kind(desk: Desk, case_id: str, kind: str) -> list[Event]:
    return [event for event in held(desk, case_id).order if event.kind == kind]


def test_a_packet_is_drafted_by_one_and_written_anew_by_another(
    intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]
) -> None:
    ada, bo = two
    base = f"/case/{case_id}/packets"
    page = ada.post(base, {"to": "CAL-OES"}).text
    assert "California" in page and "An AI system did things it was not allowed to" in page and "41,337" not in page
    draft = {"to": "CAL-OES", "date": "Spring", "why": "Loss of control", "statement": TEXT, "internal": "Yes"}
    assert ada.post(f"{base}/draft", draft).status_code == 303
    [note] = of_kind(desks[0], case_id, "note")
    assert "Another reader" in ada.get(f"{base}/{note.id}").text
    page = ada.get(f"/case/{case_id}").text
    assert "Draft of a packet: California" in page and "== date ==" not in page, "the page of the case does not repeat it"
    assert f'value="{note.id}"' in ada.get(base).text
    assert "41,337" in ada.post(base, {"to": "CAL-OES", "draft": note.id}).text, "a slip is mended in a new draft, not from nothing"
    assert ada.post(f"{base}/{note.id}", {"statement": "x"}).status_code == 400
    everybody(intake, desks, 2)

    page = bo.get(f"{base}/{note.id}").text
    boxes = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.S)
    assert boxes == ["", "", "", ""], "everything here identifies: the second reviewer starts from nothing"
    assert "KestrelVault" in page, "the first one's text stands beside it"
    assert "do not copy." in page and "word for word" not in page
    copied = {
        "date": "Spring",
        "why": "Loss of control",
        "statement": "An agent copied 41,337 files to a share called X.",
        "internal": "Yes",
    }
    answer = bo.post(f"{base}/{note.id}", copied)
    assert answer.status_code == 400 and "An agent copied 41 337 files to a share called" in answer.text
    assert "An agent copied 41,337 files to a share called X." in answer.text, "no word is lost"
    assert of_kind(desks[1], case_id, "packet") == []
    answer = bo.post(f"{base}/{note.id}", {**copied, "statement": ""})
    assert answer.status_code == 400 and "left empty" in answer.text
    own = {**copied, "statement": "An internal agent moved data without permission."}
    assert bo.post(f"{base}/{note.id}", own).status_code == 303
    everybody(intake, desks, 2)
    [packet] = of_kind(desks[2], case_id, "packet")
    assert (
        packet.payload["to"] == "CAL-OES"
        and packet.payload["fields"]["statement"] == own["statement"]
        and packet.payload["audience"] == "all"
    )
    assert "moved data without permission" in ada.get(base).text


def test_a_summary_for_publication_never_keeps_the_reporters_wording(
    intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]
) -> None:
    ada, bo = two
    base = f"/case/{case_id}/packets"
    promise = {"promise": "EX-1: Tests before use (Lab, 2025-01-01)"}
    assert ada.post(f"/case/{case_id}/promise", promise).status_code == 400, "not on the stewards' list"
    assert desks[0].tree is not None
    listed = Commitment("EX-1", "Lab", "Tests before use", "2025-01-01", "Its framework")
    change_tree(desks, programme=dataclasses.replace(desks[0].tree.programme, commitments=(listed,)))
    assert ada.post(f"/case/{case_id}/promise", promise).status_code == 303
    assert "Its framework · attached by You" in " ".join(ada.get(f"/case/{case_id}").text.split())
    assert f">\n{promise['promise']}</textarea>" in ada.post(base, {"to": "PUBLIC"}).text
    assert ada.post(f"/case/{case_id}/promise", {"off": promise["promise"]}).status_code == 303
    assert promise["promise"] not in ada.post(base, {"to": "PUBLIC"}).text
    ada.post(f"{base}/draft", {"to": "PUBLIC", "summary": "x"})
    everybody(intake, desks, 2)
    *_, note = of_kind(desks[1], case_id, "note")
    assert "Only the company's own reply stays word for word." in bo.get(f"{base}/{note.id}").text
    answer = bo.post(f"{base}/{note.id}", {"summary": "Monitoring failed.", "reply": "No reply by 2026-W48"})
    assert answer.status_code == 400 and "What the company says: Its reply" in answer.text, "they may still answer: it is week 47"
    said = {"reply": "No reply by 2026-W47", "summary": "It went to a share and nobody on the night shift noticed.", "looked": "YES"}
    answer = bo.post(f"{base}/{note.id}", said)
    assert answer.status_code == 400 and "may be published" in answer.text
    assert bo.post(f"{base}/{note.id}", {**said, "summary": "Monitoring failed for a while."}).status_code == 303


def test_a_packet_names_the_proposal_it_belongs_to(
    intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]
) -> None:
    ada, bo = two
    planned(intake, desks, case_id)
    outbox.say(desks[0], case_id, "state", to="REFERRED", reason="NONE", text="", until="", whom="Cal OES", urgent="NO")
    ada.post(f"/case/{case_id}/packets/draft", {"to": "CAL-OES", "statement": "x"})
    everybody(intake, desks, 2)
    [note], [*_, step] = of_kind(desks[1], case_id, "note"), of_kind(desks[1], case_id, "state")
    path = f"/case/{case_id}/packets/{note.id}"
    assert f'<option value="{step.id}">' in bo.get(path).text
    assert bo.post(path, {"statement": "Data moved.", "state": "0" * 64}).status_code == 409, "a proposal nobody made"
    assert bo.post(path, {"statement": "Data moved.", "state": step.id}).status_code == 303
    assert of_kind(desks[1], case_id, "packet")[0].payload["state"] == step.id


def test_words_typed_when_the_workstation_locks_itself_are_not_lost(
    intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]
) -> None:
    ada, bo = two
    ada.post(f"/case/{case_id}/packets/draft", {"to": "CAL-OES", "statement": "x"})
    everybody(intake, desks, 2)
    [note] = of_kind(desks[1], case_id, "note")
    assert 'name="to" value="CAL-OES"' in bo.get(f"/case/{case_id}/packets/{note.id}").text
    for path in ("draft", note.id):
        lock_desk(desks[1])
        page = bo.post(f"/case/{case_id}/packets/{path}", {"to": "CAL-OES", "statement": "An hour of work."})
        assert page.status_code == 409 and "An hour of work." in page.text
        carried = dict(re.findall(r'name="(draft[a-z-]*)" value="([^"]*)"', page.text))
        carried |= dict(re.findall(r'<textarea[^>]*name="(draft)"[^>]*>\n?(.*?)</textarea>', page.text, re.S))
        again = bo.post("/unlock", {"passphrase": PASSPHRASE, **carried}).text
        assert "Draft of a packet for CAL-OES." in again and "An hour of work." in again


def test_an_export_needs_two_and_gives_the_case(intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]) -> None:
    ada, bo = two
    base, words = f"/case/{case_id}/export", "six words for this file alone"
    assert "For the lawyer. " * 600 in ada.post(f"{base}/ask", {"why": "For the lawyer. " * 1200}).text, "no words are lost"
    form = {"passphrase": words, "again": words}
    assert ada.post(base, form).status_code == 409
    assert ada.post(f"{base}/ask", {"why": " "}).status_code == 400
    assert ada.post(f"{base}/ask", {"why": "For the lawyer."}).status_code == 303
    assert ada.post(base, form).status_code == 409
    everybody(intake, desks, 2)
    page, asked = bo.get(base).text, "Ada asks to export this case"
    assert "For the lawyer." in page and asked in bo.get(f"/case/{case_id}").text and asked not in ada.get(f"/case/{case_id}").text
    request = re.search(r'name="of" value="([0-9a-f]{64})"', page)
    assert request is not None
    assert bo.post(f"{base}/agree", {"of": "0" * 64}).status_code == 409
    assert bo.post(f"{base}/agree", {"of": request[1]}).status_code == 303
    assert asked not in bo.get(f"/case/{case_id}").text
    everybody(intake, desks, 2)
    assert ada.post(base, {**form, "again": "other"}).status_code == 400
    answer = ada.post(base, form)
    assert answer.status_code == 200 and answer.headers["Content-Disposition"] == "attachment; filename=sealed.tellsafe"
    found = export.unpack(vault.open_file(words, answer.data))
    assert found.case.id == case_id and not found.notes and "KestrelVault" in export.as_text(found)
    assert TEXT.encode() not in answer.data
    assert bo.post(base, form).status_code == 409, "the consent was for the one who asked"


def test_alike_cases_are_found_among_one_s_own(intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]) -> None:
    assert (
        "None is alike enough" in two[0].get(f"/case/{case_id}/alike").text and "ask-other" not in two[0].get(f"/case/{case_id}/alike").text
    )
    other = send_report(
        intake, desks, 2, "Somebody on the night shift saw that an agent had copied files to the KestrelVault share in spring."
    )
    page = two[0].get(f"/case/{case_id}/alike").text
    assert other in page and "kestrelvault" in page and f'<a href="/case/{case_id}">Back' in page
    two[0].post(f"/case/{other}/recuse")
    assert other not in two[0].get(f"/case/{case_id}/alike").text


def test_a_reader_who_lost_everything_gets_the_case_again(
    intake: FakeIntake, desks: list[Desk], case_id: str, two: tuple[Browser, Browser]
) -> None:
    outbox.say(desks[1], case_id, "note", text="Bo's own note.")
    everybody(intake, desks, 2)
    lock_desk(desks[1])
    (desks[1].folder / "casebook.tellsafe").unlink()
    intake.files = {path: data for path, data in intake.files.items() if not path.startswith(("/files/letters", "/files/clues"))}
    intake.weeks = []  # the letters have expired
    path = f"/case/{case_id}/resend"
    assert desks[0].tree is not None
    bo_sign = desks[0].tree.roster.reviewers[1].sign
    assert two[0].post(path, {"to": bo_sign}).status_code == 400, "not without a call"
    assert two[0].post(path, {"to": "00" * 32, "called": "YES"}).status_code == 409
    assert two[0].post(path, {"to": bo_sign, "called": "YES"}).status_code == 303
    sent = [event.id for event in held(desks[0], case_id).order]
    bodies = [item.body for item in desks[0].outbox.values()]
    assert len(bodies) == 1 + -(-len(sent) // 6)
    again = vault.unlock(desks[1].folder, PASSPHRASE)
    letters = [letter for body in bodies for letter in parse_posting(body).letters]
    mine = again.find_matches([letter[:40] for letter in letters], P)
    got = {parse_event(again.open_letter(letters[at], P), P).id for at in mine}
    assert got >= set(sent)


def test_nothing_is_sent_again_to_who_does_not_read_it_now(intake: FakeIntake, desks: list[Desk], case_id: str) -> None:
    change_card(desks, 2, to="2026-11-01")
    assert desks[0].tree is not None
    with pytest.raises(resend.NoSuchReader):
        resend.resend(desks[0], case_id, desks[0].tree.roster.reviewers[2].sign)
    with pytest.raises(resend.NoSuchReader):
        resend.resend(desks[0], case_id, desks[0].tree.roster.reviewers[0].sign)


@pytest.mark.parametrize("page", ["packets", "packets/" + "0" * 64, "export", "alike", "resend"])
def test_no_page_shows_a_case_that_is_not_one_s_to_read_now(intake: FakeIntake, desks: list[Desk], page: str) -> None:
    browser = Browser(desks[0])
    assert browser.get(browser.link).status_code == 200
    assert browser.get(f"/case/{'1' * 64}/{page}").status_code == 404
    case_id = send_report(intake, desks[1:], 1)
    turn(desks[0])
    assert browser.get(f"/case/{case_id}/{page}").headers["Location"] == f"/case/{case_id}"
    pass_screen(desks[0])
    assert browser.get(f"/case/{case_id}/{page}").status_code in (200, 303)
    browser.post(f"/case/{case_id}/recuse")
    assert browser.get(f"/case/{case_id}/{page}").headers["Location"] == f"/case/{case_id}"
    lock_desk(desks[0])
    assert browser.get(f"/case/{case_id}/{page}").headers["Location"] == "/unlock"
