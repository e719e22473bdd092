"""Forty reports and a test are worked by two people each, a year closes, two stewards publish, and anybody reads it with script off.

Reports, cases and labels are made by the programs themselves and go through the real server; only the weeks that reports name are put a
year back. Labels: what the workstations send of themselves once triage ends and a case is closed.
"""

import datetime
import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2.low_level import hash_secret_raw as ARGON2

from crypto.encoding import b64, parse_strict
from crypto.label import report_id
from crypto.numbers import key_label, parse_release, rows, total_row
from crypto.private import keyfile
from crypto.receipt import words_of
from crypto.roster import quarter_of
from crypto.segment import Segment, parse_segments
from oversight import keys, tree
from oversight.__main__ import main as steward
from oversight.statistics import keys as stat_keys
from oversight.statistics import labels, shoppers
from oversight.statistics.__main__ import main as statistician
from oversight.statistics.folder import LABELS
from review import vault
from review.desk import lock_desk
from tests.harness.firefox import Firefox
from tests.harness.levels import ONION
from tests.harness.workstations import Work, case_of, deliver, fetch, opened, triage_and_close
from tests.intake.test_server import Server
from tools import demo, reporter
from tools.shopper import main as shopper

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.datetime.now(datetime.UTC)
# The last year that has been over for 45 days.
YEAR = (NOW - datetime.timedelta(days=45)).year - 1
DUE = f"{YEAR + 1}-02-14T00:00:00Z"
PASSPHRASE = "six random words are good"
STEWARDS = ("Ada", "Ben", "Cem")
# Concern by number of reports: forty.
TRUE = {"A1-UNDISCLOSED": 16, "B1-WEIGHTS": 12, "C2-ESCAPE": 8, "D4-REPRISAL": 4}
# By turns; the first is the shopper's test.
REASONS = ("ACTION", "NOT-ENOUGH")
NONCE = "11" * 32
FACTS = {"v": 1, "name": "Test", "tick": 1, "part_seconds": [1, 2], "cover_per_day": 4, "labs": ["Lab"], "emergency": ""}


def cheap(*given: Any, **named: Any) -> bytes:
    return ARGON2(*given, **{**named, "time_cost": 1, "memory_cost": 64, "parallelism": 1})


