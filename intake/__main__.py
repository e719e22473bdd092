"""`python -m intake --port 8000 --data DIR --workers 2`: migrations, gunicorn and the ticker; one SIGTERM ends all."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

from intake import disk
from intake.config import ROOT, Config

READY_TRIES = 600


def main() -> int:
    """Run until SIGTERM or SIGINT (0) or until a part dies (1)."""
    parser = argparse.ArgumentParser(prog="python -m intake", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", default=os.environ.get("TELLSAFE_DATA", "data"))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    os.umask(0o077)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    address = f"127.0.0.1:{args.port}"
    os.environ.update(TELLSAFE_DATA=str(Path(args.data).resolve()), TELLSAFE_BIND=address, TELLSAFE_WORKERS=str(args.workers))
    # What is started below runs in another folder than the caller's.
    for name in {"TELLSAFE_TREE", "TELLSAFE_TEMPLATES", "TELLSAFE_STATIC"} & os.environ.keys():
        os.environ[name] = str(Path(os.environ[name]).resolve())
    # If this is killed, gunicorn and the ticker see that their parent is another one, and end.
    os.environ["TELLSAFE_PARENT"] = str(os.getpid())
    # Many threads would otherwise each keep memory of their own.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    config = Config.from_env()
    # The workers load while the migrations run (one transaction); a posting that arrives before their end is told to come again.
    children = [_start("gunicorn", "-c", str(ROOT / "intake" / "gunicorn.conf.py"), "app:app")]
    try:
        # Loading these takes as long as starting the workers.
        from intake import segments
        from intake.db import open_database
        from intake.migrate import migrate

        # Before there is a table to take a posting: it would be said to be stored, and then be moved away.
        segments.check_database(config, open_database(config.database))
        migrate(config)
        children.append(_start("intake.tick"))
        if _wait_ready(f"http://{address}/files/head.json", children, stop):
            print(f"listening http://{address}/", flush=True)
        while not stop.wait(0.5):
            if any(child.poll() is not None for child in children):
                return 1
        return 0
    finally:
        _end(children)
        if config.data.is_dir():
            disk.touch(config.data)  # a stopped server tells when it was stopped


def _start(*module: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *module], cwd=ROOT)


def _wait_ready(url: str, children: list[subprocess.Popen[bytes]], stop: threading.Event) -> bool:
    """Whether the server answers; False as soon as a part has died or the end is asked for."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(READY_TRIES):
        if stop.is_set() or any(child.poll() is not None for child in children):
            return False
        try:
            with opener.open(url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            stop.wait(0.05)
    return False


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()


if __name__ == "__main__":
    sys.exit(main())
