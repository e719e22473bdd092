"""The network, used by `publish --server`, `fetch` and `verify` only: urllib3, by Tor's SOCKS port when there is one."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import urllib3
from urllib3.contrib.socks import SOCKSProxyManager

from oversight.errors import Refused

LIMIT = 256 * 1024 * 1024
TIMEOUT = urllib3.Timeout(connect=60.0, read=120.0)


class Unreachable(Refused):
    """The server gave no answer, or one that is no file."""


@dataclass(frozen=True)
class Server:
    """get: the bytes at a path, None if there is nothing; post_tree: (status, the server's sentence) for a bundle."""

    get: Callable[[str], bytes | None]
    post_tree: Callable[[bytes], tuple[int, str]]


def connect(url: str, socks: str = "") -> Server:
    """A way to one server. `socks` is HOST:PORT or empty; the random user name gives a Tor circuit of its own."""
    base = url.rstrip("/")
    pool: urllib3.PoolManager
    if socks:
        pool = SOCKSProxyManager(f"socks5h://{secrets.token_hex(16)}:x@{socks}", num_pools=1)
    else:
        pool = urllib3.PoolManager(num_pools=1)

    def get(path: str) -> bytes | None:
        status, data = _ask(pool, "GET", base + path)
        if status == 404:
            return None
        if status != 200:
            raise Unreachable(f"the server answered {status} for {path}")
        return data

    def post_tree(bundle: bytes) -> tuple[int, str]:
        status, said = _ask(pool, "POST", base + "/tree", bundle)
        return status, said[:1000].decode("utf-8", "replace").strip()

    return Server(get, post_tree)


def _ask(pool: urllib3.PoolManager, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    kind = {"Content-Type": "application/json"} if body is not None else None
    try:
        answer = pool.request(method, url, body=body, headers=kind, preload_content=False, redirect=False, retries=False, timeout=TIMEOUT)
        try:
            data = answer.read(LIMIT + 1)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"the server could not be reached ({type(error).__name__})") from error
    if len(data) > LIMIT:
        raise Unreachable("the server sends more than any file of this protocol has")
    return answer.status, data
