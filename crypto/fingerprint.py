"""The programme's fingerprint P (PROTOCOL 1) in the forms people compare: words and blocks of hex. Both are public and open nothing."""

from functools import cache

from mnemonic import Mnemonic

GROUP = 8


@cache
def _book() -> Mnemonic:
    return Mnemonic("english")


def words_of_programme(programme: bytes) -> tuple[str, ...]:
    """24 BIP39 words of P (32 bytes); the last one holds a checksum. ValueError for another length."""
    if len(programme) != 32:
        raise ValueError("a fingerprint has 32 bytes")
    return tuple(str(_book().to_mnemonic(programme)).split())


def groups_of_programme(programme: bytes) -> tuple[str, ...]:
    """P as 8 groups of 8 hex characters."""
    text = programme.hex()
    return tuple(text[at : at + GROUP] for at in range(0, len(text), GROUP))
