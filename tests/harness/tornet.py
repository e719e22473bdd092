"""A private Tor network on loopback: three authorities, four relays, onions and clients.

    with TorNet() as net:
        onion = net.add_onion("intake", "unix:/run/intake.sock")
        socks = net.start_client("reporter")
        net.wait_onion(onion, socks)

Nodes know only the authorities made here, so nothing can reach the public network. A start takes
about 20 seconds, most of them the authorities' two votes. Several settings below look arbitrary;
without each of them one start in ten or so stalled for up to a minute.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from .firefox import HarnessError
from .tor_control import Control

__all__ = ["Onion", "TorNet", "socks_connect"]

AUTHORITIES = 3
RELAYS = 4
FIRST_VOTE = 8
POLL = 0.1
START_TIMEOUT = 300
# A client that asks for a descriptor before it is on a few directories is refused for a while.
UPLOADS = 3

OR_PORT, DIR_PORT, SOCKS_PORT = 5001, 7001, 9050

# Each node has an address of its own, so that all can use the same ports.
COMMON = (
    "TestingTorNetwork 1",
    "SafeLogging 0",
    "ShutdownWaitLength 0",
    "PathsNeededToBuildCircuits 0.67",
    # With seven relays the second-layer guards collide with the other hops.
    "VanguardsLiteEnabled 0",
    # Nodes end when the test run does, however it ends.
    f"__OwningControllerProcess {os.getpid()}",
)
RELAY = (
    "SocksPort 0",
    "AssumeReachable 1",
    "ExitRelay 0",
    "ExitPolicy reject *:*",
    "ContactInfo test@example.invalid",
)
AUTHORITY = (
    "AuthoritativeDirectory 1",
    "V3AuthoritativeDirectory 1",
    f"TestingV3AuthInitialVotingInterval {FIRST_VOTE}",
    "TestingV3AuthInitialVoteDelay 2",
    "TestingV3AuthInitialDistDelay 2",
    "V3AuthVotingInterval 20",
    "V3AuthVoteDelay 2",
    "V3AuthDistDelay 2",
    "V3AuthNIntervalsValid 3",
    # All relays are equal. If only one were stable, or a guard, it would be drawn as first and as
    # last hop of each circuit, and a circuit through the same relay twice is refused.
    "TestingDirAuthVoteExit *",
    "TestingDirAuthVoteGuard *",
    "TestingDirAuthVoteHSDir *",
    "TestingMinExitFlagThreshold 0",
    "AuthDirVoteStableGuaranteeMinUptime 0 seconds",
    "AuthDirVoteStableGuaranteeMTBF 0 seconds",
)


@dataclass
class Node:
    name: str
    folder: Path
    address: str
    settings: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    control: Control | None = None
    nudged: float = 0

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    def log(self) -> str:
        """The end of what the node has to say, for error messages."""
        return self.log_file.read_text("utf-8", "replace")[-2000:]


@dataclass
class Onion:
    hostname: str
    node: Node
    events: Control
    port: int = 80
    uploads: int = 0


@dataclass(frozen=True)
class Identity:
    """What others must know of an authority or relay."""

    fingerprint: str
    v3ident: str


class TorNet:
    def __init__(self) -> None:
        self._tor = program("tor")
        self._gencert = program("tor-gencert")
        # A unix socket's path holds 107 bytes at most: keep it short.
        self.folder = Path(tempfile.mkdtemp(prefix="tor-"))
        chooser = random.SystemRandom()
        # A random network, so that test runs side by side do not meet.
        self._network = f"127.{chooser.randint(10, 250)}.{chooser.randint(1, 250)}"
        self._nodes: list[Node] = []
        self._authority_lines: list[str] = []
        self._open = ExitStack()
        # Tor refuses /dev/null as a file of defaults.
        self._empty = self.folder / "empty"
        self._empty.touch()

    def __enter__(self) -> TorNet:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def add_onion(self, name: str, target: str, port: int = 80, options: Sequence[str] = ()) -> Onion:
        """A service at `target`, "unix:/path" or "127.0.0.1:port", ready to be asked for."""
        node = self._node(name)
        service = node.folder / "hs"
        node.settings += ["SocksPort 0", f"OutboundBindAddress {node.address}"]
        node.settings += [f"HiddenServiceDir {service}", f"HiddenServicePort {port} {target}"]
        node.settings += options
        self._launch(node)
        self._wait([node], lambda control: True, "answer")
        # At once, because events are not repeated.
        events = self._control(node, timeout=1)
        events.command("SETEVENTS HS_DESC")
        onion = Onion((service / "hostname").read_text().strip(), node, events, port)
        self._wait_bootstrap([node], 100)
        self._wait_uploads(onion)
        return onion

    def start_client(self, name: str, options: Sequence[str] = ()) -> tuple[str, int]:
        """A Tor client; the answer is its SOCKS address and port."""
        node = self._node(name)
        node.settings += [f"SocksPort {node.address}:{SOCKS_PORT} IsolateSOCKSAuth"]
        node.settings += [f"OutboundBindAddress {node.address}", *options]
        self._launch(node)
        self._wait_bootstrap([node], 100)
        return node.address, SOCKS_PORT

    def wait_onion(self, onion: Onion, socks: tuple[str, int], timeout: float = 300) -> None:
        """Until a stream from this client to the service opens."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                socks_connect(socks, onion.hostname, onion.port, timeout=15).close()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise HarnessError(f"{onion.hostname} is out of reach: {error}\n{onion.node.log()}") from error
            time.sleep(POLL)

    def stop(self) -> None:
        self._open.close()
        processes = [node.process for node in self._nodes if node.process]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Starting

    def _start(self) -> None:
        authorities = [self._node(f"auth{number}") for number in range(AUTHORITIES)]
        relays = authorities + [self._node(f"relay{number}") for number in range(RELAYS)]
        with ThreadPoolExecutor(2) as pool:
            identities = list(pool.map(self._identity, relays))
        self._authority_lines = [
            f"DirAuthority {node.name} orport={OR_PORT} no-v2 v3ident={identity.v3ident} {node.address}:{DIR_PORT} {identity.fingerprint}"
            for node, identity in zip(authorities, identities, strict=False)
        ]
        bandwidths = self._bandwidths(identities)
        for node in relays:
            node.settings += [f"Nickname {node.name}", f"Address {node.address}", f"OutboundBindAddress {node.address}"]
            node.settings += [f"ORPort {node.address}:{OR_PORT}", *RELAY]
        for node in authorities:
            node.settings += [f"DirPort {node.address}:{DIR_PORT}", *AUTHORITY]
            node.settings += [f"V3BandwidthsFile {bandwidths}"]
        # Votes happen at round multiples of the interval; whoever is late waits for the next,
        # and that one is 20 seconds away.
        time.sleep(FIRST_VOTE - time.time() % FIRST_VOTE)
        for node in relays:
            self._launch(node)
        self._wait(authorities, lambda control: control.running_relays() == len(relays), "list every relay")
        # Each relay needs its own copy too: clients and services ask any of them.
        self._wait_bootstrap(relays, 75)

    def _bandwidths(self, identities: list[Identity]) -> Path:
        """Equal weights: fresh relays would otherwise weigh nothing, or one of them everything."""
        path = self.folder / "bandwidths"
        lines = [f"node_id=${identity.fingerprint} bw=10\n" for identity in identities]
        path.write_text(f"{int(time.time())}\n" + "".join(lines))
        return path

    def _node(self, name: str) -> Node:
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        node = Node(name, folder, f"{self._network}.{len(self._nodes) + 1}")
        self._nodes.append(node)
        return node

    def _launch(self, node: Node) -> None:
        torrc = node.folder / "torrc"
        lines = [
            *COMMON,
            *self._authority_lines,
            f"DataDirectory {node.folder / 'data'}",
            f"ControlSocket {node.folder / 'c'}",
            "Log notice stdout",
            # Parsing the map of all countries takes a busy machine the seconds before the first vote.
            f"GeoIPFile {self._empty}",
            f"GeoIPv6File {self._empty}",
            *node.settings,
        ]
        torrc.write_text("\n".join(lines) + "\n")
        node.nudged = time.monotonic()
        # All it says, because what is wrong with its settings it says before it opens a log.
        with node.log_file.open("wb") as log:
            node.process = subprocess.Popen(
                [self._tor, "-f", str(torrc), "--defaults-torrc", str(self._empty)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    # Keys: making an authority's takes seconds, so they outlive the test run

    def _identity(self, node: Node) -> Identity:
        data = node.folder / "data"
        cached = key_cache() / node.name
        if not cached.exists():
            self._make_keys(node, cached)
        shutil.copytree(cached, data)
        data.chmod(0o700)
        v3ident = ""
        with suppress(FileNotFoundError):
            certificate = (data / "keys" / "authority_certificate").read_text()
            v3ident = one(r"^fingerprint ([0-9A-F]{40})$", certificate)
        return Identity(one(r" ([0-9A-F]{40})$", (data / "fingerprint").read_text()), v3ident)

    def _make_keys(self, node: Node, cached: Path) -> None:
        data = node.folder / "new"
        keys = data / "keys"
        keys.mkdir(parents=True, mode=0o700)
        data.chmod(0o700)
        if node.name.startswith("auth"):
            # No -a: a cached certificate must not carry an old address.
            subprocess.run(
                [self._gencert, "--create-identity-key", "--passphrase-fd", "0", "-m", "12"],
                cwd=keys,
                input=b"\n",
                check=True,
                capture_output=True,
            )
        torrc = node.folder / "keys.torrc"
        torrc.write_text(
            f"TestingTorNetwork 1\nDirAuthority none 127.0.0.1:1 {'0' * 40}\nORPort 1\nNickname {node.name}\nDataDirectory {data}\n"
        )
        command = [self._tor, "--list-fingerprint", "--quiet", "-f", str(torrc)]
        command += ["--defaults-torrc", str(self._empty)]
        subprocess.run(command, check=True, capture_output=True)
        # Another test run may have been faster; then its keys are as good as ours.
        with suppress(OSError):
            data.rename(cached)

    # Waiting

    def _wait(self, nodes: Sequence[Node], ready: Condition, what: str, nudge: bool = False) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        waiting = list(nodes)
        while waiting := [node for node in waiting if not self._is(node, ready)]:
            if time.monotonic() > deadline:
                late = waiting[0]
                raise HarnessError(f"{late.name} did not {what} in {START_TIMEOUT} s.\n{late.log()}")
            if nudge:
                for node in waiting:
                    hurry(node)
            time.sleep(POLL)

    def _wait_bootstrap(self, nodes: Sequence[Node], percent: int) -> None:
        self._wait(nodes, lambda control: control.bootstrap() >= percent, f"reach {percent} %", nudge=True)

    def _wait_uploads(self, onion: Onion, timeout: float = 300) -> None:
        deadline = time.monotonic() + timeout
        while onion.uploads < UPLOADS:
            if time.monotonic() > deadline:
                raise HarnessError(f"{onion.hostname} is not published.\n{onion.node.log()}")
            with suppress(TimeoutError):
                onion.uploads += onion.events.reply()[-1].startswith("HS_DESC UPLOADED")

    def _is(self, node: Node, ready: Condition) -> bool:
        assert node.process
        if node.process.poll() is not None:
            raise HarnessError(f"{node.name} ended by itself.\n{node.log()}")
        if node.control is None:
            with suppress(FileNotFoundError, ConnectionRefusedError):
                node.control = self._control(node)
        return node.control is not None and ready(node.control)

    def _control(self, node: Node, timeout: float = 60) -> Control:
        return self._open.enter_context(closing(Control(node.folder / "c", timeout)))


Condition = Callable[[Control], bool]


def hurry(node: Node) -> None:
    """Try failed downloads again: a request that came too early would wait 10 to 30 seconds."""
    if node.control and time.monotonic() - node.nudged > 1:
        node.control.command("SIGNAL HUP")
        node.nudged = time.monotonic()


def program(name: str) -> str:
    path = shutil.which(name)
    if not path:
        raise HarnessError(f"{name} is missing: apt-get install tor")
    return path


def key_cache() -> Path:
    # By year, because the certificates in it last for twelve months.
    name = f"tellsafe-tor-keys-{os.getuid()}-{datetime.now(UTC).year}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def one(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise HarnessError(f"Tor wrote something unexpected: no {pattern} in {text!r}")
    return found[1]


def socks_connect(socks: tuple[str, int], host: str, port: int, timeout: float = 60, isolation: str = "shared") -> socket.socket:
    """A stream through a client; a new word for `isolation` gets a new circuit."""
    stream = socket.create_connection(socks, timeout)
    try:
        word, name = isolation.encode(), host.encode("ascii")
        # Step by step: Tor leaves what is sent ahead of its answers lying in the buffer.
        ask(stream, b"\x05\x01\x02", 2)
        ask(stream, b"\x01%c%s\x01-" % (len(word), word), 2)
        answer = ask(stream, b"\x05\x01\x00\x03%c%s" % (len(name), name) + port.to_bytes(2, "big"), 10)
        if answer[1]:
            raise ConnectionError(f"SOCKS refused with reply {answer[1]}")
    except BaseException:
        stream.close()
        raise
    return stream


def ask(stream: socket.socket, question: bytes, length: int) -> bytes:
    stream.sendall(question)
    answer = b""
    while len(answer) < length:
        piece = stream.recv(length - len(answer))
        if not piece:
            raise ConnectionError(f"SOCKS refused after {answer!r}")
        answer += piece
    return answer
