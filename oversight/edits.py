"""Changes to the public files: admit, renew, pause, revoke, suspend. Plain values in, plain values out; Refused says what is wrong.

`day` is the day of publishing, YYYY-MM-DD: the notice period begins on it.
"""

import datetime
from collections.abc import Mapping, Sequence, Set
from typing import Any

from crypto.constants import ENDINGS, GROUPS, HEADINGS, SUSPENSION_DAYS, SUSPENSIONS, TERM_DAYS, TIES_HARD, TIES_SOFT
from crypto.roster import days_between, fold_text, notice_days, quarter_of
from crypto.steps import AGAIN_DAYS
from oversight.errors import Refused
from oversight.rules import record_gaps

Value = dict[str, Any]
# What a vetting record says in full.
WHOLE = {"affiliation", "languages", "groups", "ties", "record"}
TERM = 365


def add_days(day: str, days: int) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def admit(roster: Mapping[str, Any], request: Mapping[str, Any], record: Mapping[str, Any], notice_hours: int, day: str) -> Value:
    """The roster with a new reviewer: keys from the request, everything else from the vetting record."""
    _check_record(record, WHOLE)
    if gaps := record_gaps(record["record"]):
        raise Refused(gaps[0])
    first = record.get("from", add_days(day, notice_days(notice_hours)))
    entry = {
        **{name: request[name] for name in ("name", "sign", "find", "open")},
        **{name: record[name] for name in WHOLE},
        "noticed": day,
        "from": first,
        "to": record.get("to", add_days(first, TERM)),
        "paused": "",
        "ended": "",
    }
    _check_term(entry, notice_hours)
    _check_new(roster, entry)
    return {**roster, "reviewers": [*roster["reviewers"], entry]}


def renew(
    roster: Mapping[str, Any], request: Mapping[str, Any], record: Mapping[str, Any], notice_hours: int, day: str, *, new_term: bool = False
) -> Value:
    """The entry with the open keys of the request added, those of quarters past dropped, and what the file says changed.

    The term stays as it is. A new one from `day` on is asked for by name, and begins with a whole vetting record made for it.
    """
    _check_record(record, WHOLE if new_term else set())
    entry = dict(named(roster, request["name"]))
    if entry["ended"]:
        raise Refused(f"{entry['name']} was revoked: that is not renewed, a new request with new keys may be admitted")
    if entry["sign"] != request["sign"] or entry["find"] != request["find"]:
        raise Refused(f"this request has other keys than {entry['name']} on the roster: keys are never exchanged, revoke and admit anew")
    held = {each["quarter"]: each["key"] for each in entry["open"]}
    asked = {each["quarter"]: each["key"] for each in request["open"]}
    if any(held.get(name, key) != key for name, key in asked.items()):
        raise Refused(f"this request replaces an open key of {entry['name']}: a published key is never exchanged")
    if new_term:
        if record["record"] == entry["record"]:
            raise Refused(f"this is the vetting record that {entry['name']} has already: vet again, and write what was found this time")
        # The day of first notice stays: these are the keys that have been public since.
        entry["from"] = record.get("from", max(day, add_days(entry["noticed"], notice_days(notice_hours))))
        entry["to"] = record.get("to", add_days(entry["from"], TERM))
    elif record.keys() & {"from", "to"}:
        raise Refused("keys are renewed within the term, so the file has no `from` and no `to`: a new term is asked for with --new-term")
    elif entry["to"] < day:
        raise Refused(f"the term of {entry['name']} ended {entry['to']}: vet again, then ask for another with --new-term")
    entry |= {name: record[name] for name in WHOLE if name in record}
    if gaps := record_gaps(entry["record"]):
        raise Refused(gaps[0])
    quarter = quarter_of(datetime.date.fromisoformat(day))
    keys = {name: key for name, key in (held | asked).items() if name >= quarter}
    entry["open"] = [{"quarter": name, "key": key} for name, key in sorted(keys.items())]
    _check_term(entry, notice_hours)
    return _replaced(roster, entry)


def pause(roster: Mapping[str, Any], name: str, until: str) -> Value:
    """Nobody writes to them until that day (inclusive); "" ends a pause."""
    entry = named(roster, name)
    if until:
        _day(until)
    return _replaced(roster, {**entry, "paused": until})


