"""An intake in memory, workstations and a reporter, for the tests of the workstation."""

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

from crypto.case import common
from crypto.constants import LETTER_BYTES
from crypto.encoding import b64, unb64
from crypto.event import Event, parse_event
from crypto.posting import parse_posting
from crypto.private.opening import find_matches, open_letter
from crypto.private.receipt import ReceiptKeys, keys_of
from crypto.private.signing import sign_event
from crypto.roster import Programme, Reviewer, Roster
from crypto.sealing import make_posting
from crypto.segment import build_segment, encode, segment_hash
from crypto.tree import Tree
from review import cases, outbox, sync, vault
from review.desk import Desk, open_desk
from review.post import Server

P = bytes(range(32))
NOW = datetime.datetime(2026, 11, 18, 12, tzinfo=datetime.UTC)
PASSPHRASE = "correct horse battery staple"


class FakeIntake:
    """The files and the tray of an intake. `down` makes it unreachable; `change` may replace a file's bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.tray: list[bytes] = []
        self.postings: list[bytes] = []
        self.weeks: list[str] = []
        self.trees: list[bytes] = []
        self.number, self.hash = 0, bytes(32)
        self.write_head()

    def server(self) -> Server:
        return Server(lambda path: self.files[path], self.take, self.take_tree)

    def take_tree(self, bundle: bytes) -> tuple[int, str]:
        self.trees.append(bundle)
        self.files["/tree/bundle.json"] = bundle
        return 200, "stored"

    def take(self, body: bytes) -> tuple[int, str]:
        parse_posting(body)
        self.postings.append(body)
        self.tray += parse_posting(body).letters
        return 200, "stored"

    def tick(self, week: str = "2026-W47") -> None:
        if not self.tray:
            return
        segment, blocks = build_segment(P, self.number + 1, week, self.hash, self.tray)
        self.tray = []
        self.number, self.hash = segment.number, segment_hash(segment)
        path = f"/files/clues/{week}"
        self.files[path] = self.files.get(path, b"") + encode(segment)
        self.weeks = sorted({*self.weeks, week})
        for index, block in enumerate(blocks):
            self.files[f"/files/letters/{segment.number}/{index}"] = block
        self.write_head()

    def write_head(self) -> None:
        head = {"effort": 0, "hash": self.hash.hex(), "number": self.number, "tick": 1, "weeks": self.weeks, "v": 1}
        self.files["/files/head.json"] = json.dumps(head).encode()

    def letters(self) -> list[bytes]:
        blocks = [data for path, data in sorted(self.files.items()) if path.startswith("/files/letters/")]
        return [block[at : at + LETTER_BYTES] for block in blocks for at in range(0, len(block), LETTER_BYTES)]


def make_desks(folder: Path, intake: FakeIntake, names: tuple[str, ...] = ("Ada", "Bo", "Cy")) -> list[Desk]:
    """Unlocked workstations whose roster is all of them."""
    public = [vault.create(folder / name, PASSPHRASE, name, NOW, P) for name in names]
    tree = make_tree(tuple(reviewer_of(entry) for entry in public))
    desks = []
    for entry in public:
        desk = Desk(folder / entry["name"], P, intake.server, now=lambda: NOW)
        desk.tree, desk.tree_at = tree, float("inf")
        open_desk(desk, PASSPHRASE)
        desks.append(desk)
    return desks


def make_tree(reviewers: tuple[Reviewer, ...], stale: bool = False) -> Tree:
    programme = Programme("Test", 1, (0, 0), 0, (), "", 0, (), None, ())
    return Tree(Roster(1, reviewers, ()), (), programme, {"roster": 1}, stale)


def reviewer_of(public: dict[str, Any]) -> Reviewer:
    """A card of an active reviewer, from what their vault gives."""
    opened = {each["quarter"]: unb64(each["key"]) for each in public["open"]}
    keys = (public["sign"], bytes.fromhex(public["find"]), opened)
    return Reviewer(public["name"], "", *keys, (), ("A", "B", "C", "D"), (), "2026-01-01", "2026-01-01", "2027-01-01", "", "", {})


def change_card(desks: list[Desk], number: int, **facts: Any) -> None:
    """Put other facts on one reviewer's card, on everybody's roster."""
    tree = desks[0].tree
    assert tree is not None
    people = list(tree.roster.reviewers)
    people[number] = dataclasses.replace(people[number], **facts)
    change_tree(desks, roster=dataclasses.replace(tree.roster, reviewers=tuple(people)))


def change_tree(desks: list[Desk], **facts: Any) -> None:
    for desk in desks:
        assert desk.tree is not None
        desk.tree = dataclasses.replace(desk.tree, **facts)


def reporter_keys(number: int = 1) -> ReceiptKeys:
    return keys_of(bytes([number]) * 16, P)


def report_event(keys: ReceiptKeys, tree: Tree, text: str = "What happened.", week: str = "2026-W47", may: str = "ASK") -> Event:
    answers = {
        "about": ["C1-MISBEHAVE"],
        "stage": "L3-INTERNAL",
        "organisation": "Lab",
        "danger": "NOW",
        "basis": "SAW",
        "known": "K1",
        "raised": "",
        "may": may,
        "promise": "",
    }
    payload = common("report", week, [0, "0" * 64], 1, "all") | {
        "find": keys.find_public.hex(),
        "open": b64(keys.open_public),
        "readers": [r.sign for r in tree.roster.reviewers[:3]],
        "reserves": [r.sign for r in tree.roster.reviewers[3:]],
        "answers": answers,
        "text": text,
        "parts": 0,
        "selfcopy": "full",
    }
    return sign_event(payload, keys.sign_seed, P)


def send_to_all(intake: FakeIntake, keys: ReceiptKeys, tree: Tree, raw: bytes) -> None:
    slots = [(keys.find_public, keys.open_public, raw)]
    slots += [(r.find, r.open["2026-Q4"], raw) for r in tree.roster.reviewers[:3]]
    intake.take(make_posting(P, slots))


def read_all(intake: FakeIntake, keys: ReceiptKeys) -> list[Event]:
    """What the reporter finds and opens."""
    letters = intake.letters()
    found = find_matches(keys.find_secret, [letter[:40] for letter in letters], P)
    return [parse_event(open_letter(letters[i], keys.find_secret, keys.open_seed, P), P) for i in found]


def turn(desk: Desk) -> None:
    """One round and everything that waits, at once."""
    sync.one_round(desk)
    for item in desk.outbox.values():
        item.at = 0
    sync.send_due(desk)
    assert not desk.status.trouble, desk.status.trouble
    assert not desk.status.alarm, desk.status.alarm


def pass_screen(desk: Desk) -> None:
    """Say of every case on the list that there is no conflict, as the button does."""
    assert desk.book is not None and desk.vault is not None
    for row in cases.overview(desk.book, desk.vault.sign):
        if not row.opened:
            outbox.say(desk, row.id, "received")


def everybody(intake: FakeIntake, desks: list[Desk], rounds: int = 1, week: str = "2026-W47") -> None:
    """Let every workstation work and the intake publish, some times over."""
    for _ in range(rounds):
        for desk in desks:
            turn(desk)
        intake.tick(week)


TRIAGE = {"code": "C1-MISBEHAVE", "also": [], "stage": "L3-INTERNAL", "severity": "S3", "harm": "H0", "urgency": "U3"}
TRIAGE |= {"known": "K4", "risk": "LOW"}
STEP = {"reason": "NONE", "text": "", "until": "", "whom": "", "urgent": "NO"}


def planned(intake: FakeIntake, desks: list[Desk], case_id: str) -> None:
    """Bring an opened case to PLAN: the first two of these workstations sign."""
    for to in ("ACKNOWLEDGED", "TRIAGE", "REVIEW", "PLAN"):
        if to == "REVIEW":
            outbox.say(desks[0], case_id, "triage", **TRIAGE)
        step = outbox.say(desks[0], case_id, "state", **{**STEP, "to": to})
        everybody(intake, desks, 2)
        if to != "ACKNOWLEDGED":
            outbox.say(desks[1], case_id, "endorse", of=step.id)
            everybody(intake, desks, 2)


def arrive(intake: FakeIntake, desk: Desk, text: str = "What happened.", number: int = 1, may: str = "ASK") -> Event:
    """A report to the first three reviewers of this desk's roster, in a segment that nobody has read yet."""
    assert desk.tree is not None
    report = report_event(reporter_keys(number), desk.tree, text, may=may)
    send_to_all(intake, reporter_keys(number), desk.tree, report.raw)
    intake.tick()
    return report
