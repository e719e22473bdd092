"""Writing the signed tree (PROTOCOL section 8): plain TUF files, made with python-tuf.

A tree is a folder with `metadata/` (1.root.json, timestamp.json, N.snapshot.json, N.targets.json, N.roster.json, N.programme.json)
and `targets/` (HASH.roster.json, HASH.programme.json). Root, targets, snapshot, roster and programme need two stewards, the
timestamp any one. Seeds are 32-byte Ed25519 private keys; `now` is an aware UTC time. Signing below the threshold raises
Threshold before anything is written.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from crypto.encoding import canonical
from crypto.errors import Mismatch, Threshold
from crypto.tree import programme_id

THRESHOLD = 2
YEAR = datetime.timedelta(days=365)
# A first-time visitor is at most this far behind, and no holiday of one steward closes the door.
TIMESTAMP_LIFE = datetime.timedelta(days=7)
DELEGATED = ("programme", "roster")


def create_programme(
    folder: Path,
    steward_seeds: Sequence[bytes],
    programme: Mapping[str, Any],
    reviewers: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
) -> str:
    """Make the first version of every file and return the programme's fingerprint (64 hex characters).

    All stewards become keys of the root; only the first THRESHOLD of them sign, as in any later change.
    """
    signers = [_signer(seed) for seed in steward_seeds]
    signing = signers[:THRESHOLD]
    metadata = folder / "metadata"
    metadata.mkdir(parents=True, exist_ok=True)
    (folder / "targets").mkdir(exist_ok=True)
    root = _root(signers, now)
    _publish(metadata / "1.root.json", _signed(root, signing, THRESHOLD))
    _publish(metadata / "1.targets.json", _signed(_targets(signers, now), signing, THRESHOLD))
    for role, content in (("programme", programme), ("roster", {"v": 1, "reviewers": list(reviewers)})):
        _publish_role(folder, role, canonical(content), 1, signing, now)
    _publish_snapshot(folder, {f"{role}.json": 1 for role in ("targets", *DELEGATED)}, signing, now)
    return programme_id((metadata / "1.root.json").read_bytes()).hex()


def publish_roster(folder: Path, steward_seeds: Sequence[bytes], reviewers: Sequence[Mapping[str, Any]], now: datetime.datetime) -> int:
    """Replace the roster and return its new version. `steward_seeds` are those of the stewards at the desk."""
    return _replace(folder, "roster", {"v": 1, "reviewers": list(reviewers)}, steward_seeds, now)


def publish_programme(folder: Path, steward_seeds: Sequence[bytes], programme: Mapping[str, Any], now: datetime.datetime) -> int:
    """Replace the programme's facts and return their new version."""
    return _replace(folder, "programme", programme, steward_seeds, now)


def refresh_timestamp(folder: Path, seed: bytes, now: datetime.datetime) -> int:
    """Let any one steward say that the newest snapshot is still the newest. Returns the timestamp's new version."""
    return _publish_timestamp(folder / "metadata", _signer(seed), now)


def replace_stewards(folder: Path, old_seeds: Sequence[bytes], new_seeds: Sequence[bytes], now: datetime.datetime) -> int:
    """Hand the programme to other stewards: the next root, signed by a threshold of the old and of the new.

    Every other file is signed again by the new ones, since the old keys no longer count. The fingerprint stays.
    """
    metadata = folder / "metadata"
    version = _newest(metadata, "root") + 1
    fresh = [_signer(seed) for seed in new_seeds]
    root = Metadata(_root(fresh, now, version))
    signing = fresh[:THRESHOLD]
    for signer in [*signing, *(_signer(seed) for seed in old_seeds)]:
        root.sign(signer, append=True)
    before = Metadata[Root].from_file(str(metadata / f"{version - 1}.root.json"))
    _require(root, before.signed.roles["root"].keyids, THRESHOLD)
    targets = _targets(fresh, now, _newest(metadata, "targets") + 1)
    roles = {role: _target_bytes(folder, role) for role in DELEGATED}
    _publish(metadata / f"{version}.root.json", root)
    _publish(metadata / f"{targets.version}.targets.json", _signed(targets, signing, THRESHOLD))
    for role, data in roles.items():
        _publish_role(folder, role, data, _newest(metadata, role) + 1, signing, now)
    _publish_snapshot(folder, {f"{role}.json": _newest(metadata, role) for role in ("targets", *DELEGATED)}, signing, now)
    return version


def bundle_of(folder: Path) -> bytes:
    """Return the whole tree in one file, as `/tree/bundle.json` gives it."""
    names = {part: sorted((folder / part).glob("*.json")) for part in ("metadata", "targets")}
    return json.dumps({part: {path.name: path.read_text("utf-8") for path in paths} for part, paths in names.items()}).encode()


def _signer(seed: bytes) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(seed))


def _whole(moment: datetime.datetime) -> datetime.datetime:
    """TUF writes times to the second, in UTC."""
    return moment.astimezone(datetime.UTC).replace(microsecond=0)


