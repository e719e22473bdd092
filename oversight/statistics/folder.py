"""The statistician's folder on the disk, so that a draw happens once even if the machine stops in the middle of it.

labels.sealed      collected labels, under the key file's passphrase
releases/ID.json   a release. That this file is there is the draw: nothing is shown before it is durable, and none is drawn again
ledger.jsonl       one line for each release, written after it; a line that is missing is made from its release
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import ProtocolError
from crypto.numbers import LEDGER_FILE, Release, parse_release
from oversight import disk
from oversight.errors import Refused
from oversight.statistics.ledger import entry_of, head, line_of, parse_ledger
from oversight.statistics.release import check_all, check_release

LABELS = "labels.sealed"
RELEASES = "releases"
PART = ".part"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Refused while another command works on the folder."""
    (folder / RELEASES).mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused("another command is working on this folder") from error
        yield


def recover(folder: Path) -> None:
    """Finish a draw that was cut short. Refused: a release that does not follow the ledger, which no accident makes."""
    for path in sorted((folder / RELEASES).glob(f"*{PART}")):
        # Whole and signed: its numbers may have been seen by whoever saw this disk, so they are the draw. Torn: nobody was shown anything.
        if _is_whole(path.read_bytes()) and not path.with_suffix("").exists():
            disk.rename(path, path.with_suffix(""))
        else:
            path.unlink()
    ledger = read_ledger(folder)
    entries = parse_ledger(ledger)
    missing = sorted(set(read_releases(folder)) - {entry.release for entry in entries})
    for name in missing:
        entry = entry_of(read_releases(folder)[name])
        if len(missing) > 1 or entry.release != name or (entry.number, entry.previous) != (len(entries) + 1, head(entries)):
            raise Refused(f"{name} is not in the ledger and does not follow it: the ledger was changed, fetch the published one")
        disk.write(folder / LEDGER_FILE, ledger + line_of(entry))
        parse_ledger(read_ledger(folder))


def commit(folder: Path, name: str, data: bytes) -> None:
    """Make a draw final: the release, then its line. Nothing of it may be shown before this returns."""
    path = folder / RELEASES / f"{name}.json"
    if path.exists():
        raise Refused(f"{name} has been drawn")
    disk.rename(disk.written(path.with_name(path.name + PART), data), path)
    disk.write(folder / LEDGER_FILE, read_ledger(folder) + line_of(entry_of(data)))


def read_checked(folder: Path, programme: bytes) -> tuple[bytes, list[Release]]:
    """(ledger, releases in its order) after every check. Refused."""
    ledger = read_ledger(folder)
    return ledger, check_all(ledger, read_releases(folder), programme)


def read_ledger(folder: Path) -> bytes:
    path = folder / LEDGER_FILE
    return path.read_bytes() if path.exists() else b""


def read_releases(folder: Path) -> dict[str, bytes]:
    """Release files by release id, as they lie there."""
    return {path.stem: path.read_bytes() for path in sorted((folder / RELEASES).glob("*.json"))}


def _is_whole(data: bytes) -> bool:
    try:
        check_release(data, bytes.fromhex(parse_release(data).value["programme"]))
    except (ProtocolError, Refused):
        return False
    return True
