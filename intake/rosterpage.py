"""What the pages about the reviewers say: the roster in plain words, and every version of it with what changed and who signed.

Values for templates only. They depend on the signed tree and on the day, never on a request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from crypto.constants import HEADINGS
from crypto.history import (
    REASONS,
    TIE_WORDS,
    Entry,
    bar_of,
    people,
    programme_changes,
    roster_changes,
    signers,
    suspension_changes,
)
from crypto.roster import (
    Programme,
    Reviewer,
    Roster,
    Suspension,
    Tie,
    day_text,
    open_key,
    parse_programme,
    parse_roster,
    parse_suspensions,
    status_of,
)
from intake import publicfiles
from intake.config import Config
from intake.forms import ABOUT_GROUPS

# Days a file is good for after signing (PROTOCOL 8), by which its day of signing is known.
LIFE = {"programme": 365, "roster": 120, "suspensions": 120}
TITLES = {"programme": "Programme", "roster": "Reviewers and evaluators", "suspensions": "Suspensions"}
HEADING_WORDS: Mapping[str, str] = {
    "access": "Access: who they are, and what they promised",
    "searching": "Searching attitude: how they weigh claims",
    "proportionality": "Proportionality: how much they take on",
    "independence": "Independence: from whom",
    "resources": "Resources: who pays, who stands behind them",
    "expertise": "Expertise: what they know",
}


@dataclass(frozen=True)
class Version:
    """One version of one of the public files. signed: day of signing; who: names; lines: what changed, (text, whether it is a detail)."""

    title: str
    number: int
    signed: str
    until: str
    who: tuple[str, ...]
    lines: tuple[tuple[str, bool], ...]


def roster_context(config: Config, day: date) -> dict[str, Any]:
    """Everyone on the newest roster as of a day. ProtocolError, KeyError or ValueError if the tree cannot be read."""
    texts = publicfiles.newest(config)
    files = {name.split(".")[1]: text for name, text in texts["targets"].items()}
    roster = parse_roster(files["roster"].encode(), 1)
    suspended = {each.sign: each for each in parse_suspensions(files["suspensions"].encode()) if each.from_ <= day_text(day) <= each.until}
    programme = parse_programme(files["programme"].encode())
    return {
        "day": day_text(day),
        "programme": programme,
        "threshold": publicfiles.threshold(config),
        "reviewers": [_card(each, suspended, day) for each in roster.reviewers],
        "evaluators": [{"entry": each, "status": status_words(each, suspended, day)} for each in roster.evaluators],
        "version": publicfiles.versions(config)["roster"],
    }


def status_words(entry: Entry, suspended: Mapping[str, Suspension], day: date) -> tuple[str, str]:
    """(a code of STATUSES, the same in words with its days)."""
    status = status_of(entry, suspended, day)
    because = f" ({REASONS[entry.ended]})" if entry.ended else ""
    leaving = f", then leaves{because}" if entry.ended else ""
    words = {
        "suspended": lambda: f"Suspended until {suspended[entry.sign].until} ({REASONS[suspended[entry.sign].reason]})",
        "notice": lambda: f"In notice: public since {entry.noticed}, and may be drawn from {entry.from_} on",
        "revoked": lambda: f"Revoked: last day was {entry.to}{because}",
        "expired": lambda: f"Expired: the term ended on {entry.to}",
        "paused": lambda: f"Paused until {entry.paused if isinstance(entry, Reviewer) else ''}, by the stewards",
        "active": lambda: f"Active until {entry.to}{leaving}",
    }
    return status, words[status]()


def tie_line(tie: Tie, day: str) -> str:
    """One declared tie: category in words, the year it ended, and what it bars."""
    end = bar_of(tie)
    when = f"until {tie.until[:4]}" if tie.until else "still lasts"
    if end is None:
        rule = "no bar"
    elif end == "":
        rule = "never drawn for reports about it"
    else:
        rule = f"not drawn for reports about it before {end}" if end > day else f"drawn again since {end}"
    return f"{TIE_WORDS[tie.category]} ({when}): {rule}"


def history(config: Config) -> list[Version]:
    """Every version of the three public files that this server holds, the newest first."""
    programmes = [(*files, parse_programme(files[2].encode())) for files in _versions(config, "programme")]
    rosters = [(*files, parse_roster(files[2].encode(), files[0])) for files in _versions(config, "roster")]
    suspensions = [(*files, parse_suspensions(files[2].encode())) for files in _versions(config, "suspensions")]
    names = {each.sign: each.name for *_, programme in programmes for each in programme.stewards}
    people_names = names | {each.sign: each.name for *_, roster in rosters for each in people(roster)}
    keys = _steward_keys(config)
    found: list[Version] = []
    was_programme: Programme | None = None
    for number, metadata, _, programme in programmes:
        found.append(_version("programme", number, metadata, keys, names, programme_changes(was_programme, programme)))
        was_programme = programme
    was_roster: Roster | None = None
    for number, metadata, _, roster in rosters:
        found.append(_version("roster", number, metadata, keys, names, roster_changes(was_roster, roster, _signed_on("roster", metadata))))
        was_roster = roster
    was_suspended: tuple[Suspension, ...] = ()
    for number, metadata, _, suspended in suspensions:
        lines = suspension_changes(was_suspended, suspended, people_names)
        found.append(_version("suspensions", number, metadata, keys, names, lines))
        was_suspended = suspended
    return sorted(found, key=lambda each: (each.signed, each.number), reverse=True)


def _version(role: str, number: int, metadata: str, keys: Mapping[str, str], names: Mapping[str, str], lines: Iterable[str]) -> Version:
    return Version(
        title=TITLES[role],
        number=number,
        signed=_signed_on(role, metadata),
        until=_expires(metadata)[:10],
        who=tuple(names.get(key, f"an unknown key {key[:16]}") for key in signers(metadata, keys)),
        lines=tuple((line.strip(), line.startswith("    ")) for line in lines),
    )


def _versions(config: Config, role: str) -> Iterator[tuple[int, str, str]]:
    """(number, metadata, content) of each version of a role that is here, oldest first."""
    for number, metadata in publicfiles.history(config, role):
        digest = json.loads(metadata)["signed"]["targets"][f"{role}.json"]["hashes"]["sha256"]
        content = publicfiles.read(config.tree / "targets" / f"{digest}.{role}.json")
        if content is not None:  # else a publication was cut off here, and not sent again
            yield number, metadata, content.decode()


def _steward_keys(config: Config) -> dict[str, str]:
    """Key id to hex32 key of everyone to whom any version of the targets gave these files."""
    found: dict[str, str] = {}
    for _, metadata in publicfiles.history(config, "targets"):
        keys = json.loads(metadata)["signed"].get("delegations", {}).get("keys", {})
        found |= {keyid: key["keyval"]["public"] for keyid, key in keys.items()}
    return found


def _expires(metadata: str) -> str:
    return str(json.loads(metadata)["signed"]["expires"])


def _signed_on(role: str, metadata: str) -> str:
    """The day of signing, by the day on which the file lapses."""
    lapses = datetime.strptime(_expires(metadata)[:10], "%Y-%m-%d")  # noqa: DTZ007 # a day, not a time
    return (lapses - timedelta(days=LIFE[role])).strftime("%Y-%m-%d")


def _card(entry: Reviewer, suspended: Mapping[str, Suspension], day: date) -> dict[str, Any]:
    status, words = status_words(entry, suspended, day)
    return {
        "entry": entry,
        "status": (status, words),
        "no_key": status == "active" and open_key(entry, day) is None,
        "groups": [ABOUT_GROUPS[code] for code in entry.groups],
        "ties": [(tie.lab, tie_line(tie, day_text(day))) for tie in entry.ties],
        "record": [(HEADING_WORDS[heading], _fields(entry.record.get(heading, {}))) for heading in HEADINGS],
    }


def _fields(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name.replace("_", " ").strip().capitalize(), text) for name, text in sorted(fields.items())]
