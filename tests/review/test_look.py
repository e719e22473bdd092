"""Every page of the workstation in a real browser: axe-core, no sideways scrolling at any zoom, light and dark, the keyboard alone."""

import dataclasses
import datetime
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response, request, template_rendered
from werkzeug.serving import make_server

from crypto.roster import Commitment
from review import exchange, outbox
from review.desk import Desk
from review.guard import Guard
from review.views import TEMPLATES, create_app
from tests.harness.firefox import WAIT_TIMEOUT, Firefox
from tests.review.test_desk import TRIAGE, World
from tests.review.world import NOW, PASSPHRASE, STEP, FakeIntake, P, change_tree, planned

AXE = Path(__file__).resolve().parents[2] / "crypto/browser/node_modules/axe-core/axe.min.js"
SIZES = ((1280, 800), (320, 200), (640, 400))  # a laptop, the same at 400 % and at 200 %
PARTS = {"base.html", "fingerprint.html", "more.html"}  # of pages
FILES = {"style", "request_file"}  # what can be fetched and is no page
ENTER, TAB, DELETE = "\ue007", "\ue004", "\ue017"

pytestmark = pytest.mark.browser


@dataclasses.dataclass
class Walk:
    """A browser on its way through the pages. shown: endpoint and template by path, as they were last given; looked: those looked at."""

    browser: Firefox
    folder: Path
    shown: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    looked: set[str] = dataclasses.field(default_factory=set)


@pytest.fixture(scope="module")
def browser(firefox_dark: Firefox) -> Firefox:
    """One that asks for the colours it is told to."""
    return firefox_dark


@pytest.fixture
def walk(browser: Firefox, tmp_path: Path) -> Walk:
    return Walk(browser, tmp_path)


@pytest.fixture
def site(intake: FakeIntake, desks: list[Desk], walk: Walk) -> Iterator[tuple[str, World, str]]:
    """The first workstation on a port of its own, with cases in many states; gives its link, and a case well under way."""
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
    with served(desks[0], walk.shown) as url:
        yield url, world, at


@contextmanager
def served(desk: Desk, shown: dict[str, tuple[str, str]]) -> Iterator[str]:
    """A workstation on a port of its own; gives the link that opens it."""
    guard = Guard(port=0)
    app = create_app(desk, guard)

    @app.after_request
    def stay(answer: Response) -> Response:
        """The page behind the link goes on by itself at once: here it stays, to be looked at."""
        if request.endpoint == "enter":
            answer.set_data(re.sub(rb"<meta http-equiv.*?>", b"", answer.get_data()))
        return answer

    def note(_: Flask, template: Any, **__: object) -> None:
        shown[request.path] = (request.endpoint or "", template.name)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    guard.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with template_rendered.connected_to(note, app):
            yield f"http://127.0.0.1:{guard.port}/enter/{guard.link}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_page_is_looked_at_and_used_with_the_keyboard_alone(
    site: tuple[str, World, str], intake: FakeIntake, walk: Walk, tmp_path: Path
) -> None:
    url, world, at = site
    new = Desk(tmp_path / "a folder with a long name, as reviewers have them" / "vault", P, intake.server)
    with served(new, walk.shown) as link:
        a_new_reviewer(walk, link)
    base = url.split("/enter/")[0]
    the_list_and_a_case(walk, url)
    packets_of_a_case(walk, base + at)
    two_leads(walk, base + at, world)
    export_and_resend(walk, base + at, world)
    keys_and_leaving(walk, base, world)
    app = create_app(new, Guard(0))
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())} - FILES
    pages |= {f"review/{page.name}" for page in (TEMPLATES / "review").glob("*.html") if page.name not in PARTS}
    assert pages <= walk.looked, f"nobody looked at {sorted(pages - walk.looked)}"


def a_new_reviewer(walk: Walk, link: str) -> None:
    browser = walk.browser
    browser.goto(link)
    look_at(walk, "enter")
    use(browser, "#enter", ENTER, "#create")
    look_at(walk, "create")
    use(browser, "#name", "Ada")
    use(browser, "#passphrase", PASSPHRASE)
    use(browser, "#again", PASSPHRASE + ENTER, "#to-unlock")
    look_at(walk, "created")
    use(browser, "#to-unlock", ENTER, "#unlock")
    use(browser, "#passphrase", "not this one" + ENTER, "#why")
    look_at(walk, "unlock")
    use(browser, "#passphrase", PASSPHRASE + ENTER, "#no-cases")
    look_at(walk, "list-empty")


