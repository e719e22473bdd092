"""What changed between two states of the public files, in plain words. Pure: parsed values in, lines of text out.

A line that begins with four spaces belongs to the one before it. Days are YYYY-MM-DD.
"""

import json
from collections.abc import Collection, Iterable, Mapping

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey
from securesystemslib.formats import encode_canonical

from crypto.constants import TIE_YEARS, TIES_HARD
from crypto.roster import Commitment, Evaluator, Programme, Reviewer, Roster, Suspension, Tie

Entry = Reviewer | Evaluator

REASONS: Mapping[str, str] = {
    "CONDUCT": "conduct",
    "CONFLICT": "a conflict of interest",
    "KEY-LOST": "a lost key",
    "RESIGNED": "resigned",
    "OTHER": "another reason",
}
TIE_WORDS: Mapping[str, str] = {
    "EMPLOYMENT": "employment there",
    "CONTRACT": "contract work for it",
    "GRANT": "a grant from it",
    "EQUITY": "shares or options in it",
    "ADVISORY": "a paid advisory role",
    "HOUSEHOLD": "a household member's tie",
    "OFFER": "an offer from it",
    "EVALUATION": "evaluation work that depends on its goodwill",
    "FRIEND": "a close friendship",
    "FEUD": "a public feud",
    "COMPETITOR": "work for a competitor",
}
PROGRAMME_FACTS = ("name", "tick", "part_seconds", "cover_per_day", "labs", "emergency", "notice_hours")


def signers(metadata: str, keys: Mapping[str, str]) -> list[str]:
    """The distinct hex32 keys with a good signature under a metadata file; `keys` maps key ids to the keys looked for."""
    file = json.loads(metadata)
    payload = (encode_canonical(file["signed"]) or "").encode()
    found = [(keys[each["keyid"]], each["sig"]) for each in file["signatures"] if each["keyid"] in keys]
    return list(dict.fromkeys(key for key, signature in found if _good(key, payload, signature)))


def people(roster: Roster) -> tuple[Entry, ...]:
    """Reviewers, then evaluators, in the order of the file."""
    return (*roster.reviewers, *roster.evaluators)


def bar_of(tie: Tie) -> str | None:
    """The day on which a hard tie no longer bars, "" if it lasts, None for a soft tie, which never bars."""
    if tie.category not in TIES_HARD:
        return None
    return f"{int(tie.until[:4]) + TIE_YEARS:04d}{tie.until[4:]}" if tie.until else ""


def bars(ties: Iterable[Tie], day: str) -> list[str]:
    """The hard bars that stand on a day, in words."""
    return [said for tie in ties if (said := _bar(tie, day))]


def roster_changes(old: Roster | None, new: Roster, day: str) -> list[str]:
    """What a new roster changes: people who come, go or change. `day` decides which bars still stand."""
    lines: list[str] = []
    before = {each.sign: each for each in people(old)} if old else {}
    for each in people(new):
        was = before.get(each.sign)
        lines += _entered(each, day) if was is None else _entry_changes(was, each, day)
    left = before.keys() - {each.sign for each in people(new)}
    return lines + [f"Removed from the roster: {each.name} (last day {each.to})" for sign, each in before.items() if sign in left]


def suspension_changes(old: Iterable[Suspension], new: Iterable[Suspension], names: Mapping[str, str]) -> list[str]:
    """What a new list of suspensions changes; `names` by sign key."""
    before, after = list(old), list(new)
    lines = [
        f"Suspended: {names.get(each.sign, each.sign[:8])} from {each.from_} until {each.until} ({REASONS[each.reason]}); "
        "lapses by itself unless two stewards pause or revoke"
        for each in after
        if each not in before
    ]
    gone = [each for each in before if each not in after]
    return lines + [f"No longer listed: the suspension of {names.get(each.sign, each.sign[:8])} until {each.until}" for each in gone]


def programme_changes(old: Programme | None, new: Programme) -> list[str]:
    """What changes in the programme's facts."""
    lines = [] if old else [f"New programme: {new.name}"]
    for name in PROGRAMME_FACTS:
        now, was = getattr(new, name), getattr(old, name) if old else None
        if now != was:
            lines.append(f"Programme, {name}: {_said(now)}" + (f" (was {_said(was)})" if old else ""))
    lines += _promises(old.commitments if old else (), new.commitments)
    was_, now_ = (each.statistician.name if each and each.statistician else "none" for each in (old, new))
    if was_ != now_:
        lines.append(f"Statistician: {now_}" + (f" (was {was_})" if old else ""))
    before = {each.sign: each for each in old.stewards} if old else {}
    lines += [f"Steward who joins: {each.name}, key {each.sign[:16]}" for each in new.stewards if each.sign not in before]
    after = {each.sign for each in new.stewards}
    return lines + [f"Steward who leaves: {each.name}, key {sign[:16]}" for sign, each in before.items() if sign not in after]


