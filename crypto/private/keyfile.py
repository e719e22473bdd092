"""A reviewer's keys, and the passphrase that guards them at rest. Bytes in, bytes out: the workstation does the files."""

import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from crypto.encoding import b64
from crypto.errors import Malformed, NotForUs
from crypto.private.opening import find_public_of
from crypto.private.signing import SignKey
from crypto.sealing import open_public_of

MAGIC = b"tellsafe/1 keyfile"
_SALT_BYTES = 16


@dataclass(frozen=True)
class ReviewerKeys:
    """32-byte secrets: one find and one sign key for the term, one X-Wing seed per quarter ("2026-Q4")."""

    find_secret: bytes = field(repr=False)
    sign_seed: bytes = field(repr=False)
    open_seeds: Mapping[str, bytes] = field(repr=False)

    def public(self) -> dict[str, Any]:
        """The `sign`, `find` and `open` entries of a roster (PROTOCOL 8)."""
        keys = [{"quarter": quarter, "key": b64(open_public_of(seed))} for quarter, seed in sorted(self.open_seeds.items())]
        return {"sign": SignKey(self.sign_seed).public, "find": find_public_of(self.find_secret).hex(), "open": keys}


def generate_reviewer_keys(quarters: Sequence[str]) -> ReviewerKeys:
    """Fresh keys for a reviewer with one open key for each quarter."""
    return ReviewerKeys(secrets.token_bytes(32), secrets.token_bytes(32), {quarter: secrets.token_bytes(32) for quarter in quarters})


@dataclass(frozen=True)
class Lock:
    """A passphrase stretched with the salt (16 bytes) of one key file: seals that file again without asking for the passphrase."""

    salt: bytes
    key: bytes = field(repr=False)


def lock_of(passphrase: str, data: bytes = b"") -> Lock:
    """The lock of a key file, or of a new one when there is no data. Malformed: not a key file."""
    salt = _parts(data)[0] if data else secrets.token_bytes(_SALT_BYTES)
    return Lock(salt, _stretch(passphrase, salt))


def seal_with(lock: Lock, secret: bytes) -> bytes:
    """A key file of any bytes: magic, salt, then a SecretBox (nonce and ciphertext)."""
    return MAGIC + lock.salt + bytes(SecretBox(lock.key).encrypt(secret))


def open_with(lock: Lock, data: bytes) -> bytes:
    """The bytes in a key file. Malformed: not a key file; NotForUs: a wrong passphrase or a changed file."""
    try:
        return SecretBox(lock.key).decrypt(_parts(data)[1])
    except CryptoError as error:
        raise NotForUs("the passphrase is wrong or the file was changed") from error


def seal_keyfile(passphrase: str, secret: bytes) -> bytes:
    """Seal any bytes under a passphrase, as `seal_with` does."""
    return seal_with(lock_of(passphrase), secret)


def open_keyfile(passphrase: str, data: bytes) -> bytes:
    """The bytes sealed by `seal_keyfile`. Malformed: not a key file; NotForUs: a wrong passphrase or a changed file."""
    return open_with(lock_of(passphrase, data), data)


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """(salt, sealed bytes) of a key file."""
    start = len(MAGIC) + _SALT_BYTES
    if not data.startswith(MAGIC) or len(data) < start + SecretBox.NONCE_SIZE + SecretBox.MACBYTES:
        raise Malformed("this is not a key file")
    return data[len(MAGIC) : start], data[start:]


def _stretch(passphrase: str, salt: bytes) -> bytes:
    """Argon2id, second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes. NFC, so that keyboards agree on accents."""
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return hash_secret_raw(text, salt, time_cost=3, memory_cost=65_536, parallelism=4, hash_len=SecretBox.KEY_SIZE, type=Type.ID)
