"""Packets that leave: the fields of each authority, a draft by one reviewer, the same retyped by another, and traces of the reporter in it.

A draft is a private note in a form that can be read back (`draft_note`, `drafts`), so that it needs no further kind of event. What leaves
is a `packet` event (PROTOCOL 6), which the reporter sees too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crypto.case import Case
from crypto.wording import WORDING
from review import clocks, labels
from review.labels import label

FORMS: Mapping[str, Any] = WORDING["forms"]
RUN_WORDS = 4  # so many words in a row, and so many letters, are somebody's wording
RUN_LETTERS = 14
STEP = {"COMPANY": "COORDINATING", "PUBLIC": "DISCLOSED"}  # the state a packet belongs to; REFERRED for every authority

_DRAFT = re.compile(r"Draft of a packet for ([A-Z-]+)\.\n")
_FIELD = re.compile(r"^== ([a-z_]{1,40}) ==$", re.M)
# One letter is a word of its own where a script has no spaces between words.
_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_]+")


@dataclass(frozen=True)
class Field:
    """One field of a form. open: says nothing that identifies, so that the second reviewer need not type it again."""

    name: str
    label: str
    hint: str
    open: bool
    must: bool = False  # never left empty


@dataclass(frozen=True)
class Draft:
    """What one reviewer wrote for a second one to write anew."""

    id: str
    author: str
    week: str
    to: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Trace:
    """Something of the reporter's own wording in a text. whole: words in a row, else one telling word or number."""

    words: str
    whole: bool


def form(to: str) -> tuple[Field, ...]:
    """The fields of a packet for `to`, in the order of the authority's own form. KeyError: there is no such form."""
    return tuple(
        Field(row["name"], row["label"], row["hint"], row.get("open") == "YES", row.get("must") == "YES") for row in FORMS[to]["fields"]
    )


def filled(case: Case, to: str, until: str = "", promises: Iterable[str] = ()) -> dict[str, str]:
    """What can be said from codes alone, the organisation and published promises: never a sentence of the reporter's.

    until: end of the embargo, as people say it.
    """
    said = {row["name"]: _fill(row["fill"], case, until) for row in FORMS[to]["fields"]}
    into = [row["name"] for row in FORMS[to]["fields"] if row.get("promises") == "YES"]
    return said | {name: "\n".join(filter(None, (said[name], *promises))) for name in into}


def step_of(to: str) -> str:
    """The state that sending this packet belongs to."""
    return STEP.get(to, "REFERRED")


def draft_note(to: str, fields: Mapping[str, str]) -> str:
    """The private note that carries a draft; `drafts` reads it back."""
    said = (f"== {field.name} ==\n{_unmarked(fields.get(field.name, ''))}" for field in form(to))
    return f"Draft of a packet for {to}.\n" + "\n".join(said)


def drafts(case: Case) -> list[Draft]:
    """The drafts among the private notes of a case, the newest first."""
    found = []
    for event in reversed(case.order):
        head = _DRAFT.match(event.payload["text"]) if event.kind == "note" else None
        if head and head[1] in FORMS:
            parts = _FIELD.split(event.payload["text"])
            said = dict(zip(parts[1::2], (part.strip("\n") for part in parts[2::2]), strict=True))
            fields = {field.name: said.get(field.name, "") for field in form(head[1])}
            found.append(Draft(event.id, event.author, event.payload["week"], head[1], fields))
    return found


def why_not(draft: Draft, case: Case, sign: str) -> str:
    """Why this reviewer may not write the packet of a draft, or an empty string."""
    if draft.author == sign:
        return "You wrote this draft. Another reader of the case has to write it anew."
    return "" if sign in case.readers else "You are not a reader of this case."


def retyped(draft: Draft, typed: Mapping[str, str]) -> dict[str, str]:
    """The fields as they would leave: what says nothing that identifies from the draft unless changed, everything else as typed."""
    return {field.name: typed.get(field.name, draft.fields[field.name] if field.open else "").strip() for field in form(draft.to)}


def lacking(draft: Draft, fields: Mapping[str, str]) -> list[str]:
    """Labels of what the draft says and the new text leaves out."""
    return [field.label for field in form(draft.to) if draft.fields[field.name].strip() and not fields[field.name].strip()]


def promised_until(case: Case) -> str:
    """The last week the company was given to answer in, or an empty string."""
    by_id = {event.id: event for event in case.order}
    entered = [by_id[name] for state, _, name in case.history if state == "COORDINATING" and name in by_id]
    # The state was brought by the proposal itself when it was urgent, else by the second signature under it.
    asked = [each if each.kind == "state" else by_id[each.payload["of"]] for each in entered]
    return max((each.payload["until"] for each in asked), default="")


def given_until(case: Case) -> str:
    """The week that a proposal to tell the company would give it, else the last one it was given, or an empty string."""
    waiting = {proposal.id for proposal in case.proposals}
    asked = [each.payload["until"] for each in case.order if each.id in waiting and each.payload.get("to") == "COORDINATING"]
    return asked[-1] if asked else promised_until(case)


def no_reply(to: str, fields: Mapping[str, str], week: str, until: str = "") -> str:
    """Why a packet without the other side's word is not made, or an empty string. week: this one; until: what they were given.

    Who still has time has not been silent.
    """
    for field in form(to):
        said = fields[field.name].strip()
        silent = re.match(r"no reply\b", said, re.I)
        by = re.search(r"\b([0-9]{4}-W[0-9]{2})\b", said)
        if field.must and (not said or (silent and (by is None or not until <= by[1] <= week))):
            return f"{field.label}: {field.hint}" + (f" They were given until {until}, {clocks.plain_week(until)}." if until else "")
    return ""


