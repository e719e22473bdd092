"""Whom the headless reporter writes to: never to anybody who may not read, over random rosters; and what it says about that."""

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import constants as c
from crypto.encoding import unb64
from crypto.event import parse_event
from crypto.posting import parse_posting
from crypto.private.keyfile import generate_reviewer_keys
from crypto.private.opening import find_matches, open_letter
from crypto.roster import Programme, Reviewer, Roster, Suspension, Tie
from crypto.routing import Want, why_not
from crypto.tree import Tree
from intake.forms import ABOUT_GROUPS
from tools import receivers, reporter
from tools.errors import Unfit

P = bytes(range(32))
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TODAY, TWO_YEARS_AGO = "2026-11-21", "2024-11-21"
KEYS = [generate_reviewer_keys(["2026-Q4"]) for _ in range(8)]
PUBLIC = [keys.public() for keys in KEYS]
SIGNS = [each["sign"] for each in PUBLIC]
FREE = Reviewer("", "", "", b"", {}, ("English",), c.GROUPS, (), "2026-01-01", "2026-01-01", "2026-12-31", "", "", {})


def reviewer(number: int, **facts: Any) -> Reviewer:
    key = {"2026-Q4": unb64(PUBLIC[number]["open"][0]["key"])}
    mine = {"name": f"R{number}", "sign": SIGNS[number], "find": bytes.fromhex(PUBLIC[number]["find"]), "open": key}
    return dataclasses.replace(FREE, **{**mine, **facts})


def known(reviewers: list[Reviewer], suspended: tuple[Suspension, ...] = (), stale: bool = False) -> reporter.Programme:
    settings = Programme("", 1, (0, 0), 0, (), "", 0, (), None, ())
    return reporter.Programme(P, Tree(Roster(1, tuple(reviewers), ()), suspended, settings, {}, stale), (), {}, NOW)


NEAR = st.integers(-3, 3).map(lambda n: f"2026-11-{21 + n}")
ENDS = st.sampled_from(["", "2024-11-20", TWO_YEARS_AGO, "2024-11-22", "2026-11-20", "2027-01-01"])
TIES = st.builds(Tie, st.sampled_from(["Lab", " lAB", "Other"]), st.sampled_from([*c.TIES_HARD, *c.TIES_SOFT]), ENDS)
# Mostly people who may read, so that reports are made at all; each flaw now and then.
FLAWS = st.fixed_dictionaries(
    {},
    optional={
        "ties": st.lists(TIES, max_size=2).map(tuple),
        "from_": NEAR,
        "to": NEAR,
        "ended": st.sampled_from(c.ENDINGS),
        "paused": NEAR,
        "languages": st.sampled_from([(), ("Chinese",), ("chinese ", "English")]),
        "groups": st.sampled_from([(), ("A",), ("C", "D"), c.GROUPS]),
        "open": st.sampled_from([{}, {"2027-Q1": b"next"}]),
    },
)
REVIEWERS = st.lists(st.none() | FLAWS, min_size=2, max_size=8).map(
    lambda all_: [reviewer(number, **(flaws or {})) for number, flaws in enumerate(all_)]
)
SUSPENDED = st.lists(st.builds(Suspension, st.sampled_from(SIGNS), NEAR, NEAR, st.just("OTHER")), max_size=2).map(tuple)
EXCLUDED = st.frozensets(st.sampled_from(SIGNS), max_size=2)
ANSWERS = st.fixed_dictionaries(
    {
        "organisation": st.sampled_from(["", "lab", "LAB ", "Nobody's"]),
        "about": st.lists(st.sampled_from(c.ABOUT_CODES), min_size=1, max_size=3, unique=True),
    }
)


def may_read(each: Reviewer, suspended: tuple[Suspension, ...], answers: Any, language: str, excluded: frozenset[str]) -> bool:
    """PROTOCOL section 8 said again, without the code under test."""
    lab = answers["organisation"].strip().lower()
    hard = [tie for tie in each.ties if tie.category not in ("FRIEND", "FEUD", "COMPETITOR")]
    return (
        each.sign not in excluded
        and not any(one.sign == each.sign and one.from_ <= TODAY <= one.until for one in suspended)
        and each.from_ <= TODAY <= each.to
        and not each.paused >= TODAY
        and "2026-Q4" in each.open
        and not any(tie.lab.strip().lower() == lab and (tie.until == "" or tie.until > TWO_YEARS_AGO) for tie in hard)
        and {code[0] for code in answers["about"]} - {"X"} <= set(each.groups)
        and (language == "" or language in [one.strip().title() for one in each.languages])
    )


def opened_by(body: bytes) -> Iterator[tuple[str, Any]]:
    """Who of all that ever had keys finds and opens a letter of a posting: (sign key, event)."""
    posting = parse_posting(body)
    for keys, sign in zip(KEYS, SIGNS, strict=True):
        for index in find_matches(keys.find_secret, posting.clues, P):
            raw = open_letter(posting.letters[index], keys.find_secret, keys.open_seeds["2026-Q4"], P)
            yield sign, parse_event(raw, P)