def the_list_and_a_case(walk: Walk, url: str) -> None:
    browser = walk.browser
    browser.goto(url)
    use(browser, "#enter", ENTER, "#cases")
    look_at(walk, "list")
    use(browser, ".unopened a", ENTER, "#open-report")
    look_at(walk, "header")
    use(browser, "#open-report", ENTER, "#answer-text")
    use(browser, ".back a", ENTER, "#cases")
    use(browser, "#q", "مختبر" + ENTER, "#all-cases")
    use(browser, "#cases a", ENTER, "#answer-text")
    look_at(walk, "case-arabic")
    use(browser, ".back a", ENTER, "#cases")
    use(browser, "#q", "weights lies open" + ENTER, "#all-cases")
    use(browser, "#cases a", ENTER, ".legal")
    look_at(walk, "publishing")
    use(browser, ".back a", ENTER, "#cases")
    use(browser, "#q", "share that everybody" + ENTER, "#all-cases")
    assert browser.text("#count").startswith("1 of 4")
    assert "share" not in browser.url, "no word of a case in an address: the browser would keep it"
    use(browser, "#cases a", ENTER, "#answer-text")
    look_at(walk, "case")
    use(browser, "button.endorse", ENTER, "#answer-text")
    assert "You gave the second signature" in browser.text("#timeline")
    use(browser, "#open-triage", ENTER)
    use(browser, "#send-triage")
    use(browser, "#answer-text", "We have a plan.")
    use(browser, "#send-answer", ENTER, "#answer-text")
    assert "We have a plan." in browser.text("#conversation")
    use(browser, "#tick-conflict", " ")
    use(browser, "#save-ticks", ENTER, "#answer-text")
    assert browser.js("return document.querySelector('#tick-conflict').checked")


def packets_of_a_case(walk: Walk, case: str) -> None:
    browser = walk.browser
    browser.goto(case)
    use(browser, "#more a", ENTER, "#begin-draft")
    look_at(walk, "packets")
    use(browser, "#to", "Summary")
    use(browser, "#begin-draft", ENTER, "#keep-draft")
    look_at(walk, "packet-draft")
    use(browser, "#field-title", "Weights, a second time")
    use(browser, "#keep-draft", ENTER, "#drafts li + li")
    use(browser, "#drafts a", ENTER, "#send-packet")
    look_at(walk, "packet-again")
    use(browser, "#field-title", "Badly kept weights")
    use(browser, "#field-summary", "A share that everybody can read.")
    use(browser, "#send-packet", ENTER, "#traces")
    look_at(walk, "packet-traces")
    assert not browser.has("#looked"), "no tick lets the reporter's wording be published"
    use(browser, "#field-summary", DELETE * 31 + "Anybody inside could have taken them.")
    use(browser, "#send-packet", ENTER, "#begin-draft")
    assert "Badly kept weights" in browser.source


def two_leads(walk: Walk, case: str, world: World) -> None:
    """Ask the leads of two cases, answer as one of them, and exchange."""
    browser = walk.browser
    browser.goto(case + "/alike")
    use(browser, ".ask-leads", ENTER, "#pairs")
    look_at(walk, "alike")
    other = urlsplit(browser.js("return document.querySelector('#pairs a').href")).path
    for path in (urlsplit(case).path, other):
        browser.goto(case.removesuffix(urlsplit(case).path) + path)
        while browser.has(".request details[open]"):
            use(browser, "[name=tell]", " ")
            use(browser, ".tell", ENTER, "#leads")
    world.go()
    browser.goto(case + "/alike")
    look_at(walk, "alike-ready")
    use(browser, ".exchange", ENTER, "#pairs")
    assert exchange.STANDS["exchanged"] in browser.text("#pairs")


def export_and_resend(walk: Walk, case: str, world: World) -> None:
    browser, bo = walk.browser, world.browsers[1]
    browser.goto(case + "/export")
    look_at(walk, "export")
    use(browser, ".agree", ENTER, "#ask-export")
    use(browser, "#what-for", "For the archive.")
    use(browser, "#ask-export", ENTER, "#asked")
    world.go()
    path = urlsplit(case).path + "/export"
    asked = re.findall(r'name="of" value="([0-9a-f]{64})"', bo.get(path).text)
    bo.post(path + "/agree", {"of": asked[0]})
    world.go()
    browser.goto(case + "/export")
    look_at(walk, "export-agreed")
    use(browser, "#passphrase", PASSPHRASE)
    use(browser, "#again", PASSPHRASE)
    use(browser, "#with-notes", " ")
    use(browser, "#make-file", ENTER)
    assert browser.downloaded("sealed.tellsafe")
    browser.goto(case + "/resend")
    look_at(walk, "resend")
    use(browser, "#to", "Cy")
    use(browser, "#called", " ")
    use(browser, "#resend", ENTER, "#private-notes")
    assert "send everything of this case again to Cy" in browser.text("#private-notes")


