"""The vault: the one door of the workstation to private keys. No other module of this package imports `crypto.private`.

A folder with `vault.tellsafe` (the secrets, sealed under the passphrase with Argon2id), `public.json` (what the stewards put on the
roster) and, later, `casebook.tellsafe`.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets as random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crypto.encoding import unb64
from crypto.errors import NotForUs, ProtocolError
from crypto.event import Event
from crypto.private.keyfile import generate_reviewer_keys, open_keyfile, seal_keyfile
from crypto.private.opening import find_matches, open_letter
from crypto.private.signing import sign_event
from crypto.tree import quarter_of

KEYFILE = "vault.tellsafe"
PUBLIC = "public.json"


class VaultExists(Exception):
    """There is a vault in this folder already; it is never overwritten."""


class VaultLocked(Exception):
    """The keys are not in memory any more."""


class Vault:
    """Unlocked keys. After `lock` every use raises VaultLocked."""

    def __init__(self, secrets: Mapping[str, Any], public: Mapping[str, Any]) -> None:
        self.name: str = public["name"]
        self.sign: str = public["sign"]
        self.find_public: bytes = bytes.fromhex(public["find"])
        self._open_public: list[dict[str, str]] = list(public["open"])
        self._secrets: dict[str, Any] | None = dict(secrets)

    def find_matches(self, clues: Sequence[bytes], programme: bytes) -> list[int]:
        """Places of the clues (40 bytes each) that are for this reviewer (PROTOCOL 4)."""
        return find_matches(self._use()["find"], clues, programme)

    def open_letter(self, letter: bytes, programme: bytes) -> bytes:
        """The event bytes of a letter, tried with every open key held, newest first; NotForUs when none fits."""
        trouble: ProtocolError = NotForUs()
        for seed in self._use()["open"]:
            try:
                return open_letter(letter, self._use()["find"], seed, programme)
            except NotForUs as error:
                trouble = error
        raise trouble

    def sign_event(self, payload: dict[str, Any], programme: bytes) -> Event:
        return sign_event(payload, self._use()["sign"], programme)

    def own_open(self, day: datetime.datetime) -> bytes:
        """This reviewer's public open key (1,216 bytes) for a day, for the copies to oneself; the newest when the day has none."""
        keys = {entry["quarter"]: entry["key"] for entry in self._open_public}
        return unb64(keys.get(quarter_of(day)) or keys[max(keys)])

    def casebook_key(self) -> bytes:
        key: bytes = self._use()["casebook"]
        return key

    def lock(self) -> None:
        """Let go of the keys. Python cannot promise that no copy stays in freed memory; the process should not be kept for that."""
        self._secrets = None

    def _use(self) -> dict[str, Any]:
        if self._secrets is None:
            raise VaultLocked
        return self._secrets


def create(folder: Path, passphrase: str, name: str, now: datetime.datetime | None = None) -> dict[str, Any]:
    """Make a vault with keys for this quarter and the next; gives {name, sign, find, open} for the roster. VaultExists if there is one."""
    day = now or datetime.datetime.now(datetime.UTC)
    if exists(folder):
        raise VaultExists
    keys = generate_reviewer_keys([quarter_of(day), next_quarter(day)])
    public = {"name": name, **keys.public()}
    secret = {
        "v": 1,
        "public": public,
        "find": keys.find_secret.hex(),
        "sign": keys.sign_seed.hex(),
        "open": {quarter: seed.hex() for quarter, seed in keys.open_seeds.items()},
        "casebook": random.token_bytes(32).hex(),
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_new(folder / KEYFILE, seal_keyfile(passphrase, json.dumps(secret).encode()))
    _write_new(folder / PUBLIC, json.dumps(public, indent=1).encode())
    return public


def exists(folder: Path) -> bool:
    return (folder / KEYFILE).exists()


def public_keys(folder: Path) -> dict[str, Any]:
    """What `create` gave, read again: nothing secret."""
    found: dict[str, Any] = json.loads((folder / PUBLIC).read_bytes())
    return found


def unlock(folder: Path, passphrase: str) -> Vault:
    """Open the vault. NotForUs: a wrong passphrase (or a changed file)."""
    secret = json.loads(open_keyfile(passphrase, (folder / KEYFILE).read_bytes()))
    seeds = [bytes.fromhex(seed) for _, seed in sorted(secret["open"].items(), reverse=True)]
    keys = {name: bytes.fromhex(secret[name]) for name in ("find", "sign", "casebook")}
    return Vault({**keys, "open": seeds}, secret["public"])


def next_quarter(day: datetime.datetime) -> str:
    first = datetime.datetime(day.year, 3 * ((day.month - 1) // 3) + 1, 1, tzinfo=datetime.UTC)
    return quarter_of(first + datetime.timedelta(days=100))


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, readable by its owner only, durably."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
