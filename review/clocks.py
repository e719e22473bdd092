"""What is due in a case and when, from coarse weeks alone: pure functions of the fold, nothing stored.

Nobody knows the day of anything. A deadline of n days is taken to end n/7 weeks later, rounded down, so that the careful end counts; what
must not happen too early (`after` in crypto/wording.json) is rounded up.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto.case import Case
from crypto.encoding import is_week
from crypto.roster import quarter_of
from crypto.wording import LEGAL, WORDING
from review import clock

DESK = {
    "acknowledge": "Open and acknowledge",
    "triage": "Triage",
    "advice": "Answer the question",
    "nudge": "Ask the reporter once more",
    "nudge-again": "Ask the reporter for the last time",
    "go-on": "Go on with what there is: back to review",
    "no-reply": "Not to be closed for silence before",
    "ask": "Ask the reporter whether to go on holding",
    "ask-again": "Ask the reporter again whether to go on holding",
    "hold": "End of holding",
    "note": "Monthly note to the reporter",
    "feedback": "Feedback: what was found and what follows, or why it takes longer",
    "plan": "Propose a step, or go back to review",
    "embargo": "End of the embargo",
    "authority": "Ask the authority how it stands",
    "authority-again": "Ask the authority again",
    "verify": "Verify the correction",
    "close": "Close the withdrawn case",
    "reopen": "Can be reopened until",
    "purge": "Remove the case from every casebook",
    "sign": "Second signature for the urgent step, or back to review",
}
TELLING = ("PLAN", "COORDINATING", "REFERRED", "DISCLOSED", "CORRECTED", "CLOSED")  # whose text tells the reporter what follows
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@dataclass(frozen=True)
class Due:
    """One date of a case. week: by when; duty: somebody is late after it; left: whole weeks from now, negative when late."""

    case: str
    code: str
    words: str
    week: str
    duty: bool
    left: int

    @property
    def overdue(self) -> bool:
        return self.duty and self.left < 0


@dataclass(frozen=True)
class Duty:
    """What a law asks of the company, estimated. It ended, or ends, between two weeks; fits: likely the one that applies here.

    words: what is to be said of it now; reporter: the same in the words of the return page; checked: how well the source is known.
    """

    code: str
    law: str
    duty: str
    said: str
    first: str
    last: str
    fits: bool
    words: str
    reporter: str
    source: str
    checked: str


def dues(case: Case, week: str) -> list[Due]:
    """Every date of a case that is not settled, overdue first, then the earliest."""
    found = [_due(case, str(row["code"]), row["week"], week, row["duty"]) for row in _running(case)]
    found += [_due(case, "sign", event.payload["week"], week, True) for event in case.order if event.id in case.unsigned]
    return sorted(found, key=lambda due: (not due.overdue, due.week, due.code))


def reporter_sentences(case: Case) -> list[tuple[str, str, str]]:
    """(code, week, sentence) of every date that runs, as the reporter's page says them: from events of audience `all` only."""
    words = {row["code"]: row["reporter"] for row in WORDING["clocks"]}
    rows = sorted(_running(case), key=lambda row: (row["week"], row["code"]))
    return [(row["code"], row["week"], words[row["code"]].replace("{week}", plain_week(row["week"]))) for row in rows]


def longest(case: Case) -> tuple[str, str]:
    """For a state that can be given a later date: the week that counts now ("" if none was given) and the latest that can be given.

    StopIteration: no such state.
    """
    row = next(row for row in WORDING["clocks"] if row.get("until") in ("YES", case.state) and case.state in row["in"])
    now, most = _week_of(row, case), clock.add_weeks(_start(row["from"], case), row["most"] // 7)
    return (now if now < most else case.until), most


def plain_week(week: str) -> str:
    """A week as people say it: the week of 16 November 2026."""
    day = datetime.date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    return f"the week of {day.day} {_MONTHS[day.month - 1]} {day.year}"


def sign_by(seen: str, now: datetime.datetime) -> tuple[str, bool]:
    """The end of the twelve hours for the second signature of an urgent step, and whether it has passed. seen: the hour, in ISO form.
    As the minute is not kept, the careful end counts.
    """
    end = datetime.datetime.fromisoformat(seen) + datetime.timedelta(hours=12)
    return f"{end.day} {_MONTHS[end.month - 1]} {end.year}, {end:%H}:00 UTC", now > end


def week_said(said: str) -> str:
    """The week that somebody typed, as any day of it (2026-09-30) or as the calendar counts it (2026-W40); else what they typed."""
    said = said.strip().upper()
    try:
        return clock.week_of(datetime.datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=datetime.UTC))
    except ValueError:
        return said


