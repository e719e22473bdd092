"""The network, and nothing but the network: a few GETs and two POSTs, through urllib3, by Tor's SOCKS port when there is one.

Each purpose (the tree, the files, every single posting) gets its own random SOCKS user name: Tor gives each a circuit of its own.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import urllib3
from urllib3.contrib.socks import SOCKSProxyManager

from crypto import constants
from crypto.encoding import is_week
from crypto.errors import Malformed

LIMIT = 256 * 1024 * 1024
TIMEOUT = urllib3.Timeout(connect=60.0, read=120.0)


class Unreachable(Exception):
    """The server could not be reached, or answered with something that is not a file. Worth another try later."""


class NoAnswer(Unreachable):
    """Nothing answered, or not to the end: it may be the way there alone."""


@dataclass(frozen=True)
class Server:
    """A way to one intake (with SOCKS on a circuit of its own): get a path, send a posting, put a bundle of the signed tree."""

    get: Callable[[str], bytes]
    send: Callable[[bytes], tuple[int, str]]
    put_tree: Callable[[bytes], tuple[int, str]]


@dataclass(frozen=True)
class Head:
    number: int
    hash: str
    weeks: tuple[str, ...]
    effort: int
    tick: int


def connect(url: str, socks: str = "") -> Server:
    """A new way to the intake at `url`. `socks` is HOST:PORT or empty."""
    base = url.rstrip("/")
    pool: urllib3.PoolManager
    if socks:
        pool = SOCKSProxyManager(f"socks5h://{secrets.token_hex(16)}:x@{socks}", num_pools=1)
    else:
        pool = urllib3.PoolManager(num_pools=1)

    def get(path: str) -> bytes:
        return _get(pool, base + path)

    def send(body: bytes) -> tuple[int, str]:
        return _send(pool, base + "/post", body, "application/octet-stream")

    def put_tree(body: bytes) -> tuple[int, str]:
        return _send(pool, base + "/tree", body, "application/json")

    return Server(get, send, put_tree)


def head(server: Server) -> Head:
    """`/files/head.json` (PROTOCOL 7), every field checked for its type."""
    try:
        found = json.loads(server.get("/files/head.json"))
        result = Head(found["number"], found["hash"], tuple(found["weeks"]), found["effort"], found["tick"])
        version = found["v"]
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed from error
    whole = all(type(n) is int and n >= 0 for n in (result.number, result.effort, result.tick))
    if not whole or version != 1 or type(result.hash) is not str or not all(map(is_week, result.weeks)):
        raise Malformed
    return result


def bundle(server: Server) -> bytes:
    return server.get("/tree/bundle.json")


def clues(server: Server, week: str) -> bytes:
    return server.get(f"/files/clues/{week}")


def block(server: Server, number: int, index: int) -> bytes:
    return server.get(f"/files/letters/{number}/{index}")


def send(server: Server, body: bytes) -> tuple[int, str]:
    """Post a posting; gives the status and the server's one sentence. Posting the same letters again is safe (PROTOCOL 5)."""
    if len(body) != constants.POSTING_BYTES:
        raise Malformed
    return server.send(body)


def _get(pool: urllib3.PoolManager, url: str) -> bytes:
    try:
        answer = pool.request("GET", url, preload_content=False, redirect=False, retries=False, timeout=TIMEOUT)
        try:
            data = answer.read(LIMIT + 1)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error
    if answer.status != 200 or len(data) > LIMIT:
        raise Unreachable(f"status {answer.status}")
    return data


def _send(pool: urllib3.PoolManager, url: str, body: bytes, kind: str) -> tuple[int, str]:
    headers = {"Content-Type": kind}
    try:
        answer = pool.request(
            "POST", url, body=body, headers=headers, preload_content=False, redirect=False, retries=False, timeout=TIMEOUT
        )
        try:
            said = answer.read(1000)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error
    return answer.status, said.decode("utf-8", "replace").strip()
