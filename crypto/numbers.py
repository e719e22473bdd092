"""The public numbers: tables, periods, the release file and how it is shown. Pure, and free of keys: the server's page uses it as it is.

A release holds what discrete Laplace noise left of the counts of one table and one period. Everything here works on published files
alone, so nothing here can cost anybody privacy.
"""

import datetime
import functools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from crypto.encoding import is_hex32
from crypto.errors import Malformed
from crypto.schema import Check, code, has, integer, items, shaped, text

SCHEMA = "tellsafe/stats-release/1"
LEDGER_FILE = "ledger.jsonl"
SCHEMA_FILE = "release-1.schema.json"
TAXONOMY = "1.0"
LIFETIME = "1.5"  # epsilon of one report over all tables, ever
FLOOR = 5  # smaller numbers are shown as "few or none": the noise alone makes such numbers
FREQUENCIES = ("yearly", "half-yearly", "quarterly")
HALF_YEARLY_FROM = 60  # trailing year's published total from which detail makes sense
QUARTERLY_FROM = 400
SETTLE_DAYS = 45
CELL_SHARE = 0.99
TOTAL_SHARE = 0.95

CONCERNS: Mapping[str, str] = {
    "A1-UNDISCLOSED": "A powerful model is used inside, and people outside who should know do not",
    "A2-UNTESTED": "A model was used widely inside before danger tests or safeguards were done",
    "A3-FRAMEWORK": "The company broke, bypassed or quietly weakened its own published safety promises",
    "B1-WEIGHTS": "Model weights or key secrets are badly protected, leaked or stolen",
    "B2-INSIDER": "People inside use a model, or plan to, for dangerous or power-grabbing ends",
    "C1-MISBEHAVE": "An AI system did things it was not allowed to",
    "C2-ESCAPE": "An AI system left its test or work area, copied itself, or acted on outside systems",
    "C3-OVERSIGHT": "Monitoring, logging, approvals or shut-down were missing, off or ignored",
    "D1-EVALS": "People faked, hid, cherry-picked or blocked safety tests, or restricted evaluators",
    "D2-MISLEAD": "The public, a regulator, the board, investors or evaluators were misled",
    "D3-INCIDENT": "A serious incident was not reported, or a needed correction was refused or delayed",
    "D4-REPRISAL": "Someone was punished, threatened or gagged for raising this",
    "X1-OTHER": "Another serious safety concern",
}
CONCERN_GROUPS: Mapping[str, str] = {
    "A": "Secrecy and testing",
    "B": "Security and people",
    "C": "Model behaviour and control",
    "D": "Honesty and accountability",
    "X": "Another serious safety concern",
}
OUTCOMES: Mapping[str, str] = {
    "ACTED": "The company acted, confirmed or by its own word",
    "REFERRED-OR-PUBLISHED": "Passed to an authority, or published",
    "NOT-FURTHER": "Could not be taken further",
    "NOT-SUPPORTED": "Checked, and not supported",
    "OTHER": "Closed for another reason",
}
STAGES: Mapping[str, str] = {"pre": "before release to customers or the public", "post": "after it, or unsure"}
# Counted exactly, since none of it is about a reporter: in every table of concerns, for its period. The first is the sum of the next
# four, and of the three after them.
EXACT: Mapping[str, str] = {
    "tests": "Test reports by a mystery shopper",
    "acknowledged_same_week": "Acknowledged in the week the report was sent",
    "acknowledged_next_week": "Acknowledged in the week after",
    "acknowledged_later": "Acknowledged later",
    "acknowledged_never": "Not acknowledged while the test lasted",
    "triage_as_meant": "Triage gave the code that was meant",
    "triage_other": "Triage gave another code",
    "triage_none": "No triage while the test lasted",
    "answered": "Reviewers wrote back",
    "leaks": "Leaks found",
    "probes": "Times the server was asked, at random moments",
    "probes_answered": "Times it answered",
}
# Stages of the taxonomy that lie before a release to customers or the public; all others are "post".
BEFORE_RELEASE = ("L1-TRAIN", "L2-EVAL", "L3-INTERNAL", "L4-STAGING", "L5-EXTPRE")


