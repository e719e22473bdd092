"""The target files of the signed tree and what they say about a day: roster, suspensions, programme (PROTOCOL 8)."""

import datetime
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crypto import constants as c
from crypto.encoding import hex32, is_hex32, parse_strict, unb64
from crypto.errors import Malformed, WrongVersion
from crypto.schema import Check, code, has, integer, items, shaped, text

_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_QUARTER = re.compile(r"2[0-9]{3}-Q[1-4]")
_FIELD = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Tie:
    """A declared tie to a lab. category: a code of TIES_HARD or TIES_SOFT; until: YYYY-MM-DD, or "" while it lasts."""

    lab: str
    category: str
    until: str


@dataclass(frozen=True)
class Reviewer:
    """One reviewer. sign: hex32; find: 32 bytes; open: quarter to 1,216 bytes; days YYYY-MM-DD; paused and ended may be ""."""

    name: str
    affiliation: str
    sign: str
    find: bytes
    open: Mapping[str, bytes]
    languages: tuple[str, ...]
    groups: tuple[str, ...]
    ties: tuple[Tie, ...]
    noticed: str
    from_: str
    to: str
    paused: str
    ended: str
    record: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Evaluator:
    """An organisation whose expert may speak through a reporter's `evaluator` event. sign: hex32; days YYYY-MM-DD."""

    name: str
    sign: str
    noticed: str
    from_: str
    to: str
    ended: str
    scope: str


@dataclass(frozen=True)
class Roster:
    """Reviewers and evaluators in the order of the file; version is that of the TUF role."""

    version: int
    reviewers: tuple[Reviewer, ...]
    evaluators: tuple[Evaluator, ...]


@dataclass(frozen=True)
class Suspension:
    """One suspension of a sign key (hex32), first and last day included. reason: a code of SUSPENSIONS."""

    sign: str
    from_: str
    until: str
    reason: str


@dataclass(frozen=True)
class Steward:
    """Who signs the tree. sign: hex32; box: the X25519 key (32 bytes) of private annexes."""

    name: str
    sign: str
    box: bytes


@dataclass(frozen=True)
class Statistician:
    """Who draws the public numbers. find: 32 bytes, open: 1,216 bytes, to which labels are sealed; sign: hex32, signs releases."""

    name: str
    find: bytes
    open: bytes
    sign: str


@dataclass(frozen=True)
class Commitment:
    """A promise a lab has published, which a report may say is broken. since: YYYY-MM-DD; source: where it was published."""

    id: str
    lab: str
    title: str
    since: str
    source: str


@dataclass(frozen=True)
class Programme:
    """The programme's settings. tick in seconds; part_seconds: shortest and longest wait between postings of a long text."""

    name: str
    tick: int
    part_seconds: tuple[int, int]
    cover_per_day: int
    labs: tuple[str, ...]
    emergency: str
    notice_hours: int
    stewards: tuple[Steward, ...]
    statistician: Statistician | None
    commitments: tuple[Commitment, ...]


def parse_roster(data: bytes, version: int) -> Roster:
    """roster.json, checked by itself; `version` is that of its metadata. Malformed or WrongVersion."""
    value = _file(data, _ROSTER)
    reviewers = tuple(_reviewer(entry) for entry in value["reviewers"])
    evaluators = tuple(_evaluator(entry) for entry in value["evaluators"])
    everybody: tuple[Reviewer | Evaluator, ...] = (*reviewers, *evaluators)
    keys = [each.sign for each in everybody] + [key.hex() for each in reviewers for key in (each.find, *each.open.values())]
    _need(len(set(keys)) == len(keys), "one key twice")
    # An ended entry stays beside the new card of the same person; two that last are one person drawn twice.
    names = [fold_text(each.name) for each in everybody if not each.ended]
    _need(len(set(names)) == len(names), "two cards for one name")
    for each in everybody:
        _need(each.ended != "" or each.from_ <= each.to, "a term that ends before it begins")
        _need(days_between(each.from_, each.to) <= c.TERM_DAYS, "a term longer than 366 days")
    return Roster(version, reviewers, evaluators)


def parse_suspensions(data: bytes) -> tuple[Suspension, ...]:
    """suspensions.json. Malformed or WrongVersion."""
    found = tuple(
        Suspension(entry["sign"], entry["from"], entry["until"], entry["reason"]) for entry in _file(data, _SUSPENSIONS)["suspended"]
    )
    _need(all(0 <= days_between(each.from_, each.until) <= c.SUSPENSION_DAYS for each in found), "a suspension longer than 14 days")
    return found


def parse_programme(data: bytes) -> Programme:
    """programme.json. Malformed or WrongVersion."""
    value = _file(data, _PROGRAMME)
    stewards = tuple(Steward(entry["name"], entry["sign"], hex32(entry["box"])) for entry in value["stewards"])
    keys = [key for each in stewards for key in (each.sign, each.box.hex())]
    _need(len(set(keys)) == len(keys), "one key twice")
    shortest, longest = value["part_seconds"]
    return Programme(
        name=value["name"],
        tick=value["tick"],
        part_seconds=(shortest, longest),
        cover_per_day=value["cover_per_day"],
        labs=tuple(value["labs"]),
        emergency=value["emergency"],
        notice_hours=value["notice_hours"],
        stewards=stewards,
        statistician=_statistician(value["statistician"]),
        commitments=tuple(Commitment(**entry) for entry in value["commitments"]),
    )


