"""The reporter's pages where not all is as usual: a busy server, a list out of date, a browser that cannot seal; and the shared vectors."""

import http.client
import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from crypto.constants import CLUE_BYTES, PARTS_MAX
from crypto.encoding import unb64
from crypto.event import Event, parse_event
from crypto.posting import effort_of, parse_posting
from crypto.private.keyfile import generate_reviewer_keys
from crypto.private.opening import find_matches, open_letter
from crypto.private.receipt import keys_of
from crypto.private.signing import SignKey, sign_event
from crypto.receipt import entropy_of
from crypto.roster import quarter_of
from crypto.sealing import make_posting
from intake.tray import TRAY_MAX
from oversight import tree
from tests.harness.firefox import Firefox, firefox
from tests.harness.levels import ONION
from tests.journeys.test_sealed_post import (
    AXE,
    CHOSEN,
    check_and_send,
    fill_report,
    intake_url,
    send_report,
    until_case_says,
    write_again,
)
from tools import clock
from tools import demo as made
from tools.test import _node

ROOT = Path(__file__).resolve().parents[2]
BROWSER = ROOT / "crypto" / "browser"
VECTORS = ROOT / "crypto" / "vectors"
SIZES = {"phone": (390, 780), "desk": (1100, 800)}
NO_X25519 = b"""
const generate = crypto.subtle.generateKey.bind(crypto.subtle);
crypto.subtle.generateKey = (kind, ...rest) => kind === "X25519" ? Promise.reject(new Error("unknown")) : generate(kind, ...rest);
"""


SEEN = """
window.seen = [];
new MutationObserver(() => window.seen.push(document.querySelector("#progress-text").textContent))
  .observe(document.querySelector("#progress"), {subtree: true, childList: true, characterData: true});
"""
WORKING = r"/asks this device for some work first \(\d+ tries\)/"


def served(answer: Callable[[BaseHTTPRequestHandler], tuple[int, str, bytes, dict[str, str]]]) -> ThreadingHTTPServer:
    """A loopback server on a free port that answers by a function: status, type, body and more headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body, more = answer(self)
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def watched(url: str, before_script: bytes = b"") -> Iterator[SimpleNamespace]:
    """The server at `url` through a door that keeps what is posted: `base` for the browser and `posts`, their bodies.

    What the server answers to a method in `lost` does not arrive; a path in `held` is answered with the bytes there.
    """
    posts: list[bytes] = []
    lost: set[str] = set()
    held: dict[str, bytes] = {}

    def forward(asked: BaseHTTPRequestHandler) -> tuple[int, str, bytes, dict[str, str]]:
        body = asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
        if asked.command == "POST":
            posts.append(body)
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as behind:
            behind.request(asked.command, asked.path, body or None, {"Content-Type": asked.headers.get("Content-Type", "")})
            answer = behind.getresponse()
            content = (before_script if asked.path.endswith(".js") else b"") + answer.read()
            policy = {"Content-Security-Policy": answer.headers["Content-Security-Policy"] or ""}
            if asked.command in lost:
                return 502, "text/plain", b"", {}
            content = held.get(asked.path, content)
            return answer.status, answer.headers["Content-Type"], content, policy

    server = served(forward)
    yield SimpleNamespace(base=f"http://{ONION}:{server.server_port}", posts=posts, lost=lost, held=held)
    server.shutdown()


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """An intake that never ticks, with its stewards: what stands in the tray stays there."""
    folder = tmp_path_factory.mktemp("still")
    children: list[subprocess.Popen[str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "PROGRAMME", {**made.PROGRAMME, "tick": 10**9})
        made.make(folder)
    try:
        url = made.start_intake(folder, 0, children)["url"]
        seed = bytes.fromhex(json.loads((folder / "stewards.json").read_text("utf-8"))[0])
        yield SimpleNamespace(url=url, tree=folder / "intake" / "tree", database=folder / "intake" / "intake.sqlite3", seed=seed)
    finally:
        made.stop(children)


def waiting(database: Path) -> int:
    with closing(sqlite3.connect(database)) as tray:
        return int(tray.execute("SELECT count(*) FROM posting").fetchone()[0])


def fill_tray(database: Path, count: int) -> None:
    rows = [(number,) for number in range(1, count + 1)]
    with closing(sqlite3.connect(database)) as tray, tray:
        tray.executemany("INSERT INTO posting (id, effort, body) VALUES (?, 0, x'00')", rows)


# The shared vectors


def vectors_at(level: str, name: str) -> dict[str, Any]:
    """A file of vectors. Safer's engine has no compilers: there every tenth will do of what is all rules and no primitive."""
    held: dict[str, Any] = json.loads((VECTORS / name).read_text("utf-8"))
    if level == "safer" and name in ("case.json", "routing.json"):
        held |= {part: held[part][::10] for part in ("vectors", "cases") if part in held}
    return held


