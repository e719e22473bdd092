"""What a label is, and which are refused under which name."""

import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import constants
from crypto.encoding import canonical, parse_strict
from crypto.errors import BadSignature, Malformed, ProtocolError, Threshold, WrongVersion
from crypto.label import CONCERNS, OUTCOME_OF, OUTCOMES, check_label, endorsed, intake_label, label_bytes, outcome_label, report_id
from crypto.numbers import BEFORE_RELEASE
from crypto.numbers import CONCERNS as SHOWN_CONCERNS
from crypto.numbers import OUTCOMES as SHOWN_OUTCOMES
from crypto.roster import Reviewer, Roster, Suspension
from crypto.tree import Tree
from oversight.statistics import labels
from tests.statistics.world import ACTIVE, NAMES, SIGNERS, P, active, intake, name_of, outcome, signed

STORE = labels.Store(P)


def refused(message: bytes, programme: bytes = P, reviewers: frozenset[str] = ACTIVE) -> type[ProtocolError]:
    with pytest.raises(ProtocolError) as refusal:
        check_label(message, programme, reviewers)
    return refusal.type


def test_a_label_says_codes_and_a_week_and_nothing_else() -> None:
    found = check_label(intake(1), P, ACTIVE)
    assert (found.table, found.report, found.week, found.code, found.stage) == ("T1", name_of(1), "2027-W10", "B1-WEIGHTS", "L3-INTERNAL")
    assert check_label(outcome(1), P, ACTIVE).outcome == "ACTED"


def test_the_lists_of_labels_tables_and_forms_are_the_same() -> None:
    assert tuple(SHOWN_CONCERNS) == CONCERNS and tuple(SHOWN_OUTCOMES) == OUTCOMES
    assert {*CONCERNS, "X2-OUTSIDE"} == set(constants.ABOUT_CODES)
    assert {*OUTCOME_OF, "SPAM"} == set(constants.CLOSE_REASONS) and set(OUTCOME_OF.values()) == set(OUTCOMES)
    assert set(BEFORE_RELEASE) < set(constants.STAGE_CODES)


def test_a_report_has_one_name_in_both_tables_and_another_in_another_programme() -> None:
    assert check_label(intake(3), P, ACTIVE).report == check_label(outcome(3), P, ACTIVE).report
    assert report_id("00" * 32, P) != report_id("00" * 32, bytes(32))


def test_two_different_active_reviewers_must_sign() -> None:
    data = intake_label(name_of(1), "2027-W10", "A2-UNTESTED", "L9-UNSURE")
    assert refused(signed(data, (0,))) is Malformed
    assert refused(signed(data, (0, 1, 2))) is Malformed
    twice = parse_strict(signed(data, (0, 1)))
    twice["signatures"][1] = twice["signatures"][0]
    assert refused(canonical(twice)) is Threshold
    assert refused(signed(data, (0, 5))) is Threshold
    assert refused(endorsed(data, {NAMES[0]: SIGNERS[0].sign(data).signature, NAMES[1]: bytes(64)})) is BadSignature
    assert refused(signed(data, (0, 1), bytes(32))) is BadSignature


def test_codes_on_no_list_are_refused() -> None:
    for concern in ("X2-OUTSIDE", "Z9-NEW", "SPAM"):
        with pytest.raises(Malformed):
            intake_label(name_of(1), "2027-W10", concern, "L9-UNSURE")
    with pytest.raises(Malformed):
        outcome_label(name_of(1), "2027-W10", "SPAM")
    with pytest.raises(Malformed):
        intake_label(name_of(1), "2027-W53", "A2-UNTESTED", "L9-UNSURE")  # 2027 has 52 weeks
    head = {"kind": "label", "table": "T2", "report": name_of(1), "week": "2027-W10", "shopper": "no", "outcome": "ACTED"}
    with pytest.raises(WrongVersion):
        label_bytes({"v": 2, **head})
    with pytest.raises(Malformed):
        label_bytes({"v": 1, **head, "lab": "Lab"})


def _changed(at: int, by: int) -> bytes:
    whole = bytearray(intake(1))
    whole[at % len(whole)] ^= by
    return bytes(whole)


@given(st.binary(max_size=300) | st.builds(_changed, st.integers(0, 400), st.integers(1, 255)))
def test_any_other_bytes_are_refused_by_a_protocol_error(message: bytes) -> None:
    with pytest.raises(ProtocolError):
        check_label(message, P, ACTIVE)


def test_one_label_for_each_report_and_table_the_first_one() -> None:
    arrived = [intake(1), intake(1, code="D1-EVALS"), intake(1), intake(1, week="2028-W10"), outcome(1), intake(2)]
    store, tally = labels.collect(STORE, [(each, "2027-W12") for each in arrived], active)
    assert (tally.new, tally.again, tally.differing) == (3, 3, 2)
    assert sorted(labels.cells(store, "T1", "2027-Y")) == ["B", "B"]
    assert labels.cells(store, "T1", "2028-Y") == []
    assert labels.cells(store, "T1", "2027-H1") == ["B1-WEIGHTS"] * 2
    assert labels.cells(store, "T1", "2027-Q1") == ["B1-WEIGHTS|pre"] * 2
    assert labels.cells(store, "T2", "2027-Y") == ["ACTED"]