@dataclass(frozen=True)
class Table:
    """A table of the policy: its epsilon and what it is called. There is no third without a new policy."""

    epsilon: str
    title: str
    population: str


_LEFT_OUT = "spam, matters outside our field and mystery-shopper tests are left out"
TABLES: Mapping[str, Table] = {
    "T1": Table("1.0", "What reports were about", f"reports of the period that were taken up at triage; {_LEFT_OUT}"),
    "T2": Table("0.5", "What became of them", f"reports of the period whose case had been closed when this was drawn; {_LEFT_OUT}"),
}


# ------------------------------------------------------------------ periods

_PERIOD = re.compile(r"(20[0-9]{2})-(Y|H[12]|Q[1-4])")


@functools.cache
def quarters_of(period: str) -> tuple[str, ...]:
    """The calendar quarters of a period such as 2027-Y, 2027-H1 or 2027-Q3. Malformed: it is none."""
    found = _PERIOD.fullmatch(period)
    if not found:
        raise Malformed(f"{period[:20]} is not a period: write 2027-Y, 2027-H1 or 2027-Q1")
    year, which = found[1], found[2]
    numbers = {"Y": (1, 2, 3, 4), "H1": (1, 2), "H2": (3, 4)}.get(which) or (int(which[1]),)
    return tuple(f"{year}-Q{number}" for number in numbers)


def frequency_of(period: str) -> str:
    """A word of FREQUENCIES."""
    return FREQUENCIES[{4: 0, 2: 1, 1: 2}[len(quarters_of(period))]]


