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

from crypto.constants import OPEN_KEY_BYTES, VERSION
from crypto.encoding import hex32, is_hex32, parse_strict, unb64
from crypto.errors import Expired, Malformed, Mismatch, Rollback, Threshold, WrongVersion

S = TypeVar("S", bound=Signed)

_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_QUARTER = re.compile(r"[0-9]{4}-Q[1-4]")


@dataclass(frozen=True)
class Tie:
    """A declared tie to a lab; `until` is YYYY-MM-DD, or "" while it lasts."""

    lab: str
    category: str
    until: str


@dataclass(frozen=True)
class Reviewer:
    """One reviewer. sign: hex32; find: 32 bytes; open: quarter to 1,216 bytes; from_ and to: YYYY-MM-DD."""

    name: str
    affiliation: str
    sign: str
    find: bytes
    open: Mapping[str, bytes]
    ties: tuple[Tie, ...]
    from_: str
    to: str
    languages: tuple[str, ...]
    groups: tuple[str, ...]
    record: Mapping[str, str]


@dataclass(frozen=True)
class Roster:
    """The reviewers in the order of the file; version is that of the TUF role."""

    version: int
    reviewers: tuple[Reviewer, ...]


@dataclass(frozen=True)
class Programme:
    """The programme's settings. tick in seconds; part_seconds: shortest and longest wait between postings of a long text."""

    name: str
    tick: int
    part_seconds: tuple[int, int]
    cover_per_day: int
    labs: tuple[str, ...]
    emergency: str


@dataclass(frozen=True)
class Tree:
    """What a verified bundle says. versions: role name to version, to be passed as `seen` the next time."""

    roster: Roster
    programme: Programme
    versions: dict[str, int]


def programme_id(root1: bytes) -> bytes:
    """P (32 bytes): H of the canonical signed part of root version 1. Malformed if that is not metadata."""
    return hashlib.sha256(_read(root1)[1]).digest()


def verify_bundle(bundle: bytes, programme: bytes, day: datetime.datetime, seen: Mapping[str, int] | None = None) -> Tree:
    """Check bundle.json from the fingerprint down to the two target files.

    `day` is aware (a naive one is taken as UTC); `seen` maps roles to versions seen before. Malformed, Mismatch, Threshold,
    Expired, Rollback or WrongVersion.
    """
    now = day if day.tzinfo else day.replace(tzinfo=datetime.UTC)
    metadata, files = _bundle(bundle)
    walk = _Walk(metadata, now, dict(seen or {}), {})
    root = _roots(walk, programme)
    timestamp = walk.final(Timestamp, "timestamp", "timestamp.json", root)
    snapshot = walk.promised(Snapshot, "snapshot", timestamp.snapshot_meta, root)
    targets = walk.promised(Targets, "targets", _meta(snapshot, "targets"), root)
    parsed: dict[str, dict[str, Any]] = {}
    for role in ("roster", "programme"):
        delegated = walk.promised(Targets, role, _meta(snapshot, role), targets)
        parsed[role] = parse_strict(_target(delegated, targets, role, files))
    return Tree(_roster(parsed["roster"], walk.versions["roster"]), _programme(parsed["programme"]), walk.versions)


def quarter_of(day: datetime.date) -> str:
    """"2026-Q4" of a day."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def open_key(reviewer: Reviewer, day: datetime.date) -> bytes | None:
    """The open key (1,216 bytes) of the day's quarter, or None: then the reviewer cannot be written to."""
    return reviewer.open.get(quarter_of(day))


@dataclass(frozen=True)
class _Walk:
    """The bundle's metadata texts, the time, versions seen before and versions accepted in this walk."""

    metadata: Mapping[str, bytes]
    now: datetime.datetime
    seen: Mapping[str, int]
    versions: dict[str, int]

    def load(self, kind: type[S], role: str, name: str, *delegators: Root | Targets) -> S:
        """Parse a file and check it against its delegators' thresholds; a root counts as its own delegator too."""
        if name not in self.metadata:
            raise Mismatch(f"{name} is missing")
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

    def accept(self, role: str, signed: Signed) -> None:
        if signed.version < self.seen.get(role, 0):
            raise Rollback(f"{role} is older than what was seen before")
        if signed.is_expired(self.now):
            raise Expired(f"{role} has expired")
        self.versions[role] = signed.version


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
    """(signed part, its canonical bytes, signatures) of a metadata file. All signatures are kept, doubles too: keys are counted later."""
    try:
        value = json.loads(data)
        payload = encode_canonical(value["signed"])
        signatures = [Signature(entry["keyid"], entry["sig"]) for entry in value["signatures"]]
        if payload is None or not isinstance(value["signed"], dict):
            raise Malformed("metadata without a signed part")
        return value["signed"], payload.encode("utf-8"), signatures
    except (ValueError, TypeError, KeyError, FormatError, RecursionError) as error:
        raise Malformed("this is not TUF metadata") from error


