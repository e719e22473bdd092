"""The workstation's pages in a real browser: axe-core, no sideways scrolling on a phone, the keyboard alone."""

import dataclasses
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from crypto.roster import Commitment
from review import exchange, outbox, packets
from review.desk import Desk, lock_desk
from review.guard import Guard
from review.views import create_app
from tests.harness.firefox import Firefox
from tests.review.test_desk import TRIAGE, World, rows
from tests.review.test_views import Browser
from tests.review.world import PASSPHRASE, STEP, FakeIntake, P, change_tree, planned

AXE = Path(__file__).resolve().parents[2] / "crypto/browser/node_modules/axe-core/axe.min.js"
SIZES = ((1280, 800), (640, 400), (360, 640))  # a laptop, the same at 200 %, a phone

pytestmark = pytest.mark.browser


@pytest.fixture
def site(intake: FakeIntake, desks: list[Desk]) -> Iterator[tuple[str, World, str]]:
    """The first workstation on a port of its own, with cases in many states; gives where it is, and a case well under way."""
    world = World(intake, desks)
    ada, bo = world.browsers[:2]
    world.report(1, "رأيت أن النموذج أخفى اختباراً. I saw it twice.", organisation="مختبر الأمل", known="K1")
    case_id = world.report(
        3, "The weights lie on a share that everybody can read.\n\n" + "More of it. " * 60, about=["B1-WEIGHTS"], known="K3"
    )
    at = f"/case/{case_id}"
    ada.post(f"{at}/acknowledge")
    ada.post(f"{at}/answer", {"answer": "Thank you. Two of us have read it."})
    bo.post(f"{at}/note", {"note": "I can check this with somebody."})
    ada.post(f"{at}/tags", {"tags": "ask Bo, urgent"})
    ada.post("/list", {"state": "OPEN"})
    ada.post("/views", {"name": "Open ones"})
    ada.post("/list", {})
    world.go()
    bo.post(f"{at}/triage", TRIAGE)
    bo.post(f"{at}/state", {"to": "TRIAGE", "text": "We decide now."})
    ada.post(f"{at}/evidence", {"what": "the share", "where": "the build cluster", "source": "the reporter"})
    ada.post(f"{at}/correction", {"code": "DC-SECURE", "status": "ASKED", "text": ""})
    ada.post(f"{at}/knew", {"week": "2026-W40", "text": "a mail"})
    tree = desks[0].tree
    assert tree is not None
    listed = tuple(Commitment(f"EX-{n}", "Lab", f"Weights are kept safe {n}", "2025-01-01", "Its framework") for n in (1, 2))
    change_tree(desks, programme=dataclasses.replace(tree.programme, commitments=listed))
    bo.post(f"{at}/promise", {"promise": "EX-1: Weights are kept safe 1 (Lab, 2025-01-01)"})
    ada.post(f"{at}/ticks", {"own": "Ask Bo whether the share is closed"})
    bo.post(f"{at}/packets/draft", {"to": "PUBLIC", "title": "Weights", "summary": "They lay open.", "reply": "No reply by 2026-W47"})
    bo.post(f"{at}/export/ask", {"why": "For the lawyer."})
    bo.post(f"{at}/note", {"note": exchange.request_note("5f" * 16)})
    world.go()
    other = world.report(4, "A share with weights lies open. More of it.", about=["B1-WEIGHTS"], known="K3")
    planned(intake, desks, other)
    publish = outbox.say(desks[1], other, "state", **{**STEP, "to": "DISCLOSED"})
    outbox.say(desks[1], other, "packet", to="PUBLIC", state=publish.id, fields={"summary": "They lay open."})
    world.go()
    world.report(2, "A report that waits to be opened", opened=False, organisation="Lab B", about=["B1-WEIGHTS"], danger="OVER")
    ada.post(f"{at}/answer", {"answer": "We will write again within a week."})
    with served(desks[0]) as url:
        yield url, world, at


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """A workstation on a port of its own; gives the link that opens it."""
    guard = Guard(port=0)
    server = make_server("127.0.0.1", 0, create_app(desk, guard), threaded=True)
    guard.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{guard.port}/enter/{guard.link}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_page_for_everybody(site: tuple[str, World, str], firefox_standard: Firefox, tmp_path: Path) -> None:
    url, world, at = site
    browser = firefox_standard
    browser.goto(url)
    browser.wait_js("return !!document.querySelector('#cases')")
    base = url.split("/enter/")[0]
    unopened = browser.js("return document.querySelector('.unopened a').href")
    arabic = browser.js(
        "return [...document.querySelectorAll('.case')].find(li => li.textContent.includes('مختبر')).querySelector('a').href"
    )
    pages = {
        "list": base + "/",
        "case": base + at,
        "publishing": base + "/case/" + next(name for name in rows(world.browsers[0].get("/")) if waits_for_a_lawyer(world, name)),
        "header": unopened,
        "arabic": arabic,
        "keys": base + "/keys",
        "recuse": base + at + "/recuse",
        "alike": base + at + "/alike",
        "packets": base + at + "/packets",
        "draft": "#begin-draft",
        "again": base + at + "/packets/" + draft_of(world, at),
        "export": base + at + "/export",
        "resend": base + at + "/resend",
        "sorry": base + "/case/" + "1" * 64,
        "stepped-back": arabic,
        "unlock": base + "/unlock",
    }
    for name, address in pages.items():
        if name == "stepped-back":
            world.browsers[0].post(arabic.removeprefix(base) + "/recuse")
        if name == "unlock":
            lock_desk(world.desks[0])
        if name == "draft":
            browser.goto(pages["packets"])
            browser.js("document.querySelector('#to').value = 'PUBLIC'")
            browser.click(address)
            browser.wait_js("return !!document.querySelector('#keep-draft')")
        else:
            browser.goto(address)
        look_at(browser, name, tmp_path)


