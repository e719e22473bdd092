"""What the server stores does not tell one kind of posting from another, or from cover, nor whom a report was routed to (design section 3).

The claim is no stronger than this test: same size, same shape, and a forest trained on the stored bytes guesses no better than chance.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from crypto import constants
from crypto.posting import parse_posting
from crypto.private import receipt
from crypto.roster import Tie
from crypto.sealing import make_posting
from intake import create_app
from intake.config import Config
from intake.migrate import migrate
from intake.segments import tick_once
from tests.intake import trees
from tests.tools.test_routing import known, reviewer
from tools import reporter

PROGRAMME = bytes(range(32))
KINDS = ("report", "report to two", "evaluator", "answer", "state", "recuse", "handover", "note", "label", "cover")
EACH = 50


def people() -> list[tuple[bytes, bytes]]:
    keys = [receipt.keys_of(os.urandom(16), PROGRAMME) for _ in range(4)]
    return [(each.find_public, each.open_public) for each in keys]


def posting(kind: str, crowd: list[tuple[bytes, bytes]]) -> bytes:
    """A posting of the size of event and the recipients that each kind really has."""
    reporter, *readers = crowd
    sizes = {"report": 14_000, "evaluator": 8_000, "answer": 900, "state": 700, "recuse": 500, "handover": 570, "note": 400, "label": 950}
    if kind == "cover":
        return make_posting(PROGRAMME, [])
    event = b"x" * sizes[kind.removesuffix(" to two")]
    if kind == "report to two":  # few enough are left by routing, and there is no reserve to name
        readers = readers[:2]
    recipients = readers if kind in ("note", "label") else [*readers, reporter]
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


ROUTINGS: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "everybody may read it": ({}, (), ""),
    "about a lab to which two are tied": ({"organisation": "Example Lab"}, (), ""),
    "a name of 200 bytes": ({"organisation": "x" * 200}, (), ""),
    "four left out by hand": ({}, ("R0", "R1", "R2", "R3"), ""),
    "in another language": ({}, (), "Chinese"),
    "another group": ({"about": ["B1-WEIGHTS", "D1-EVALS"]}, (), ""),
}


def routed(known: reporter.Programme, answers: dict[str, Any], names: tuple[str, ...], language: str) -> bytes:
    exclude = frozenset(each.sign for each in known.tree.roster.reviewers if each.name in names)
    (body,) = reporter.compose_report(known, "What happened.", answers, exclude, language=language).bodies
    return body


def stored(config: Config, bodies: list[bytes]) -> dict[str, object]:
    """The shape of all that a server keeps of these postings: each table's columns with kinds and lengths, each file's name and size."""
    client = create_app(config).test_client()
    for body in bodies:
        assert client.post("/post", data=body, content_type="application/octet-stream").status_code == 200
    shape: dict[str, object] = {}
    with closing(sqlite3.connect(config.data / "intake.sqlite3")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            rows = database.execute(f"SELECT * FROM {table}").fetchall()  # a name from the schema
            kinds = sorted(tuple((type(value).__name__, len(value) if isinstance(value, bytes) else 0) for value in row) for row in rows)
            shape[table] = kinds
    assert tick_once(config) == 1
    shape |= {str(path.relative_to(config.files)): path.stat().st_size for path in config.files.rglob("*") if path.is_file()}
    return shape


def routing_world() -> reporter.Programme:
    """Six reviewers: two tied to a lab, two who read Chinese, three who take fewer groups."""
    tie = (Tie("Example Lab", "EMPLOYMENT", ""),)
    facts: list[dict[str, Any]] = [{"ties": tie}, {"ties": tie}, {"languages": ("Chinese",)}, {"languages": ("Chinese",)}, {}, {}]
    for each in facts[::2]:
        each["groups"] = ("A", "C")
    return known([reviewer(number, **each) for number, each in enumerate(facts)])


def test_what_the_server_stores_does_not_depend_on_the_routing(tmp_path: Path) -> None:
    """Same tables, same files, same sizes, whoever was drawn and whoever was not; and a forest finds nothing in the bytes."""
    world, shapes = routing_world(), []
    samples = {name: [routed(world, *routing) for _ in range(EACH)] for name, routing in ROUTINGS.items()}
    for number, bodies in enumerate(samples.values()):
        data = tmp_path / str(number)
        trees.make(data / "tree")
        config = Config.for_data(data)
        migrate(config)
        shapes.append(stored(config, bodies[:4]))
    assert all(shape == shapes[0] for shape in shapes)
    assert any(path.startswith("letters/") for path in shapes[0]) and len(shapes[0]["posting"]) == 4  # type: ignore[arg-type]
    for bodies in samples.values():
        for body in bodies:
            rs = [letter[:32] for letter in parse_posting(body).letters]
            assert len(body) == constants.POSTING_BYTES and rs == sorted(set(rs)) and len(rs) == constants.SLOTS
    chance, n = 1 / len(ROUTINGS), EACH * len(ROUTINGS)
    assert accuracy(samples) < chance + 4 * (chance * (1 - chance) / n) ** 0.5


def test_the_classifier_would_notice_lazy_cover(samples: dict[str, list[bytes]]) -> None:
    """Control: cover whose ciphertext is zeros, as a lazy client might send, is found at once."""
    lazy = []
    for body in samples["cover"]:
        letters = parse_posting(body).letters
        lazy.append(body[:8] + b"".join(letter[:40] + bytes(constants.SEALED_BYTES) for letter in letters))
    assert accuracy({"answer": samples["answer"], "cover": lazy}) > 0.95
