"""Three stewards make a programme from nothing and vet five reviewers, one with a tie to the lab that a report then names.

Every step by the command or the page that a person would use: key files, proposals, an empty server, five workstations, one Firefox.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crypto.constants import CLUE_BYTES
from crypto.posting import parse_posting
from review import vault
from tests.harness.commands import run
from tests.harness.firefox import Firefox
from tests.journeys.test_pages import choose, shown_cards, watched
from tests.journeys.test_sealed_post import (
    check_and_send,
    desk_of,
    fill_report,
    open_desk,
    until_case_says,
    until_desk_shows,
    until_unopened,
)
from tools import demo as made

STEWARDS = ("ada", "ben", "cem")
PEOPLE = ("Ana Marković", "Kwame Boateng", "Lin Yue", "Tom Ties", "Zoë Zaman")
TIED = "Tom Ties"
LAB = "Example Lab"
PASSPHRASE = "six random words are good"
# Two letters long, so that who takes over has something to receive whole.
TEXT = "The first line. " + "What happened after that, in many words. " * 400 + "The very last line."
EVERYBODY = set(PEOPLE)


class Stewards:
    """One folder with key files, proposals and the stewards' copy of the tree; commands as they are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.write("passphrase", PASSPHRASE + "\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def tellsafe(self, *arguments: str) -> str:
        """Run a command in the folder; what it said."""
        code, said, complaints = run(*arguments, folder=self.folder)
        assert code == 0, f"{' '.join(arguments)}\n{said}{complaints}"
        return said

    def sign(self, proposal: str, steward: str, *more: str) -> None:
        self.tellsafe("steward", "sign", proposal, "--key", f"{steward}.key", "--passphrase-file", "passphrase", *more)

    def change(self, url: str, by: tuple[str, ...], *arguments: str) -> str:
        """Propose, sign and publish to the running server; what the proposal would change, in words."""
        self.tellsafe("steward", "propose", *arguments, "--tree", "tree", "--out", "change.json")
        for steward in by:
            self.sign("change.json", steward, "--tree", "tree")
        shown = self.tellsafe("steward", "show", "change.json", "--tree", "tree")
        assert "DO NOT SIGN" not in shown
        said = self.tellsafe("steward", "publish", "change.json", "--tree", "tree", "--server", url)
        assert "stored" in said
        return shown


def found(stewards: Stewards, data: Path) -> str:
    """From three new keys to the first tree in an empty server's folder; the fingerprint."""
    for name in STEWARDS:
        stewards.tellsafe("steward", "key", "--out", f"{name}.key", "--name", name.title(), "--passphrase-file", "passphrase")
    facts = stewards.tellsafe("steward", "programme-example")
    for was, becomes in (("tick = 21600", "tick = 1"), ("[60, 600]", "[1, 3]"), ("notice_hours = 72", "notice_hours = 0")):
        assert was in facts
        facts = facts.replace(was, becomes)
    stewards.write("programme.toml", facts)
    publics = [f"{name}.key.public.json" for name in STEWARDS]
    create = ["create", "--stewards", *publics, "--threshold", "2", "--programme", "programme.toml", "--out", "first.json"]
    said = stewards.tellsafe("steward", *create)
    for name in STEWARDS[:2]:
        stewards.sign("first.json", name, "--out", f"first-{name}.json")
    stewards.tellsafe("steward", "combine", "first-ada.json", "first-ben.json", "--out", "first-signed.json")
    stewards.tellsafe("steward", "publish", "first-signed.json", "--tree", "tree", "--data", str(data))
    (fingerprint,) = {word for word in said.split() if len(word) == 64 and set(word) <= set("0123456789abcdef")}
    return fingerprint


def record_of(stewards: Stewards, name: str) -> str:
    """The example of a vetting record, filled in for one reviewer: no ties, or one that bars."""
    example = stewards.tellsafe("steward", "record-example")
    head, tie, rest = example.partition("[[ties]]")
    assert tie and 'lab = "Third Lab"' in rest
    if name == TIED:
        return head + tie + rest.replace("Third Lab", LAB).replace('until = "2025-06-30"', 'until = ""')
    return head + "ties = []\n" + rest[rest.index("[record.") :]


