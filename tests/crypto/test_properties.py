"""Properties over made-up inputs, and what has no vectors: key files, postings, effort."""

import datetime
import secrets
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import constants as c
from crypto.case import common, fold
from crypto.encoding import b64, canonical, parse_strict, unb64
from crypto.errors import Malformed, NotForUs, ProtocolError, TooLong
from crypto.event import Event, parse_event
from crypto.points import SMALL_ORDER_X
from crypto.posting import effort_of, parse_posting
from crypto.private import keyfile, opening
from crypto.private.signing import SignKey, sign_event
from crypto.receipt import entropy_of, words_of
from crypto.roster import Programme, Reviewer, Roster, Suspension, Tie
from crypto.routing import Want, draw, eligible, explain, groups_of
from crypto.sealing import make_posting, tag_of, with_effort
from crypto.segment import Segment, cover_blocks, encode, parse_segments
from crypto.tree import Tree

P = bytes(range(32))
PROGRAMME = Programme("", 1, (0, 0), 0, (), "", 0, (), None, ())
VALUES = st.recursive(
    st.integers(0, c.INT_MAX) | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\u00e9\U0001f600"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc\uffff\U00010000"), VALUES, max_size=4))
def test_what_is_written_is_read(value: dict[str, object]) -> None:
    try:
        data = canonical(value)
    except Malformed:
        return  # too deep
    assert parse_strict(data) == value


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (parse_strict, lambda b: parse_event(b, P), lambda b: parse_segments(b, P), parse_posting):
        try:
            read(data)
        except ProtocolError:
            continue


def test_segments_are_read_in_one_go() -> None:
    """However many there are, each byte is copied once: half a year of an evil server's smallest segments must not take minutes."""
    copied = 0

    class Counting(bytes):
        def __getitem__(self, key: Any) -> Any:
            nonlocal copied
            found = super().__getitem__(key)
            copied += len(found)
            return Counting(found)

    one = encode(Segment(P, 1, "2026-W47", bytes(32), (bytes(40),), (bytes(32),)))
    assert len(parse_segments(Counting(one * 100), P)) == 100
    assert copied <= 100 * len(one)


@given(st.binary(max_size=80))
def test_b64_round_trip(data: bytes) -> None:
    assert unb64(b64(data), len(data)) == data


@given(st.text(max_size=12))
def test_b64_has_one_spelling(text: str) -> None:
    try:
        assert b64(unb64(text)) == text
    except Malformed:
        return


@given(st.binary(min_size=16, max_size=16))
def test_receipt_round_trip(entropy: bytes) -> None:
    assert entropy_of(" ".join(word[:4] for word in words_of(entropy).upper().split())) == entropy


@given(st.sets(st.tuples(st.integers(1, 9), st.integers(0, 9))), st.data())
def test_cover_hides_the_count(blocks: set[tuple[int, int]], data: st.DataObject) -> None:
    matched = data.draw(st.sets(st.sampled_from(sorted(blocks)))) if blocks else set()
    ask = cover_blocks(P, sorted(blocks), matched)
    assert matched <= set(ask) <= blocks
    assert len(ask) in {4, 8, 16, 32, 64, 128} or len(ask) == len(blocks)


@settings(max_examples=5)
@given(st.binary(max_size=100))
def test_a_posting_is_found_and_opened(message: bytes) -> None:
    keys = keyfile.generate_reviewer_keys(["2026-Q4"])
    entry = keys.public()
    body = make_posting(P, [(bytes.fromhex(entry["find"]), unb64(entry["open"][0]["key"]), message)] * 2)
    posting = parse_posting(body)
    found = opening.find_matches(keys.find_secret, posting.clues, P)
    assert len(found) == 2
    for index in found:
        assert opening.open_letter(posting.letters[index], keys.find_secret, keys.open_seeds["2026-Q4"], P) == message


def test_a_zero_secret_is_skipped_even_where_the_byte_checks_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second net under points of small order: the library's own refusal stops no batch."""
    monkeypatch.setattr(opening, "check_point", lambda _point: None)
    keys = keyfile.generate_reviewer_keys(["2026-Q4"])
    entry = keys.public()
    good = make_posting(P, [(bytes.fromhex(entry["find"]), unb64(entry["open"][0]["key"]), b"")])
    bad = [point + tag_of(c.ZERO32, P, point, bytes.fromhex(entry["find"])) for point in sorted(SMALL_ORDER_X)]
    assert len(opening.find_matches(keys.find_secret, [*bad, *parse_posting(good).clues], P)) == 1


