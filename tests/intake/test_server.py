"""The real server: `python -m intake`, ended politely and by kill -9."""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from crypto.constants import LETTER_BYTES
from crypto.segment import check_block, check_chain, parse_segments
from intake.config import ELSEWHERE
from tests.intake.conftest import new_posting, write_tree

ROOT = Path(__file__).resolve().parent.parent.parent
# Each takes seconds to start again. A crash at each single step of a tick is in test_segments; here its moment is random.
KILLS = int(os.environ.get("TELLSAFE_KILLS", "6"))


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


class Server:
    """One `python -m intake` in a process group of its own, so that kill -9 reaches all of it at once."""

    def __init__(self, data: Path, static: Path) -> None:
        self.port = free_port()
        self.log = data.parent / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "intake", "--port", str(self.port), "--data", str(data), "--workers", "2"],
                cwd=ROOT, env=os.environ | {"TELLSAFE_STATIC": str(static)},
                stdout=subprocess.PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().decode()
        assert self.line == f"listening http://127.0.0.1:{self.port}/\n", self.log.read_text()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def group(self) -> list[int]:
        """Processes of the group that still run."""
        stats = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                stats.append((int(path.parent.name), path.read_text().rpartition(")")[2].split()))
            except OSError:
                continue
        return [pid for pid, fields in stats if int(fields[2]) == self.process.pid and fields[0] != "Z"]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, {"Content-Type": "application/octet-stream"} if body is not None else {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@pytest.fixture
def data(tmp_path) -> Path:
    write_tree(tmp_path / "data" / "tree", tick=1)
    return tmp_path / "data"


def test_one_sigterm_ends_all_and_nothing_was_logged(data, static):
    server = Server(data, static)
    try:
        for method, path, body in [("GET", "/", None), ("GET", "/canary", None), ("POST", "/post", new_posting()), ("POST", "/post", b"x")]:
            status, headers, _ = server.ask(method, path, body)
            assert status in (200, 400, 404)
            assert headers["Server"] == "tellsafe"
        server.process.terminate()
        assert server.process.wait(120) == 0
        until = time.monotonic() + 60
        while left := server.group():  # a worker that had to be ended by force sees it a second later
            assert time.monotonic() < until, left
            time.sleep(0.1)
        assert server.log.read_text() == ""
    finally:
        if server.group():
            server.kill()


def test_another_database_is_refused_before_anything_is_touched(data):
    """An empty one in its place would have the ticker remove every published file."""
    command = [sys.executable, "-m", "intake", "--port", "0", "--data", str(data)]
    setting = os.environ | {"TELLSAFE_DATABASE": "postgresql:///x"}
    done = subprocess.run(command, cwd=ROOT, env=setting, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tellsafe: {ELSEWHERE}\n")
    assert [path.name for path in data.iterdir()] == ["tree"]


def test_a_server_without_its_database_takes_no_posting(data):
    """None would be in what is restored."""
    (data / "files").mkdir()
    (data / "files" / "head.json").write_text('{"number": 1}')
    command = [sys.executable, "-m", "intake", "--port", str(free_port()), "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "") and "restore --data" in done.stderr
    assert not (data / "intake.sqlite3").exists()


def test_folders_are_meant_in_the_folder_of_whoever_calls(data, static):
    """As `./tellsafe` runs it; what this starts runs elsewhere."""
    there = data.parent / "caller"
    there.mkdir()
    (data / "tree").rename(there / "signed")
    with subprocess.Popen(
        [sys.executable, "-m", "intake", "--port", str(free_port()), "--data", "kept"], cwd=there, stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TELLSAFE_TREE": "signed", "TELLSAFE_STATIC": str(static)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        process.terminate()
    assert said.startswith(b"listening") and (there / "kept" / "intake.sqlite3").exists()


def load(server: Server, acknowledged: list[bytes], sent: list[bytes], stop: threading.Event) -> None:
    while not stop.is_set():
        body = new_posting()
        sent.append(body)
        try:
            status, _, text = server.ask("POST", "/post", body)
        except (OSError, http.client.HTTPException):
            return
        if (status, text) == (200, b"stored"):
            acknowledged.append(body)


def letters_of(body: bytes) -> list[bytes]:
    return [body[i : i + LETTER_BYTES] for i in range(8, len(body), LETTER_BYTES)]


def published(server: Server, programme: bytes) -> set[bytes]:
    """All letters of all segments, with every check of a client."""
    while True:
        head = json.loads(server.ask("GET", "/files/head.json")[2])
        data = b"".join(server.ask("GET", f"/files/clues/{week}")[2] for week in head["weeks"])
        kept = parse_segments(data, programme)
        if not kept or kept[-1].number == head["number"]:
            break
    if kept:
        check_chain(kept, (head["number"], bytes.fromhex(head["hash"])))
    found: list[bytes] = []
    for made in kept:
        for block in range(len(made.block_hashes)):
            found += check_block(made, block, server.ask("GET", f"/files/letters/{made.number}/{block}")[2])
    assert len(found) == len(set(found))
    return set(found)


def test_no_acknowledged_posting_is_lost_by_kill_9(data, static, tmp_path):
    programme = write_tree(tmp_path / "again")
    acknowledged: list[bytes] = []
    sent: list[bytes] = []
    kills = 0
    while kills < KILLS or len(acknowledged) < KILLS:  # a busy machine may be killed before it has answered anything
        kills += 1
        server = Server(data, static)
        stop = threading.Event()
        threads = [threading.Thread(target=load, args=(server, acknowledged, sent, stop)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(secrets.randbelow(1500) / 1000)
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
    server = Server(data, static)
    try:
        wanted = {letter for body in acknowledged for letter in letters_of(body)}
        known = {letter for body in sent for letter in letters_of(body)}
        deadline = time.monotonic() + 180
        while not wanted <= (found := published(server, programme)) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert wanted <= found
        assert found <= known, "something half written was published"
        whole = [sum(letter in found for letter in letters_of(body)) for body in sent]
        assert set(whole) <= {0, 6}, "half a posting was published"
        assert server.log.read_text() == ""
        assert all(server.ask("POST", "/post", body)[2] == b"stored" for body in acknowledged[:5]), "a retry is safe after a crash too"
    finally:
        server.kill()
