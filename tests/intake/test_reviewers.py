"""The public pages about the reviewers: what they say of everyone on a day, of every version, and of the fingerprint."""

import datetime
import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from mnemonic import Mnemonic

from crypto.encoding import canonical
from crypto.history import roster_changes, signers
from crypto.roster import parse_roster
from intake import clock, create_app, publicfiles
from intake.config import Config
from oversight import tree
from tests.harness.firefox import Firefox
from tests.harness.levels import ONION
from tests.intake.test_server import Server
from tests.intake.trees import NOW, PROGRAMME, SEEDS, card, day, evaluator

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "crypto" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
PATHS = ("/reviewers", "/reviewers/history")
STEWARDS = ("Ada Example", "Ben Example", "Čem Example")
TIES = [
    {"lab": "Example Lab", "category": "EMPLOYMENT", "until": day(-300)},
    {"lab": "Second Lab", "category": "EQUITY", "until": ""},
    {"lab": "Third Lab", "category": "FRIEND", "until": ""},
    {"lab": "Fourth Lab", "category": "GRANT", "until": day(-1200)},
]
# Name, facts of the entry, and what the page says of it today.
EVERYBODY = [
    ("Ana Marković", {"ties": TIES, "affiliation": "A clinic <b>&"}, f"Active until {day(200)}"),
    ("林悦", {"to": day(3), "ended": "RESIGNED"}, f"Active until {day(3)}, then leaves (resigned)"),
    ("فاطمة الزهراء", {"paused": day(9)}, f"Paused until {day(9)}, by the stewards"),
    ("Gone Person", {"to": day(-3), "ended": "CONFLICT"}, f"Revoked: last day was {day(-3)} (a conflict of interest)"),
    ("Old Term", {"to": day(-10)}, f"Expired: the term ended on {day(-10)}"),
    ("Coming Soon", {"noticed": day(0), "from": day(4)}, f"In notice: public since {day(0)}, and may be drawn from {day(4)} on"),
    ("Suspended One", {}, f"Suspended until {day(9)} (conduct)"),
    ("No Key", {"open": [{"quarter": "2020-Q1", "key": card(50, "x")["open"][0]["key"]}]}, "Has no key for this quarter"),
]


def make(folder: Path) -> None:
    """Three days of a programme: one reviewer, then everybody, then one suspended by one steward."""
    named = [tree.steward_of(seed, name) for seed, name in zip(SEEDS, STEWARDS, strict=True)]
    hours = datetime.timedelta(hours=1)
    tree.create_programme(folder, SEEDS, {**PROGRAMME, "stewards": named}, [card(0, EVERYBODY[0][0])], NOW - 72 * hours)
    cards = [card(number, name, **facts) for number, (name, facts, _) in enumerate(EVERYBODY)]
    tree.publish_roster(folder, SEEDS[1:], cards, NOW - 30 * hours, [evaluator(20, "Evaluation House")])
    suspended = {"sign": cards[6]["sign"], "from": day(-1), "until": day(9), "reason": "CONDUCT"}
    tree.publish_suspensions(folder, SEEDS[2:], [suspended], NOW - hours)


@pytest.fixture
def config(tmp_path, static) -> Config:
    made = Config.for_data(tmp_path / "data")
    make(made.tree)
    return Config(data=made.data, tree=made.tree, static=static)


