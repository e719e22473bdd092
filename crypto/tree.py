"""The signed tree: TUF's client workflow over one bundle, without disk or network (PROTOCOL 8).

python-tuf parses the metadata and its keys check the signatures. The walk is ours for two reasons: we start from a fingerprint
and not from a file, and we count distinct public keys where python-tuf counts key ids.
"""

import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from securesystemslib.exceptions import FormatError, UnverifiedSignatureError
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import Signature
from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import MetaFile, Root, Signed, Snapshot, TargetFile, Targets, Timestamp

from crypto.constants import INT_MAX, STALE_DAYS, TIMESTAMP_DAYS
from crypto.encoding import is_hex32
from crypto.errors import Expired, Malformed, Mismatch, Rollback, Threshold
from crypto.roster import Programme, Roster, Suspension, check_notice, day_text, parse_programme, parse_roster, parse_suspensions

S = TypeVar("S", bound=Signed)
STATISTICS = "statistics"
NUMBERS_PATH = re.compile(r"statistics/[A-Za-z0-9][A-Za-z0-9-]{0,39}(\.schema)?\.(json|jsonl|csv)")


@dataclass(frozen=True)
class Tree:
    """What a verified bundle says. versions: role name to version, to be passed as `seen` the next time; stale: about to expire.

    used: the bundle's names that were read and checked; whatever else was in it has not been looked at.
    lacking: names that the optional role `statistics` needs beside the bundle's: whoever checks it must hold them already.
    """

    roster: Roster
    suspensions: tuple[Suspension, ...]
    programme: Programme
    versions: dict[str, int]
    stale: bool
    used: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()


def programme_id(root1: bytes) -> bytes:
    """P (32 bytes): H of the canonical signed part of root version 1. Malformed if that is not metadata."""
    return hashlib.sha256(_read(root1)[1]).digest()


def verify_bundle(
    bundle: bytes, programme: bytes, day: datetime.datetime, seen: Mapping[str, int] | None = None, statistics: bool = False
) -> Tree:
    """Check bundle.json from the fingerprint down to the three target files.

    `day` is aware (a naive one is taken as UTC); `seen` maps roles to versions seen before. Malformed, Mismatch, Threshold,
    Expired, Rollback or WrongVersion. With `statistics` the role of the public numbers is checked too, as far as it is in the bundle:
    for those who publish it. Readers leave it alone.
    """
    now = day if day.tzinfo else day.replace(tzinfo=datetime.UTC)
    metadata, texts = _bundle(bundle)
    walk = _Walk(metadata, now, dict(seen or {}), {}, set())
    root = _roots(walk, programme)
    timestamp = walk.final(Timestamp, "timestamp", "timestamp.json", root)
    if timestamp.expires - now > datetime.timedelta(days=TIMESTAMP_DAYS):
        raise Mismatch("the timestamp would hold the tree still for longer than anybody may")
    snapshot = walk.promised(Snapshot, "snapshot", timestamp.snapshot_meta, root)
    targets = walk.promised(Targets, "targets", _meta(snapshot, "targets"), root)
    files = {role: walk.target(role, snapshot, targets, texts) for role in ("roster", "programme", "suspensions")}
    roster = parse_roster(files["roster"], walk.versions["roster"])
    settings = parse_programme(files["programme"])
    check_notice(roster, settings)
    lacking = walk.statistics(snapshot, targets, texts) if statistics else frozenset()
    stale = timestamp.expires - now <= datetime.timedelta(days=STALE_DAYS)
    return Tree(roster, parse_suspensions(files["suspensions"]), settings, walk.versions, stale, frozenset(walk.used), lacking)


def suspended_on(tree: Tree, day: datetime.date) -> frozenset[str]:
    """The sign keys suspended on a day."""
    today = day_text(day)
    return frozenset(each.sign for each in tree.suspensions if each.from_ <= today <= each.until)


