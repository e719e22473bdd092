"""The headless reporter against a server of a few lines: what it seals is found and opened by readers and by itself."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from crypto import constants, segment, tree
from crypto.encoding import canonical
from crypto.errors import BadWords, Mismatch, TooLong
from crypto.event import Event, parse_event
from crypto.posting import parse_posting
from crypto.private.keyfile import ReviewerKeys, generate_reviewer_keys
from crypto.private.opening import find_matches, open_letter
from crypto.private.signing import SignKey, sign_event
from crypto.sealing import make_posting
from oversight import tree as desk
from tools import clock, demo, reporter

KEYS = [generate_reviewer_keys([tree.quarter_of(clock.now())]) for _ in range(3)]


class Fake:
    """What a server does, in memory."""

    def __init__(self, folder: Path) -> None:
        day = clock.now()
        records = [record(number, keys, day) for number, keys in enumerate(KEYS)]
        self.programme = bytes.fromhex(desk.create_programme(folder, [bytes([n]) * 32 for n in range(3)], demo.PROGRAMME, records, day))
        self.bundle = desk.bundle_of(folder)
        self.segments: list[tuple[segment.Segment, list[bytes]]] = []
        self.tray: list[bytes] = []
        self.asked: list[str] = []

    def post(self, body: bytes) -> None:
        self.tray += parse_posting(body).letters

    def tick(self) -> None:
        previous = segment.segment_hash(self.segments[-1][0]) if self.segments else constants.ZERO32
        week = clock.week_of(clock.now())
        self.segments.append(segment.build_segment(self.programme, len(self.segments) + 1, week, previous, self.tray))
        self.tray = []

    def get(self, path: str) -> bytes:
        self.asked.append(path)
        if path == "/tree/bundle.json":
            return self.bundle
        if path == "/files/head.json":
            weeks = [self.segments[-1][0].week] if self.segments else []
            newest = segment.segment_hash(self.segments[-1][0]).hex() if self.segments else "0" * 64
            return canonical({"effort": 0, "hash": newest, "number": len(self.segments), "tick": 1, "weeks": weeks, "v": 1})
        if path.startswith("/files/clues/"):
            return b"".join(segment.encode(item) for item, _ in self.segments)
        number, index = path.removeprefix("/files/letters/").split("/")
        return self.segments[int(number) - 1][1][int(index)]


def record(number: int, keys: ReviewerKeys, day: datetime.datetime) -> dict[str, Any]:
    ties = [{"lab": "Tied Lab", "category": "equity", "until": ""}] if number else []
    return {
        "name": f"R{number}", "affiliation": "", "languages": [], "groups": [], "ties": ties, "record": {},
        "from": "2020-01-01", "to": "2099-01-01", **keys.public(),
    }  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Any:
    return Fake(tmp_path)


def send_report(server: Any, text: str, **answers: Any) -> reporter.Composed:
    made = reporter.compose_report(reporter.fetch_programme(server, None, 1), text, answers)
    for body in made.bodies:
        reporter.send(server, body)
        server.tick()
    return made


def opened(server: Any, keys: ReviewerKeys) -> list[Event]:
    """What a workstation with these keys opens."""
    letters = [letter for _, blocks in server.segments for letter in split(b"".join(blocks))]
    mine = find_matches(keys.find_secret, [letter[: constants.CLUE_BYTES] for letter in letters], server.programme)
    seeds = list(keys.open_seeds.values())
    return [parse_event(open_letter(letters[index], keys.find_secret, seeds[0], server.programme), server.programme) for index in mine]


def split(data: bytes) -> list[bytes]:
    return [data[at : at + constants.LETTER_BYTES] for at in range(0, len(data), constants.LETTER_BYTES)]


def test_three_readers_and_the_reporter_open_a_report(server: Any) -> None:
    made = send_report(server, "It happened. 它发生了 حدث 🦉", about=["B1-WEIGHTS"])
    for keys in KEYS:
        (event,) = opened(server, keys)
        assert (event.id, event.payload["text"]) == (made.case, "It happened. 它发生了 حدث 🦉")
        assert event.payload["answers"]["about"] == ["B1-WEIGHTS"]
    known, held = reporter.come_back(server, server.programme.hex(), made.words)
    assert held.case is not None
    assert (held.case.id, held.case.state, held.skipped) == (made.case, "RECEIVED", 0)
    said = reporter.conversation(held.case, held.keys, known.tree.roster)
    assert said == [{"from": "you", "week": clock.week_of(known.day), "text": "It happened. 它发生了 حدث 🦉"}]


def test_an_answer_and_a_reply(server: Any) -> None:
    made = send_report(server, "Something.")
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None
    head = reporter._head(known, "answer") | {"case": made.case, "prev": [], "parents": [made.case], "text": "Thank you. When?"}
    answer = sign_event(head, KEYS[1].sign_seed, server.programme)
    root = held.case.root.payload
    server.post(make_posting(server.programme, [(held.keys.find_public, held.keys.open_public, answer.raw)]))
    server.tick()
    assert root["find"] == held.keys.find_public.hex()
    known, held = reporter.come_back(server, None, made.words)
    reporter.send(server, reporter.compose_more(known, held, "reply", {"text": "In spring."}))
    server.tick()
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and not held.case.void
    said = reporter.conversation(held.case, held.keys, known.tree.roster)
    assert [(item["from"], item["text"]) for item in said] == [("you", "Something."), ("R1", "Thank you. When?"), ("you", "In spring.")]
    reporter.send(server, reporter.compose_more(known, held, "withdraw", {}))
    server.tick()
    _, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and held.case.state == "WITHDRAWN"


def test_a_long_text_travels_in_parts(server: Any) -> None:
    text = 'Long "text"\n\U0001f989 ' * 1800
    made = send_report(server, text)
    assert len(made.bodies) == 3
    assert {len(body) for body in made.bodies} == {constants.POSTING_BYTES}
    assert sum(len(event.payload["text"]) for event in opened(server, KEYS[0])) == len(text)
    known, held = reporter.come_back(server, None, made.words)
    assert held.case is not None and not held.case.missing
    assert "".join(item["text"] for item in reporter.conversation(held.case, held.keys, known.tree.roster)) == text
    with pytest.raises(TooLong):
        send_report(server, text * 2)


def test_a_tied_reviewer_gets_nothing(server: Any) -> None:
    with pytest.raises(ValueError, match="Fewer than two"):
        send_report(server, "About them.", organisation=" tied lab ")


def test_an_excluded_reviewer_gets_nothing(server: Any) -> None:
    excluded = SignKey(KEYS[2].sign_seed).public
    known = reporter.fetch_programme(server, None, 1)
    server.post(reporter.compose_report(known, "About one of them.", {}, frozenset([excluded])).bodies[0])
    server.tick()
    assert [len(opened(server, keys)) for keys in KEYS] == [1, 1, 0]


def test_other_words_find_nothing(server: Any) -> None:
    send_report(server, "Something.")
    _, held = reporter.come_back(server, None, "abandon " * 11 + "about")
    assert held.case is None and not held.events
    server.asked.clear()
    with pytest.raises(BadWords):
        reporter.come_back(server, None, "abandon " * 12)
    assert not server.asked


def test_a_changed_file_is_refused(server: Any) -> None:
    made = send_report(server, "Something.")
    known = reporter.fetch_programme(server, None)
    blocks = server.segments[0][1]
    blocks[0] = blocks[0][:-1] + bytes([blocks[0][-1] ^ 1])
    with pytest.raises(Mismatch):
        reporter.read_return(server, known, made.words)
    with pytest.raises(Mismatch):
        reporter.fetch_programme(server, "00" * 32)


@pytest.mark.parametrize("text", ["", "a", "\n" * 20, '"\\' * 10, "\x01" * 4, "é🦉" * 5])
def test_pieces_fit_as_json(text: str) -> None:
    pieces = reporter.split_text(text, [25, 25, 25])
    assert "".join(pieces) == text
    assert all(len(json.dumps(piece, ensure_ascii=False).encode()) - 2 <= 25 for piece in pieces)
