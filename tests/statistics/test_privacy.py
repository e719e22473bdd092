"""What anybody can learn of one report from everything that is published, measured on the whole path: labels, file, page, frequency.

OpenDP cannot be seeded, so every bound has room for six standard deviations: a sound path fails once in some hundred million runs.
"""

import functools
import math
import random
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import pytest

from crypto.numbers import LIFETIME, TABLES, Release, believed, frequency, keys_of, parse_release, rows, total_row
from oversight.statistics import draw, keys, labels, release
from tests.statistics.world import KEY, P, active, intake, outcome

RUNS = 1500
Noise = Callable[[Sequence[str], Sequence[str], str], list[int]]
SIGNER = (KEY.key.sign_public, lambda message: keys.sign(KEY.key, message))


Cells = dict[str, list[str]]


def cells_of(arrived: Sequence[bytes]) -> Cells:
    """Checked labels, collected, and what each table counts. There is no chance in this, so it is done once."""
    store = labels.collect(labels.Store(P), [(message, "2027-W12") for message in arrived], active)[0]
    return {table: labels.cells(store, table, "2027-Y") for table in TABLES}


@functools.cache
def of_reports(reports: int, more: bool) -> Cells:
    """Labels of so many reports, 4 of them in group B and with outcome ACTED; `more`: and one further such report, the one at stake."""
    said = [(n, "B1-WEIGHTS" if n < 4 else "A2-UNTESTED", "ACTED" if n < 4 else "OTHER") for n in range(reports)]
    said += [(1000, "B2-INSIDER", "ACTED")] if more else []
    return cells_of([message for n, code, what in said for message in (intake(n, code=code), outcome(n, what=what))])


def published(cells: Cells, table: str, noisy: Noise = draw.noisy) -> Release:
    """From the cells of checked labels to the file and back, as a stranger reads it."""
    counts = noisy(cells[table], keys_of(table, "2027-Y"), TABLES[table].epsilon)
    return parse_release(release.make(P, table, "2027-Y", counts, [], [], "0.16.0", SIGNER))


def page(found: Release) -> tuple[str, ...]:
    return tuple(row.text for row in [*rows(found), total_row(found)])


def often(found: Release) -> str:
    return frequency(2029, {found.period: found.total})[0]


def t1_sights(found: Release) -> list[Hashable]:
    """What somebody may look at: the cell, the words for it, how often later tables come, both, the whole page's cell and total."""
    cell, words = found.counts["B"], page(found)
    return [("file", cell), ("at least", cell >= 5), ("words", words[1]), ("often", often(found)), ("both", words[1], often(found)),
            ("page", words[1] == "few or none", words[-1])]  # fmt: skip


def excess(with_it: Counter[Hashable], without: Counter[Hashable], epsilon: str) -> float:
    """By how many standard deviations the worst event is above e^epsilon times its neighbour, in either direction."""
    bound = math.exp(float(epsilon))
    worst = -math.inf
    for one, other in ((with_it, without), (without, with_it)):
        for event, count in one.items():
            if count + other[event] >= 50:
                deviation = math.sqrt(count + bound**2 * other[event])
                worst = max(worst, (count - bound * other[event]) / deviation)
    return worst


def sights(more: bool, noisy: Noise = draw.noisy, runs: int = RUNS) -> Counter[Hashable]:
    cells = of_reports(59, more)  # a total of 59 or 60 makes later tables yearly or half-yearly
    return Counter(sight for _ in range(runs) for sight in t1_sights(published(cells, "T1", noisy)))


@pytest.fixture(scope="module")
def seen() -> tuple[Counter[Hashable], Counter[Hashable]]:
    return sights(True), sights(False)


def test_no_sight_of_the_table_is_likelier_than_e_to_the_epsilon(seen: tuple[Counter[Hashable], Counter[Hashable]]) -> None:
    with_it, without = seen
    assert excess(with_it, without, "1.0") < 6
    # One event reaches the bound, so the test would see a path that went over it.
    ratio = with_it["at least", True] / without["at least", True]
    assert 2.0 < ratio < 3.5
    assert {"yearly", "half-yearly"} == {sight[1] for sight in with_it if sight[0] == "often"}  # type: ignore[index]
    assert any(sight == ("words", "few or none") for sight in with_it)


