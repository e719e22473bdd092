"""Full-text search in memory: no index on the disk, and nothing looked up that is not on the page already.

Texts and questions are folded the same way: NFKC, so that full-width and composed letters meet their plain forms, and case-folded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

PHRASE = re.compile(r'"([^"]+)"|(\S+)')


def folded(text: str) -> bytes:
    """A text as it is searched. UTF-8, since Python would take four bytes a letter for a text with one emoji in it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).encode("utf-8", "surrogatepass")


def haystack(texts: Iterable[str]) -> bytes:
    """Texts side by side; no term reaches from one into the next."""
    return folded("\n".join(texts))


def terms(question: str) -> tuple[bytes, ...]:
    """What must occur: each word, and each phrase in double quotes as it stands."""
    found = [phrase or word for phrase, word in PHRASE.findall(question)]
    return tuple(folded(each) for each in found if folded(each))


def matches(hay: bytes, wanted: Sequence[bytes]) -> bool:
    return all(each in hay for each in wanted)
