"""Who can receive a report and why others cannot, in the words of the page's step of that name (PROTOCOL section 8, "Who may read").

Pure: a tree, what the report wants and a day in, lines out.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from crypto.constants import READERS_MIN
from crypto.roster import Reviewer, Tie, day_text, fold_text
from crypto.routing import Want, eligible, explain, groups_of, why_not
from crypto.tree import Tree
from tools.errors import Unfit

# As the form calls the groups of concerns.
GROUP_NAMES: Mapping[str, str] = {
    "A": "Secrecy and testing",
    "B": "Security and people",
    "C": "How the system behaves and who controls it",
    "D": "Honesty and accountability",
}
TIE_WORDS: Mapping[str, tuple[str, str]] = {
    "EMPLOYMENT": ("works for", "worked for"),
    "CONTRACT": ("does contract work for", "did contract work for"),
    "GRANT": ("has a grant from", "had a grant from"),
    "EQUITY": ("holds shares in", "held shares in"),
    "ADVISORY": ("advises", "advised"),
    "HOUSEHOLD": ("lives with someone at", "lived with someone at"),
    "OFFER": ("has a job offer from", "had a job offer from"),
    "EVALUATION": ("tests models for", "tested models for"),
    "FRIEND": ("has a close friend at", "had a close friend at"),
    "FEUD": ("is in dispute with", "was in dispute with"),
    "COMPETITOR": ("works for a competitor of", "worked for a competitor of"),
}
STALE = (
    "WARNING: the stewards' signed list has not been renewed for five days. Somebody may be holding it still; "
    "a reviewer may have left or been suspended since. If it can wait, try again tomorrow."
)
Why = Callable[[Tree, Reviewer, Want, datetime.date], str]


def want_of(tree: Tree, lab: str, about: Iterable[str], language: str | None, names: Sequence[str], day: datetime.date) -> Want:
    """What a report asks of its readers.

    `language` None is the page's rule: English where enough reviewers read it, else any ("" or "any"). Unfit: a name nobody has.
    """
    want = Want(lab, groups_of(about), "", excluded(tree, names))
    if language is not None:
        return replace(want, language="" if fold_text(language) == "any" else language)
    english = replace(want, language="English")
    return english if len(eligible(tree, english, day)) >= READERS_MIN else want


def excluded(tree: Tree, names: Sequence[str]) -> frozenset[str]:
    """The sign keys of everybody called one of these. Unfit, with all names, if nobody is called so."""
    found: set[str] = set()
    for name in names:
        keys = {each.sign for each in tree.roster.reviewers if fold_text(each.name) == fold_text(name)}
        if not keys:
            there = ", ".join(each.name for each in tree.roster.reviewers) or "nobody"
            raise Unfit(f"Nobody on the list of reviewers is called {name}. Nothing was sent. On the list are: {there}.")
        found |= keys
    return frozenset(found)


def told(tree: Tree, want: Want, day: datetime.date) -> list[str]:
    """Lines that say who can receive the report, who cannot and why."""
    everybody = explain(tree, want, day)
    fit = [each for each, code in everybody if code == ""]
    lines = [f"{len(fit)} of {len(everybody)} reviewers can receive this report{_in(want)}."]
    for each in fit:
        ties = "; ".join(tie_in_words(tie, day) for tie in each.ties) or "none declared"
        lines.append(f"  {_called(each)}. Reads {', '.join(each.languages)}. Vetted since {each.noticed}. Ties: {ties}.")
    if len(fit) < len(everybody):
        lines.append("Left out, and why:")
    return [*lines, *(f"  {_called(each)}: {reason(tree, each, want, day)}." for each, code in everybody if code)]


def reason(tree: Tree, reviewer: Reviewer, want: Want, day: datetime.date) -> str:
    """Why this reviewer cannot receive the report, in words; "" if they can."""
    code = why_not(tree, reviewer, want, day)
    return REASONS[code](tree, reviewer, want, day) if code else ""


def too_few(tree: Tree, want: Want, day: datetime.date) -> str:
    """Why the report cannot be sent, and what would leave more reviewers.

    The organisation is not offered: leaving it out would let in those with ties to it.
    """
    left = len(eligible(tree, want, day))
    others = [
        (replace(want, exclude=frozenset()), "take back --exclude"),
        (replace(want, language=""), "choose another --language, or any"),
        (replace(want, groups=want.groups[:1]), "name only the main concern in `about`"),
    ]
    counts = [(way, len(eligible(tree, other, day))) for other, way in others]
    ways = [f"{way} (then {count} can receive it)" for way, count in counts if count > left]
    help_ = f"You can {'; or '.join(ways)}." if ways else "Nothing that you could change would help: try again later."
    return f"Fewer than two reviewers can receive this report: it cannot be sent, and nothing was. {help_}"


def tie_in_words(tie: Tie, day: datetime.date) -> str:
    """For example: worked for Example Lab until 2023-06-30."""
    now, before = TIE_WORDS[tie.category]
    if not tie.until:
        return f"{now} {tie.lab}"
    return f"{before if tie.until < day_text(day) else now} {tie.lab} until {tie.until}"


def _bars(tree: Tree, reviewer: Reviewer, want: Want, day: datetime.date) -> str:
    alone = [(tie, replace(reviewer, ties=(tie,))) for tie in reviewer.ties]
    barring = [tie_in_words(tie, day) for tie, each in alone if why_not(tree, each, want, day) == "TIE"]
    return f"has a tie to the organisation you named ({'; '.join(barring)})"


def _lacking(_tree: Tree, reviewer: Reviewer, want: Want, _day: datetime.date) -> str:
    lacking = [GROUP_NAMES[group] for group in want.groups if group not in reviewer.groups]
    return f"does not take reports on “{'”, “'.join(lacking)}”"


REASONS: Mapping[str, Why] = {
    "EXCLUDED": lambda *_: "left out by you",
    "SUSPENDED": lambda *_: "suspended by a steward for the moment",
    "NOTICE": lambda _tree, each, *_: f"admitted, and may read reports from {each.from_} on",
    "REVOKED": lambda *_: "no longer a reviewer",
    "EXPIRED": lambda _tree, each, *_: f"was vetted until {each.to} and has to be vetted again first",
    "PAUSED": lambda _tree, each, *_: f"takes a pause until {each.paused}",
    "KEY": lambda *_: "has no key for this quarter yet",
    "TIE": _bars,
    "GROUP": _lacking,
    "LANGUAGE": lambda _tree, _each, want, _day: f"does not read {want.language}",
}


def _in(want: Want) -> str:
    return f" in {want.language} (--language chooses another, or any)" if want.language else ", in whatever language"


def _called(reviewer: Reviewer) -> str:
    return f"{reviewer.name}, {reviewer.affiliation}" if reviewer.affiliation else reviewer.name
