"""The tables. Nothing here has a time, an address or a number that counts arrivals.

WITHOUT ROWID keeps SQLite from numbering rows itself. `posting` has a row number, because SQLite writes a large row of such a table with a
third less work; it is always given, and drawn at random.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

# The tray: postings as they arrived, until a tick publishes them. Key: 63 random bits; INTEGER has 64 in SQLite, and is the
# row number itself. They tell nothing of the order of arrival; where SQLite puts a body in its file does, until the tick.
posting = Table(
    "posting",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # Indexed so that counting the tray and choosing by effort never read the bodies.
    Column("effort", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

# R of every letter in the tray.
tray_clue = Table(
    "tray_clue",
    metadata,
    Column("r", LargeBinary(32), primary_key=True),
    Column("posting", Integer, ForeignKey("posting.id"), nullable=False),
    sqlite_with_rowid=False,
)

# R of every letter in a segment still kept.
published = Table(
    "published",
    metadata,
    Column("r", LargeBinary(32), primary_key=True),
    Column("segment", Integer, ForeignKey("segment.number"), nullable=False),
    sqlite_with_rowid=False,
)

# The chain. Number, week and hash stay for ever, so that the chain goes on after a long silence; `encoded` goes with retention.
segment = Table(
    "segment",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("week", String(8), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("encoded", LargeBinary, nullable=True),
    sqlite_with_rowid=False,
)