@pytest.fixture(scope="module")
def vector_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Address of a page that runs the vectors of a level: the runner of the tests in Node, bundled here, beside the vector files."""
    bundle = tmp_path_factory.mktemp("vectors") / "page.js"
    command = [str(_node()), "node_modules/esbuild/bin/esbuild", "test/vectors.page.ts", "--bundle", "--format=esm", "--target=es2022"]
    subprocess.run([*command, f"--outfile={bundle}"], cwd=BROWSER, check=True, capture_output=True)
    page = b"<!doctype html><meta charset=utf-8><title>vectors</title><script type=module src=/page.js></script>"

    def answer(asked: BaseHTTPRequestHandler) -> tuple[int, str, bytes, dict[str, str]]:
        name = Path(asked.path).name
        if name == "page.js":
            return 200, "text/javascript", bundle.read_bytes(), {}
        if name.endswith(".json"):
            return 200, "application/json", json.dumps(vectors_at(levels[-1], name)).encode(), {}
        return 200, "text/html", page, {}

    levels: list[str] = []
    server = served(answer)
    yield lambda level: levels.append(level) or f"http://{ONION}:{server.server_port}/"
    server.shutdown()


@pytest.mark.parametrize("level", ["standard", "safer"])
def test_every_shared_vector_comes_out_in_firefox(vector_page: Callable[[str], str], level: str, request: pytest.FixtureRequest) -> None:
    browser: Firefox = request.getfixturevalue(f"firefox_{level}")
    browser.goto(vector_page(level))
    outcomes: Any = browser.wait_js("return window.outcomes", timeout=400)
    assert isinstance(outcomes, list), outcomes
    assert [outcome for outcome in outcomes if outcome["differing"]] == []
    assert {path.stem for path in VECTORS.glob("*.json")} <= {outcome["file"] for outcome in outcomes}
    for outcome in (each for each in outcomes if not each["left"]):
        held = vectors_at(level, f"{outcome['file']}.json")
        assert outcome["ran"] == len(held.get("vectors") or held.get("cases") or [held])


# The list of reviewers


def expired(still: SimpleNamespace) -> None:
    tree.refresh_timestamp(still.tree, still.seed, clock.now() - timedelta(days=30))


def forged(still: SimpleNamespace) -> None:
    path = still.tree / "metadata" / "timestamp.json"
    file = json.loads(path.read_text("utf-8"))
    file["signatures"][0]["sig"] = "00" * 64
    path.write_text(json.dumps(file), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"), [(expired, "signed list of reviewers is out of date"), (forged, "not signed by enough stewards")]
)
def test_a_bad_list_of_reviewers_is_told_and_nothing_is_sent(
    still: SimpleNamespace, firefox_safer: Firefox, spoil: Callable[[SimpleNamespace], None], said: str
) -> None:
    spoil(still)
    try:
        with watched(still.url) as door:
            fill_report(firefox_safer, door.base, "Nobody must get this.")
            firefox_safer.wait_js("return !document.querySelector('#error').hidden")
            firefox_safer.click("#check")
            firefox_safer.wait_js("return !document.querySelector('#error').hidden && !document.querySelector('#check').disabled")
            told = firefox_safer.text("#error")
            assert said in told and "Nothing has been sent." in told
            assert not firefox_safer.js("return document.querySelector('#send').checkVisibility()")
            # Not even what a page in error could be made to do: the button is pressed for it.
            firefox_safer.js("document.querySelector('#send').click()")
            firefox_safer.wait_js("return !document.querySelector('#send').disabled")
            assert firefox_safer.js("return document.querySelector('#text').value") == "Nobody must get this."
            assert door.posts == []
    finally:
        tree.refresh_timestamp(still.tree, still.seed, clock.now())
    # The same presses do send once the list is in order: what is missing above is missing for that reason.
    with watched(still.url) as door:
        send_report(firefox_safer, door.base, "Now they may.")
        assert len(door.posts) == 1


def test_facts_five_days_old_are_told_and_the_report_still_goes(still: SimpleNamespace, firefox_safer: Firefox) -> None:
    with watched(still.url) as door:
        fill_report(firefox_safer, door.base, "Confirmed today.")
        firefox_safer.wait_js("return document.querySelectorAll('.cards li').length === 3")
        assert not firefox_safer.js("return document.querySelector('#stale').checkVisibility()")
        tree.refresh_timestamp(still.tree, still.seed, clock.now() - timedelta(days=5, hours=1))
        try:
            words = send_report(firefox_safer, door.base, "Confirmed five days ago.")
            assert "last confirmed five or more days ago" in firefox_safer.text("#stale")
            assert len(words.split()) == 12 and len(door.posts) == 1
            firefox_safer.goto(f"{door.base}/return")
            firefox_safer.wait_js("return !document.querySelector('#questions').disabled")
            firefox_safer.fill("#words", words)
            firefox_safer.click("#open")
            firefox_safer.wait_js("return document.querySelector('#stale').checkVisibility()")
        finally:
            tree.refresh_timestamp(still.tree, still.seed, clock.now())


# Who can receive a report

NOW = clock.now()
TIES = {
    "Eve Adeyemi": [{"lab": "Example Lab", "category": "EMPLOYMENT", "until": f"{NOW.year - 5}-03-01"}],
    "Tom Ties": [{"lab": "example lab ", "category": "ADVISORY", "until": f"{NOW.year}-01-31"}],
    "Fay Feud": [{"lab": "Example Lab", "category": "FEUD", "until": ""}],
}
GROUPS = {"Gus Group": ["A", "C", "D"]}
LANGUAGES = {"Zoë Zaman": ["Urdu"], "Ana Marković": ["English", "Serbian"], "Fay Feud": ["English", "Serbian"]}
PEOPLE = ("Ana Marković", "Eve Adeyemi", "Fay Feud", "Lin Yue", "Tom Ties", "Gus Group", "Zoë Zaman", "Sue Spended")
KEYS = {name: generate_reviewer_keys([quarter_of(NOW)]) for name in PEOPLE}
NAMES = {SignKey(keys.sign_seed).public: name for name, keys in KEYS.items()}


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """An intake with a tick of one second and a roster of eight whose keys are all at hand, one of them suspended."""
    folder = tmp_path_factory.mktemp("routed")
    children: list[subprocess.Popen[str]] = []
    stewards = [bytes([number]) * 32 for number in (1, 2, 3)]
    cards = [
        made.card(
            {"name": name, **keys.public()},
            NOW,
            ties=TIES.get(name, []),
            groups=GROUPS.get(name, ["A", "B", "C", "D"]),
            languages=LANGUAGES.get(name, ["English"]),
        )
        for name, keys in KEYS.items()
    ]
    programme = bytes.fromhex(tree.create_programme(folder / "intake" / "tree", stewards, made.PROGRAMME, cards, NOW))
    today, last = (f"{NOW + timedelta(days=days):%Y-%m-%d}" for days in (0, 13))
    suspended = {"sign": SignKey(KEYS["Sue Spended"].sign_seed).public, "from": today, "until": last, "reason": "OTHER"}
    tree.publish_suspensions(folder / "intake" / "tree", stewards[:1], [suspended], NOW)
    try:
        yield SimpleNamespace(url=made.start_intake(folder, 0, children)["url"], programme=programme)
    finally:
        made.stop(children)


def opened(routed: SimpleNamespace, body: bytes) -> dict[str, Event]:
    """What each reviewer who was written to opens of a posting."""
    found = {}
    letters = parse_posting(body).letters
    for name, keys in KEYS.items():
        for at in find_matches(keys.find_secret, [letter[:CLUE_BYTES] for letter in letters], routed.programme):
            raw = open_letter(letters[at], keys.find_secret, next(iter(keys.open_seeds.values())), routed.programme)
            found[name] = parse_event(raw, routed.programme)
    return found


def choose(browser: Firefox, css: str, value: str) -> None:
    browser.js("Object.assign(document.querySelector(arguments[0]), {value: arguments[1]})", css, value)
    browser.js("document.querySelector(arguments[0]).dispatchEvent(new Event('change', {bubbles: true}))", css)


def left_out_box(browser: Firefox, name: str) -> None:
    """Tick or untick "leave them out" on a reviewer's card, by keyboard."""
    browser.js(
        "[...document.querySelectorAll('.cards li')].find(c => c.innerText.includes(arguments[0])).querySelector('input').focus()", name
    )
    browser.type(":focus", " ")
    assert browser.js("return document.activeElement.closest('.cards li')?.innerText.includes(arguments[0])", name), "the focus is lost"