def make_vault(browser: Firefox, reviewer: dict[str, Any]) -> None:
    """As the reviewer's guide says: open the link, make the vault. The request file then lies in its folder."""
    browser.goto(reviewer["url"])
    browser.goto(desk_of(reviewer))
    browser.fill("#name", reviewer["name"])
    browser.fill("#passphrase", reviewer["passphrase"])
    browser.fill("#again", reviewer["passphrase"])
    browser.follow("#create")
    assert browser.has("#request"), browser.text("body")
    assert (Path(reviewer["vault"]) / "request.json").exists()


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory, firefox_safer: Firefox) -> Iterator[SimpleNamespace]:
    """Stewards, a running server, and a vetted reviewer with an unlocked workstation each."""
    folder = tmp_path_factory.mktemp("vetted")
    stewards = Stewards(folder / "stewards")
    children: list[subprocess.Popen[str]] = []
    fingerprint = found(stewards, folder / "intake")
    try:
        url = made.start_intake(folder, 0, children)["url"]
        reviewers = made.start_desks(folder, url, fingerprint, dict.fromkeys(PEOPLE, PASSPHRASE), children)
        for reviewer in reviewers:
            make_vault(firefox_safer, reviewer)
        standing = {reviewer["name"]: reviewer for reviewer in reviewers}
        open_desk(firefox_safer, reviewers[0])
        firefox_safer.load_until("return /You are waiting/.test(document.querySelector('#standing')?.innerText)")
        firefox_safer.follow("#lock")
        for reviewer in reviewers:
            name, place = reviewer["name"], Path(reviewer["vault"]) / "request.json"
            stewards.tellsafe("steward", "request-check", str(place), "--tree", "tree")
            stewards.write("record.toml", record_of(stewards, name))
            shown = stewards.change(url, ("ada", "cem"), "admit", str(place), "record.toml")
            assert name in shown and (f"{name}: barred for {LAB}" in shown) == (name == TIED)
        for reviewer in reviewers:
            open_desk(firefox_safer, reviewer)
            firefox_safer.load_until("return /You are active/.test(document.querySelector('#standing')?.innerText)")
        keys = {reviewer["name"]: vault.unlock(Path(reviewer["vault"]), PASSPHRASE) for reviewer in reviewers}
        yield SimpleNamespace(stewards=stewards, url=url, fingerprint=fingerprint, reviewers=standing, keys=keys)
    finally:
        made.stop(children)


def addressed(programme: SimpleNamespace, bodies: list[bytes]) -> list[set[str]]:
    """To whom each posting holds letters, tried with every reviewer's own keys."""
    known = bytes.fromhex(programme.fingerprint)
    clues = [[letter[:CLUE_BYTES] for letter in parse_posting(body).letters] for body in bodies]
    return [{name for name, own in programme.keys.items() if own.find_matches(each, known)} for each in clues]


def published(programme: SimpleNamespace) -> list[bytes]:
    """Every clue that the server ever published."""
    clues = []
    for block in (Path(programme.stewards.folder).parent / "intake" / "files" / "letters").rglob("*"):
        if block.is_file():
            data = block.read_bytes()
            clues += [data[at : at + CLUE_BYTES] for at in range(0, len(data), 16384)]
    return clues


def test_verify_checks_what_the_stewards_made(programme: SimpleNamespace) -> None:
    said = programme.stewards.tellsafe("verify", programme.url, "--fingerprint", programme.fingerprint)
    assert "roster 6" in said and "signed by Ada, Cem" in said
    for name in PEOPLE:
        assert f"Admitted: {name} (Example University)" in said and f"today: {name} is active" in said


def test_a_report_about_a_lab_never_reaches_who_is_tied_to_it_and_a_reserve_takes_over(
    programme: SimpleNamespace, firefox_safer: Firefox
) -> None:
    browser, desks = firefox_safer, programme.reviewers
    with watched(programme.url) as door:
        words = report(browser, door.base, TEXT, LAB, [TIED], f"{TIED}, Example University: has a tie to the organisation you named")
        first, part = addressed(programme, door.posts)
        assert len(first) == 3 and TIED not in first and part == first
        (reserve,) = EVERYBODY - first - {TIED}
        answering, leaving, _ = sorted(first)
        # One answers and notes something for the readers; another, who has opened nothing yet, steps back at the screen about conflicts.
        until_desk_shows(browser, desks[answering], "The very last line.")
        browser.follow("#acknowledge")
        until_desk_shows(browser, desks[answering], "The very last line.")
        case_id = browser.url.rpartition("/")[2].partition("#")[0]
        write(browser, "answer", "We have begun.")
        write(browser, "note", "Between us: check the dates.")
        until_unopened(browser, desks[leaving], case_id)
        assert LAB in browser.text("#header") and "The first line." not in browser.text("body")
        browser.follow("#step-back")
        assert browser.has("#stepped-back")
        # The reserve gets the screen first, and then the whole of it.
        until_unopened(browser, desks[reserve], case_id)
        assert "The first line." not in browser.text("body")
        for marker in ("The very last line.", "The first line.", "We have begun.", "Between us: check the dates."):
            until_desk_shows(browser, desks[reserve], marker)
        assert browser.js("return document.querySelector('#text').textContent.trim()") == TEXT
        write(browser, "answer", "I took over, and read it all.")
        # Who wrote the report sees all of that, and who is tied to the lab has not even a case.
        until_case_says(browser, door.base, words, "I took over, and read it all.")
        state, talk = browser.text("#state"), browser.text("#conversation")
        assert f"{leaving} stepped back. They no longer read what you write." in state
        assert reserve in state.split("Who reads it now:")[1] and leaving not in state.split("Who reads it now:")[1].split("\n")[0]
        assert f"{reserve} has taken over, from the list you agreed to." in talk
        assert "Between us" not in talk
        browser.goto(desk_of(desks[TIED]))
        browser.load_until("return /segment [1-9]/.test(document.querySelector('#status').innerText)")
        assert browser.has("#no-cases")
        browser.goto(desk_of(desks[leaving]))
        assert browser.has("#no-cases"), "a case one stepped back from is gone"
    everything, programme_id = published(programme), bytes.fromhex(programme.fingerprint)
    assert programme.keys[TIED].find_matches(everything, programme_id) == []
    assert programme.keys[reserve].find_matches(everything, programme_id) != []


