"""The commands as the statistician types them: labels sealed into segments, collected from a mirror, drawn, shown, published, checked."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from crypto.encoding import hex32, parse_strict, unb64
from crypto.label import OUTCOME_OF, intake_label, outcome_label
from crypto.sealing import cover_letter, seal_letter
from crypto.segment import build_segment, encode, segment_hash
from oversight import tree
from oversight.statistics import folder
from oversight.statistics.__main__ import main
from tests.statistics.world import NAMES, name_of, signed

NOW = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
DRAW_DAY = "2028-02-14T00:00:00Z"
STEWARDS = [bytes([number]) * 32 for number in (101, 102, 103)]
FACTS = {"v": 1, "name": "Test", "tick": 3600, "part_seconds": [0, 1], "cover_per_day": 4, "labs": ["Lab"], "emergency": ""}


def reviewer(number: int) -> dict[str, Any]:
    days = {"from": "2027-01-01", "to": "2027-12-31"}
    facts = {"name": f"R{number}", "affiliation": "", "languages": [], "groups": [], "ties": [], "open": [], "record": {}, **days}
    return {**facts, "sign": NAMES[number], "find": f"{number + 100:02x}" * 31 + "01"}


class World:
    def __init__(self, place: Path, capsys: Any) -> None:
        self.place, self.capsys = place, capsys
        (place / "pass").write_text("a passphrase of some length\n", "utf-8")
        self.own = ("--folder", str(place / "own"), "--key", str(place / "stat.key"), "--passphrase-file", str(place / "pass"))
        assert self.run("key", "--out", str(place / "stat.key"), "--name", "Stat", "--passphrase-file", str(place / "pass"))[0] == 0
        self.public = parse_strict((place / "stat.key.public.json").read_bytes())
        self.fingerprint = tree.create_programme(
            place / "tree", STEWARDS, {**FACTS, "statistician": self.public}, [reviewer(number) for number in range(3)], NOW
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        code = main(arguments)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def mirror(self, *weeks: tuple[str, list[bytes]]) -> None:
        """Segments with these messages to the statistician among cover, one segment a week, as the server's /files has them."""
        programme, previous = bytes.fromhex(self.fingerprint), bytes(32)
        for number, (week, messages) in enumerate(weeks, 1):
            letters = [seal_letter(programme, hex32(self.public["find"]), unb64(self.public["open"]), each) for each in messages]
            letters += [cover_letter(programme) for _ in range(20 - len(letters))]
            segment, blocks = build_segment(programme, number, week, previous, letters)
            previous = segment_hash(segment)
            (self.place / "mirror" / "clues").mkdir(parents=True, exist_ok=True)
            (self.place / "mirror" / "clues" / week).write_bytes(encode(segment))
            for index, block in enumerate(blocks):
                path = self.place / "mirror" / "letters" / str(number) / str(index)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(block)

    def collect(self, *more: str) -> tuple[int, str, str]:
        return self.run("collect", *self.own, "--tree", str(self.place / "tree"), "--now", "2027-03-02T00:00:00Z", *more)


@pytest.fixture
def world(tmp_path: Path, capsys: Any) -> World:
    return World(tmp_path, capsys)


def test_a_year_from_sealed_labels_to_checked_files(world: World) -> None:
    programme = bytes.fromhex(world.fingerprint)

    def intake(number: int, by: tuple[int, ...] = (0, 1)) -> bytes:
        return signed(intake_label(name_of(number, programme), "2027-W05", "C2-ESCAPE", "L3-INTERNAL"), by, programme)

    closed = signed(outcome_label(name_of(1, programme), "2027-W05", OUTCOME_OF["CLAIMED"]), (1, 2), programme)
    world.mirror(
        ("2026-W52", [intake(7)]),  # before any reviewer was active
        ("2027-W06", [intake(1), intake(2, (1, 2)), b"rubbish", closed]),
        ("2027-W08", [intake(1), intake(3, (0, 3))]),  # once more; and by somebody who is on no roster
    )
    code, said, complaint = world.collect("--mirror", str(world.place / "mirror"), "--fingerprint", world.fingerprint)
    assert code == 0, complaint
    assert "3 new labels" in said and "1 were here before, of which 0 now say" in said
    assert "2 refused: not signed by two different reviewers" in said and "1 refused: not a label" in said

    code, said, complaint = world.run("draw", "2027-Y", "T1", *world.own, "--now", "2028-02-13T23:00:00Z")
    assert code == 1 and "from 2028-02-14 on" in complaint
    code, first, complaint = world.run("draw", "2027-Y", "T1", *world.own, "--now", DRAW_DAY)
    assert code == 0, complaint
    assert "2027-Y-T1: What reports were about" in first
    assert world.run("draw", "2027-Y", "T1", *world.own, "--now", DRAW_DAY)[1] == first
    code, said, complaint = world.run("draw", "2027-Y", "T2", *world.own, "--now", DRAW_DAY)
    assert code == 1 and "2029-02-14" in complaint

    assert first in world.run("show", "--folder", str(world.place / "own"))[1]
    out = str(world.place / "out")
    assert world.run("files", "--folder", str(world.place / "own"), "--out", out)[0] == 0
    code, said, complaint = world.run("check", out, "--fingerprint", world.fingerprint, "--signer", world.public["sign"])
    assert code == 0 and "2027-Y-T1: 5 cells, epsilon 1.0" in said, complaint
    assert world.run("check", out, "--fingerprint", world.fingerprint, "--signer", NAMES[0])[0] == 1
    path = world.place / "out" / "2027-Y-T1.csv"
    path.write_bytes(path.read_bytes().replace(b"A,", b"A,1"))
    code, _, complaint = world.run("check", out, "--fingerprint", world.fingerprint)
    assert code == 1 and "2027-Y-T1.csv" in complaint

    # Two years on, with the ledger that was published.
    ledger = world.place / "ledger"
    ledger.write_bytes(folder.read_ledger(world.place / "own") + b"{}\n")
    more = ("--published", str(ledger), "--now", "2029-03-01T00:00:00Z")
    assert "drawn elsewhere" in world.run("draw", "2027-Y", "T2", *world.own, *more)[2]
    ledger.write_bytes(folder.read_ledger(world.place / "own"))
    assert world.run("draw", "2027-Y", "T2", *world.own, *more)[0] == 0


def test_a_wrong_passphrase_and_a_lost_block_are_said_in_a_sentence(world: World) -> None:
    (world.place / "pass").write_text("another passphrase\n", "utf-8")
    assert world.collect("--mirror", str(world.place))[2] == "tellsafe: the passphrase is wrong, or the key file was changed\n"
    (world.place / "pass").write_text("a passphrase of some length\n", "utf-8")
    world.mirror(("2027-W06", [b"rubbish"]))
    for path in (world.place / "mirror" / "letters" / "1").iterdir():
        path.unlink()
    assert "the mirror lacks block" in world.collect("--mirror", str(world.place / "mirror"))[2]
    assert "another programme's" in world.collect("--mirror", str(world.place / "mirror"), "--fingerprint", "00" * 32)[2]
    assert "collect first" in world.run("draw", "2027-Y", "T1", *world.own, "--now", DRAW_DAY)[2]


def test_a_name_does_not_write_on_the_screen(world: World) -> None:
    complaint = world.run("check", str(world.place / "x\x1b[2J"), "--fingerprint", world.fingerprint)[2]
    assert "x?[2J" in complaint and complaint[:-1].isprintable()