@dataclass(frozen=True)
class _Walk:
    """The bundle's metadata texts, the time, versions seen before, versions accepted and names read in this walk."""

    metadata: Mapping[str, bytes]
    now: datetime.datetime
    seen: Mapping[str, int]
    versions: dict[str, int]
    used: set[str]

    def load(self, kind: type[S], role: str, name: str, *delegators: Root | Targets) -> S:
        """Parse a file and check it against its delegators' thresholds; a root counts as its own delegator too."""
        if name not in self.metadata:
            raise Mismatch(f"{name} is missing")
        self.used.add(name)
        signed, payload, signatures = _read(self.metadata[name])
        parsed = _parsed(kind, signed)
        above = (*delegators, parsed) if isinstance(parsed, Root) else delegators
        for delegator in above:
            _check_threshold(delegator, role, payload, signatures)
        return parsed

    def final(self, kind: type[S], role: str, name: str, delegator: Root | Targets) -> S:
        """Load a file and check that it is neither older than seen nor expired."""
        parsed = self.load(kind, role, name, delegator)
        self.accept(role, parsed)
        return parsed

    def promised(self, kind: type[S], role: str, promise: MetaFile, delegator: Root | Targets) -> S:
        """Load the version the role above promises, with its length and hashes if they are given."""
        name = f"{promise.version}.{role}.json"
        if name not in self.metadata:
            raise Mismatch(f"{name} is missing")
        _check_bytes(promise, self.metadata[name])
        parsed = self.load(kind, role, name, delegator)
        if parsed.version != promise.version:
            raise Mismatch(f"{name} has another version inside")
        self.accept(role, parsed)
        return parsed

    def target(self, role: str, snapshot: Snapshot, targets: Targets, texts: Mapping[str, bytes]) -> bytes:
        """The bytes of the one target file of a delegated role."""
        delegated = self.promised(Targets, role, _meta(snapshot, role), targets)
        name = _target(delegated, targets, role, texts)
        self.used.add(name)
        return texts[name]

    def statistics(self, snapshot: Snapshot, targets: Targets, texts: Mapping[str, bytes]) -> frozenset[str]:
        """Check the optional role `statistics`; the names it needs that are not in the bundle (PROTOCOL 8, Public numbers)."""
        promise = snapshot.meta.get(f"{STATISTICS}.json")
        version = promise.version if promise else 0
        if version < self.seen.get(STATISTICS, 0):
            raise Rollback(f"{STATISTICS} is older than what was seen before")
        if promise is None:
            return frozenset()
        if f"{version}.{STATISTICS}.json" not in self.metadata:
            return frozenset({f"{version}.{STATISTICS}.json"})
        signed = self.promised(Targets, STATISTICS, promise, targets)
        delegation = (targets.delegations.roles or {}).get(STATISTICS) if targets.delegations else None
        lacking = set()
        for path, wanted in signed.targets.items():
            if delegation is None or not delegation.is_delegated_path(path) or not NUMBERS_PATH.fullmatch(path):
                raise Mismatch(f"{STATISTICS} does not speak for {path[:60]}")
            name = stored_name(path, wanted)
            if name not in texts:
                lacking.add(name)
                continue
            _check_bytes(wanted, texts[name])
            self.used.add(name)
        return frozenset(lacking)

    def accept(self, role: str, signed: Signed) -> None:
        if signed.version < self.seen.get(role, 0):
            raise Rollback(f"{role} is older than what was seen before")
        if signed.is_expired(self.now):
            raise Expired(f"{role} has expired")
        # Else one signer of the timestamp or the snapshot could take the last number there is, and nothing newer could follow.
        if signed.version > self.now.timestamp():
            raise Mismatch(f"{role} has a version above the number of seconds since 1970")
        self.versions[role] = signed.version


def stored_name(path: str, target: TargetFile) -> str:
    """Where a target's bytes lie under targets/ with consistent snapshots: HASH.NAME in the folder of its path."""
    folder, slash, name = path.rpartition("/")
    digest = target.hashes.get("sha256", "")
    if not is_hex32(digest):
        raise Mismatch(f"{path[:60]} is promised without a SHA-256")
    return f"{folder}{slash}{digest}.{name}"


def _roots(walk: _Walk, programme: bytes) -> Root:
    """The newest root of an unbroken line from the fingerprint; only the last one must not have expired."""
    if programme_id(walk.metadata.get("1.root.json", b"")) != programme:
        raise Mismatch("the first root is not the one of this fingerprint")
    root = walk.load(Root, "root", "1.root.json")
    while (name := f"{root.version + 1}.root.json") in walk.metadata:
        following = walk.load(Root, "root", name, root)
        if following.version != root.version + 1:
            raise Rollback(f"{name} has another version inside")
        root = following
    walk.accept("root", root)
    return root


