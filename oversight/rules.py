"""What stewards may do to a tree beyond what its formats allow, one sentence for each rule. Pure.

Formats and thresholds are checked by `crypto`; here is what depends on the version before, on the day of publishing, and on the vetting
record (ASPIRE headings). Readers of the tree do not enforce these rules: the desk and whoever runs `verify` do, and the server those of
`crypto.steps`.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuf.api.metadata import Root, Targets

from crypto.encoding import canonical
from crypto.history import Entry, people
from crypto.roster import (
    Programme,
    Roster,
    Suspension,
    check_notice,
    days_between,
    notice_days,
    parse_programme,
    parse_roster,
    parse_suspensions,
)
from crypto.steps import suspension_problems, undone
from oversight.metadata import CONTENTS, LATER, LIFE, public_of, renewers, signer_keys

# Field names of the public vetting record, by heading, and what each must say.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "access": {
        "identity": "how and when two stewards made sure who this is",
        "conduct": "version of the code of conduct signed, and the day",
        "training": "training days: source protection, secure handling, messages to people under stress, law",
    },
    "searching": {
        "exercises": "the two case exercises (a false lead, a missed escalation) and the day they were passed",
        "assessors": "who assessed them",
    },
    "proportionality": {
        "open_cases": "most open cases at a time",
        "hours": "hours a month",
        "highest": "highest severity and urgency this person may lead",
    },
    "independence": {
        "statement": "every tie to a frontier developer in the last 36 months is declared: by whom, which day",
        "funders": "who funds this person's work",
        "offers": "offers pending from a developer: yes or no",
    },
    "resources": {
        "paid_by": "who pays for this work",
        "cover": "indemnity and legal cover: yes or no",
        "equipment": "class of equipment used",
    },
    "expertise": {
        "domains": "fields of knowledge",
        "referees": "two referees",
    },
}


@dataclass(frozen=True)
class Facts:
    """The three public files of a tree, parsed."""

    roster: Roster
    suspensions: tuple[Suspension, ...]
    programme: Programme


def facts_of(contents: Mapping[str, Mapping[str, Any]], roster_version: int) -> Facts:
    """Parse the contents by role. Malformed where a file is not in its form or somebody's notice is too short."""
    roster = parse_roster(canonical(contents["roster"]), roster_version)
    programme = parse_programme(canonical(contents["programme"]))
    check_notice(roster, programme)
    return Facts(roster, parse_suspensions(canonical(contents["suspensions"])), programme)


def record_gaps(record: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What a vetting record lacks, one sentence each."""
    return [
        f"the vetting record lacks {heading}.{field}: {meaning}"
        for heading, fields in FIELDS.items()
        for field, meaning in fields.items()
        if not record.get(heading, {}).get(field, "").strip()
    ]


def problems(old: Facts | None, new: Facts, day: str) -> list[str]:
    """Why the step from one state of the tree to the next may not be published on `day`; empty if it may."""
    before = {each.sign: each for each in people(old.roster)} if old else {}
    found = [sentence for each in people(new.roster) for sentence in _notice_problems(before.get(each.sign), each, new.programme, day)]
    ids = [each.id for each in new.programme.commitments]
    found += [f"two promises are called {id_}" for id_ in dict.fromkeys(ids) if ids.count(id_) > 1]
    if old is None:
        return found + suspension_problems(new.roster, (), new.suspensions, day)
    return found + undone(old.roster, new.roster, old.suspensions, new.suspensions, day)


def shape_problems(root: Root, targets: Targets, new: Facts, roster: Mapping[str, Any], day: str) -> list[str]:
    """Whether root and targets give each role to whom the rules say, with the thresholds the rules say."""
    stewards = signer_keys(root, "root")
    threshold = root.roles["root"].threshold
    found = []
    if not 1 < threshold <= len(set(stewards)):
        found.append("the threshold must be at least two and at most the number of stewards")
    same_keys = all(set(signer_keys(root, role)) == set(stewards) for role in ("targets", "snapshot"))
    thresholds = [root.roles[role].threshold for role in ("targets", "snapshot", "timestamp")]
    if not same_keys or thresholds != [threshold, 1, 1] or not root.consistent_snapshot:
        found.append("the root gives a role to others, or with another threshold, than the rules say")
    if set(stewards) != {each.sign for each in new.programme.stewards}:
        found.append("the stewards named in the programme are not those who sign")
    # Who has been on the roster before and still renews is a matter of days; who never was is not.
    if not set(signer_keys(root, "timestamp")) >= {*stewards, *renewers(roster, day)}:
        found.append("an active reviewer's workstation could not renew the timestamp")
    if not set(signer_keys(root, "timestamp")) <= {*stewards, *(each["sign"] for each in roster["reviewers"])}:
        found.append("somebody who is neither a steward nor a reviewer could renew the timestamp")
    return found + _delegation_problems(targets, set(stewards), threshold)


def _delegation_problems(targets: Targets, stewards: set[str], threshold: int) -> list[str]:
    delegations = targets.delegations
    if delegations is None or not delegations.roles:
        return ["the targets delegate nothing"]
    found = []
    for role, path in ({role: f"{role}.json" for role in CONTENTS} | LATER).items():
        given = delegations.roles.get(role)
        wanted = 1 if role == "suspensions" else threshold
        keys = {public_of(delegations.keys[keyid]) for keyid in given.keyids} if given else set()
        if given is None or given.threshold != wanted or given.paths != [path] or keys != stewards:
            found.append(f"the targets give {role} to others, or with another threshold, than the rules say")
    return found


def expiry_problems(expiries: Mapping[str, datetime.datetime], now: datetime.datetime) -> list[str]:
    """Signed files that would be good for longer than the rules say, or are not good any more."""
    found = []
    for role, expires in expiries.items():
        if expires > now + LIFE[role] + datetime.timedelta(days=1):
            found.append(f"{role} would be good for longer than {LIFE[role].days} days")
        if expires <= now:
            found.append(f"the {role} in this proposal has lapsed by now: propose again")
    return found


def _notice_problems(before: Entry | None, each: Entry, programme: Programme, day: str) -> list[str]:
    """What depends on the day of publishing: whether the notice that an entry speaks of is the one that readers get."""
    notice, again = notice_days(programme.notice_hours), f"propose again with --publish-on {day}"
    if before is None:
        if notice and each.noticed < day:
            return [f"the public notice of {each.name} would begin later than the entry says: {again}"]
        return []
    if each.ended and not before.ended and each.from_ <= each.to and days_between(day, each.to) < min(notice, days_between(day, before.to)):
        return [f"{each.name} would be out before the notice of {notice} days has passed: {again}"]
    return []
