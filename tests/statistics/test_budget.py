"""No report is ever charged more than 1.5, whatever arrives, in which order, and whatever is cut short; and how often tables are drawn."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import Malformed
from crypto.label import intake_label, outcome_label, thursday
from crypto.numbers import LIFETIME, TABLES, cell_of, due, frequency, keys_of, quarter_of, quarters_of, span
from oversight import disk
from oversight.errors import Refused
from oversight.statistics import desk, folder, ledger, shoppers
from tests.statistics.world import ACTIVE, KEY, LATER, P, active, name_of, name_of_test, shopped, signed

# Both ends of years whose weeks do not end with them: 2026-W53 has its Thursday in 2026, 2028-W52 its last day in 2028.
WEEKS = ("2026-W53", "2027-W01", "2027-W26", "2027-W27", "2027-W52", "2028-W01", "2028-W20", "2028-W52", "2029-W01", "2029-W30")
PERIODS = ("2026-Y", "2027-Y", "2027-H1", "2028-Y", "2029-Y", "2029-H1", "2029-H2", "2029-Q1", "2029-Q3", "2030-Y")
# Reports 6 and 7 are a mystery shopper's, of the year that is in several of the periods and of one that is in quarters too.
TESTS = {6: shopped("11" * 32, "2027-W26"), 7: shopped("22" * 32, "2029-W30", seen="2029-W30", found="B1-WEIGHTS")}
TEST_WEEKS = {6: "2027-W26", 7: "2029-W30"}
ARRIVALS = st.tuples(
    st.just("label"),
    st.integers(0, 7),
    st.sampled_from(tuple(TABLES)),
    st.sampled_from(WEEKS),
    st.sampled_from(("A2-UNTESTED", "C1-MISBEHAVE")),
    st.sampled_from(((0, 1), (0, 1), (2, 3), (0, 5), (4, 5))),  # the last two were never on a roster
)
DRAWS = st.tuples(
    st.just("draw"),
    st.sampled_from(PERIODS),
    st.sampled_from(tuple(TABLES)),
    st.sampled_from((0, 0, 20, 100)),  # added to every cell, so that years become finer
    st.sampled_from((0, 0, 1, 2, 3, 5)),  # the power goes at this step
)


EXACT = st.tuples(st.just("exact"), st.sampled_from(("2027-Y", "2029-Y", "2029-Y", "2029-Q3")), st.sampled_from(((), (6,), (7,), (7,))))


class PowerCut(Exception):
    pass


@dataclass
class Model:
    """What should happen, written down without a look at how it is done."""

    first: dict[tuple[int, str], tuple[str, str, str]] = field(default_factory=dict)
    charged: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    times: Counter[tuple[int, str]] = field(default_factory=Counter)
    drawn: dict[tuple[str, str], bytes] = field(default_factory=dict)
    late: set[tuple[int, str]] = field(default_factory=set)
    tests: set[int] = field(default_factory=set)  # handed over

    def arrive(self, report: int, table: str, week: str, code: str, by: tuple[int, int]) -> None:
        if max(by) > 3 or (report, table) in self.first:
            return
        self.first[report, table] = (week, code, "ACTED" if code[0] == "A" else "OTHER")
        if any(table == other and self.within(week, period) for period, other in self.drawn):
            self.late.add((report, table))

    def counts(self, period: str, table: str) -> list[int]:
        return [
            report for (report, which), (week, _, _) in self.first.items()
            if which == table and self.within(week, period) and (report, which) not in self.late and report not in self.tests
        ]  # fmt: skip

    def takes(self, period: str, tests: Sequence[int]) -> bool:
        """Whether a list of tests is taken: all are of its period, of which no quarter has been drawn in any table."""
        drawn = {quarter for other, _ in self.drawn for quarter in quarters_of(other)}
        return all(self.within(TEST_WEEKS[test], period) for test in tests) and drawn.isdisjoint(quarters_of(period))

    def cells(self, period: str, table: str) -> list[str]:
        said = [self.first[report, table] for report in self.counts(period, table)]
        return [cell_of(period, code, "L2-EVAL", what if table == "T2" else "") for _, code, what in said]

    def draw(self, period: str, table: str, release: bytes) -> None:
        if (period, table) in self.drawn:
            assert self.drawn[period, table] == release, "drawn a second time"
            return
        self.drawn[period, table] = release
        for report in self.counts(period, table):
            self.charged[report] += Fraction(TABLES[table].epsilon)
            self.times[report, table] += 1

    @staticmethod
    def within(week: str, period: str) -> bool:
        return quarter_of(thursday(week)) in quarters_of(period)


def step_through(place: Path, actions: Sequence[tuple[Any, ...]]) -> Model:
    model = Model()
    for action in actions:
        if action[0] == "label":
            _, report, table, week, code, by = action
            model.arrive(report, table, week, code, by)
            name = name_of_test(TESTS[report]) if report in TESTS else name_of(report)
            what = "ACTED" if str(code)[0] == "A" else "OTHER"
            data = intake_label(name, week, code, "L2-EVAL") if table == "T1" else outcome_label(name, week, what)
            desk.collect_into(place, KEY, P, [(signed(data, by), "2030-W01")], active)
        elif action[0] == "exact":
            handing_over(place, model, *action[1:])
        else:
            drawing(place, model, *action[1:])
    return model


def handing_over(place: Path, model: Model, period: str, tests: Sequence[int]) -> None:
    data = shoppers.handed_over(P, period, [TESTS[test] for test in tests], {})
    if model.takes(period, tests):
        desk.exact_into(place, KEY, P, data, ACTIVE)
        model.tests.update(tests)
    else:
        with pytest.raises(Refused):
            desk.exact_into(place, KEY, P, data, ACTIVE)


def drawing(place: Path, model: Model, period: str, table: str, extra: int, cut: int) -> None:
    asked: list[list[str]] = []

    def noisy(cells: Sequence[str], keys: Sequence[str], _: str) -> list[int]:
        asked.append(sorted(cells))
        return [list(cells).count(key) + extra for key in keys]

    left = [cut]

    def renamed(path: Path, name: Path, real: object = disk.rename) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise PowerCut
        real(path, name)  # type: ignore[operator]

    known = (period, table) in model.drawn
    try:
        with mock.patch.object(disk, "rename", renamed):
            desk.draw_once(place, KEY, period, table, LATER, noisy=noisy)
    except (Refused, Malformed):
        # A refused draw must not have looked at anything.
        assert not asked
        return
    except PowerCut:
        pass
    assert asked == [] if known else asked in ([], [sorted(model.cells(period, table))])
    with folder.only_one(place):
        folder.recover(place)
    for entry in ledger.parse_ledger(folder.read_ledger(place)):
        model.draw(entry.period, entry.table, folder.read_releases(place)[entry.release])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(ARRIVALS | DRAWS | EXACT, max_size=25))
def test_no_sequence_of_labels_reopens_forgeries_tests_and_draws_charges_a_report_more_than_its_budget(
    actions: list[tuple[Any, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        desk.collect_into(place, KEY, P, [], active)
        model = step_through(place, actions)
        assert all(charge <= Fraction(LIFETIME) for charge in model.charged.values())
        assert all(times == 1 for times in model.times.values())
        releases = desk.release.check_all(folder.read_ledger(place), folder.read_releases(place), P)
        assert {(each.period, each.table) for each in releases} == set(model.drawn)
        # Parallel composition: the quarters of one table are in one release at most.
        for table in TABLES:
            covered = Counter(quarter for each in releases if each.table == table for quarter in quarters_of(each.period))
            assert max(covered.values(), default=0) <= 1


def test_the_sequences_reach_what_they_are_meant_to(tmp_path: Path) -> None:
    """A year at which the tables become finer, a reopened case, a late label, a forged one, and tests in time and too late, all known."""
    label = ("label", 1, "T1", "2027-W26", "A2-UNTESTED", (0, 1))
    actions = [
        label,
        ("label", 2, "T1", "2027-W26", "A2-UNTESTED", (0, 5)),
        ("label", 6, "T1", "2027-W26", "A2-UNTESTED", (0, 1)),
        ("draw", "2027-Y", "T1", 20, 2),
        ("label", 1, "T1", "2029-W01", "C1-MISBEHAVE", (2, 3)),
        ("label", 3, "T1", "2027-W27", "C1-MISBEHAVE", (2, 3)),
        ("label", 3, "T1", "2029-W01", "C1-MISBEHAVE", (2, 3)),
        ("label", 4, "T1", "2029-W01", "C1-MISBEHAVE", (2, 3)),
        ("label", 1, "T2", "2027-W26", "A2-UNTESTED", (0, 1)),
        ("draw", "2027-Y", "T2", 0, 0),
        ("exact", "2027-Y", (6,)),
        ("label", 7, "T1", "2029-W30", "C1-MISBEHAVE", (0, 1)),
        ("exact", "2029-Y", (6, 7)),
        ("exact", "2029-Y", (7,)),
        ("label", 7, "T2", "2029-W30", "C1-MISBEHAVE", (0, 1)),
        ("draw", "2029-Y", "T1", 0, 0),
        ("draw", "2028-Y", "T1", 20, 0),
        ("draw", "2029-H1", "T1", 0, 0),
        ("draw", "2029-H2", "T1", 0, 0),
        ("draw", "2029-Y", "T2", 0, 0),
    ]
    desk.collect_into(tmp_path, KEY, P, [], active)
    model = step_through(tmp_path, actions)
    # The twelve months of 2027 were published with 101 early in 2028: half-yearly from 2029 on.
    late = {("2029-H1", "T1"), ("2029-H2", "T1"), ("2029-Y", "T2")}
    assert set(model.drawn) == {("2027-Y", "T1"), ("2027-Y", "T2"), ("2028-Y", "T1"), *late}
    # The test of 2027 came to the statistician after the draw and stays counted; that of 2029 is in no table.
    assert model.tests == {7}
    assert model.charged == {1: Fraction("1.5"), 4: Fraction(1), 6: Fraction(1)}


def entries(*drawn: tuple[str, str]) -> list[ledger.Entry]:
    made: list[ledger.Entry] = []
    for period, table in drawn:
        made.append(ledger.Entry(len(made) + 1, table, period, TABLES[table].epsilon, "00" * 32, ledger.head(made)))
    return made


def text_of(made: Sequence[ledger.Entry]) -> bytes:
    return b"".join(map(ledger.line_of, made))


def test_a_ledger_is_read_back() -> None:
    made = entries(("2027-Y", "T1"), ("2027-Y", "T2"), ("2028-Y", "T1"), ("2029-H1", "T1"), ("2029-H2", "T1"))
    assert ledger.parse_ledger(text_of(made)) == made
    assert ledger.parse_ledger(b"") == []


def test_the_chain_of_a_ledger_is_checked_without_its_releases() -> None:
    made = [ledger.line_of(entry) for entry in entries(("2027-Y", "T1"), ("2027-Y", "T2"), ("2028-Y", "T1"))]
    changed = made[0].replace(b"0000", b"0001", 1)
    for lines in (
        [made[0], made[2]],
        made[1:],
        [made[0], made[2], made[1]],
        [changed, *made[1:]],
        [*made, b"\n"],
        [*made[:2], made[2][:-1]],
    ):
        with pytest.raises(Refused, match=r"^line \d of the ledger"):
            ledger.parse_ledger(b"".join(lines))
    assert len(ledger.parse_ledger(b"".join(made))) == 3


@pytest.mark.parametrize(
    "drawn",
    [
        (("2027-Y", "T1"), ("2027-Y", "T1")),
        (("2027-Y", "T1"), ("2027-H2", "T1")),
        (("2027-Q1", "T1"), ("2027-H1", "T1")),
        (("2027-H2", "T1"), ("2027-H1", "T1")),
        (("2027-Y", "T2"), ("2027-Y", "T2")),
    ],
)
def test_a_ledger_that_counts_anybody_twice_is_refused(drawn: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Refused, match=r"counts reports|is before"):
        ledger.parse_ledger(text_of(entries(*drawn)))


def test_a_table_that_would_go_over_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if somebody made the epsilons of the policy larger."""
    from crypto import numbers

    dearer = {**TABLES, "T2": numbers.Table("0.6", "", "")}
    monkeypatch.setattr(ledger, "TABLES", dearer)
    with pytest.raises(Refused, match=r"would lose 1\.6"):
        ledger.check_next(entries(("2027-Y", "T1")), "T2", "2027-Y")
    ledger.check_next(entries(("2027-Y", "T1")), "T2", "2028-Y")


