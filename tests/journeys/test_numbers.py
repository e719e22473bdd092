"""Forty labels and a test report go through the post, a year closes, two stewards publish, and anybody reads it with script off."""

import datetime
import html
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from crypto.encoding import b64, hex32, parse_strict, unb64
from crypto.label import intake_label
from crypto.numbers import key_label, parse_release, rows, total_row
from crypto.roster import quarter_of
from crypto.sealing import make_posting, open_public_of
from crypto.segment import parse_segments
from oversight import keys, tree
from oversight.__main__ import main as steward
from oversight.statistics import shoppers
from oversight.statistics.__main__ import main as statistician
from tests.harness.firefox import Firefox
from tests.harness.levels import ONION
from tests.intake.test_server import Server
from tests.statistics.world import NAMES, name_of, name_of_test, shopped, signed
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
FACTS = {"v": 1, "name": "Test", "tick": 1, "part_seconds": [1, 2], "cover_per_day": 4, "labs": ["Lab"], "emergency": ""}


def reviewer(number: int) -> dict[str, object]:
    term = {"from": f"{NOW - datetime.timedelta(days=30):%Y-%m-%d}", "to": f"{NOW + datetime.timedelta(days=300):%Y-%m-%d}"}
    facts = {"name": f"Reviewer {number}", "affiliation": "", "languages": [], "groups": ["B"], "ties": [], "record": {}, **term}
    facts["open"] = [{"quarter": quarter_of(NOW), "key": b64(open_public_of(bytes([number]) * 32))}]
    return {**facts, "sign": NAMES[number], "find": f"{number + 100:02x}" * 31 + "01"}


@pytest.fixture
def programme(tmp_path: Path, static: Path) -> Iterator[SimpleNamespace]:
    """Three stewards with key files, a statistician with one, and a running server on their tree."""
    (tmp_path / "pass").write_text(PASSPHRASE + "\n", "utf-8")
    phrase = ("--passphrase-file", str(tmp_path / "pass"))
    assert statistician(["key", "--out", str(tmp_path / "stat.key"), "--name", "Stat Istician", *phrase]) == 0
    public = parse_strict((tmp_path / "stat.key.public.json").read_bytes())
    made = [keys.new_key(name) for name in STEWARDS]
    for key in made:
        (tmp_path / f"{key.name}.key").write_bytes(keys.seal_key(key, PASSPHRASE))
    facts = {**FACTS, "statistician": public, "stewards": [keys.public_part(key) for key in made]}
    facts["stewards"] = [{name: each[name] for name in ("name", "sign", "box")} for each in facts["stewards"]]  # type: ignore[attr-defined]
    seeds = [key.sign_seed for key in made]
    fingerprint = tree.create_programme(tmp_path / "data" / "tree", seeds, facts, [reviewer(number) for number in range(3)], NOW)
    server = Server(tmp_path / "data", static)
    yield SimpleNamespace(
        folder=tmp_path, public=public, id=bytes.fromhex(fingerprint), fingerprint=fingerprint, server=server, phrase=phrase,
        url=f"http://127.0.0.1:{server.port}",
    )  # fmt: skip
    server.kill()


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """The pages looked at here have no script."""
    (tmp_path / "static").mkdir()
    for name in ("report.js", "return.js"):
        (tmp_path / "static" / name).write_text("// stand-in\n", "utf-8")
    return tmp_path / "static"


def last_years_test(programme: SimpleNamespace) -> dict[str, object]:
    """A test report that reviewers took up a week late and judged as was meant."""
    return shopped("11" * 32, f"{YEAR}-W20", seen=f"{YEAR}-W22", found="B1-WEIGHTS", said="Thank you.", programme=programme.id)


def post_labels(programme: SimpleNamespace) -> None:
    """Each label signed by two of the three reviewers, who do not know that one is a test's; six letters to a posting."""
    codes = [code for code, count in TRUE.items() for _ in range(count)]
    messages = [
        signed(intake_label(name_of(number, programme.id), f"{YEAR}-W{number % 50 + 2:02d}", code, "L3-INTERNAL"),
               (number % 3, (number + 1) % 3), programme.id)
        for number, code in enumerate(codes)
    ]  # fmt: skip
    tests = name_of_test(last_years_test(programme), programme.id)
    messages.append(signed(intake_label(tests, f"{YEAR}-W20", "B1-WEIGHTS", "L3-INTERNAL"), (0, 1), programme.id))
    slots = [(hex32(programme.public["find"]), unb64(programme.public["open"]), message) for message in messages]
    for at in range(0, len(slots), 6):
        answer = programme.server.ask("POST", "/post", make_posting(programme.id, slots[at : at + 6]))
        assert answer[2] == b"stored", answer


