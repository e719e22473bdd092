"""PROTOCOL 5 at POST /post."""

import secrets

import pytest
import sqlalchemy as sa

from crypto import sealing
from crypto.constants import LETTER_BYTES, POSTING_BYTES, ZERO32
from intake import segments, tray
from intake.db import reading
from intake.errors import SENTENCES, Refused
from intake.models import metadata, posting
from tests.intake.conftest import letter, new_posting

P = (2**255 - 19).to_bytes(32, "little")
BAD_POINTS = [
    bytes(32),
    (1).to_bytes(32, "little"),
    P,
    (2**255 - 20).to_bytes(32, "little"),
    b"\xff" * 32,
    bytes(31) + b"\x80",
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
]


def rows(db) -> int:
    with reading(db) as connection:
        return sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in metadata.sorted_tables)


def test_a_sealed_posting_is_stored(post, db):
    body = sealing.make_posting(ZERO32, [])
    assert post(body) == (200, "stored")
    with reading(db) as connection:
        assert connection.execute(sa.select(posting.c.body)).scalar_one() == body


@pytest.mark.parametrize("length", [0, 1, LETTER_BYTES, POSTING_BYTES - 1, POSTING_BYTES + 1, 3 * POSTING_BYTES])
def test_another_length_is_refused(post, db, length):
    assert post(secrets.token_bytes(length)) == SENTENCES["Length"]
    assert rows(db) == 0


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "application/json", ""])
def test_another_type_is_refused(post, db, kind):
    assert post(new_posting(), content_type=kind) == SENTENCES["Type"]
    assert rows(db) == 0


@pytest.mark.parametrize("point", BAD_POINTS, ids=lambda point: point.hex()[:8])
def test_an_unusable_point_is_refused(post, db, point):
    assert post(new_posting(point + letter()[32:])) == SENTENCES["BadPoint"]
    assert rows(db) == 0


def test_letters_out_of_order_or_doubled_are_refused(post, db):
    body = new_posting()
    letters = [body[i : i + LETTER_BYTES] for i in range(8, len(body), LETTER_BYTES)]
    assert post(body[:8] + b"".join(letters[::-1])) == SENTENCES["Malformed"]
    assert post(body[:8] + b"".join([letters[0], *letters[:5]])) == SENTENCES["Malformed"]
    assert rows(db) == 0


def test_a_retry_is_safe_before_and_after_the_tick(post, config, db):
    body = new_posting()
    assert post(body) == post(body) == (200, "stored")
    assert rows(db) == 7
    assert post(b"othernon" + body[8:]) == (200, "stored")
    assert segments.tick_once(config, db) == 1
    assert post(body) == (200, "stored")
    assert rows(db) == 7
    assert segments.tick_once(config, db) is None


def test_a_letter_posted_before_is_refused(post, config, db):
    shared = letter()
    assert post(new_posting(shared)) == (200, "stored")
    assert post(new_posting(shared)) == SENTENCES["Known"]
    assert rows(db) == 7
    segments.tick_once(config, db)
    assert post(new_posting(shared)) == SENTENCES["Known"]
    assert rows(db) == 7


def test_six_known_letters_of_two_postings_are_refused(post):
    first, second = [letter() for _ in range(6)], [letter() for _ in range(6)]
    post(new_posting(*first))
    post(new_posting(*second))
    assert post(new_posting(*first[:3], *second[:3])) == SENTENCES["Known"]


@pytest.mark.parametrize(("waiting", "bits"), [(0, 0), (2499, 0), (2500, 8), (4999, 8), (5000, 12), (9999, 12)])
def test_effort_rises_with_the_tray(waiting, bits):
    assert tray.required_effort(waiting) == bits


def test_a_full_tray_refuses(post, db, monkeypatch):
    with pytest.raises(Refused, match="Full"):
        tray.required_effort(10_000)
    monkeypatch.setattr(tray, "TRAY_MAX", 0)
    assert post(new_posting()) == SENTENCES["Full"]
    assert rows(db) == 0


def test_effort_is_asked_and_counted(post, config, db, monkeypatch):
    monkeypatch.setattr(tray, "TRAY_MAX", 4)
    kept = new_posting()
    assert post(kept) == (200, "stored")
    monkeypatch.setattr(tray, "required_effort", lambda waiting: 5)
    monkeypatch.setattr(tray, "effort_of", lambda checked, segment_hash: 4)
    assert post(new_posting()) == SENTENCES["BadEffort"]
    assert post(kept) == (200, "stored"), "a retry needs no effort"
    monkeypatch.undo()
    monkeypatch.setattr(tray, "required_effort", lambda waiting: 3)
    assert post(sealing.with_effort(new_posting(), ZERO32, 3)) == (200, "stored")


@pytest.mark.parametrize("age", [0, 3, 4])
def test_effort_counts_for_the_newest_four_segments(post, config, db, monkeypatch, age):
    hashes = []
    for _ in range(5):
        post(new_posting())
        segments.tick_once(config, db)
        with reading(db) as connection:
            hashes.insert(0, segments.newest(connection).hash)
    monkeypatch.setattr(tray, "required_effort", lambda waiting: 9)
    monkeypatch.setattr(tray, "effort_of", lambda checked, segment_hash: 9 if segment_hash == hashes[age] else 0)
    assert post(new_posting()) == ((200, "stored") if age < 4 else SENTENCES["BadEffort"])


def test_the_tick_takes_the_highest_effort_first(config, db, monkeypatch):
    monkeypatch.setattr(segments, "POSTINGS_PER_TICK", 2)
    monkeypatch.setattr(tray, "required_effort", lambda waiting: 1)
    bodies = [new_posting() for _ in range(5)]
    for effort, body in enumerate(bodies, 1):
        monkeypatch.setattr(tray, "effort_of", lambda checked, segment_hash, effort=effort: effort)
        tray.accept(db, body)
    segments.tick_once(config, db)
    with reading(db) as connection:
        assert set(connection.execute(sa.select(posting.c.body)).scalars()) == set(bodies[:3])
