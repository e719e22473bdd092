"""The main job as a new user does it: demo, report, three workstations, return. And the end of it all."""

import contextlib
import http.cookiejar
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from crypto.routing import Want, eligible
from crypto.tree import verify_bundle
from oversight import tree as desk
from oversight.__main__ import main as steward
from oversight.metadata import state_of
from oversight.publish import load
from review import vault
from tools import clock, receivers
from tools import demo as module

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = "Main job. 你好 مرحبا 🦉"


def tellsafe(*arguments: str) -> Any:
    done = subprocess.run([sys.executable, "-m", "tools", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Browser:
    """A reviewer's browser: the one-time link, the cookie, the token of the form."""

    def __init__(self, reviewer: dict[str, Any]) -> None:
        self.base = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(reviewer["url"]))
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self.get(reviewer["url"])
        self.post("/unlock", passphrase=reviewer["passphrase"])

    def get(self, path: str) -> str:
        with self.opener.open(urllib.parse.urljoin(self.base, path), timeout=120) as answer:
            return str(answer.read().decode())

    def post(self, path: str, page: str = "/unlock", **fields: str) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.get(page))
        assert found
        body = urllib.parse.urlencode({**fields, "token": found[1]}).encode()
        request = urllib.request.Request(self.base + path, body, {"Origin": self.base})
        with self.opener.open(request, timeout=120) as answer:
            return str(answer.read().decode())

    def wait_for(self, path: str, text: str, seconds: float = 180) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(urllib.error.HTTPError):
                if text in (page := self.get(path)):
                    return page
            time.sleep(0.3)
        pytest.fail(f"{text!r} did not appear at {path}")


@pytest.fixture
def running(tmp_path: Path) -> Any:
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "tools", "demo", "--json", "--data", str(tmp_path / "data")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        pytest.fail((tmp_path / "log").read_text("utf-8", "replace"))
    yield process, json.loads(line)
    process.terminate()
    process.wait(120)


def family(pid: int) -> set[int]:
    """All that descend from a process, by what each says of its parent: a thread or process that ends meanwhile is none."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parents[int(status.parent.name)] = int(status.read_text().rsplit(")", 1)[1].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_report_travels_and_everything_ends(running: Any, tmp_path: Path) -> None:
    process, ready = running
    url = ready["intake"]["url"]
    assert re.fullmatch("[0-9a-f]{64}", ready["fingerprint"])
    (tmp_path / "text").write_text(TEXT, "utf-8")
    (tmp_path / "answers").write_text(json.dumps({"about": ["C2-ESCAPE"], "danger": "ONGOING"}), "utf-8")
    files = ("--text", str(tmp_path / "text"), "--answers", str(tmp_path / "answers"))
    sent = tellsafe("report", "--server", url, "--fingerprint", ready["fingerprint"], *files)
    assert len(sent["receipt"].split()) == 12

    case = f"/case/{sent['case']}"
    browsers = [Browser(reviewer) for reviewer in ready["reviewers"]]
    for browser in browsers:
        assert TEXT not in browser.wait_for(case, "A report is addressed to you")
        browser.post(f"{case}/open", page=case)
        browser.wait_for(case, TEXT)

    (tmp_path / "words").write_text(sent["receipt"].upper(), "utf-8")
    back = ("return", "--server", url, "--receipt-file", str(tmp_path / "words"))
    browsers[0].post(f"{case}/answer", page=case, answer="We read it. When was this?")
    until = time.monotonic() + 180
    while len((said := tellsafe(*back))["messages"]) < 2 and time.monotonic() < until:
        time.sleep(0.3)
    assert [message["text"] for message in said["messages"]] == [TEXT, "We read it. When was this?"]
    assert [message["from"] for message in said["messages"]] == ["you", ready["reviewers"][0]["name"]]
    (tmp_path / "text").write_text("In spring.", "utf-8")
    assert tellsafe("reply", *back[1:], "--text", str(tmp_path / "text")) == {"stored": 1, "stale": False}
    for browser in browsers:
        browser.wait_for(case, "In spring.")

    everyone = family(process.pid)
    assert {reviewer["pid"] for reviewer in ready["reviewers"]} | {ready["intake"]["pid"]} <= everyone
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    until = time.monotonic() + 60
    while left := [pid for pid in everyone if alive(pid)]:
        assert time.monotonic() < until, left
        time.sleep(0.1)


def test_who_stops_children_can_still_be_stopped() -> None:
    """Seen to fail: after the first fixture that ended its programs a whole run of tests was deaf to Ctrl-C and to SIGTERM."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    module.stop([])
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("mine", "utf-8")
    command = [sys.executable, "-m", "tools", "demo", "--data", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.returncode != 0
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_keys_are_the_owner_s_alone(tmp_path: Path) -> None:
    module.make(tmp_path)
    held = [tmp_path / "stewards.json", *(tmp_path / "keys").iterdir()]
    assert len(held) == 1 + 2 * 4 + 1  # a key and its public file for three stewards and an evaluator, and one passphrase
    assert not [path for path in held if path.stat().st_mode & 0o077]
    seeds = json.loads((tmp_path / "stewards.json").read_text("utf-8"))
    bundle = desk.bundle_of(tmp_path / "intake" / "tree")
    assert len(seeds) == 3 and not [seed for seed in seeds if seed.encode() in bundle]


def test_the_key_files_suspend_a_reviewer(tmp_path: Path) -> None:
    """As a person tries it who reads docs/steward-guide.md, on the server's own folder."""
    module.make(tmp_path)
    tree, change = str(tmp_path / "intake" / "tree"), str(tmp_path / "change.json")
    held = module.keyholders(tmp_path)
    opened = ("--key", held["stewards"][2]["key"], "--passphrase-file", held["passphrase_file"])
    for command in (
        ("propose", "suspend", "Lin Yue", "--reason", "OTHER", "--days", "3", "--tree", tree, "--out", change),
        ("sign", change, "--tree", tree, *opened),
        ("publish", change, "--tree", tree, "--data", str(tmp_path / "intake")),
    ):
        assert steward(command) == 0, command
    known = verify_bundle(desk.bundle_of(Path(tree)), state_of(load(Path(tree))).programme, clock.now())
    want = receivers.want_of(known, "", [], None, [], clock.now())
    assert [line for line in receivers.told(known, want, clock.now()) if "suspended" in line] == [
        "  Lin Yue, Independent evaluator: suspended by a steward for the moment."
    ]


def test_other_people_on_the_roster(tmp_path: Path) -> None:
    """Five, one with a tie: only with more than three is there anybody to hand a case to."""
    tie = {"lab": "Example Lab", "category": "EQUITY", "until": ""}
    people = [*module.REVIEWERS, {"name": "Four", "ties": [tie]}, {"name": "Five", "groups": ["A"]}]
    fingerprint, passphrases = module.make(tmp_path, people)
    assert list(passphrases) == [person["name"] for person in people]
    assert vault.unlock(tmp_path / "reviewer-5", passphrases["Five"]).name == "Five"
    known = verify_bundle(desk.bundle_of(tmp_path / "intake" / "tree"), bytes.fromhex(fingerprint), clock.now())
    assert [each.name for each in known.roster.evaluators] == ["Lab Watch"]
    assert [each.name for each in eligible(known, Want("example lab", ("B",)), clock.now())] == list(passphrases)[:3]
