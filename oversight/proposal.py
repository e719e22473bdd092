"""Proposals: the next versions of signed files, on their way from steward to steward. Bytes in, bytes out.

A file travels by hand, each steward adds signatures, and it is published when it has enough of them. What it would change is in it whole:
nobody signs what `show` cannot put in words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from crypto.encoding import parse_strict
from crypto.errors import Malformed, Mismatch
from crypto.tree import STATISTICS
from oversight.errors import Refused
from oversight.metadata import CONTENTS, Files, State, public_of, state_of, stored_names, target_name

KIND = "tellsafe proposal"
MOVED_ON = "the tree has moved on since this proposal was made: propose again"


@dataclass(frozen=True)
class Proposal:
    """New metadata by file name, with the signatures so far, and new target files by HASH.NAME."""

    metadata: Mapping[str, Metadata[Any]]
    targets: Mapping[str, str]


@dataclass(frozen=True)
class Need:
    """What one file needs: the role, how many of which keys, and the keys whose good signatures it has (hex32)."""

    role: str
    threshold: int
    allowed: tuple[str, ...]
    signed: tuple[str, ...]

    @property
    def missing(self) -> int:
        return max(0, self.threshold - len(set(self.signed)))


def to_bytes(proposal: Proposal) -> bytes:
    """The proposal as a file."""
    metadata = {name: each.to_dict() for name, each in proposal.metadata.items()}
    whole = {"v": 1, "kind": KIND, "metadata": metadata, "targets": dict(proposal.targets)}
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def from_bytes(data: bytes) -> Proposal:
    """Read a proposal. Refused: it is none, or a target in it is not the one its metadata names."""
    try:
        whole = json.loads(data)
        if whole["v"] != 1 or whole["kind"] != KIND or whole.keys() != {"v", "kind", "metadata", "targets"}:
            raise Refused("this is not a proposal")
        metadata = {str(name): Metadata.from_dict(each) for name, each in whole["metadata"].items()}
        targets = {str(name): str(text) for name, text in whole["targets"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, DeserializationError) as error:
        raise Refused("this is not a proposal") from error
    proposal = Proposal(metadata, targets)
    _check_inside(proposal)
    return proposal


def contents_of(proposal: Proposal) -> dict[str, dict[str, Any]]:
    """The target files a proposal replaces, by role, as plain values."""
    return {role: parse_strict(proposal.targets[target_name(signed, role)].encode()) for role, signed in _delegated(proposal).items()}


def numbers_of(proposal: Proposal) -> dict[str, bytes]:
    """All target files of the public numbers by path, if the proposal replaces them; else nothing."""
    signed = part(proposal, STATISTICS)
    return {path: proposal.targets[name].encode() for path, name in stored_names(signed).items()} if signed else {}


def part(proposal: Proposal, role: str) -> Any:
    """The signed part of a role in the proposal, or None."""
    for name, each in proposal.metadata.items():
        if role_of(name) == role:
            return each.signed
    return None


def role_of(name: str) -> str:
    """The role of a metadata file's name: root of 3.root.json."""
    return name.removesuffix(".json").rpartition(".")[2]


def add_signatures(proposal: Proposal, signer: CryptoSigner, state: State | None) -> tuple[Proposal, list[str]]:
    """Sign wherever the key may sign: (the proposal with more signatures, the roles signed). `state` is the tree's, if it is at hand.

    Without the tree only a proposal that brings its own root and targets says who may sign; elsewhere every file is signed, and
    a stranger's signature counts for nothing later.
    """
    public = public_of(signer.public_key)
    made, roles = {}, []
    for name, each in proposal.metadata.items():
        copy = Metadata.from_dict(each.to_dict())
        allowed = _allowed(proposal, role_of(name), state)
        if allowed is None or public in allowed:
            copy.sign(signer, append=True)
            roles.append(role_of(name))
        made[name] = copy
    if not roles:
        raise Refused("this key may sign nothing in this proposal")
    return Proposal(made, proposal.targets), roles


def combine(proposals: Sequence[Proposal]) -> Proposal:
    """One proposal with the signatures of all. Refused unless every one says the same."""
    first = proposals[0]
    made = {name: Metadata.from_dict(each.to_dict()) for name, each in first.metadata.items()}
    for other in proposals[1:]:
        same = other.targets == first.targets and other.metadata.keys() == made.keys()
        if not same or any(other.metadata[name].signed_bytes != made[name].signed_bytes for name in made):
            raise Refused("these are different proposals: only signatures under the same text can be combined")
        for name, each in other.metadata.items():
            made[name].signatures.update(each.signatures)
    return Proposal(made, first.targets)