def _bundle(data: bytes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """(metadata, targets): file name to bytes."""
    try:
        value = json.loads(data)
        metadata, targets = ({name: text.encode() for name, text in value[part].items()} for part in ("metadata", "targets"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Malformed("this is not a bundle") from error
    return metadata, targets


def _read(data: bytes) -> tuple[dict[str, Any], bytes, list[Signature]]:
    """(signed part, its canonical bytes, signatures) of a metadata file. One key id twice is Malformed, as in python-tuf.

    What a page cannot read is refused here too: else one signer could have a server serve it to all pages.
    """
    try:
        # From text: from bytes Python would also read other encodings. NaN and its like are no integers either.
        value = json.loads(data.decode(), parse_int=_integer, parse_constant=_integer)
        payload = encode_canonical(value["signed"])
        signatures = [Signature(entry["keyid"], entry["sig"]) for entry in value["signatures"]]
        if payload is None or not isinstance(value["signed"], dict):
            raise Malformed("metadata without a signed part")
        keyids = {each.keyid for each in signatures}
        if len(keyids) < len(signatures) or not all(isinstance(each, str) for each in keyids):
            raise Malformed("metadata with a key id twice, or one that is no text")
        return value["signed"], payload.encode("utf-8"), signatures
    except (ValueError, TypeError, KeyError, FormatError, RecursionError) as error:
        raise Malformed("this is not TUF metadata") from error


def _integer(text: str) -> int:
    number = int(text)
    if abs(number) > INT_MAX:
        raise ValueError("a number that is not the same everywhere")
    return number


def _parsed(kind: type[S], signed: dict[str, Any]) -> S:
    """The python-tuf object; from_dict empties what it is given, so it gets its own copy."""
    try:
        if signed["_type"] != kind.type:
            raise Malformed(f"expected {kind.type} metadata")
        parsed = kind.from_dict(json.loads(json.dumps(signed)))
        # python-tuf's own client checks signatures over what it would write: a null or a date of fewer digits is lost on it.
        if parsed.to_dict() != signed:
            raise Malformed("metadata in another spelling than TUF's")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Malformed("this is not TUF metadata") from error
    assert isinstance(parsed, kind)
    return parsed


def _check_threshold(delegator: Root | Targets, role: str, payload: bytes, signatures: list[Signature]) -> None:
    """Threshold unless enough distinct Ed25519 keys of the role signed. One key under two key ids is one key."""
    try:
        delegated = delegator.get_delegated_role(role)
    except ValueError as error:
        raise Mismatch(f"nobody may sign {role}") from error
    good = {
        key.keyval["public"]
        for signature in signatures
        if signature.keyid in delegated.keyids and (key := _key(delegator, signature.keyid)) and _good(key, signature, payload)
    }
    if len(good) < delegated.threshold:
        raise Threshold(f"{role} has {len(good)} good signatures of {delegated.threshold}")


def _key(delegator: Root | Targets, keyid: str) -> Any:
    try:
        key = delegator.get_key(keyid)
    except ValueError:
        return None
    return key if (key.keytype, key.scheme) == ("ed25519", "ed25519") else None


def _good(key: Any, signature: Signature, payload: bytes) -> bool:
    try:
        key.verify_signature(signature, payload)
    except (UnverifiedSignatureError, ValueError, TypeError, KeyError):
        return False
    return True


def _check_bytes(promise: MetaFile | TargetFile, data: bytes) -> None:
    if not {"sha256", "sha512"}.issuperset(promise.hashes or ()):
        raise Malformed("an unknown hash")
    try:
        promise.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise Mismatch("a file is not the one promised") from error


def _meta(snapshot: Snapshot, role: str) -> MetaFile:
    if f"{role}.json" not in snapshot.meta:
        raise Mismatch(f"the snapshot does not name {role}")
    return snapshot.meta[f"{role}.json"]


def _target(delegated: Targets, targets: Targets, role: str, files: Mapping[str, bytes]) -> str:
    """The name of the target file of a delegated role, found under its SHA-256 and checked against it."""
    path = f"{role}.json"
    delegation = (targets.delegations.roles or {})[role] if targets.delegations else None
    if delegation is None or not delegation.is_delegated_path(path) or path not in delegated.targets:
        raise Mismatch(f"{role} does not speak for {path}")
    promise = delegated.targets[path]
    name = f"{promise.hashes.get('sha256', '')}.{path}"
    if name not in files:
        raise Mismatch(f"{path} is missing")
    _check_bytes(promise, files[name])
    return name
