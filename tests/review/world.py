"""An intake in memory, three workstations and a reporter, for the tests of the workstation."""

import datetime
import json
from pathlib import Path

from crypto.case import common
from crypto.constants import LETTER_BYTES
from crypto.encoding import b64, unb64
from crypto.event import Event, parse_event
from crypto.posting import parse_posting
from crypto.private.opening import find_matches, open_letter
from crypto.private.receipt import ReceiptKeys, keys_of
from crypto.private.signing import sign_event
from crypto.sealing import make_posting
from crypto.segment import build_segment, encode, segment_hash
from crypto.tree import Programme, Reviewer, Roster, Tree
from review import sync, vault
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
        self.number, self.hash = 0, bytes(32)
        self.write_head()

    def server(self) -> Server:
        return Server(lambda path: self.files[path], self.take)

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
    public = [vault.create(folder / name, PASSPHRASE, name, NOW) for name in names]
    reviewers = tuple(_reviewer(folder / name) for name in names)
    programme = Programme("Test", 1, (0, 0), 0, (), "")
    desks = []
    for entry in public:
        desk = Desk(folder / entry["name"], P, intake.server, now=lambda: NOW)
        desk.tree = Tree(Roster(1, reviewers), programme, {"roster": 1})
        desk.tree_at = float("inf")
        open_desk(desk, PASSPHRASE)
        desks.append(desk)
    return desks


def _reviewer(folder: Path) -> Reviewer:
    entry = vault.public_keys(folder)
    opened = {each["quarter"]: unb64(each["key"]) for each in entry["open"]}
    return Reviewer(entry["name"], "", entry["sign"], bytes.fromhex(entry["find"]), opened, (), "2026-01-01", "2027-12-31", (), (), {})


def reporter_keys(number: int = 1) -> ReceiptKeys:
    return keys_of(bytes([number]) * 16, P)


def report_event(keys: ReceiptKeys, tree: Tree, text: str = "What happened.", week: str = "2026-W47") -> Event:
    answers = {
        "about": ["C1-MISBEHAVE"], "stage": "L3-INTERNAL", "organisation": "Lab", "danger": "NOW", "basis": "SAW", "known": "K1",
        "raised": "", "may": "ASK", "promise": "",
    }
    payload = common("report", week, [0, "0" * 64], 1, "all") | {
        "find": keys.find_public.hex(), "open": b64(keys.open_public), "readers": [r.sign for r in tree.roster.reviewers[:3]],
        "reserves": [], "answers": answers, "text": text, "parts": 0, "selfcopy": "full",
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
