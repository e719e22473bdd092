"""What someone finds who takes the server: disk, write-ahead log, freed pages, logs and memory.

Reports and answers with planted markers go in through the headless reporter while the real server runs; some stay in the tray.
Then everything is searched. A control shows that the search finds what is there.
"""

import datetime
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crypto import constants
from crypto.private import receipt as private_receipt
from intake import publicfiles, segments
from intake.config import Config
from intake.db import open_database
from oversight.tree import create_programme
from review import vault
from tools import reporter

MARKER = "Quetzalmarker"
REPORTS = 25
IN_TRAY = 3


@dataclass
class Seized:
    """A running server, and everything that must not be found in it."""

    config: Config
    process: subprocess.Popen[bytes]
    log: Path
    secrets: dict[str, bytes] = field(default_factory=dict)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tick(config: Config) -> None:
    """A tick now. The server's own ticker sleeps for a day but holds the lock that `tick_once` would wait for."""
    segments.tick(config, open_database(config.database), publicfiles.programme(config), 86_400)


def a_programme(folder: Path) -> str:
    """Three reviewers' vaults and a signed tree in `folder`/data/tree, with a tick too long to come by itself."""
    now = datetime.datetime.now(datetime.UTC)
    reviewers = []
    for number, name in enumerate(("Ada", "Ben", "Cy")):
        public = vault.create(folder / f"vault{number}", "passphrase", name)
        year = datetime.timedelta(days=300)
        reviewers.append(
            {"affiliation": "none", "languages": ["en"], "groups": ["all"], "ties": [], "record": {}, **public}
            | {"from": (now - year).date().isoformat(), "to": (now + year).date().isoformat()}
        )
    programme = {"v": 1, "name": "Seizure", "tick": 86_400, "part_seconds": [0, 1], "cover_per_day": 4, "labs": ["Lab"], "emergency": ""}
    return create_programme(folder / "data" / "tree", [secrets.token_bytes(32) for _ in range(3)], programme, reviewers, now)


@pytest.fixture(scope="module")
def seized(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seized]:
    folder = tmp_path_factory.mktemp("seizure")
    a_programme(folder)
    port, log = free_port(), folder / "server.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "intake", "--port", str(port), "--data", str(folder / "data")]
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    found = Seized(Config.for_data(folder / "data"), process, log)
    try:
        fill(found, reporter.Server(f"http://127.0.0.1:{port}"))
        yield found
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def fill(found: Seized, server: reporter.Server) -> None:
    """Reports with markers, a tick, replies from most of the reporters, another tick; the last reports stay in the tray."""
    held = []
    for number in range(REPORTS):
        known = reporter.fetch_programme(server, None, 1)
        made = reporter.compose_report(known, f"{MARKER}{number} happened.", {"about": ["C2-ESCAPE"], "raised": f"{MARKER} raised"})
        reporter.send(server, made.bodies[0])
        held.append(made.words)
        keep_secrets(found, number, made.words, known.id)
        if number == REPORTS - IN_TRAY - 1:
            tick(found.config)
    for words in held[: REPORTS - IN_TRAY]:
        known, back = reporter.come_back(server, None, words)
        assert back.case is not None
        reporter.send(server, reporter.compose_more(known, back, "reply", {"text": f"{MARKER} reply"}))


def keep_secrets(found: Seized, number: int, words: str, programme: bytes) -> None:
    keys = private_receipt.keys_of(reporter.receipt.entropy_of(words), programme)
    found.secrets[f"receipt {number}"] = words.encode()
    found.secrets[f"sign key {number}"] = keys.sign_public
    found.secrets[f"find key {number}"] = keys.find_public
    found.secrets[f"find secret {number}"] = keys.find_secret
    found.secrets[f"open seed {number}"] = keys.open_seed


def needles(found: Seized) -> dict[str, bytes]:
    return {"marker": MARKER.encode(), "marker in UTF-16": MARKER.encode("utf-16-le"), "a kind": b'"kind":"report"', **found.secrets}


def on_disk(found: Seized) -> dict[str, bytes]:
    files = [path for path in found.config.data.rglob("*") if path.is_file() and "tree" not in path.parts]
    return {str(path.relative_to(found.config.data)): path.read_bytes() for path in [*files]} | {"log": found.log.read_bytes()}


def processes(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from processes(int(child))


def in_memory(pid: int) -> Iterator[bytes]:
    """Every readable, writable range of a process."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(side, 16) for side in span.split("-"))
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:
                continue


def test_nothing_on_the_disk_or_in_the_log(seized: Seized) -> None:
    for name, data in on_disk(seized).items():
        for what, needle in needles(seized).items():
            assert needle not in data, f"{what} found in {name}"


def test_nothing_in_the_memory_of_the_running_server(seized: Seized) -> None:
    for pid in processes(seized.process.pid):
        for piece in in_memory(pid):
            for what, needle in needles(seized).items():
                assert needle not in piece, f"{what} found in the memory of process {pid}"


def test_control_the_search_would_find_the_tray_and_a_planted_word(seized: Seized) -> None:
    """The tray's letters are on the disk, so the same search with a letter as its needle must find it; and a page's words are in memory."""
    with sqlite3.connect(f"file:{seized.config.data / 'intake.sqlite3'}?mode=ro", uri=True) as database:
        (body,) = database.execute("select body from posting").fetchone()
    letter_start = body[8 : 8 + 64]
    assert any(letter_start in data for data in on_disk(seized).values())
    assert any(b"default-src" in piece for pid in processes(seized.process.pid) for piece in in_memory(pid))


def test_a_tick_leaves_nothing_that_groups_its_letters(seized: Seized) -> None:
    """After the tick letters stand in the order of R, their files carry one and the same time, and nothing of the tray is left."""
    with sqlite3.connect(seized.config.data / "intake.sqlite3") as database:
        tray = [row for (row,) in database.execute("select body from posting")]
    assert len(tray) > IN_TRAY
    tick(seized.config)
    # In a block two letters of one posting may stand side by side by chance; anywhere else their seam would group them.
    elsewhere = {name: data for name, data in on_disk(seized).items() if "letters/" not in name}
    for name, data in elsewhere.items():
        for body in tray:
            pair = body[8 + constants.LETTER_BYTES - 32 : 8 + constants.LETTER_BYTES + 32]  # the seam of two letters of one posting
            assert pair not in data, f"a posting's seam is still in {name}"
    blocks = list((seized.config.files / "letters").rglob("*"))
    times = {path.stat().st_mtime for path in blocks if path.is_file()}
    midnight = {datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%H%M%S") for moment in times}
    assert midnight == {"000000"} and len(times) == 1
