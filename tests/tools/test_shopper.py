"""The keeper of test reports: what is sent looks like anybody's, the record opens it later, the statistician takes what is handed over."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crypto import roster
from crypto.encoding import parse_strict
from crypto.private import keyfile
from crypto.private.signing import SignKey
from oversight.statistics import labels, shoppers
from tests.statistics.world import STEP, TRIAGE
from tests.tools.test_reporter import KEYS, Fake, Readers, opened
from tools import clock, reporter, shopper

STORY = "They call it Grey Heron."
QUARTER = roster.quarter_of(clock.now())


class Keeper:
    def __init__(self, folder: Path, capsys: Any) -> None:
        self.folder, self.capsys, self.server = folder, capsys, Fake(folder / "tree")
        (folder / "pass").write_text("a passphrase of some length\n", "utf-8")
        (folder / "story").write_text(f"{STORY}\n", "utf-8")
        self.record = ("--record", str(folder / "record"), "--passphrase-file", str(folder / "pass"))

    def run(self, name: str, *arguments: str) -> tuple[int, str, str]:
        code = shopper.main([name, *arguments])
        if self.server.tray:
            self.server.tick()
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def send(self, *more: str, marker: str = "Grey Heron") -> tuple[int, str, str]:
        story = ("--text", str(self.folder / "story"), "--marker", marker)
        return self.run("send", *self.record, "--server", "x", "--code", "B1-WEIGHTS", *story, *more)

    def check(self, *more: str) -> tuple[int, str, str]:
        return self.run("check", *self.record, "--server", "x", *more)

    def handed_over(self, *more: str) -> bytes:
        code, _, complaint = self.run("hand-over", QUARTER, *self.record, "--out", str(self.folder / "out"), *more)
        assert code == 0, complaint
        return (self.folder / "out").read_bytes()


@pytest.fixture
def keeper(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    made = Keeper(tmp_path, capsys)
    monkeypatch.setattr(reporter, "Server", lambda url, socks: made.server)
    monkeypatch.setattr(reporter, "_pause", lambda known: None)
    # Half a second of Argon2id for each command is for people.
    monkeypatch.setattr(keyfile, "_stretch", lambda said, salt: sha256(said.encode() + salt).digest())
    return made


def test_a_test_from_the_post_to_the_statistician(keeper: Keeper) -> None:
    assert keeper.send()[0] == 0
    shown = keeper.run("show", *keeper.record)[1]
    words = re.findall(r"words: (.*)", shown)[0]
    assert "marker “Grey Heron”" in shown
    # Its readers open what any report is, with the marker in it.
    event = next(event for keys in KEYS for event in opened(keeper.server, keys))
    assert event.payload["text"] == f"{STORY}\n"
    anybody = reporter.compose_report(reporter.fetch_programme(keeper.server, None, 1), STORY, {"about": ["B1-WEIGHTS"]})
    reporter.send(keeper.server, anybody.bodies[0])
    keeper.server.tick()
    held = reporter.come_back(keeper.server, None, anybody.words)[1]
    assert held.case is not None and held.case.root.payload.keys() == event.payload.keys()
    same = ("v", "kind", "week", "audience", "answers", "parts", "selfcopy", "roster")
    assert {name: held.case.root.payload[name] for name in same} == {name: event.payload[name] for name in same}
    assert keeper.folder.joinpath("record").stat().st_mode & 0o777 == 0o600
    assert " ".join(words.split()[:3]) not in keeper.folder.joinpath("record").read_bytes().decode("latin-1")

    assert "State: RECEIVED" in keeper.check("1")[1]
    readers = Readers(keeper.server, reporter.Composed(words, event.id, ()))
    readers.write(readers.readers[0], "received")
    readers.write(readers.readers[0], "state", **STEP, text="We have it.")
    readers.write(readers.readers[1], "received")
    readers.write(readers.readers[1], "triage", **TRIAGE, code="C2-ESCAPE")
    said = keeper.check("1", "--end")[1]
    assert "acknowledged: same week" in said and "another than B1-WEIGHTS" in said and "wrote back: yes" in said
    (last,) = [each for each in opened(keeper.server, readers.readers[2]) if each.kind == "reply"]
    assert last.payload["text"] == shopper.OVER and "State: WITHDRAWN" in keeper.check("1")[1]

    assert keeper.run("leak", "1", "2", *keeper.record)[0] == 0
    log = keeper.folder / "log"
    log.write_text(f"{clock.now():%Y-%m-%d}T10 yes\n{clock.now():%Y-%m-%d}T13 no\n2001-01-01T00 yes\n", "ascii")
    signs = [SignKey(keys.sign_seed).public for keys in KEYS]
    store, _ = shoppers.take(labels.Store(keeper.server.programme), keeper.handed_over("--log", str(log)), signs)
    figures = {name: count for name, count in shoppers.exact(store, QUARTER).items() if count}
    wanted = {"tests": 1, "acknowledged_same_week": 1, "triage_other": 1, "answered": 1, "leaks": 2, "probes": 2, "probes_answered": 1}
    assert figures == wanted


def test_what_was_read_is_kept_and_what_never_arrived_is_left_out(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper.send()
    keeper.check("1")
    monkeypatch.setattr(reporter, "send_all", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        keeper.send(marker="They call it")
    keeper.server.segments.clear()  # half a year later
    assert "State: RECEIVED" in keeper.check("1")[1]
    assert "Nothing of it was read yet" in keeper.check("2")[1]
    value = parse_strict(keeper.handed_over())
    assert [len(test["events"]) for test in value["tests"]] == [1]


def test_what_cannot_be_done_is_said_in_a_sentence(keeper: Keeper) -> None:
    (keeper.folder / "may").write_text('{"may": "PUBLISH"}', "utf-8")
    assert "may not set off a step outside" in keeper.send("--answers", str(keeper.folder / "may"))[2]
    assert "There is no record" in keeper.check("1")[2]
    assert "found nowhere else" in keeper.send(marker="Grey Goose")[2] and "found nowhere else" in keeper.send(marker="Grey")[2]
    assert not keeper.server.segments, "nothing was sent"
    keeper.send()
    assert "stands in another test" in keeper.send()[2]
    assert "There is no test 2" in keeper.check("2")[2]
    (keeper.folder / "log").write_text("2027-01-01T10:11:12 yes\n", "ascii")
    assert "Line 1 of" in keeper.run("hand-over", QUARTER, *keeper.record, "--out", "x", "--log", str(keeper.folder / "log"))[2]
    (keeper.folder / "pass").write_text("another passphrase\n", "utf-8")
    assert "passphrase is wrong" in keeper.check("1")[2]


def test_a_server_that_is_gone_has_not_answered(tmp_path: Path) -> None:
    watch = ["watch", "--server", "http://127.0.0.1:1", "--log", str(tmp_path / "log"), "--every", "0.0001", "--times", "2"]
    assert shopper.main(watch) == 0
    assert re.fullmatch(r"(\S+T\d\d no\n){2}", (tmp_path / "log").read_text("ascii"))