def test_no_more_than_six_letters() -> None:
    with pytest.raises(TooLong):
        make_posting(P, [(b"", b"", b"")] * 7)


def test_effort() -> None:
    body = with_effort(make_posting(P, []), c.ZERO32, 3)
    assert effort_of(parse_posting(body), c.ZERO32) >= 3
    assert with_effort(body, P, 0) == body


def test_keyfile() -> None:
    secret = secrets.token_bytes(100)
    data = keyfile.seal_keyfile("caf\u00e9", secret)
    assert keyfile.open_keyfile("cafe\u0301", data) == secret
    with pytest.raises(NotForUs):
        keyfile.open_keyfile("cafe", data)
    with pytest.raises(NotForUs):
        keyfile.open_keyfile("caf\u00e9", data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Malformed):
        keyfile.open_keyfile("caf\u00e9", data[1:])


# ---------------------------------------------------------------- who may read

TODAY = datetime.date(2026, 11, 21)
DAYS = st.integers(-800, 400).map(lambda n: (TODAY + datetime.timedelta(days=n)).isoformat())
NEAR = st.integers(-3, 3).map(lambda n: (TODAY + datetime.timedelta(days=n)).isoformat())
LABS = st.sampled_from(["Lab", "lab ", "Other", ""])
TIES = st.builds(Tie, LABS, st.sampled_from([*c.TIES_HARD, *c.TIES_SOFT]), st.just("") | DAYS)
REVIEWERS = st.builds(
    Reviewer,
    name=st.just("R"),
    affiliation=st.just(""),
    sign=st.integers(0, 9).map(lambda n: f"{n:064x}"),
    find=st.just(bytes(32)),
    open=st.sampled_from([{}, {"2026-Q4": b"k"}, {"2026-Q4": b"k", "2026-Q3": b"l"}, {"2027-Q1": b"k"}]),
    languages=st.lists(st.sampled_from(["English", "Chinese"]), max_size=2).map(tuple),
    groups=st.sets(st.sampled_from(c.GROUPS)).map(tuple),
    ties=st.lists(TIES, max_size=2).map(tuple),
    noticed=DAYS,
    from_=NEAR | DAYS,
    to=NEAR | DAYS,
    paused=st.just("") | NEAR,
    ended=st.sampled_from(["", *c.ENDINGS]),
    record=st.just({}),
)
SUSPENSIONS = st.lists(
    st.builds(Suspension, st.integers(0, 9).map(lambda n: f"{n:064x}"), NEAR, NEAR, st.sampled_from(c.SUSPENSIONS)), max_size=4
)
WANTS = st.builds(
    Want,
    LABS,
    st.lists(st.sampled_from(c.ABOUT_CODES), max_size=3).map(groups_of),
    st.sampled_from(["", "english", "CHINESE"]),
    st.frozensets(st.integers(0, 9).map(lambda n: f"{n:064x}"), max_size=3),
)


@settings(deadline=None)
@given(st.lists(REVIEWERS, max_size=8, unique_by=lambda each: each.sign), SUSPENSIONS, WANTS)
def test_nobody_barred_is_eligible_and_nobody_else_is_left_out(reviewers: list[Reviewer], suspensions: Any, want: Want) -> None:
    tree = Tree(Roster(1, tuple(reviewers), ()), tuple(suspensions), PROGRAMME, {}, stale=False)
    today = TODAY.isoformat()
    two_years_ago = TODAY.replace(year=TODAY.year - 2).isoformat()
    may = []
    for each in reviewers:
        # Said again without the code under test, one line a rule.
        suspended = any(s.sign == each.sign and s.from_ <= today <= s.until for s in suspensions)
        in_term = each.from_ <= today <= each.to and not today <= each.paused
        tied = [t for t in each.ties if t.lab.strip().lower() == want.lab.strip().lower() and (not t.until or t.until > two_years_ago)]
        barred = any(t.category not in {"FRIEND", "FEUD", "COMPETITOR"} for t in tied)
        speaks = not want.language or want.language.title() in each.languages
        reads = all(group in each.groups for group in want.groups)
        if in_term and not suspended and not barred and speaks and reads and "2026-Q4" in each.open and each.sign not in want.exclude:
            may.append(each)
    assert eligible(tree, want, TODAY) == may
    assert [each for each, code in explain(tree, want, TODAY) if code not in c.WHY_NOT] == may


@settings(deadline=None)
@given(st.integers(0, 40), st.randoms(use_true_random=False))
def test_a_draw_takes_everybody_once(count: int, random: Random) -> None:
    readers, reserves = draw(range(count), random.randbytes)
    assert len(readers) == min(count, c.READERS)
    assert len(set(readers + reserves)) == len(readers + reserves) == min(count, c.READERS + c.RESERVES_MAX)