def ask_about_weights(browser: Firefox, base: str, text: str) -> None:
    fill_report(browser, base, text)
    browser.wait_js("return document.querySelectorAll('.cards li').length === 8")
    browser.click("input[name=about][value=B1-WEIGHTS]")
    choose(browser, "#organisation", "Example Lab")


def shown_cards(browser: Firefox) -> list[str]:
    names = "[...document.querySelectorAll('.cards li')].filter(c => c.checkVisibility()).map(c => c.querySelector('bdi').textContent)"
    return list(browser.js(f"return {names}"))


def test_who_can_receive_it_is_shown_with_reasons_and_nobody_else_does(routed: SimpleNamespace, firefox_safer: Firefox) -> None:
    browser = firefox_safer
    with watched(routed.url) as door:
        ask_about_weights(browser, door.base, "Keys lie about.")
        assert shown_cards(browser) == ["Ana Marković", "Eve Adeyemi", "Fay Feud", "Lin Yue"]
        assert browser.js("return document.querySelector('#language').value") == "English"
        assert "4 of 8 reviewers can receive this report." in browser.text("#count")
        assert f"worked for Example Lab until {NOW.year - 5}." in browser.text(".cards")
        left_out_box(browser, "Lin Yue")
        assert "3 of 8" in browser.text("#count")
        browser.click("#left-out-count")
        reasons = browser.text("#left-out")
        assert f"Tom Ties, None: has a tie to the organisation you named (advised example lab until {NOW.year}-01-31)." in reasons
        assert "Gus Group, None: does not take reports on “Security and people”." in reasons
        assert "Zoë Zaman, None: does not read English." in reasons
        assert "Sue Spended, None: suspended by a steward for the moment." in reasons
        assert "Lin Yue, None: left out by you." in reasons
        # Another concern lets Gus in, and another organisation Tom; back again nobody but the three is left.
        browser.click("input[name=about][value=A1-UNDISCLOSED]")
        choose(browser, "#organisation", "Another Lab")
        assert {"Tom Ties", "Gus Group"} <= set(shown_cards(browser))
        browser.click("input[name=about][value=B1-WEIGHTS]")
        choose(browser, "#organisation", "Example Lab")
        check_and_send(browser)
        (body,) = door.posts
        # The list is fetched whole and once: no answer made the page ask for anything about anybody.
        assert [each for each in browser.requests() if "/tree/" in each] == [f"{door.base}/tree/bundle.json"]
    events = opened(routed, body)
    assert set(events) == {"Ana Marković", "Eve Adeyemi", "Fay Feud"}
    payload = events["Eve Adeyemi"].payload
    assert {NAMES[sign] for sign in payload["readers"]} == set(events) and payload["reserves"] == []
    assert payload["answers"]["organisation"] == "Example Lab" and "language" not in payload["answers"]


