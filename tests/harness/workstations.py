"""Real workstations over HTTP without their thread and pages: what all of them have to say leaves at once, before the next tick."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from crypto.case import Case
from review import casebook, outbox, post, sync
from review.desk import Desk, open_desk

STEP = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"}
TRIAGE = {"also": [], "stage": "L3-INTERNAL", "severity": "S3", "harm": "H0", "urgency": "U3", "known": "K4", "risk": "LOW"}
Work = Mapping[str, tuple[str, str]]  # case id to the code of its triage and the reason of its closing


def opened(vaults: Iterable[Path], passphrase: str, programme: bytes, url: str) -> list[Desk]:
    desks = [Desk(folder, programme, lambda: post.connect(url)) for folder in vaults]
    for desk in desks:
        open_desk(desk, passphrase)
    return desks


def fetch(desks: Sequence[Desk]) -> None:
    """A round of each: read what is published, and say what is due without anybody's decision, labels among it."""
    for desk in desks:
        sync.one_round(desk)
        assert not desk.status.trouble and not desk.status.alarm, desk.status


def deliver(desks: Sequence[Desk]) -> list[str]:
    """Send all that waits; the kind of the event in each posting."""
    kinds = []
    for desk in desks:
        assert desk.book is not None
        for item in desk.outbox.values():
            item.at = 0
            kinds.append(desk.book.events[item.event].kind if item.event else "copies")
        sync.send_due(desk)
        assert not desk.outbox, desk.status
    return kinds


def case_of(desk: Desk, case_id: str) -> Case:
    assert desk.book is not None
    found = casebook.case_of(desk.book, case_id)
    assert found is not None
    return found


def triage_and_close(desks: Sequence[Desk], work: Work, tick: Callable[[list[str]], None]) -> None:
    """Two people take each case from its report to its close; then their workstations send its labels. tick(kinds) publishes them."""
    of = {desk.vault.sign: desk for desk in desks if desk.vault}
    for act in (_take_up, _look, _decide, _agree, None, None):
        fetch(desks)
        for case_id, (code, reason) in work.items() if act else ():
            case = case_of(desks[0], case_id)
            act(of[case.lead], of[case.second], case_id, code, reason)
        tick(deliver(desks))


def _take_up(lead: Desk, second: Desk, case_id: str, code: str, _reason: str) -> None:
    outbox.say(second, case_id, "received")
    outbox.say(lead, case_id, "received")
    outbox.say(lead, case_id, "state", **{**STEP, "to": "ACKNOWLEDGED", "text": "Thank you."})
    outbox.say(lead, case_id, "state", **{**STEP, "to": "TRIAGE"})
    outbox.say(lead, case_id, "triage", code=code, **TRIAGE)


def _look(_lead: Desk, second: Desk, case_id: str, _code: str, _reason: str) -> None:
    _endorse(second, case_id)
    outbox.say(second, case_id, "state", **{**STEP, "to": "REVIEW"})


def _decide(lead: Desk, _second: Desk, case_id: str, _code: str, reason: str) -> None:
    _endorse(lead, case_id)
    if reason == "ACTION":
        outbox.say(lead, case_id, "correction", code="DC-TEST", status="VERIFIED", text="")
    outbox.say(lead, case_id, "state", **{**STEP, "to": "CLOSED", "reason": reason})


def _agree(_lead: Desk, second: Desk, case_id: str, _code: str, _reason: str) -> None:
    _endorse(second, case_id)


def _endorse(desk: Desk, case_id: str) -> None:
    (step,) = case_of(desk, case_id).proposals
    outbox.say(desk, case_id, "endorse", of=step.id)
