"""The private annex of a vetting record: sealed to every steward's box key with PyNaCl, so that any one of them can open it.

It never goes to a server; stewards keep it and hand it to whoever takes over. Bytes in, bytes out.
"""

from collections.abc import Sequence

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from crypto.encoding import b64, canonical, hex32, parse_strict, unb64
from crypto.errors import Malformed
from crypto.roster import Steward
from oversight.errors import Refused
from oversight.keys import StewardKey, public_part

KIND = "tellsafe annex"


def seal(data: bytes, entry: str, stewards: Sequence[Steward]) -> bytes:
    """The annex as a file: one sealed copy for each steward, under their sign key. entry: the sign key (hex32) of its card."""
    copies = {each.sign: b64(SealedBox(PublicKey(each.box)).encrypt(entry.encode() + b"\n" + data)) for each in stewards}
    return canonical({"v": 1, "kind": KIND, "copies": copies})


def unseal(data: bytes, key: StewardKey) -> tuple[str, bytes]:
    """(the sign key of its card, the text): what one steward's key opens. Refused: no annex, no copy for them, a changed one."""
    try:
        value = parse_strict(data.strip())
        copies = value["copies"]
        if (value["v"], value["kind"]) != (1, KIND) or not isinstance(copies, dict):
            raise Refused("this is not an annex")
        mine = copies.get(public_part(key)["sign"])
        if mine is None:
            raise Refused(f"this annex was not sealed to {key.name}")
        entry, _, text = SealedBox(PrivateKey(key.box_secret)).decrypt(unb64(mine)).partition(b"\n")
        return hex32(entry.decode()).hex(), text
    except CryptoError as error:
        raise Refused("this annex was changed or not sealed to this key") from error
    except (Malformed, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise Refused("this is not an annex") from error