def test_the_first_pages_of_a_new_reviewer(intake: FakeIntake, firefox_standard: Firefox, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "a folder with a long name, as reviewers have them" / "vault", P, intake.server)
    browser, client = firefox_standard, Browser(desk)
    enter = client.get(client.link).text
    with served(desk) as url:
        browser.goto(url)
        browser.wait_js("return !!document.querySelector('#create')")
        look_at(browser, "create", tmp_path)
        browser.type("#name", "Ada")
        browser.type("#passphrase", PASSPHRASE)
        browser.type("#again", PASSPHRASE)
        browser.click("#create")
        browser.wait_js("return !!document.querySelector('#to-unlock')")
        look_at(browser, "created", tmp_path)
        browser.goto(url.split("/enter/")[0] + "/unlock")
        # The page behind the link goes on by itself at once: here it stays.
        browser.js("document.documentElement.innerHTML = arguments[0]", re.sub(r"<meta http-equiv.*?>", "", enter))
        look_at(browser, "enter", tmp_path)


def waits_for_a_lawyer(world: World, case_id: str) -> bool:
    return 'class="legal"' in world.browsers[0].get(f"/case/{case_id}").text


def draft_of(world: World, at: str) -> str:
    """The id of the draft of a packet in a case."""
    book = world.desks[0].book
    assert book is not None
    events = book.cases[at.removeprefix("/case/")].values()
    return next(event.id for event in events if event.kind == "note" and event.payload["text"].startswith("Draft"))


