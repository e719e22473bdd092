"""The reviewer's guide, sections 4, 5 and 11, followed to the letter from March to May: sections 1 to 3 are in test_vetted.

Real programs, real commands, real pages in Firefox; the command lines are those of the guide, and what is pressed is pressed by the name
that the guide gives it. Only the clock is not real: all programs look at one that the test moves (`tests/harness/moved`), the same for the
server, the stewards, the reporter and the workstations. Left out: Tor, the telephone, and the weeks in which nothing happens.
"""

import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from review import vault
from tests.harness.firefox import Firefox
from tests.journeys.test_sealed_post import PATIENCE, desk_of, open_desk, until_desk_shows, until_unopened
from tests.journeys.test_vetted import Stewards, make_vault, published, record_of, write
from tools import clock
from tools import demo as made

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "reviewer-guide.md").read_text("utf-8")
GUIDE = " ".join(TEXT.split())
PEOPLE = ("Ana Marković", "Kwame Boateng", "Lin Yue", "Zoë Zaman")
MADE = datetime.datetime(2026, 12, 31, 9, tzinfo=datetime.UTC)  # the keys in the vaults are for 2026-Q4 and 2027-Q1
LAST = "2027-12-31"
REPORT = "What happened, in the reporter's words."


class TimelyStewards(Stewards):
    """Each of their commands is a process, which looks at the clock that the test moves."""

    def tellsafe(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "tools", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout


class Life:
    """A programme whose days the test chooses: a server, stewards with key files, a vault for each reviewer."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, children: list[subprocess.Popen[str]]) -> None:
        self.folder, self.children, self.clock = folder, children, folder / "clock"
        patch.setenv("CLOCK_IS_OFF", str(self.clock))
        patch.setenv("PYTHONPATH", f"{ROOT / 'tests' / 'harness' / 'moved'}:{ROOT}")
        patch.setattr(clock, "now", lambda: MADE)
        # The demonstration has no notice; here it is the usual one, and the first four were shown long enough.
        patch.setattr(made, "PROGRAMME", {**made.PROGRAMME, "notice_hours": 72})
        patch.setattr(made, "term_of", lambda now: {"noticed": "2026-12-20", "from": f"{now:%Y-%m-%d}", "to": LAST, "ended": ""})
        self.fingerprint, self.words = made.make(folder, [{"name": name} for name in PEOPLE])
        self.vaults = dict(zip(PEOPLE, sorted(folder.glob("reviewer-*")), strict=True))
        self.signs = {name: vault.public_keys(place)["sign"] for name, place in self.vaults.items()}
        self.stewards = TimelyStewards(folder / "stewards")
        for file in (folder / "keys").iterdir():
            shutil.copy(file, self.stewards.folder)
        shutil.copytree(folder / "intake" / "tree", self.stewards.folder / "tree")
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.day("2027-03-10")
        self.url = made.start_intake(folder, 0, children)["url"]

    def day(self, day: str) -> None:
        """It is nine o'clock in the morning of this day, for everybody."""
        off = datetime.datetime.fromisoformat(f"{day}T09:00:00+00:00") - datetime.datetime.now(datetime.UTC)
        beside = self.clock.with_suffix(".new")
        beside.write_text(str(off.total_seconds()))
        beside.replace(self.clock)

    def line(self, having: str, vault_folder: Path, file: Path | None = None) -> list[str]:
        """The guide's command line with this option, filled in. Without Tor."""
        (line,) = {found for found in re.findall(r"\./(tellsafe review [^`\n]+)", TEXT) if having in found}
        filled = {
            "NEW-FOLDER": str(vault_folder), "FOLDER": str(vault_folder), "FILE": str(file), "FINGERPRINT": self.fingerprint,
            "http://ADDRESS.onion": self.url,
        }  # fmt: skip
        return [filled.get(word, word) for word in shlex.split(line.replace(" --socks 127.0.0.1:9050", ""))]

    def start(self, name: str) -> dict[str, Any]:
        """Section 1, step 1, after whatever of this reviewer still ran has ended; what a browser needs to open it."""
        self.end(name)
        command = [sys.executable, "-m", "tools", *self.line("--server", self.vaults[name])[1:]]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.children.append(child)
        self.running[name] = child
        assert child.stdout is not None
        link = next(line.strip() for line in child.stdout if "http://127.0.0.1" in line)
        return {"name": name, "url": link, "vault": str(self.vaults[name]), "passphrase": self.words[name]}

    def end(self, name: str) -> None:
        if child := self.running.pop(name, None):
            child.terminate()
            child.wait(120)

    def review(self, option: str, name: str, vault_folder: Path, file: Path) -> str:
        """One of the two commands of section 11, with the passphrase typed; what it said."""
        command = [sys.executable, "-m", "tools", *self.line(option, vault_folder, file)[1:]]
        asked = os.environ | {"PYTHONWARNINGS": "ignore"}  # without a terminal the passphrase is read from standard input, with a warning
        done = subprocess.run(
            command, cwd=ROOT, env=asked, input=self.words[name] + "\n", capture_output=True, text=True, timeout=180, start_new_session=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def change(self, by: tuple[str, ...], *arguments: str) -> str:
        return self.stewards.change(self.url, by, *arguments)

    def report(self) -> None:
        """A report by the command, to three of the four; the twelve words into a file."""
        self.stewards.write("report.txt", REPORT)
        said = self.stewards.tellsafe("report", "--server", self.url, "--fingerprint", self.fingerprint, "--text", "report.txt")
        self.stewards.write("words", json.loads(said.splitlines()[-1])["receipt"])

    def told(self) -> str:
        """What the reporter reads."""
        return self.stewards.tellsafe("return", "--server", self.url, "--fingerprint", self.fingerprint, "--receipt-file", "words")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    children: list[subprocess.Popen[str]] = []
    with pytest.MonkeyPatch.context() as patch:
        try:
            yield Life(tmp_path, patch, children)
        finally:
            made.stop(children)


def press(browser: Firefox, words: str) -> None:
    """Press the button or the link of this name, which the guide must give."""
    assert f"*{words}*" in GUIDE, words
    found = "[...document.querySelectorAll('a, button')].find(each => each.innerText.trim() === arguments[0])"
    saves = browser.js(f"const key = {found}; key.setAttribute('data-pressed', ''); return key.hasAttribute('download')", words)
    (browser.click if saves else browser.follow)("[data-pressed]")


def until_line(browser: Firefox, desk: dict[str, Any], css: str, said: str) -> None:
    """Load the list again until the line at the top says so; with "" until it is gone."""
    browser.goto(desk_of(desk))
    found = "const [css, said] = arguments, line = document.querySelector(css)?.innerText;"
    browser.load_until(f"{found} return said ? line?.includes(said) : !line", css, said)


def quarters(browser: Firefox) -> dict[str, list[str]]:
    """The table of the page Keys: [in the vault, on the roster, kept until] by quarter."""
    rows = browser.js("return [...document.querySelectorAll('#keys tbody tr')].map(row => [...row.cells].map(cell => cell.innerText))")
    return {row[0]: row[1:] for row in rows}


@pytest.mark.slow
def test_the_guide(life: Life, firefox_safer: Firefox) -> None:
    browser = firefox_safer
    lost, friend, gone, reserve = a_case_with_three_readers(life)
    desk, other = begin(life, browser, lost), begin(life, browser, friend)
    backup = keys_of_a_new_quarter(life, browser, desk)
    lost_device(life, browser, desk, other, backup)
    revoked(life, browser, lost, friend, gone, reserve)
    sixty_days_after(life, browser, lost, backup)


def a_case_with_three_readers(life: Life) -> list[str]:
    """The three who have a report, by name, and the one who is on its list of reserves."""
    renewed_facts(life)
    life.report()
    vaults = {name: vault.unlock(life.vaults[name], life.words[name]) for name in PEOPLE}
    end, found = time.monotonic() + PATIENCE, dict[str, int]()
    while sum(found.values()) < 3:
        assert time.monotonic() < end, found
        time.sleep(0.5)
        clues = published(life)  # type: ignore[arg-type]
        found = {name: len(own.find_matches(clues, bytes.fromhex(life.fingerprint))) for name, own in vaults.items()}
    return sorted(PEOPLE, key=lambda name: (-found[name], name))


def renewed_facts(life: Life) -> None:
    """What a steward does when no workstation ran for weeks (steward's guide, section 5)."""
    life.change(("ben",), "refresh", "--timestamp-only")


def begin(life: Life, browser: Firefox, name: str) -> dict[str, Any]:
    """Section 2, step 1."""
    desk = life.start(name)
    open_desk(browser, desk)
    return desk


def keys_of_a_new_quarter(life: Life, browser: Firefox, desk: dict[str, Any]) -> Path:
    """Section 4, steps 1 to 4; gives the backup. Something is said after it was made."""
    until_desk_shows(browser, desk, REPORT)
    until_line(browser, desk, "#standing", f"You are active until {LAST}.")
    assert not browser.has("#reminder"), "22 days before the quarter"
    life.day("2027-03-11")
    until_line(browser, desk, "#reminder", "The roster has no key of yours for 2027-Q2 yet.")
    press(browser, "Keys")
    assert quarters(browser)["2027-Q2"][:2] == ["not yet", "not yet"]
    press(browser, "Make keys for the coming quarters")
    assert quarters(browser)["2027-Q2"][:2] == ["yes", "not yet"] and not browser.has("#make-keys")
    press(browser, "Save request.json")
    name, stewards = desk["name"], life.stewards
    (stewards.folder / "renewal.json").write_bytes(browser.downloaded("request.json"))
    aloud = browser.text("#fingerprint").replace(" ", "").replace("\n", "")
    checked = stewards.tellsafe("steward", "request-check", "renewal.json", "--tree", "tree")
    assert aloud == life.signs[name], "the same as before"
    assert f"signing key {aloud}" in checked and "open keys for 2027-Q1, 2027-Q2" in checked
    assert name in life.change(("ada", "ben"), "renew", "renewal.json")
    backup = life.folder / "first.backup"
    said = life.review("--backup", name, life.vaults[name], backup)
    assert f"restored once as a proof: vault of {name}, keys for 2027-Q1, 2027-Q2, 1 case" in said
    until_desk_shows(browser, desk, REPORT)
    write(browser, "answer", "Said after the backup.")
    return backup


def lost_device(life: Life, browser: Firefox, desk: dict[str, Any], other: dict[str, Any], backup: Path) -> None:
    """Section 5, steps 1 and 2, and section 11."""
    until_desk_shows(browser, other, "Said after the backup.")
    name = desk["name"]
    life.running[name].kill()
    shutil.rmtree(life.vaults[name])
    life.vaults[name] = life.folder / "new machine"
    life.day("2027-03-12")
    life.change(("cem",), "suspend", name, "--reason", "KEY-LOST", "--days", "1")
    other = begin(life, browser, other["name"])
    until_desk_shows(browser, other, REPORT)
    press(browser, "Send it again to a reader who lost it")
    assert name not in browser.text("#main"), "not before the suspension is over"
    said = life.review("--restore", name, life.vaults[name], backup)
    assert said.startswith("Restored to") and "End the other machine's workstation for good" in said
    desk = begin(life, browser, name)
    until_line(browser, desk, "#standing", "You are suspended until 2027-03-12")
    until_line(browser, desk, "#note", "Restored from a backup: nothing can be said until two more segments are published")
    until_desk_shows(browser, desk, "Said after the backup.")
    browser.fill("#note-text", "Too early.")
    browser.follow("#send-note")
    assert "Restored from a backup" in browser.text("#note") and browser.has("#why")
    assert browser.js("return document.querySelector('#note-text').value") == "Too early."
    for number in (1, 2):
        until_desk_shows(browser, other, REPORT)
        write(browser, "note", f"Note number {number}.")
        browser.load_until("return !document.querySelector('.sending')")  # each in a segment of its own
    until_line(browser, desk, "#note", "")
    life.day("2027-03-13")
    until_line(browser, desk, "#standing", f"You are active until {LAST}.")
    assert not browser.has("#reminder"), "the roster has the new key"
    until_desk_shows(browser, desk, REPORT)
    assert "Note number 1." not in browser.text("body"), "said while letters to them were stopped"
    until_desk_shows(browser, other, REPORT)
    press(browser, "Send it again to a reader who lost it")
    browser.js("for (const each of document.querySelectorAll('#to option')) each.selected = each.innerText === arguments[0]", name)
    browser.click("#called")
    browser.follow("#resend")
    until_desk_shows(browser, desk, f"I send everything of this case again to {name}, who lost the machine it was on.")
    until_desk_shows(browser, desk, "Note number 1.")
    until_desk_shows(browser, desk, "Note number 2.")
    assert not browser.has("#missing")
    write(browser, "answer", "Said by who was restored.")


def revoked(life: Life, browser: Firefox, lost: str, friend: str, gone: str, reserve: str) -> None:
    """Section 5, step 3."""
    life.change(("ada", "ben"), "revoke", gone, "--reason", "KEY-LOST")
    life.vaults[gone] = life.folder / "another folder"
    desk = life.start(gone)
    make_vault(browser, desk)
    press(browser, "Save request.json")
    (life.stewards.folder / "again.json").write_bytes(browser.downloaded("request.json"))
    aloud = browser.text("#fingerprint").replace(" ", "").replace("\n", "")
    assert aloud != life.signs[gone], "keys are never used twice"
    assert aloud in life.stewards.tellsafe("steward", "request-check", "again.json", "--tree", "tree")
    life.stewards.write("record.toml", record_of(life.stewards, gone))
    life.change(("ada", "ben"), "admit", "again.json", "record.toml")
    open_desk(browser, desk)
    until_line(browser, desk, "#standing", "Your card is in notice until 2027-03-17")
    life.day("2027-03-18")
    until_line(browser, desk, "#standing", "You are active until 2028-03-16.")
    desks = {name: begin(life, browser, name) for name in (lost, friend, reserve)}
    until_unopened(browser, desks[reserve], "")
    for said in (REPORT, "Said after the backup.", "Note number 2.", "Said by who was restored."):
        until_desk_shows(browser, desks[reserve], said)
    readers = browser.text("#readers").splitlines()
    assert set(readers) == {*(f"{name}: has opened it" for name in (lost, friend, "You")), f"{gone}: cut off"}
    assert not browser.has("#missing")
    browser.goto(desk_of(desk))
    assert browser.has("#no-cases"), "the case went on without them"
    told = life.told()
    assert f" has cut {gone} off" in told and f" has handed your case on: {reserve}, one of your reserves" in told
    for name in (friend, reserve, gone):
        life.end(name)


def sixty_days_after(life: Life, browser: Firefox, name: str, old: Path) -> None:
    """Section 4, step 5, and the last backup of section 11."""
    life.day("2027-05-30")
    renewed_facts(life)
    desk = begin(life, browser, name)
    until_desk_shows(browser, desk, REPORT)
    press(browser, "Keys")
    assert quarters(browser)["2027-Q1"] == ["yes", "yes", "2027-05-30"]
    life.day("2027-05-31")
    browser.load_until("return !document.querySelector('#keys').innerText.includes('2027-Q1')")
    assert vault.unlock(life.vaults[name], life.words[name]).quarters() == ["2027-Q2"]
    press(browser, "Lock")
    open_desk(browser, desk)
    for said in (REPORT, "Said after the backup.", "Note number 2.", "Said by who was restored."):
        until_desk_shows(browser, desk, said)
    new, elsewhere = life.folder / "second.backup", life.folder / "once a year"
    assert f"vault of {name}, keys for 2027-Q2, 1 case" in life.review("--backup", name, life.vaults[name], new)
    old.unlink()
    assert "keys for 2027-Q2, 1 case" in life.review("--restore", name, elsewhere, new)
    shutil.rmtree(elsewhere)
