"""Weeks and moments. Everything that leaves this machine is dated by week only."""

from __future__ import annotations

import datetime
import re

WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def week_of(day: datetime.datetime) -> str:
    year, week, _ = day.astimezone(datetime.UTC).isocalendar()
    return f"{year:04d}-W{week:02d}"


def weeks_between(earlier: str, later: str) -> int:
    """Whole weeks from one week to another; negative when `later` is before."""
    return (_monday(later) - _monday(earlier)).days // 7


def add_weeks(week: str, count: int) -> str:
    return week_of(datetime.datetime.combine(_monday(week) + datetime.timedelta(weeks=count), datetime.time(), datetime.UTC))


def _monday(week: str) -> datetime.date:
    if not WEEK.fullmatch(week):
        raise ValueError(week)
    return datetime.date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def quarter_end(quarter: str) -> datetime.date:
    """The last day of a quarter given as 2026-Q4."""
    first = datetime.date(int(quarter[:4]), 3 * int(quarter[6]) - 2, 28)
    following = (first + datetime.timedelta(days=75)).replace(day=1)
    return following - datetime.timedelta(days=1)