def test_one_signature_suspends_and_the_page_leaves_them_out(
    programme: SimpleNamespace, firefox_safer: Firefox, firefox_safest: Firefox
) -> None:
    suspended = PEOPLE[0]
    shown = programme.stewards.change(programme.url, ("ben",), "suspend", suspended, "--reason", "CONFLICT", "--days", "14")
    assert suspended in shown
    with watched(programme.url) as door:
        why = f"{suspended}, Example University: suspended by a steward for the moment."
        report(firefox_safer, door.base, "Another report.", LAB, [suspended, TIED], why)
        # Exactly three are left, so there is no luck in this.
        assert addressed(programme, door.posts) == [EVERYBODY - {suspended, TIED}]
        for page in ("reviewers", "reviewers/history"):
            firefox_safest.goto(f"{door.base}/{page}")
            said = firefox_safest.text("body")
            assert suspended in said and "uspended" in said
        firefox_safest.goto(f"{door.base}/reviewers")
        both = "['h3', '.status'].map(part => card.querySelector(part).innerText)"
        cards = firefox_safest.js(f"return [...document.querySelectorAll('.card')].map(card => {both})")
        told = {name: status for name, status in cards if name in EVERYBODY}
        assert {name for name, status in told.items() if "uspended" in status} == {suspended} and told.keys() == EVERYBODY
    said = programme.stewards.tellsafe("verify", programme.url, "--fingerprint", programme.fingerprint)
    assert "signed by Ben" in said and f"today: {suspended} is suspended" in said


def report(browser: Firefox, base: str, text: str, lab: str, left_out: list[str], why: str) -> str:
    """Send a report about a lab through the page, which must leave out exactly these; the twelve words, when all of it is stored."""
    fill_report(browser, base, text)
    browser.wait_js(f"return document.querySelectorAll('.cards li').length === {len(PEOPLE)}")
    choose(browser, "#organisation", lab)
    assert set(shown_cards(browser)) == EVERYBODY - set(left_out)
    browser.click("#left-out-count")
    assert why in browser.text("#left-out")
    words = check_and_send(browser)
    browser.wait_js("return /everything is stored/i.test(document.querySelector('#parts').innerText)")
    return words


def write(browser: Firefox, kind: str, text: str) -> None:
    """Say something on the page of a case: an answer or a note."""
    browser.fill(f"#{kind}-text", text)
    browser.follow(f"#send-{kind}")
    assert text in browser.text("body")


def test_the_vaults_hold_what_the_roster_says(programme: SimpleNamespace) -> None:
    """The keys on the public list are the ones in the five vaults, and nobody else is on it."""
    targets = json.loads((programme.stewards.folder / "tree" / "targets" / newest_roster(programme)).read_text("utf-8"))
    listed = {each["name"]: each["sign"] for each in targets["reviewers"]}
    assert listed == {name: vault.public_keys(Path(each["vault"]))["sign"] for name, each in programme.reviewers.items()}


def newest_roster(programme: SimpleNamespace) -> str:
    metadata = json.loads((programme.stewards.folder / "tree" / "metadata" / "6.roster.json").read_text("utf-8"))
    return f"{metadata['signed']['targets']['roster.json']['hashes']['sha256']}.roster.json"
