"""The vault folder as one sealed file, and that file as a folder again (`./tellsafe review --backup FILE`, `--restore FILE`).

File: a key file under the vault's own passphrase (Argon2id, SecretBox) around HEADER, u32 length and JSON of [[name, size], …], then the
files' bytes. A backup may be made while the workstation runs: the vault is replaced in one step and the casebook only ever grows or is
replaced in one step. The vault is read before the casebook and must be the same after it, so that no key is missing for a letter that the
casebook lacks: keys are destroyed only after everything was read.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import Malformed
from review import casebook, disk, vault

HEADER = b"tellsafe/1 backup\n"
CASEBOOK = "casebook.tellsafe"
RESTORED = "restored.json"  # while this lies in a vault folder nothing is said from it
SEGMENTS = 2  # so many must have been published since, before somebody who restored says anything
TRIES = 5


class BackupBusy(Exception):
    """The vault changed each time while it was read."""


class FolderTaken(Exception):
    """There is something in the folder to restore into."""


@dataclass(frozen=True)
class Contents:
    """What a checked backup holds: the name on the vault, the quarters of its keys, the number of events and of cases."""

    name: str
    quarters: tuple[str, ...]
    events: int
    cases: int


def back_up(folder: Path, file: Path, passphrase: str, programme: bytes) -> Contents:
    """Write a backup and restore it to a place that goes at once, as the proof.

    NotForUs: a wrong passphrase. FileExistsError: there is such a file. A backup that does not open is not left there.
    """
    vault.unlock(folder, passphrase).lock()
    disk.write_new(file, vault.seal_file(passphrase, _packed(_read(folder))))
    scratch = Path(tempfile.mkdtemp(prefix=".tellsafe-", dir=file.parent))
    try:
        # Nothing in clear: the vault and the casebook are sealed as they are in the folder itself.
        found = restore(file, scratch / "vault", passphrase, programme)
    except BaseException:
        file.unlink()
        raise
    finally:
        shutil.rmtree(scratch)
    return found


def restore(file: Path, folder: Path, passphrase: str, programme: bytes) -> Contents:
    """Make the folder of a backup anew and open it as the workstation would. FolderTaken unless it is empty or not there.

    What does not open is taken away again.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken
    files = _unpacked(vault.open_file(passphrase, file.read_bytes()))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    try:
        # The mark first: a restore cut short is never taken for one that may speak.
        disk.write_new(folder / RESTORED, json.dumps({"v": 1, "segment": None}).encode())
        for name, data in files.items():
            disk.write_new(folder / name, data)
        return contents(folder, passphrase, programme)
    except BaseException:
        for name in (*files, RESTORED):
            (folder / name).unlink(missing_ok=True)
        raise


def contents(folder: Path, passphrase: str, programme: bytes) -> Contents:
    """Open a vault folder and count. CasebookDamaged, NotForUs or Malformed when it does not open."""
    opened = vault.unlock(folder, passphrase)
    try:
        if not (folder / CASEBOOK).exists():
            return Contents(opened.name, tuple(opened.quarters()), 0, 0)
        book = casebook.open_book(folder / CASEBOOK, opened.casebook_key(), programme)
        try:
            cases = {casebook.of_case(event) for event in book.events.values()}
            return Contents(opened.name, tuple(opened.quarters()), len(book.events), len(cases))
        finally:
            casebook.close_book(book)
    finally:
        opened.lock()


def waiting(folder: Path) -> bool:
    """Whether this folder was restored and has not seen all it said before: then a new word could contradict one it does not know."""
    return (folder / RESTORED).exists()


def settle(folder: Path, newest: int, before: Callable[[], None]) -> bool:
    """Look at the newest segment, every one up to it being read. True once somebody who restored may speak again.

    What the lost machine had posted is in the tray or in a segment: two segments later it is in the casebook. `before` is done first: if it
    fails, the mark stays.
    """
    if not waiting(folder):
        return True
    first = json.loads((folder / RESTORED).read_bytes())["segment"]
    if first is None:
        disk.replace(folder / RESTORED, json.dumps({"v": 1, "segment": newest}).encode())
        return False
    if newest < first + SEGMENTS:
        return False
    before()
    (folder / RESTORED).unlink()
    disk.sync_folder(folder)
    return True


def _read(folder: Path) -> dict[str, bytes]:
    """The files of a vault folder that belong together, the vault first."""
    for _ in range(TRIES):
        before = (folder / vault.KEYFILE).read_bytes()
        names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.suffix in (".tellsafe", ".json"))
        try:
            rest = {name: (folder / name).read_bytes() for name in names if name not in (vault.KEYFILE, RESTORED)}
        except FileNotFoundError:
            continue
        if (folder / vault.KEYFILE).read_bytes() == before:
            return {vault.KEYFILE: before, **rest}
    raise BackupBusy


def _packed(files: dict[str, bytes]) -> bytes:
    index = json.dumps([[name, len(data)] for name, data in files.items()]).encode()
    return b"".join([HEADER, len(index).to_bytes(4, "big"), index, *files.values()])


def _unpacked(data: bytes) -> dict[str, bytes]:
    """Malformed unless these are the bytes of `_packed`, with plain names only."""
    start = len(HEADER) + 4
    size = int.from_bytes(data[len(HEADER) : start], "big")
    try:
        if not data.startswith(HEADER):
            raise ValueError
        files, at = {}, start + size
        for name, length in json.loads(data[start:at]):
            if Path(name).name != name or Path(name).suffix not in (".tellsafe", ".json") or name == RESTORED:
                raise ValueError
            files[name] = data[at : at + length]
            at += length
        if at != len(data) or vault.KEYFILE not in files:
            raise ValueError
    except (ValueError, TypeError) as error:
        raise Malformed("this is not a backup of a vault") from error
    return files
