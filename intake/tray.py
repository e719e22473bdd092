"""Taking a posting: everything PROTOCOL section 5 asks of the server. What is accepted is durable before anyone is told so."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import sqlalchemy as sa

from crypto.constants import POSTING_BYTES, SLOTS, ZERO32
from crypto.posting import Posting, effort_of, parse_posting
from intake.db import Database, reading, together
from intake.errors import Refused
from intake.models import posting, published, segment, tray_clue

TRAY_MAX = 10_000
RECENT_SEGMENTS = 4


@dataclass(frozen=True)
class Arrival:
    """A posting at the door: checked, with the effort found in it so far, and its key in the tray, 63 random bits."""

    checked: Posting
    effort: int = 0
    key: int = field(default_factory=lambda: secrets.randbits(63))


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
    arrival = Arrival(parse_posting(body))
    required = together(db, arrival, _store)
    if isinstance(required, int) and required > 0:
        # Computed outside any transaction: it takes time.
        arrival = replace(arrival, effort=_effort(db, arrival.checked, required))
        required = together(db, arrival, _store)
    if isinstance(required, Refused):
        raise required
    if required:
        raise Refused("BadEffort")


def _store(connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[int | Refused]:
    """Store each posting whose effort is enough. Answers: 0 stored (or here already), more: the bits asked, Refused: why not."""
    cursor, sql = connection.connection.cursor(), _sql(connection.dialect)
    places: dict[bytes, int] = {}
    for arrival in arrivals:
        cursor.execute(sql["places"], {f"r{n}": r for n, r in enumerate(arrival.checked.rs)})
        places |= cursor.fetchall()
    cursor.execute(sql["count"])
    (count,) = cursor.fetchall()[0]
    new: list[Arrival] = []
    answers = []
    for arrival in arrivals:
        answer = _judge(arrival, places, count + len(new))
        if answer is None:
            new.append(arrival)
            places |= dict.fromkeys(arrival.checked.rs, arrival.key)
        answers.append(answer or 0)
    if new:
        cursor.executemany(sql["posting"], [{"id": each.key, "effort": each.effort, "body": each.checked.body} for each in new])
        cursor.executemany(sql["clue"], [{"r": r, "posting": each.key} for each in new for r in each.checked.rs])
    return answers


def _judge(arrival: Arrival, places: Mapping[bytes, int], count: int) -> int | Refused | None:
    """None: to be stored. 0: a retry, which must succeed whatever the tray asks by now. More: the bits asked. Refused: why not."""
    known = {places.get(r) for r in arrival.checked.rs}
    if known != {None}:
        return 0 if len(known) == 1 else Refused("Known")
    try:
        required = required_effort(count)
    except Refused as full:
        return full
    return required if arrival.effort < required else None


def _effort(db: Database, checked: Posting, required: int) -> int:
    """The posting's effort in bits against a recent segment, the first that gives `required`."""
    with reading(db) as connection:
        recent = connection.execute(_RECENT).scalars().all() or [ZERO32]
    effort = 0
    for segment_hash in recent:
        if effort < required:
            effort = max(effort, effort_of(checked, segment_hash))
    return effort


_COUNT = sa.select(sa.func.count()).select_from(posting)
_RECENT = sa.select(segment.c.hash).order_by(segment.c.number.desc()).limit(RECENT_SEGMENTS)
_RS: list[sa.BindParameter[bytes]] = [sa.bindparam(f"r{n}") for n in range(SLOTS)]
# Where each known R is: the key of a posting in the tray, or below zero the number of a segment, which so is never a key.
_PLACES = sa.union_all(
    sa.select(tray_clue.c.r, tray_clue.c.posting).where(tray_clue.c.r.in_(_RS)),
    sa.select(published.c.r, -published.c.segment).where(published.c.r.in_(_RS)),
)


@cache
def _sql(dialect: sa.Dialect) -> dict[str, str]:
    """Statements for the driver itself: SQLAlchemy's own way of running them takes longer than SQLite."""
    statements = {"places": _PLACES, "count": _COUNT, "posting": sa.insert(posting), "clue": sa.insert(tray_clue)}
    return {name: str(statement.compile(dialect=dialect)) for name, statement in statements.items()}