def test_shoppers_are_in_no_table_and_refusals_are_named() -> None:
    tag = "ab" * 32
    arrived = [intake(1, shopper=tag), outcome(1), signed(intake_label(name_of(2), "2027-W10", "C2-ESCAPE", "L2-EVAL"), (0, 4)), b"spam"]
    store, tally = labels.collect(STORE, [(each, "2027-W12") for each in arrived], active)
    assert (tally.shoppers, tally.refused) == (1, {"Threshold": 1, "Malformed": 1})
    assert labels.cells(store, "T1", "2027-Y") == []
    # An honest label after it does not bring a shopper into the table.
    store, tally = labels.collect(store, [(intake(1), "2027-W12")], active)
    assert tally.again == 1 and labels.cells(store, "T1", "2027-Y") == []
    assert any("not signed by two different reviewers" in line for line in labels.Tally(refused={"Threshold": 1}).lines())


def test_labels_of_a_period_already_drawn_are_counted_nowhere_and_said_so() -> None:
    store = labels.settle(labels.collect(STORE, [(intake(1), "2027-W12")], active)[0], [("T1", "2027-Y")])
    assert not store.waiting
    late, tally = labels.collect(store, [(intake(2), "2028-W12"), (intake(1), "2028-W12"), (outcome(2), "2028-W12")], active)
    assert (tally.late, tally.again, tally.new) == (1, 1, 1)
    assert labels.cells(late, "T1", "2027-Y") == []
    assert any("counted nowhere" in line and line.startswith("1 ") for line in tally.lines())
    again, tally = labels.collect(late, [(intake(2, week="2028-W40"), "2028-W41")], active)
    assert tally.again == 1 and labels.cells(again, "T1", "2028-Y") == []


def test_the_store_comes_back_as_it_was() -> None:
    store = labels.collect(STORE, [(intake(1), "2027-W12"), (outcome(1), "2027-W12"), (intake(4, shopper="cd" * 32), "2027-W12")], active)[
        0
    ]
    store = labels.settle(store, [("T2", "2027-Y")])
    assert labels.from_bytes(labels.to_bytes(store)) == store


def reviewer(name: str, **other: str) -> Reviewer:
    days = {"noticed": "2026-01-01", "from_": "2027-01-01", "to": "2027-12-31", "paused": "", "ended": "", **other}
    return Reviewer(name, "", days.pop("sign", name), bytes(32), {}, (), (), (), record={}, **days)


def test_who_may_sign_is_said_by_the_roster_in_the_week_the_label_arrived() -> None:
    # 2027-W10 is 8 to 14 March.
    people = [
        reviewer("active"),
        reviewer("revoked", to="2027-03-10", ended="CONDUCT"),
        reviewer("ran out this week", to="2027-03-08"),
        reviewer("ran out last week", to="2027-03-01"),
        reviewer("ran out before", to="2027-02-28"),
        reviewer("new", from_="2027-03-10"),
        reviewer("notice", from_="2027-03-15"),
        reviewer("paused", paused="2027-03-20"),
        reviewer("suspended"),
    ]
    suspensions = (Suspension("suspended", "2027-03-12", "2027-03-20", "OTHER"),)
    tree = Tree(Roster(1, tuple(people), ()), suspensions, None, {}, False)  # type: ignore[arg-type]
    may = labels.active_in(tree)
    assert may("2027-W10") == {"active", "new", "ran out this week", "ran out last week"}
    assert "revoked" in may("2027-W09") and "revoked" not in may("2027-W11")
    assert may("2028-W10") == set()
    # A renewal moves the first day: the term before still counts, and a revocation in the newest roster counts for good.
    renewed = [reviewer("active", from_="2027-06-01", to="2028-05-31"), reviewer("revoked", to="2027-03-10", ended="CONDUCT")]
    newest = Tree(Roster(2, tuple(renewed), ()), (), None, {}, False)  # type: ignore[arg-type]
    before = Roster(1, (reviewer("active", to="2027-05-31"), reviewer("revoked")), ())
    assert labels.active_in(newest)("2027-W10") == set()
    assert labels.active_in(newest, [before])("2027-W10") == {"active"}
    assert labels.active_in(newest, [before])("2026-W10") == set()
    assert datetime.date.fromisocalendar(2027, 10, 7) == datetime.date(2027, 3, 14)


def test_nothing_of_a_label_is_free_text() -> None:
    for message in (intake(1), outcome(1)):
        value = json.loads(canonical(parse_strict(message)))
        assert set(value) == {"label", "signatures"}
        assert len(message) < 1000