def look_at(browser: Firefox, name: str, folder: Path) -> None:
    """A page as it is, then with all that folds away open: nothing sideways at any size, and nothing for axe to say."""
    browser.set_window(*SIZES[0])
    browser.screenshot(folder / f"{name}.png")
    browser.js("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width, height in SIZES:
        browser.set_window(width, height)
        assert browser.js("return document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width}"
        browser.screenshot(folder / f"{name}-{width}.png")
    found = browser.axe(AXE.read_text("utf-8"))
    assert not found, (name, [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found])


def test_the_keyboard_alone(site: tuple[str, World, str], firefox_standard: Firefox) -> None:
    """From the list by Tab to a case, and every control of its page in the order of the page, each with a visible focus."""
    url, world, at = site
    browser = firefox_standard
    browser.goto(url)
    browser.wait_js("return !!document.querySelector('#cases')")
    browser.type("#q", "share that everybody\ue007")
    browser.wait_js("return document.querySelector('#count').textContent.startsWith('1 of 4')")
    assert "share" not in browser.url, "no word of a case in an address: the browser would keep it"
    browser.type("#cases a", "\ue007")
    browser.wait_js("return !!document.querySelector('#answer-text')")
    reached = walk(browser, "keep-unread")
    assert {"tick-conflict", "save-ticks"} <= {*reached} and "Tell nothing" in reached
    assert reached.index("answer-text") < reached.index("send-answer") < reached.index("note-text") < reached.index("open-triage")
    browser.js("document.querySelector('button.endorse').focus()")
    browser.command("WebDriver:PerformActions", actions=[press("\ue007")])
    browser.wait_js("return document.querySelector('#timeline').textContent.includes('You gave the second signature')")
    world.go()
    assert world.state(at.removeprefix("/case/")) == "TRIAGE"

    base = url.split("/enter/")[0] + at
    browser.goto(f"{base}/packets/{draft_of(world, at)}")
    reached = walk(browser, "send-packet")
    assert [name for name in reached if name.startswith("field-")] == [f"field-{field.name}" for field in packets.form("PUBLIC")]
    browser.type("#field-title", "Badly kept weights")
    browser.type("#field-summary", "Anybody inside could have taken them.")
    browser.js("document.querySelector('#send-packet').focus()")
    browser.command("WebDriver:PerformActions", actions=[press("\ue007")])
    browser.wait_js("return !!document.querySelector('#begin-draft') && document.body.textContent.includes('Badly kept weights')")
    assert {"to", "begin-draft"} <= {*walk(browser, "begin-draft")}
    browser.goto(f"{base}/alike")
    browser.js("document.querySelector('.ask-leads').id = 'ask'")
    assert "ask" in walk(browser, "ask")
    browser.command("WebDriver:PerformActions", actions=[press("\ue007")])
    browser.wait_js("return !!document.querySelector('#pairs')")


def test_a_case_on_paper(site: tuple[str, World, str], firefox_standard: Firefox) -> None:
    """Everything that was said and nothing to press, with a line on what paper is. What was opened of the laws is printed too."""
    url, _, at = site
    browser = firefox_standard
    browser.goto(url)
    browser.wait_js("return !!document.querySelector('#cases')")
    browser.goto(url.split("/enter/")[0] + at)
    unseen = "const unseen = css => [...document.querySelectorAll(css)].every(each => each.getClientRects().length === 0);"
    assert browser.js(unseen + "return unseen('.paper')")
    browser.js("document.querySelectorAll('details').forEach(each => each.open = true)")
    browser.medium("print")
    try:
        browser.wait_js("return matchMedia('print').matches")
        assert browser.js(unseen + "return unseen('button, input, textarea, select, summary, form, .tag, nav, header, #more, #to-recuse')")
        for css in (".paper", "#text", "ol.talk li", "#timeline li", "#dues li", "#legal li", "#triaged dd", "#answers dd"):
            seen = "found.length > 0 && found.every(each => each.getClientRects().length > 0)"
            assert browser.js(f"const found = [...document.querySelectorAll('{css}')]; return {seen}"), css
    finally:
        browser.medium("")


def walk(browser: Firefox, last: str) -> list[str]:
    """What Tab reaches on a page, in this order, as far as `last`; each with a focus that is seen."""
    reached: list[str] = []
    unseen: list[object] = []
    for _ in range(140):
        if last in reached:  # on from the last control the browser's own begin
            break
        browser.command("WebDriver:PerformActions", actions=[press("\ue004")])
        here = browser.js("""
            const at = document.activeElement, style = getComputedStyle(at);
            return [at.id || at.textContent.trim().slice(0, 30), at.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];""")
        if here[1] == "BODY":
            continue  # the page is still being painted
        reached.append(here[0])
        if here[2] != "solid" or here[3] < 2:
            unseen.append(here)
    assert not unseen
    return reached


def press(key: str) -> dict[str, object]:
    return {"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}
