"""What the server stores does not tell a report from an answer, a status change, a note or cover (design section 3).

The claim is no stronger than this test: same size, same shape, and a forest trained on the stored bytes guesses no better than chance.
"""

import os

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from crypto import constants
from crypto.posting import parse_posting
from crypto.private import receipt
from crypto.sealing import make_posting

PROGRAMME = bytes(range(32))
KINDS = ("report", "answer", "state", "note", "cover")
EACH = 60


def people() -> list[tuple[bytes, bytes]]:
    keys = [receipt.keys_of(os.urandom(16), PROGRAMME) for _ in range(4)]
    return [(each.find_public, each.open_public) for each in keys]


def posting(kind: str, crowd: list[tuple[bytes, bytes]]) -> bytes:
    """A posting of the size of event and the recipients that each kind really has."""
    reporter, *readers = crowd
    sizes = {"report": 14_000, "answer": 900, "state": 700, "note": 400}
    if kind == "cover":
        return make_posting(PROGRAMME, [])
    event = b"x" * sizes[kind]
    recipients = readers if kind == "note" else [*readers, reporter]
    return make_posting(PROGRAMME, [(find, open_, event) for find, open_ in recipients])


def features(body: bytes) -> np.ndarray:
    """Byte frequencies of the whole, and the first bytes of every field of every letter."""
    whole = np.bincount(np.frombuffer(body, dtype=np.uint8), minlength=256)
    parsed = parse_posting(body)
    heads = [np.frombuffer(letter[at : at + 16], dtype=np.uint8) for letter in parsed.letters for at in (0, 16, 32, 40, 1160, 16368)]
    return np.concatenate([whole, *heads])


def accuracy(samples: dict[str, list[bytes]]) -> float:
    rows = np.stack([features(body) for bodies in samples.values() for body in bodies])
    labels = np.concatenate([[kind] * len(bodies) for kind, bodies in samples.items()])
    return float(cross_val_score(RandomForestClassifier(60, random_state=1), rows, labels, cv=5).mean())


@pytest.fixture(scope="module")
def samples() -> dict[str, list[bytes]]:
    crowd = people()
    return {kind: [posting(kind, crowd) for _ in range(EACH)] for kind in KINDS}


def test_every_posting_has_one_size_and_ascending_letters(samples: dict[str, list[bytes]]) -> None:
    for bodies in samples.values():
        for body in bodies:
            assert len(body) == constants.POSTING_BYTES
            rs = [letter[:32] for letter in parse_posting(body).letters]
            assert rs == sorted(set(rs)) and len(rs) == constants.SLOTS


def test_a_classifier_does_no_better_than_chance(samples: dict[str, list[bytes]]) -> None:
    chance, n = 1 / len(KINDS), EACH * len(KINDS)
    four_sigma = 4 * (chance * (1 - chance) / n) ** 0.5
    assert accuracy(samples) < chance + four_sigma


def test_the_classifier_would_notice_lazy_cover(samples: dict[str, list[bytes]]) -> None:
    """Control: cover whose ciphertext is zeros, as a lazy client might send, is found at once."""
    lazy = []
    for body in samples["cover"]:
        letters = parse_posting(body).letters
        lazy.append(body[:8] + b"".join(letter[:40] + bytes(constants.SEALED_BYTES) for letter in letters))
    assert accuracy({"answer": samples["answer"], "cover": lazy}) > 0.95