@pytest.mark.parametrize(
    "year, totals, wanted",
    [
        (2027, {}, "yearly"),
        (2028, {"2027-Y": 4000}, "yearly"),  # due in February 2028
        (2029, {"2027-Y": 59}, "yearly"),
        (2029, {"2027-Y": 60}, "half-yearly"),
        (2029, {"2027-Y": 399}, "half-yearly"),
        (2029, {"2027-Y": 400}, "quarterly"),
        (2029, {"2027-Y": -3}, "yearly"),
        (2030, {"2027-Y": 400, "2028-Y": 10}, "yearly"),
        (2030, {"2027-H2": 100, "2028-H1": 20, "2028-H2": 20, "2029-H1": 20}, "yearly"),
        (2030, {"2027-H2": 10, "2028-H1": 20, "2028-H2": 20, "2029-H1": 40}, "half-yearly"),
        (2030, {"2028-Q4": 100, "2029-Q1": 100, "2029-Q2": 100, "2029-Q3": 100, "2029-Q4": 900}, "quarterly"),
        (2030, {"2028-Q1": 100, "2029-Q1": 100, "2029-Q2": 100}, "yearly"),
    ],
)
def test_how_often_follows_from_published_totals_due_before_the_year(year: int, totals: dict[str, int], wanted: str) -> None:
    assert frequency(year, totals)[0] == wanted


@given(st.sampled_from(PERIODS))
def test_every_period_has_its_days_and_its_cells(period: str) -> None:
    first, last = span(period)
    assert (quarter_of(first), quarter_of(last)) == (quarters_of(period)[0], quarters_of(period)[-1])
    assert quarter_of(last + timedelta(days=1)) not in quarters_of(period)
    assert due("T1", period) - last == timedelta(days=45) < due("T2", period) - last
    assert len(keys_of("T1", period)) == {"Y": 5, "H": 13, "Q": 26}[period[5]]
