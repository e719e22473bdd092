"""What the server's files tell by their times. Public files: all or nothing, durable, and dated no finer than a week."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from intake import clock


def write(path: Path, data: bytes, week: str) -> None:
    """Replace the file at once; it is on the disk when this returns, dated midnight of the week's Monday."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    set_time(temporary, week)
    temporary.replace(path)
    sync(path.parent)


def set_time(path: Path, week: str) -> None:
    """Date a file or folder midnight of the week's Monday."""
    moment = clock.monday_ns(week)
    os.utime(path, ns=(moment, moment))


def sync(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def touch(data: Path) -> None:
    """Date everything that a posting dates, by changing it or by being read, to now: the database, its log, the locks, their folder.

    By name only: to open and close the database here would take away the locks that SQLite has in this process. What may not be touched
    stays as it is, and nothing is raised: publication comes after this.
    """
    for name in next(os.walk(data), ("", [], []))[2]:
        with suppress(OSError):
            os.utime(data / name)
    # head.json is written when a posting raises the effort; the week that dates it stays, the time of the change does not.
    for path in (data / "files", data / "files" / "head.json"):
        with suppress(OSError):
            os.utime(path, ns=(kept := path.stat().st_mtime_ns, kept))
    with suppress(OSError):
        os.utime(data)
        sync(data)  # the last to be touched: common file systems write what went before it with it
