"""A packet is written anew in a real browser, with the warnings on its way looked at by axe-core and for width."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from crypto.case import Case
from review import casebook, outbox, packets
from review.desk import Desk
from review.guard import Guard
from review.views import create_app
from tests.harness.firefox import Firefox
from tests.review.world import FakeIntake, arrive, everybody, make_desks, pass_screen, planned, turn

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[2] / "crypto" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
TEXT = "Last spring an agent copied 41,337 files to a share called KestrelVault and nobody on the night shift noticed."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Ada's workstation: a case with a proposal and a draft by Bo."""
    intake = FakeIntake()
    desks = make_desks(tmp_path, intake)
    arrive(intake, desks[0], TEXT)
    for each in desks:
        turn(each)
        pass_screen(each)
    everybody(intake, desks, 2)
    case_id = first(desks[1]).id
    planned(intake, desks, case_id)
    outbox.say(desks[1], case_id, "state", to="REFERRED", reason="NONE", text="", until="", whom="Cal OES", urgent="NO")
    outbox.say(desks[1], case_id, "note", text=packets.draft_note("CAL-OES", {"date": "Spring", "statement": TEXT, "internal": "Yes"}))
    everybody(intake, desks, 2)
    return desks[0]


def first(desk: Desk) -> Case:
    assert desk.book is not None
    found = [casebook.case_of(desk.book, name) for name in desk.book.cases]
    return next(case for case in found if case is not None and "41,337" in case.root.payload["text"])


@pytest.fixture
def page(desk: Desk, firefox_standard: Firefox) -> Iterator[tuple[Firefox, str]]:
    """A browser that used the link, and the address of the first case."""
    guard = Guard(0)
    server = make_server("127.0.0.1", 0, create_app(desk, guard), threaded=True)
    guard.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        firefox_standard.goto(f"http://127.0.0.1:{guard.port}/enter/{guard.link}")
        yield firefox_standard, f"http://127.0.0.1:{guard.port}/case/{first(desk).id}"
    finally:
        server.shutdown()
        server.server_close()


def check(browser: Firefox, where: str) -> None:
    assert browser.axe(AXE.read_text("utf-8")) == [], where
    assert not browser.js("return document.documentElement.scrollWidth > document.documentElement.clientWidth"), where


def test_a_packet_is_written_anew(desk: Desk, page: tuple[Firefox, str]) -> None:
    browser, case = page
    browser.goto(f"{case}/packets")
    browser.follow("#drafts a")
    browser.fill("#field-date", "Spring")
    browser.fill("#field-internal", "Yes")
    browser.fill("#field-statement", "An agent copied 41,337 files to a share.")
    browser.follow("#send-packet")
    assert "An agent copied 41 337 files to a share" in browser.text("#traces")
    check(browser, "with traces")
    browser.fill("#field-statement", "An internal agent moved data without permission.")
    browser.follow("#send-packet")
    browser.goto(f"{case}/packets")
    assert [event.payload["fields"]["statement"] for event in first(desk).order if event.kind == "packet"] == [
        "An internal agent moved data without permission."
    ]
    browser.click("summary")
    assert "moved data without permission" in browser.text("main")
    check(browser, "with a packet")
