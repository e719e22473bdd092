"""What no new version of the public files may undo, however many stewards sign it (PROTOCOL 8). Pure.

The stewards' desk, `verify` and the server ask here. No rule depends on how long a version was on its way: one that might be published on
its day may still be taken later, by a server that was down or brought back from an old copy.
"""

from collections.abc import Sequence

from crypto.history import Entry, people
from crypto.roster import Reviewer, Roster, Suspension, days_between

# A revoked or expired entry stays on the roster this long, so that a key or a person cannot quietly come back.
KEPT_DAYS = 548
# After a suspension one steward alone must wait this long before the next: in between two must decide.
AGAIN_DAYS = 28


def undone(old: Roster, new: Roster, before: Sequence[Suspension], after: Sequence[Suspension], day: str) -> list[str]:
    """What the step from one roster and list of suspensions to the next takes back that must stay, one sentence each. day: YYYY-MM-DD."""
    now = {each.sign: each for each in people(new)}
    found = []
    for each in people(old):
        if each.sign in now:
            found += _entry(each, now[each.sign])
        elif days_between(each.to, day) < KEPT_DAYS:
            found.append(f"{each.name} may not leave the roster yet: entries stay for 18 months after their last day")
    return found + suspension_problems(new, before, after, day)


def _entry(was: Entry, each: Entry) -> list[str]:
    found = []
    if (was.name, was.noticed, type(was)) != (each.name, each.noticed, type(each)):
        found.append(f"the entry of {was.name} may not change its name, kind or day of first notice")
    if isinstance(was, Reviewer) and isinstance(each, Reviewer):
        changed = [quarter for quarter, key in each.open.items() if was.open.get(quarter, key) != key]
        if was.find != each.find or changed:
            found.append(f"a key of {each.name} may never be replaced by another: revoke the entry and admit a new one")
        if each.to > was.to and each.record == was.record:
            found.append(f"the term of {each.name} may not grow under the old vetting record: vet again, then propose renew --new-term")
    if was.ended and (each.ended, each.to) != (was.ended, was.to):
        found.append(f"the revocation of {each.name} may not be taken back: admit a new entry")
    return found


def suspension_problems(roster: Roster, before: Sequence[Suspension], after: Sequence[Suspension], day: str) -> list[str]:
    """Suspensions taken back or out of the list, of nobody, or repeated by one steward too soon."""
    names = {each.sign: each.name for each in people(roster)}
    found = []
    for each in before:
        if each not in after and days_between(each.until, day) < AGAIN_DAYS:
            over = f"stays listed for {AGAIN_DAYS} days after it" if each.until < day else "may not be taken back"
            found.append(f"the suspension of {names.get(each.sign, each.sign[:8])} runs until {each.until} and {over}")
    for each in after:
        if each in before:
            continue
        if each.sign not in names:
            found.append("a suspension names a key that is not on the roster")
            continue
        found += [
            f"{names[each.sign]} was suspended until {last.until} already: now two stewards must pause or revoke"
            for last in before
            if last.sign == each.sign and days_between(last.until, each.from_) < AGAIN_DAYS
        ]
    return found