def _root(signers: Sequence[CryptoSigner], now: datetime.datetime, version: int = 1) -> Root:
    root = Root(version=version, expires=_whole(now + YEAR), consistent_snapshot=True)
    for signer in signers:
        for role in ("root", "targets", "snapshot", "timestamp"):
            root.add_key(signer.public_key, role)
    for role in ("root", "targets", "snapshot"):
        root.roles[role].threshold = THRESHOLD
    return root


def _targets(signers: Sequence[CryptoSigner], now: datetime.datetime, version: int = 1) -> Targets:
    """Delegate the two files of a programme. Nothing is signed directly, so a roster change touches one role only."""
    keys: dict[str, Key] = {signer.public_key.keyid: signer.public_key for signer in signers}
    roles = {role: DelegatedRole(role, list(keys), THRESHOLD, terminating=True, paths=[f"{role}.json"]) for role in DELEGATED}
    return Targets(version=version, expires=_whole(now + YEAR), delegations=Delegations(keys, roles))


def _signed(signed: Signed, signers: Sequence[CryptoSigner], threshold: int) -> Metadata[Any]:
    metadata: Metadata[Any] = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    _require(metadata, [signer.public_key.keyid for signer in signers], threshold)
    return metadata


def _require(metadata: Metadata[Any], allowed: Sequence[str], threshold: int) -> None:
    """Refuse, before anything is written, what no reader would accept. One steward signing twice is one steward."""
    if len(set(metadata.signatures) & set(allowed)) < threshold:
        raise Threshold(f"{threshold} stewards must sign")


def _replace(folder: Path, role: str, content: Mapping[str, Any], seeds: Sequence[bytes], now: datetime.datetime) -> int:
    metadata = folder / "metadata"
    signers = [_signer(seed) for seed in seeds]
    targets = Metadata[Targets].from_file(str(metadata / f"{_newest(metadata, 'targets')}.targets.json")).signed
    if targets.delegations is None or not targets.delegations.roles:
        raise Mismatch("the targets delegate nothing")
    _require_known(signers, targets.delegations.roles[role].keyids)
    version = _newest(metadata, role) + 1
    _publish_role(folder, role, canonical(content), version, signers, now)
    _publish_snapshot(folder, {f"{name}.json": _newest(metadata, name) for name in ("targets", *DELEGATED)}, signers, now)
    return version


def _require_known(signers: Sequence[CryptoSigner], keyids: Sequence[str]) -> None:
    if len({signer.public_key.keyid for signer in signers} & set(keyids)) < THRESHOLD:
        raise Threshold(f"{THRESHOLD} of this programme's stewards must sign")


def _publish_role(folder: Path, role: str, content: bytes, version: int, signers: Sequence[CryptoSigner], now: datetime.datetime) -> None:
    name = f"{role}.json"
    target = TargetFile.from_data(name, content, ["sha256"])
    signed = _signed(Targets(version=version, expires=_whole(now + YEAR), targets={name: target}), signers, THRESHOLD)
    _write(folder / "targets" / f"{hashlib.sha256(content).hexdigest()}.{name}", content)
    _publish(folder / "metadata" / f"{version}.{name}", signed)


def _publish_snapshot(folder: Path, versions: Mapping[str, int], signers: Sequence[CryptoSigner], now: datetime.datetime) -> None:
    metadata = folder / "metadata"
    version = _newest(metadata, "snapshot") + 1
    meta = {name: MetaFile(version=number) for name, number in versions.items()}
    _publish(
        metadata / f"{version}.snapshot.json", _signed(Snapshot(version=version, expires=_whole(now + YEAR), meta=meta), signers, THRESHOLD)
    )
    _publish_timestamp(metadata, signers[0], now)


def _publish_timestamp(metadata: Path, signer: CryptoSigner, now: datetime.datetime) -> int:
    """The timestamp goes last: until it is there, readers see the whole tree as it was before."""
    path = metadata / "timestamp.json"
    version = Metadata[Timestamp].from_file(str(path)).signed.version + 1 if path.exists() else 1
    snapshot = MetaFile(version=_newest(metadata, "snapshot"))
    timestamp = Timestamp(version=version, expires=_whole(now + TIMESTAMP_LIFE), snapshot_meta=snapshot)
    _publish(path, _signed(timestamp, [signer], 1))
    return version


def _newest(metadata: Path, role: str) -> int:
    """Return the newest version of a role's file, 0 if there is none."""
    return max((int(path.name.partition(".")[0]) for path in metadata.glob(f"*.{role}.json")), default=0)


def _target_bytes(folder: Path, role: str) -> bytes:
    """Return the present content of a delegated role's file."""
    metadata = folder / "metadata"
    signed = Metadata[Targets].from_file(str(metadata / f"{_newest(metadata, role)}.{role}.json")).signed
    digest = signed.targets[f"{role}.json"].hashes["sha256"]
    return (folder / "targets" / f"{digest}.{role}.json").read_bytes()


def _publish(path: Path, metadata: Metadata[Any]) -> None:
    _write(path, metadata.to_bytes())


def _write(path: Path, data: bytes) -> None:
    """A server may read the folder meanwhile: it sees the old file or the new one, never half."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(data)
    temporary.replace(path)
