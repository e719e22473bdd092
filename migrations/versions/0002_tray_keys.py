"""The tray's keys are random numbers: SQLite writes large rows of a table with row numbers with less work."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from crypto.posting import parse_posting

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rebuild(sa.Integer(), True, lambda _rs: secrets.randbits(63))


def downgrade() -> None:
    _rebuild(sa.LargeBinary(32), False, lambda rs: hashlib.sha256(b"".join(rs)).digest())


def _rebuild(kind: sa.types.TypeEngine[Any], with_rowid: bool, key_of: Callable[[tuple[bytes, ...]], int | bytes]) -> None:
    """The tray's two tables again with keys of another kind, and the same postings in them."""
    op.rename_table("posting", "old_posting")
    op.drop_table("tray_clue")
    op.drop_index("ix_posting_effort", "old_posting")
    posting = op.create_table(
        "posting",
        sa.Column("id", kind, primary_key=True, autoincrement=False),
        sa.Column("effort", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=with_rowid,
    )
    op.create_index("ix_posting_effort", "posting", ["effort"])
    tray_clue = op.create_table(
        "tray_clue",
        sa.Column("r", sa.LargeBinary(32), primary_key=True),
        sa.Column("posting", kind, sa.ForeignKey("posting.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    old = sa.table("old_posting", sa.column("id"), sa.column("effort"), sa.column("body"))
    for name in connection.execute(sa.select(old.c.id)).scalars().all():
        effort, body = connection.execute(sa.select(old.c.effort, old.c.body).where(old.c.id == name)).one()
        rs = parse_posting(body).rs
        key = key_of(rs)
        connection.execute(sa.insert(posting), {"id": key, "effort": effort, "body": body})
        connection.execute(sa.insert(tray_clue), [{"r": r, "posting": key} for r in rs])
    op.drop_table("old_posting")
