"""Sixteen clients with keep-alive against one loopback port; and what the server's processes used meanwhile."""

import http.client
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crypto.constants import CLUE_BYTES, POSTING_BYTES, SEALED_BYTES, SLOTS

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What `run` saw: postings a second, failures, server CPU in milliseconds a posting."""

    per_second: float
    failed: int
    cpu_ms: float


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


def cpu_seconds(pid: int) -> float:
    total = 0
    for each in tree_of(pid):
        fields = Path(f"/proc/{each}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def run(port: int, pid: int, postings: int, clients: int = 16) -> Load:
    lock, left, failed = threading.Lock(), [postings], [0]

    def client() -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if left[0] <= 0:
                    return
                left[0] -= 1
            try:
                link.request("POST", "/post", likely_posting(), {"Content-Type": "application/octet-stream"})
                good = link.getresponse().read() == b"stored"
            except (OSError, http.client.HTTPException):
                link.close()
                good = False
            if not good:
                with lock:
                    failed[0] += 1

    before, start = cpu_seconds(pid), time.monotonic()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - start
    return Load(postings / took, failed[0], 1000 * (cpu_seconds(pid) - before) / postings)
