"""Connections to the database and how they must behave on disk."""

from __future__ import annotations

import fcntl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")
A = TypeVar("A")

BUSY_MS = 15_000

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit is on the disk when it returns: "stored" means stored
    "PRAGMA secure_delete=ON",  # what the tick takes out of the tray is overwritten, not forgotten
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA temp_store=MEMORY",  # no temporary files with postings in them
    "PRAGMA cache_size=-1024",
)


@dataclass(eq=False)
class Wish:
    """One thread's part of a common transaction: what it wants done, and what came of it (None: nothing yet)."""

    what: Any
    answer: Any = None


@dataclass(frozen=True)
class Database:
    """An engine, and what makes writers queue instead of polling SQLite: a lock for threads, a locked file for processes.

    `wishes`: what threads wait for in `together`.
    """

    engine: sa.Engine
    lock_file: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    wishes: deque[Wish] = field(default_factory=deque)


def open_database(path: Path) -> Database:
    """The database at `path`; it is opened, or created, when a connection is first needed."""
    address = URL.create("sqlite", database=str(path))
    # isolation_level None: the driver starts no transactions of its own, _begin does.
    driver = {"isolation_level": None, "check_same_thread": False}
    engine = sa.create_engine(address, pool_size=4, max_overflow=4, connect_args=driver, paramstyle="named")
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return Database(engine, path.with_name("write.lock"))


def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock at once: two writers cannot both read "unknown" and then both insert.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def reading(db: Database) -> Iterator[sa.Connection]:
    """A consistent view of the database."""
    with db.engine.connect() as connection:
        yield connection


@contextmanager
def writing(db: Database) -> Iterator[sa.Connection]:
    """One transaction, committed and durable when the block ends, rolled back if it raises."""
    with db.lock, _transaction(db) as connection:
        yield connection


def together(db: Database, what: T, work: Callable[[sa.Connection, Sequence[T]], Sequence[A]]) -> A:
    """Have `what` done in one transaction with all that other threads wait for, and return its answer once that is durable.

    `work` answers each of what it is given, never with None. Whoever gets the lock does the work of all: one commit, many answers.
    """
    mine = Wish(what)
    db.wishes.append(mine)
    with db.lock:
        if mine in db.wishes:
            wishes = [db.wishes.popleft() for _ in range(len(db.wishes))]
            try:
                _grant(db, wishes, work)
            except Exception:
                # Whoever was at fault: the others, left without an answer, come below and try alone.
                if len(wishes) == 1:
                    raise
        if mine.answer is None:
            _grant(db, [mine], work)
    answer: A = mine.answer
    return answer


def _grant(db: Database, wishes: Sequence[Wish], work: Callable[[sa.Connection, Sequence[Any]], Sequence[Any]]) -> None:
    with _transaction(db) as connection:
        answers = work(connection, [wish.what for wish in wishes])
    for wish, answer in zip(wishes, answers, strict=True):
        wish.answer = answer


@contextmanager
def _transaction(db: Database) -> Iterator[sa.Connection]:
    """A writing transaction; the caller holds `db.lock`."""
    with _only_process(db), db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def _only_process(db: Database) -> Iterator[None]:
    """Wait until no other process writes: the kernel wakes the next one at once, where SQLite would sleep and look again."""
    with db.lock_file.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def truncate_wal(db: Database) -> bool:
    """Move the write-ahead log into the database and cut it to nothing. False: a reader was in the way, try again."""
    with db.lock, _only_process(db):
        raw = db.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
            cursor.close()
        finally:
            raw.close()
    return row is not None and row[0] == 0
