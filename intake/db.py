"""Connections to the database and how they must behave on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MS = 15_000

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit is on the disk when it returns: "stored" means stored
    "PRAGMA secure_delete=ON",  # what the tick takes out of the tray is overwritten, not forgotten
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA temp_store=MEMORY",  # no temporary files with postings in them
    "PRAGMA cache_size=-1024",
)


@dataclass(frozen=True)
class Database:
    """An engine and the lock that makes this process's writers queue here instead of polling SQLite."""

    engine: sa.Engine
    lock: threading.Lock


def open_database(url: str | URL) -> Database:
    """Open (and for SQLite create) the database at `url`; connections are made when first needed."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return Database(sa.create_engine(address), threading.Lock())
    # isolation_level None: the driver starts no transactions of its own, _begin does.
    engine = sa.create_engine(address, pool_size=4, max_overflow=4, connect_args={"isolation_level": None, "check_same_thread": False})
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return Database(engine, threading.Lock())


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
    with db.lock, db.engine.execution_options(writes=True).begin() as connection:
        yield connection


def truncate_wal(db: Database) -> bool:
    """Move the write-ahead log into the database and cut it to nothing. False: a reader was in the way, try again."""
    if db.engine.dialect.name != "sqlite":
        return True
    raw = db.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        row = cursor.fetchone()
        cursor.close()
    finally:
        raw.close()
    return row is not None and row[0] == 0