def notice_days(hours: int) -> int:
    """Whole days from the day of first publication to the first day of a term: 0 without notice, else so many that the hours fit."""
    return 0 if hours == 0 else -(-hours // 24) + 1


def check_notice(roster: Roster, programme: Programme) -> None:
    """Malformed if anybody's term begins before the programme's notice is over."""
    days = notice_days(programme.notice_hours)
    everybody: tuple[Reviewer | Evaluator, ...] = (*roster.reviewers, *roster.evaluators)
    for each in everybody:
        _need(days_between(each.noticed, each.from_) >= days, f"the notice of {each.name} is too short")


def status_of(entry: Reviewer | Evaluator, suspended: Collection[str], day: datetime.date) -> str:
    """A code of STATUSES, the first that holds; `suspended` holds the sign keys suspended on that day."""
    today = day_text(day)
    if entry.sign in suspended:
        return "suspended"
    if today < entry.from_:
        return "notice"
    if today > entry.to:
        return "revoked" if entry.ended else "expired"
    return "paused" if isinstance(entry, Reviewer) and today <= entry.paused else "active"


def quarter_of(day: datetime.date) -> str:
    """The quarter of a day, as 2026-Q4."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def open_key(reviewer: Reviewer, day: datetime.date) -> bytes | None:
    """The open key (1,216 bytes) of the day's quarter, or None: then the reviewer cannot be written to."""
    return reviewer.open.get(quarter_of(day))


def fold_text(value: str) -> str:
    """How names, labs and languages are compared: NFKC, white space off both ends, lower case. Both halves agree on these steps."""
    return unicodedata.normalize("NFKC", value).strip(" \t\n\r").lower()


def day_text(day: datetime.date) -> str:
    """YYYY-MM-DD, also of a datetime."""
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def days_between(first: str, last: str) -> int:
    """Days from one YYYY-MM-DD to another; negative if `last` is earlier."""
    return (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days


def _need(good: bool, what: str) -> None:
    if not good:
        raise Malformed(f"the tree has {what}")


def _file(data: bytes, shape: Mapping[str, Check]) -> dict[str, Any]:
    value = parse_strict(data)
    if isinstance(value.get("v"), int) and value["v"] != c.VERSION:
        raise WrongVersion("a file of another version")
    _need(has(shape, value), "a file with other names or types")
    return value


def _reviewer(value: dict[str, Any]) -> Reviewer:
    keys = {entry["quarter"]: unb64(entry["key"], c.OPEN_KEY_BYTES) for entry in value["open"]}
    _need(len(keys) == len(value["open"]), "one quarter twice")
    more = {name: value[name] for name in ("name", "affiliation", "sign", "noticed", "to", "paused", "ended", "record")}
    return Reviewer(
        **more,
        from_=value["from"],
        find=hex32(value["find"]),
        open=keys,
        languages=tuple(value["languages"]),
        groups=tuple(value["groups"]),
        ties=tuple(Tie(**entry) for entry in value["ties"]),
    )


def _statistician(value: dict[str, str]) -> Statistician | None:
    if not value:
        return None
    return Statistician(value["name"], hex32(value["find"]), unb64(value["open"], c.OPEN_KEY_BYTES), value["sign"])


def _evaluator(value: dict[str, Any]) -> Evaluator:
    return Evaluator(from_=value["from"], **{name: value[name] for name in value if name != "from"})


def _day(value: Any) -> bool:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _day_or_none(value: Any) -> bool:
    return value == "" or _day(value)


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _name(value: Any) -> bool:
    return text(200)(value) and fold_text(value) != ""


def _fields(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_matches(_FIELD)(name) and text(1000)(said) for name, said in value.items())


OPEN_KEYS = items(shaped({"quarter": _matches(_QUARTER), "key": text(2000)}))
_TERM: Mapping[str, Check] = {"noticed": _day, "from": _day, "to": _day, "ended": code("", *c.ENDINGS)}
_REVIEWER: Mapping[str, Check] = {
    **_TERM,
    "name": _name,
    "affiliation": text(200),
    "sign": is_hex32,
    "find": is_hex32,
    "open": OPEN_KEYS,
    "languages": items(text(200)),
    "groups": items(code(*c.GROUPS), distinct=True),
    "ties": items(shaped({"lab": text(200), "category": code(*c.TIES_HARD, *c.TIES_SOFT), "until": _day_or_none})),
    "paused": _day_or_none,
    "record": shaped(dict.fromkeys(c.HEADINGS, _fields)),
}
_EVALUATOR: Mapping[str, Check] = {**_TERM, "name": _name, "sign": is_hex32, "scope": text(1000)}
_VERSION: Mapping[str, Check] = {"v": integer(1, 1)}
_ROSTER: Mapping[str, Check] = {**_VERSION, "reviewers": items(shaped(_REVIEWER)), "evaluators": items(shaped(_EVALUATOR))}
_SUSPENSION: Mapping[str, Check] = {"sign": is_hex32, "from": _day, "until": _day, "reason": code(*c.SUSPENSIONS)}
_SUSPENSIONS: Mapping[str, Check] = {**_VERSION, "suspended": items(shaped(_SUSPENSION))}
_STATISTICIAN: Mapping[str, Check] = {"name": _name, "find": is_hex32, "open": text(2000), "sign": is_hex32}
_PROGRAMME: Mapping[str, Check] = {
    **_VERSION,
    "name": text(200),
    "tick": integer(),
    "part_seconds": items(integer(), 2, 2),
    "cover_per_day": integer(),
    "labs": items(text(200)),
    "emergency": text(4000),
    "notice_hours": integer(0, c.NOTICE_HOURS_MAX),
    "stewards": items(shaped({"name": _name, "sign": is_hex32, "box": is_hex32})),
    # An empty object while the programme has none.
    "statistician": lambda value: value == {} or has(_STATISTICIAN, value),
    "commitments": items(shaped({"id": text(40), "lab": text(200), "title": text(200), "since": _day, "source": text(500)})),
}
