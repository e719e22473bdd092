"""Postings that arrive at the same time: across both processes of the real server, and in one transaction of one process."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import segments, tick, tray
from intake.db import Database, reading
from intake.errors import SENTENCES, Refused
from intake.models import posting
from tests.intake.conftest import letter, new_posting, write_tree
from tests.intake.test_server import Server

CLIENTS = 12
ROUNDS = 10
PAGE_WAITS = 2  # seconds after a 429, in crypto/browser/net.ts


@pytest.fixture
def server(tmp_path, static) -> Iterator[Server]:
    """Two workers, and a tick too late to take anything out of the tray."""
    write_tree(tmp_path / "data" / "tree")
    started = Server(tmp_path / "data", static)
    try:
        yield started
        assert started.log.read_text() == ""
    finally:
        started.kill()


def at_once(calls: Sequence[Callable]) -> list:
    """What each call returned, or raised, all begun at the same moment."""
    start, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number: int, call: Callable) -> None:
        start.wait()
        try:
            results[number] = call()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def send(server: Server, bodies: Sequence[bytes]) -> list[tuple[int, str]]:
    answers = at_once([lambda body=body: server.ask("POST", "/post", body) for body in bodies])
    return [(status, text.decode()) for status, _, text in answers]


def in_tray(folder: Path) -> list[bytes]:
    with sqlite3.connect(f"file:{folder / 'data' / 'intake.sqlite3'}?mode=ro", uri=True) as database:
        return [body for (body,) in database.execute("select body from posting")]


def who_stored(server: Server) -> int:
    """How many of the server's workers have the database open."""
    found = 0
    for pid in server.group():
        opened = []
        with suppress(OSError):  # ended since it was listed
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(FileNotFoundError):  # closed since it was listed
                    opened.append(str(handle.readlink()))
            found += b"gunicorn" in words and any(name.endswith("intake.sqlite3") for name in opened)
    return found


def test_the_same_posting_from_many_is_stored_once_and_all_are_told(server, tmp_path):
    bodies = [new_posting() for _ in range(ROUNDS)]
    for body in bodies:
        assert send(server, [body] * CLIENTS) == [(200, "stored")] * CLIENTS
    assert sorted(in_tray(tmp_path)) == sorted(bodies)
    assert who_stored(server) == 2, "one worker did everything: nothing raced"


def test_of_postings_that_share_a_letter_one_is_stored(server, tmp_path):
    stored = []
    for _ in range(ROUNDS):
        shared = letter()
        bodies = [new_posting(shared) for _ in range(CLIENTS)]
        answers = send(server, bodies)
        assert sorted(answers) == sorted([(200, "stored"), *[SENTENCES["Known"]] * (CLIENTS - 1)])
        stored.append(bodies[answers.index((200, "stored"))])
    assert sorted(in_tray(tmp_path)) == sorted(stored)
    assert who_stored(server) == 2, "one worker did everything: nothing raced"


# ------------------------------------------------------------------ one transaction for many


def in_one_batch(db: Database, bodies: Sequence[bytes]) -> list:
    """What `accept` made of each, all waiting before the first may write."""
    results = []
    with db.lock:
        thread = threading.Thread(target=lambda: results.extend(at_once([lambda body=body: tray.accept(db, body) for body in bodies])))
        thread.start()
        deadline = time.monotonic() + 120
        while len(db.wishes) < len(bodies) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(db.wishes) == len(bodies)
    thread.join()
    return results


def stored(db: Database) -> list[bytes]:
    with reading(db) as connection:
        return list(connection.execute(sa.select(posting.c.body)).scalars())


def test_waiting_postings_share_one_transaction_and_each_has_its_answer(db, monkeypatch):
    sizes, original = [], tray._store
    monkeypatch.setattr(tray, "_store", lambda connection, arrivals: (sizes.append(len(arrivals)), original(connection, arrivals))[1])
    shared, twice = letter(), new_posting()
    bodies = [twice, twice, new_posting(shared), new_posting(shared), new_posting()]
    results = in_one_batch(db, bodies)
    assert sizes == [5]
    assert results[:2] == [None, None] and results[4] is None
    assert {type(result) for result in results[2:4]} == {type(None), Refused}
    assert sorted(stored(db)) == sorted([twice, bodies[2 if results[2] is None else 3], bodies[4]])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_posting_that_fails_harms_no_other_of_its_batch(db, monkeypatch, when):
    bodies, original = [new_posting() for _ in range(6)], tray._store

    def store(connection, arrivals):
        answers = original(connection, arrivals) if when == "after" else None
        if bodies[3] in [each.checked.body for each in arrivals]:
            raise ValueError("injected")
        return answers or original(connection, arrivals)

    monkeypatch.setattr(tray, "_store", store)
    results = in_one_batch(db, bodies)
    assert [type(result) for result in results] == [ValueError if body == bodies[3] else type(None) for body in bodies]
    assert sorted(stored(db)) == sorted(body for body in bodies if body != bodies[3])


def test_nobody_is_told_stored_when_the_commit_fails(db, monkeypatch):
    left = [3]

    def commit(connection):
        if connection.get_execution_options().get("writes") and left[0] > 0:
            left[0] -= 1
            raise OSError("no space left")

    sa.event.listen(db.engine, "commit", commit)
    bodies = [new_posting() for _ in range(6)]
    results = in_one_batch(db, bodies)
    # The batch and two single tries have failed.
    assert sorted(type(result).__name__ for result in results) == ["NoneType"] * 4 + ["OSError"] * 2
    assert sorted(stored(db)) == sorted(body for body, result in zip(bodies, results, strict=True) if result is None)


# ------------------------------------------------------------------ around it


def test_a_killed_parent_takes_all_with_it(server):
    """gunicorn, its workers and the ticker end by themselves."""
    # The server answers before the migrations are done and the ticker runs.
    until = time.monotonic() + 180
    while len(server.group()) < 5:
        assert time.monotonic() < until
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    deadline = time.monotonic() + 180
    while server.group() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert server.group() == []


def test_the_effort_asked_stands_in_head_json_before_a_page_asks_again(config, db, monkeypatch):
    """Each look of the ticker renews it, and a look comes sooner than a page's next try."""
    segments.tick_once(config, db)
    assert b'"effort":0' in (config.files / "head.json").read_bytes()
    stop = threading.Event()
    ticking = threading.Thread(target=tick._until_tick, args=(config, db, stop, os.getppid()))
    ticking.start()
    try:
        monkeypatch.setattr(tray, "required_effort", lambda waiting: 8)
        deadline = time.monotonic() + 120
        while b'"effort":8' not in (config.files / "head.json").read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert tick.LOOK < PAGE_WAITS
    finally:
        stop.set()
        ticking.join()
