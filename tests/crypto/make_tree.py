"""Bundles for vectors/tree.json, fully signed with fixed keys and dates."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner

Json = dict[str, Any]
NOW, EXPIRES = "2026-11-21T12:00:00Z", "2027-01-01T00:00:00Z"
PROGRAMME = {
    "v": 1,
    "name": "Example",
    "tick": 21600,
    "part_seconds": [3600, 86400],
    "cover_per_day": 4,
    "labs": ["Example Lab"],
    "emergency": "Call.",
}


def signer(name: str) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"tellsafe tree " + name.encode()).digest()))


KEYS = {name: signer(name) for name in ("s1", "s2", "s3", "new", "online", "stranger")}
STEWARDS = ("s1", "s2", "s3")


def role(names: tuple[str, ...], threshold: int) -> Json:
    return {"keyids": [KEYS[name].public_key.keyid for name in names], "threshold": threshold}


def keys(names: tuple[str, ...]) -> Json:
    return {KEYS[name].public_key.keyid: KEYS[name].public_key.to_dict() for name in names}


def sign(signed: Json, names: tuple[str, ...]) -> str:
    data = str(encode_canonical(signed)).encode()
    return json.dumps({"signatures": [KEYS[name].sign(data).to_dict() for name in names], "signed": signed}, indent=1)


def head(kind: str, version: int = 1, expires: str = EXPIRES) -> Json:
    return {"_type": kind, "spec_version": "1.0.31", "version": version, "expires": expires}


def root(version: int = 1, stewards: tuple[str, ...] = STEWARDS, expires: str = EXPIRES) -> Json:
    roles = {"root": role(stewards, 2), "targets": role(stewards, 2), "snapshot": role(("online",), 1), "timestamp": role(("online",), 1)}
    return head("root", version, expires) | {"consistent_snapshot": True, "keys": keys((*stewards, "online")), "roles": roles}


class Repo:
    """A repository in memory; `signers` and the signed parts may be changed before `bundle`."""

    def __init__(self, roster: bytes, programme: bytes) -> None:
        self.files = {"roster": roster, "programme": programme}
        self.roots: list[tuple[Json, tuple[str, ...]]] = [(root(), ("s1", "s2"))]
        self.version = {"timestamp": 3, "snapshot": 3, "targets": 2, "roster": 2, "programme": 1}
        self.expires = dict.fromkeys(self.version, EXPIRES)
        self.signers: dict[str, tuple[str, ...]] = {
            "targets": ("s1", "s2"),
            "roster": ("s2", "s3"),
            "programme": ("s1", "s3"),
            "snapshot": ("online",),
            "timestamp": ("online",),
        }
        self.delegated = STEWARDS
        self.edit: dict[str, Callable[[Json], Any]] = {}

    def part(self, name: str, kind: str, more: Json) -> str:
        signed = head(kind, self.version[name], self.expires[name]) | more
        self.edit.get(name, lambda _: None)(signed)
        return sign(signed, self.signers[name])

    def metadata(self) -> Json:
        out: Json = {}
        for signed, names in self.roots:
            out[f"{len(out) + 1}.root.json"] = sign(signed, names)
        for name, data in self.files.items():
            info = {f"{name}.json": {"length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}}
            out[f"{self.version[name]}.{name}.json"] = self.part(name, "targets", {"targets": info})
        roles = [role(self.delegated, 2) | {"name": name, "terminating": True, "paths": [f"{name}.json"]} for name in self.files]
        out[f"{self.version['targets']}.targets.json"] = self.part(
            "targets", "targets", {"targets": {}, "delegations": {"keys": keys(self.delegated), "roles": roles}}
        )
        meta = {f"{name}.json": {"version": self.version[name]} for name in ("targets", "roster", "programme")}
        out[f"{self.version['snapshot']}.snapshot.json"] = self.part("snapshot", "snapshot", {"meta": meta})
        out["timestamp.json"] = self.part("timestamp", "timestamp", {"meta": {"snapshot.json": {"version": self.version["snapshot"]}}})
        return out

    def bundle(self) -> Json:
        targets = {f"{hashlib.sha256(data).hexdigest()}.{name}.json": data.decode() for name, data in self.files.items()}
        return {"metadata": self.metadata(), "targets": targets}


def fingerprint(signed: Json) -> str:
    return hashlib.sha256(str(encode_canonical(signed)).encode()).hexdigest()


def tree_vectors(reviewers: list[Json], canonical: Callable[[Any], bytes]) -> Json:
    out: list[Json] = []
    roster, programme = canonical({"v": 1, "reviewers": reviewers}), canonical(PROGRAMME)

    def add(
        name: str,
        comment: str,
        expect: str = "ok",
        change: Callable[[Repo], Any] = lambda _: None,
        seen: Json | None = None,
        bundle: Callable[[Json], Any] = lambda _: None,
        now: str = NOW,
        first: str = "",
    ) -> None:
        repo = Repo(roster, programme)
        change(repo)
        value = copy.deepcopy(repo.bundle())
        bundle(value)
        versions = {"root": len(repo.roots), **repo.version} if expect == "ok" else {}
        out.append(
            {
                "name": name,
                "comment": comment,
                "programme": first or fingerprint(root()),
                "now": now,
                "seen": seen or {},
                "bundle": json.dumps(value),
                "expect": expect,
                "versions": versions,
            }
        )

    def put(repo: Repo, what: str, key: str, value: Any) -> None:
        getattr(repo, what)[key] = value

    def rotate(repo: Repo, names: tuple[str, ...], version: int = 2) -> None:
        repo.roots.append((root(version, ("s1", "s2", "new")), names))

    def meta(value: Json, name: str, change: Callable[[Json], Any]) -> None:
        parsed = json.loads(value["metadata"][name])
        change(parsed)
        value["metadata"][name] = json.dumps(parsed)

    def twice(repo: Repo) -> None:
        """One steward's key listed under two key ids."""

        def edit(signed: Json) -> None:
            key = KEYS["s2"].public_key
            signed["delegations"]["keys"] = {key.keyid: key.to_dict(), "ab" * 32: key.to_dict()}
            for each in signed["delegations"]["roles"]:
                each["keyids"] = [key.keyid, "ab" * 32]

        repo.edit["targets"] = edit

    def twice_signed(value: Json) -> None:
        for name in ("2.roster.json", "1.programme.json"):
            parsed = json.loads(value["metadata"][name])
            data = str(encode_canonical(parsed["signed"])).encode()
            sig = KEYS["s2"].sign(data).to_dict()
            parsed["signatures"] = [sig, sig | {"keyid": "ab" * 32}]
            value["metadata"][name] = json.dumps(parsed)

    add("good", "a whole tree")
    add("other-fingerprint", "the fingerprint of another programme", "Mismatch", first="00" * 32)
    add(
        "one-more-signature",
        "a stranger's signature beside enough good ones",
        change=lambda r: put(r, "signers", "roster", ("s2", "s3", "stranger")),
    )
    add("seen-same", "the versions seen before", seen={"timestamp": 3, "snapshot": 3, "targets": 2, "roster": 2, "programme": 1, "root": 1})
    add("rotated", "a second root signed by both", change=lambda r: rotate(r, ("s1", "s2", "new")))
    add("rotated-old-only", "a second root signed by one steward of the new", "Threshold", lambda r: rotate(r, ("s1", "s3")))
    add("rotated-new-only", "a second root signed by one steward of the old", "Threshold", lambda r: rotate(r, ("s2", "new")))
    add("rotated-skips", "a second root of version 3", "Rollback", lambda r: rotate(r, ("s1", "s2", "new"), 3))
    add("root-one", "a first root signed by one", "Threshold", lambda r: r.roots.__setitem__(0, (root(), ("s1",))))
    add("root-below-seen", "an older root than seen", "Rollback", seen={"root": 2})
    for name in ("timestamp", "snapshot", "targets", "roster", "programme"):
        add(f"{name}-stranger", "signed by a stranger", "Threshold", lambda r, n=name: put(r, "signers", n, ("stranger",)))  # type: ignore[misc]
        add(f"{name}-unsigned", "not signed", "Threshold", lambda r, n=name: put(r, "signers", n, ()))  # type: ignore[misc]
        add(f"{name}-expired", "expired a second ago", "Expired", lambda r, n=name: put(r, "expires", n, "2026-11-21T11:59:59Z"))  # type: ignore[misc]
        add(f"{name}-rollback", "older than seen", "Rollback", seen={name: 4})
    for name in ("targets", "roster", "programme"):
        add(f"{name}-one", "one of two signatures", "Threshold", lambda r, n=name: put(r, "signers", n, ("s1",)))  # type: ignore[misc]
        add(f"{name}-same-twice", "one signer twice", "Threshold", lambda r, n=name: put(r, "signers", n, ("s2", "s2")))  # type: ignore[misc]
    add("two-keyids", "one key under two key ids signs twice", "Threshold", twice, bundle=twice_signed)
    add("expires-now", "expired at this very second", "Expired", lambda r: put(r, "expires", "timestamp", NOW))
    add("root-expired", "the newest root has expired", "Expired", now="2027-01-01T00:00:00Z")
    add(
        "mixed-snapshot",
        "an older roster than the snapshot says",
        "Mismatch",
        lambda r: r.edit.update(snapshot=lambda s: s["meta"]["roster.json"].update(version=3)),
    )
    add(
        "version-inside",
        "a file whose version is not that of its name",
        "Mismatch",
        lambda r: r.edit.update(roster=lambda s: s.update(version=1)),
    )
    add(
        "snapshot-hash",
        "the timestamp promises another snapshot",
        "Mismatch",
        lambda r: r.edit.update(timestamp=lambda s: s["meta"]["snapshot.json"].update(hashes={"sha256": "00" * 32})),
    )
    add(
        "changed-roster",
        "a target with one byte changed",
        "Mismatch",
        bundle=lambda v: v["targets"].update({n: t.replace("Ada", "Eve") for n, t in v["targets"].items()}),
    )
    add(
        "longer-roster",
        "a target with a byte more",
        "Mismatch",
        bundle=lambda v: v["targets"].update({n: t + "\n" for n, t in v["targets"].items()}),
    )
    add("no-targets", "targets left out", "Mismatch", bundle=lambda v: v["targets"].clear())
    add("no-timestamp", "a file left out", "Mismatch", bundle=lambda v: v["metadata"].pop("timestamp.json"))
    add(
        "signed-changed",
        "a signed part changed after signing",
        "Threshold",
        bundle=lambda v: meta(v, "2.roster.json", lambda m: m["signed"].update(version=9)),
    )
    add(
        "wrong-type",
        "a snapshot in the place of the timestamp",
        "Malformed",
        bundle=lambda v: v["metadata"].update({"timestamp.json": v["metadata"]["3.snapshot.json"]}),
    )
    add("not-json", "metadata that is not JSON", "Malformed", bundle=lambda v: v["metadata"].update({"timestamp.json": "{"}))
    ada = reviewers[0]
    for name, entry in (("sign", {"sign": ada["sign"]}), ("find", {"find": ada["find"]}), ("open", {"open": ada["open"]})):
        again = canonical({"v": 1, "reviewers": [ada, reviewers[1] | entry]})
        add(f"same-{name}-key", "one key for two reviewers", "Malformed", lambda r, again=again: put(r, "files", "roster", again))  # type: ignore[misc]
    add(
        "roster-2", "a roster of another version", "WrongVersion", lambda r: put(r, "files", "roster", canonical({"v": 2, "reviewers": []}))
    )
    add("roster-spelled", "a roster with white space", "Malformed", lambda r: put(r, "files", "roster", roster + b"\n"))
    add("programme-more", "a name too many", "Malformed", lambda r: put(r, "files", "programme", canonical(PROGRAMME | {"more": 1})))
    return {"vectors": out}
