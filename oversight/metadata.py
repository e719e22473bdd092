"""The files of the signed tree, as values: reading a tree's present state and making the next versions (PROTOCOL section 8).

Plain TUF 1.0, made with python-tuf. Nothing here reads a disk, a clock or a key: `Files` is what a tree folder holds, as text, and what
comes out is unsigned. The snapshot names versions only: a hash of a file could not be known before the last steward has signed it.
"""

import datetime
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import Key, SSlibKey
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from crypto.encoding import canonical, parse_strict
from crypto.errors import Malformed, Mismatch
from crypto.tree import STATISTICS, programme_id, stored_name

# {"metadata": {NAME: text}, "targets": {NAME: text}}: the shape of bundle.json and of a tree folder.
Files = Mapping[str, Mapping[str, str]]

THRESHOLD = 2
CONTENTS = ("roster", "programme", "suspensions")
# Delegated already, so that later facts need no new root and no new targets.
LATER = {STATISTICS: "statistics/*", "site": "site.json"}
LIFE = {name: datetime.timedelta(days=days) for name, days in (("root", 365), ("targets", 365), ("programme", 365), (STATISTICS, 365),
        ("roster", 120), ("suspensions", 120), ("snapshot", 120), ("timestamp", 7))}  # fmt: skip
# A proposal travels by hand for days, while workstations renew the timestamp at most twice a day: its timestamp is numbered beyond theirs.
LEAP = 100


@dataclass(frozen=True)
class State:
    """The newest version of everything in a tree. contents: the target files as plain values.

    numbers: the optional role `statistics`, and number_files its target files by path; None and nothing if there is none or the tree at
    hand leaves it out, as bundle.json does. numbers_version says which (0: none).
    """

    programme: bytes
    root: Root
    targets: Targets
    snapshot: Snapshot
    timestamp: Timestamp
    roles: Mapping[str, Targets]
    contents: Mapping[str, Mapping[str, Any]]
    numbers_version: int = 0
    numbers: Targets | None = None
    number_files: Mapping[str, bytes] = field(default_factory=dict)


def state_of(files: Files) -> State:
    """Follow a tree from its newest root and its timestamp down. Signatures are not checked here: verify_bundle does that."""
    metadata = files["metadata"]
    version = 1
    while f"{version + 1}.root.json" in metadata:
        version += 1
    try:
        root = Metadata[Root].from_bytes(metadata[f"{version}.root.json"].encode()).signed
        timestamp = Metadata[Timestamp].from_bytes(metadata["timestamp.json"].encode()).signed
        snapshot = Metadata[Snapshot].from_bytes(metadata[f"{timestamp.snapshot_meta.version}.snapshot.json"].encode()).signed
        targets = Metadata[Targets].from_bytes(metadata[f"{snapshot.meta['targets.json'].version}.targets.json"].encode()).signed
        roles = {role: Metadata[Targets].from_bytes(metadata[promised(snapshot, role)].encode()).signed for role in CONTENTS}
        contents = {role: parse_strict(files["targets"][target_name(roles[role], role)].encode()) for role in CONTENTS}
        version, numbers = _numbers(metadata, snapshot)
        number_files = {path: files["targets"][name].encode() for path, name in stored_names(numbers).items()} if numbers else {}
    except KeyError as error:
        raise Mismatch(f"the tree lacks {error.args[0]}") from error
    except DeserializationError as error:
        raise Malformed("the tree holds a file that is not TUF metadata") from error
    programme = programme_id(metadata["1.root.json"].encode())
    return State(programme, root, targets, snapshot, timestamp, roles, contents, version, numbers, number_files)


def _numbers(metadata: Mapping[str, str], snapshot: Snapshot) -> tuple[int, Targets | None]:
    """(version the snapshot names or 0, the role's metadata if the tree at hand has it)."""
    if f"{STATISTICS}.json" not in snapshot.meta:
        return 0, None
    text = metadata.get(promised(snapshot, STATISTICS))
    return snapshot.meta[f"{STATISTICS}.json"].version, Metadata[Targets].from_bytes(text.encode()).signed if text else None


def stored_names(role: Targets) -> dict[str, str]:
    """Path to file name under targets/ of every target of a role."""
    return {path: stored_name(path, target) for path, target in role.targets.items()}