def needs(proposal: Proposal, state: State | None) -> list[Need]:
    """Who has signed and who must, for every file. A new root needs the old threshold and its own: it stands here twice."""
    found = []
    for name, each in proposal.metadata.items():
        role = role_of(name)
        for delegator in _delegators(proposal, role, state):
            result = delegator.get_verification_result(role, each.signed_bytes, each.signatures)
            delegated = delegator.get_delegated_role(role)
            allowed = tuple(public_of(delegator.get_key(keyid)) for keyid in delegated.keyids)
            found.append(Need(role, delegated.threshold, allowed, tuple(map(public_of, result.signed.values()))))
    return found


def check_base(proposal: Proposal, state: State | None) -> None:
    """Refused unless the proposal is the next step from this tree, and from no other."""
    if state is None and "1.root.json" not in proposal.metadata:
        raise Refused("there is no tree yet to which this proposal could be added")
    for name, each in proposal.metadata.items():
        role, version = role_of(name), each.signed.version
        if role == "timestamp":
            good = state is None or version > state.timestamp.version
        else:
            good = version == (_version(state, role) if state else 0) + 1
        if not good:
            raise Refused(MOVED_ON)
    snapshot = part(proposal, "snapshot") or (state.snapshot if state else None)
    timestamp = part(proposal, "timestamp")
    if snapshot is None or timestamp is None or timestamp.snapshot_meta.version != snapshot.version:
        raise Refused(MOVED_ON)
    for role in ("targets", *CONTENTS, STATISTICS):
        changed = part(proposal, role)
        version = changed.version if changed else _version(state, role) if state else 0
        named = snapshot.meta[f"{role}.json"].version if f"{role}.json" in snapshot.meta else 0
        if named != version or (not named and role != STATISTICS):
            raise Refused(MOVED_ON)


def apply(files: Files, proposal: Proposal) -> Files:
    """The tree with the proposal in it, unchecked."""
    metadata = {name: each.to_bytes().decode() for name, each in proposal.metadata.items()}
    return {"metadata": {**files["metadata"], **metadata}, "targets": {**files["targets"], **proposal.targets}}


def present(files: Files) -> State | None:
    """The state of a tree, or None where there is none yet."""
    return state_of(files) if files["metadata"] else None


def _version(state: State, role: str) -> int:
    if role in state.roles:
        return state.roles[role].version
    if role == STATISTICS:
        return state.numbers_version
    version: int = getattr(state, role).version
    return version


def _delegated(proposal: Proposal) -> dict[str, Targets]:
    return {role: signed for role in CONTENTS if (signed := part(proposal, role)) is not None}


def _delegators(proposal: Proposal, role: str, state: State | None) -> list[Root | Targets]:
    """Who says who may sign a role once the proposal is in force."""
    root: Root | None = part(proposal, "root") or (state.root if state else None)
    targets: Targets | None = part(proposal, "targets") or (state.targets if state else None)
    if role == "root":
        return [each for each in ((state.root if state else None), root) if each is not None]
    above = targets if role in (*CONTENTS, STATISTICS) else root
    return [above] if above is not None else []


def _allowed(proposal: Proposal, role: str, state: State | None) -> set[str] | None:
    """The public keys that may sign a role, or None if nobody here can know."""
    if role == "root" and state is None and part(proposal, "root").version > 1:
        return None
    delegators = _delegators(proposal, role, state)
    if not delegators:
        return None
    return {public_of(each.get_key(keyid)) for each in delegators for keyid in each.get_delegated_role(role).keyids}


_TYPES: Mapping[str, type[Any]] = {"root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}


def _check_inside(proposal: Proposal) -> None:
    """What can be checked without a tree: names, types and versions agree, and each target is the one that will be signed."""
    if "timestamp.json" not in proposal.metadata:
        raise Refused("this is not a proposal")
    for name, each in proposal.metadata.items():
        role = role_of(name)
        wanted = "timestamp.json" if role == "timestamp" else f"{each.signed.version}.{role}.json"
        if name != wanted or role not in (*_TYPES, *CONTENTS, STATISTICS) or not isinstance(each.signed, _TYPES.get(role, Targets)):
            raise Refused(f"{name[:60]} in this proposal is not what its name says")
    if len({role_of(name) for name in proposal.metadata}) != len(proposal.metadata):
        raise Refused("this proposal has two versions of one file")
    try:
        names = {target_name(signed, role): signed.targets[f"{role}.json"] for role, signed in _delegated(proposal).items()}
        numbers: Targets | None = part(proposal, STATISTICS)
        if numbers:
            names |= {name: numbers.targets[path] for path, name in stored_names(numbers).items()}
        if names.keys() != proposal.targets.keys():
            raise Refused("the texts in this proposal are not the ones that would be signed")
        for name, promise in names.items():
            promise.verify_length_and_hashes(proposal.targets[name].encode())
        contents_of(proposal)
    except (KeyError, ValueError, Malformed, Mismatch, LengthOrHashMismatchError) as error:
        raise Refused("the texts in this proposal are not the ones that would be signed") from error
