"""The statistician's key file: keys that find, open and sign, sealed under a passphrase with Argon2id; and what is sealed beside it.

This package's one door to private keys. Bytes in, bytes out; `folder.py` does the files.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nacl.signing import SigningKey

from crypto.encoding import b64, canonical, hex32, parse_strict
from crypto.errors import Malformed, NotForUs, ProtocolError
from crypto.private import keyfile, opening
from crypto.private.receipt import keys_of
from crypto.sealing import open_public_of
from oversight.errors import Refused

KIND = "tellsafe statistician key"
PASSPHRASE_MIN = 12


@dataclass(frozen=True)
class StatisticianKey:
    """A name and three 32-byte secrets. One open key for good: labels hold codes only."""

    name: str
    find_secret: bytes = field(repr=False)
    open_seed: bytes = field(repr=False)
    sign_seed: bytes = field(repr=False)

    @property
    def sign_public(self) -> str:
        """The key that verifies releases, hex32."""
        return SigningKey(self.sign_seed).verify_key.encode().hex()


@dataclass(frozen=True)
class Unlocked:
    """A key and the stretched passphrase, with which the collected labels are sealed too."""

    key: StatisticianKey
    lock: keyfile.Lock


def new_key(name: str) -> StatisticianKey:
    return StatisticianKey(name, secrets.token_bytes(32), secrets.token_bytes(32), secrets.token_bytes(32))


def public_part(key: StatisticianKey) -> dict[str, Any]:
    """The entry `statistician` of programme.json."""
    find = opening.find_public_of(key.find_secret).hex()
    return {"name": key.name, "find": find, "open": b64(open_public_of(key.open_seed)), "sign": key.sign_public}


def seal_key(key: StatisticianKey, passphrase: str) -> bytes:
    """The key file. Refused: a passphrase that is too short to matter."""
    if len(passphrase) < PASSPHRASE_MIN:
        raise Refused(f"the passphrase has fewer than {PASSPHRASE_MIN} characters")
    parts = {"find": key.find_secret.hex(), "open": key.open_seed.hex(), "sign": key.sign_seed.hex()}
    return keyfile.seal_keyfile(passphrase, canonical({"v": 1, "kind": KIND, "name": key.name, **parts}))


def unlock(passphrase: str, data: bytes) -> Unlocked:
    """Open a key file. Refused: a wrong passphrase, or another kind of file."""
    try:
        lock = keyfile.lock_of(passphrase, data)
        value = parse_strict(keyfile.open_with(lock, data))
        if value.get("kind") != KIND:
            raise Refused("this is not a statistician's key file")
        return Unlocked(StatisticianKey(value["name"], hex32(value["find"]), hex32(value["open"]), hex32(value["sign"])), lock)
    except NotForUs as error:
        raise Refused("the passphrase is wrong, or the key file was changed") from error
    except (Malformed, KeyError) as error:
        raise Refused("this is not a statistician's key file") from error


def sign(key: StatisticianKey, message: bytes) -> bytes:
    """An Ed25519 signature of 64 bytes."""
    return SigningKey(key.sign_seed).sign(message).signature


def ours(key: StatisticianKey, clues: Sequence[bytes], programme: bytes) -> list[int]:
    """Indexes of the clues (40 bytes each) that are for the statistician."""
    return opening.find_matches(key.find_secret, clues, programme)


def opened(key: StatisticianKey, letters: Iterable[bytes], programme: bytes) -> list[bytes]:
    """The messages in letters that were found to be ours. A broken letter, or a cover, is skipped."""
    found = []
    for letter in letters:
        try:
            found.append(opening.open_letter(letter, key.find_secret, key.open_seed, programme))
        except ProtocolError:  # whoever can post can post rubbish
            continue
    return [message for message in found if message]


def receipt_signs(entropy: bytes, programme: bytes) -> str:
    """The sign key (hex32) of a receipt of 16 bytes, such as a test report's."""
    return keys_of(entropy, programme).sign_public.hex()


def seal_store(lock: keyfile.Lock, data: bytes) -> bytes:
    return keyfile.seal_with(lock, data)


def open_store(lock: keyfile.Lock, data: bytes) -> bytes:
    """Refused: sealed by another key file's passphrase, or changed."""
    try:
        return keyfile.open_with(lock, data)
    except (NotForUs, Malformed) as error:
        raise Refused("the collected labels were sealed with another key file, or were changed") from error
