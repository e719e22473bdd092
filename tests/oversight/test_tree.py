"""The tree that two of three stewards sign is accepted by the verifier; each hostile change to it is refused by its name."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata

from crypto.encoding import b64
from crypto.errors import Expired, Malformed, Mismatch, ProtocolError, Rollback, Threshold
from crypto.sealing import open_public_of
from crypto.tree import suspended_on, verify_bundle
from oversight import tree

NOW = datetime.datetime(2026, 11, 18, 12, tzinfo=datetime.UTC)
STEWARDS = [bytes([number]) * 32 for number in (1, 2, 3)]
STRANGERS = [bytes([number]) * 32 for number in (11, 12, 13)]
PROGRAMME = {
    "v": 1,
    "name": "Test",
    "tick": 21600,
    "part_seconds": [60, 600],
    "cover_per_day": 4,
    "labs": ["Lab"],
    "emergency": "Call.",
}


def reviewer(number: int) -> dict[str, Any]:
    return {
        "name": f"Reviewer {number}",
        "affiliation": "",
        "sign": f"{number:02x}" * 32,
        "find": f"{number + 100:02x}" * 31 + "01",
        "open": [{"quarter": "2026-Q4", "key": b64(open_public_of(bytes([number]) * 32))}],
        "languages": ["English"],
        "groups": ["A"],
        "ties": [],
        "from": "2026-01-01",
        "to": "2027-01-01",
        "record": {},
    }


ROSTER = [reviewer(number) for number in (1, 2, 3)]
Bundle = dict[str, dict[str, str]]
FILES = ("timestamp.json", "1.snapshot.json", "1.targets.json", "1.roster.json", "1.programme.json", "1.suspensions.json")
ROLES = ("root", "timestamp", "snapshot", "targets", "roster", "programme", "suspensions")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tree"


@pytest.fixture
def fingerprint(folder: Path) -> str:
    return tree.create_programme(folder, STEWARDS, PROGRAMME, ROSTER, NOW)


def check(folder: Path, fingerprint: str, day: datetime.datetime = NOW, **seen: int) -> Any:
    return verify_bundle(tree.bundle_of(folder), bytes.fromhex(fingerprint), day, seen)


def refused(bundle: Bundle, fingerprint: str, day: datetime.datetime = NOW) -> type[ProtocolError]:
    with pytest.raises(ProtocolError) as refusal:
        verify_bundle(json.dumps(bundle).encode(), bytes.fromhex(fingerprint), day)
    return refusal.type


def bundle_of(folder: Path) -> Bundle:
    loaded: Bundle = json.loads(tree.bundle_of(folder))
    return loaded


def resigned(bundle: Bundle, name: str, seeds: list[bytes], change: Callable[[Any], None]) -> None:
    """Change the signed part of a file and sign it with these keys only."""
    metadata: Metadata[Any] = Metadata.from_bytes(bundle["metadata"][name].encode())
    change(metadata.signed)
    metadata.signatures.clear()
    for seed in seeds:
        metadata.sign(CryptoSigner(Ed25519PrivateKey.from_private_bytes(seed)), append=True)
    bundle["metadata"][name] = metadata.to_bytes().decode()


def unchanged(_signed: Any) -> None: ...


def test_a_new_tree_is_accepted(folder: Path, fingerprint: str) -> None:
    verified = check(folder, fingerprint)
    assert [who.name for who in verified.roster.reviewers] == ["Reviewer 1", "Reviewer 2", "Reviewer 3"]
    assert verified.programme.tick == 21600
    assert verified.versions == dict.fromkeys(ROLES, 1)


def test_no_half_written_file_is_left(folder: Path, fingerprint: str) -> None:
    assert not list(folder.rglob("*.new"))
    assert sorted(path.name for path in (folder / "metadata").iterdir()) == [
        "1.programme.json", "1.root.json", "1.roster.json", "1.snapshot.json", "1.suspensions.json", "1.targets.json", "timestamp.json",
    ]  # fmt: skip


def test_a_new_roster_by_any_two(folder: Path, fingerprint: str) -> None:
    assert tree.publish_roster(folder, STEWARDS[1:], ROSTER[:2], NOW) == 2
    verified = check(folder, fingerprint)
    assert len(verified.roster.reviewers) == 2
    assert (verified.roster.version, verified.versions["programme"], verified.versions["snapshot"]) == (2, 1, 2)


def test_a_new_programme(folder: Path, fingerprint: str) -> None:
    assert tree.publish_programme(folder, STEWARDS[:2], {**PROGRAMME, "tick": 3600}, NOW) == 2
    assert check(folder, fingerprint).programme.tick == 3600


@pytest.mark.parametrize("seeds", [STEWARDS[:1], [STEWARDS[0]] * 2, STRANGERS[:2], [STEWARDS[0], STRANGERS[0]]])
def test_one_steward_cannot_publish(folder: Path, fingerprint: str, seeds: list[bytes]) -> None:
    before = tree.bundle_of(folder)
    with pytest.raises(Threshold):
        tree.publish_roster(folder, seeds, [], NOW)
    assert tree.bundle_of(folder) == before


def test_any_one_steward_refreshes_the_timestamp(folder: Path, fingerprint: str) -> None:
    later = NOW + datetime.timedelta(days=8)
    with pytest.raises(Expired):
        check(folder, fingerprint, later)
    assert tree.refresh_timestamp(folder, STEWARDS[2], later) == 2
    assert check(folder, fingerprint, later).versions["timestamp"] == 2


def test_other_stewards_take_over(folder: Path, fingerprint: str) -> None:
    assert tree.replace_stewards(folder, STEWARDS[:2], STRANGERS, NOW) == 2
    assert check(folder, fingerprint).versions["root"] == 2
    tree.publish_roster(folder, STRANGERS[:2], ROSTER[:2], NOW)
    assert len(check(folder, fingerprint).roster.reviewers) == 2
    with pytest.raises(Threshold):
        tree.publish_roster(folder, STEWARDS[:2], ROSTER, NOW)


@pytest.mark.parametrize("old", [STEWARDS[:1], STRANGERS[:2], []])
def test_nobody_else_takes_over(folder: Path, fingerprint: str, old: list[bytes]) -> None:
    with pytest.raises(Threshold):
        tree.replace_stewards(folder, old, STRANGERS, NOW)
    assert check(folder, fingerprint).versions["root"] == 1


def test_older_than_seen(folder: Path, fingerprint: str) -> None:
    for role in ROLES:
        with pytest.raises(Rollback):
            check(folder, fingerprint, NOW, **{role: 2})


def test_another_fingerprint(folder: Path, fingerprint: str) -> None:
    assert refused(bundle_of(folder), "00" * 32) is Mismatch


@pytest.mark.parametrize("name", ["1.targets.json", "1.roster.json", "1.programme.json"])
@pytest.mark.parametrize("seeds", [[], STEWARDS[:1], STRANGERS[:2], [STEWARDS[0], STRANGERS[0]]])
def test_too_few_good_signatures(folder: Path, fingerprint: str, name: str, seeds: list[bytes]) -> None:
    bundle = bundle_of(folder)
    resigned(bundle, name, seeds, unchanged)
    assert refused(bundle, fingerprint) is Threshold


@pytest.mark.parametrize("name", ["1.snapshot.json", "1.suspensions.json", "timestamp.json"])
def test_a_stranger_signs_what_takes_one(folder: Path, fingerprint: str, name: str) -> None:
    bundle = bundle_of(folder)
    resigned(bundle, name, STRANGERS, unchanged)
    assert refused(bundle, fingerprint) is Threshold


def test_one_signature_twice_is_one(folder: Path, fingerprint: str) -> None:
    bundle = bundle_of(folder)
    roster = json.loads(bundle["metadata"]["1.roster.json"])
    roster["signatures"] = [roster["signatures"][0]] * 2
    bundle["metadata"]["1.roster.json"] = json.dumps(roster)
    assert refused(bundle, fingerprint) in (Threshold, Malformed)


def test_a_change_under_old_signatures(folder: Path, fingerprint: str) -> None:
    for name in FILES:
        bundle = bundle_of(folder)
        changed = json.loads(bundle["metadata"][name])
        changed["signed"]["expires"] = "2036-01-01T00:00:00Z"
        bundle["metadata"][name] = json.dumps(changed)
        assert refused(bundle, fingerprint) is Threshold, name


def test_a_changed_target(folder: Path, fingerprint: str) -> None:
    for part in ("roster", "programme"):
        bundle = bundle_of(folder)
        name = next(name for name in bundle["targets"] if name.endswith(f".{part}.json"))
        text = bundle["targets"][name]
        for changed in (text + " ", text.replace("Te", "TE").replace("Reviewer 1", "Reviewer X"), ""):
            bundle["targets"][name] = changed
            assert refused(bundle, fingerprint) is Mismatch, part


@pytest.mark.parametrize("name", FILES)
def test_a_file_left_out(folder: Path, fingerprint: str, name: str) -> None:
    bundle = bundle_of(folder)
    del bundle["metadata"][name]
    assert refused(bundle, fingerprint) in (Mismatch, Malformed)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("timestamp.json", Expired), ("1.snapshot.json", Expired), ("1.targets.json", Expired), ("1.roster.json", Expired)],
)
def test_an_expired_file(folder: Path, fingerprint: str, name: str, refusal: type[ProtocolError]) -> None:
    bundle = bundle_of(folder)

    def expire(signed: Any) -> None:
        signed.expires = NOW - datetime.timedelta(days=1)

    resigned(bundle, name, STEWARDS[:2], expire)
    assert refused(bundle, fingerprint) is refusal


def test_an_expired_root(folder: Path, fingerprint: str) -> None:
    assert refused(bundle_of(folder), fingerprint, NOW + datetime.timedelta(days=400)) is Expired


def test_mixed_old_and_new(folder: Path, fingerprint: str) -> None:
    """An old roster under its new name, and a new roster nobody vouches for."""
    old = bundle_of(folder)
    tree.publish_roster(folder, STEWARDS[:2], ROSTER[:2], NOW)
    mixed = bundle_of(folder)
    mixed["metadata"]["2.roster.json"] = old["metadata"]["1.roster.json"]
    assert refused(mixed, fingerprint) is Mismatch
    mixed = bundle_of(folder)
    mixed["metadata"]["2.snapshot.json"] = old["metadata"]["1.snapshot.json"]
    assert refused(mixed, fingerprint) is Mismatch


def test_one_role_does_not_pass_for_another(folder: Path, fingerprint: str) -> None:
    bundle = bundle_of(folder)
    bundle["metadata"]["1.roster.json"] = bundle["metadata"]["1.programme.json"]
    assert issubclass(refused(bundle, fingerprint), (Mismatch, Malformed))


def test_a_root_that_skips_a_version(folder: Path, fingerprint: str) -> None:
    tree.replace_stewards(folder, STEWARDS[:2], STRANGERS, NOW)
    bundle = bundle_of(folder)

    def skip(signed: Any) -> None:
        signed.version = 3

    resigned(bundle, "2.root.json", [*STEWARDS[:2], *STRANGERS[:2]], skip)
    assert refused(bundle, fingerprint) is Rollback


@pytest.mark.parametrize("seeds", [STRANGERS[:2], STEWARDS[:2], [STEWARDS[0], *STRANGERS[:2]], [*STEWARDS[:2], STRANGERS[0]]])
def test_a_root_signed_by_one_side_only(folder: Path, fingerprint: str, seeds: list[bytes]) -> None:
    tree.replace_stewards(folder, STEWARDS[:2], STRANGERS, NOW)
    bundle = bundle_of(folder)
    resigned(bundle, "2.root.json", seeds, unchanged)
    assert refused(bundle, fingerprint) is Threshold


@pytest.mark.parametrize("key", ["sign", "find"])
def test_a_key_twice_on_the_roster_is_never_written(folder: Path, fingerprint: str, key: str) -> None:
    before = tree.bundle_of(folder)
    with pytest.raises(Malformed):
        tree.publish_roster(folder, STEWARDS[:2], [ROSTER[0], {**ROSTER[1], key: ROSTER[0][key]}, ROSTER[2]], NOW)
    assert tree.bundle_of(folder) == before


def test_one_steward_suspends(folder: Path, fingerprint: str) -> None:
    entry = {"sign": ROSTER[0]["sign"], "from": "2026-11-18", "until": "2026-11-30", "reason": "CONDUCT"}
    assert tree.publish_suspensions(folder, STEWARDS[2:], [entry], NOW) == 2
    assert suspended_on(check(folder, fingerprint), NOW) == {ROSTER[0]["sign"]}


def test_a_reviewer_renews_the_timestamp_and_nothing_else(folder: Path) -> None:
    reviewers = [{**each, "sign": tree.steward_of(bytes([number]) * 32, "")["sign"]} for number, each in enumerate(ROSTER, 51)]
    fingerprint = tree.create_programme(folder, STEWARDS, PROGRAMME, reviewers, NOW)
    assert tree.refresh_timestamp(folder, bytes([52]) * 32, NOW) == 2
    assert check(folder, fingerprint).versions["timestamp"] == 2
    with pytest.raises(Threshold):
        tree.publish_suspensions(folder, [bytes([52]) * 32], [], NOW)
    # Who leaves the roster cannot renew it any more: the root goes along.
    tree.publish_roster(folder, STEWARDS[:2], [reviewers[0], reviewers[2]], NOW)
    assert check(folder, fingerprint).versions["root"] == 2
    with pytest.raises(Threshold):
        tree.refresh_timestamp(folder, bytes([52]) * 32, NOW)


def test_every_version_stays(folder: Path, fingerprint: str) -> None:
    before = {path.name: path.read_bytes() for path in folder.rglob("*.json") if path.name != "timestamp.json"}
    tree.publish_roster(folder, STEWARDS[:2], ROSTER[:2], NOW)
    after = {path.name: path.read_bytes() for path in folder.rglob("*.json")}
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before) + 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"metadata":{}}', b'{"metadata":[],"targets":{}}', b"\xff", b"[" * 100000])
def test_what_is_no_bundle(fingerprint: str, body: bytes) -> None:
    with pytest.raises((Malformed, Mismatch)):
        verify_bundle(body, bytes.fromhex(fingerprint), NOW)
