"""The ticker, a process of its own: `python -m intake.tick`."""

from __future__ import annotations

import os
import signal
import sys
import threading

from intake import clock, disk, publicfiles, segments
from intake.config import Config
from intake.db import Database, open_database
from intake.errors import log

# How often the effort in head.json is looked at between ticks, and how soon an orphan ends, in seconds. Below the two that a page waits
# after it was asked for effort: when it reads head.json again, the effort stands there.
LOOK = 1.0
# Of so many looks one touches what a posting dates: the disk tells half a minute, and only of the last one.
TOUCH = 30


def run(config: Config, stop: threading.Event) -> None:
    """Tick until told to stop. A tick that fails is told by its class and place only; the next one recovers and tries again."""
    # Who has started this may have ended before this line: then it is another one already.
    parent = int(os.environ.get("TELLSAFE_PARENT", os.getppid()))
    db = open_database(config.database)
    ready = False
    with segments.only_one(config):
        while not stop.is_set() and os.getppid() == parent:
            try:
                disk.touch(config.data)
                if not ready:
                    segments.recover(config, db)
                    ready = True
                _until_tick(config, db, stop, parent)
                if not stop.is_set():
                    segments.tick(config, db, publicfiles.programme(config), publicfiles.tick_seconds(config))
            except Exception as error:
                log(error)
                ready = False
                stop.wait(1.0)


def _until_tick(config: Config, db: Database, stop: threading.Event, parent: int) -> None:
    """Wait for the next tick, keeping head.json's effort true and the times on the disk coarse meanwhile."""
    seconds = publicfiles.tick_seconds(config)
    remaining, looks = clock.seconds_to_tick(seconds), 0
    while remaining > 0 and not stop.is_set() and os.getppid() == parent:
        stop.wait(min(remaining, LOOK))
        remaining, looks = remaining - LOOK, looks + 1
        if looks % TOUCH == 0:
            disk.touch(config.data)
        if remaining > 0:
            segments.renew_effort(config, db, seconds)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config = Config.from_env()
    if publicfiles.missing(config):
        sys.exit(1)  # gunicorn says what to do
    run(config, stop)


if __name__ == "__main__":
    main()
