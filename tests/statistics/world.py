"""Reviewers who sign, labels, a key without its half second of Argon2id, and noise that is known."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nacl.signing import SigningKey

from crypto.case import common
from crypto.encoding import b64, unb64
from crypto.event import parse_event
from crypto.label import endorsed, intake_label, label_message, outcome_label, report_id
from crypto.private.keyfile import Lock
from crypto.private.receipt import keys_of
from crypto.private.signing import sign_event
from oversight.statistics import desk, keys, shoppers

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


ANSWERS = {"stage": "L3-INTERNAL", "organisation": "", "danger": "UNSURE", "basis": "SAW", "known": "K0", "raised": "", "may": "ASK"}
TRIAGE = {"also": [], "stage": "L3-INTERNAL", "severity": "S3", "harm": "H0", "urgency": "U3", "known": "K4", "risk": "LOW"}
STEP = {"to": "ACKNOWLEDGED", "reason": "NONE", "until": "", "whom": "", "urgent": "NO"}


def shopped(
    nonce: str,
    week: str,
    meant: str = "B1-WEIGHTS",
    *,
    seen: str = "",
    found: str = "",
    said: str = "",
    leaks: int = 0,
    programme: bytes = P,
) -> dict[str, object]:
    """A test report as it is handed over. seen: week of its acknowledgement; found: code of its triage; said: what reviewers wrote."""
    own = keys_of(shoppers.entropy_of(nonce, meant, programme), programme)
    contact = {"find": own.find_public.hex(), "open": b64(own.open_public), "readers": NAMES[:3], "reserves": [], "selfcopy": "full"}
    told = {"answers": {**ANSWERS, "about": [meant], "promise": ""}, "text": "A story.", "parts": 0}
    events = [sign_event(common("report", week, [0, "0" * 64], 1, "all") | contact | told, own.sign_seed, programme)]
    steps = [(0, "received", {}), (0, "state", {**STEP, "text": said})] if seen else []
    steps += [(1, "received", {}), (1, "triage", {**TRIAGE, "code": found})] if found else []
    for number, kind, further in steps:
        head = common(kind, seen or week, [0, "0" * 64], 1, "all", events[0].id, None, [events[-1].id])
        events.append(sign_event(head | further, SEEDS[number], programme))
    return {"nonce": nonce, "code": meant, "leaks": leaks, "events": [b64(event.raw) for event in events]}


def name_of_test(test: dict[str, object], programme: bytes = P) -> str:
    """The name of a test report in labels."""
    events: list[str] = test["events"]  # type: ignore[assignment]
    return report_id(parse_event(unb64(events[0]), programme).id, programme)


def collect(folder: Path, messages: Iterable[bytes], week: str = "2028-W01") -> desk.labels.Tally:
    return desk.collect_into(folder, KEY, P, [(message, week) for message in messages], active)


def plus(extra: int) -> Callable[[Sequence[str], Sequence[str], str], list[int]]:
    """ "Noise" that adds the same to every cell."""

    def noisy(cells: Sequence[str], wanted: Sequence[str], _: str) -> list[int]:
        return [list(cells).count(key) + extra for key in wanted]

    return noisy


def draw(folder: Path, period: str = "2027-Y", table: str = "T1", extra: int = 0, published: bytes = b"") -> desk.Release:
    return desk.draw_once(folder, KEY, period, table, LATER, published, plus(extra))
