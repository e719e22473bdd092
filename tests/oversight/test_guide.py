"""The steward's guide, followed to the letter: every command line in it, in order, in an empty folder."""

import datetime
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.roster import quarter_of
from oversight.metadata import state_of
from oversight.publish import load
from tests.harness.commands import run
from tests.oversight.world import request
from tools import demo

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = (ROOT / "docs" / "steward-guide.md").read_text("utf-8")
ONLINE = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
OFFLINE = {**ONLINE, "PYTHONPATH": f"{ROOT / 'tests' / 'harness' / 'offline'}:{ROOT}"}


# Of the blocks marked `console` these need what the guide's programme has not: a statistician's tables. test_statistics_publish has them.
NOT_RUN = ("PUBLISHED", "numbers.json")


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    demo.stop(started)


@pytest.mark.slow
def test_the_guide(tmp_path: Path, children: list[subprocess.Popen[str]]) -> None:
    """Commands that name no server run as on a machine without a network. The others ask a real one; test_over_tor does so with --socks."""
    (tmp_path / "tellsafe").symlink_to(ROOT / "tellsafe")
    commands = [line for block in re.findall(r"^```\w+\n(.*?)^```", GUIDE, re.M | re.S) for line in block.splitlines()]
    assert len(commands) > 55
    url = fingerprint = ""
    asked_server = 0
    for line in commands:
        if any(word in line for word in NOT_RUN):
            continue
        filled_in(tmp_path, line)
        environment = OFFLINE
        if "ADDRESS" in line:
            url = url or served(tmp_path, children)
            environment, asked_server = ONLINE, asked_server + 1
        command = line.replace("http://ADDRESS.onion", url).replace("HEX", fingerprint).replace(" --socks 127.0.0.1:9050", "")
        # Without a terminal the passphrase is read from standard input, twice for a new key.
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180,
            input="a long passphrase\n" * 2, start_new_session=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if found := re.search("Fingerprint of the programme: ([0-9a-f]{64})", done.stdout):
            fingerprint = found[1]
        if "annex open" in command:
            assert "Annex to the card of Ana, signing key" in done.stdout and "References called" in done.stdout
    assert asked_server == 3 and "Everything checked" in done.stdout
    roster = state_of(load(tmp_path / "data" / "tree")).contents["roster"]
    assert [(each["name"], each["ended"], len(each["open"])) for each in roster["reviewers"]] == [("Ana", "CONDUCT", 2)]
    assert roster["reviewers"][0]["record"]["access"]["identity"].endswith("seen again")
    promises = state_of(load(tmp_path / "data" / "tree")).contents["programme"]["commitments"]
    assert [(each["id"], each["source"][-1]) for each in promises] == [("EX-1", "2"), ("EX-2", "5")]
    assert [each["name"] for each in roster["evaluators"]] == ["Lab Watch"]


def filled_in(folder: Path, line: str) -> None:
    """What people bring before this command: a request, a request with the next quarter's key, the answers of another vetting."""
    today = datetime.datetime.now(datetime.UTC)
    quarters = [quarter_of(today.date()), quarter_of(today.date() + datetime.timedelta(days=92))]
    for number, name in enumerate(("ana.request.json", "ana.renewal.json"), 1):
        if name in line and not (folder / name).exists():
            request(folder, "Ana", 1, state_of(load(folder / "tree")).programme, tuple(quarters[:number])).rename(folder / name)
    if "propose" in line and "ana-again.toml" in line:
        record = folder / "ana-again.toml"
        record.write_text(re.sub(r'^(identity = ".*)"$', r'\1, seen again"', record.read_text("utf-8"), flags=re.M), "utf-8")


def served(folder: Path, children: list[subprocess.Popen[str]]) -> str:
    """The address of a server on the data folder of the guide."""
    (folder / "intake").symlink_to(folder / "data")
    return str(demo.start_intake(folder, 0, children)["url"])


def test_offline_is_offline() -> None:
    """A control: where the guide's commands run, whoever reaches for a server is ended, and cannot catch that."""
    reach = "import socket\ntry:\n socket.getaddrinfo('localhost', 1)\nexcept BaseException:\n pass"
    verify = ["-m", "tools", "verify", "http://127.0.0.1:1", "--fingerprint", "00" * 32]
    for command, status in ((["-c", reach], 97), (verify, 97), (["-m", "tools", "steward", "record-example"], 0)):
        done = subprocess.run([sys.executable, *command], cwd=ROOT, env=OFFLINE, capture_output=True, text=True, timeout=180)
        assert done.returncode == status, done.stderr


def test_every_command_is_in_the_guide() -> None:
    text, kinds = (run("steward", *command, "--help")[1] for command in ((), ("propose",)))
    commands, changes = (re.findall(r"^    ([a-z-]+)(?:  |$)", part, re.M) for part in (text, kinds))
    assert len(commands) >= 11 and len(changes) == 11
    assert [name for name in commands if name != "propose" and f"steward {name}" not in GUIDE and f"tellsafe {name}" not in GUIDE] == []
    assert [name for name in changes if f"propose {name}" not in GUIDE] == []
