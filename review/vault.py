"""The vault: the one door of the workstation to private keys. No other module of this package imports `crypto.private`.

A folder with `vault.tellsafe` (the secrets, sealed under the passphrase with Argon2id), `public.json` and `request.json` (what the
stewards need for the roster: nothing secret) and, later, `casebook.tellsafe`.
"""

from __future__ import annotations

import datetime
import json
import re
import secrets as random
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey
from securesystemslib.exceptions import FormatError
from securesystemslib.formats import encode_canonical

from crypto.encoding import canonical, parse_strict, unb64
from crypto.errors import Malformed, NotForUs, ProtocolError
from crypto.event import Event
from crypto.label import label_bytes, label_message
from crypto.private.keyfile import Lock, ReviewerKeys, generate_reviewer_keys, lock_of, open_keyfile, open_with, seal_keyfile, seal_with
from crypto.private.opening import find_matches, open_letter
from crypto.private.signing import sign_event, sign_request
from crypto.roster import quarter_of
from review import clock, disk

KEYFILE = "vault.tellsafe"
PUBLIC = "public.json"
REQUEST = "request.json"
KEEP_DAYS = 60  # an open key outlives its quarter by this much: letters may be under way, a mirror behind

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class VaultExists(Exception):
    """There is a vault in this folder already; it is never overwritten."""


class VaultLocked(Exception):
    """The keys are not in memory any more."""


class Vault:
    """Unlocked keys. After `lock` every use raises VaultLocked."""

    def __init__(self, folder: Path, name: str, casebook: bytes, keys: ReviewerKeys, lock: Lock) -> None:
        self.name = name
        self._folder, self._casebook, self._lock = folder, casebook, lock
        self._keys: ReviewerKeys | None = keys
        self._public = keys.public()
        self.sign: str = self._public["sign"]
        self.find_public: bytes = bytes.fromhex(self._public["find"])

    def find_matches(self, clues: Sequence[bytes], programme: bytes) -> list[int]:
        """Places of the clues (40 bytes each) that are for this reviewer (PROTOCOL 4)."""
        return find_matches(self._use().find_secret, clues, programme)

    def open_letter(self, letter: bytes, programme: bytes) -> bytes:
        """The event bytes of a letter, tried with every open key held, newest first; NotForUs when none fits."""
        trouble: ProtocolError = NotForUs()
        for _, seed in sorted(self._use().open_seeds.items(), reverse=True):
            try:
                return open_letter(letter, self._use().find_secret, seed, programme)
            except NotForUs as error:
                trouble = error
        raise trouble

    def sign_event(self, payload: dict[str, Any], programme: bytes) -> Event:
        return sign_event(payload, self._use().sign_seed, programme)

    def sign_timestamp(self, data: bytes) -> bytes:
        """The signature (64 bytes) of the canonical signed part of a TUF timestamp, and of nothing else: Malformed.

        What is signed of an event begins with its label and never with "{", so that no event can be signed through this.
        """
        _check_timestamp(data)
        return bytes(SigningKey(self._use().sign_seed).sign(data).signature)

    def sign_label(self, data: bytes, programme: bytes) -> bytes:
        """The signature (64 bytes) of a label's one spelling (PROTOCOL 11), and of nothing else: Malformed or WrongVersion.

        What is signed begins with the name of labels and never with that of events: neither can be signed through the other's door.
        """
        if label_bytes(parse_strict(data)) != data:
            raise Malformed("this is not a label")
        return bytes(SigningKey(self._use().sign_seed).sign(label_message(data, programme)).signature)

    def request(self, programme: bytes, day: datetime.datetime) -> bytes:
        """The request file for the stewards (PROTOCOL 8): every open key from this quarter on. It is also put into the folder."""
        public = {**self._public, "open": [entry for entry in self._public["open"] if entry["quarter"] >= quarter_of(day)]}
        data = canonical(sign_request(self.name, public, self._use().sign_seed, programme))
        disk.replace(self._folder / REQUEST, data)
        return data

    def quarters(self) -> list[str]:
        """The quarters whose open keys are held, oldest first."""
        return [entry["quarter"] for entry in self._public["open"]]

    def own_open(self, day: datetime.datetime) -> bytes:
        """This reviewer's public open key (1,216 bytes) for a day, for the copies to oneself; the newest when the day has none."""
        keys = {entry["quarter"]: entry["key"] for entry in self._public["open"]}
        return unb64(keys.get(quarter_of(day)) or keys[max(keys)])

    def make_keys(self, day: datetime.datetime) -> list[str]:
        """Make the open keys of this quarter and the next that are not held; gives the quarters made."""
        made = [quarter for quarter in (quarter_of(day), next_quarter(day)) if quarter not in self._use().open_seeds]
        if made:
            self._rewrite({**self._use().open_seeds, **{quarter: random.token_bytes(32) for quarter in made}})
        return made

    def destroy_keys(self, quarters: Collection[str]) -> None:
        """Forget open keys for good, here and in the file. The last one stays: copies to oneself need it."""
        kept = {quarter: seed for quarter, seed in self._use().open_seeds.items() if quarter not in quarters}
        if kept and len(kept) < len(self._use().open_seeds):
            self._rewrite(kept)

    def casebook_key(self) -> bytes:
        self._use()
        return self._casebook

    def lock(self) -> None:
        """Let go of the keys. Python cannot promise that no copy stays in freed memory; the process should not be kept for that."""
        self._keys, self._casebook, self._lock = None, b"", Lock(b"", b"")

    def _use(self) -> ReviewerKeys:
        if self._keys is None:
            raise VaultLocked
        return self._keys

    def _rewrite(self, seeds: Mapping[str, bytes]) -> None:
        """Put other open keys into the file, then use them. A crash leaves the old file or the new one, never a mixture."""
        held = self._use()
        keys = ReviewerKeys(held.find_secret, held.sign_seed, dict(seeds))
        disk.replace(self._folder / KEYFILE, seal_with(self._lock, _secrets(self.name, keys, self._casebook)))
        disk.replace(self._folder / PUBLIC, _public_file(self.name, keys))
        self._keys, self._public = keys, keys.public()


