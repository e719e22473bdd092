"""`./tellsafe restore`: a server's database made anew from a copy of its public files, so that the chain of segments goes on.

The database itself is never copied, for it holds the tray. All it knows of what was published stands in `files/`; what no tick had taken
yet is lost with it.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError

from crypto.constants import POINT_BYTES, RETENTION_WEEKS
from crypto.errors import ProtocolError
from crypto.segment import Segment, check_block, check_chain, encode, parse_segments, segment_hash
from intake import clock, publicfiles, segments
from intake.config import Config
from intake.db import open_database, reading, writing
from intake.migrate import migrate
from intake.models import posting, published, segment, tray_clue
from tools.errors import Unfit


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog=sys.argv[0], description="Make a lost database anew. The server must not run.")
    parser.add_argument("--data", required=True, metavar="FOLDER", help="the server's folder, with copies of files/ and tree/ in it")
    os.umask(0o077)
    os.environ["TELLSAFE_DATA"] = str(Path(parser.parse_args(arguments).data).resolve())
    try:
        count = restore(Config.from_env())
    except (sa.exc.DatabaseError, CommandError) as error:
        why = getattr(error, "orig", error)
        print(f"tellsafe: nothing was restored: {why}. Move intake.sqlite3* away, or make room, and try again.", file=sys.stderr)
        return 1
    except (ProtocolError, ValueError, TypeError, OSError, LookupError) as error:
        what = error if isinstance(error, Unfit) else f"the copy of files/ or tree/ is not whole ({error}): take another"
        print(f"tellsafe: nothing was restored: {what}.", file=sys.stderr)
        return 1
    print(f"Segments restored: {count}. Start the server now.")
    return 0


def restore(config: Config) -> int:
    """Read and check all of `files`, then write the chain in one transaction; returns how many segments there are.

    Unfit if the database holds a chain already or nothing was ever published; ProtocolError, ValueError, TypeError, OSError or LookupError
    if the copy is not whole.
    """
    programme = publicfiles.programme(config)
    head = json.loads((config.files / "head.json").read_bytes())
    newest = int(head["number"]), bytes.fromhex(head["hash"])
    if not newest[0]:
        raise Unfit("head.json says that nothing was published yet, so there is nothing to restore: start the server")
    kept = [each for week in head["weeks"] for each in parse_segments((config.files / "clues" / week).read_bytes(), programme)]
    if head["weeks"]:
        check_chain(kept, newest)
    for each in kept:
        for number in range(len(each.block_hashes)):
            check_block(each, number, (config.files / "letters" / str(each.number) / str(number)).read_bytes())
    # After a silence longer than the retention only number and hash are left; the week is the last that is surely not too early.
    silent = {"number": newest[0], "week": clock.weeks_before(clock.week(), RETENTION_WEEKS + 1), "hash": newest[1], "encoded": None}
    migrate(config)
    db = open_database(config.database)
    with reading(db) as connection:  # before the lock, which a server that runs well keeps
        if segments.newest(connection).number:
            raise Unfit("the database here is not empty, so there is nothing to restore")
    with segments.only_one(config), writing(db) as connection:
        connection.execute(sa.insert(segment), [_row(each) for each in kept] or [silent])
        for each in kept:
            connection.execute(sa.insert(published), [{"r": clue[:POINT_BYTES], "segment": each.number} for clue in each.clues])
        # A server that starts with an empty database may take again, before it ends, what was published: no tick could take that.
        again = sa.select(tray_clue.c.posting).where(tray_clue.c.r.in_(sa.select(published.c.r)))
        connection.execute(sa.delete(tray_clue).where(tray_clue.c.posting.in_(again)))
        connection.execute(sa.delete(posting).where(posting.c.id.not_in(sa.select(tray_clue.c.posting))))
    return len(kept)


def _row(each: Segment) -> dict[str, object]:
    return {"number": each.number, "week": each.week, "hash": segment_hash(each), "encoded": encode(each)}


if __name__ == "__main__":
    sys.exit(main())