def own_words(case: Case, promises: Collection[str] = ()) -> list[str]:
    """Everything the reporter wrote in their own words. The organisation is not: everybody calls it so; nor a promise from the list."""
    found: list[str] = []
    if case.root.kind == "report":
        answers = case.root.payload["answers"]
        own = "\n".join(line for line in answers["promise"].split("\n") if line not in promises)
        found = [case.root.payload["text"], answers["raised"], own]
    said = [event.payload for event in case.order if event.author == case.root.author and event.kind in ("part", "reply", "evaluator")]
    return [*found, *(payload[name] for payload in said for name in ("text", "method", "access", "steps", "wishes") if name in payload)]


def traces(text: str, sources: Iterable[str]) -> list[Trace]:
    """The longest runs of words a text shares with the sources, and single words that few would use: numbers, names in capitals.

    Case, accents' spelling and punctuation do not matter. A text without a trace may still identify somebody by what it says.
    """
    spoken = spoken_words(text)
    known = [spoken_words(source) for source in sources]
    starts: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for number, words in enumerate(known):
        for at in range(len(words) - RUN_WORDS + 1):
            starts.setdefault(tuple(word for word, _ in words[at : at + RUN_WORDS]), []).append((number, at))
    telling = {word for words in known for word, raw in words if _telling(raw)}
    found: list[Trace] = []
    at = 0
    while at < len(spoken):
        length = _longest(spoken, at, known, starts)
        run = " ".join(raw for _, raw in spoken[at : at + length])
        if length and len(run.replace(" ", "")) >= RUN_LETTERS:
            found.append(Trace(run, True))
            at += length
            continue
        if _telling(spoken[at][1]) and spoken[at][0] in telling:
            found.append(Trace(spoken[at][1], False))
        at += 1
    return list(dict.fromkeys(found))


def refusal(to: str, found: Sequence[Trace], looked: bool) -> str:
    """Why a packet with these traces is not sent, or an empty string. looked: the second reviewer says each may stay."""
    if to == "PUBLIC" and any(trace.whole for trace in found):
        return "Nothing of the reporter's wording may be published. Say it differently."
    if found and not looked:
        return "Some words are the reporter's own. Say them differently, or say below that each of them may stay."
    return ""


def own_packet(to: str, answers: Mapping[str, Any], text: str) -> str:
    """The packet a reporter can file alone, as plain text: the authority's own questions, filled from what they told us.

    The return page makes the same from the same table. Their words are in it: it is for their eyes and their hand.
    """
    own, lines = WORDING["own"], [FORMS[to]["title"], FORMS[to]["for"], "", WORDING["own"]["intro"], ""]
    lines += [f"{number}. {line}" for number, line in enumerate(own["before"], 1)]
    fills = _codes(answers) | {"contact": own["contact"], "raised": answers["raised"]}
    fills["basis"] = "\n".join(filter(None, (fills["basis"], answers["promise"])))
    for row in FORMS[to]["fields"]:
        said = text if row["name"] == "statement" else fills.get(row["fill"], "")
        hint = f" ({row['hint']})" if row["hint"] else ""
        lines += ["", row["label"] + hint, said.strip() or own["empty"]]
    return "\n".join(lines) + "\n"


def _fill(what: str, case: Case, until: str) -> str:
    if what in WORDING["fills"]:
        return str(WORDING["fills"][what])
    if what == "embargo":
        return until
    if case.root.kind != "report":
        return ""
    answers = dict(case.root.payload["answers"])
    if case.triage is not None:
        answers |= {"about": [case.triage.payload["code"]], "stage": case.triage.payload["stage"]}
    return _codes(answers).get(what, "")


def _codes(answers: Mapping[str, Any]) -> dict[str, str]:
    """What the codes of the questionnaire say in plain words. Whether it was internal use follows from the stage."""
    stage = answers["stage"]
    inside = stage in ("L1-TRAIN", "L2-EVAL", "L3-INTERNAL", "L4-STAGING")
    internal = "Yes" if inside else "Not known" if stage == "L9-UNSURE" else "No"
    return {
        "about": "\n".join(label(labels.ABOUT, code) for code in answers["about"]),
        "stage": label(labels.STAGE, stage),
        "organisation": answers["organisation"],
        "danger": label(labels.DANGER, answers["danger"]),
        "basis": label(labels.BASIS, answers["basis"]),
        "internal": internal,
    }


def _unmarked(text: str) -> str:
    """A field's text that cannot be taken for the beginning of another field."""
    return _FIELD.sub(lambda found: f" {found[0]}", text.replace("\r\n", "\n").strip("\n"))


def spoken_words(text: str) -> list[tuple[str, str]]:
    """(as compared, as written) of every word of a text."""
    plain = unicodedata.normalize("NFKC", text)
    return [(found[0].casefold(), found[0]) for found in _WORD.finditer(plain)]


def _telling(word: str) -> bool:
    """Numbers of two digits and more that are no year, and words with capitals inside: what only a few would write."""
    if any(letter.isdigit() for letter in word):
        return len(word) >= 2 and re.fullmatch(r"20[0-9]{2}", word) is None
    return len(word) >= 3 and word[1:] != word[1:].lower()


def _longest(
    spoken: Sequence[tuple[str, str]],
    at: int,
    known: Sequence[Sequence[tuple[str, str]]],
    starts: Mapping[tuple[str, ...], Sequence[tuple[int, int]]],
) -> int:
    """How many words from here on are a run of one source; 0 below RUN_WORDS."""
    best = 0
    for number, place in starts.get(tuple(word for word, _ in spoken[at : at + RUN_WORDS]), ()):
        words, length = known[number], RUN_WORDS
        while at + length < len(spoken) and place + length < len(words) and spoken[at + length][0] == words[place + length][0]:
            length += 1
        best = max(best, length)
    return best