@settings(deadline=None, max_examples=60)
@given(REVIEWERS, SUSPENDED, EXCLUDED, ANSWERS, st.sampled_from(["", "English", "Chinese"]), st.sampled_from(["x", "long " * 4000]))
def test_a_report_is_sealed_to_nobody_who_may_not_read_it(
    reviewers: list[Reviewer], suspended: Any, excluded: frozenset[str], answers: Any, language: str, text: str
) -> None:
    may = {each.sign for each in reviewers if may_read(each, suspended, answers, language, excluded)}
    programme = known(reviewers, suspended)
    if len(may) < 2:
        with pytest.raises(Unfit, match="Fewer than two"):
            reporter.compose_report(programme, text, answers, excluded, language=language)
        return
    made = reporter.compose_report(programme, text, answers, excluded, language=language)
    for body in made.bodies:
        # What the server stores: always the same size and shape, whoever was drawn.
        posting = parse_posting(body)
        points = [clue[: c.POINT_BYTES] for clue in posting.clues]
        assert (len(body), len(points), points) == (c.POSTING_BYTES, c.SLOTS, sorted(set(points)))
        assert {len(letter) for letter in posting.letters} == {c.LETTER_BYTES}
        opened = dict(opened_by(body))
        assert set(opened) <= may and len(opened) == min(3, len(may))
        for event in opened.values():
            if event.kind == "report":
                assert set(event.payload["readers"]) == set(opened)
                assert set(event.payload["reserves"]) == may - set(opened)


@settings(deadline=None)
@given(REVIEWERS, SUSPENDED, EXCLUDED, ANSWERS, st.sampled_from(["", "English", "Chinese"]))
def test_everybody_is_told_about(reviewers: list[Reviewer], suspended: Any, excluded: frozenset[str], answers: Any, language: str) -> None:
    tree = known(reviewers, suspended).tree
    names = [each.name for each in reviewers if each.sign in excluded]
    want = receivers.want_of(tree, answers["organisation"], answers["about"], language, names, NOW)
    lines = receivers.told(tree, want, NOW)
    may = [each.name for each in reviewers if may_read(each, suspended, answers, language, excluded)]
    assert lines[0].startswith(f"{len(may)} of {len(reviewers)} reviewers can receive this report")
    said = [line for line in lines if line.startswith("  ")]
    assert [line.split(".")[0].strip() for line in said[: len(may)]] == may
    assert sorted(line.split(": ")[0].strip() for line in said[len(may) :]) == sorted({each.name for each in reviewers} - {*may})


def test_each_reason_in_words() -> None:
    tied = (Tie("Lab", "FRIEND", ""), Tie("Lab", "GRANT", ""), Tie("Lab", "EMPLOYMENT", "2025-06-30"))
    suspended = (Suspension(SIGNS[1], TODAY, TODAY, "OTHER"),)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "left out by you"),
        ({}, "suspended by a steward for the moment"),
        ({"from_": "2026-12-01"}, "admitted, and may read reports from 2026-12-01 on"),
        ({"to": "2026-11-20", "ended": "RESIGNED"}, "no longer a reviewer"),
        ({"paused": "2026-12-24"}, "takes a pause until 2026-12-24"),
        ({"ties": tied}, "has a tie to the organisation you named (has a grant from Lab; worked for Lab until 2025-06-30)"),
        ({"groups": ("A",)}, "does not take reports on “How the system behaves and who controls it”"),
        ({"languages": ("Chinese",)}, "does not read English"),
    ]
    everybody = [reviewer(number, **facts) for number, (facts, _) in enumerate(cases)]
    tree = known(everybody, suspended).tree
    want = Want("lab", ("A", "C"), "English", frozenset(SIGNS[:1]))
    assert [receivers.reason(tree, each, want, NOW) for each in everybody] == [words for _, words in cases]
    expired, keyless = reviewer(0, to="2026-11-20"), reviewer(1, open={})
    tree = known([expired, keyless]).tree
    assert receivers.reason(tree, expired, Want(), NOW) == "was vetted until 2026-11-20 and has to be vetted again first"
    assert receivers.reason(tree, keyless, Want(), NOW) == "has no key for this quarter yet"
    assert {why_not(tree, expired, Want(), NOW), *c.WHY_NOT} == set(receivers.REASONS)


def test_english_unless_too_few_read_it() -> None:
    few = known([reviewer(0), reviewer(1, languages=("Chinese",)), reviewer(2, languages=("Chinese",))]).tree
    enough = known([reviewer(0), reviewer(1), reviewer(2, languages=("Chinese",))]).tree
    asked = [receivers.want_of(few, "", [], given, (), NOW).language for given in (None, "any", "", "chinese")]
    assert asked == ["", "", "", "chinese"]
    assert receivers.want_of(enough, "", [], None, (), NOW).language == "English"


def test_what_helps_when_too_few_are_left() -> None:
    tied = (Tie("Lab", "EQUITY", ""),)
    tree = known([reviewer(0), reviewer(1, groups=("A",)), reviewer(2, languages=("Chinese",)), reviewer(3, ties=tied)]).tree
    want = Want("Lab", ("A", "B"), "English", frozenset(SIGNS[:1]))
    said = receivers.too_few(tree, want, NOW)
    assert "take back --exclude (then 1 can receive it)" in said and "only the main concern in `about` (then 1" in said
    assert "--language, or any (then 1" in said and "organisation" not in said  # that would let in whoever has a tie to it
    assert "Nothing that you could change would help" in receivers.too_few(known([]).tree, Want(), NOW)


def test_a_name_that_nobody_has_is_refused_with_the_names() -> None:
    tree = known([reviewer(0), reviewer(1)]).tree
    assert receivers.excluded(tree, [" r1 "]) == {SIGNS[1]}
    with pytest.raises(Unfit, match=r"called R9.*R0, R1"):
        receivers.excluded(tree, ["R1", "R9"])


def test_groups_are_called_as_on_the_form() -> None:
    assert {code: ABOUT_GROUPS[code] for code in c.GROUPS} == receivers.GROUP_NAMES
    assert set(receivers.TIE_WORDS) == {*c.TIES_HARD, *c.TIES_SOFT}
