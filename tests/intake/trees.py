"""Real signed trees for the server's tests: stewards' seeds, a roster with every status, and bundles of what comes next."""

import datetime
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.formats import encode_canonical

from crypto.constants import HEADINGS, OPEN_KEY_BYTES
from crypto.encoding import b64
from crypto.roster import quarter_of
from oversight import tree
from oversight.keys import signer

SEEDS = [bytes([number]) * 32 for number in (1, 2, 3)]
NOW = datetime.datetime.now(datetime.UTC)
PROGRAMME = {
    "v": 1,
    "name": "A programme for tests",
    "tick": 3600,
    "part_seconds": [1, 3],
    "cover_per_day": 1,
    "labs": ["Example Lab"],
    "emergency": "Call the emergency number.",
}
RECORD = {heading: {"note_one": f"What is said under {heading}."} for heading in HEADINGS}


def day(offset: int) -> str:
    """The day so many days from today."""
    return f"{NOW + datetime.timedelta(days=offset):%Y-%m-%d}"


def seed_of(number: int) -> bytes:
    return hashlib.sha256(b"reviewer %d" % number).digest()


def card(number: int, name: str, **facts: Any) -> dict[str, Any]:
    """A reviewer's entry; `number` makes the keys."""
    sign = Ed25519PrivateKey.from_private_bytes(seed_of(number)).public_key().public_bytes_raw().hex()
    key = hashlib.shake_256(b"open %d" % number).digest(OPEN_KEY_BYTES)
    find = hashlib.sha256(b"find %d" % number).hexdigest()
    said: dict[str, Any] = {
        "affiliation": "University law clinic",
        "languages": ["English"],
        "groups": ["A", "B"],
        "ties": [],
        "record": RECORD,
    }
    term = {"noticed": day(-40), "from": day(-30), "to": day(200), "paused": "", "ended": ""}
    keys = {"name": name, "sign": sign, "find": find, "open": [{"quarter": quarter_of(NOW), "key": b64(key)}]}
    return {**said, **term, **keys, **facts}


def evaluator(number: int, name: str) -> dict[str, Any]:
    sign = Ed25519PrivateKey.from_private_bytes(seed_of(number)).public_key().public_bytes_raw().hex()
    return {"name": name, "sign": sign, "noticed": day(-9), "from": day(-9), "to": day(300), "ended": "", "scope": "Cyber ranges"}


def make(folder: Path, hours_ago: float = 24, reviewers: int = 3) -> None:
    """A first tree, signed so many hours ago."""
    when = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours_ago)
    tree.create_programme(folder, SEEDS, PROGRAMME, [card(n, f"Reviewer {n}") for n in range(reviewers)], when)


def next_bundle(folder: Path, scratch: Path, step: Any) -> bytes:
    """The bundle of the tree in `folder` after `step(copy)`, made in a copy."""
    copy = scratch / f"next-{len(list(scratch.glob('next-*')))}"
    shutil.copytree(folder, copy)
    step(copy)
    return tree.bundle_of(copy)


def admit(copy: Path, number: int = 7, name: str = "Newly Admitted") -> None:
    roster = roster_of(copy)
    tree.publish_roster(copy, SEEDS[:2], [*roster["reviewers"], card(number, name)], datetime.datetime.now(datetime.UTC))


def renew(copy: Path, seed: bytes = SEEDS[2]) -> None:
    tree.refresh_timestamp(copy, seed, datetime.datetime.now(datetime.UTC))


def roster_of(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(
        next(text for name, text in json.loads(tree.bundle_of(folder))["targets"].items() if "roster" in name)
    )
    return value


def signed_alone(seed: bytes, bundle: bytes, **edits: Callable[[dict[str, Any]], object]) -> bytes:
    """What one key can make of a bundle: the roles from the first edited one on, one version up and as their edits leave them."""
    value = json.loads(bundle)
    files, roles = value["metadata"], ("suspensions", "snapshot", "timestamp")
    below: dict[str, Any] = {}
    for role in roles[min(map(roles.index, edits)) :]:
        name = next(name for name in files if name.endswith(f"{role}.json"))
        signed = json.loads(files.pop(name))["signed"]
        signed["version"] += 1
        if role != "suspensions":
            signed["meta"] |= below
        if role == "timestamp":
            signed["expires"] = f"{day(7)}T00:00:00Z"
        edits.get(role, lambda _: None)(signed)
        below = {f"{role}.json": {"version": signed["version"]}}
        signatures = [signer(seed).sign(str(encode_canonical(signed)).encode()).to_dict()]
        name = name if role == "timestamp" else f"{signed['version']}.{role}.json"
        files[name] = json.dumps({"signatures": signatures, "signed": signed})
    return json.dumps(value).encode()
