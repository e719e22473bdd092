"""Files that are whole or not there: new ones, and ones replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path

PART = ".new"


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, readable by its owner only, durably. What cannot be written whole is taken away again."""
    try:
        _write(path, os.O_EXCL, data)
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Put other bytes in place of a file in one step. A crash leaves the old file or the new one, and perhaps a part beside it."""
    part = beside(path)
    _write(part, os.O_TRUNC, data)
    part.replace(path)
    sync_folder(path.parent)


def clean(path: Path) -> None:
    """Remove what a crash in the middle of `replace` left."""
    beside(path).unlink(missing_ok=True)


def beside(path: Path) -> Path:
    return path.with_name(path.name + PART)


def sync_folder(folder: Path) -> None:
    """Make a name in a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, flag: int, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
