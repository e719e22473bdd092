"""A tree in one step, for whoever holds enough stewards' seeds at once: the demonstration, tests and measurements.

Each function is a proposal, its signatures and its publication (sections 3 and 8 of PROTOCOL), with the same checks. Seeds are 32-byte
Ed25519 private keys; `now` is an aware UTC time. Below the threshold: Threshold, and nothing is written.
"""

import datetime
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.constants import HEADINGS
from crypto.errors import Threshold
from crypto.tree import programme_id, verify_bundle
from oversight.errors import Refused
from oversight.keys import signer
from oversight.metadata import THRESHOLD, State, first_versions, next_versions, state_of, to_bundle
from oversight.proposal import Proposal, add_signatures, apply, needs, present
from oversight.publish import load, store, versions_of


def create_programme(
    folder: Path,
    steward_seeds: Sequence[bytes],
    programme: Mapping[str, Any],
    reviewers: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
    evaluators: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Make the first version of every file and return the programme's fingerprint (64 hex characters).

    What the programme or a reviewer leaves out is filled in: stewards named by number, no notice, an empty vetting record.
    All stewards become keys of the root; only the first THRESHOLD of them sign, as in any later change.
    """
    named = [steward_of(seed, f"Steward {number}") for number, seed in enumerate(steward_seeds, 1)]
    facts = {"notice_hours": 0, "stewards": named, "statistician": {}, "commitments": [], **programme}
    made, texts = first_versions(facts, roster_of(reviewers, evaluators), [_public(seed) for seed in steward_seeds], THRESHOLD, now)
    _publish(folder, Proposal(made, texts), steward_seeds[:THRESHOLD], now)
    return programme_id((folder / "metadata" / "1.root.json").read_bytes()).hex()


def publish_roster(
    folder: Path,
    steward_seeds: Sequence[bytes],
    reviewers: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
    evaluators: Sequence[Mapping[str, Any]] = (),
) -> int:
    """Replace the roster and return its new version. `steward_seeds` are those of the stewards at the desk."""
    return _change(folder, steward_seeds, now, lambda _: {"roster": roster_of(reviewers, evaluators)}).roles["roster"].version


def publish_programme(folder: Path, steward_seeds: Sequence[bytes], programme: Mapping[str, Any], now: datetime.datetime) -> int:
    """Replace the programme's facts (its stewards stay unless named) and return their new version."""
    return (
        _change(folder, steward_seeds, now, lambda state: {"programme": {**state.contents["programme"], **programme}})
        .roles["programme"]
        .version
    )


def publish_suspensions(
    folder: Path, steward_seeds: Sequence[bytes], suspended: Sequence[Mapping[str, Any]], now: datetime.datetime
) -> int:
    """Replace the suspensions, which takes one steward, and return their new version."""
    content = {"suspensions": {"v": 1, "suspended": list(suspended)}}
    return _change(folder, steward_seeds, now, lambda _: content).roles["suspensions"].version


def refresh_timestamp(folder: Path, seed: bytes, now: datetime.datetime) -> int:
    """Let one steward, or one active reviewer, say that the newest snapshot is still the newest. Returns the timestamp's new version."""
    return _change(folder, [seed], now, lambda _: {}).timestamp.version


def replace_stewards(folder: Path, old_seeds: Sequence[bytes], new_seeds: Sequence[bytes], now: datetime.datetime) -> int:
    """Hand the programme to other stewards: the next root, signed by a threshold of the old and of the new.

    Every other file is signed again by the new ones, since the old keys no longer count. The fingerprint stays.
    """
    state = state_of(load(folder))
    named = [steward_of(seed, f"Steward {number}") for number, seed in enumerate(new_seeds, 1)]
    contents = {"programme": {**state.contents["programme"], "stewards": named}}
    made, texts = next_versions(state, contents, now, [_public(seed) for seed in new_seeds])
    _publish(folder, Proposal(made, texts), [*new_seeds[:THRESHOLD], *old_seeds], now)
    return state.root.version + 1


def bundle_of(folder: Path) -> bytes:
    """Return the newest of everything and all roots, as `/tree/bundle.json` gives it."""
    return to_bundle(load(folder))


def roster_of(reviewers: Sequence[Mapping[str, Any]], evaluators: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """roster.json as a value, with what the entries leave out filled in."""
    return {"v": 1, "reviewers": [_filled(each) for each in reviewers], "evaluators": list(evaluators)}


def steward_of(seed: bytes, name: str) -> dict[str, Any]:
    """A programme's entry for a steward of whom only the signing seed is at hand; nobody holds the key of the box."""
    box = hashlib.sha256(b"no annexes" + seed).hexdigest()
    return {"name": name, "sign": _public(seed), "box": box}


def _filled(reviewer: Mapping[str, Any]) -> dict[str, Any]:
    """An entry in full."""
    record = {heading: {} for heading in HEADINGS} | reviewer.get("record", {})
    return {"noticed": reviewer["from"], "paused": "", "ended": "", **reviewer, "record": record}


def _change(
    folder: Path, seeds: Sequence[bytes], now: datetime.datetime, contents: Callable[[State], Mapping[str, Mapping[str, Any]]]
) -> State:
    state = state_of(load(folder))
    made, texts = next_versions(state, contents(state), now)
    _publish(folder, Proposal(made, texts), seeds, now)
    return state_of(load(folder))


def _publish(folder: Path, proposal: Proposal, seeds: Sequence[bytes], now: datetime.datetime) -> None:
    """Sign and write what a reader accepts. The desk's rules about steps are the desk's: tests must be able to make any valid tree."""
    files = load(folder)
    state = present(files)
    for seed in seeds:
        try:
            proposal, _ = add_signatures(proposal, signer(seed), state)
        except Refused:
            continue  # A stranger's key: the threshold below says so.
    for need in needs(proposal, state):
        if need.missing:
            raise Threshold(f"{need.threshold} of this programme's stewards must sign {need.role}")
    whole = apply(files, proposal)
    verify_bundle(to_bundle(whole), state_of(whole).programme, now, versions_of(state) if state else None)
    store(folder, whole)


def _public(seed: bytes) -> str:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()