def said(page: str) -> str:
    """The page's text with single spaces."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("<main")[2])))


def test_everybody_is_there_with_their_status_today(client):
    text = said(client.get("/reviewers").text)
    places = [text.index(name) for name, _, _ in EVERYBODY]
    assert places == sorted(places), "in the order of the roster"
    for at, (_, _, status) in zip(places, EVERYBODY, strict=True):
        assert status in text[at : at + 250]
    assert "Evaluation House" in text and "Cyber ranges" in text
    assert all(name in text for name in STEWARDS)
    assert "Any 2 of the 3 must sign" in text


def test_ties_vetting_and_groups_are_in_words(client):
    page = client.get("/reviewers").text
    text = said(page)
    ended, bars = day(-300), f"{int(day(-300)[:4]) + 2}{day(-300)[4:]}"
    assert f"Example Lab: employment there (until {ended[:4]}): not drawn for reports about it before {bars}" in text
    assert "Second Lab: shares or options in it (still lasts): never drawn for reports about it" in text
    assert "Third Lab: a close friendship (still lasts): no bar" in text
    assert "Fourth Lab: a grant from it" in text and "drawn again since" in text
    for heading in ("Access", "Searching attitude", "Proportionality", "Independence", "Resources", "Expertise"):
        assert page.count(f"<h4>{heading}") == len(EVERYBODY)
    assert "Note one" in text and "What is said under expertise." in text
    assert "Secrecy and testing" in text
    assert "A clinic &lt;b&gt;&amp;" in page, "what stewards write is text, never markup"


def test_the_fingerprint_in_words_and_groups_is_the_programmes(client, config):
    programme = publicfiles.programme(config)
    page = client.get("/reviewers").text
    words = re.findall(r"<li>([a-z]+)</li>", page.partition('class="words"')[2].partition("</ol>")[0])
    assert bytes(Mnemonic("english").to_entropy(words)) == programme
    groups = re.findall(r"<code>([0-9a-f]{8})</code>", page)
    assert (len(groups), "".join(groups)) == (8, programme.hex())
    assert "cannot vouch for itself" in page and "./tellsafe verify" in page


def test_the_history_says_what_changed_and_who_signed(client):
    text = said(client.get("/reviewers/history").text)
    versions = re.split(r"(?=(?:Programme|Reviewers and evaluators|Suspensions), version \d+)", text)[1:]
    by_title = {version.partition(" Signed")[0].strip(): version for version in versions}
    assert [title[-9:] for title in by_title][:2] == ["version 2", "version 2"], "the newest first"
    assert len(by_title) == 5
    assert "by Ada Example, Ben Example." in by_title["Reviewers and evaluators, version 1"]
    assert "Admitted: Ana Marković" in by_title["Reviewers and evaluators, version 1"]
    second = by_title["Reviewers and evaluators, version 2"]
    assert "by Ben Example, Čem Example." in second
    assert f"Signed on {NOW - datetime.timedelta(hours=30):%Y-%m-%d}" in second
    assert "Admitted: Gone Person" in second and "Ties of Ana Marković now:" in second and "Admitted: Ana" not in second
    assert "by Čem Example." in by_title["Suspensions, version 2"] and "Suspended: Suspended One" in by_title["Suspensions, version 2"]
    assert "Steward who joins: Ada Example" in by_title["Programme, version 1"]


def test_a_signature_that_does_not_verify_names_nobody(config, app, client):
    path = config.tree / "metadata" / "2.suspensions.json"
    file = json.loads(path.read_text())
    keyids = json.loads((config.tree / "metadata" / "1.targets.json").read_text())["signed"]["delegations"]["roles"][0]["keyids"]
    mine = file["signatures"][0]
    file["signatures"] += [{"keyid": keyid, "sig": mine["sig"]} for keyid in keyids if keyid != mine["keyid"]]
    path.write_text(json.dumps(file))
    version = said(client.get("/reviewers/history").text).partition("Suspensions, version 2")[2]
    assert version.strip().startswith(f"Signed on {NOW - datetime.timedelta(hours=1):%Y-%m-%d} by Čem Example.")
    assert signers(path.read_text(), {}) == []


def test_a_version_that_was_never_sent_here_is_left_out(config, client):
    (config.tree / "metadata" / "1.suspensions.json").unlink()
    text = said(client.get("/reviewers/history").text)
    assert "Suspensions, version 2" in text and "Suspensions, version 1" not in text


def test_the_status_follows_the_day_and_the_manifest_the_page(client, monkeypatch):
    before = client.get("/reviewers").data
    assert client.get("/reviewers").data == before
    monkeypatch.setattr(clock, "today", lambda: NOW.date() + datetime.timedelta(days=4))
    after = client.get("/reviewers")
    text = said(after.text)
    assert f"In notice: public since {day(0)}" not in text and f"Revoked: last day was {day(3)} (resigned)" in text
    for path in PATHS:
        assert json.loads(client.get("/manifest.json").data)["files"][path] == hashlib.sha256(client.get(path).data).hexdigest()


@pytest.mark.parametrize("path", PATHS)
def test_the_same_bytes_for_everyone_and_no_script(client, path):
    plain = client.get(path)
    other = client.get(path, headers={"Accept-Language": "zh", "User-Agent": "x", "Cookie": "a=b", "Referer": "http://lab.example/"})
    assert plain.data == other.data
    assert "<script" not in plain.text
    assert "Set-Cookie" not in plain.headers and plain.headers["Cache-Control"] == "no-store"
    assert "'unsafe" not in plain.headers["Content-Security-Policy"]


def test_a_tree_that_cannot_be_read_stops_this_page_and_not_the_server(config, tmp_path):
    next((config.tree / "targets").glob("*.suspensions.json")).unlink()
    next((config.tree / "targets").glob("*.suspensions.json")).unlink()
    client = create_app(config).test_client()
    assert "This list cannot be shown" in client.get("/reviewers").text
    assert "cannot be shown" in client.get("/reviewers/history").text
    assert client.get("/").status_code == client.get("/report").status_code == 200


def test_a_renewal_and_a_replaced_key_are_told():
    def roster(**facts):
        return parse_roster(canonical({"v": 1, "reviewers": [card(1, "One", **facts)], "evaluators": []}), 1)

    assert roster_changes(roster(), roster(), day(0)) == []
    assert roster_changes(roster(), roster(to=day(300)), day(0)) == [
        f"Renewed: One, term {day(-30)} to {day(300)} (was {day(-30)} to {day(200)})"
    ]
    assert roster_changes(roster(), roster(find="ab" * 32), day(0)) == ["REPLACED KEY: One has another find key"]


@pytest.fixture(scope="module")
def served(tmp_path_factory, static):
    data = tmp_path_factory.mktemp("reviewers") / "data"
    make(data / "tree")
    server = Server(data, static)
    yield f"http://{ONION}:{server.port}"
    server.kill()


@pytest.mark.browser
@pytest.mark.parametrize("colours", ["standard", "dark"])
def test_what_it_looks_like(served, colours, request):
    """Nothing wider than the window, in both directions of writing, and axe finds nothing."""
    axe, browser = AXE.read_text("utf-8"), request.getfixturevalue(f"firefox_{colours}")
    for size in ((360, 740), (1280, 900)):
        browser.set_window(*size)
        for path in PATHS:
            for direction in ("ltr", "rtl"):
                browser.goto(served + path)
                assert browser.js("return matchMedia('(prefers-color-scheme: dark)').matches") == (colours == "dark")
                browser.js("document.documentElement.dir = arguments[0]", direction)
                browser.js("document.querySelectorAll('details').forEach(details => { details.open = true; })")
                assert browser.js("return document.documentElement.scrollWidth <= innerWidth"), (path, size, direction)
                assert browser.axe(axe) == [], (path, size, direction)


@pytest.mark.browser
def test_it_needs_no_script(served, firefox_safest: Firefox):
    firefox_safest.goto(served + "/reviewers")
    assert "Ana Marković" in firefox_safest.text("main") and firefox_safest.has("ol.words li:nth-child(24)")
