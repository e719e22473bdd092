"""The tables. Nothing here has a row number, a time or an address; WITHOUT ROWID keeps SQLite from numbering arrivals itself."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

# The tray: postings as they arrived, until a tick publishes them. Key: SHA-256 of the six letters.
posting = Table(
    "posting",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    # Indexed so that counting the tray and choosing by effort never read the bodies.
    Column("effort", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# R of every letter in the tray.
tray_clue = Table(
    "tray_clue",
    metadata,
    Column("r", LargeBinary(32), primary_key=True),
    Column("posting", LargeBinary(32), ForeignKey("posting.id"), nullable=False),
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
