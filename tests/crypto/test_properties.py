"""Properties over made-up inputs, and what has no vectors: key files, postings, effort."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import constants as c
from crypto.encoding import b64, canonical, parse_strict, unb64
from crypto.errors import Malformed, NotForUs, ProtocolError, TooLong
from crypto.event import parse_event
from crypto.posting import effort_of, parse_posting
from crypto.private import keyfile, opening
from crypto.receipt import entropy_of, words_of
from crypto.sealing import make_posting, with_effort
from crypto.segment import cover_blocks, parse_segments

P = bytes(range(32))
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
