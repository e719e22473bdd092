"""The tick: from the tray to a segment everyone can read.

Order of a tick, so that a crash anywhere loses nothing and shows nothing half: blocks to `staging` (durable, served by nobody); one
transaction that adds the segment and empties its postings from the tray; the log truncated; blocks renamed to `files`; then clues/WEEK
and head.json, which are only ever derived from the database. `recover` does whatever of the last three a crash left undone.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from crypto.constants import LETTER_BYTES, NONCE_BYTES, POINT_BYTES, RETENTION_WEEKS, ZERO32
from crypto.encoding import canonical
from crypto.segment import Segment, build_segment, encode, segment_hash
from intake import clock, disk, publicfiles, tray
from intake.config import Config
from intake.db import Database, open_database, reading, truncate_wal, writing
from intake.errors import Refused
from intake.models import posting, published, segment, tray_clue

POSTINGS_PER_TICK = 200
TRUNCATE_TRIES = 5


@dataclass(frozen=True)
class Head:
    """The newest segment: number, week and hash; (0, "", zeros) before the first."""

    number: int
    week: str
    hash: bytes


def tick_once(config: Config, db: Database | None = None) -> int | None:
    """Publish one segment from the tray and return its number; None when the tray was empty. Also applies retention."""
    db = db or open_database(config.database)
    with only_one(config):
        recover(config, db)
        return tick(config, db, publicfiles.programme(config), publicfiles.tick_seconds(config))


@contextmanager
def only_one(config: Config) -> Iterator[None]:
    """Wait until no other process ticks in this data folder."""
    config.data.mkdir(parents=True, exist_ok=True)
    with (config.data / "tick.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def tick(config: Config, db: Database, programme: bytes, seconds: int) -> int | None:
    """One tick; the caller holds `only_one` and has recovered. `programme` is P, `seconds` the time between ticks."""
    with reading(db) as connection:
        head = newest(connection)
        # A clock set back must not break the order of weeks.
        week = max(clock.week(), head.week)
        keys, letters = _choose(connection)
    number = None
    if keys:
        made, blocks = build_segment(programme, head.number + 1, week, head.hash, letters)
        number = made.number
        _stage(config.staging / str(number), blocks, week)
        _commit(db, made, keys)
    _retire(db, week)
    if keys:
        _truncate(db)
    publish(config, db, seconds, {week} if keys else set())
    return number


def newest(connection: sa.Connection) -> Head:
    """The last segment of the chain, kept or not."""
    row = connection.execute(
        sa.select(segment.c.number, segment.c.week, segment.c.hash).order_by(segment.c.number.desc()).limit(1)
    ).one_or_none()
    return Head(*row) if row else Head(0, "", ZERO32)


def recover(config: Config, db: Database) -> None:
    """Finish what a crash left: blocks of a committed segment move to their place, blocks of an uncommitted one go."""
    check_database(config, db)
    for number, _ in _kept(db):
        _move_blocks(config, number)
    if config.staging.exists():
        shutil.rmtree(config.staging)
    with reading(db) as connection:
        weeks = set(connection.execute(sa.select(segment.c.week).where(segment.c.encoded.is_not(None))).scalars())
    publish(config, db, publicfiles.tick_seconds(config), weeks)
    # What the tray held when the machine stopped may still stand in the log.
    _truncate(db)


def check_database(config: Config, db: Database) -> None:
    """Ends the process if `files` is ahead of the database, as when that was lost: to publish would delete what only `files` has."""
    said, number = _published(config), 0
    if said and config.database.exists() and sa.inspect(db.engine).has_table("segment"):
        with reading(db) as connection:
            number = newest(connection).number
    if said > number:
        command = f"./tellsafe restore --data {config.data}"
        sys.exit(f"tellsafe: files/ has more than the database: move intake.sqlite3* away and run `{command}`")


def _published(config: Config) -> int:
    """The number in head.json; of a damaged or lost one, which is only derived, that of the newest folder of blocks."""
    try:
        return int(json.loads(publicfiles.read(config.files / "head.json") or b"")["number"])
    except (ValueError, TypeError, KeyError):
        letters = config.files / "letters"
        folders = letters.iterdir() if letters.is_dir() else ()
        return max((int(path.name) for path in folders if path.name.isdecimal()), default=0)


def publish(config: Config, db: Database, seconds: int, weeks: set[str]) -> None:
    """Bring `files` in line with the database: blocks, then the clues of `weeks`, then head.json, then what is no longer kept goes."""
    kept = _kept(db)
    letters, clues = config.files / "letters", config.files / "clues"
    for folder in (letters, clues):
        folder.mkdir(parents=True, exist_ok=True)
    for number, _ in kept:
        _move_blocks(config, number)
    for week in sorted(weeks & {week for _, week in kept}):
        with reading(db) as connection:
            parts = connection.execute(
                sa.select(segment.c.encoded).where(segment.c.week == week, segment.c.encoded.is_not(None)).order_by(segment.c.number)
            ).scalars()
            disk.write(clues / week, b"".join(part for part in parts if part is not None), week)
    write_head(config, db, seconds)
    _remove_others(letters, {str(number) for number, _ in kept})
    _remove_others(clues, {week for _, week in kept})
    with reading(db) as connection:
        week = newest(connection).week or clock.week()
    for folder in (letters, clues, config.files):
        disk.set_time(folder, week)


def write_head(config: Config, db: Database, seconds: int) -> None:
    """head.json of PROTOCOL section 7, with the effort asked at present; left alone if it says so already."""
    with reading(db) as connection:
        head = newest(connection)
        effort = _effort_now(connection)
    weeks = sorted({week for _, week in _kept(db)})
    data = _head_bytes(effort, head, seconds, weeks)
    if publicfiles.read(config.files / "head.json") != data:
        disk.write(config.files / "head.json", data, head.week or clock.week())
        disk.set_time(config.files, head.week or clock.week())


def renew_effort(config: Config, db: Database, seconds: int) -> None:
    """Write head.json again if the effort in it is no longer what is asked: nothing else in it changes between ticks."""
    with reading(db) as connection:
        effort = _effort_now(connection)
    said = publicfiles.read(config.files / "head.json")
    if said is None or json.loads(said)["effort"] != effort:
        write_head(config, db, seconds)


def first_head(seconds: int) -> bytes:
    """head.json of a server on which the ticker has not run yet."""
    return _head_bytes(0, Head(0, "", ZERO32), seconds, [])


def _head_bytes(effort: int, head: Head, seconds: int, weeks: list[str]) -> bytes:
    return canonical({"effort": effort, "hash": head.hash.hex(), "number": head.number, "tick": seconds, "v": 1, "weeks": weeks})


def _effort_now(connection: sa.Connection) -> int:
    """What a posting needs now; of a full tray, what it will need when there is room again."""
    try:
        return tray.required_effort(tray.waiting(connection))
    except Refused:
        return tray.required_effort(tray.TRAY_MAX - 1)


def _choose(connection: sa.Connection) -> tuple[list[int], list[bytes]]:
    """Keys and letters of the postings of this tick: highest effort first, then by lot."""
    lot = sa.select(posting.c.id).order_by(posting.c.effort.desc(), sa.func.random()).limit(POSTINGS_PER_TICK)
    keys = list(connection.execute(lot).scalars())
    letters: list[bytes] = []
    for key in keys:
        body = connection.execute(sa.select(posting.c.body).where(posting.c.id == key)).scalar_one()
        letters += [body[at : at + LETTER_BYTES] for at in range(NONCE_BYTES, len(body), LETTER_BYTES)]
    return keys, letters


def _stage(folder: Path, blocks: Sequence[bytes], week: str) -> None:
    """Write blocks 0, 1, … durably into an empty folder."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for number, block in enumerate(blocks):
        disk.write(folder / str(number), block, week)
    disk.set_time(folder, week)
    disk.sync(folder.parent)


