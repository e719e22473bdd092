"""As much of Tor's control protocol as a test network needs."""

from __future__ import annotations

import re
import socket
from pathlib import Path


class ControlError(Exception):
    """A node refused a command or hung up."""


class Control:
    """One conversation with one node, over its unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._buffer = b""
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self.command('AUTHENTICATE ""')

    def command(self, line: str) -> list[str]:
        self._socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def reply(self) -> list[str]:
        """The lines of the next answer or event, without their status codes."""
        lines = []
        while True:
            line = self._line()
            code, separator, text = line[:3], line[3:4], line[4:]
            lines.append(text)
            if separator == "+":
                while (more := self._line()) != ".":
                    lines.append(more)
            if separator == " ":
                if code[0] not in "26":
                    raise ControlError(line)
                return lines

    def running_relays(self) -> int:
        """How many relays the node's consensus calls running."""
        lines = self.command("GETINFO ns/all")
        return sum(line.startswith("s ") and " Running " in f"{line} " for line in lines)

    def bootstrap(self) -> int:
        """Percent; at 75 a node knows the network, at 100 it has a circuit."""
        found = re.search(r"PROGRESS=(\d+)", self.command("GETINFO status/bootstrap-phase")[0])
        return int(found[1]) if found else 0

    def close(self) -> None:
        self._socket.close()

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            received = self._socket.recv(1 << 16)
            if not received:
                raise ControlError("the node hung up")
            self._buffer += received
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("utf-8", "replace")
