"""PROTOCOL 7: what a tick writes, and what of the tray is left afterwards."""

import itertools
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from crypto.constants import LETTER_BYTES, RETENTION_WEEKS
from crypto.segment import check_block, check_chain, parse_segments, segment_hash
from intake import clock, publicfiles, segments, tray
from intake.db import open_database, reading, writing
from intake.models import posting, published
from tests.intake.conftest import TICK, new_posting


def letters_of(body: bytes) -> list[bytes]:
    return [body[i : i + LETTER_BYTES] for i in range(8, len(body), LETTER_BYTES)]


def head(client) -> dict:
    return json.loads(client.get("/files/head.json").data)


def chain(client, config) -> list:
    weeks = head(client)["weeks"]
    return parse_segments(b"".join(client.get(f"/files/clues/{week}").data for week in weeks), publicfiles.programme(config))


def published_letters(client, config) -> list[bytes]:
    """Every letter of every segment, with chain, head and blocks checked as a client does."""
    found = []
    kept = chain(client, config)
    top = head(client)
    if kept:
        check_chain(kept, (top["number"], bytes.fromhex(top["hash"])))
    for made in kept:
        for number in range(len(made.block_hashes)):
            found += check_block(made, number, client.get(f"/files/letters/{made.number}/{number}").data)
    return found


def test_an_empty_tray_writes_no_segment(client, config, db):
    assert segments.tick_once(config, db) is None
    assert head(client) == {"effort": 0, "hash": "0" * 64, "number": 0, "tick": TICK, "v": 1, "weeks": []}


def test_segments_are_chained_and_hold_every_letter(client, config, db):
    bodies = [new_posting() for _ in range(7)]
    for number, part in enumerate([bodies[:1], bodies[1:6], bodies[6:]], 1):
        for body in part:
            tray.accept(db, body)
        assert segments.tick_once(config, db) == number
    assert sorted(published_letters(client, config)) == sorted(letter for body in bodies for letter in letters_of(body))
    assert head(client)["weeks"] == [clock.week()]


def test_a_tick_is_bounded(client, config, db, monkeypatch):
    monkeypatch.setattr(segments, "POSTINGS_PER_TICK", 3)
    for _ in range(5):
        tray.accept(db, new_posting())
    segments.tick_once(config, db)
    assert len(published_letters(client, config)) == 18
    segments.tick_once(config, db)
    assert len(published_letters(client, config)) == 30


def test_files_carry_no_time_but_the_week(config, db):
    tray.accept(db, new_posting())
    segments.tick_once(config, db)
    monday = clock.monday_ns(clock.week())
    paths = [config.files, *config.files.rglob("*")]
    assert len(paths) >= 6
    assert {path.stat().st_mtime_ns for path in paths} == {monday}


def test_retention_takes_whole_segments_and_the_chain_goes_on(client, config, db, monkeypatch):
    present = clock.week()
    old = new_posting()
    monkeypatch.setattr(clock, "week", lambda: clock.weeks_before(present, RETENTION_WEEKS + 1))
    tray.accept(db, old)
    segments.tick_once(config, db)
    monkeypatch.setattr(clock, "week", lambda: clock.weeks_before(present, RETENTION_WEEKS))
    tray.accept(db, new_posting())
    segments.tick_once(config, db)
    first = chain(client, config)[0]
    assert len(head(client)["weeks"]) == 2
    monkeypatch.setattr(clock, "week", lambda: present)
    assert segments.tick_once(config, db) is None
    assert [made.number for made in chain(client, config)] == [2], "an empty tick retires too"
    tray.accept(db, new_posting())
    assert segments.tick_once(config, db) == 3
    kept = chain(client, config)
    assert [made.number for made in kept] == [2, 3]
    assert kept[0].previous == segment_hash(first)
    assert not (config.files / "letters" / "1").exists()
    with reading(db) as connection:
        assert set(connection.execute(sa.select(published.c.segment)).scalars()) == {2, 3}
    tray.accept(db, old)  # its Rs are no longer kept: a new posting


def test_everything_may_age_out(client, config, db, monkeypatch):
    tray.accept(db, new_posting())
    segments.tick_once(config, db)
    top = head(client)
    later = clock._name(clock._start(clock.week()) + clock.timedelta(weeks=RETENTION_WEEKS + 1))
    monkeypatch.setattr(clock, "week", lambda: later)
    segments.tick_once(config, db)
    assert head(client) == top | {"weeks": []}
    assert list((config.files / "letters").iterdir()) == list((config.files / "clues").iterdir()) == []
    tray.accept(db, new_posting())
    assert segments.tick_once(config, db) == 2
    assert chain(client, config)[0].previous.hex() == top["hash"]


