"""Taking a posting: everything PROTOCOL section 5 asks of the server. What is accepted is durable before anyone is told so."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from crypto.constants import POSTING_BYTES, ZERO32
from crypto.posting import Posting, effort_of, parse_posting
from intake.db import Database, reading, writing
from intake.errors import Refused
from intake.models import posting, published, segment, tray_clue

TRAY_MAX = 10_000
RECENT_SEGMENTS = 4


def required_effort(waiting: int) -> int:
    """Leading zero bits asked of a posting while `waiting` postings are in the tray; raises Refused("Full")."""
    if waiting >= TRAY_MAX:
        raise Refused("Full")
    if waiting < TRAY_MAX // 4:
        return 0
    return 8 if waiting < TRAY_MAX // 2 else 12


def waiting(connection: sa.Connection) -> int:
    """How many postings are in the tray."""
    return connection.execute(_COUNT).scalar_one()


def accept(db: Database, body: bytes) -> None:
    """Store a posting; returning means it is durable (or was stored before, byte-identical in its Rs).

    Raises Refused or a ProtocolError of parse_posting; then nothing was stored.
    """
    if len(body) != POSTING_BYTES:
        raise Refused("Length")
    checked = parse_posting(body)
    required = _place(db, body, checked, 0)
    if required:
        # Computed outside any transaction: it takes time.
        required = _place(db, body, checked, _effort(db, checked, required))
    if required:
        raise Refused("BadEffort")


def _place(db: Database, body: bytes, checked: Posting, effort: int) -> int:
    """Store the posting if `effort` is enough or it is here already, and return 0; else store nothing and return the bits asked."""
    with writing(db) as connection:
        # A retry must succeed whatever the tray asks by now.
        if _known(connection, checked.rs):
            return 0
        required = required_effort(waiting(connection))
        if effort < required:
            return required
        _insert(connection, body, checked, effort)
        return 0


def _effort(db: Database, checked: Posting, required: int) -> int:
    """The posting's effort in bits against a recent segment, the first that gives `required`."""
    with reading(db) as connection:
        recent = connection.execute(_RECENT).scalars().all() or [ZERO32]
    effort = 0
    for segment_hash in recent:
        if effort < required:
            effort = max(effort, effort_of(checked, segment_hash))
    return effort


def _known(connection: sa.Connection, rs: Sequence[bytes]) -> bool:
    """Whether this is a retry; raises Refused("Known") if only some Rs are known, or not together."""
    places = [row.place for query in (_IN_TRAY, _IN_SEGMENTS) for row in connection.execute(query, {"rs": list(rs)})]
    if not places:
        return False
    if len(places) == len(rs) and len(set(places)) == 1:
        return True
    raise Refused("Known")


def _insert(connection: sa.Connection, body: bytes, checked: Posting, effort: int) -> None:
    key = hashlib.sha256(b"".join(checked.letters)).digest()
    connection.execute(_ADD_POSTING, {"id": key, "effort": effort, "body": body})
    connection.execute(_ADD_CLUE, [{"r": r, "posting": key} for r in checked.rs])


_COUNT = sa.select(sa.func.count()).select_from(posting)
_RECENT = sa.select(segment.c.hash).order_by(segment.c.number.desc()).limit(RECENT_SEGMENTS)
_IN_TRAY = sa.select(tray_clue.c.posting.label("place")).where(tray_clue.c.r.in_(sa.bindparam("rs", expanding=True)))
_IN_SEGMENTS = sa.select(published.c.segment.label("place")).where(published.c.r.in_(sa.bindparam("rs", expanding=True)))
_ADD_POSTING = sa.insert(posting)
_ADD_CLUE = sa.insert(tray_clue)