def test_fewer_than_two_is_explained_and_nothing_is_lost(routed: SimpleNamespace, firefox_safer: Firefox) -> None:
    browser = firefox_safer
    with watched(routed.url) as door:
        ask_about_weights(browser, door.base, "Still here.")
        # English is only a guess: it gives way where it would leave too few, and comes back.
        for name in ("Eve Adeyemi", "Fay Feud", "Lin Yue"):
            left_out_box(browser, name)
        assert browser.js("return document.querySelector('#language').value") == "" and "Zoë Zaman" in shown_cards(browser)
        for name in ("Eve Adeyemi", "Fay Feud", "Lin Yue"):
            left_out_box(browser, name)
        assert browser.js("return document.querySelector('#language').value") == "English"
        choose(browser, "#language", "Serbian")
        assert shown_cards(browser) == ["Ana Marković", "Fay Feud"]
        left_out_box(browser, "Ana Marković")
        assert "1 of 8 reviewers can receive this report. That is too few to send it." in browser.text("#count")
        said = browser.text("#too-few")
        assert "Take back whom you left out: then up to 2 can receive it." in said and "Come back later" in said
        assert "Choose another language, or “Any reviewer”: then up to 4 can receive it." in said
        browser.click("#check")
        browser.wait_js("return document.querySelector('#check-step').checkVisibility()")
        assert "Who can receive this: Fewer than two" in browser.text("#problems")
        browser.js("document.querySelector('#send').click()")
        browser.wait_js("return /Fewer than two reviewers can receive this. Nothing/.test(document.querySelector('#error').innerText)")
        assert browser.js("return document.querySelector('#text').value") == "Still here." and door.posts == []
        left_out_box(browser, "Ana Marković")
        assert not browser.js("return document.querySelector('#too-few').checkVisibility()")
        check_and_send(browser)
        assert set(opened(routed, door.posts[0])) == {"Ana Marković", "Fay Feud"}


