"""Which cases a reviewer already reads may be about the same matter: codes, organisation and words compared in memory, never stored.

Shown to that reviewer only. It is no finding: two reports that use the same words may come from one person, and two about the same matter
may share none.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crypto.case import Case
from review import packets

LEAST = 0.4  # the same organisation and stage alone stay below it
SHOWN = 8
WORDS_SHOWN = 6
SHORT = 3  # shorter words say little
WEIGHTS = {"organisation": 0.3, "about": 0.15, "stage": 0.05, "words": 0.5}


@dataclass(frozen=True)
class Profile:
    """What is compared of one case. words: how often each stem is in the reporter's text; said: a word with that stem, to be shown."""

    case: str
    organisation: str
    about: frozenset[str]
    stage: str
    words: Mapping[str, int]
    said: Mapping[str, str]


@dataclass(frozen=True)
class Alike:
    """Another case that may be about the same matter. score: 0 to 1; why: what they share, in plain words."""

    case: str
    score: float
    why: tuple[str, ...]


def profile(case: Case) -> Profile | None:
    """What is compared of a case; None while its report is not held. The reviewers' codes count beside the reporter's."""
    if case.root.kind != "report":
        return None
    answers = case.root.payload["answers"]
    triage = [case.triage.payload["code"], *case.triage.payload["also"]] if case.triage is not None else []
    words = [pair for text in packets.own_words(case) for pair in _words(text)]
    about = frozenset([*answers["about"], *triage])
    return Profile(case.id, _plain(answers["organisation"]), about, answers["stage"], Counter(stem for stem, _ in words), dict(words))


def alike(one: Profile, others: Iterable[Profile]) -> list[Alike]:
    """The cases most like one, the most likely first. The more cases are compared, the better rare words are told from common ones."""
    all_ = [each for each in others if each.case != one.case]
    rare = _rarity([one, *all_])
    found = [_compared(one, each, rare) for each in all_]
    return sorted((each for each in found if each.score >= LEAST), key=lambda each: (-each.score, each.case))[:SHOWN]


def _compared(one: Profile, other: Profile, rare: Mapping[str, float]) -> Alike:
    why, score = [], 0.0
    if one.organisation and one.organisation == other.organisation:
        why.append("the same organisation")
        score += WEIGHTS["organisation"]
    elif one.organisation and other.organisation:
        return Alike(other.case, 0.0, ())  # two organisations are two matters, whatever the words
    if one.about & other.about:
        why.append("the same concern")
        score += WEIGHTS["about"] * len(one.about & other.about) / len(one.about | other.about)
    if one.stage == other.stage != "L9-UNSURE":
        why.append("the same stage")
        score += WEIGHTS["stage"]
    shared = sorted(one.words.keys() & other.words.keys(), key=lambda word: (-rare[word], word))
    telling = [word for word in shared if rare[word] >= 0.5][:WORDS_SHOWN]
    if telling:
        why.append("words few cases have: " + ", ".join(one.said[word] for word in telling))
    return Alike(other.case, score + WEIGHTS["words"] * _cosine(one.words, other.words, rare), tuple(why))


def _rarity(profiles: Sequence[Profile]) -> dict[str, float]:
    """1 for a word that one case has, less the more have it, 0 for one that all have. With two or three cases all words count alike."""
    held = Counter(word for each in profiles for word in each.words)
    most = math.log(max(2, len(profiles)))
    few = len(profiles) <= 3
    return {word: 1.0 if few else max(0.0, math.log(len(profiles) / count) / most) for word, count in held.items()}


def _cosine(one: Mapping[str, int], other: Mapping[str, int], rare: Mapping[str, float]) -> float:
    """Likeness of two texts by their weighted words, 0 to 1. A word said often counts little more than one said once."""
    shared = sum(_weight(one[word], rare[word]) * _weight(other[word], rare[word]) for word in one.keys() & other.keys())
    sizes = (math.sqrt(sum(_weight(count, rare[word]) ** 2 for word, count in each.items())) for each in (one, other))
    product = math.prod(sizes)
    return shared / product if product else 0.0


def _weight(count: int, rarity: float) -> float:
    return (1 + math.log(count)) * rarity


def _words(text: str) -> list[tuple[str, str]]:
    """(as compared, as said) of the words of a text; letters of scripts without spaces in pairs."""
    plain, found = [word for word, _ in packets.spoken_words(text)], []
    for word, following in pairwise([*plain, ""]):
        if len(word) == 1 and not word.isascii():
            pair = word + following if len(following) == 1 else word
            found.append((pair, pair))
        elif len(word) > SHORT:
            found.append((_stem(word), word))
    return found


def _stem(word: str) -> str:
    """Enough to bring log and logs, copied and copies together, in English at least."""
    for ending in ("ing", "ies", "ied", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) > SHORT:
            return word[: -len(ending)]
    return word


def _plain(name: str) -> str:
    """An organisation's name as compared: without case, accents, punctuation, and what companies put behind it."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    words = "".join(letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter)).split()
    return " ".join(word for word in words if word not in ("inc", "ltd", "llc", "gmbh", "corp", "plc", "pbc", "co", "the"))