def promise_line(promise: Commitment) -> str:
    """A published promise as a reporter picks it: the page of the intake writes the same."""
    return f"{promise.id}: {promise.title} ({promise.lab}, {promise.since})"


def _promises(old: Collection[Commitment], new: Collection[Commitment]) -> list[str]:
    was, now = ({each.id: each for each in some} for some in (old, new))
    lines = []
    for each in (*new, *(each for each in old if each.id not in now)):
        if each in old and each in new:
            continue
        mark = "Retired" if each not in new else "Changed" if each.id in was else "New"
        lines += [f"{mark} promise: {promise_line(each)}", f"    published in: {each.source}"]
        if mark == "Changed":
            lines += [f"    was: {promise_line(was[each.id])}", f"    published in: {was[each.id].source}"]
    return lines


def _good(key: str, payload: bytes, signature: str) -> bool:
    try:
        VerifyKey(bytes.fromhex(key)).verify(payload, bytes.fromhex(signature))
    except (CryptoError, ValueError, TypeError):
        return False
    return True


def _bar(tie: Tie, day: str) -> str:
    end = bar_of(tie)
    if end is None or (end and end <= day):
        return ""
    until = f" until {end}" if end else ""
    return f"barred for {tie.lab}{until} because of {TIE_WORDS[tie.category]}, " + (
        f"which ended {tie.until}" if tie.until else "which still lasts"
    )


def _entered(each: Entry, day: str) -> list[str]:
    if isinstance(each, Evaluator):
        head = f"Accredited as evaluator: {each.name}, from {each.from_} to {each.to}, public notice since {each.noticed}"
        return [head, f"    may speak about: {each.scope}"]
    lines = [
        f"Admitted: {each.name} ({each.affiliation or 'no affiliation'}), from {each.from_} to {each.to}, notice since {each.noticed}",
        f"    languages: {_said(each.languages)}; concern groups: {_said(each.groups)}; open keys: {_said(tuple(sorted(each.open)))}",
        f"    signing key {each.sign}",
        *_tie_lines(each, day),
    ]
    for heading, fields in each.record.items():
        lines += [f"    {heading}, {field}: {text}" for field, text in sorted(fields.items())]
    return lines


def _tie_lines(each: Reviewer, day: str) -> list[str]:
    lines = []
    for tie in each.ties:
        declared = f"declared, no bar: {TIE_WORDS[tie.category]} ({tie.lab}{', until ' + tie.until if tie.until else ''})"
        lines.append(f"    {_bar(tie, day) or declared}")
    return lines or ["    no ties declared"]


def _entry_changes(was: Entry, each: Entry, day: str) -> list[str]:
    lines = []
    if each.ended and not was.ended:
        lines.append(f"Revoked: {each.name}, last day {each.to} ({REASONS[each.ended]})")
    elif (was.from_, was.to) != (each.from_, each.to):
        lines.append(f"Renewed: {each.name}, term {each.from_} to {each.to} (was {was.from_} to {was.to})")
    if was.ended and not each.ended:
        lines.append(f"Revocation taken back: {each.name}")
    for field in ("name", "noticed", *(["scope"] if isinstance(each, Evaluator) else [])):
        now, then = getattr(each, field), getattr(was, field, "nothing")
        if now != then:
            lines.append(f"{was.name}, {field}: {now} (was {then})")
    if isinstance(was, Reviewer) and isinstance(each, Reviewer):
        lines += _reviewer_changes(was, each, day)
    return lines


def _reviewer_changes(was: Reviewer, each: Reviewer, day: str) -> list[str]:
    lines = []
    if was.paused != each.paused:
        lines.append(f"Paused: {each.name} until {each.paused}" if each.paused else f"Pause ended: {each.name}")
    if was.find != each.find:
        lines.append(f"REPLACED KEY: {each.name} has another find key")
    for quarter in sorted(was.open.keys() | each.open.keys()):
        before, after = was.open.get(quarter), each.open.get(quarter)
        if before is None:
            lines.append(f"New open key: {each.name}, {quarter}")
        elif after is None:
            lines.append(f"Open key dropped: {each.name}, {quarter}")
        elif before != after:
            lines.append(f"REPLACED KEY: {each.name} has another open key for {quarter}")
    for field in ("affiliation", "languages", "groups"):
        if getattr(was, field) != getattr(each, field):
            lines.append(f"{each.name}, {field}: {_said(getattr(each, field))} (was {_said(getattr(was, field))})")
    if was.ties != each.ties:
        lines += [f"Ties of {each.name} now:", *_tie_lines(each, day)]
    for heading, fields in each.record.items():
        before_fields = was.record.get(heading, {})
        for field in sorted(fields.keys() | before_fields.keys()):
            now, then = fields.get(field, "nothing"), before_fields.get(field, "nothing")
            if now != then:
                lines.append(f"{each.name}, {heading}, {field}: {now} (was {then})")
    return lines


def _said(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