# One steps back, one takes over, one is cut off


def say(routed: SimpleNamespace, by: str, kind: str, root: Event, events: Sequence[Event], **names: Any) -> Event:
    """An event by a reviewer, after `events`, posted to the reporter alone; the reporter's page is who is looked at."""
    own = [event.id for event in events if event.author == SignKey(KEYS[by].sign_seed).public]
    head = {"v": 1, "kind": kind, "week": clock.week_of(clock.now()), "seen": [0, "0" * 64], "roster": 1, "audience": "all"}
    link = {"case": root.id, "prev": own[-1:], "parents": [(events or [root])[-1].id]}
    event = sign_event({**head, **link, **names}, KEYS[by].sign_seed, routed.programme)
    find, open_key = bytes.fromhex(root.payload["find"]), unb64(root.payload["open"], 1216)
    body = make_posting(routed.programme, [(find, open_key, event.raw)])
    with closing(http.client.HTTPConnection(urlsplit(routed.url).netloc, timeout=30)) as server:
        server.request("POST", "/post", body, {"Content-Type": "application/octet-stream"})
        assert server.getresponse().read() == b"stored"
    return event


def test_the_reporter_sees_who_left_and_who_took_over_and_writes_to_them_alone(routed: SimpleNamespace, firefox_safer: Firefox) -> None:
    browser = firefox_safer
    with watched(routed.url) as door:
        words = send_report(browser, door.base, "Three read this.")
        root = next(iter(opened(routed, door.posts[0]).values()))
        (first, second, third), (reserve, *_) = ([NAMES[sign] for sign in root.payload[part]] for part in ("readers", "reserves"))
        until_case_says(browser, door.base, words, f"Who reads it now: {first} (not opened yet)")
        events: list[Event] = []
        events.append(say(routed, second, "recuse", root, events))
        until_case_says(browser, door.base, words, f"{second} stepped back. They no longer read what you write.")
        assert "The next on the list you agreed to can take over" in browser.text("#state")
        events.append(say(routed, first, "handover", root, events, to=SignKey(KEYS[reserve].sign_seed).public))
        until_case_says(browser, door.base, words, f"{reserve} has taken over, from the list you agreed to.")
        assert "can take over" not in browser.text("#state")
        third_key = SignKey(KEYS[third].sign_seed).public
        cuts = [*events, say(routed, first, "cutoff", root, events, of=third_key)]
        cuts.append(say(routed, reserve, "cutoff", root, cuts, of=third_key))
        say(routed, third, "answer", root, events, text="Believe none of them.")
        until_case_says(browser, door.base, words, "Not counted: they are no longer a reviewer.")
        state = browser.text("#state")
        assert f"{third} is no longer a reviewer; what they said after the week of" in state
        assert f"Who reads it now: {first} (not opened yet), {reserve} (not opened yet)" in state
        door.posts.clear()
        write_again(browser, "To whom it goes now.")
        assert set(opened(routed, door.posts[0])) == {first, reserve}