@pytest.fixture
def programme(tmp_path: Path, static: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Three stewards with key files, a statistician with one, three reviewers with vaults, and a running server on their tree.

    Opening a key file costs next to nothing until the test ends.
    """
    monkeypatch.setattr(keyfile, "hash_secret_raw", cheap)
    (tmp_path / "pass").write_text(PASSPHRASE + "\n", "utf-8")
    phrase = ("--passphrase-file", str(tmp_path / "pass"))
    assert statistician(["key", "--out", str(tmp_path / "stat.key"), "--name", "Stat Istician", *phrase]) == 0
    public = parse_strict((tmp_path / "stat.key.public.json").read_bytes())
    vaults = [tmp_path / f"vault{number}" for number in range(3)]
    made = [keys.new_key(name) for name in STEWARDS]
    for key in made:
        (tmp_path / f"{key.name}.key").write_bytes(keys.seal_key(key, PASSPHRASE))
    facts = {**FACTS, "statistician": public, "stewards": [keys.public_part(key) for key in made]}
    facts["stewards"] = [{name: each[name] for name in ("name", "sign", "box")} for each in facts["stewards"]]  # type: ignore[attr-defined]
    seeds = [key.sign_seed for key in made]
    reviewers = [demo.card(vault.create(folder, PASSPHRASE, f"Reviewer {folder.name}"), NOW) for folder in vaults]
    fingerprint = tree.create_programme(tmp_path / "data" / "tree", seeds, facts, reviewers, NOW)
    server = Server(tmp_path / "data", static)
    yield SimpleNamespace(
        folder=tmp_path, public=public, id=bytes.fromhex(fingerprint), fingerprint=fingerprint, server=server, phrase=phrase,
        url=f"http://127.0.0.1:{server.port}", vaults=vaults, letters=0,
    )  # fmt: skip
    server.kill()
    shutil.rmtree(tmp_path)  # a quarter of a gigabyte of letters


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """The pages looked at here have no script."""
    (tmp_path / "static").mkdir()
    for name in ("report.js", "return.js"):
        (tmp_path / "static" / name).write_text("// stand-in\n", "utf-8")
    return tmp_path / "static"


def send_reports(programme: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> tuple[Work, str]:
    """Forty reports and a shopper's test, all of weeks of the year that closes: what is to become of each, and the test's receipt."""
    server = reporter.Server(programme.url)
    known = reporter.fetch_programme(server, programme.fingerprint, 1)
    own = shoppers.entropy_of(NONCE, "B1-WEIGHTS", programme.id)
    work: dict[str, tuple[str, str]] = {}
    codes = [code for code, count in TRUE.items() for _ in range(count)]
    with monkeypatch.context() as patch:
        for number, code in enumerate(["B1-WEIGHTS", *codes]):
            patch.setattr(reporter.clock, "week_of", lambda _, week=f"{YEAR}-W{number + 2:02d}": week)
            made = reporter.compose_report(known, f"What happened, {number}.", {"about": [code]}, entropy=b"" if number else own)
            reporter.send(server, made.bodies[0])
            work[made.case] = (code, REASONS[number % len(REASONS)])
    programme.letters += 6 * len(work)
    published(programme)
    return work, words_of(own)


def work_cases(programme: SimpleNamespace, work: Work) -> None:
    """Everything that three workstations do with these cases, by their own code; labels are sent by nobody's hand."""
    kinds: Counter[str] = Counter()

    def tick(sent: list[str]) -> None:
        kinds.update(sent)
        programme.letters += 6 * len(sent)
        published(programme)

    desks = opened(programme.vaults, PASSPHRASE, programme.id, programme.url)
    triage_and_close(desks, work, tick)
    fetch(desks)
    assert deliver(desks) == [] and kinds["label"] == 4 * len(work)
    for desk in desks:
        assert all(case_of(desk, case_id).state == "CLOSED" for case_id in work)
        lock_desk(desk)


def published(programme: SimpleNamespace) -> list[Segment]:
    """All segments once every letter that was sent is in one."""
    deadline = time.monotonic() + 180
    while True:
        head = json.loads(programme.server.ask("GET", "/files/head.json")[2])
        clues = {week: programme.server.ask("GET", f"/files/clues/{week}")[2] for week in head["weeks"]}
        segments = [segment for data in clues.values() for segment in parse_segments(data, programme.id)]
        # The clues of a segment are served before the head names it, and workstations go by the head.
        named = all(segment.number <= head["number"] for segment in segments)
        if named and sum(len(segment.clues) for segment in segments) == programme.letters:
            return segments
        assert time.monotonic() < deadline, "the server does not tick"
        time.sleep(0.2)


def mirror(programme: SimpleNamespace) -> Path:
    """A copy of /files."""
    folder: Path = programme.folder / "mirror"
    segments = published(programme)
    (folder / "clues").mkdir(parents=True)
    for week in {segment.week for segment in segments}:
        (folder / "clues" / week).write_bytes(programme.server.ask("GET", f"/files/clues/{week}")[2])
    for segment in segments:
        (folder / "letters" / str(segment.number)).mkdir(parents=True)
        for block in range(len(segment.block_hashes)):
            data = programme.server.ask("GET", f"/files/letters/{segment.number}/{block}")[2]
            (folder / "letters" / str(segment.number) / str(block)).write_bytes(data)
    return folder


def keep_tests(programme: SimpleNamespace, words: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """This quarter's test goes through the post and is read back; with last year's that makes two files for the statistician."""
    folder = programme.folder
    (folder / "story").write_text("They call it Grey Heron.", "utf-8")
    record, there = ("--record", str(folder / "record"), *programme.phrase), ("--server", programme.url)
    story = ("--text", str(folder / "story"), "--marker", "Grey Heron")
    assert shopper(["send", *record, *there, "--code", "B1-WEIGHTS", *story]) == 0
    programme.letters += 6
    published(programme)
    assert shopper(["check", "1", *record, *there]) == 0
    assert "State: RECEIVED" in capsys.readouterr().out
    assert shopper(["watch", *there, "--log", str(folder / "log"), "--every", "0.001", "--times", "2"]) == 0
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d yes\n){2}", (folder / "log").read_text("ascii"))
    out = ("--out", str(folder / "new"), "--log", str(folder / "log"))
    assert shopper(["hand-over", quarter_of(NOW), *record, *out]) == 0
    assert "holds 1 tests and 2 probes" in capsys.readouterr().out
    _, back = reporter.come_back(reporter.Server(programme.url), programme.fingerprint, words)
    test = {"nonce": NONCE, "code": "B1-WEIGHTS", "leaks": 0, "events": [b64(event.raw) for event in back.events]}
    probes = {f"{YEAR}-Q1": (720, 719), f"{YEAR}-Q2": (700, 693)}
    (folder / "old").write_bytes(shoppers.handed_over(programme.id, f"{YEAR}-Y", [test], probes))
    return [str(folder / "new"), str(folder / "old")]


def draw(programme: SimpleNamespace, exact: list[str], capsys: pytest.CaptureFixture[str]) -> Path:
    """Collect, leave tests out, refuse a day too early, draw, and write what is published."""
    folder = programme.folder
    own = ("--folder", str(folder / "own"), "--key", str(folder / "stat.key"), *programme.phrase)
    tree_ = ("--tree", str(folder / "data" / "tree"))
    assert statistician(["collect", *own, *tree_, "--mirror", str(mirror(programme))]) == 0
    assert "82 new labels" in capsys.readouterr().out
    assert [statistician(["exact", file, *own, *tree_]) for file in exact] == [0, 0]
    assert "2 test reports so far; their labels count in no table (2 were taken out now)" in capsys.readouterr().out
    unlocked = stat_keys.unlock(PASSPHRASE, (folder / "stat.key").read_bytes())
    store = labels.from_bytes(stat_keys.open_store(unlocked.lock, (folder / "own" / LABELS).read_bytes()))
    assert Counter(label.code for label in store.waiting.values() if label.table == "T1") == TRUE
    assert Counter(label.outcome for label in store.waiting.values() if label.table == "T2") == {"NOT-FURTHER": 20, "ACTED": 20}
    assert statistician(["draw", f"{YEAR}-Y", "T1", *own, "--now", f"{YEAR + 1}-02-13T23:00:00Z"]) == 1
    assert statistician(["draw", f"{YEAR}-Y", "T1", *own, "--now", DUE]) == 0
    assert statistician(["files", "--folder", str(folder / "own"), "--out", str(folder / "published")]) == 0
    capsys.readouterr()
    return folder / "published"


def publish(programme: SimpleNamespace, published: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """One steward proposes, two look and sign on copies of their own, one sends it to the server. What they were shown."""
    folder = programme.folder
    copy = ("--tree", str(folder / "copy"))
    assert steward(["fetch", "--server", programme.url, "--fingerprint", programme.fingerprint, *copy]) == 0
    assert steward(["propose", "statistics", str(published), *copy, "--out", str(folder / "p.json")]) == 0
    capsys.readouterr()
    assert steward(["show", str(folder / "p.json"), *copy]) == 0
    shown = capsys.readouterr().out
    for name in STEWARDS[:2]:
        sign = ["sign", str(folder / "p.json"), "--key", str(folder / f"{name}.key"), *programme.phrase, *copy]
        assert steward([*sign, "--out", str(folder / f"{name}.json")]) == 0
    both = str(folder / "both.json")
    assert steward(["publish", str(folder / "Ada.json"), *copy, "--server", programme.url]) == 1, "one is not enough"
    assert steward(["combine", *(str(folder / f"{name}.json") for name in STEWARDS[:2]), "--out", both]) == 0
    assert steward(["publish", both, *copy, "--server", programme.url]) == 0
    assert "answered: stored" in capsys.readouterr().out
    return shown


def test_a_year_of_forty_reports_is_published_and_read(
    programme: SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, firefox_safest: Firefox
) -> None:
    browser, page = firefox_safest, f"http://{ONION}:{programme.server.port}/numbers"
    browser.goto(page)
    assert "Nothing is published yet" in browser.js("return document.querySelector('main').textContent")
    work, words = send_reports(programme, monkeypatch)
    work_cases(programme, work)
    out = draw(programme, keep_tests(programme, words, capsys), capsys)
    release = parse_release((out / f"{YEAR}-Y-T1.json").read_bytes())
    # 40 in five cells, off by the noise: further off than this once in a billion years.
    assert abs(release.total - 40) < 60
    shown = publish(programme, out, capsys)
    assert f"New public numbers {YEAR}-Y-T1" in shown
    assert all(f"{row.label}: {row.text} [in the file: {row.noisy}]" in shown for row in rows(release))

    browser.goto(page)
    table = browser.js(
        """return [...document.querySelector('table.figures').querySelectorAll('tbody tr, tfoot tr')]
            .map(row => [row.querySelector('th').textContent, row.querySelector('td').textContent])"""
    )
    assert [tuple(each) for each in table] == [(row.label, row.text) for row in [*rows(release), total_row(release)]]
    assert [each[0] for each in table[:-1]] == [key_label(key) for key in release.counts]
    link = browser.js("return [...document.links].find(each => each.href.endsWith('-T1.json')).getAttribute('href')")
    assert programme.server.ask("GET", link)[2] == (out / f"{YEAR}-Y-T1.json").read_bytes()
    assert set(browser.requests()) <= {page}, "nothing but the page itself"
    assert "<script" not in browser.source

    command = [sys.executable, "-m", "tools", "verify", programme.url, "--fingerprint", programme.fingerprint]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    line = (
        rf"release {YEAR}-Y-T1 \(.*\): drawn by Stat Istician, published by Ada, Ben; file, signature, CSV and line 1 of the ledger agree"
    )
    assert re.search(line, done.stdout), done.stdout
    said = [
        "Of 1 test report, reviewers acknowledged 0 by the end of the week after it was sent, 1 later and 0 not at all. Triage gave 1 the "
        "code that was meant, 0 another and 0 none. Reviewers wrote back to 1. Leaks found: 0.",
        "The server answered 1412 of the 1420 times it was asked, 99.4 in 100.",
    ]
    text = browser.js("return document.querySelector('main').textContent")
    assert all(sentence in text and sentence in shown and f"exact: {sentence}" in done.stdout for sentence in said)
    assert "not yet measured" not in text
    # Neither the server's folder nor the page knows a true count or a label.
    everything = b"".join(path.read_bytes() for path in (programme.folder / "data").rglob("*") if path.is_file())
    assert b"B1-WEIGHTS" not in everything and b"Grey Heron" not in everything
    assert all(report_id(case_id, programme.id).encode() not in everything for case_id in work)
    assert "B1-WEIGHTS" not in html.unescape(browser.source)
