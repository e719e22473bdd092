"""Releases with chosen "noisy" counts, signed by a statistician's key that every test knows."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from crypto.numbers import EXACT
from oversight.keys import signer
from oversight.metadata import next_versions, state_of
from oversight.proposal import Proposal, add_signatures, apply
from oversight.publish import load, store
from oversight.statistics import keys, ledger, release

Drawn = tuple[str, str, tuple[int, ...]]
Signer = tuple[str, Callable[[bytes], bytes]]
KEY = keys.StatisticianKey("Stat", b"\x51" * 32, b"\x52" * 32, b"\x53" * 32)
STATISTICIAN = keys.public_part(KEY)
SIGNER: Signer = (KEY.sign_public, lambda message: keys.sign(KEY, message))
# Tables that were due before these tests were written.
FIRST = ("T1", "2024-Y", (12, 7, 30, -2, 4))
SECOND = ("T2", "2024-Y", (6, 11, 3, 20, -1))
THIRD = ("T1", "2025-Y", (15, 9, 21, 8, 5))
# Exact figures of the period of THIRD, in the order of EXACT.
FIGURES = (6, 3, 1, 1, 1, 4, 1, 1, 5, 1, 2900, 2871)


def published(programme: bytes, *drawn: Drawn, signers: Mapping[Drawn, Signer] | None = None) -> dict[str, bytes]:
    """All published files by target path, after these tables were drawn in this order. `signers`: who signed if not the statistician."""
    lines, files = b"", dict[str, bytes]()
    for each in drawn:
        table, period, counts = each
        before = [release.check_release(data, programme) for data in files.values()]
        made = release.make(
            programme,
            table,
            period,
            counts,
            before,
            ledger.parse_ledger(lines),
            "0.16.0",
            (signers or {}).get(each, SIGNER),
            dict(zip(EXACT, FIGURES, strict=True)) if each == THIRD else None,
        )
        files[f"{period}-{table}"] = made
        lines += ledger.line_of(ledger.entry_of(made))
    return release.target_files(lines, files)


def write(folder: Path, files: dict[str, bytes]) -> str:
    """A folder as `./tellsafe statistics files` writes it."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for path_, data in files.items():
        (folder / path_.rpartition("/")[2]).write_bytes(data)
    return str(folder)


def put(tree: Path, seeds: Sequence[bytes], files: dict[str, bytes], now: datetime.datetime) -> None:
    """Stewards sign and store these files in a tree by another program than the desk: nothing is checked."""
    held = load(tree)
    state = state_of(held)
    proposal = Proposal(*next_versions(state, {}, now, numbers=files))
    for seed in seeds:
        proposal, _ = add_signatures(proposal, signer(seed), state)
    store(tree, apply(held, proposal))