# A browser that cannot


def assert_says_it_cannot(browser: Firefox, base: str, why: str) -> None:
    for page in ("report", "return"):
        browser.goto(f"{base}/{page}")
        browser.wait_js("return !document.querySelector('#unsupported').hidden")
        told = browser.text("#unsupported")
        assert "This browser cannot seal a message" in told and why in told and "Nothing has been sent." in told
        assert browser.js("return document.querySelector('#questions').disabled")


def test_a_browser_without_a_secure_context_says_so(still: SimpleNamespace) -> None:
    with watched(still.url) as door, firefox("standard", prefs={"dom.securecontext.allowlist_onions": False}) as browser:
        assert_says_it_cannot(browser, door.base, "does not count as a secure connection")
        assert door.posts == []


def test_a_browser_without_x25519_says_so(still: SimpleNamespace, firefox_standard: Firefox) -> None:
    with watched(still.url, NO_X25519) as door:
        assert_says_it_cannot(firefox_standard, door.base, "It is too old")
        assert door.posts == []


# A connection that is lost, and a page that stands open


def test_a_report_whose_answer_is_lost_keeps_its_words(demo: dict[str, Any], firefox_safer: Firefox) -> None:
    """Seen to fail: the report was stored, and whoever gave up trying again had no words for it."""
    ff = firefox_safer
    with watched(demo["intake"]["url"]) as door:
        door.lost.add("POST")
        fill_report(ff, door.base, "The answer never came.")
        ff.click("#check")
        ff.wait_js("return !document.querySelector('#check-step').hidden")
        ff.click("#send")
        ff.wait_js("return document.querySelector('#again').checkVisibility()", timeout=60)
        words = ff.text("#progress-text").rstrip(".").rpartition("its words are ")[2].split()
        assert len(words) == 12 and len(set(door.posts)) == 1
        # As they may stand on paper.
        until_case_says(ff, door.base, "\n".join(f"{n}. {word.upper()}," for n, word in enumerate(words, 1)), "The answer never came.")


def public(url: str, path: str) -> bytes:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as server:
        server.request("GET", path)
        return server.getresponse().read()


