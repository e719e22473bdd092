"""The lines of the checklist that a reviewer ticks by hand: what no event can show. They stay on the workstation."""

from __future__ import annotations

from collections.abc import Collection

from crypto.case import Case

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


def lines(case: Case, ticked: Collection[str]) -> tuple[tuple[str, str, bool], ...]:
    """(code, words, ticked) of each line that belongs to a state the case is or was in, or that is ticked."""
    been = {state for state, _, _ in case.history}
    return tuple((code, words, code in ticked) for code, (state, words) in LINES.items() if state in been or code in ticked)