def _parsed(kind: type[S], signed: dict[str, Any]) -> S:
    """The python-tuf object; from_dict empties what it is given, so it gets its own copy."""
    try:
        if signed["_type"] != kind.type:
            raise Malformed(f"expected {kind.type} metadata")
        parsed = kind.from_dict(json.loads(json.dumps(signed)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
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
    try:
        promise.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise Mismatch("a file is not the one promised") from error


def _meta(snapshot: Snapshot, role: str) -> MetaFile:
    if f"{role}.json" not in snapshot.meta:
        raise Mismatch(f"the snapshot does not name {role}")
    return snapshot.meta[f"{role}.json"]


def _target(delegated: Targets, targets: Targets, role: str, files: Mapping[str, bytes]) -> bytes:
    """The target file of a delegated role, found under its SHA-256 and checked against it."""
    path = f"{role}.json"
    delegation = (targets.delegations.roles or {})[role] if targets.delegations else None
    if delegation is None or not delegation.is_delegated_path(path) or path not in delegated.targets:
        raise Mismatch(f"{role} does not speak for {path}")
    promise = delegated.targets[path]
    name = f"{promise.hashes.get('sha256', '')}.{path}"
    if name not in files:
        raise Mismatch(f"{path} is missing")
    _check_bytes(promise, files[name])
    return files[name]


def _need(good: bool, what: str) -> None:
    if not good:
        raise Malformed(f"{what} has other names or types")


def _names(value: Any, names: str, what: str) -> dict[str, Any]:
    """`value` as an object with exactly these names, or Malformed."""
    _need(isinstance(value, dict) and value.keys() == set(names.split()), what)
    return dict(value)


def _strings(value: Any, what: str) -> tuple[str, ...]:
    _need(isinstance(value, list) and all(isinstance(item, str) for item in value), what)
    return tuple(value)


def _check_version(value: dict[str, Any]) -> None:
    if isinstance(value.get("v"), int) and value["v"] != VERSION:
        raise WrongVersion("a file of another version")


def _roster(value: dict[str, Any], version: int) -> Roster:
    _check_version(value)
    entries = _names(value, "v reviewers", "the roster")["reviewers"]
    _need(isinstance(entries, list) and value["v"] == VERSION, "the roster")
    reviewers = tuple(_reviewer(entry) for entry in entries)
    keys: list[object] = [key for each in reviewers for key in (each.sign, each.find.hex(), *each.open.values())]
    _need(len(set(keys)) == len(keys), "a roster with one key twice")
    return Roster(version, reviewers)


def _reviewer(value: Any) -> Reviewer:
    names = "name affiliation sign find open languages groups ties from to record"
    fields = _names(value, names, "a reviewer")
    _need(all(isinstance(fields[name], str) for name in ("name", "affiliation", "from", "to")), "a reviewer")
    _need(is_hex32(fields["sign"]) and is_hex32(fields["find"]), "a reviewer's keys")
    _need(_DAY.fullmatch(fields["from"]) is not None and _DAY.fullmatch(fields["to"]) is not None, "a reviewer's term")
    _need(isinstance(fields["ties"], list) and isinstance(fields["open"], list), "a reviewer")
    record = fields["record"]
    _need(isinstance(record, dict) and all(isinstance(text, str) for text in record.values()), "a reviewer's record")
    return Reviewer(
        name=fields["name"],
        affiliation=fields["affiliation"],
        sign=fields["sign"],
        find=hex32(fields["find"]),
        open=_open_keys(fields["open"]),
        ties=tuple(_tie(entry) for entry in fields["ties"]),
        from_=fields["from"],
        to=fields["to"],
        languages=_strings(fields["languages"], "a reviewer's languages"),
        groups=_strings(fields["groups"], "a reviewer's groups"),
        record=record,
    )


def _open_keys(entries: list[Any]) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for entry in entries:
        fields = _names(entry, "quarter key", "an open key")
        quarter = fields["quarter"]
        _need(isinstance(quarter, str) and isinstance(fields["key"], str), "an open key")
        _need(_QUARTER.fullmatch(quarter) is not None and quarter not in keys, "an open key's quarter")
        keys[quarter] = unb64(fields["key"], OPEN_KEY_BYTES)
    return keys


def _tie(value: Any) -> Tie:
    fields = _names(value, "lab category until", "a tie")
    _need(all(isinstance(text, str) for text in fields.values()), "a tie")
    _need(fields["until"] == "" or _DAY.fullmatch(fields["until"]) is not None, "a tie's end")
    return Tie(fields["lab"], fields["category"], fields["until"])


def _programme(value: dict[str, Any]) -> Programme:
    _check_version(value)
    fields = _names(value, "v name tick part_seconds cover_per_day labs emergency", "the programme")
    wait = fields["part_seconds"]
    _need(all(isinstance(fields[name], str) for name in ("name", "emergency")) and fields["v"] == VERSION, "the programme")
    _need(all(isinstance(fields[name], int) for name in ("tick", "cover_per_day")), "the programme")
    _need(isinstance(wait, list) and len(wait) == 2 and all(isinstance(item, int) for item in wait), "the programme")
    labs = _strings(fields["labs"], "the programme's labs")
    return Programme(fields["name"], fields["tick"], (wait[0], wait[1]), fields["cover_per_day"], labs, fields["emergency"])