def span(period: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a period."""
    first, last = quarters_of(period)[0], quarters_of(period)[-1]
    after = int(last[-1]) * 3 + 1
    year = int(last[:4])
    end = datetime.date(year + 1, 1, 1) if after > 12 else datetime.date(year, after, 1)
    return datetime.date(int(first[:4]), int(first[-1]) * 3 - 2, 1), end - datetime.timedelta(days=1)


def quarter_of(day: datetime.date) -> str:
    """The calendar quarter of a day, as 2027-Q3."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def due(table: str, period: str) -> datetime.date:
    """The day from which a table may be drawn and on which it is published: fixed beforehand, so that the date says nothing.

    T1: 45 days after the period. T2 waits a year longer: cases take months, and an early table would hold little but quick refusals.
    """
    last = span(period)[1]
    if table == "T2":
        last = last.replace(year=last.year + 1)
    return last + datetime.timedelta(days=SETTLE_DAYS)


def frequency(year: int, totals: Mapping[str, int]) -> tuple[str, str]:
    """How often T1 is drawn in a year, and why: (word of FREQUENCIES, sentence). `totals`: sum of the noisy counts of each published T1.

    Looks at the newest twelve months whose tables were due before the year began, and at published numbers only. Where they are not
    whole, as in a programme's first years, it is yearly.
    """
    covered: dict[str, tuple[str, int]] = {}
    for period, total in totals.items():
        if due("T1", period) < datetime.date(year, 1, 1):
            covered |= dict.fromkeys(quarters_of(period), (period, total))
    trailing = _last_year(covered)
    if trailing is None:
        return "yearly", f"yearly, because no twelve months of published numbers lay before {year}"
    total = sum(dict(covered[quarter] for quarter in trailing).values())
    said = f"the published total of {trailing[0]} to {trailing[-1]} is {total}"
    if total < HALF_YEARLY_FROM:
        return "yearly", f"yearly, because {said}, under {HALF_YEARLY_FROM}"
    if total < QUARTERLY_FROM:
        return "half-yearly", f"half-yearly, because {said}, under {QUARTERLY_FROM}"
    return "quarterly", f"quarterly, because {said}, {QUARTERLY_FROM} or more"


def _last_year(covered: Mapping[str, tuple[str, int]]) -> list[str] | None:
    """The newest four quarters in a row that are made up of whole periods, oldest first, or None."""
    for newest in sorted(covered, reverse=True):
        run = [newest]
        while len(run) < 4:
            run.append(_before(run[-1]))
        if all(quarter in covered for quarter in run):
            whole = {quarter for each in run for quarter in quarters_of(covered[each][0])}
            if whole == set(run):
                return run[::-1]
    return None


def _before(quarter: str) -> str:
    year, number = int(quarter[:4]), int(quarter[-1])
    return f"{year}-Q{number - 1}" if number > 1 else f"{year - 1}-Q4"


def keys_of(table: str, period: str) -> tuple[str, ...]:
    """The fixed list of cells, in order, whatever was counted. Malformed: no such table, or one that is not drawn for such periods."""
    often = frequency_of(period)
    if table == "T2" and often == "yearly":
        return tuple(OUTCOMES)
    if table != "T1":
        raise Malformed(f"there is no table {table[:20]} of {period}")
    if often == "quarterly":
        return tuple(f"{concern}|{stage}" for concern in CONCERNS for stage in STAGES)
    return tuple(CONCERN_GROUPS) if often == "yearly" else tuple(CONCERNS)


def key_label(key: str) -> str:
    """A cell in plain words."""
    concern, _, stage = key.partition("|")
    words = {**CONCERNS, **CONCERN_GROUPS, **OUTCOMES}[concern]
    return f"{words}: {STAGES[stage]}" if stage else words


def cell_of(period: str, concern: str, stage: str, outcome: str) -> str:
    """The cell in which a label's codes fall: `outcome` for T2, else concern and stage."""
    if outcome:
        return outcome
    often = frequency_of(period)
    if often == "yearly":
        return concern[:1]
    return f"{concern}|{'pre' if stage in BEFORE_RELEASE else 'post'}" if often == "quarterly" else concern


def release_id(table: str, period: str) -> str:
    """Such as 2027-Y-T1."""
    return f"{period}-{table}"


# ------------------------------------------------------------------ noise


def scale_of(epsilon: str) -> Fraction:
    """The scale of discrete Laplace noise for sensitivity 1."""
    return 1 / Fraction(epsilon)


def probability(epsilon: str, value: int) -> float:
    """Of one noise value: (1 - q) / (1 + q) * q^|value| with q = e^-epsilon."""
    q = math.exp(-float(Fraction(epsilon)))
    return (1 - q) / (1 + q) * q ** abs(value)


@functools.cache
def interval(epsilon: str, cells: int = 1, share: float = CELL_SHARE) -> int:
    """The smallest n such that the sum of the noise of so many cells lies within -n to n with at least this probability."""
    reach = math.ceil(40 / float(Fraction(epsilon)))
    one = [probability(epsilon, value) for value in range(-reach, reach + 1)]
    total = one
    for _ in range(cells - 1):
        total = _convolved(total, one)
    middle = len(total) // 2
    n, inside = 0, total[middle]
    while inside < share:
        n += 1
        inside += total[middle - n] + total[middle + n]
    return n


def _convolved(left: Sequence[float], right: Sequence[float]) -> list[float]:
    made = [0.0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        if a < 1e-15:  # far out in the tails nothing changes an answer
            continue
        for j, b in enumerate(right):
            made[i + j] += a * b
    return made


def believed(prior: float, epsilon: str) -> float:
    """The most that somebody who knows every other report can come to believe, from a suspicion of `prior` (0 to 1)."""
    odds = math.exp(float(Fraction(epsilon))) * prior
    return odds / (odds + 1 - prior)


def wording() -> tuple[str, ...]:
    """What is said beside every table, with its figures computed."""
    t1, t2 = TABLES["T1"].epsilon, TABLES["T2"].epsilon
    return (
        "We add random noise on purpose, so that nobody can tell from these numbers whether any one report exists.",
        "Suppose someone suspects you and thinks it is 50:50 that you reported. Even knowing every other report, the table of concerns can "
        f"move them to no more than about {_hundred(0.5, t1)} in 100, and both tables of a year together to no more than about "
        f"{_hundred(0.5, LIFETIME)} in 100. A 10 in 100 hunch becomes no more than about {_hundred(0.1, LIFETIME)}.",
        f"The numbers are therefore off, in 99 of 100 cells by no more than {interval(t1)} (concerns) or {interval(t2)} (outcomes) either "
        "way, sometimes below zero. Small numbers mean little.",
        "They count reports our reviewers took up, not proven wrongdoing, and they say nothing about any single company.",
        "Two reports of one person double the loss: a 50:50 suspicion can then become about "
        f"{_hundred(0.5, str(2 * Fraction(LIFETIME)))} in 100.",
        "The secret of a whole team or company, which many reports share, is not hidden by this.",
        "One person, the statistician, sees the true counts and is trusted to draw the noise once.",
        "The noise does not protect what a report says: that is the job of encryption and care.",
    )


def _hundred(prior: float, epsilon: str) -> int:
    return round(100 * believed(prior, epsilon))


# ------------------------------------------------------------------ the release file


@dataclass(frozen=True)
class Release:
    """A release as parsed. value: the file as plain values; counts: the noisy integers by cell, in order."""

    table: str
    period: str
    counts: Mapping[str, int]
    value: Mapping[str, Any]

    @property
    def id(self) -> str:
        return release_id(self.table, self.period)

    @property
    def total(self) -> int:
        """The published total: the sum of the noisy counts, nothing clamped."""
        return sum(self.counts.values())


def spelled(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a release (RFC 8785 of ASCII names, text and whole numbers, which may be negative here)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def parse_release(data: bytes) -> Release:
    """A release file, checked against everything that follows from its table and period. Signatures are not checked here. Malformed."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
        again = spelled(value)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed("this is not a release") from error
    if not has(_RELEASE, value) or again != data:
        raise Malformed("this is not a release in its one spelling")
    table, period = value["table"], value["period"]["name"]
    fixed = fixed_fields(table, period)
    if any(value[name] != wanted for name, wanted in fixed.items()) or len(value["noisy_counts"]) != len(fixed["keys"]):
        raise Malformed(f"the release {value['release_id'][:20]} has other cells, dates or bounds than its table and period have")
    if not _adds_up(table, value["exact"]):
        raise Malformed(f"the exact figures of {value['release_id'][:20]} do not add up")
    return Release(table, period, dict(zip(value["keys"], value["noisy_counts"], strict=True)), value)


def fixed_fields(table: str, period: str) -> dict[str, Any]:
    """Every field of a release that is known before anything is counted."""
    keys = keys_of(table, period)
    first, last = span(period)
    epsilon = TABLES[table].epsilon
    return {
        "schema": SCHEMA,
        "release_id": release_id(table, period),
        "table": table,
        "period": {"name": period, "from": first.isoformat(), "to": last.isoformat()},
        "published": due(table, period).isoformat(),
        "unit": "one report (add or remove one)",
        "mechanism": "discrete Laplace, pure DP",
        "sensitivity_l1": 1,
        "epsilon": epsilon,
        "delta": "0",
        "scale": f"{float(scale_of(epsilon)):.1f}",
        "lifetime_epsilon_per_report": LIFETIME,
        "keys": list(keys),
        "interval_99": interval(epsilon),
        "total_rule": "sum of noisy_counts",
        "total_interval_95": interval(epsilon, len(keys), TOTAL_SHARE),
        "display_floor": FLOOR,
        "taxonomy_version": TAXONOMY,
    }


def csv_of(release: Release) -> bytes:
    """The same numbers for a spreadsheet: release_id, key, noisy_count, low99, high99."""
    within = release.value["interval_99"]
    lines = [f"{release.id},{key},{count},{count - within},{count + within}" for key, count in release.counts.items()]
    return "\n".join(["release_id,key,noisy_count,low99,high99", *lines, ""]).encode("ascii")


def exact_csv_of(release: Release) -> bytes:
    """The exact figures of a table of concerns for a spreadsheet: release_id, figure, count."""
    lines = [f"{release.id},{name},{release.value['exact'][name]}" for name in EXACT]
    return "\n".join(["release_id,figure,count", *lines, ""]).encode("ascii")


# ------------------------------------------------------------------ how it is shown


@dataclass(frozen=True)
class Row:
    """A cell on the page. text: what is said; value, low, high: length of bar and whisker, never below zero; noisy: as in the file."""

    key: str
    label: str
    text: str
    value: int
    low: int
    high: int
    noisy: int


def shown(noisy: int, within: int) -> str:
    """A number in words: "about 12 (8 to 16)", or "few or none" under FLOOR."""
    return "few or none" if noisy < FLOOR else f"about {noisy} ({max(0, noisy - within)} to {noisy + within})"


def rows(release: Release) -> list[Row]:
    """The cells of a release as a page shows them."""
    within = release.value["interval_99"]
    return [
        Row(key, key_label(key), shown(count, within), max(0, count), max(0, count - within), max(0, count + within), count)
        for key, count in release.counts.items()
    ]


def total_row(release: Release) -> Row:
    """The total as a page shows it. Its interval covers 95 in 100 draws."""
    within, total = release.value["total_interval_95"], release.total
    return Row("total", "All together", shown(total, within), max(0, total), max(0, total - within), max(0, total + within), total)


def exact_rows(release: Release) -> list[tuple[str, int]]:
    """(label, count) of each exact figure that was measured; none in a table of outcomes."""
    held = release.value["exact"]
    return [(label, held[name]) for name, label in EXACT.items() if held.get("probes" if name.startswith("probes") else "tests")]


def exact_words(release: Release) -> list[str]:
    """The exact figures that were measured, in sentences."""
    held, said = release.value["exact"], list[str]()
    if held.get("tests"):
        soon = held["acknowledged_same_week"] + held["acknowledged_next_week"]
        late, never = held["acknowledged_later"], held["acknowledged_never"]
        meant, other, none = (held[f"triage_{name}"] for name in ("as_meant", "other", "none"))
        said.append(
            f"Of {held['tests']} test report{'s'[: held['tests'] > 1]}, reviewers acknowledged {soon} by the end of the week after it was "
            f"sent, {late} later and {never} not at all. Triage gave {meant} the code that was meant, {other} another and {none} none. "
            f"Reviewers wrote back to {held['answered']}. Leaks found: {held['leaks']}."
        )
    if held.get("probes"):
        share = 1000 * held["probes_answered"] // held["probes"]
        said.append(
            f"The server answered {held['probes_answered']} of the {held['probes']} times it was asked, {share // 10}.{share % 10} in 100."
        )
    return said


def newest_first(releases: Iterable[Release]) -> list[Release]:
    """Releases in the order of a page: newest period first, T1 before T2."""
    return sorted(releases, key=lambda each: (tuple(-ord(letter) for letter in quarters_of(each.period)[0]), each.table))


def _adds_up(table: str, exact: Mapping[str, int]) -> bool:
    """Whether exact figures are those of a table of concerns and agree with each other; a table of outcomes has none."""
    if table != "T1" or exact.keys() != EXACT.keys():
        return table != "T1" and not exact
    acknowledged, triaged = (sum(exact[name] for name in EXACT if name.startswith(part)) for part in ("acknowledged_", "triage_"))
    within = exact["answered"] <= exact["tests"] and exact["probes_answered"] <= exact["probes"]
    return acknowledged == triaged == exact["tests"] and within and not (exact["leaks"] and not exact["tests"])


def _refuse(_: str) -> Any:
    raise ValueError("only whole numbers")


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


_TEXTS = items(text(1000), 0, 50)
_NAMED = text(100)
_RELEASE: Mapping[str, Check] = {
    **dict.fromkeys(("schema", "release_id", "published", "unit", "mechanism", "epsilon", "delta", "scale"), _NAMED),
    **dict.fromkeys(("lifetime_epsilon_per_report", "total_rule", "taxonomy_version"), _NAMED),
    "table": code(*TABLES),
    "period": shaped(dict.fromkeys(("name", "from", "to"), _NAMED)),
    "programme": is_hex32,
    "population": text(1000),
    "sensitivity_l1": integer(1, 1),
    "spent_for_this_cohort": _NAMED,
    "keys": items(_NAMED, 1, 100),
    "noisy_counts": items(_number, 1, 100),
    "exact": lambda value: isinstance(value, Mapping) and all(integer()(count) for count in value.values()),
    "interval_99": integer(),
    "total_interval_95": integer(),
    "display_floor": integer(),
    "frequency": code(*FREQUENCIES),
    "frequency_rule": text(1000),
    "not_collected": _TEXTS,
    "known_limits": _TEXTS,
    "software": shaped({"tool": _NAMED, "opendp": _NAMED}),
    "ledger": shaped({"number": integer(1), "previous": is_hex32}),
    "previous_release_sha256": lambda value: value == "" or is_hex32(value),
    "signatures": items(shaped({"key": is_hex32, "sig": _NAMED}), 1, 1),
}
