"""`./tellsafe review --backup`, `--restore` and `--read`: what is done with files, without a workstation and without a network."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from crypto.encoding import hex32
from crypto.errors import Malformed, NotForUs, ProtocolError
from review import backup, casebook, export, vault

NAMES = ("--backup", "--restore", "--read")


def wanted(arguments: list[str]) -> bool:
    """Whether these arguments ask for a file rather than for the workstation."""
    return any(argument.split("=")[0] in NAMES for argument in arguments)


def main(arguments: list[str]) -> tuple[int, str]:
    """Do it; gives the exit code, 0 when it worked, and what to tell."""
    options = _options(arguments)
    passphrase = _passphrase(options)
    try:
        return 0, _done(options, passphrase)
    except (NotForUs, FileExistsError, FileNotFoundError, backup.FolderTaken, backup.BackupBusy, casebook.CasebookOther) as error:
        return 1, _SORRY[type(error)]
    except (Malformed, casebook.CasebookDamaged, casebook.CasebookBusy, OSError) as error:
        return 1, f"This did not work ({type(error).__name__}). Nothing that was there was changed."


_SORRY: dict[type[Exception], str] = {
    NotForUs: "The passphrase is wrong, or the file was changed.",
    FileExistsError: "There is a file of this name already. Nothing is ever overwritten.",
    FileNotFoundError: "There is no such file or vault.",
    backup.FolderTaken: "The folder is not empty. Restore into a new one.",
    casebook.CasebookOther: "The casebook was written by another version of this program. Nothing was changed. Use that version.",
    backup.BackupBusy: "The vault changed while it was read. Try again.",
}


def _done(options: argparse.Namespace, passphrase: str) -> str:
    if options.read:
        return export.as_text(export.unpack(vault.open_file(passphrase, options.read.read_bytes()))).rstrip("\n")
    programme = hex32(options.fingerprint)
    if options.backup:
        found = backup.back_up(options.vault, options.backup, passphrase, programme)
        return f"Written to {options.backup}, restored once as a proof: {_words(found)}."
    found = backup.restore(options.restore, options.vault, passphrase, programme)
    return (
        f"Restored to {options.vault}: {_words(found)}.\nEnd the other machine's workstation for good before you start this one. "
        "It says nothing until it has read everything published, and two segments more."
    )


def _words(found: backup.Contents) -> str:
    cases = f"{found.cases} case{'' if found.cases == 1 else 's'}"
    return f"vault of {found.name}, keys for {', '.join(found.quarters)}, {cases} with {found.events} events"


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="review", description="Backups and exported cases.", allow_abbrev=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--backup", type=Path, metavar="FILE", help="seal the vault folder into a new file, and prove it")
    what.add_argument("--restore", type=Path, metavar="FILE", help="make the vault folder anew from such a file")
    what.add_argument("--read", type=Path, metavar="FILE", help="print an exported case, checked")
    parser.add_argument("--vault", type=Path, metavar="DIR")
    parser.add_argument("--fingerprint", metavar="HEX", help="the programme's, 64 hex characters")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="for scripts (default: ask)")
    options = parser.parse_args(arguments)
    if not options.read and not (options.vault and options.fingerprint):
        parser.error("--vault and --fingerprint are needed")
    if not options.read:
        try:
            hex32(options.fingerprint)
        except ProtocolError:
            parser.error("the fingerprint is 64 hexadecimal characters")
    return options


def _passphrase(options: argparse.Namespace) -> str:
    if options.passphrase_file:
        return str(options.passphrase_file.read_text("utf-8").rstrip("\r\n"))
    return getpass.getpass("Passphrase of the file: " if options.read else "Passphrase of the vault: ")
