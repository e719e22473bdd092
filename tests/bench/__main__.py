"""`./tellsafe bench [NAME…] [--json FILE]`: each figure beside its target, each server figure beside a baseline of the same run."""

import argparse
import contextlib
import datetime
import gzip
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crypto import sealing
from crypto.private import opening
from crypto.private import receipt as private_receipt
from tests.bench import load
from tests.harness.firefox import ONION

Row = dict[str, Any]
ROUNDS = 5
POSTINGS = 2_000
PROGRAMME = bytes(range(32))


def row(name: str, value: float, unit: str, target: float | None = None, *, least: bool = False, baseline: str = "") -> Row:
    """One figure; `least` says that the target is a floor and not a ceiling."""
    met = None if target is None else (value >= target if least else value <= target)
    return {"name": name, "value": round(value, 3), "unit": unit, "target": target, "met": met, "baseline": baseline}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> float:
    """Seconds until the first answer, whatever its status."""
    start = time.monotonic()
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).read()
        except urllib.error.HTTPError:
            return time.monotonic() - start
        except OSError:
            time.sleep(0.01)
            continue
        return time.monotonic() - start
    raise SystemExit(f"a server of the bench ended at once: {process.args!r}")


@contextlib.contextmanager
def started(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *command], env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def programme(folder: Path) -> None:
    """A signed tree with three reviewers and a tick too long to fall into a measurement."""
    from oversight.tree import create_programme
    from review import vault
    from tools import demo

    now = datetime.datetime.now(datetime.UTC)
    reviewers = [demo.card(vault.create(folder / f"v{n}", "x" * 12, f"R{n}"), now) for n in range(3)]
    facts = {"v": 1, "name": "Bench", "tick": 86_400, "part_seconds": [0, 1], "cover_per_day": 4, "labs": ["Lab"], "emergency": ""}
    create_programme(folder / "data" / "tree", [secrets.token_bytes(32) for _ in range(3)], facts, reviewers, now)


def rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def drain(data: Path) -> None:
    """Empty the tray by ticks. The server's own ticker sleeps for a day but holds the lock that `tick_once` would wait for."""
    from intake import publicfiles, segments
    from intake.config import Config
    from intake.db import open_database

    config = Config.for_data(data)
    db, programme = open_database(config.database), publicfiles.programme(config)
    while segments.tick(config, db, programme, publicfiles.tick_seconds(config)) is not None:
        pass


def server() -> list[Row]:
    """Accepted postings a second at 16 clients, against a bare handler that stores the same bytes as durably; CPU, memory, start.

    Rounds of both take turns, with the same bodies, so that whatever else the machine does falls on both.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, port, bare_port = Path(name), free_port(), free_port()
        programme(folder)
        with started(["-m", "intake", "--port", str(port), "--data", str(folder / "data")], {}) as process:
            first = wait_for(f"http://127.0.0.1:{port}/", process)
            idle = max(rss_mib(pid) for pid in load.tree_of(process.pid))
            bare = ["-m", "gunicorn", "-w", "2", "-k", "gthread", "--threads", "8", "--no-control-socket"]
            bare = [*bare, "-b", f"127.0.0.1:{bare_port}", "tests.bench.bare:app"]
            with started(bare, {"TELLSAFE_BARE_DB": str(folder / "bare.db")}) as bare_process:
                wait_for(f"http://127.0.0.1:{bare_port}/", bare_process)
                floors, ours = [], []
                for _ in range(ROUNDS):
                    bodies = [load.likely_posting() for _ in range(POSTINGS)]
                    floors.append(load.run(bare_port, bare_process.pid, bodies))
                    ours.append(load.run(port, process.pid, bodies))
                    drain(folder / "data")
    count = ROUNDS * POSTINGS
    floor_rate, rate = (count / sum(each.seconds for each in rounds) for rounds in (floors, ours))
    floor_cpu, cpu = (1000 * sum(sum(each.cpu) for each in rounds) / count for rounds in (floors, ours))
    busiest = max(max(each.cpu) / sum(each.cpu) for each in ours)
    said = f"bare handler {floor_rate:.0f}/s, {floor_cpu:.2f} ms CPU"
    how = f"{ROUNDS} rounds in turn with the bare handler's; the tray emptied by ticks between"
    return [
        row("server: postings a second, of baseline", rate / floor_rate, "ratio", 0.7, least=True, baseline=said),
        row("server: postings a second", rate, "1/s", baseline=said),
        row(f"server: failed of {count}", sum(each.failed for each in ours), "postings", 0, baseline=how),
        row("server: CPU a posting", cpu, "ms", 4, baseline=said),
        row("server: share of the busiest worker", busiest, "of CPU", baseline="the worst round"),
        row("server: largest process idle", idle, "MiB", 64),
        row("server: first answer after start", first, "s", 1),
    ]


def pages() -> list[Row]:
    """What a first visit and a form weigh, gzipped, as the server sends them."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        programme(folder)
        with started(["-m", "intake", "--port", str(port), "--data", str(folder / "data")], {}) as process:
            wait_for(f"http://127.0.0.1:{port}/", process)
            sizes = {path: len(gzip.compress(fetch(port, path), 9)) for path in ("/", "/report", *scripts(port))}
    form = sum(size for path, size in sizes.items() if path != "/")
    return [row("first page, one request", sizes["/"] / 1000, "kB", 30), row("form and script", form / 1000, "kB", 60)]


