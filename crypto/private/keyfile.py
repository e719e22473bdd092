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


def seal_keyfile(passphrase: str, secret: bytes) -> bytes:
    """Seal any bytes under a passphrase: magic, salt, then a SecretBox (nonce and ciphertext)."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return MAGIC + salt + bytes(SecretBox(_stretch(passphrase, salt)).encrypt(secret))


def open_keyfile(passphrase: str, data: bytes) -> bytes:
    """The bytes sealed by `seal_keyfile`. Malformed: not a key file; NotForUs: a wrong passphrase or a changed file."""
    start = len(MAGIC) + _SALT_BYTES
    if not data.startswith(MAGIC) or len(data) < start + SecretBox.NONCE_SIZE + SecretBox.MACBYTES:
        raise Malformed("this is not a key file")
    try:
        return SecretBox(_stretch(passphrase, data[len(MAGIC) : start])).decrypt(data[start:])
    except CryptoError as error:
        raise NotForUs("the passphrase is wrong or the file was changed") from error


def _stretch(passphrase: str, salt: bytes) -> bytes:
    """Argon2id, second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes. NFC, so that keyboards agree on accents."""
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return hash_secret_raw(text, salt, time_cost=3, memory_cost=65_536, parallelism=4, hash_len=SecretBox.KEY_SIZE, type=Type.ID)
