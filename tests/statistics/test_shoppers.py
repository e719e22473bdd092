"""Mystery shoppers at the statistician's desk: nothing but a test can be called one, no test is counted, and the figures add up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.encoding import b64, canonical, parse_strict, unb64
from crypto.errors import BadSignature, Malformed
from crypto.event import parse_event
from crypto.label import intake_label
from crypto.numbers import EXACT, exact_csv_of, exact_rows, exact_words, parse_release, spelled
from crypto.private.receipt import keys_of
from crypto.private.signing import sign_event
from oversight.errors import Refused
from oversight.statistics import desk, folder, labels, shoppers
from tests.statistics.world import KEY, NAMES, P, active, collect, draw, intake, name_of_test, outcome, shopped, signed

STORE = labels.Store(P)
GOOD = shopped("11" * 32, "2027-W10", seen="2027-W11", found="B1-WEIGHTS", said="Thank you.", leaks=1)
ALL = [
    GOOD,
    shopped("22" * 32, "2027-W10", "C2-ESCAPE", seen="2027-W10", found="C1-MISBEHAVE"),
    shopped("33" * 32, "2027-W20", seen="2027-W30"),
    shopped("44" * 32, "2027-W50"),
]
PROBES = {"2027-Q1": (10, 9), "2027-Q4": (2, 2)}
FIGURES = (4, 1, 1, 1, 1, 1, 1, 2, 1, 1, 12, 11)


def file(*tests: dict[str, Any], period: str = "2027-Y", probes: dict[str, tuple[int, int]] | None = None) -> bytes:
    return shoppers.handed_over(P, period, tests, probes or {})


def take(store: labels.Store, data: bytes) -> labels.Store:
    return shoppers.take(store, data, NAMES[:4])[0]


def test_the_figures_are_those_of_the_signed_events_and_come_back_from_the_store() -> None:
    store = take(take(STORE, file(*ALL[:2])), file(*ALL, probes=PROBES))
    assert tuple(shoppers.exact(store, "2027-Y").values()) == FIGURES
    assert shoppers.exact(store, "2027-Q2")["tests"] == 1 and not any(shoppers.exact(store, "2028-Y").values())
    assert labels.from_bytes(labels.to_bytes(store)) == store


def test_no_label_of_a_test_is_counted_before_or_after_it_is_known_as_one() -> None:
    early, late = (signed(intake_label(name_of_test(test), "2027-W10", "B1-WEIGHTS", "L3-INTERNAL")) for test in ALL[:2])
    store = labels.collect(STORE, [(each, "2027-W12") for each in (early, intake(1), outcome(1))], active)[0]
    store, out = shoppers.take(store, file(*ALL), NAMES[:4])
    assert out == 1
    store, tally = labels.collect(store, [(late, "2027-W13"), (early, "2027-W13")], active)
    assert (tally.new, tally.again) == (0, 2)
    assert (labels.cells(store, "T1", "2027-Y"), labels.cells(store, "T2", "2027-Y")) == (["B"], ["ACTED"])


def test_a_release_has_the_figures_in_words_in_rows_and_as_csv(tmp_path: Path) -> None:
    collect(tmp_path, [intake(1)])
    desk.exact_into(tmp_path, KEY, P, file(*ALL, probes=PROBES), NAMES[:4])
    made = draw(tmp_path)
    assert dict(exact_rows(made)) == dict(zip(EXACT.values(), FIGURES, strict=True))
    tests, uptime = exact_words(made)
    assert tests.startswith(
        "Of 4 test reports, reviewers acknowledged 2 by the end of the week after it was sent, 1 later and 1 not at all."
    )
    assert "Triage gave 1 the code that was meant, 1 another and 2 none. Reviewers wrote back to 1. Leaks found: 1." in tests
    assert uptime == "The server answered 11 of the 12 times it was asked, 91.6 in 100."
    assert exact_csv_of(made).decode().splitlines()[:2] == ["release_id,figure,count", "2027-Y-T1,tests,4"]
    assert exact_words(draw(tmp_path, table="T2")) == []
    with pytest.raises(Refused, match="2027-Y-T1 has been drawn"):
        desk.exact_into(tmp_path, KEY, P, file(), NAMES[:4])
    with pytest.raises(Refused, match="2027-Y-T1 has been drawn"):
        desk.exact_into(tmp_path, KEY, P, file(shopped("55" * 32, "2027-W05"), period="2027-Q1"), NAMES[:4])
    # Figures that do not add up are no release, whoever signs them.
    data = folder.read_releases(tmp_path)["2027-Y-T1"]
    value = dict(made.value)
    for name, count in (("tests", 5), ("answered", 5), ("probes_answered", 13), ("leaks", -1)):
        with pytest.raises(Malformed):
            parse_release(spelled(value | {"exact": value["exact"] | {name: count}}))
    with pytest.raises(Malformed, match="exact"):
        parse_release(spelled(value | {"exact": {}}))
    assert parse_release(data) == made


def forged(test: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> bytes:
    test = {**test, "events": [*test["events"]]}
    change(test)
    return file(test)


def from_outside() -> dict[str, Any]:
    """A report that its readers know, whose reporter is no shopper: somebody makes up a number and a code for it."""
    return {**ALL[1], "nonce": "99" * 32}


def read_by_nobodies() -> dict[str, Any]:
    """The keeper names readers of their own, who then do everything right."""
    raw = parse_event(unb64(GOOD["events"][0]), P)
    own = shoppers.entropy_of(GOOD["nonce"], GOOD["code"], P)
    event = sign_event({**raw.payload, "readers": NAMES[4:6]}, keys_of(own, P).sign_seed, P)
    return {**GOOD, "events": [b64(event.raw)]}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (file(from_outside()), "was no test before it was sent"),
        (forged(GOOD, lambda test: test.update(code="C2-ESCAPE")), "was no test before it was sent"),
        (forged(GOOD, lambda test: test["events"].pop(0)), "was no test before it was sent"),
        (forged(GOOD, lambda test: test["events"].pop(1)), "some events are left out"),
        (file(read_by_nobodies()), "never a reviewer"),
        (file(GOOD, period="2028-Y"), "is not of 2028-Y"),
        (file(probes={"2028-Q1": (1, 1)}), "the probes of 2028-Q1"),
        (file(probes={"2027-Q1": (1, 2)}), "the probes of 2027-Q1"),
        (file().replace(P.hex().encode(), b"00" * 32), "another programme"),
        (b"{}", "these are not exact figures"),
        (canonical({**parse_strict(file(GOOD)), "period": "2027"}), "is not a period"),
    ],
)
def test_what_is_no_test_stays_a_report(data: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        take(STORE, data)


def test_a_changed_event_and_a_log_that_lost_lines_are_refused() -> None:
    raw = bytearray(unb64(GOOD["events"][1]))
    raw[-2] ^= 1
    with pytest.raises(BadSignature):
        take(STORE, forged(GOOD, lambda test: test["events"].__setitem__(1, b64(bytes(raw)))))
    with pytest.raises(Refused, match="lost lines"):
        take(take(STORE, file(probes=PROBES)), file(probes={"2027-Q1": (9, 9)}))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(range(4)), max_size=5), st.lists(st.integers(0, 7), max_size=12))
def test_in_any_order_of_labels_and_lists_tests_leave_the_tables_and_nothing_else_does(lists: list[int], arriving: list[int]) -> None:
    store, names = STORE, {number: name_of_test(test) for number, test in enumerate(ALL)}
    for at, number in enumerate(arriving):
        label = signed(intake_label(names[number], "2027-W10", "B1-WEIGHTS", "L3-INTERNAL")) if number < 4 else intake(number)
        store = labels.collect(store, [(label, "2027-W12")], active)[0]
        if at < len(lists):
            store = take(store, file(ALL[lists[at]]))
    known = set(lists[: len(arriving)])
    assert len(labels.cells(store, "T1", "2027-Y")) == len({number for number in arriving if number not in known})
    figures = shoppers.exact(store, "2027-Y")
    assert figures["tests"] == len(known) == sum(figures[name] for name in EXACT if name.startswith("acknowledged_"))