def bundle_files(files: Files, numbers: bool = False) -> Files:
    """All roots and the newest of everything else, as `/tree/bundle.json` gives it; with `numbers` the public numbers too, for POST."""
    state = state_of(files)
    names = [f"{version}.root.json" for version in range(1, state.root.version + 1)]
    names += ["timestamp.json", f"{state.snapshot.version}.snapshot.json", f"{state.targets.version}.targets.json"]
    names += [promised(state.snapshot, role) for role in CONTENTS]
    targets = [target_name(state.roles[role], role) for role in CONTENTS]
    if numbers and state.numbers:
        names.append(promised(state.snapshot, STATISTICS))
        targets += stored_names(state.numbers).values()
    return {"metadata": {name: files["metadata"][name] for name in names}, "targets": {name: files["targets"][name] for name in targets}}


def to_bundle(files: Files, numbers: bool = False) -> bytes:
    """bundle.json of a tree."""
    return json.dumps(bundle_files(files, numbers), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def promised(snapshot: Snapshot, role: str) -> str:
    """The file name of a role's metadata at the version the snapshot says."""
    return f"{snapshot.meta[f'{role}.json'].version}.{role}.json"


def target_name(role: Targets, name: str) -> str:
    """The file name under which a role's content is served."""
    return f"{role.targets[f'{name}.json'].hashes['sha256']}.{name}.json"


def key_of(public: str) -> Key:
    """A TUF key of a hex32 Ed25519 public key."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))


def public_of(key: Key) -> str:
    """The hex32 public key of a TUF key."""
    return str(key.keyval["public"])


def signer_keys(root: Root, role: str) -> list[str]:
    """The hex32 public keys that may sign a top-level role, in the order of the root."""
    return [public_of(root.keys[keyid]) for keyid in root.roles[role].keyids]


def renewers(roster: Mapping[str, Any], day: str) -> list[str]:
    """The sign keys whose workstations may renew the timestamp: everyone on the roster whose term has not been ended or run out."""
    return [each["sign"] for each in roster["reviewers"] if not each["ended"] and each["to"] >= day]


def first_versions(programme: Mapping[str, Any], roster: Mapping[str, Any], keys: Sequence[str], threshold: int,
                   now: datetime.datetime) -> tuple[dict[str, Metadata[Any]], dict[str, str]]:  # fmt: skip
    """Every file of a new programme: (metadata name to unsigned metadata, target name to text). keys: the stewards', hex32."""
    contents = {"programme": programme, "roster": roster, "suspensions": {"v": 1, "suspended": []}}
    root = _root(keys, renewers(roster, f"{now:%Y-%m-%d}"), threshold, 1, now)
    made: dict[str, Metadata[Any]] = {"1.root.json": Metadata(root), "1.targets.json": Metadata(_targets(keys, threshold, 1, now))}
    texts = _contents(made, contents, dict.fromkeys(CONTENTS, 0), now)
    versions = dict.fromkeys(("targets", *CONTENTS), 1)
    _tail(made, versions, 1, 1, now)
    return made, texts


def next_versions(
    state: State,
    contents: Mapping[str, Mapping[str, Any]],
    now: datetime.datetime,
    stewards: Sequence[str] = (),
    threshold: int = 0,
    again: Collection[str] = (),
    numbers: Mapping[str, bytes] | None = None,
) -> tuple[dict[str, Metadata[Any]], dict[str, str]]:
    """The next versions of what changes: unsigned metadata by name, and target texts by name.

    `contents` replaces target files; `stewards` (hex32 keys) and `threshold` replace who signs; `again` names roles that are signed
    again unchanged, for their expiry. A new root is made when the keys that may renew the timestamp change with the roster, and only then:
    what takes one steward must not need two because somebody's term ran out meanwhile. `numbers` replaces the target files of
    `statistics`, all of them, by path.
    """
    keys = list(stewards) or signer_keys(state.root, "root")
    wanted = threshold or state.root.roles["root"].threshold
    others = renewers(contents.get("roster", state.contents["roster"]), f"{now:%Y-%m-%d}")
    hands_over = set(keys) != set(signer_keys(state.root, "root")) or wanted != state.root.roles["root"].threshold
    made: dict[str, Metadata[Any]] = {}
    renewed = "roster" in contents or "roster" in again
    if hands_over or "root" in again or (renewed and set(signer_keys(state.root, "timestamp")) != {*keys, *others}):
        version = state.root.version + 1
        made[f"{version}.root.json"] = Metadata(_root(keys, others, wanted, version, now))
    versions = {"targets": state.targets.version} | {role: state.roles[role].version for role in CONTENTS}
    if hands_over or "targets" in again:
        versions["targets"] += 1
        made[f"{versions['targets']}.targets.json"] = Metadata(_targets(keys, wanted, versions["targets"], now))
    # Keys that left cannot vouch for a file any more: with new stewards everything is signed again.
    signed = {role: contents.get(role, state.contents[role]) for role in CONTENTS if hands_over or role in contents or role in again}
    texts = _contents(made, signed, versions, now)
    versions |= {role: versions[role] + 1 for role in signed}
    if state.numbers_version:
        versions[STATISTICS] = state.numbers_version
    if numbers is None and (STATISTICS in again or (hands_over and state.numbers_version)):
        if state.numbers is None:
            raise Mismatch("this copy of the tree lacks the public numbers, which must be signed again: fetch it anew")
        numbers = state.number_files
    if numbers is not None:
        versions[STATISTICS] = state.numbers_version + 1
        texts |= _number_files(made, numbers, versions[STATISTICS], now)
    if made or "snapshot" in again:
        _tail(made, versions, state.snapshot.version + 1, state.timestamp.version + LEAP, now)
    else:
        made["timestamp.json"] = Metadata(_timestamp(state.snapshot.version, state.timestamp.version + 1, now))
    return made, texts


def _contents(made: dict[str, Metadata[Any]], contents: Mapping[str, Mapping[str, Any]], versions: Mapping[str, int],
              now: datetime.datetime) -> dict[str, str]:  # fmt: skip
    """Add the next version of each content's role to `made`, and return the target files."""
    texts = {}
    for role, content in contents.items():
        data = canonical(content)
        target = TargetFile.from_data(f"{role}.json", data, ["sha256"])
        signed = Targets(version=versions[role] + 1, expires=_whole(now + LIFE[role]), targets={f"{role}.json": target})
        made[f"{signed.version}.{role}.json"] = Metadata(signed)
        texts[target_name(signed, role)] = data.decode()
    return texts


def _number_files(made: dict[str, Metadata[Any]], files: Mapping[str, bytes], version: int, now: datetime.datetime) -> dict[str, str]:
    """Add the next version of the role `statistics` to `made`, and return its target files."""
    named = {path: TargetFile.from_data(path, data, ["sha256"]) for path, data in sorted(files.items())}
    signed = Targets(version=version, expires=_whole(now + LIFE[STATISTICS]), targets=named)
    made[f"{version}.{STATISTICS}.json"] = Metadata(signed)
    return {name: files[path].decode() for path, name in stored_names(signed).items()}


def _tail(made: dict[str, Metadata[Any]], versions: Mapping[str, int], snapshot: int, timestamp: int, now: datetime.datetime) -> None:
    meta = {f"{role}.json": MetaFile(version=version) for role, version in versions.items()}
    made[f"{snapshot}.snapshot.json"] = Metadata(Snapshot(version=snapshot, expires=_whole(now + LIFE["snapshot"]), meta=meta))
    made["timestamp.json"] = Metadata(_timestamp(snapshot, timestamp, now))


def _timestamp(snapshot: int, version: int, now: datetime.datetime) -> Timestamp:
    return Timestamp(version=version, expires=_whole(now + LIFE["timestamp"]), snapshot_meta=MetaFile(version=snapshot))


def _whole(moment: datetime.datetime) -> datetime.datetime:
    """TUF writes times to the second, in UTC."""
    return moment.astimezone(datetime.UTC).replace(microsecond=0)


def _root(keys: Sequence[str], others: Sequence[str], threshold: int, version: int, now: datetime.datetime) -> Root:
    """Snapshot and timestamp take one signature: a suspension must not wait for a second steward."""
    root = Root(version=version, expires=_whole(now + LIFE["root"]), consistent_snapshot=True)
    for public in keys:
        for role in ("root", "targets", "snapshot", "timestamp"):
            root.add_key(key_of(public), role)
    for public in others:
        root.add_key(key_of(public), "timestamp")
    for role in ("root", "targets"):
        root.roles[role].threshold = threshold
    return root


def _targets(keys: Sequence[str], threshold: int, version: int, now: datetime.datetime) -> Targets:
    """Delegate each file of a programme to a role of its own. Nothing is signed directly, so a roster change touches one role only."""
    known = {key.keyid: key for key in map(key_of, keys)}
    paths = {role: f"{role}.json" for role in CONTENTS} | LATER
    roles = {
        role: DelegatedRole(role, list(known), 1 if role == "suspensions" else threshold, terminating=True, paths=[path])
        for role, path in paths.items()
    }
    return Targets(version=version, expires=_whole(now + LIFE["targets"]), delegations=Delegations(known, roles))
