"""Sealing letters and making postings (PROTOCOL 4 and 5). Needs the recipient's public keys only; its one secret is thrown away at once."""

import hashlib
import secrets
from collections.abc import Sequence
from hashlib import shake_256

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from crypto.constants import (
    EVENT_MAX,
    LABEL_CLUE,
    LABEL_LETTER,
    NONCE_BYTES,
    OPEN_KEY_BYTES,
    PLAIN_BYTES,
    SLOTS,
    TAG_BYTES,
    ZERO32,
)
from crypto.encoding import lp
from crypto.errors import BadKey, BadPoint, TooLong
from crypto.points import check_point
from crypto.posting import effort_bits

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_MLKEM_PUBLIC = 1_184
_FIRST = (1).to_bytes(4, "big")  # the X9.63 KDF's counter; 8 bytes need one round

Slot = tuple[bytes, bytes, bytes]  # (find key 32, open key 1,216, event)


def seal_letter(programme: bytes, find: bytes, open_key: bytes, message: bytes) -> bytes:
    """A letter (16,384 bytes) of an event (0 to EVENT_MAX bytes). TooLong; BadPoint: the find key; BadKey: the open key."""
    if len(message) > EVENT_MAX:
        raise TooLong(f"an event has at most {EVENT_MAX} bytes")
    check_point(find)
    r = secrets.token_bytes(32)
    point = crypto_scalarmult_base(r)
    check_point(point)
    tag = tag_of(shared_secret(r, find), programme, point, find)
    plain = len(message).to_bytes(4, "big") + message
    plain += bytes(PLAIN_BYTES - len(plain))
    try:
        sealed = SUITE.encrypt(plain, open_public(open_key), info=letter_info(programme, point, find))
    except ValueError as error:
        raise BadKey("this open key cannot be sealed to") from error
    return point + tag + sealed


def cover_letter(programme: bytes) -> bytes:
    """A letter of no bytes to keys nobody has: real points and a real encapsulation, so that it looks like any other."""
    return seal_letter(programme, crypto_scalarmult_base(secrets.token_bytes(32)), open_public_of(secrets.token_bytes(32)), b"")


def make_posting(programme: bytes, slots: Sequence[Slot]) -> bytes:
    """A posting of up to six letters, filled with cover, sorted by R, with a random nonce. TooLong: more than six."""
    if len(slots) > SLOTS:
        raise TooLong(f"a posting has {SLOTS} letters")
    letters = [seal_letter(programme, find, open_key, raw) for find, open_key, raw in slots]
    letters += [cover_letter(programme) for _ in range(SLOTS - len(slots))]
    return secrets.token_bytes(NONCE_BYTES) + b"".join(sorted(letters))


def with_effort(body: bytes, segment_hash: bytes, bits: int) -> bytes:
    """The same posting with a nonce that shows at least `bits` of effort; unchanged for 0. Takes 2^bits tries of about 10 ms."""
    letters = body[NONCE_BYTES:]
    digest = hashlib.sha256(letters).digest()
    nonce = body[:NONCE_BYTES]
    while bits > 0 and effort_bits(nonce, digest, segment_hash) < bits:
        nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + letters


def shared_secret(scalar: bytes, point: bytes) -> bytes:
    """X25519; BadPoint for an all-zero result."""
    try:
        secret: bytes = crypto_scalarmult(scalar, point)
    except CryptoError as error:
        raise BadPoint("the shared secret is zero") from error
    if secret == ZERO32:
        raise BadPoint("the shared secret is zero")
    return secret


def tag_of(secret: bytes, programme: bytes, point: bytes, find: bytes) -> bytes:
    """The 8-byte tag of a clue: the X9.63 KDF (SEC 1, 3.6.1), one SHA-256. A scan makes one for each clue there is."""
    return hashlib.sha256(secret + _FIRST + LABEL_CLUE + programme + point + find).digest()[:TAG_BYTES]


def letter_info(programme: bytes, point: bytes, find: bytes) -> bytes:
    """HPKE info of a letter: it binds the sealed bytes to the programme, the clue and the recipient's find key."""
    return lp(LABEL_LETTER) + lp(programme) + lp(point) + lp(find)


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256."""
    return HKDF(SHA256(), length, salt or None, info).derive(ikm)


def open_public(key: bytes) -> MLKEM768X25519PublicKey:
    """An X-Wing public key of 1,216 bytes (ML-KEM 1,184, X25519 32); BadKey if it is none."""
    if len(key) != OPEN_KEY_BYTES:
        raise BadKey(f"an open key has {OPEN_KEY_BYTES} bytes")
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(key[:_MLKEM_PUBLIC])
        return MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(key[_MLKEM_PUBLIC:]))
    except ValueError as error:
        raise BadKey("this is not an open key") from error


def open_public_of(seed: bytes) -> bytes:
    """The 1,216 public bytes of an X-Wing seed of 32 bytes."""
    mlkem, x25519 = xwing_parts(seed)
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def xwing_parts(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """X-Wing expands 32 bytes to an ML-KEM seed (64) and an X25519 scalar (32)."""
    if len(seed) != 32:
        raise BadKey("an open key's seed has 32 bytes")
    expanded = shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])


def xwing_private(seed: bytes) -> MLKEM768X25519PrivateKey:
    """The private key object of a seed."""
    return MLKEM768X25519PrivateKey(*xwing_parts(seed))