def knew_refusal(since: str, week: str) -> str:
    """Why nobody can say in this week that the company first knew in the week `since`, or an empty string."""
    if not is_week(since):
        return "Say a day of the week in which the company first knew, like 2026-09-30."
    return "That week has not come yet. Say in which week the company first knew." if since > week else ""


def legal_panel(case: Case, week: str) -> list[Duty]:
    """What laws ask of the company from when it first knew; those that likely fit first, then by their end. None before somebody said."""
    if case.knew is None:
        return []
    told = _told(case)
    found = [_duty(row, case.knew.payload["since"], week, told) for row in LEGAL["duties"]]
    return sorted(found, key=lambda duty: (not duty.fits, duty.last, duty.code))


def after(week: str, days: int) -> str:
    """The first week that lies wholly after so many days from any day of a week."""
    return clock.add_weeks(week, (days + 6) // 7 + 1)


def purge_due(case: Case, week: str) -> Due | None:
    """When a closed case is to leave every casebook, by its closing reason; None while it is open."""
    return next((due for due in dues(case, week) if due.code == "purge"), None)


def unopenable_from(case: Case, keep_days: int) -> datetime.date:
    """The first day on which no reviewer's key opens any letter of the case: so long after the last quarter that had one, its key is kept.

    A letter said on the last day of its week may be sealed a little later, and for the quarter of that moment.
    """
    last = max(str(event.payload["week"]) for event in case.order)
    sunday = datetime.date.fromisocalendar(int(last[:4]), int(last[6:]), 7)
    return clock.quarter_end(quarter_of(sunday)) + datetime.timedelta(days=keep_days + 1)


def purge_words(case: Case, keep_days: int) -> str:
    """What a page says before a case is removed: what it does, and what it cannot do."""
    day = unopenable_from(case, keep_days)
    when = f"on {day.day} {_MONTHS[day.month - 1]} {day.year} at the earliest, on each workstation that is unlocked from that day on"
    return (
        "Removing the case takes its text, the conversation and all notes out of the casebook of every reader, with a signed note that it "
        "was done. It does not reach copies and backups, nor what people remember. The letters on the server become unopenable for "
        f"reviewers when the quarter's key is destroyed, {when}. The reporter's twelve words go on opening their own copies until the "
        "letters expire."
    )


def _due(case: Case, code: str, due: str, week: str, duty: bool) -> Due:
    return Due(case.id, code, DESK[code], due, duty, clock.weeks_between(week, due))


def _running(case: Case) -> list[dict[str, Any]]:
    """The clocks that run and are not settled: code, week and duty."""
    found = []
    for row in WORDING["clocks"]:
        if case.state in row["in"]:
            due = _week_of(row, case)
            if due and not _settled(row, case, due):
                found.append({"code": row["code"], "week": due, "duty": row.get("duty") != "NO"})
    return found


def _week_of(row: Mapping[str, Any], case: Case) -> str:
    """The week in which it is due; "" while it has nothing to start from."""
    start = _start(row["from"], case)
    if start == "":
        return ""
    days = row.get("urgency", {}).get(_urgency(case), row["days"])
    days = row.get("reason", {}).get(_closing(case), days)
    if "after" in row:
        return after(start, days)
    until = "" if "until" not in row else case.until if row["until"] == "YES" else _date_for(row["until"], case)
    return min(until, clock.add_weeks(start, row["most"] // 7)) if is_week(until) else clock.add_weeks(start, days // 7)


def _date_for(state: str, case: Case) -> str:
    """The last date that was given for a state, however often the case left it since."""
    waiting = {proposal.id for proposal in case.proposals}
    said = [event for event in case.order if event.kind == "state" and event.id not in waiting and event.payload["to"] == state]
    return next((str(event.payload["until"]) for event in reversed(said) if event.payload["until"]), "")


def _start(where: str, case: Case) -> str:
    root = str(case.root.payload["week"])
    if where == "since":
        return case.since
    acknowledged = next((str(week) for state, week, _ in case.history if state == "ACKNOWLEDGED"), root)
    if where == "ack":
        return acknowledged
    if where == "longer":
        return _longer(case)
    if where == "word":
        return max([acknowledged, *(str(event.payload["week"]) for event in case.order if _said(event.kind, event.payload))])
    return root


def _longer(case: Case) -> str:
    """The week in which the last later date for the present state took effect; "" without one, so that no clock runs from it."""
    since = next((n for n, event in enumerate(case.order) if event.id == case.history[-1][2]), 0)
    given = next((event for event in reversed(case.order[since:]) if event.id in case.extended), None)
    if given is None:
        return ""
    signed = (event for event in case.order if event.kind == "endorse" and event.payload["of"] == given.id)
    return str(next(signed, given).payload["week"])


def _said(kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether the reporter had words of the reviewers by this event."""
    return kind in ("answer", "done") or (kind == "state" and payload["text"].strip() != "")


def _settled(row: Mapping[str, Any], case: Case, due: str) -> bool:
    place = {event.id: n for n, event in enumerate(case.order)}
    since = place.get(case.history[-1][2], 0)
    if "answered" in row:
        # An answer before the present state began does not count, one in its first week does.
        early = clock.add_weeks(due, -row["answered"])
        if any(event.kind == "answer" and event.payload["week"] >= early for event in case.order):
            return True
    if "replied" in row and any(event.kind == "reply" and place[event.id] > since for event in case.order):
        return True
    if row["code"] == "reopen" and any(event.kind == "withdraw" for event in case.order):
        return True
    if row["code"] == "purge" and case.legal_hold:
        return True
    if row["code"] == "feedback" and any(state in TELLING for state, _, _ in case.history):
        return True
    return "settled" in row and bool(case.corrections) and all(status in ("VERIFIED", "DECLINED") for status in case.corrections.values())


def _urgency(case: Case) -> str:
    """As triaged; before that, a report of present danger counts as the most urgent."""
    if case.triage is not None:
        return str(case.triage.payload["urgency"])
    return "U0" if case.root.kind == "report" and case.root.payload["answers"]["danger"] == "NOW" else ""


def _closing(case: Case) -> str:
    """The reason in the `state` event behind the present state, which a second reviewer may have endorsed."""
    by_id = {event.id: event.payload for event in case.order}
    brought = by_id.get(case.history[-1][2], {})
    return str(by_id.get(brought.get("of", ""), brought).get("reason", ""))


def _told(case: Case) -> Mapping[str, Any]:
    """What the panel needs to know of a case: codes, danger, harm, and whether it was raised."""
    answers: Mapping[str, Any] = {"about": (), "danger": "", "raised": ""}
    if case.root.kind == "report":
        answers = case.root.payload["answers"]
    triage = case.triage.payload if case.triage is not None else None
    codes = (triage["code"], *triage["also"]) if triage else tuple(answers["about"])
    danger = triage["urgency"] == "U0" if triage else answers["danger"] == "NOW"
    return {"codes": codes, "DANGER": danger, "HARM": bool(triage and triage["harm"] == "H2"), "RAISED": bool(answers["raised"].strip())}


def _duty(row: Mapping[str, Any], knew: str, week: str, told: Mapping[str, Any]) -> Duty:
    first, last = clock.add_weeks(knew, row["days"] // 7), clock.add_weeks(knew, (row["days"] + 6) // 7)
    began = clock.week_of(datetime.datetime.fromisoformat(row["from"]).replace(tzinfo=datetime.UTC))
    too_early = knew < began
    fits = not too_early and (bool(told[row["when"]]) if row["when"] else not set(row["codes"]).isdisjoint(told["codes"]))
    span = plain_week(last) if first == last else f"{plain_week(last)} or the one before"
    if too_early:
        words = f"Estimate: the law applies from {row['from']}, later than the company knew."
    elif last < week:
        words = f"Estimate: ended in {span}. If nothing was reported by then, that may be a breach in itself."
    elif first > week:
        words = f"Estimate: ends in {span}."
    else:
        words = f"Estimate: ends or ended in {span}."
    reporter = row["reporter"].replace("{week}", plain_week(last))
    checked = LEGAL["checked"][row["checked"]]
    return Duty(row["code"], row["law"], row["duty"], row["said"], first, last, fits, words, reporter, row["source"], checked)
