"""The keys of a receipt (PROTOCOL 3)."""

from dataclasses import dataclass, field

from nacl.signing import SigningKey

from crypto.constants import LABEL_RECEIPT_COVER, LABEL_RECEIPT_FIND, LABEL_RECEIPT_OPEN, LABEL_RECEIPT_SIGN
from crypto.errors import BadWords
from crypto.private.opening import find_public_of
from crypto.sealing import hkdf, open_public_of


@dataclass(frozen=True)
class ReceiptKeys:
    """Secrets of 32 bytes and their public halves: find 32 bytes, open 1,216, sign 32. `cover` orders the cover blocks."""

    find_secret: bytes = field(repr=False)
    find_public: bytes
    open_seed: bytes = field(repr=False)
    open_public: bytes
    sign_seed: bytes = field(repr=False)
    sign_public: bytes
    cover: bytes = field(repr=False)


def keys_of(entropy: bytes, programme: bytes) -> ReceiptKeys:
    """The keys of a receipt (16 bytes) in one programme. No password hashing: 128 random bits need none."""
    if len(entropy) != 16:
        raise BadWords("a receipt has 16 bytes")
    find = hkdf(entropy, programme, LABEL_RECEIPT_FIND, 32)
    seed = hkdf(entropy, programme, LABEL_RECEIPT_OPEN, 32)
    sign = hkdf(entropy, programme, LABEL_RECEIPT_SIGN, 32)
    return ReceiptKeys(
        find_secret=find,
        find_public=find_public_of(find),
        open_seed=seed,
        open_public=open_public_of(seed),
        sign_seed=sign,
        sign_public=SigningKey(sign).verify_key.encode(),
        cover=hkdf(entropy, programme, LABEL_RECEIPT_COVER, 32),
    )
