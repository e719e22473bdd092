"""The only reader of the machine's clock in the server. What leaves it for postings are ISO weeks and how long to wait, never a time.

The signed tree has times of its own, which are public: for it alone there are `now` and `today`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def now() -> datetime:
    """The time in UTC, to check signed files against; nothing keeps it."""
    return datetime.now(UTC)


def today() -> date:
    """The day in UTC, on which a reviewer's status depends."""
    return now().date()


def _start(week: str) -> datetime:
    """Monday 00:00 UTC of "2026-W47"."""
    return datetime.strptime(week + "-1", "%G-W%V-%u").replace(tzinfo=UTC)


def _name(moment: datetime) -> str:
    year, number, _ = moment.isocalendar()
    return f"{year:04d}-W{number:02d}"


def week() -> str:
    """The present ISO week in UTC, as in PROTOCOL section 1."""
    return _name(now())


def weeks_before(week: str, count: int) -> str:
    """The week `count` weeks before `week`."""
    return _name(_start(week) - timedelta(weeks=count))


def monday_ns(week: str) -> int:
    """Midnight UTC of the week's Monday in nanoseconds since 1970: the only time a public file may carry."""
    return int(_start(week).timestamp()) * 1_000_000_000


def seconds_to_tick(tick: int) -> float:
    """Seconds until the next multiple of `tick` since 1970. Ticks hang on the calendar, not on when the server was started."""
    return tick - now().timestamp() % tick
