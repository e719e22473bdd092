"""What has been drawn: an append-only file of JSON lines, each with the hash of the one before, and the rules of the budget. Pure.

A line is a function of its release, so a release without a line (a draw that was cut short) can be entered later and says the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from crypto.encoding import canonical, is_hex32, parse_strict
from crypto.errors import Malformed
from crypto.numbers import LIFETIME, TABLES, Release, frequency, frequency_of, keys_of, parse_release, quarters_of, release_id
from crypto.schema import Check, code, has, integer, text
from oversight.errors import Refused

START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One release in the ledger. sha256: of the release file; previous: of the line before, with its line end; both hex32."""

    number: int
    table: str
    period: str
    epsilon: str
    sha256: str
    previous: str

    @property
    def release(self) -> str:
        return release_id(self.table, self.period)


def entry_of(data: bytes) -> Entry:
    """The ledger's entry for a release file. Malformed: it is none."""
    release = parse_release(data)
    place = release.value["ledger"]
    return Entry(place["number"], release.table, release.period, release.value["epsilon"], digest(data), place["previous"])


def line_of(entry: Entry) -> bytes:
    """The entry as a line of the ledger file, with its line end."""
    value = {"v": 1, "number": entry.number, "release": entry.release, "table": entry.table, "period": entry.period}
    return canonical({**value, "epsilon": entry.epsilon, "sha256": entry.sha256, "previous": entry.previous}) + b"\n"


def parse_ledger(data: bytes) -> list[Entry]:
    """The entries of a ledger file, every rule checked again. Refused: which line breaks which rule."""
    entries: list[Entry] = []
    for line in data.splitlines(keepends=True):
        number = len(entries) + 1
        try:
            value = parse_strict(line.removesuffix(b"\n"))
        except Malformed as error:
            raise Refused(f"line {number} of the ledger is not a line of a ledger") from error
        if not line.endswith(b"\n") or not has(_LINE, value):
            raise Refused(f"line {number} of the ledger is not a line of a ledger")
        entry = Entry(value["number"], value["table"], value["period"], value["epsilon"], value["sha256"], value["previous"])
        if line_of(entry) != line or entry.epsilon != TABLES[entry.table].epsilon:
            raise Refused(f"line {number} of the ledger is not what its table and period say")
        if (entry.number, entry.previous) != (number, head(entries)):
            raise Refused(f"line {number} of the ledger does not follow the line before it")
        check_next(entries, entry.table, entry.period)
        entries.append(entry)
    return entries


def head(entries: Sequence[Entry]) -> str:
    """The hash (hex32) that the next line names."""
    return digest(line_of(entries[-1])) if entries else START


def check_next(entries: Sequence[Entry], table: str, period: str) -> None:
    """Refused unless this table may be drawn now: known, never drawn, in order of time, and within every report's budget."""
    try:
        keys_of(table, period)
    except Malformed as error:
        raise Refused(str(error)) from error
    quarters = quarters_of(period)
    for entry in entries:
        if entry.table != table:
            continue
        if set(quarters_of(entry.period)) & set(quarters):
            raise Refused(f"{release_id(table, period)} counts reports that {entry.release} has counted already: a table is drawn once")
        # Out of order, a late draw could change how often a later year was to be drawn.
        if quarters_of(entry.period) > quarters:
            raise Refused(f"{release_id(table, period)} is before {entry.release}, which has been drawn: it is never drawn any more")
    total = spent(entries, period) + Fraction(TABLES[table].epsilon)
    if total > Fraction(LIFETIME):
        raise Refused(f"reports of {period} would lose {float(total)} in all, and the policy says {LIFETIME}")


def spent(entries: Sequence[Entry], period: str) -> Fraction:
    """The most epsilon that any report of a period has been charged so far."""
    return max(
        sum((Fraction(each.epsilon) for each in entries if quarter in quarters_of(each.period)), Fraction(0))
        for quarter in quarters_of(period)
    )


def check_frequency(table: str, period: str, totals: Mapping[str, int]) -> str:
    """Why a table is drawn this often, as a sentence. `totals`: published T1 totals by period. Refused: it should be another."""
    if table != "T1":
        return "yearly, always"
    wanted, why = frequency(int(period[:4]), totals)
    if wanted != frequency_of(period):
        raise Refused(f"the table of concerns of {period[:4]} is drawn {why}")
    return why


def totals_of(releases: Sequence[Release]) -> dict[str, int]:
    """The published total of each T1 by period."""
    return {each.period: each.total for each in releases if each.table == "T1"}


def digest(data: bytes) -> str:
    """H, as hex32."""
    return hashlib.sha256(data).hexdigest()


_LINE: Mapping[str, Check] = {
    "v": integer(1, 1),
    "number": integer(1),
    "release": text(20),
    "table": code(*TABLES),
    "period": text(10),
    "epsilon": text(10),
    "sha256": is_hex32,
    "previous": is_hex32,
}