def test_on_a_page_that_stood_open_nothing_looks_held_back(demo: dict[str, Any], firefox_safer: Firefox) -> None:
    """Seen to fail: a reply was counted from the segment that was newest when the case was opened, and called held back at once."""
    ff, url, head = firefox_safer, demo["intake"]["url"], "/files/head.json"
    with watched(url) as door:
        words = send_report(ff, door.base, "Left open.")
        until_case_says(ff, door.base, words, "Left open.")
        opened = json.loads(public(url, head))["number"]
        for number in (1, 2):
            write_again(ff, f"Reply {number}.")
            while json.loads(public(url, head))["number"] < opened + number:
                time.sleep(0.2)
        clues = f"/files/clues/{json.loads(public(url, head))['weeks'][-1]}"
        # Nothing more comes out while the page looks.
        door.held.update({path: public(url, path) for path in (clues, head)})
        write_again(ff, "Reply 3.")
        # Nor is anything missed that came out since the page looked last.
        ff.wait_js("return document.querySelector('#state').innerText.includes('published at the next tick: 3 of your messages')")
        ff.click("#refresh")
        ff.wait_js("return !document.querySelector('#refresh').disabled", timeout=60)
        assert "published at the next tick: 1 of your messages" in ff.text("#state"), ff.text("#state")


def test_who_keeps_only_the_dates_keeps_them_with_each_message(demo: dict[str, Any], firefox_safer: Firefox) -> None:
    """Seen to fail: the stub came once, with the report, and nobody else can seal it again: after 26 weeks the words found no case."""
    ff, programme = firefox_safer, bytes.fromhex(demo["fingerprint"])
    with watched(demo["intake"]["url"]) as door:
        fill_report(ff, door.base, "Not for my own copy.")
        ff.click("input[name=selfcopy][value=dates]")
        ff.click("#check")
        ff.wait_js("return !document.querySelector('#check-step').hidden")
        ff.click("#send")
        ff.wait_js("return !document.querySelector('#receipt').hidden", timeout=60)
        words = ff.js("return [...document.querySelectorAll('#receipt-words span')].map(s => s.textContent).join(' ')")
        until_case_says(ff, door.base, words, "Your own copy holds no text")
        write_again(ff, "More.")
        keys, kinds = keys_of(entropy_of(words), programme), []
        for body in door.posts:
            letters = parse_posting(body).letters
            found = find_matches(keys.find_secret, [letter[:CLUE_BYTES] for letter in letters], programme)
            events = [parse_event(open_letter(letters[at], keys.find_secret, keys.open_seed, programme), programme) for at in found]
            kinds.append(sorted(event.kind for event in events))
        assert kinds == [["stub"], ["reply", "stub"]]


KEPT = """
const {SessionStore} = ChromeUtils.importESModule("resource:///modules/sessionstore/SessionStore.sys.mjs");
return SessionStore.getBrowserState();
"""


def test_what_is_ticked_and_typed_stays_out_of_the_file_of_open_tabs(demo: dict[str, Any]) -> None:
    """Seen to fail: any browser but Tor Browser wrote the ticked boxes into the file from which it opens tabs again."""
    with firefox("safer", prefs={"browser.privatebrowsing.autostart": False, "browser.sessionstore.interval": 100}) as ff:
        fill_report(ff, intake_url(demo), "Not to be kept.")
        choose(ff, "#organisation", "Example Lab")
        time.sleep(2)
        with ff._chrome():
            kept = json.loads(ff._run(KEPT, sandbox="system"))
        (tab,) = kept["windows"][0]["tabs"]
        assert tab["entries"][-1]["url"].endswith("/report") and not tab.get("formdata"), tab
        assert ff.js("return document.querySelectorAll('input:checked').length") == len(CHOSEN) + 1


# Effort