def create(folder: Path, passphrase: str, name: str, now: datetime.datetime | None = None, programme: bytes = b"") -> dict[str, Any]:
    """Make a vault with keys for this quarter and the next; gives {name, sign, find, open} for the roster. VaultExists if there is one.

    With the programme's fingerprint (32 bytes) the request file for the stewards is made too.
    """
    day = now or clock.now()
    if exists(folder):
        raise VaultExists
    keys = generate_reviewer_keys([quarter_of(day), next_quarter(day)])
    casebook, lock = random.token_bytes(32), lock_of(passphrase)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    disk.write_new(folder / KEYFILE, seal_with(lock, _secrets(name, keys, casebook)))
    disk.replace(folder / PUBLIC, _public_file(name, keys))
    if programme:
        Vault(folder, name, casebook, keys, lock).request(programme, day)
    return {"name": name, **keys.public()}


def exists(folder: Path) -> bool:
    return (folder / KEYFILE).exists()


def public_keys(folder: Path) -> dict[str, Any]:
    """What `create` gave, read again: nothing secret."""
    found: dict[str, Any] = json.loads((folder / PUBLIC).read_bytes())
    return found


def unlock(folder: Path, passphrase: str) -> Vault:
    """Open the vault. NotForUs: a wrong passphrase (or a changed file)."""
    data = (folder / KEYFILE).read_bytes()
    lock = lock_of(passphrase, data)
    secret = json.loads(open_with(lock, data))
    seeds = {quarter: bytes.fromhex(seed) for quarter, seed in secret["open"].items()}
    keys = ReviewerKeys(bytes.fromhex(secret["find"]), bytes.fromhex(secret["sign"]), seeds)
    name: str = secret["name"]
    disk.clean(folder / KEYFILE)
    # A crash between the two files of a rewrite leaves the public one behind.
    public = _public_file(name, keys)
    if not (folder / PUBLIC).exists() or (folder / PUBLIC).read_bytes() != public:
        disk.replace(folder / PUBLIC, public)
    return Vault(folder, name, bytes.fromhex(secret["casebook"]), keys, lock)


def seal_file(passphrase: str, data: bytes) -> bytes:
    """Seal a backup or an exported case under a passphrase, as the vault itself is sealed."""
    return seal_keyfile(passphrase, data)


def open_file(passphrase: str, data: bytes) -> bytes:
    """What `seal_file` sealed. Malformed: no such file; NotForUs: a wrong passphrase or a changed file."""
    return open_keyfile(passphrase, data)


def next_quarter(day: datetime.date) -> str:
    return quarter_of(clock.quarter_end(quarter_of(day)) + datetime.timedelta(days=1))


def destroyed_after(quarter: str) -> datetime.date:
    """The last day on which the open key of a quarter is kept."""
    return clock.quarter_end(quarter) + datetime.timedelta(days=KEEP_DAYS)


def _secrets(name: str, keys: ReviewerKeys, casebook: bytes) -> bytes:
    value = {
        "v": 1,
        "name": name,
        "find": keys.find_secret.hex(),
        "sign": keys.sign_seed.hex(),
        "open": {quarter: seed.hex() for quarter, seed in keys.open_seeds.items()},
        "casebook": casebook.hex(),
    }
    return json.dumps(value).encode()


def _public_file(name: str, keys: ReviewerKeys) -> bytes:
    return json.dumps({"name": name, **keys.public()}, indent=1).encode()


def _check_timestamp(data: bytes) -> None:
    """Malformed unless these are the canonical bytes of a TUF timestamp over one snapshot."""
    try:
        value = json.loads(data)
        right = (
            value.keys() == {"_type", "spec_version", "version", "expires", "meta"}
            and value["_type"] == "timestamp"
            and type(value["version"]) is int
            and _MOMENT.fullmatch(value["expires"]) is not None
            and value["meta"].keys() == {"snapshot.json"}
            and type(value["meta"]["snapshot.json"]["version"]) is int
            and encode_canonical(value) == data.decode()
        )
    except (ValueError, TypeError, KeyError, AttributeError, FormatError, RecursionError):
        right = False
    if not right:
        raise Malformed("this is not a timestamp of the signed tree")