def revoke(roster: Mapping[str, Any], name: str, reason: str, notice_hours: int, day: str) -> Value:
    """The last day is when the notice is over, or the end of the term if that comes first. The entry stays."""
    if reason not in ENDINGS:
        raise Refused(f"the reason is one of {', '.join(ENDINGS)}")
    entry = named(roster, name)
    if entry["ended"]:
        raise Refused(f"{entry['name']} is revoked already, with the last day {entry['to']}")
    last = min(entry["to"], add_days(day, notice_days(notice_hours)))
    return _replaced(roster, {**entry, "ended": reason, "to": last})


def accredit(roster: Mapping[str, Any], public: Mapping[str, Any], scope: str, notice_hours: int, day: str) -> Value:
    """The roster with a new evaluator, an organisation with a signing key; or with a new term of one who has this key already."""
    for held in roster["evaluators"]:
        if (held["name"], held["sign"], held["ended"]) == (public["name"], public["sign"], ""):
            again = max(day, add_days(held["noticed"], notice_days(notice_hours)))
            return _replaced(roster, {**held, "scope": scope, "from": again, "to": add_days(again, TERM)})
    first = add_days(day, notice_days(notice_hours))
    term = {"noticed": day, "from": first, "to": add_days(first, TERM), "ended": ""}
    entry = {"name": public["name"], "sign": public["sign"], "scope": scope, **term}
    _check_new(roster, entry)
    return {**roster, "evaluators": [*roster["evaluators"], entry]}


def suspend(roster: Mapping[str, Any], suspensions: Mapping[str, Any], name: str, reason: str, days: int, day: str) -> Value:
    """suspensions.json with one more. It lapses by itself; after that, two stewards must decide."""
    if reason not in SUSPENSIONS:
        raise Refused(f"the reason is one of {', '.join(SUSPENSIONS)}")
    if not 1 <= days <= SUSPENSION_DAYS:
        raise Refused(f"a suspension lasts 1 to {SUSPENSION_DAYS} days")
    entry = named(roster, name)
    for last in suspensions["suspended"]:
        if last["sign"] == entry["sign"] and days_between(last["until"], day) < AGAIN_DAYS:
            raise Refused(f"{entry['name']} was suspended until {last['until']} already: now two stewards must pause or revoke")
    # Old ones stay long enough to be seen by the rule above.
    kept = [each for each in suspensions["suspended"] if days_between(each["until"], day) < AGAIN_DAYS]
    new = {"sign": entry["sign"], "from": day, "until": add_days(day, days - 1), "reason": reason}
    return {**suspensions, "suspended": [*kept, new]}


def settings(programme: Mapping[str, Any], changes: Mapping[str, Any]) -> Value:
    """The programme's facts with those in the file replaced. Its stewards change in another way."""
    if "stewards" in changes:
        raise Refused("stewards are replaced with `propose stewards`, not in the programme file")
    if unknown := changes.keys() - programme.keys():
        raise Refused(f"the programme has no {', '.join(sorted(unknown))}")
    return {**programme, **changes}


def commit(programme: Mapping[str, Any], id_: str, facts: Mapping[str, str]) -> Value:
    """The programme with one more published promise. facts: lab, title, since (a day), source."""
    if missing := [name for name, said in facts.items() if not said.strip()]:
        raise Refused(f"a promise needs {', '.join(missing)}")
    if any(fold_text(each["id"]) == fold_text(id_) for each in programme["commitments"]):
        raise Refused(f"there is a promise {id_} already: change it, or take another id")
    if facts["lab"] not in programme["labs"]:
        raise Refused(f"{facts['lab']} is not a lab of this programme; they are {', '.join(programme['labs'])}")
    _day(facts["since"])
    return {**programme, "commitments": [*programme["commitments"], {"id": id_, **facts}]}


def recommit(programme: Mapping[str, Any], id_: str, facts: Mapping[str, str] | None) -> Value:
    """The programme with a promise changed where facts are not empty, or without it (None)."""
    at = next((n for n, each in enumerate(programme["commitments"]) if each["id"] == id_), None)
    if at is None:
        held = ", ".join(each["id"] for each in programme["commitments"]) or "none"
        raise Refused(f"there is no promise {id_}; there are: {held}")
    rest = {**programme, "commitments": [each for each in programme["commitments"] if each["id"] != id_]}
    if facts is None:
        return rest
    now = programme["commitments"][at]
    changed = {name: said or now[name] for name, said in facts.items()}
    if changed.items() <= now.items():
        raise Refused(f"say what changes of {id_}")
    *others, new = commit(rest, id_, changed)["commitments"]
    return {**programme, "commitments": [*others[:at], new, *others[at:]]}


