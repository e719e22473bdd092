"""The method page says what is computed; the words of a page are made from noisy numbers alone."""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crypto import numbers
from crypto.numbers import FLOOR, TABLES, keys_of, parse_release, rows, shown, total_row, wording
from oversight.statistics import ledger, release
from oversight.statistics.__main__ import parser
from tests.bench import statistics as bench
from tests.statistics.test_privacy import SIGNER
from tests.statistics.world import P
from tools import shopper

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "statistics.md"


def test_the_tables_and_the_wording_of_the_method_page_are_those_computed() -> None:
    page = PAGE.read_text("utf-8")
    assert bench.written(page) == page, "run  python -m tests.bench.statistics"


def test_the_figures_agree_with_the_taxonomys() -> None:
    figures = bench.rows()
    assert {each["met"] for each in figures if each["target"] is not None} == {True}
    assert len([each for each in figures if each["target"] is not None]) == 6


def test_what_the_page_says_of_policy_is_the_codes() -> None:
    page = " ".join(PAGE.read_text("utf-8").split())
    assert f"ε is {TABLES['T1'].epsilon} for T1 and {TABLES['T2'].epsilon} for T2, so {numbers.LIFETIME}" in page
    assert f"published {numbers.SETTLE_DAYS} days after its period" in page
    assert f"under {numbers.HALF_YEARLY_FROM}, T1 is yearly" in page and f"under {numbers.QUARTERLY_FROM}, half-yearly" in page
    assert f"a number under {FLOOR} as" in page
    assert f'"{shown(12, 4)}"' in page
    for command in ("key", "collect", "exact", "draw", "show", "files", "check"):
        assert f"./tellsafe statistics {command} " in page and f"{command}" in parser().format_help()
    for command in ("send", "check", "leak", "watch", "hand-over"):
        assert f"./tellsafe shopper {command} " in page and f"{command}" in shopper.parser().format_help()


def test_the_wording_says_what_must_be_said() -> None:
    said = " ".join(wording())
    for part in (
        "73 in 100",
        "82 in 100",
        "becomes no more than about 33",
        "no more than 4 (concerns) or 9 (outcomes)",
        "sometimes below zero",
        "not proven wrongdoing",
        "double the loss",
        "trusted to draw the noise once",
        "does not protect what a report says",
    ):
        assert part in said


@given(st.integers(-50, 5000), st.integers(0, 50))
@example(4, 4)
@example(5, 9)
def test_a_number_is_shown_as_few_or_with_its_bounds(noisy: int, within: int) -> None:
    said = shown(noisy, within)
    if noisy < 5:
        assert said == "few or none"
    else:
        assert said == f"about {noisy} ({max(0, noisy - within)} to {noisy + within})"


@pytest.mark.parametrize("period", ["2027-Y", "2029-H1", "2029-Q3"])
def test_rows_are_made_for_every_cell_and_clamp_only_what_is_drawn(period: str) -> None:
    cells = keys_of("T1", period)
    before = {"2027-Y": 70} if "H" in period else {"2027-Y": 4000}
    with pytest.MonkeyPatch.context() as patch:
        if period != "2027-Y":
            patch.setattr(release, "totals_of", lambda _: before)
        made = parse_release(release.make(P, "T1", period, [-3] * (len(cells) - 1) + [40], [], [], "0", SIGNER))
    shown_rows = rows(made)
    assert [row.key for row in shown_rows] == list(cells)
    assert all(row.label and not row.label.startswith(row.key) for row in shown_rows)
    assert (shown_rows[0].value, shown_rows[0].low, shown_rows[0].high, shown_rows[0].noisy) == (0, 0, 1, -3)
    assert shown_rows[-1].text == "about 40 (36 to 44)"
    assert total_row(made).noisy == made.total == 40 - 3 * (len(cells) - 1)


def test_the_newest_release_is_first() -> None:
    def made(table: str, period: str) -> numbers.Release:
        return numbers.Release(table, period, {}, {})

    given_ = [made("T1", "2027-Y"), made("T2", "2027-Y"), made("T1", "2029-H1"), made("T1", "2028-Y"), made("T1", "2029-H2")]
    assert [each.id for each in numbers.newest_first(given_)] == ["2029-H2-T1", "2029-H1-T1", "2028-Y-T1", "2027-Y-T1", "2027-Y-T2"]


def test_the_server_may_import_the_numbers_without_anything_heavy() -> None:
    code = "import sys, crypto.numbers; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    heavy = (
        "opendp",
        "numpy",
        "tuf",
        "nacl",
        "cryptography",
        "crypto.sealing",
        "crypto.private",
        "crypto.event",
        "crypto.label",
        "oversight",
    )
    assert [name for name in loaded if name.startswith(heavy)] == []


def test_periods_in_the_ledger_are_the_programmes_own_calendar() -> None:
    assert numbers.span("2027-H2") == (datetime.date(2027, 7, 1), datetime.date(2027, 12, 31))
    assert ledger.START == "0" * 64