def mirror(programme: SimpleNamespace, letters: int) -> Path:
    """A copy of /files once the server has published so many letters."""
    folder = programme.folder / "mirror"
    deadline = time.monotonic() + 30
    while True:
        head = json.loads(programme.server.ask("GET", "/files/head.json")[2])
        clues = {week: programme.server.ask("GET", f"/files/clues/{week}")[2] for week in head["weeks"]}
        segments = [segment for data in clues.values() for segment in parse_segments(data, programme.id)]
        if sum(len(segment.clues) for segment in segments) == letters:
            break
        assert time.monotonic() < deadline, "the server does not tick"
        time.sleep(0.2)
    (folder / "clues").mkdir(parents=True)
    for week, data in clues.items():
        (folder / "clues" / week).write_bytes(data)
    for segment in segments:
        (folder / "letters" / str(segment.number)).mkdir(parents=True)
        for block in range(len(segment.block_hashes)):
            data = programme.server.ask("GET", f"/files/letters/{segment.number}/{block}")[2]
            (folder / "letters" / str(segment.number) / str(block)).write_bytes(data)
    return folder


def keep_tests(programme: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """This quarter's test goes through the post and is read back; with last year's that makes two files for the statistician."""
    folder = programme.folder
    (folder / "story").write_text("They call it Grey Heron.", "utf-8")
    record, there = ("--record", str(folder / "record"), *programme.phrase), ("--server", programme.url)
    story = ("--text", str(folder / "story"), "--marker", "Grey Heron")
    assert shopper(["send", *record, *there, "--code", "B1-WEIGHTS", *story]) == 0
    mirror(programme, 48)
    assert shopper(["check", "1", *record, *there]) == 0
    assert "State: RECEIVED" in capsys.readouterr().out
    assert shopper(["watch", *there, "--log", str(folder / "log"), "--every", "0.001", "--times", "2"]) == 0
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d yes\n){2}", (folder / "log").read_text("ascii"))
    out = ("--out", str(folder / "new"), "--log", str(folder / "log"))
    assert shopper(["hand-over", quarter_of(NOW), *record, *out]) == 0
    assert "holds 1 tests and 2 probes" in capsys.readouterr().out
    probes = {f"{YEAR}-Q1": (720, 719), f"{YEAR}-Q2": (700, 693)}
    (folder / "old").write_bytes(shoppers.handed_over(programme.id, f"{YEAR}-Y", [last_years_test(programme)], probes))
    return [str(folder / "new"), str(folder / "old")]


def draw(programme: SimpleNamespace, exact: list[str], capsys: pytest.CaptureFixture[str]) -> Path:
    """Collect, leave tests out, refuse a day too early, draw, and write what is published."""
    folder = programme.folder
    own = ("--folder", str(folder / "own"), "--key", str(folder / "stat.key"), *programme.phrase)
    tree_ = ("--tree", str(folder / "data" / "tree"))
    assert statistician(["collect", *own, *tree_, "--mirror", str(folder / "mirror")]) == 0
    assert "41 new labels" in capsys.readouterr().out
    assert [statistician(["exact", file, *own, *tree_]) for file in exact] == [0, 0]
    assert "2 test reports so far; their labels count in no table (1 were taken out now)" in capsys.readouterr().out
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
    programme: SimpleNamespace, capsys: pytest.CaptureFixture[str], firefox_safest: Firefox
) -> None:
    browser, page = firefox_safest, f"http://{ONION}:{programme.server.port}/numbers"
    browser.goto(page)
    assert "Nothing is published yet" in browser.js("return document.querySelector('main').textContent")
    post_labels(programme)
    published = draw(programme, keep_tests(programme, capsys), capsys)
    release = parse_release((published / f"{YEAR}-Y-T1.json").read_bytes())
    # 40 in five cells, off by the noise: further off than this once in a billion years.
    assert abs(release.total - 40) < 60
    shown = publish(programme, published, capsys)
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
    assert programme.server.ask("GET", link)[2] == (published / f"{YEAR}-Y-T1.json").read_bytes()
    assert set(browser.requests()) <= {page}, "nothing but the page itself"
    assert "<script" not in browser.source

    command = [sys.executable, "-m", "tools", "verify", programme.url, "--fingerprint", programme.fingerprint]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=120)
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
    assert name_of(1, programme.id).encode() not in everything
    assert "B1-WEIGHTS" not in html.unescape(browser.source)