STEPS = ["_stage", "_commit", "_truncate", "publish", "_move_blocks", "write_head", "_remove_others"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_is_finished_by_the_next_start(client, config, db, monkeypatch, step, when):
    segments.tick_once(config, db)
    bodies = [new_posting() for _ in range(3)]
    for body in bodies:
        tray.accept(db, body)
    original = getattr(segments, step)

    def crash(*args):
        if when == "after":
            original(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(segments, step, crash)
    with pytest.raises(KeyboardInterrupt):
        segments.tick(config, db, publicfiles.programme(config), TICK)
    monkeypatch.setattr(segments, step, original)
    segments.tick_once(config, db)
    assert sorted(published_letters(client, config)) == sorted(letter for body in bodies for letter in letters_of(body))
    assert not config.staging.exists() or list(config.staging.iterdir()) == []


def test_blocks_are_not_served_before_their_segment(client, config, db, monkeypatch):
    tray.accept(db, new_posting())
    seen = []
    original = segments._commit
    monkeypatch.setattr(segments, "_commit", lambda *args: (seen.append(client.get("/files/letters/1/0").status_code), original(*args)))
    segments.tick_once(config, db)
    assert seen == [404]
    assert client.get("/files/letters/1/0").status_code == 200


def database_bytes(config) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(Path(config.data).glob("intake.sqlite3*")))


def test_nothing_of_the_tray_is_left_after_the_tick(config, db):
    # What must go is what is not published: the nonce, and which letters came together.
    bodies = [new_posting() for _ in range(20)]
    for body in bodies:
        tray.accept(db, body)
    needles = [piece for body in bodies for piece in (body[:8], *(letter[64:96] for letter in letters_of(body)))]
    assert all(needle in database_bytes(config) for needle in needles), "the search finds what is there"
    segments.tick_once(config, db)
    left = database_bytes(config)
    assert [needle for needle in needles if needle in left] == []
    assert (config.data / "intake.sqlite3-wal").stat().st_size == 0


def test_without_secure_delete_it_would_be_left(config, db):
    raw = sa.create_engine(db.engine.url)
    body = new_posting()
    tray.accept(db, body)
    with raw.connect() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        for table in ("tray_clue", "posting"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.commit()
    segments._truncate(db)
    assert letters_of(body)[0][64:96] in database_bytes(config)


def order_told(keys: list) -> float:
    """Rank correlation (Spearman) of keys with the order in which they are given: 1 or -1 tells all of it, 0 nothing."""
    ranks, n = {key: rank for rank, key in enumerate(sorted(keys))}, len(keys)
    return 1 - 6 * sum((ranks[key] - place) ** 2 for place, key in enumerate(keys)) / (n * (n * n - 1))


ARRIVALS = 120
# Random orders of so many pass this once in ten million times.
TOLD = 0.5


def keys_in_order(db, bodies: list[bytes]) -> list[int]:
    with reading(db) as connection:
        keys = {body: key for key, body in connection.execute(sa.select(posting.c.id, posting.c.body))}
    return [keys[body] for body in bodies]


def test_no_key_tells_the_order_of_arrival(db, monkeypatch):
    bodies = [new_posting() for _ in range(ARRIVALS)]
    for body in bodies:
        tray.accept(db, body)
    keys = keys_in_order(db, bodies)
    assert abs(order_told(keys)) < TOLD
    assert min(keys) > 1 << 40, "drawn from all 63 bits"
    # The control: keys that count are caught, whoever counts.
    counted = itertools.count(1)
    monkeypatch.setattr(tray.secrets, "randbits", lambda bits: next(counted))
    later = [new_posting() for _ in range(ARRIVALS)]
    for body in later:
        tray.accept(db, body)
    assert order_told(keys_in_order(db, later)) == 1
    with writing(db) as connection:
        connection.exec_driver_sql("CREATE TABLE control (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB)")
        for body in later:
            connection.exec_driver_sql("INSERT INTO control (body) VALUES (?)", (body[:8],))
        numbered = dict(connection.exec_driver_sql("SELECT body, id FROM control").all())
    assert order_told([numbered[body[:8]] for body in later]) == 1


def test_no_other_table_numbers_its_rows(db):
    with reading(db) as connection:
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='table'").all():
            if name not in ("alembic_version", "posting"):
                with pytest.raises(sa.exc.OperationalError, match="no such column"):
                    connection.exec_driver_sql(f"SELECT rowid FROM {name}")
        # The row number of a posting is its drawn key, and no second number.
        assert connection.exec_driver_sql("SELECT count(*) FROM posting WHERE rowid != id").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'").scalar_one() == 0


def test_the_database_is_set_as_it_must_be(db):
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    for begin in (reading, writing):
        with begin(db) as connection:
            assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted} == wanted


def test_two_databases_agree_on_one_segment(config, db):
    tray.accept(db, new_posting())
    assert segments.tick_once(config, open_database(config.database)) == 1
    with reading(db) as connection:
        assert connection.execute(sa.select(posting.c.id)).all() == []
