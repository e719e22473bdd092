"""The public numbers as part of a proposal: what it adds, in words, and what would be wrong about it. Pure (PROTOCOL 8, Public numbers)."""

import datetime
from collections.abc import Mapping
from pathlib import Path

from crypto.errors import ProtocolError
from crypto.numbers import LEDGER_FILE, TABLES, Release, due, exact_words, parse_release, rows, shown, total_row
from crypto.roster import Statistician
from oversight.errors import Refused
from oversight.statistics.release import ROLE, check_targets, follows

LEDGER = f"{ROLE}/{LEDGER_FILE}"


def read_folder(folder: Path) -> dict[str, bytes]:
    """What `./tellsafe statistics files` wrote, by target path. Refused: there is nothing of that kind."""
    found = {f"{ROLE}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    if LEDGER not in found:
        raise Refused(f"{folder} has no {LEDGER_FILE}: name the folder that `./tellsafe statistics files` wrote")
    return found


def number_lines(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """What these files publish that those before did not, in plain words. Files that are no releases are for number_problems to name."""
    try:
        releases = check_targets(after, programme_of(after))
    except (Refused, ProtocolError):
        return ["Public numbers that cannot be read"]
    known = {path for path in before if path in after}
    lines = [line for each in releases if f"{ROLE}/{each.id}.json" not in known for line in _release_lines(each)]
    kept = sum(f"{ROLE}/{each.id}.json" in known for each in releases)
    return [*lines, f"Public numbers published before, and unchanged: {kept}"]


def number_problems(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    programme: bytes,
    statistician: Statistician | None,
    today: datetime.date,
    lacks: bool = False,
) -> list[str]:
    """Why these files may not be published after those; empty if they may. `lacks`: those before are not at hand."""
    if lacks:
        return ["this copy of the tree lacks the public numbers there are already: fetch it anew"]
    try:
        releases = check_targets(after, programme)
    except (Refused, ProtocolError) as error:
        return [str(error)]
    found = []
    if not follows(before.get(LEDGER, b""), after[LEDGER]):
        found.append("the ledger does not go on from the one that is published: nothing in it may be changed or taken away")
    # Of a statistician who has left, releases stay; what is new is the present one's.
    signer = statistician.sign if statistician else ""
    for each in releases:
        if f"{ROLE}/{each.id}.json" in before:
            continue
        if each.value["signatures"][0]["key"] != signer:
            found.append(f"{each.id} is not signed by the statistician whom the programme names")
        if today < due(each.table, each.period):
            found.append(f"{each.id} is published on {due(each.table, each.period)}, and not before: an early day would say something")
    gone = sorted(set(before) - set(after))
    return found + [f"{path} is published and may not be taken away" for path in gone]


def programme_of(files: Mapping[str, bytes]) -> bytes:
    """The programme that the releases say they are of; zeros where there is none."""
    for path, data in files.items():
        if path.endswith("-T1.json") or path.endswith("-T2.json"):
            return bytes.fromhex(parse_release(data).value["programme"])
    return bytes(32)


def _release_lines(release: Release) -> list[str]:
    first, last = release.value["period"]["from"], release.value["period"]["to"]
    who = release.value["signatures"][0]["key"][:16]
    head = (
        f"New public numbers {release.id}: {TABLES[release.table].title}, {first} to {last}, epsilon {release.value['epsilon']}, key {who}"
    )
    total = total_row(release)
    cells = [f"    {row.label}: {row.text} [in the file: {row.noisy}]" for row in rows(release)]
    exact = [f"    {said}" for said in exact_words(release)]
    return [head, *cells, f"    {total.label}: {shown(total.noisy, release.value['total_interval_95'])}", *exact]
