import dataclasses
import datetime
import re
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from nacl.signing import SigningKey
from werkzeug.test import TestResponse

from crypto.case import common, fold
from crypto.encoding import b64
from crypto.event import evaluator_message
from crypto.private.signing import sign_event
from crypto.request import check_request
from crypto.roster import Evaluator, Suspension
from review import outbox, sync, vault
from review.desk import Desk
from review.guard import Guard
from review.views import create_app, in_fours
from tests.review.world import (
    NOW,
    PASSPHRASE,
    FakeIntake,
    P,
    arrive,
    change_card,
    change_tree,
    everybody,
    pass_screen,
    read_all,
    report_event,
    reporter_keys,
    send_to_all,
    turn,
)

HOST = "127.0.0.1:7000"
HERE = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}


class Browser:
    def __init__(self, desk: Desk) -> None:
        self.guard = Guard(7000)
        self.link = f"/enter/{self.guard.link}"
        self.client: FlaskClient = create_app(desk, self.guard).test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=f"http://{HOST}", headers={"Host": HOST, **headers})

    def post(self, path: str, data: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> TestResponse:
        form = {"token": self.guard.form_token, **(data or {})}
        return self.client.post(path, base_url=f"http://{HOST}", data=form, headers=HERE if headers is None else headers)


@pytest.fixture
def case_id(unopened: str, desks: list[Desk]) -> str:
    """A case whose reader said that they have no conflict."""
    pass_screen(desks[0])
    return unopened


@pytest.fixture
def unopened(intake: FakeIntake, desks: list[Desk]) -> str:
    report = arrive(intake, desks[0], "<script>alert(1)</script> what happened", may="ADVISE")
    turn(desks[0])
    return report.id


@pytest.fixture
def browser(desks: list[Desk]) -> Browser:
    made = Browser(desks[0])
    assert made.get(made.link).status_code == 200
    return made


def test_nothing_without_the_link_and_the_link_works_once(desks: list[Desk], case_id: str) -> None:
    made = Browser(desks[0])
    assert made.get("/").status_code == 403
    assert made.get(f"/case/{case_id}").status_code == 403
    assert made.get("/enter/wrong").status_code == 403
    answer = made.get(made.link, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "tellsafe-7000" in cookie
    assert made.get("/").status_code == 200
    assert made.get(made.link).status_code == 403
    made.client.delete_cookie("tellsafe-7000", domain="127.0.0.1")
    refused = made.get("/")
    assert refused.status_code == 403 and "Ada" not in refused.text


@pytest.mark.parametrize(
    "headers",
    [
        {**HERE, "Host": "evil.example:7000"},
        {**HERE, "Host": "127.0.0.1:7001"},
        {**HERE, "Origin": "http://evil.example"},
        {**HERE, "Origin": "null"},
        {**HERE, "Origin": "http://127.0.0.1:7001"},
        {**HERE, "Sec-Fetch-Site": "same-site"},
        {**HERE, "Sec-Fetch-Site": "cross-site"},
        {**HERE, "Sec-Fetch-Site": "none"},
        {"Host": HOST},
    ],
)
def test_posts_from_elsewhere_are_refused(browser: Browser, desks: list[Desk], headers: dict[str, str]) -> None:
    answer = browser.client.post("/lock", data={"token": browser.guard.form_token}, headers=headers, base_url=f"http://{HOST}")
    assert answer.status_code == 403
    assert desks[0].vault is not None


def test_reads_from_elsewhere_and_rebinding_are_refused(browser: Browser) -> None:
    assert browser.get("/", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get("/", **{"Host": "evil.example"}).status_code == 403
    assert browser.get("/", **{"Sec-Fetch-Site": "none"}).status_code == 200
    other = browser.client.get("/", headers={"Host": "localhost:7000"}, base_url="http://localhost:7000")
    assert "link it printed" in other.text, "an address of its own, but the cookie is with the other one"


@pytest.mark.parametrize(
    "path",
    [
        *("/lock", "/unlock", "/create", "/keys", "/case/{}/open", "/case/{}/recuse"),
        *("/case/{}/answer", "/case/{}/note", "/case/{}/acknowledge", "/case/{}/close", "/case/{}/state", "/case/{}/endorse"),
        *("/case/{}/done", "/case/{}/purge", "/case/{}/triage", "/case/{}/assess", "/case/{}/assign", "/case/{}/correction"),
        *("/case/{}/tags", "/case/{}/unread", "/case/{}/undo", "/case/{}/phrase", "/case/{}/evidence", "/case/{}/knew"),
        *("/list", "/views"),
    ],
)
def test_every_form_needs_its_token(browser: Browser, desks: list[Desk], case_id: str, path: str) -> None:
    assert desks[0].book is not None
    held = len(desks[0].book.events)
    for token in ("", "x", "é"):
        answer = browser.post(path.format(case_id), {"token": token, "answer": "a", "note": "n", "reason": "SPAM"})
        assert answer.status_code == 403
    assert len(desks[0].book.events) == held


def test_headers_forbid_script_frames_and_caching(browser: Browser, case_id: str) -> None:
    for path in ("/", f"/case/{case_id}", "/style.css", "/missing"):
        answer = browser.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "<script" not in answer.text and "style=" not in answer.text and "onclick" not in answer.text


def test_read_acknowledge_answer_note_close(browser: Browser, desks: list[Desk], case_id: str) -> None:
    listed = browser.get("/").text
    assert f'href="/case/{case_id}"' in listed and "new" in listed and "in danger now" in listed
    page = browser.get(f"/case/{case_id}").text
    assert "&lt;script&gt;alert(1)" in page and "1 to 5 people" in page and 'id="acknowledge"' in page
    assert 'class="case unread' not in browser.get("/").text
    assert browser.post(f"/case/{case_id}/acknowledge").status_code == 303
    assert browser.post(f"/case/{case_id}/acknowledge").status_code == 409
    assert browser.post(f"/case/{case_id}/answer", {"answer": "line one\r\nline two 谢谢"}).status_code == 303
    assert browser.post(f"/case/{case_id}/note", {"note": "just us"}).status_code == 303
    wrong = browser.post(f"/case/{case_id}/close", {"reason": "NOPE", "close": "kept words"})
    assert wrong.status_code == 400 and "kept words" in wrong.text
    assert browser.post(f"/case/{case_id}/state", {"to": "ADVICE", "text": "what I would do"}).status_code == 303
    assert browser.post(f"/case/{case_id}/close", {"reason": "ADVISED", "close": "all the best"}).status_code == 303
    page = browser.get(f"/case/{case_id}").text
    assert "line one\nline two 谢谢" in page and "just us" in page and "Closed" in page and 'id="acknowledge"' not in page
    assert "waiting to be sent" in page
    assert browser.get("/case/" + "0" * 64).status_code == 404


def test_words_are_never_lost(browser: Browser, desks: list[Desk], case_id: str) -> None:
    long = "å" * 8000
    refused = browser.post(f"/case/{case_id}/answer", {"answer": long})
    assert refused.status_code == 400 and long in refused.text
    assert browser.post(f"/case/{case_id}/answer", {"answer": " \n"}).status_code == 400
    browser.post("/lock")
    locked = browser.post(f"/case/{case_id}/answer", {"answer": "\nwritten too slowly"})
    assert locked.status_code == 409 and "written too slowly" in locked.text
    assert "Where: a cellar" in browser.post(f"/case/{case_id}/evidence", {"what": "a log", "where": "a cellar"}).text
    assert desks[0].vault is None
    draft = {"draft": "\nwritten too slowly", "draft-case": case_id, "draft-field": "answer"}
    back = browser.post("/unlock", {"passphrase": PASSPHRASE, **draft})
    assert back.status_code == 200 and re.search(r'id="answer-text"[^>]*>\n\nwritten too slowly</textarea>', back.text)


def test_lock_unlock_and_wrong_passphrase(browser: Browser, desks: list[Desk], case_id: str) -> None:
    browser.post("/lock")
    for path in ("/", f"/case/{case_id}"):
        answer = browser.get(path)
        assert answer.status_code == 303 and answer.headers["Location"] == "/unlock"
    page = browser.get("/unlock").text
    assert 'id="passphrase"' in page and 'id="unlock"' in page and "Ada" not in page
    assert browser.post("/unlock", {"passphrase": "wrong"}).status_code == 403
    assert browser.post("/unlock", {"passphrase": PASSPHRASE}).status_code == 303
    assert case_id in browser.get("/").text


def test_locks_itself_when_idle(browser: Browser, desks: list[Desk]) -> None:
    desks[0].touched = time.monotonic() - 15 * 60 - 1
    assert browser.get("/").status_code == 303
    assert desks[0].vault is None and desks[0].book is None


def test_makes_a_vault_in_the_browser(tmp_path: Path, intake: FakeIntake) -> None:
    desk = Desk(tmp_path / "new", P, intake.server, now=lambda: NOW)
    made = Browser(desk)
    made.get(made.link)
    assert 'id="create"' in made.get("/unlock").text
    assert made.post("/create", {"name": "Di", "passphrase": "short", "again": "short"}).status_code == 400
    answer = made.post("/create", {"name": "Di", "passphrase": PASSPHRASE, "again": PASSPHRASE})
    assert answer.status_code == 200 and 'id="fingerprint"' in answer.text
    public = vault.public_keys(tmp_path / "new")
    assert " ".join(re.findall(r"<span>([0-9a-f]{4})</span>", answer.text)) == in_fours(public["sign"])
    file = made.get("/request.json")
    assert file.headers["Content-Disposition"] == "attachment; filename=request.json"
    assert check_request(file.data, P)["name"] == "Di" and file.data == (tmp_path / "new" / "request.json").read_bytes()
    assert made.post("/create", {"name": "Di", "passphrase": PASSPHRASE, "again": PASSPHRASE}).status_code == 409
    assert made.post("/unlock", {"passphrase": PASSPHRASE}).status_code == 303


def test_the_vault_is_the_only_door_to_private_keys() -> None:
    folder = Path(outbox.__file__).parent
    doors = [path.name for path in folder.rglob("*.py") if re.search(r"^\s*(from|import) crypto\.private", path.read_text(), re.M)]
    assert doors == ["vault.py"]


TOO_EARLY = (("purge", {}), ("state", {"to": "REVIEW", "until": "99"}), ("legal", {"of": "0" * 64, "text": "x"}))
BODY = ("alert(1)", "what happened", "SECRET-raised", "SECRET-promise", "1 to 5 people", "Saw it")


def _secretive(intake: FakeIntake, desks: list[Desk]) -> str:
    """A case, not opened, whose report says something everywhere."""
    keys, tree = reporter_keys(7), desks[0].tree
    assert tree is not None
    plain = report_event(keys, tree, "alert(1) what happened").payload
    answers = {**plain["answers"], "raised": "SECRET-raised", "promise": "SECRET-promise"}
    report = sign_event({**plain, "answers": answers}, keys.sign_seed, P)
    send_to_all(intake, keys, tree, report.raw)
    intake.tick()
    everybody(intake, desks)
    return report.id


def test_before_the_decision_only_the_header_is_shown_and_nothing_is_said(browser: Browser, intake: FakeIntake, desks: list[Desk]) -> None:
    case_id = _secretive(intake, desks)
    listed, page = browser.get("/").text, browser.get(f"/case/{case_id}").text
    for shown in (listed, page):
        assert "An AI system did things" in shown and "Lab" in shown and "the week of 16 November 2026" in shown and "real work" in shown
        assert not any(word in shown for word in BODY)
    assert "not opened yet" in listed and "Someone is in danger now" in page
    assert 'id="open-report"' in page and 'id="step-back"' in page and "<textarea" not in page
    for path, form in (
        ("answer", {"answer": "a"}),
        ("note", {"note": "n"}),
        ("acknowledge", {}),
        ("close", {"reason": "SPAM"}),
        *TOO_EARLY,
    ):
        refused = browser.post(f"/case/{case_id}/{path}", form)
        assert refused.status_code == 409 and "Decide first" in refused.text and not any(word in refused.text for word in BODY)
    assert browser.get(f"/case/{case_id}/recuse").status_code == 303
    assert len(intake.postings) == 1 and not desks[0].outbox, "no word leaves before the decision"
    assert browser.post(f"/case/{case_id}/open").status_code == 303
    page = browser.get(f"/case/{case_id}").text
    assert all(word in page for word in BODY), "the control"
    assert browser.post(f"/case/{case_id}/open").status_code == 303
    everybody(intake, desks, 2)
    case = fold(read_all(intake, reporter_keys(7)), case_id)
    assert case is not None and [event.kind for event in case.order] == ["report", "received"]


def test_stepping_back_at_the_screen_and_later(browser: Browser, intake: FakeIntake, desks: list[Desk], case_id: str) -> None:
    second = _secretive(intake, desks)
    assert browser.post(f"/case/{second}/recuse").status_code == 303
    asked = browser.get(f"/case/{case_id}/recuse")
    assert asked.status_code == 200 and "cannot be undone" in asked.text and "what happened" not in asked.text
    assert browser.post(f"/case/{case_id}/recuse").status_code == 303
    for gone in (case_id, second):
        page = browser.get(f"/case/{gone}")
        assert page.status_code == 200 and "You stepped back from this case" in page.text
        assert not any(word in page.text for word in BODY) and "<textarea" not in page.text
        assert browser.post(f"/case/{gone}/answer", {"answer": "too late"}).status_code == 409
        assert browser.post(f"/case/{gone}/recuse").status_code == 303
        assert browser.post(f"/case/{gone}/open").status_code == 303
    assert 'id="no-cases"' in browser.get("/").text
    everybody(intake, desks, 2)
    for number, gone in ((1, case_id), (7, second)):
        told = fold(read_all(intake, reporter_keys(number)), gone)
        assert told is not None and desks[0].vault is not None and told.gone == {desks[0].vault.sign: "recused"}
    assert browser.post("/case/" + "0" * 64 + "/recuse").status_code == 303
    assert browser.get("/case/" + "0" * 64).status_code == 404


def test_the_standing_is_one_line_on_every_page(browser: Browser, desks: list[Desk], case_id: str) -> None:
    def line(path: str = "/") -> str:
        found = re.search(r'id="standing">(.*?)</p>', browser.get(path).text)
        assert found is not None
        return found[1]

    for path in ("/", f"/case/{case_id}", "/keys", f"/case/{case_id}/recuse"):
        assert line(path) == "You are active until 2027-01-01."
    sign = desks[0].vault.sign if desks[0].vault else ""
    change_card(desks, 0, paused="2026-11-20")
    assert "paused until 2026-11-20" in line()
    change_tree(desks, suspensions=(Suspension(sign, "2026-11-18", "2026-11-25", "OTHER"),))
    assert "suspended until 2026-11-25" in line()
    change_tree(desks, suspensions=())
    change_card(desks, 0, paused="", from_="2026-11-30")
    assert "in notice until 2026-11-30" in line()
    change_card(desks, 0, from_="2026-01-01", to="2026-11-30", ended="RESIGNED")
    assert "active until 2026-11-30. The stewards ended your card" in line()
    change_card(desks, 0, to="2026-11-17")
    assert "revoked; the last day was 2026-11-17" in line()
    assert 'id="cut-off"' in browser.get(f"/case/{case_id}").text
    assert browser.post(f"/case/{case_id}/answer", {"answer": "still"}).status_code == 409
    change_card(desks, 0, ended="")
    assert "expired on 2026-11-17" in line()
    change_card(desks, 0, sign="0" * 64)
    assert "not on the roster yet" in line()
    browser.post("/lock")
    assert "not on the roster yet" in line("/unlock")
    change_tree(desks, stale=True)
    assert 'id="stale"' in browser.get("/unlock").text


def test_keys_page_reminds_makes_and_hands_out_the_request(browser: Browser, desks: list[Desk], case_id: str) -> None:
    desk = desks[0]
    page = browser.get("/keys").text
    assert 'id="no-keys-due"' in page and "2027-03-01" in page and 'id="reminder"' not in page
    assert desk.tree is not None
    opened = dict(desk.tree.roster.reviewers[0].open)
    change_card(desks, 0, open={"2026-Q4": opened["2026-Q4"]}, to="2027-10-01")
    assert 'id="reminder"' not in browser.get("/").text
    desk.now = lambda: datetime.datetime(2026, 12, 11, tzinfo=datetime.UTC)
    assert "no key of yours for 2027-Q1 yet" in browser.get("/").text
    change_card(desks, 0, open={})
    assert "nobody can write to you" in browser.get("/").text
    desk.now = lambda: datetime.datetime(2027, 1, 2, tzinfo=datetime.UTC)
    change_card(desks, 0, open=opened)
    assert 'id="make-keys"' in browser.get("/keys").text
    assert browser.post("/keys").status_code == 303
    assert [entry["quarter"] for entry in check_request(browser.get("/request.json").data, P)["open"]] == ["2027-Q1", "2027-Q2"]
    assert 'id="no-keys-due"' in browser.get("/keys").text
    browser.post("/lock")
    assert browser.get("/keys").status_code == 303 and browser.post("/keys").status_code == 303
    assert browser.get("/request.json").status_code == 200, "public keys only"


def test_old_keys_go_by_themselves_and_cases_stay(browser: Browser, intake: FakeIntake, desks: list[Desk], case_id: str) -> None:
    desk = desks[0]
    assert desk.vault is not None and desk.book is not None
    desk.vault.make_keys(datetime.datetime(2027, 1, 2, tzinfo=datetime.UTC))
    everybody(intake, desks, 2)
    held = ["2026-Q4", "2027-Q1", "2027-Q2"]
    for day, kept in (("2027-03-01", held), ("2027-03-02", held[1:])):
        noon = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")
        desk.now = lambda noon=noon: noon  # type: ignore[misc]
        newest = intake.number
        intake.number += day > "2027-03-01"
        head = dataclasses.replace(desk.head, number=newest + 1) if desk.head else None
        assert head is not None
        sync.retire_keys(desk, head)
        assert desk.vault.quarters() == held, "a segment not read yet may hold a letter to that key"
        intake.number = newest
        sync.retire_keys(desk, dataclasses.replace(head, number=newest))
        assert desk.vault.quarters() == kept
    browser.post("/lock")
    assert browser.post("/unlock", {"passphrase": PASSPHRASE}).status_code == 303
    assert "what happened" in browser.get(f"/case/{case_id}").text


@pytest.mark.parametrize("known", [True, False])
def test_the_evaluators_mark(browser: Browser, intake: FakeIntake, desks: list[Desk], case_id: str, known: bool) -> None:
    keys, seed, tree = reporter_keys(), bytes([9]) * 32, desks[0].tree
    assert tree is not None
    sign, signature = SigningKey(seed).verify_key.encode().hex(), b64(SigningKey(seed).sign(evaluator_message(case_id, P)).signature)
    words = {"method": "We <b>asked</b>", "access": "Weights", "steps": "One, two", "wishes": "After 90 days"}
    payload = common("evaluator", "2026-W47", [0, "0" * 64], 1, "all", case_id, case_id, [case_id])
    send_to_all(intake, keys, tree, sign_event({**payload, "evaluator": sign, "signature": signature, **words}, keys.sign_seed, P).raw)
    ended = "" if known else "OTHER"
    entry = Evaluator("METR-like", sign, "2026-01-01", "2026-01-01", "2026-12-01" if known else "2026-11-01", ended, "everything")
    change_tree(desks, roster=dataclasses.replace(tree.roster, evaluators=(entry,)))
    intake.tick()
    turn(desks[0])
    page = browser.get(f"/case/{case_id}").text
    assert "We &lt;b&gt;asked&lt;/b&gt;" in page and "Weights" in page and "One, two" in page and "After 90 days" in page
    assert ("Filed by the evaluator <b>METR-like</b>" in page) == known
    assert ("claims an evaluator key that is not on the roster" in page) != known
