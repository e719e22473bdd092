"""A TCP proxy as slow as a Tor circuit, to measure what a page load costs a reporter.

    with SlowLink(server_port) as port:
        browser.goto(f"http://{ONION}:{port}/")

As over Tor, opening a connection costs one round trip and each answer another; all connections
together share the bandwidth of each direction.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import TracebackType

# Small, so that connections take turns on the shared lane.
CHUNK = 4096
# Chunks on their way at once; far above what bandwidth times delay can fill.
IN_FLIGHT = 4096


class SlowLink:
    def __init__(self, target_port: int, rtt: float = 0.43, mbit: float = 3) -> None:
        self._target_port = target_port
        self._rtt = rtt
        self._bytes_per_second = mbit * 1_000_000 / 8
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._port = 0
        self._thread = threading.Thread(target=self._run, name="slowlink", daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        self._ready.wait()
        return self._port

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._up = Lane(self._bytes_per_second)
        self._down = Lane(self._bytes_per_second)
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        # Not `async with`: it would wait for browsers to let go of idle connections.
        await self._stop.wait()
        server.close()

    async def _connect(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        # The end of the link cancels what still runs; asyncio would print that as a mistake.
        with suppress(asyncio.CancelledError):
            await self._join(client, answer)

    async def _join(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._rtt)
        try:
            server, request = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            answer.close()
            return
        await asyncio.gather(
            carry(client, request, self._up, self._rtt / 2),
            carry(server, answer, self._down, self._rtt / 2),
        )


class Lane:
    """One direction of the link: whoever comes next waits for all that went before."""

    def __init__(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second
        self._free_at = 0.0

    async def send(self, size: int) -> None:
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size / self._bytes_per_second
        await asyncio.sleep(self._free_at - now)


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, lane: Lane, delay: float) -> None:
    """Move bytes until the source ends; a broken connection ends quietly, as they do."""
    flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(land(flying, target))
        try:
            data = await source.read(CHUNK)
            while data:
                await lane.send(len(data))
                await flying.put((due(delay), data))
                data = await source.read(CHUNK)
        except OSError:
            pass
        await flying.put((due(delay), b""))


def due(delay: float) -> float:
    return asyncio.get_running_loop().time() + delay


async def land(flying: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
    """Hand each chunk over when it is due; an empty one is the end."""
    broken = False
    while True:
        at, data = await flying.get()
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        if not data:
            target.close()
            return
        # After a break keep taking, or the sender would wait for room for ever.
        if broken:
            continue
        try:
            target.write(data)
            await target.drain()
        except OSError:
            broken = True
