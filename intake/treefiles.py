"""A new signed tree that somebody sends: checked as every reader checks it, then kept for ever (PROTOCOL 8, POST /tree).

Only here does the server check signatures, and only here is the code for that loaded: the first such request brings it into memory.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crypto.errors import Malformed, Mismatch, ProtocolError
from crypto.roster import Roster, Suspension, parse_roster, parse_suspensions
from intake import clock, disk, publicfiles
from intake.config import Config
from intake.errors import Refused

if TYPE_CHECKING:
    from crypto.tree import Tree

# The same file that the stewards' desk locks when it writes into this data folder.
LOCK = "tree.lock"
LIFE = timedelta(days=7)
YOUNG = timedelta(hours=12)
NAMES = re.compile(
    r"metadata/timestamp\.json|metadata/[1-9][0-9]{0,15}\.[a-z]{1,20}\.json|targets/[0-9a-f]{64}\.[a-z]{1,20}\.json"
    r"|targets/statistics/[0-9a-f]{64}\.[A-Za-z0-9][A-Za-z0-9-]{0,39}(\.schema)?\.(json|jsonl|csv)"
)
# What parsers of a stranger's JSON may fail with beside the protocol's own errors.
ODD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def store(config: Config, body: bytes) -> None:
    """Keep what is new in a bundle; returning means that it is on the disk, or that there was nothing to do.

    Refused or a ProtocolError: then nothing was stored.
    """
    with _only_one(config):
        now = clock.now()
        served = publicfiles.versions(config)
        wanted = _checked(config, body, now, served)
        for path, data in wanted.items():
            if path.name != "timestamp.json" and path.exists() and path.read_bytes() != data:
                raise Refused("TreeOther")
        if _worth_it(config, wanted, now, served):
            _write(wanted)


@contextmanager
def _only_one(config: Config) -> Iterator[None]:
    """One check at a time on this machine. Who comes second is told to come again, so that nobody waits in line with a thread."""
    with (config.data / LOCK).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused("TreeBusy") from error
        yield


def _checked(config: Config, body: bytes, now: datetime, served: Mapping[str, int]) -> dict[Path, bytes]:
    """Where each file belongs that the check has read, and its bytes. Nothing else in the bundle is looked at."""
    from crypto.steps import undone
    from crypto.tree import verify_bundle

    try:
        tree = verify_bundle(body, publicfiles.programme(config), now, served, statistics=True)
        # However many stewards sign: what was published stays (decision 12).
        for sentence in undone(*_before(config, tree), f"{now:%Y-%m-%d}"):
            raise Mismatch(sentence)
        bundle = json.loads(body)
        texts = {
            f"{part}/{name}": bundle[part][name].encode() for part in ("metadata", "targets") for name in bundle[part] if name in tree.used
        }
    except ODD as error:
        raise Malformed("this is not a tree") from error
    if not all(NAMES.fullmatch(name) for name in texts):
        raise Malformed("a file of this tree has a name of another form")
    for name in sorted(tree.lacking):
        if not _held(config, name, served):
            raise Mismatch(f"{name} is missing")
    return {config.tree / name: data for name, data in texts.items()}


def _before(config: Config, new: Tree) -> tuple[Roster, Roster, Sequence[Suspension], Sequence[Suspension]]:
    """Roster and suspensions, each as served and as they would be. What is served may be older than its form: then it is not compared."""
    files = {name.partition(".")[2]: text.encode() for name, text in publicfiles.newest(config)["targets"].items()}
    try:
        old = parse_roster(files["roster.json"], 1), parse_suspensions(files["suspensions.json"])
    except ProtocolError:
        old = new.roster, new.suspensions
    return old[0], new.roster, old[1], new.suspensions


def _held(config: Config, name: str, served: Mapping[str, int]) -> bool:
    """Whether a file of the public numbers that a bundle leaves out is here already."""
    if name.startswith(f"{publicfiles.STATISTICS}/"):
        return NAMES.fullmatch(f"targets/{name}") is not None and (config.tree / "targets" / name).is_file()
    # Only what is served has been checked: a file alone would do if nothing were ever left over from a crash.
    return name == f"{served.get(publicfiles.STATISTICS, 0)}.{publicfiles.STATISTICS}.json"


def _worth_it(config: Config, wanted: Mapping[Path, bytes], now: datetime, served: Mapping[str, int]) -> bool:
    """Whether the timestamp is newer and, over the same snapshot, lapses later than the last and comes not too soon after it.

    So nobody can make the files churn, and nobody whose key may sign timestamps only can make the tree lapse.
    """
    here = config.tree / "metadata" / "timestamp.json"
    new, old = (json.loads(data)["signed"] for data in (wanted[here], here.read_bytes()))
    if new["version"] <= served["timestamp"]:
        return False
    if new["meta"]["snapshot.json"]["version"] > served["snapshot"]:
        return True
    was, will = (datetime.strptime(each["expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) for each in (old, new))
    return will > was and LIFE - (was - now) >= YOUNG


def _write(wanted: Mapping[Path, bytes]) -> None:
    """What is not here yet, durably; roots after everything they may replace, the timestamp last: until then the old tree is whole."""
    week = clock.week()
    for folder in {path.parent for path in wanted}:
        if not folder.exists():
            folder.mkdir()
            disk.sync(folder.parent)
    for path in sorted(wanted, key=_order):
        if path.name == "timestamp.json" or not path.exists():
            disk.write(path, wanted[path], week)


def _order(path: Path) -> tuple[int, int]:
    number, _, rest = path.name.partition(".")
    rank = 2 if path.name == "timestamp.json" else 1 if rest == "root.json" else 0
    return rank, int(number) if rank == 1 else 0
