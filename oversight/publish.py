"""From a signed proposal to a tree: everything is checked again, then every new file is written, the timestamp last.

The checks (`check`, `review`) are pure; `store` is the only writer, of a folder with `metadata/`, `targets/` and `targets/statistics/`.
Files stay for ever: a name that exists is never written again, the timestamp apart.
"""

import datetime
import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import Root, Targets

from crypto.tree import STATISTICS, programme_id, verify_bundle
from oversight import disk
from oversight.errors import Refused
from oversight.history import changes, name_of, names_of, root_changes
from oversight.metadata import Files, State, to_bundle
from oversight.numbers import number_lines, number_problems
from oversight.proposal import Need, Proposal, apply, check_base, contents_of, needs, numbers_of, part, present, role_of
from oversight.rules import Facts, expiry_problems, facts_of, problems, shape_problems

PARTS = ("metadata", "targets")
LOCK = "tree.lock"
NOT_WHOLE = "this proposal is not a whole programme, and there is no tree to which it could be added"


@dataclass(frozen=True)
class Review:
    """What a proposal means for a tree: changes and broken rules in words, what signatures it has and needs, and names for keys."""

    lines: tuple[str, ...]
    problems: tuple[str, ...]
    needs: tuple[Need, ...]
    names: Mapping[str, str]


def review(files: Files, proposal: Proposal, now: datetime.datetime) -> Review:
    """Compare a proposal with the tree it would change. Refused if it is not the next step from it; Malformed if its texts are wrong."""
    state = present(files)
    check_base(proposal, state)
    old = facts_of(state.contents, state.roles["roster"].version) if state else None
    new = _facts_after(state, proposal)
    day = f"{now:%Y-%m-%d}"
    names = names_of(old, new)
    root: Root | None = part(proposal, "root") or (state.root if state else None)
    targets: Targets | None = part(proposal, "targets") or (state.targets if state else None)
    if root is None or targets is None:
        raise Refused(NOT_WHOLE)
    roster = {**(state.contents if state else {}), **contents_of(proposal)}["roster"]
    lines = changes(old, new, day)
    if part(proposal, "root"):
        lines += root_changes(state.root if state else None, part(proposal, "root"), names)
    programme = state.programme if state else programme_id(proposal.metadata["1.root.json"].to_bytes())
    numbers, before = numbers_of(proposal), state.number_files if state else {}
    if part(proposal, STATISTICS):
        lines += number_lines(before, numbers)
    for name, each in proposal.metadata.items():
        lines.append(f"Signed file {name}: good until {each.signed.expires:%Y-%m-%d}")
    expiries = {role_of(name): each.signed.expires for name, each in proposal.metadata.items()}
    broken = [*problems(old, new, day), *shape_problems(root, targets, new, roster, day), *expiry_problems(expiries, now)]
    if part(proposal, STATISTICS):
        lacks = bool(state and state.numbers_version and state.numbers is None)
        broken += number_problems(before, numbers, programme, new.programme.statistician, now.date(), lacks)
    return Review(tuple(lines), tuple(broken), tuple(needs(proposal, state)), names)


def signature_lines(found: Review) -> list[str]:
    """Who signed what and how many are missing, one line per file."""
    lines = []
    for need in found.needs:
        who = ", ".join(name_of(key, found.names) for key in need.signed) or "nobody"
        more = f"; {need.missing} more must sign" if need.missing else ""
        count = f"{need.threshold} {'steward' if need.threshold == 1 else 'stewards'}"
        lines.append(f"{need.role} needs {count}, signed by {who}{more}")
    return lines


def check(files: Files, proposal: Proposal, now: datetime.datetime) -> Files:
    """The tree with the proposal in it. Refused, or the protocol's error: too few signatures, a broken rule, a file no reader accepts."""
    found = review(files, proposal, now)
    for need, line in zip(found.needs, signature_lines(found), strict=True):
        if need.missing:
            raise Refused(f"too few signatures: {line}")
    if found.problems:
        raise Refused(found.problems[0])
    state = present(files)
    whole = apply(files, proposal)
    after = present(whole)
    assert after is not None
    seen = versions_of(state) if state else None
    # Only then: numbers that have lapsed must not keep a steward from suspending somebody.
    numbers = part(proposal, STATISTICS) is not None
    verify_bundle(to_bundle(whole, numbers), after.programme, now, seen, statistics=numbers)
    return whole


def versions_of(state: State) -> dict[str, int]:
    """Role to version, as `seen` for the next verify_bundle."""
    top = {role: getattr(state, role).version for role in ("root", "targets", "snapshot", "timestamp")}
    numbers = {STATISTICS: state.numbers_version} if state.numbers_version else {}
    return top | {role: signed.version for role, signed in state.roles.items()} | numbers


def load(folder: Path) -> Files:
    """A tree folder as text; empty if there is none."""
    files = {part: {path.name: path.read_text("utf-8") for path in sorted((folder / part).glob("*.json"))} for part in PARTS}
    for path in sorted((folder / "targets" / STATISTICS).glob("*.*")):
        if path.suffix != ".new":
            files["targets"][f"{STATISTICS}/{path.name}"] = path.read_text("utf-8")
    return files


def store(folder: Path, files: Files) -> int:
    """Write what the folder lacks, durably, the timestamp last. Returns the number of files written. Refused: a name with other content.

    Until the timestamp is there, readers see the whole tree as it was before.
    """
    for name in ("metadata", "targets", *([f"targets/{STATISTICS}"] if any("/" in name for name in files["targets"]) else [])):
        (folder / name).mkdir(parents=True, exist_ok=True)
    wanted = [(folder / part_name / name, text.encode()) for part_name in reversed(PARTS) for name, text in files[part_name].items()]
    for path, data in wanted:
        if path.name != "timestamp.json" and path.exists() and path.read_bytes() != data:
            raise Refused(f"{path.name} exists already and says something else: every version is kept for ever")
    fresh = [(path, data) for path, data in wanted if not path.exists() or path.read_bytes() != data]
    disk.sync(folder / "targets")
    for path, data in sorted(fresh, key=lambda pair: pair[0].name == "timestamp.json"):
        disk.write(path, data)
    return len(fresh)


def publish(folder: Path, proposal: Proposal, now: datetime.datetime) -> Files:
    """Check a proposal against a tree folder and write it there. Returns the tree."""
    whole = check(load(folder), proposal, now)
    store(folder, whole)
    return whole


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Wait until no other process writes the tree of a server's data folder."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _facts_after(state: State | None, proposal: Proposal) -> Facts:
    contents = {**(state.contents if state else {}), **contents_of(proposal)}
    roster = part(proposal, "roster") or (state.roles["roster"] if state else None)
    if roster is None or len(contents) < 3:
        raise Refused(NOT_WHOLE)
    return facts_of(contents, roster.version)
