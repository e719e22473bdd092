"""A steward's key file: an Ed25519 key that signs and an X25519 key that opens annexes, sealed under a passphrase with Argon2id.

The desk's one door to private keys. Bytes in, bytes out; `desk.py` does the files.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.public import PrivateKey
from securesystemslib.signer import CryptoSigner

from crypto.encoding import canonical, hex32, is_hex32, parse_strict
from crypto.errors import Malformed, NotForUs
from crypto.private import keyfile
from oversight.errors import Refused

KIND = "tellsafe steward key"
PUBLIC_KIND = "tellsafe steward"
PASSPHRASE_MIN = 12


@dataclass(frozen=True)
class StewardKey:
    """A name and two 32-byte secrets."""

    name: str
    sign_seed: bytes = field(repr=False)
    box_secret: bytes = field(repr=False)


def new_key(name: str) -> StewardKey:
    return StewardKey(name, secrets.token_bytes(32), secrets.token_bytes(32))


def signer_of(key: StewardKey) -> CryptoSigner:
    """What python-tuf signs with."""
    return signer(key.sign_seed)


def signer(seed: bytes) -> CryptoSigner:
    """What python-tuf signs with, of a 32-byte Ed25519 seed."""
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(seed))


def public_part(key: StewardKey) -> dict[str, Any]:
    """What others may see: the name, the key that verifies and the key to seal to, both hex32."""
    sign = Ed25519PrivateKey.from_private_bytes(key.sign_seed).public_key().public_bytes_raw()
    return {"v": 1, "kind": PUBLIC_KIND, "name": key.name, "sign": sign.hex(), "box": bytes(PrivateKey(key.box_secret).public_key).hex()}


def parse_public(data: bytes) -> dict[str, Any]:
    """Read a public file. Refused: it is none."""
    try:
        value = parse_strict(data.strip())
    except Malformed as error:
        raise Refused("this is not a steward's public file") from error
    right = value.keys() == {"v", "kind", "name", "sign", "box"} and (value["v"], value["kind"]) == (1, PUBLIC_KIND)
    if not right or not isinstance(value["name"], str) or not is_hex32(value["sign"]) or not is_hex32(value["box"]):
        raise Refused("this is not a steward's public file")
    return value


def seal_key(key: StewardKey, passphrase: str) -> bytes:
    """The key file. Refused: a passphrase that is too short to matter."""
    if len(passphrase) < PASSPHRASE_MIN:
        raise Refused(f"the passphrase has fewer than {PASSPHRASE_MIN} characters")
    whole = {"v": 1, "kind": KIND, "name": key.name, "sign": key.sign_seed.hex(), "box": key.box_secret.hex()}
    return keyfile.seal_keyfile(passphrase, canonical(whole))


def open_key(passphrase: str, data: bytes) -> StewardKey:
    """The key in a key file. Refused: a wrong passphrase, or another kind of file."""
    try:
        value = parse_strict(keyfile.open_keyfile(passphrase, data))
        if value.get("kind") != KIND:
            raise Refused("this is not a steward's key file")
        return StewardKey(value["name"], hex32(value["sign"]), hex32(value["box"]))
    except NotForUs as error:
        raise Refused("the passphrase is wrong, or the key file was changed") from error
    except (Malformed, KeyError) as error:
        raise Refused("this is not a steward's key file") from error