def fetch(port: int, path: str) -> bytes:
    return bytes(urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20).read())


def scripts(port: int) -> list[str]:
    return [part.split('"')[0] for part in fetch(port, "/report").decode().split('src="')[1:]]


def workstation() -> list[Row]:
    """A scan of 100,000 clues on one core, and 1,000 letters opened."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    keys = private_receipt.keys_of(os.urandom(16), PROGRAMME)
    letters = [sealing.seal_letter(PROGRAMME, keys.find_public, keys.open_public, b"x" * 900) for _ in range(100)]
    clues = [letter[:40] for letter in letters] + [load.likely_posting()[8:48] for _ in range(900)]
    start = time.process_time()
    found = sum(len(opening.find_matches(keys.find_secret, clues, PROGRAMME)) for _ in range(100))
    scanned = time.process_time() - start
    assert found == 100 * len(letters)
    # The floor of any scan: one X25519 for each clue, and nothing else.
    key = X25519PrivateKey.from_private_bytes(keys.find_secret)
    start = time.process_time()
    for _ in range(100):
        for clue in clues:
            key.exchange(X25519PublicKey.from_public_bytes(clue[:32]))
    alone = time.process_time() - start
    said = f"X25519 alone, 100,000 points: {alone:.2f} s"
    start = time.process_time()
    for _ in range(10):
        for letter in letters:
            opening.open_letter(letter, keys.find_secret, keys.open_seed, PROGRAMME)
    opened = time.process_time() - start
    scan = row("workstation: scan of 100,000 clues", scanned, "s", 5, baseline=said)
    return [scan, row("workstation: 1,000 letters opened", opened, "s", 2)]


def browser() -> list[Row]:
    """Sealing, scanning and the first form in Firefox at the levels of Tor Browser."""
    from tests.bench.browser import measured

    targets = {"sealing a posting at standard": 0.3, "sealing a posting at safer": 1.5, "scan of 15000 clues at safer": 3.0}
    targets |= {"form usable over a slow link": 3.5, "requests until the form is usable": 6}
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        programme(folder)
        with started(["-m", "intake", "--port", str(port), "--data", str(folder / "data")], {}) as process:
            wait_for(f"http://127.0.0.1:{port}/", process)
            figures = measured(f"http://127.0.0.1:{port}".replace("127.0.0.1", ONION))
    return [row(f"browser: {what}", value, "" if "requests" in what else "s", targets[what]) for what, value in figures.items()]


def statistics() -> list[Row]:
    """What the noise leaves of public numbers, in simulated years."""
    from tests.bench.statistics import rows

    return rows()


def desk() -> list[Row]:
    """The workstation with 5,000 cases and 50,000 events: pages, unlocking, memory."""
    from tests.bench.workstation import measured

    rows = []
    for what, value in measured().items():
        target = 5.0 if "usable after" in what else 400.0 if "memory" in what else None if "CPU" in what else 0.1
        rows.append(row(f"desk: {what}", value, "MiB" if "memory" in what else "s", target))
    return rows


BENCHES: dict[str, Callable[[], list[Row]]] = {
    "server": server,
    "pages": pages,
    "workstation": workstation,
    "desk": desk,
    "browser": browser,
    "statistics": statistics,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tellsafe bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHES)}; all by default")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.names or BENCHES:
        if name not in BENCHES:
            parser.error(f"no bench {name!r}: choose from {', '.join(BENCHES)}")
        for each in BENCHES[name]():
            rows.append(each)
            verdict = {True: "met", False: "MISSED", None: ""}[each["met"]]
            figure = f"{each['value']:>10} {each['unit']:<9} target {each['target']!s:<6} {verdict:<7}"
            print(f"{each['name']:<50} {figure} {each['baseline']}", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
