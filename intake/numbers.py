"""What the page of public numbers says: releases as bars and words, exact figures about the programme, and how it is all made.

Values for a template only, from files anybody can fetch: the signed tree, the public segments, and the method page of the repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from crypto.constants import LABEL_SEGMENT
from crypto.errors import ProtocolError
from crypto.numbers import (
    CELL_SHARE,
    FLOOR,
    LEDGER_FILE,
    SCHEMA_FILE,
    SETTLE_DAYS,
    TABLES,
    TOTAL_SHARE,
    Release,
    Row,
    due,
    exact_rows,
    exact_words,
    frequency,
    newest_first,
    parse_release,
    quarters_of,
    rows,
    span,
    total_row,
    wording,
)
from intake import publicfiles
from intake.config import ROOT, Config
from intake.rosterpage import Version

METHOD = ROOT / "docs" / "statistics.md"
WEEK_SECONDS = 7 * 24 * 3600
PERIODS = {"yearly": ("Y",), "half-yearly": ("H1", "H2"), "quarterly": ("Q1", "Q2", "Q3", "Q4")}
# First words of the lines of the history (crypto/history.py), and what they are called here.
CHANGES = {"Admitted": "admitted", "Revoked": "left or revoked", "Suspended": "suspended", "Paused": "paused", "Renewed": "terms renewed"}


def numbers_context(config: Config, day: date, roster: Mapping[str, Any], versions: Sequence[Version]) -> dict[str, Any]:
    """Everything the template needs. `roster` and `versions` as rosterpage makes them.

    ProtocolError, OSError, ValueError or LookupError if the tree cannot be read. Public numbers that cannot be read are said so.
    """
    try:
        files, names = publicfiles.numbers(config)
        releases = newest_first(parse_release(data) for path, data in files.items() if _is_release(path))
        broken = False
    except (ProtocolError, OSError, LookupError, ValueError, TypeError, AttributeError):
        releases, names, broken = [], {}, True
    shown = [_section(each, names) for each in releases]
    return {
        "day": day.isoformat(),
        "broken": broken,
        "newest": [
            next(each for each in shown if each["table"] == table) for table in TABLES if any(each["table"] == table for each in shown)
        ],
        "releases": shown,
        "exact": next((each for each in shown if each["table"] == "T1"), None),
        "marks": sorted({mark for each in shown for row in each["rows"] for mark in (row["bar"], row["from"], row["width"])}),
        "next": [_next(table, period, day) for table, period in upcoming(_started(versions, day), releases)],
        "links": [(name, _link(names, f"statistics/{name}")) for name in (LEDGER_FILE, SCHEMA_FILE) if f"statistics/{name}" in names],
        "wording": wording(),
        "epsilons": [table.epsilon for table in TABLES.values()],
        "settle": SETTLE_DAYS,
        "floor": FLOOR,
        "shares": (round(100 * CELL_SHARE), round(100 * TOTAL_SHARE)),
        "tables": {name: _method_table(METHOD, name) for name in ("noise", "belief", "utility")},
        "people": _people(roster),
        "years": _years(versions),
        "changes": list(CHANGES.values()),
        "ticks": ticks(config, day),
        "ticks_due": WEEK_SECONDS // publicfiles.tick_seconds(config),
        "statistician": roster["programme"].statistician,
        "threshold": roster["threshold"],
    }


def upcoming(started: date, releases: Iterable[Release]) -> list[tuple[str, str]]:
    """(table, period) that each table publishes next, by the rule of frequency and what is published."""
    held = list(releases)
    totals = {each.period: each.total for each in held if each.table == "T1"}
    found = []
    for table in TABLES:
        last = max((quarters_of(each.period) for each in held if each.table == table), default=())
        first_year = int(last[-1][:4]) if last else started.year
        for year in (first_year, first_year + 1):
            often = frequency(year, totals)[0] if table == "T1" else "yearly"
            periods = [f"{year}-{part}" for part in PERIODS[often] if quarters_of(f"{year}-{part}") > last]
            if periods:
                found.append((table, periods[0]))
                break
    return found


def ticks(config: Config, day: date) -> list[tuple[str, int]]:
    """(week, segments published in it) for every whole week whose segments are still here, newest first; weeks without any count 0.

    From the numbers of the first segment of each week: segments are numbered without gaps.
    """
    folder = config.files / "clues"
    weeks = sorted(path.name for path in folder.iterdir() if not path.suffix) if folder.is_dir() else []
    if not weeks:
        return []
    firsts = {week: _first_number(folder / week) for week in weeks}
    head = json.loads(publicfiles.read(config.files / "head.json") or b'{"number": 0}')["number"]
    ends = dict(zip(weeks, [*(firsts[week] for week in weeks[1:]), head + 1], strict=True))
    counts = []
    # A tick at midnight may still be writing the week that has just ended.
    monday = day - timedelta(days=day.weekday() + 14)
    while (week := _week(monday)) >= weeks[0]:
        counts.append((week, ends[week] - firsts[week] if week in firsts else 0))
        monday -= timedelta(days=7)
    return counts


def _first_number(path: Path) -> int:
    """The number of the first segment of a clues file (PROTOCOL 7)."""
    at = len(LABEL_SEGMENT) + 32
    with path.open("rb") as handle:
        return int.from_bytes(handle.read(at + 8)[at:], "big")


def _week(monday: date) -> str:
    year, number, _ = monday.isocalendar()
    return f"{year:04d}-W{number:02d}"


def _is_release(path: str) -> bool:
    return path.endswith(".json") and not path.endswith(SCHEMA_FILE)


def _section(release: Release, names: Mapping[str, str]) -> dict[str, Any]:
    """One table on the page. Marks are hundredths of the length of the longest whisker."""
    shown = rows(release)
    most = max(1, *(row.high for row in shown))
    return {
        "id": release.id,
        "table": release.table,
        "title": TABLES[release.table].title,
        "value": release.value,
        "rows": [_bar(row, most) for row in shown],
        "total": total_row(release),
        "links": [(kind, _link(names, f"statistics/{release.id}.{kind.lower()}")) for kind in ("CSV", "JSON")],
        "exact": exact_rows(release),
        "said": exact_words(release),
        "exact_link": _link(names, f"statistics/{release.period}-exact.csv") if release.value["exact"] else "",
    }


def _bar(row: Row, most: int) -> dict[str, Any]:
    low, high = round(100 * row.low / most), round(100 * row.high / most)
    few = row.noisy < FLOOR
    return {"row": row, "few": few, "bar": 0 if few else round(100 * row.value / most), "from": low, "width": high - low}


def _link(names: Mapping[str, str], path: str) -> str:
    return f"/tree/targets/{names[path]}"


def _next(table: str, period: str, day: date) -> dict[str, Any]:
    first, last = span(period)
    when = due(table, period)
    title = TABLES[table].title
    return {"title": title, "from": first.isoformat(), "to": last.isoformat(), "due": when.isoformat(), "late": when < day}


def _started(versions: Sequence[Version], day: date) -> date:
    """The day of the oldest signed file that is here."""
    return date.fromisoformat(min((each.signed for each in versions), default=day.isoformat()))


def _people(roster: Mapping[str, Any]) -> list[tuple[str, int]]:
    cards = roster["reviewers"]
    return [
        ("Reviewers who may be drawn today", sum(card["status"][0] == "active" and not card["no_key"] for card in cards)),
        ("Reviewers in notice, paused or suspended", sum(card["status"][0] in ("notice", "paused", "suspended") for card in cards)),
        ("Reviewers whose term has ended, still listed", sum(card["status"][0] in ("expired", "revoked") for card in cards)),
        ("Accredited evaluators on the list", len(roster["evaluators"])),
        ("Stewards", len(roster["programme"].stewards)),
    ]


def _years(versions: Sequence[Version]) -> list[tuple[str, int, list[int]]]:
    """(year, versions of the list of reviewers, changes in the order of CHANGES), newest first, by the day of signing."""
    found = []
    for year in sorted({each.signed[:4] for each in versions}, reverse=True):
        mine = [each for each in versions if each.signed[:4] == year]
        lines = [line.partition(":")[0] for each in mine for line, detail in each.lines if not detail]
        found.append((year, sum(each.title.startswith("Reviewers") for each in mine), [lines.count(word) for word in CHANGES]))
    return found


def _method_table(path: Path, name: str) -> list[list[str]]:
    """A table of the method page, which `python -m tests.bench.statistics` writes: rows of cells, headings first; empty if not here."""
    page = (publicfiles.read(path) or b"").decode("utf-8")
    found = re.search(rf"<!-- table {name} -->\n(.*?)\n<!-- end {name} -->", page, re.DOTALL)
    lines = [line for line in (found[1] if found else "").splitlines() if not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