def _commit(db: Database, made: Segment, keys: Sequence[int]) -> None:
    """The one moment at which postings become published."""
    row = {"number": made.number, "week": made.week, "hash": segment_hash(made), "encoded": encode(made)}
    with writing(db) as connection:
        connection.execute(sa.insert(segment), row)
        connection.execute(sa.insert(published), [{"r": clue[:POINT_BYTES], "segment": made.number} for clue in made.clues])
        gone = [{"key": key} for key in sorted(keys)]
        connection.execute(sa.delete(tray_clue).where(tray_clue.c.r.in_(sa.bindparam("rs", expanding=True))), _rs_in_chunks(made))
        connection.execute(sa.delete(posting).where(posting.c.id == sa.bindparam("key")), gone)


def _rs_in_chunks(made: Segment) -> dict[str, list[bytes]]:
    return {"rs": [clue[:POINT_BYTES] for clue in made.clues]}


def _retire(db: Database, week: str) -> None:
    """Forget whole segments older than the retention; their number and hash stay, so that the chain goes on."""
    oldest = clock.weeks_before(week, RETENTION_WEEKS)
    old = sa.select(segment.c.number).where(segment.c.week < oldest, segment.c.encoded.is_not(None))
    with reading(db) as connection:
        numbers = list(connection.execute(old).scalars())
    if not numbers:
        return
    with writing(db) as connection:
        connection.execute(sa.delete(published).where(published.c.segment.in_(numbers)))
        connection.execute(sa.update(segment).where(segment.c.number.in_(numbers)).values(encoded=None))


def _truncate(db: Database) -> None:
    """Cut the log, in which the emptied postings still stand. Readers are short: a few tries are enough, and the next tick tries again."""
    for _ in range(TRUNCATE_TRIES):
        if truncate_wal(db):
            return


def _kept(db: Database) -> list[tuple[int, str]]:
    """(number, week) of every segment still kept, oldest first."""
    with reading(db) as connection:
        rows = connection.execute(
            sa.select(segment.c.number, segment.c.week).where(segment.c.encoded.is_not(None)).order_by(segment.c.number)
        )
        return [(number, week) for number, week in rows]


def _move_blocks(config: Config, number: int) -> None:
    """Put a committed segment's blocks where they are served; FileNotFoundError if they are nowhere, which no crash can cause."""
    target = config.files / "letters" / str(number)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    (config.staging / str(number)).rename(target)
    disk.sync(target.parent)


def _remove_others(folder: Path, names: set[str]) -> None:
    """Remove whatever is not named, unfinished temporary files too."""
    for path in folder.iterdir():
        if path.name in names:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
