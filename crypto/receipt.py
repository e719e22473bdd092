"""The twelve words of a receipt (PROTOCOL 3). Public part: words and bytes, no keys."""

from functools import cache

from mnemonic import Mnemonic

from crypto.errors import BadWords

_WORDS = 12
_CUT = 4  # BIP39 words differ in their first four letters


@cache
def _book() -> Mnemonic:
    return Mnemonic("english")


def words_of(entropy: bytes) -> str:
    """Twelve lower-case words, one space between, of 16 bytes."""
    if len(entropy) != 16:
        raise BadWords("a receipt has 16 bytes")
    return str(_book().to_mnemonic(entropy))


def entropy_of(words: str) -> bytes:
    """The 16 bytes of a typed receipt: any white space and case, words cut to four letters or more. BadWords otherwise."""
    typed = words.lower().split()
    if len(typed) != _WORDS:
        raise BadWords("a receipt has twelve words")
    whole = [_whole(word) for word in typed]
    try:
        return bytes(_book().to_entropy(whole))
    except (ValueError, LookupError) as error:
        raise BadWords("the words do not fit together: one of them is wrong") from error


def _whole(typed: str) -> str:
    for word in _book().wordlist:
        if word == typed or (len(typed) >= _CUT and word.startswith(typed)):
            return str(word)
    raise BadWords("a word is not in the list")
