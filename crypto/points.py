"""Which public values are refused before any cryptography (PROTOCOL 2, Points). Byte comparisons only."""

from crypto.errors import BadKey, BadPoint

_P = 2**255 - 19


def _le(number: int) -> bytes:
    return number.to_bytes(32, "little")


SMALL_ORDER_X = frozenset(
    {
        _le(0),
        _le(1),
        _le(_P - 1),
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    }
)
SMALL_ORDER_Y = frozenset(
    {
        _le(0),
        _le(1),
        _le(_P - 1),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    }
)


def check_point(point: bytes) -> None:
    """Refuse an X25519 public value (32 bytes, little-endian) as BadPoint unless canonical, top bit clear, not of small order."""
    if len(point) != 32 or point in SMALL_ORDER_X:
        raise BadPoint("this X25519 value is not 32 bytes or is of small order")
    # One comparison covers a set top bit too: any such number is above 2^255 - 19.
    if int.from_bytes(point, "little") >= _P:
        raise BadPoint("this X25519 value is not canonical")


def check_signing_key(key: bytes) -> None:
    """Refuse an encoded Ed25519 point (a key, or a signature's R; 32 bytes) as BadKey if non-canonical or of small order."""
    if len(key) != 32:
        raise BadKey("an Ed25519 point has 32 bytes")
    y = key[:31] + bytes([key[31] & 0x7F])
    if y in SMALL_ORDER_Y or int.from_bytes(y, "little") >= _P:
        raise BadKey("this Ed25519 point is not canonical or is of small order")
