"""Bundles for vectors/tree.json, fully signed with fixed keys and dates."""

import copy
import datetime
import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner

Json = dict[str, Any]
NOW, EXPIRES, SOON = "2026-11-21T12:00:00Z", "2027-01-01T00:00:00Z", "2026-11-28T12:00:00Z"
ROLES = ("roster", "programme", "suspensions")
PROGRAMME = {
    "v": 1,
    "name": "Example",
    "tick": 21600,
    "part_seconds": [3600, 86400],
    "cover_per_day": 4,
    "labs": ["Example Lab"],
    "emergency": "Call.",
    "notice_hours": 72,
    "statistician": {},
    "commitments": [],
    "stewards": [{"name": "Sten", "sign": "11" * 32, "box": "22" * 32}],
}
SUSPENSION = {"sign": "33" * 32, "from": "2026-11-20", "until": "2026-12-04", "reason": "CONDUCT"}


def signer(name: str) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"tellsafe tree " + name.encode()).digest()))


KEYS = {name: signer(name) for name in ("s1", "s2", "s3", "new", "ada", "stranger")}
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
    roles = {
        "root": role(stewards, 2),
        "targets": role(stewards, 2),
        "snapshot": role(stewards, 1),
        "timestamp": role((*stewards, "ada"), 1),
    }
    return head("root", version, expires) | {"consistent_snapshot": True, "keys": keys((*stewards, "ada")), "roles": roles}