def test_a_busy_server_gets_its_work_and_takes_the_posting(still: SimpleNamespace, firefox_standard: Firefox) -> None:
    """The tray fills after the page was loaded: the page hears of it by a refusal, or from head.json if that was renewed before."""
    with watched(still.url) as door:
        fill_report(firefox_standard, door.base, "The tray is a quarter full.")
        firefox_standard.click("#check")
        firefox_standard.wait_js("return !document.querySelector('#check-step').hidden")
        fill_tray(still.database, TRAY_MAX // 4)
        before = waiting(still.database)
        firefox_standard.js(SEEN)  # the work may be over between two looks
        firefox_standard.click("#send")
        firefox_standard.wait_js("return !document.querySelector('#receipt').hidden", timeout=300)
        assert firefox_standard.js(f"return window.seen.some(each => {WORKING}.test(each))"), firefox_standard.js("return window.seen")
        assert waiting(still.database) == before + 1
        sent = [parse_posting(body) for body in door.posts]
        first, last = sent[0], sent[-1]
        assert first.letters == last.letters
        assert effort_of(last, bytes(32)) >= 8


# A long message


def test_a_long_reply_goes_out_in_several_and_arrives_whole(demo: dict[str, Any], firefox_standard: Firefox) -> None:
    base, ff = intake_url(demo), firefox_standard
    words = send_report(ff, base, "A short report.")
    until_case_says(ff, base, words, "A short report.")
    ff.fill("#reply", "x" * 15_000 * (PARTS_MAX + 2))
    ff.click("#send-reply")
    ff.wait_js("return /longer than three letters/.test(document.querySelector('#error').innerText)")
    text = "".join(f"Line {number} of what else happened. " for number in range(1100)) + "The last line."
    ff.fill("#reply", text)
    ff.click("#send-reply")
    ff.wait_js("return /goes out as 3 messages/.test(document.querySelector('#reply-hints').innerText)")
    ff.click("#send-reply")
    ff.wait_js("return document.querySelector('#reply').value === ''", timeout=180)
    until_case_says(ff, base, words, "The last line.")
    assert ff.js("return [...document.querySelectorAll('[data-kind=reply] .body')].map(p => p.textContent).join('')") == text


# What it looks like


@pytest.mark.parametrize("size", SIZES)
def test_from_right_to_left_and_in_the_dark(demo: dict[str, Any], firefox_dark: Firefox, tmp_path: Path, size: str) -> None:
    """No page is wider than the window, the key to leave lies over no text, and axe finds nothing."""
    base, axe, browser = intake_url(demo), AXE.read_text("utf-8"), firefox_dark
    browser.set_window(*SIZES[size])
    for page in ("", "report", "return", "about"):
        browser.goto(f"{base}/{page}")
        assert browser.js("return matchMedia('(prefers-color-scheme: dark)').matches")
        browser.js("document.documentElement.dir = 'rtl'; document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert browser.js("return document.documentElement.scrollWidth <= innerWidth"), page
        assert browser.js(UNCOVERED), page
        assert browser.axe(axe) == [], page
        browser.screenshot(tmp_path / f"{size}-{page or 'index'}.png")


# The key to leave stands beside the text, or on a strip of its own; at the end of the page no line lies under it.
UNCOVERED = """
scrollTo({top: document.documentElement.scrollHeight, behavior: "instant"});
const key = document.querySelector("#leave").getBoundingClientRect(), text = document.querySelector("#main").getBoundingClientRect();
const strip = getComputedStyle(document.body, "::after");
const padding = parseFloat(getComputedStyle(document.querySelector("#main")).paddingInlineEnd);
const onStrip = strip.position === "fixed" && parseFloat(strip.blockSize) >= innerHeight - key.top;
const beside = key.left >= text.right - padding || key.right <= text.left + padding;
return (onStrip || beside) && [...document.querySelectorAll(".foot p")].every(p => p.getBoundingClientRect().bottom <= key.top);
"""
