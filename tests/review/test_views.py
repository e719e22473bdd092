import re
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from review import outbox
from review.desk import Desk
from review.guard import Guard
from review.views import create_app
from tests.review.world import NOW, PASSPHRASE, FakeIntake, P, report_event, reporter_keys, send_to_all, turn

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
def case_id(intake: FakeIntake, desks: list[Desk]) -> str:
    keys, tree = reporter_keys(), desks[0].tree
    assert tree is not None
    report = report_event(keys, tree, "<script>alert(1)</script> what happened")
    send_to_all(intake, keys, tree, report.raw)
    intake.tick()
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
    "path", ["/lock", "/unlock", "/create", "/case/{}/answer", "/case/{}/note", "/case/{}/acknowledge", "/case/{}/close"]
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
    assert "unread" not in browser.get("/").text
    assert browser.post(f"/case/{case_id}/acknowledge").status_code == 303
    assert browser.post(f"/case/{case_id}/acknowledge").status_code == 409
    assert browser.post(f"/case/{case_id}/answer", {"answer": "line one\r\nline two 谢谢"}).status_code == 303
    assert browser.post(f"/case/{case_id}/note", {"note": "just us"}).status_code == 303
    assert browser.post(f"/case/{case_id}/close", {"reason": "NOPE", "close": "kept words"}).status_code == 400
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
    assert answer.status_code == 200 and '"sign"' in answer.text.replace("&#34;", '"')
    assert made.post("/create", {"name": "Di", "passphrase": PASSPHRASE, "again": PASSPHRASE}).status_code == 409
    assert made.post("/unlock", {"passphrase": PASSPHRASE}).status_code == 303


def test_the_vault_is_the_only_door_to_private_keys() -> None:
    folder = Path(outbox.__file__).parent
    doors = [path.name for path in folder.rglob("*.py") if re.search(r"^\s*(from|import) crypto\.private", path.read_text(), re.M)]
    assert doors == ["vault.py"]