def test_draws_are_uniform() -> None:
    """Chi-square over the 60 ordered choices of three readers out of five; 59 degrees of freedom, 99.9 % below 98.3."""
    random, draws = Random(20261121), 12_000
    counts = Counter(tuple(draw(range(5), random.randbytes)[0]) for _ in range(draws))
    expected = draws / 60
    assert len(counts) == 60
    assert sum((seen - expected) ** 2 / expected for seen in counts.values()) < 98.3


# ---------------------------------------------------------------- cases whose readers change

SEEDS = [bytes([n]) * 32 for n in range(6)]  # three readers, two reserves, the reporter
SIGNS = [SignKey(seed).public for seed in SEEDS]
REPORT = sign_event(
    common("report", "2026-W47", [0, "00" * 32], 1, "all")
    | {
        "find": "11" * 32,
        "open": b64(bytes(c.OPEN_KEY_BYTES)),
        "readers": SIGNS[:3],
        "reserves": SIGNS[3:5],
        "answers": {
            "about": ["X1-OTHER"],
            "stage": "L9-UNSURE",
            "organisation": "",
            "danger": "UNSURE",
            "basis": "SAW",
            "known": "K0",
            "raised": "",
            "may": "ASK",
            "promise": "",
        },
        "text": "",
        "parts": 0,
        "selfcopy": "full",
    },
    SEEDS[5],
    P,
)
MOVES = st.tuples(
    st.integers(0, 4),
    st.sampled_from(["answer", "note", "recuse", "handover", "cutoff", "cutoff-notes"]),
    st.integers(0, 4),
    st.integers(0, 2**16),
)


def write(author: int, kind: str, parents: list[Event], prev: str | None, whom: int, text: str) -> Event:
    audience = "reviewers" if kind in {"note", "cutoff-notes"} else "all"
    kind = kind.removesuffix("-notes")
    more = {"answer": {"text": text}, "note": {"text": text}, "handover": {"to": SIGNS[whom]}, "cutoff": {"of": SIGNS[whom]}}.get(kind, {})
    names = [each.id for each in parents]
    base = common(kind, "2026-W47", [0, "00" * 32], 1, audience, REPORT.id, prev, names)
    return sign_event(base | more, SEEDS[author], P)


def some_case(moves: list[tuple[int, str, int, int]]) -> list[Event]:
    """Events whose parents are some earlier ones, so that people speak at the same time and behind each other's back."""
    events = [REPORT]
    for n, (author, kind, whom, mask) in enumerate(moves):
        known = [each for i, each in enumerate(events) if mask >> i % 16 & 1 and (each.payload["audience"] == "all" or "note" in kind)]
        events.append(write(author, kind, known[-5:] or [REPORT], None, whom, str(n)))
    return events


@settings(deadline=None)
@given(st.lists(MOVES, max_size=14), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_readers(moves: list[tuple[int, str, int, int]], random: Random) -> None:
    events = some_case(moves)
    folded = fold(events, REPORT.id)
    assert folded is not None
    again = [*events, *random.choices(events, k=5)]
    random.shuffle(again)
    assert fold(again, REPORT.id) == folded
    assert len(folded.readers) <= c.READERS
    assert not set(folded.readers) & set(folded.gone)
    assert set(folded.readers) | set(folded.gone) <= set(SIGNS[:5])
    # A reserve counts through a valid handover to them and not otherwise.
    handed = {event.payload["to"] for event in folded.order if event.kind == "handover"}
    assert {event.author for event in folded.order} <= {*SIGNS[:3], SIGNS[5]} | handed


OPEN_MOVES = MOVES.filter(lambda move: move[1] not in {"note", "cutoff-notes"})


@settings(deadline=None)
@given(st.lists(OPEN_MOVES, max_size=10), st.sampled_from(["answer", "handover", "recuse", "cutoff"]))
def test_who_is_gone_counts_no_more_and_who_reads_does(moves: list[tuple[int, str, int, int]], kind: str) -> None:
    events = some_case(moves)
    case = fold(events, REPORT.id)
    assert case is not None
    for who, sign in enumerate(SIGNS[:5]):
        # Each writes once more, having seen everything.
        late = write(who, kind if sign in case.gone else "answer", events, None, 4, "late")
        after = fold([*events, late], REPORT.id)
        assert after is not None
        assert (late.id not in after.void) == (sign in case.readers)
        assert (after.readers, after.gone) == (case.readers, case.gone)