def test_noise_that_is_too_small_is_found_by_the_same_test() -> None:
    """The control: half the scale, and a display that looks at the true count first."""

    def small(cells: Sequence[str], wanted: Sequence[str], epsilon: str) -> list[int]:
        return draw.noisy(cells, wanted, str(2 * float(epsilon)))

    def suppressed(cells: Sequence[str], wanted: Sequence[str], epsilon: str) -> list[int]:
        return [0 if list(cells).count(key) < 5 else count for key, count in zip(wanted, draw.noisy(cells, wanted, epsilon), strict=True)]

    for noisy in (small, suppressed):
        assert excess(sights(True, noisy, 800), sights(False, noisy, 700), "1.0") > 6


def lab_is_right(method: Callable[[int, random.Random], bool], runs: int = 1500) -> float:
    """How often the lab guesses right whether the report is there, at even odds. `method`(1 or 0 there, random) gives its guess."""
    chance = random.Random(11)
    hits = 0
    for _ in range(runs):
        there = chance.randrange(2)
        hits += method(there, chance) == bool(there)
    return hits / runs


def fuzz(runs: int = 1500) -> float:
    """Six standard deviations of a share of about three quarters."""
    return 6 * math.sqrt(0.75 * 0.25 / runs)


@pytest.mark.parametrize("fakes", [4, 11])
def test_a_lab_that_files_fakes_and_knows_every_other_report_stays_within_the_bound(fakes: int) -> None:
    """It reads the file, which says more than the page. The best guess there is: whichever of the two neighbours is likelier."""
    both = [_lab(fakes, there) for there in (False, True)]

    def by_t1(there: int, _: random.Random) -> bool:
        return published(both[there], "T1").counts["B"] > fakes

    found = lab_is_right(by_t1)
    assert 0.70 - fuzz() < found < believed(0.5, "1.0") + fuzz()


def test_a_suspicion_that_both_tables_feed_stays_within_the_lifetime_bound() -> None:
    """Of the times when both tables say that the report is there, so often is it: the most that the year can make anybody believe."""
    fakes, chance, right, wrong = 9, random.Random(12), 0, 0
    both = [_lab(fakes, there) for there in (False, True)]
    for _ in range(1500):
        there = chance.randrange(2)
        if published(both[there], "T1").counts["B"] > fakes and published(both[there], "T2").counts["ACTED"] > fakes:
            right, wrong = right + there, wrong + 1 - there
    share, seen = right / (right + wrong), right + wrong
    assert abs(share - believed(0.5, LIFETIME)) < fuzz(seen)
    assert share > believed(0.5, "1.0")  # two tables are worth more than one, and that is said


def _lab(fakes: int, there: bool) -> Cells:
    """Every report in the cell but one is the lab's own, triaged as a true one is."""
    return cells_of([message for n in range(fakes + there) for message in (intake(n), outcome(n))])


def hidden_under(limit: int) -> Callable[[int], int | None]:
    return lambda count: count if count >= limit else None


def ten_five(count: int) -> int | None:
    return 5 * round(count / 5) if count >= 10 else None


@pytest.mark.parametrize("show, fakes", [(hidden_under(5), 4), (hidden_under(10), 9), (ten_five, 12), (lambda count: count, 0)])
def test_thresholds_and_rounding_fall_to_the_same_lab_every_time(show: Callable[[int], int | None], fakes: int) -> None:
    assert lab_is_right(lambda there, _: show(fakes + there) != show(fakes), 300) == 1.0


def test_a_period_drawn_again_and_again_would_give_the_report_away() -> None:
    """Why a table is drawn once: sixteen draws of epsilon 1 are worth much more than one."""
    keys_, fakes = keys_of("T1", "2027-Y"), 9

    def by_many(there: int, _: random.Random) -> bool:
        draws = [draw.noisy(["B"] * (fakes + there), keys_, "1.0")[1] - fakes for _ in range(16)]
        return sum(abs(each) - abs(each - 1) for each in draws) > 0

    assert lab_is_right(by_many, 150) > 0.82
