"""Files that are there whole or not at all, and durable."""

import os
from pathlib import Path


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file at once: whoever reads meanwhile sees the old one or the new one, never half."""
    rename(written(path.with_name(path.name + ".new"), data, mode), path)


def written(path: Path, data: bytes, mode: int = 0o644) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return path


def rename(path: Path, name: Path) -> None:
    path.replace(name)
    sync(name.parent)


def sync(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
