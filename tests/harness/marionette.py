"""The wire of Firefox's own remote control: length-prefixed JSON over a loopback socket."""

from __future__ import annotations

import json
import socket
from typing import Any

# Longer than any test should take, so that a hung browser is reported by the test's own limit.
SOCKET_TIMEOUT = 900
CHUNK = 1 << 16


class MarionetteError(Exception):
    """Firefox refused a command; `kind` is WebDriver's error code, such as "no such element"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Marionette:
    """One session with one browser."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.settimeout(SOCKET_TIMEOUT)
        self._buffer = b""
        self._serial = 0
        self._receive()  # Firefox speaks first; its greeting holds nothing we need

    def command(self, name: str, **parameters: Any) -> Any:
        self._serial += 1
        message = json.dumps([0, self._serial, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _type, _serial, error, result = self._receive()
        if error:
            raise MarionetteError(error["error"], error["message"])
        if isinstance(result, dict) and set(result) == {"value"}:
            return result["value"]
        return result

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._buffer += self._read()
        head, _, rest = self._buffer.partition(b":")
        length = int(head)
        # A list, because a screenshot comes in hundreds of pieces.
        pieces, have = [rest], len(rest)
        while have < length:
            pieces.append(self._read())
            have += len(pieces[-1])
        rest = b"".join(pieces)
        self._buffer = rest[length:]
        return json.loads(rest[:length])

    def _read(self) -> bytes:
        piece = self._socket.recv(CHUNK)
        if not piece:
            raise ConnectionError("Firefox closed the connection: it crashed or was stopped.")
        return piece
