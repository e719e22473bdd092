"""The lines of the checklist that a reviewer ticks by hand: what no event can show, and lines of their own. They stay on the workstation.

Kept is a list: the code of each line that is ticked, and each own line with OPEN or DONE before it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crypto.case import Case

OPEN, DONE = "-", "+"
OWN_MAX = 200
LINES = {
    "conflict": ("RECEIVED", "I thought of conflicts: mine, and of people close to me"),
    "identify": ("RECEIVED", "I asked myself whether the text alone shows who wrote it"),
    "knew": ("TRIAGE", "I counted who could have known each part of it"),
    "protected": ("TRIAGE", "The reporter was told early what could protect them: a lawyer, filing with an authority"),
    "evidence": ("REVIEW", "Evidence was asked for: where it is, never a copy"),
    "otherwise": ("REVIEW", "I looked for an innocent explanation, and for what speaks against it"),
    "stranger": ("PLAN", "Somebody who does not know the reporter's words read what is to leave"),
    "blame": ("PLAN", "I asked myself who would be suspected on the day after"),
    "reply": ("COORDINATING", "The company can answer, and knows until when"),
    "verified": ("CORRECTED", "I know how the correction was checked, and by whom"),
    "after": ("CLOSED", "The reporter knows what they can still do"),
}


def lines(case: Case, kept: Collection[str]) -> tuple[tuple[str, str, bool], ...]:
    """(code, words, ticked) of each line that belongs to a state the case is or was in, or that is ticked."""
    been = {state for state, _, _ in case.history}
    return tuple((code, words, code in kept) for code, (state, words) in LINES.items() if state in been or code in kept)


def own(kept: Collection[str]) -> list[tuple[str, bool]]:
    """(words, ticked) of the lines of one's own."""
    return [(each[1:], each[0] == DONE) for each in kept if each[:1] in (OPEN, DONE)]


def filled(ticked: Collection[str], own: Sequence[str]) -> list[str]:
    """What to keep of the form. ticked: codes, and own-0 for the first own line; own: the own lines, an emptied one goes."""
    mine = [(f"own-{n}" in ticked, " ".join(words.split())[:OWN_MAX]) for n, words in enumerate(own)]
    return [code for code in LINES if code in ticked] + [(DONE if done else OPEN) + words for done, words in mine if words]
