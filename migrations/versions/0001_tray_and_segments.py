"""The tray, the published Rs and the chain of segments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posting",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("effort", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posting_effort", "posting", ["effort"])
    op.create_table(
        "tray_clue",
        sa.Column("r", sa.LargeBinary(32), primary_key=True),
        sa.Column("posting", sa.LargeBinary(32), sa.ForeignKey("posting.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "segment",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("encoded", sa.LargeBinary, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "published",
        sa.Column("r", sa.LargeBinary(32), primary_key=True),
        sa.Column("segment", sa.Integer, sa.ForeignKey("segment.number"), nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for name in ("published", "segment", "tray_clue", "posting"):
        op.drop_table(name)
