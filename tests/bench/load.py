"""Sixteen clients with keep-alive against one loopback port; and what the server's processes used meanwhile.

The clients cost little, so that the machine measures the server: bodies are made beforehand, and a client is a plain socket.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crypto.constants import CLUE_BYTES, POSTING_BYTES, SEALED_BYTES, SLOTS

TICKS = os.sysconf("SC_CLK_TCK")
HEAD = b"POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % POSTING_BYTES
SECONDS = 60


@dataclass(frozen=True)
class Load:
    """What `run` saw: seconds it took, failures, server CPU seconds of each process that used any."""

    seconds: float
    failed: int
    cpu: tuple[float, ...]


def likely_posting() -> bytes:
    """Bytes of the right size and order; the server cannot know that they open to nothing."""
    points = sorted(os.urandom(31) + bytes([os.urandom(1)[0] & 0x3F]) for _ in range(SLOTS))
    body = os.urandom(8) + b"".join(point + os.urandom(CLUE_BYTES - 32 + SEALED_BYTES) for point in points)
    assert len(body) == POSTING_BYTES
    return body


def tree_of(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    for child in children:
        yield from tree_of(int(child))


def cpu_seconds(pid: int) -> dict[int, float]:
    """CPU of the process and of each of its descendants so far."""
    found = {}
    for each in tree_of(pid):
        fields = Path(f"/proc/{each}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        found[each] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def post(link: socket.socket, body: bytes) -> None:
    """Post on a kept connection; OSError unless it is stored."""
    link.sendall(HEAD)
    link.sendall(body)
    answer = b""
    while not answer.endswith(b"\r\n\r\nstored"):
        piece = link.recv(4096)
        answer += piece
        if not piece or not answer.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(answer)


def run(port: int, pid: int, bodies: list[bytes], clients: int = 16) -> Load:
    """Post every body once; `pid` is the server's first process."""
    left, failed = list(bodies), list[bytes]()

    def client() -> None:
        link = socket.create_connection(("127.0.0.1", port), SECONDS)
        try:
            while True:
                try:
                    body = left.pop()
                except IndexError:
                    return
                try:
                    post(link, body)
                except OSError:
                    failed.append(body)
                    link.close()
                    link = socket.create_connection(("127.0.0.1", port), SECONDS)
        finally:
            link.close()

    before, start = cpu_seconds(pid), time.monotonic()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - start
    used = [seconds - before.get(each, 0.0) for each, seconds in cpu_seconds(pid).items()]
    return Load(took, len(failed), tuple(sorted((seconds for seconds in used if seconds > 0), reverse=True)))