class Repo:
    """A repository in memory; `signers` and the signed parts may be changed before `bundle`."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        self.roots: list[tuple[Json, tuple[str, ...]]] = [(root(), ("s1", "s2"))]
        self.version = {"timestamp": 3, "snapshot": 3, "targets": 2, "roster": 2, "programme": 1, "suspensions": 1}
        self.expires = dict.fromkeys(self.version, EXPIRES) | {"timestamp": SOON}
        self.signers: dict[str, tuple[str, ...]] = {
            "targets": ("s1", "s2"),
            "roster": ("s2", "s3"),
            "programme": ("s1", "s3"),
            "suspensions": ("s3",),
            "snapshot": ("s1",),
            "timestamp": ("ada",),
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
        roles = [
            role(self.delegated, 1 if name == "suspensions" else 2) | {"name": name, "terminating": True, "paths": [f"{name}.json"]}
            for name in self.files
        ]
        out[f"{self.version['targets']}.targets.json"] = self.part(
            "targets", "targets", {"targets": {}, "delegations": {"keys": keys(self.delegated), "roles": roles}}
        )
        meta = {f"{name}.json": {"version": self.version[name]} for name in ("targets", *self.files)}
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
    people = {"v": 1, "reviewers": reviewers, "evaluators": []}
    roster, programme = canonical(people), canonical(PROGRAMME)
    files = {"roster": roster, "programme": programme, "suspensions": canonical({"v": 1, "suspended": [SUSPENSION]})}
    seen_now = {"timestamp": 3, "snapshot": 3, "targets": 2, "roster": 2, "programme": 1, "suspensions": 1, "root": 1}

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
        repo = Repo(files)
        change(repo)
        value = copy.deepcopy(repo.bundle())
        bundle(value)
        known = {"root", "timestamp", "snapshot", "targets", *ROLES}
        versions = {"root": len(repo.roots), **{name: n for name, n in repo.version.items() if name in known}} if expect == "ok" else {}
        expires = (
            datetime.datetime.fromisoformat(json.loads(value["metadata"]["timestamp.json"])["signed"]["expires"]) if versions else None
        )
        stale = expires is not None and expires - datetime.datetime.fromisoformat(now) <= datetime.timedelta(days=2)
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
                "stale": stale,
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
        for name in ("2.roster.json", "1.programme.json", "1.suspensions.json"):
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
    add("seen-same", "the versions seen before", seen=seen_now)
    add("rotated", "a second root signed by both", change=lambda r: rotate(r, ("s1", "s2", "new")))
    add("rotated-old-only", "a second root signed by one steward of the new", "Threshold", lambda r: rotate(r, ("s1", "s3")))
    add("rotated-new-only", "a second root signed by one steward of the old", "Threshold", lambda r: rotate(r, ("s2", "new")))
    add("rotated-skips", "a second root of version 3", "Rollback", lambda r: rotate(r, ("s1", "s2", "new"), 3))
    add("root-one", "a first root signed by one", "Threshold", lambda r: r.roots.__setitem__(0, (root(), ("s1",))))
    add("root-below-seen", "an older root than seen", "Rollback", seen={"root": 2})
    for name in ("timestamp", "snapshot", "targets", *ROLES):
        add(f"{name}-stranger", "signed by a stranger", "Threshold", lambda r, n=name: put(r, "signers", n, ("stranger",)))  # type: ignore[misc]
        add(f"{name}-unsigned", "not signed", "Threshold", lambda r, n=name: put(r, "signers", n, ()))  # type: ignore[misc]
        add(f"{name}-expired", "expired a second ago", "Expired", lambda r, n=name: put(r, "expires", n, "2026-11-21T11:59:59Z"))  # type: ignore[misc]
        add(f"{name}-rollback", "older than seen", "Rollback", seen={name: 4})
    for name in ("targets", "roster", "programme"):
        add(f"{name}-one", "one of two signatures", "Threshold", lambda r, n=name: put(r, "signers", n, ("s1",)))  # type: ignore[misc]
        add(f"{name}-same-twice", "one signer twice", "Malformed", lambda r, n=name: put(r, "signers", n, ("s2", "s2")))  # type: ignore[misc]
    add("two-keyids", "one key under two key ids signs twice", "Threshold", twice, bundle=twice_signed)
    for again in ("s3", "stranger"):
        signers = ("s2", "s3", "stranger", again)
        add(
            f"keyid-twice-{again}",
            "enough good ones, and one key id twice",
            "Malformed",
            lambda r, n=signers: put(r, "signers", "roster", n),
        )  # type: ignore[misc]
    dress: dict[str, Callable[[str], str]] = {
        "bom": lambda text: "\ufeff" + text,
        "utf-16": lambda text: text.encode("utf-16-le").decode(),
        "constant": lambda text: text[:-1] + ', "more": NaN}',
        "keyid-number": lambda text: text.replace('"signatures": [', '"signatures": [{"keyid": 5, "sig": ""}, '),
    }
    for name, worn in dress.items():
        around = lambda v, w=worn: v["metadata"].update({"timestamp.json": w(v["metadata"]["timestamp.json"])})  # type: ignore[misc]  # noqa: E731
        add(f"unsigned-{name}", "what no signature covers is odd", "Malformed", bundle=around)
    site = lambda n: lambda r: r.edit.update(snapshot=lambda s: s["meta"].update({"site.json": {"version": n}}))  # noqa: E731
    add("integer-most", "a role nobody knows with the greatest number there is", change=site(2**53 - 1))
    add("integer-above", "and with one more", "Malformed", site(2**53))
    short = lambda r: put(r, "expires", "timestamp", "2026-11-28T9:00:00Z")  # noqa: E731
    add("expires-short", "an hour of one digit", "Malformed", short)
    sha384 = {"sha384": hashlib.sha384(roster).hexdigest()}
    other_hash = lambda r: r.edit.update(roster=lambda s: s["targets"]["roster.json"]["hashes"].update(sha384))  # noqa: E731
    add("hash-other", "a right hash of a kind that not everybody has", "Malformed", other_hash)
    empty = lambda s: s["meta"]["roster.json"].update(hashes=None)  # noqa: E731
    add("hashes-null", "null where nothing would do", "Malformed", lambda r: r.edit.update(snapshot=empty))
    names = lambda s: s.update({"\uffff": 1, "\U00010000": 2})  # noqa: E731
    add("order-of-names", "names in the order of their code points", change=lambda r: r.edit.update(snapshot=names))
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

    def roster_is(*entries: Json, **more: Any) -> Callable[[Repo], Any]:
        """The roster signed as it should be, with other entries or names."""
        return lambda r: put(r, "files", "roster", canonical(people | {"reviewers": list(entries) or reviewers} | more))

    def settings_are(**more: Any) -> Callable[[Repo], Any]:
        return lambda r: put(r, "files", "programme", canonical(PROGRAMME | more))

    def suspended(*entries: Json) -> Callable[[Repo], Any]:
        return lambda r: put(r, "files", "suspensions", canonical({"v": 1, "suspended": list(entries)}))

    def both(*changes: Callable[[Repo], Any]) -> Callable[[Repo], Any]:
        return lambda r: [change(r) for change in changes]

    def optional(repo: Repo) -> None:
        """Two roles of later programmes, delegated, in the snapshot and signed."""
        for role_name in ("statistics", "site"):
            repo.files[role_name] = b"{}"
            repo.version[role_name], repo.expires[role_name], repo.signers[role_name] = 1, EXPIRES, ("s1", "s2")

    def revoke_s3(repo: Repo) -> None:
        rotate(repo, ("s1", "s2", "new"))
        repo.delegated = ("s1", "s2", "new")

    # One behaviour each, in the spirit of python-tuf's repository simulator.
    whole = both(revoke_s3, lambda r: put(r, "signers", "suspensions", ("s2",)), lambda r: put(r, "signers", "programme", ("s1", "new")))
    add(
        "revoked-steward",
        "root 2 without s3, everything signed by those who stay",
        change=both(whole, lambda r: put(r, "signers", "roster", ("s2", "new"))),
    )
    add("revoked-steward-signs", "the roster signed again by the revoked one", "Threshold", whole)
    skipped = lambda v: v["metadata"].update({"3.root.json": v["metadata"].pop("2.root.json")})  # noqa: E731
    add(
        "skipped-root",
        "root 2 left out, root 3 there: the keys of root 1 count",
        "Threshold",
        both(whole, lambda r: put(r, "signers", "snapshot", ("new",))),
        bundle=skipped,
    )
    add("hidden-root", "root 2, seen before, kept back", "Rollback", seen=seen_now | {"root": 2})
    add(
        "timestamp-online-revoked",
        "a timestamp by a reviewer who is no longer in the root",
        "Threshold",
        lambda r: r.roots.append((root(2) | {"roles": root()["roles"] | {"timestamp": role(STEWARDS, 1)}}, ("s1", "s2"))),
    )
    for who in STEWARDS:
        add(f"timestamp-by-{who}", "any steward may renew", change=lambda r, w=who: put(r, "signers", "timestamp", (w,)))  # type: ignore[misc]
    add("snapshot-by-reviewer", "a reviewer's key may sign timestamps only", "Threshold", lambda r: put(r, "signers", "snapshot", ("ada",)))
    add("roster-by-reviewer", "one steward and a reviewer", "Threshold", lambda r: put(r, "signers", "roster", ("s1", "ada")))
    add("eight-days", "the timestamp expires in exactly 8 days", change=lambda r: put(r, "expires", "timestamp", "2026-11-29T12:00:00Z"))
    add(
        "too-far",
        "the timestamp expires in 8 days and a second",
        "Mismatch",
        lambda r: put(r, "expires", "timestamp", "2026-11-29T12:00:01Z"),
    )
    add("fresh", "the timestamp expires in 2 days and a second", change=lambda r: put(r, "expires", "timestamp", "2026-11-23T12:00:01Z"))
    add("stale", "the timestamp expires in exactly 2 days", change=lambda r: put(r, "expires", "timestamp", "2026-11-23T12:00:00Z"))
    add("freeze", "the same tree eight days later", "Expired", now="2026-11-29T12:00:00Z")
    add("fast-forward", "a timestamp with a number that none could follow", "Mismatch", lambda r: put(r, "version", "timestamp", 2**53 - 1))
    seconds = int(datetime.datetime.fromisoformat(NOW).timestamp())
    add("fast-forward-second", "one above the seconds since 1970", "Mismatch", lambda r: put(r, "version", "snapshot", seconds + 1))
    add("fast-forward-most", "just the seconds since 1970", change=lambda r: put(r, "version", "snapshot", seconds))
    add(
        "mixed-rosters",
        "the roster of before under the snapshot of today",
        "Mismatch",
        bundle=lambda v: v["metadata"].update({"3.roster.json": v["metadata"].pop("2.roster.json")}),
    )
    add(
        "threshold-none",
        "a delegation with threshold 0",
        "Malformed",
        lambda r: r.edit.update(targets=lambda s: s["delegations"]["roles"][0].update(threshold=0)),
    )
    add(
        "threshold-four",
        "four of three",
        "Threshold",
        lambda r: r.edit.update(targets=lambda s: s["delegations"]["roles"][0].update(threshold=4)),
    )
    lowered = root(2) | {"roles": root()["roles"] | {"root": role(STEWARDS, 1)}}
    add(
        "threshold-lowered",
        "root 2 asks for one signature and has one: root 1 still asks for two",
        "Threshold",
        lambda r: r.roots.append((lowered, ("s1",))),
    )
    add("no-suspensions", "the role is required", "Mismatch", lambda r: r.files.pop("suspensions"))
    add("optional-roles", "statistics and site are ignored", change=optional)
    add("optional-role-unsigned", "also when nobody signed them", change=both(optional, lambda r: put(r, "signers", "site", ())))
    add("optional-role-missing", "also when their files are not there", change=optional, bundle=lambda v: v["metadata"].pop("1.site.json"))
    add("junk", "files that nobody names", bundle=lambda v: v["metadata"].update({"9.roster.json": "{"}))
    ada, tied = reviewers
    for name in ("sign", "find", "open"):
        add(f"same-{name}-key", "one key for two reviewers", "Malformed", roster_is(ada, tied | {name: ada[name]}))
    add("find-is-sign", "one key in two uses", "Malformed", roster_is(ada | {"find": ada["sign"]}))
    add("two-cards", "two cards for one person", "Malformed", roster_is(ada, tied | {"name": "  \uff21DA\n"}))
    add(
        "two-cards-ended",
        "a lost key: the ended card beside the new one",
        change=roster_is(ada | {"ended": "KEY-LOST"}, tied | {"name": "ada"}),
    )
    add(
        "substituted-key",
        "another reviewer key, signatures as before",
        "Mismatch",
        bundle=lambda v: v["targets"].update({n: t.replace(ada["sign"], "44" * 32) for n, t in v["targets"].items()}),
    )
    add(
        "substituted-key-rehashed",
        "the same with the file's hash in the unsigned roster",
        "Threshold",
        both(roster_is(ada | {"sign": "44" * 32}, tied), lambda r: put(r, "signers", "roster", ("stranger", "ada"))),
    )
    add(
        "hidden-reviewer",
        "a reviewer left out, one steward signs",
        "Threshold",
        both(roster_is(ada), lambda r: put(r, "signers", "roster", ("s1",))),
    )
    edge = {"noticed": "2026-11-20", "from": "2026-11-24"}
    add("notice", "72 hours are four days later", change=roster_is(ada | edge, tied))
    add("notice-broken", "three days later", "Malformed", roster_is(ada | edge | {"from": "2026-11-23"}, tied))
    add(
        "notice-none",
        "a programme without notice",
        change=both(roster_is(ada | edge | {"from": "2026-11-20"}), settings_are(notice_hours=0)),
    )
    add(
        "notice-before",
        "first published after the first day",
        "Malformed",
        both(roster_is(ada | edge | {"from": "2026-11-19"}), settings_are(notice_hours=0)),
    )
    add(
        "notice-1-hour",
        "one hour are two days",
        "Malformed",
        both(roster_is(ada | edge | {"from": "2026-11-21"}), settings_are(notice_hours=1)),
    )
    add("notice-raised", "a longer notice than the terms allow for", "Malformed", settings_are(notice_hours=8760))
    somebody = {"name": "Stat", "find": "44" * 32, "open": ada["open"][0]["key"], "sign": "55" * 32}
    add("statistician", "a statistician", change=settings_are(statistician=somebody))
    add("statistician-short", "a statistician without a key", "Malformed", settings_are(statistician={"name": "Stat"}))
    add("statistician-key", "an open key that is too short", "Malformed", settings_are(statistician=somebody | {"open": "AA"}))
    promise = {"id": "EX-1", "lab": "Example Lab", "title": "Tests before use", "since": "2025-01-01", "source": "Its framework"}
    add("commitment", "a published promise", change=settings_are(commitments=[promise]))
    add("commitment-day", "a promise of no day", "Malformed", settings_are(commitments=[promise | {"since": ""}]))
    add("notice-too-long", "more than a year", "Malformed", settings_are(notice_hours=8761))
    term = {"noticed": "2026-01-01", "from": "2026-02-01"}
    add("term-366", "366 days", change=roster_is(ada | term | {"to": "2027-02-02"}))
    add("term-367", "367 days", "Malformed", roster_is(ada | term | {"to": "2027-02-03"}))
    add("term-backwards", "over before it begins", "Malformed", roster_is(ada | term | {"to": "2026-01-31"}))
    add("term-ended-before", "revoked before it began", change=roster_is(ada | term | {"to": "2026-01-15", "ended": "OTHER"}))
    changes: dict[str, Json] = {
        "day-30-february": {"to": "2026-02-30"},
        "day-1999": {"noticed": "1999-12-31"},
        "day-short": {"to": "2026-12-1"},
        "name-empty": {"name": " \u00a0"},
        "name-201": {"name": "\u00e9" * 100 + "a"},
        "group-x": {"groups": ["X"]},
        "group-twice": {"groups": ["A", "A"]},
        "tie-unknown": {"ties": [{"lab": "L", "category": "COUSIN", "until": ""}]},
        "ended-unknown": {"ended": "BORED"},
        "quarter-5": {"open": [{"quarter": "2026-Q5", "key": ada["open"][0]["key"]}]},
        "quarter-twice": {"open": [ada["open"][0], tied["open"][0]]},
        "open-short": {"open": [{"quarter": "2026-Q4", "key": ada["open"][0]["key"][:-4]}]},
        "record-heading-missing": {"record": {name: said for name, said in ada["record"].items() if name != "access"}},
        "record-heading-more": {"record": ada["record"] | {"hobbies": {}}},
        "record-field-upper": {"record": ada["record"] | {"access": {"Means": "x"}}},
        "record-text-1001": {"record": ada["record"] | {"access": {"means": "x" * 1001}}},
        "reviewer-more": {"more": ""},
        "paused-number": {"paused": 0},
    }
    for name, change in changes.items():
        add(name, "a reviewer's entry", "Malformed", roster_is(ada | change))
    evaluator = {"name": "Eval Org", "sign": "55" * 32, "scope": "weights", "ended": ""} | {
        name: ada[name] for name in ("noticed", "from", "to")
    }
    add("evaluator", "an evaluator", change=roster_is(evaluators=[evaluator]))
    add("evaluator-key", "an evaluator with a reviewer's key", "Malformed", roster_is(evaluators=[evaluator | {"sign": ada["sign"]}]))
    add("evaluator-name", "an evaluator with a reviewer's name", "Malformed", roster_is(evaluators=[evaluator | {"name": "ADA"}]))
    add("evaluator-notice", "notice holds for evaluators", "Malformed", roster_is(evaluators=[evaluator | edge | {"from": "2026-11-23"}]))
    add(
        "no-evaluators",
        "the list is required",
        "Malformed",
        lambda r: put(r, "files", "roster", canonical({"v": 1, "reviewers": reviewers})),
    )
    add("suspended-none", "nobody suspended", change=suspended())
    add("suspended-15", "15 days", "Malformed", suspended(SUSPENSION | {"until": "2026-12-05"}))
    add("suspended-backwards", "over before it begins", "Malformed", suspended(SUSPENSION | {"until": "2026-11-19"}))
    add("suspended-reason", "an unknown reason", "Malformed", suspended(SUSPENSION | {"reason": "RESIGNED"}))
    add("suspensions-by-reviewer", "a suspension signed by a reviewer", "Threshold", lambda r: put(r, "signers", "suspensions", ("ada",)))
    add(
        "stewards-same-key",
        "one key for sign and box",
        "Malformed",
        settings_are(stewards=[{"name": "Sten", "sign": "11" * 32, "box": "11" * 32}]),
    )
    add(
        "programme-no-stewards",
        "a name missing",
        "Malformed",
        lambda r: put(r, "files", "programme", canonical({n: v for n, v in PROGRAMME.items() if n != "stewards"})),
    )
    for role_name in ROLES:
        add(f"{role_name}-v2", "a file of another version", "WrongVersion", lambda r, n=role_name: put(r, "files", n, canonical({"v": 2})))  # type: ignore[misc]
    add("roster-spelled", "a roster with white space", "Malformed", lambda r: put(r, "files", "roster", roster + b"\n"))
    add("programme-more", "a name too many", "Malformed", settings_are(more=1))
    return {"vectors": out}