def stewards_of(publics: Sequence[Mapping[str, Any]], threshold: int) -> list[Value]:
    """The stewards as the programme names them, from their public files."""
    made = [{name: each[name] for name in ("name", "sign", "box")} for each in publics]
    if len({each["sign"] for each in made}) < len(made) or len({fold_text(each["name"]) for each in made}) < len(made):
        raise Refused("one steward is named twice")
    if not 1 < threshold <= len(made):
        raise Refused("the threshold must be at least two and at most the number of stewards")
    return made


def named(roster: Mapping[str, Any], name: str) -> Value:
    """The entry of a reviewer or evaluator by name or first characters of the sign key; one that lasts goes before a revoked one."""
    everybody = [*roster["reviewers"], *roster["evaluators"]]
    found = [each for each in everybody if fold_text(each["name"]) == fold_text(name)]
    found = found or [each for each in everybody if len(name) >= 8 and each["sign"].startswith(name)]
    if not found:
        raise Refused(f"nobody on the roster is called {name}")
    return dict(([each for each in found if not each["ended"]] or found)[-1])


def _replaced(roster: Mapping[str, Any], entry: Mapping[str, Any]) -> Value:
    part = "reviewers" if any(each["sign"] == entry["sign"] for each in roster["reviewers"]) else "evaluators"
    if part == "evaluators" and "paused" in entry and "open" not in entry:
        raise Refused("an evaluator can be revoked or suspended, not paused")
    return {**roster, part: [dict(entry) if each["sign"] == entry["sign"] else each for each in roster[part]]}


def _day(text: Any) -> str:
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except (TypeError, ValueError) as error:
        raise Refused(f"a day is written 2027-03-01, not {text}") from error


def _check_record(record: Mapping[str, Any], needed: Set[str]) -> None:
    """What the formats would refuse too, but in words for whoever wrote the file."""
    if unknown := record.keys() - {*WHOLE, "from", "to"}:
        raise Refused(f"the record file has an unknown name: {', '.join(sorted(unknown))}")
    if missing := needed - record.keys():
        raise Refused(f"the record file lacks {', '.join(sorted(missing))}")
    for name in record.keys() & {"from", "to"}:
        _day(record[name])
    if wrong := [group for group in record.get("groups", []) if group not in GROUPS]:
        raise Refused(f"{wrong[0]} is not a concern group; they are {', '.join(GROUPS)}")
    if "record" in record and set(record["record"]) != set(HEADINGS):
        raise Refused(f"the record has exactly the headings {', '.join(HEADINGS)}")
    for tie in record.get("ties", []):
        if set(tie) != {"lab", "category", "until"} or tie["category"] not in (*TIES_HARD, *TIES_SOFT):
            raise Refused(f"a tie has lab, category and until; categories are {', '.join((*TIES_HARD, *TIES_SOFT))}")
        if tie["until"]:
            _day(tie["until"])


def _check_term(entry: Mapping[str, Any], notice_hours: int) -> None:
    days = notice_days(notice_hours)
    if days_between(entry["noticed"], entry["from"]) < days:
        raise Refused(f"the term of {entry['name']} begins {entry['from']}, before the public notice of {days} days is over")
    if not 0 <= days_between(entry["from"], entry["to"]) <= TERM_DAYS:
        raise Refused("a term lasts at most 12 months")


def _check_new(roster: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    everybody = [*roster["reviewers"], *roster["evaluators"]]
    if any(fold_text(each["name"]) == fold_text(entry["name"]) and not each["ended"] for each in everybody):
        raise Refused(f"{entry['name']} is on the roster already: one card for each person")
    held = {key for each in everybody for key in _keys(each)}
    if held & set(_keys(entry)) or len(set(_keys(entry))) < len(_keys(entry)):
        raise Refused(f"a key of {entry['name']} is on the roster already: every key is used once, by one person")


def _keys(entry: Mapping[str, Any]) -> list[str]:
    return [entry["sign"], *([entry["find"], *(each["key"] for each in entry["open"])] if "find" in entry else [])]
