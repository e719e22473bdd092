"""python -m review --vault DIR --server URL --fingerprint HEX [--port N] [--socks HOST:PORT] [--idle MINUTES] [--bell] [--json]"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from werkzeug.serving import make_server

from crypto.encoding import hex32
from crypto.errors import ProtocolError
from review import files, post, sync
from review.desk import Desk, lock_desk
from review.guard import Guard, new_link
from review.views import create_app

MORE = "Without a workstation: --backup FILE, --restore FILE (both with --vault and --fingerprint), --read FILE."


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if files.wanted(given):
        code, words = files.main(given)
        print(words, file=sys.stderr if code else sys.stdout)
        return code
    options = _options(arguments)
    try:
        programme = hex32(options.fingerprint)
    except ProtocolError:
        print("The fingerprint is 64 hexadecimal characters.", file=sys.stderr)
        return 2
    # No line per request: a log on disk would say when a reviewer read which case.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    desk = Desk(options.vault, programme, lambda: post.connect(options.server, options.socks), idle_seconds=options.idle * 60)
    if options.bell:
        desk.ring = _bell
    guard = Guard(port=0)
    server = make_server("127.0.0.1", options.port, create_app(desk, guard), threaded=True)
    guard.port = server.server_port
    signal.signal(signal.SIGTERM, _stop)
    worker = threading.Thread(target=sync.run, args=(desk,), name="sync", daemon=True)
    worker.start()
    _announce(guard, options.json)

    def again(_number: int, _frame: FrameType | None) -> None:
        guard.link = new_link()
        _announce(guard, options.json)

    # A new link without ending the program, for a browser that was closed: kill -USR1 PID.
    signal.signal(signal.SIGUSR1, again)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        desk.stopping = True
        desk.wake.set()
        lock_desk(desk)
        server.server_close()
        worker.join(timeout=2)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="review", description="The reviewer's workstation, on 127.0.0.1 only.", epilog=MORE)
    parser.add_argument("--vault", type=Path, required=True, metavar="DIR")
    parser.add_argument("--server", required=True, metavar="URL")
    parser.add_argument("--fingerprint", required=True, metavar="HEX")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0 (the default) takes a free one")
    parser.add_argument("--socks", default="", metavar="HOST:PORT", help="Tor's SOCKS port")
    parser.add_argument("--idle", type=float, default=15, metavar="MINUTES", help="lock after so long without use")
    parser.add_argument("--bell", action="store_true", help="ring the terminal when something new came, and say no more than that")
    parser.add_argument("--json", action="store_true", help="print the link as one line of JSON")
    return parser.parse_args(arguments)


def _announce(guard: Guard, as_json: bool) -> None:
    url = f"http://127.0.0.1:{guard.port}/enter/{guard.link}"
    human = f"Open this link in a browser on this machine; it works once:\n  {url}\nFor another one:  kill -USR1 {os.getpid()}"
    print(json.dumps({"url": url, "pid": os.getpid()}) if as_json else human, flush=True)


def _bell() -> None:
    print("\a", end="", file=sys.stderr, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