def keys_and_leaving(walk: Walk, base: str, world: World) -> None:
    browser, desk = walk.browser, world.desks[0]
    desk.now = lambda: NOW + datetime.timedelta(60)  # in the next quarter
    use(browser, ".bar [href='/keys']", ENTER, "#make-keys")
    look_at(walk, "keys")
    use(browser, "#request", ENTER)
    assert browser.downloaded("request.json")
    use(browser, "#make-keys", ENTER, "#no-keys-due")
    desk.now = lambda: NOW
    browser.goto(f"{base}/case/{'1' * 64}")
    look_at(walk, "sorry")
    use(browser, "main a", ENTER, "#cases")
    use(browser, "#cases a", ENTER, "#to-recuse")
    use(browser, "#to-recuse", ENTER, "#step-back")
    look_at(walk, "recuse")
    use(browser, "#step-back", ENTER, "#stepped-back")
    look_at(walk, "stepped-back")
    use(browser, "#lock", ENTER, "#unlock")


def look_at(walk: Walk, name: str) -> None:
    """A page just loaded, with all that folds away open: nothing sideways and nothing for axe to say; then every control by Tab."""
    browser, axe = walk.browser, AXE.read_text("utf-8")
    walk.looked.update(walk.shown[urlsplit(browser.url).path])
    browser.js("document.querySelectorAll('details').forEach(each => each.open = true)")
    for width, height in SIZES:
        browser.scheme("dark" if width == 640 else "light")
        browser.set_window(width, height)
        assert browser.js("return document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width}"
        if width == 320:
            continue  # that wide, only reflow is asked for
        browser.screenshot(walk.folder / f"{name}-{width}.png")
        found = browser.axe(axe)
        assert not found, (name, width, [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found])
    tab_through(browser, name)


def tab_through(browser: Firefox, name: str) -> None:
    """Tab reaches all there is to press or fill in, in the order of the page, on the screen, with a mark that is seen."""
    stops, focused = browser.js("""
        const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
        const stops = all.filter(each => each.type !== "hidden" && each.checkVisibility());
        stops.forEach((each, stop) => each.dataset.stop = stop);
        return [stops.map(each => each.id || each.outerHTML.slice(0, 99)), stops.indexOf(document.activeElement)];""")
    for stop in range(focused + 1, len(stops)):
        press(browser, TAB)
        here, outline, width = browser.js("""
            const style = getComputedStyle(document.activeElement);
            return [document.activeElement.dataset.stop, style.outlineStyle, parseFloat(style.outlineWidth)];""")
        assert here == str(stop), f"{name}: Tab does not come to {stops[stop]} after {stops[stop - 1]}"
        assert outline == "solid" and width >= 2, f"{name}: no mark shows that {stops[stop]} has the focus"
        # The page scrolls there a moment later on a busy machine.
        browser.wait_js("""
            const box = document.activeElement.getBoundingClientRect();
            return box.bottom > 0 && box.top < innerHeight;""")


def use(browser: Firefox, css: str, keys: str = "", then: str = "") -> None:
    """From the top of the page by Tab to a control, and press keys there; `then` is on the page that this leads to."""
    browser.js("document.querySelector('a, input:not([type=hidden])').focus(); document.documentElement.dataset.left = '1'")
    for _ in range(140):
        if browser.js("return document.activeElement.matches(arguments[0])", css):
            break
        press(browser, TAB)
    else:
        raise AssertionError(f"Tab does not come to {css} at {browser.url}")
    if keys:
        press(browser, keys)
    if then:
        browser.wait_js("return !document.documentElement.dataset.left && !!document.querySelector(arguments[0])", WAIT_TIMEOUT, then)


def press(browser: Firefox, keys: str) -> None:
    strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
    browser.command("WebDriver:PerformActions", actions=[{"type": "key", "id": "keys", "actions": strokes}])


def test_a_case_on_paper(site: tuple[str, World, str], browser: Firefox) -> None:
    """Everything that was said and nothing to press, with a line on what paper is. What was opened of the laws is printed too."""
    url, _, at = site
    browser.goto(url)
    use(browser, "#enter", ENTER, "#cases")
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
