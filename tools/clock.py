"""The machine's clock, for commands that talk to a person at a keyboard."""

import datetime


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def week_of(day: datetime.datetime) -> str:
    """Return the ISO week in UTC, as in PROTOCOL section 1: 2026-W47."""
    year, week, _ = day.astimezone(datetime.UTC).isocalendar()
    return f"{year:04d}-W{week:02d}"
