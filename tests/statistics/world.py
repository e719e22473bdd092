"""Reviewers who sign, labels, a key without its half second of Argon2id, and noise that is known."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nacl.signing import SigningKey

from crypto.label import endorsed, intake_label, label_message, outcome_label, report_id
from crypto.private.keyfile import Lock
from oversight.statistics import desk, keys

P = bytes(range(32))
SEEDS = [bytes([number]) * 32 for number in range(1, 7)]
SIGNERS = [SigningKey(seed) for seed in SEEDS]
NAMES = [signer.verify_key.encode().hex() for signer in SIGNERS]
ACTIVE = frozenset(NAMES[:4])  # the last two are on no roster
KEY = keys.Unlocked(keys.StatisticianKey("Stat", b"\1" * 32, b"\2" * 32, b"\3" * 32), Lock(b"\4" * 16, b"\5" * 32))
LATER = datetime.date(2040, 1, 1)


def active(_: str) -> frozenset[str]:
    return ACTIVE


def name_of(number: int, programme: bytes = P) -> str:
    return report_id(f"{number:064x}", programme)


def signed(data: bytes, by: Sequence[int] = (0, 1), programme: bytes = P) -> bytes:
    return endorsed(data, {NAMES[who]: SIGNERS[who].sign(label_message(data, programme)).signature for who in by})


def intake(number: int, week: str = "2027-W10", code: str = "B1-WEIGHTS", stage: str = "L3-INTERNAL", shopper: str = "no") -> bytes:
    return signed(intake_label(name_of(number), week, code, stage, shopper))


def outcome(number: int, week: str = "2027-W10", what: str = "ACTED", shopper: str = "no") -> bytes:
    return signed(outcome_label(name_of(number), week, what, shopper))


def collect(folder: Path, messages: Iterable[bytes], week: str = "2028-W01") -> desk.labels.Tally:
    return desk.collect_into(folder, KEY, P, [(message, week) for message in messages], active)


def plus(extra: int) -> Callable[[Sequence[str], Sequence[str], str], list[int]]:
    """ "Noise" that adds the same to every cell."""

    def noisy(cells: Sequence[str], wanted: Sequence[str], _: str) -> list[int]:
        return [list(cells).count(key) + extra for key in wanted]

    return noisy


def draw(folder: Path, period: str = "2027-Y", table: str = "T1", extra: int = 0, published: bytes = b"") -> desk.Release:
    return desk.draw_once(folder, KEY, period, table, LATER, published, plus(extra))
