"""Writing a public file: all or nothing, durable, and dated no finer than a week."""

from __future__ import annotations

import os
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
