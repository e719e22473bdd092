"""How this reviewer stands on the roster, in one calm line, and what they should see to."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from crypto.roster import Reviewer, quarter_of, status_of
from crypto.tree import Tree, suspended_on
from review import clock
from review.vault import next_quarter

REMIND_DAYS = 21
OFF_DUTY = {"suspended": "suspended", "paused": "paused", "revoked": "revoked", "expired": "out of term"}
REPLACED = ("paused", "expired")  # whose place in a case nobody takes before they step back: no cutoff names them
TODO = "Make it under Keys if it is not there, and take the request to the stewards"


@dataclass(frozen=True)
class Standing:
    """code: "waiting" or a code of STATUSES; words: the line; reminder: a second line or ""."""

    code: str
    words: str
    reminder: str


def standing(tree: Tree, card: Reviewer | None, day: datetime.datetime) -> Standing:
    """`card` is this reviewer's entry of the roster, or None while there is none."""
    if card is None:
        return Standing("waiting", "You are waiting: your card is not on the roster yet.", "")
    code = status_of(card, suspended_on(tree, day), day)
    return Standing(code, _words(code, card, tree, day), _reminder(code, card, day))


def off_duty(tree: Tree | None, sign: str, day: datetime.datetime) -> str:
    """In a word, why nobody should build now on what this person proposes or signs, or an empty string."""
    entry = next((each for each in tree.roster.reviewers if each.sign == sign), None) if tree else None
    return OFF_DUTY.get(status_of(entry, suspended_on(tree, day), day), "") if tree and entry else ""


def off_duty_words(word: str) -> str:
    """What one is told who is off duty for this reason, in a sentence; "" for ""."""
    way = ", or step back below, so that a reserve takes your place" if word in [OFF_DUTY[code] for code in REPLACED] else ""
    return word and f"Your card is {word}: you cannot propose, sign or record steps now. Talk to the stewards{way}."


def _words(code: str, card: Reviewer, tree: Tree, day: datetime.datetime) -> str:
    today = day.strftime("%Y-%m-%d")
    if code == "suspended":
        ends = [each.until for each in tree.suspensions if each.sign == card.sign and each.from_ <= today <= each.until]
        return f"You are suspended until {max(ends)}: no letters reach you until then."
    return {
        "notice": f"Your card is in notice until {card.from_}: from that day reports can reach you.",
        "revoked": f"Your card was revoked; the last day was {card.to}.",
        "expired": f"Your card expired on {card.to}. Ask the stewards to renew it.",
        "paused": f"You are paused until {card.paused}: no letters reach you until then.",
        "active": f"You are active until {card.to}." + (" The stewards ended your card: that is its last day." if card.ended else ""),
    }[code]


def _reminder(code: str, card: Reviewer, day: datetime.datetime) -> str:
    """What is missing for letters to go on arriving."""
    if code not in ("active", "paused", "notice"):
        return ""
    quarter, coming = quarter_of(day), next_quarter(day)
    if code != "notice" and quarter not in card.open:
        return f"The roster has no key of yours for {quarter}, so nobody can write to you. {TODO}."
    end = clock.quarter_end(quarter)
    near = (end - day.date()).days < REMIND_DAYS
    if near and coming not in card.open and card.to > end.isoformat():
        return f"The roster has no key of yours for {coming} yet. {TODO} before {end}."
    return ""
