"""What the noise leaves to be read: simulated years of 20 to 2,000 reports, as the method page quotes them.

`python -m tests.bench.statistics` writes the tables into docs/statistics.md. The seed is fixed, and numpy's oldest generator gives the same
numbers for ever, so the page says what this file says; that OpenDP's noise is the same noise is for tests/statistics to show.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crypto.numbers import LIFETIME, TABLES, TOTAL_SHARE, believed, interval, probability, wording

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "statistics.md"
SEED = 5
RUNS = 4_000
# Ten concerns as skewed as such lists are, and the same in four groups: shares of all reports, in hundredths.
TEN = (24, 18, 14, 11, 9, 8, 6, 5, 3, 2)
FOUR = (40, 30, 20, 10)
CASES: tuple[tuple[int, str, Sequence[int]], ...] = tuple(
    (reports, epsilon, shares) for reports in (20, 80, 200, 2_000) for shares in (TEN, FOUR) for epsilon in ("0.5", "1.0")
)
SHORT = {"T1": "concerns", "T2": "outcomes"}
Figures = dict[str, float]


def utility(reports: int, epsilon: str, shares: Sequence[int]) -> Figures:
    """Of RUNS simulated years: median error of a cell in hundredths of its true count (of 1 where that is 0), cells within 20 in 100, years
    in which the biggest cell is shown as the biggest, and what 95 in 100 of the totals' errors stay within.
    """
    # The same seed for every row: rows differ by what they say and not by luck.
    chance = np.random.RandomState(SEED)
    true = chance.multinomial(reports, [share / sum(shares) for share in shares], RUNS)
    # Discrete Laplace noise is the difference of two geometric numbers.
    p = 1 - math.exp(-float(epsilon))
    noise = chance.geometric(p, true.shape) - chance.geometric(p, true.shape)
    error = np.abs(noise) / np.maximum(true, 1)
    biggest = true.max(axis=1) == np.take_along_axis(true, (true + noise).argmax(axis=1)[:, None], axis=1)[:, 0]
    return {
        "median": 100 * float(np.median(error)),
        "within20": 100 * float((error <= 0.2 + 1e-12).mean()),
        "biggest": 100 * float(biggest.mean()),
        "total95": float(np.quantile(np.abs(noise.sum(axis=1)), 0.95, method="higher")),
    }


def suppressed(reports: int, limit: int) -> float:
    """Reports in a hundred that hiding cells under `limit` would hide, with no safety in return."""
    chance = np.random.RandomState(SEED)
    true = chance.multinomial(reports, [share / sum(TEN) for share in TEN], RUNS)
    return 100 * float(true[true < limit].sum()) / (reports * RUNS)


def utility_table() -> str:
    lines = [
        "| reports | cells | ε | median error of a cell | cells within 20 % | biggest cell right | total, 95 in 100 | under 5 hidden |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for reports, epsilon, shares in CASES:
        found = utility(reports, epsilon, shares)
        hidden = f"{suppressed(reports, 5):.0f} % of reports" if shares is TEN else ""
        first = (
            f"| {reports:,} | {len(shares)} | {epsilon} | {found['median']:.1f} % | {found['within20']:.0f} % | {found['biggest']:.0f} %"
        )
        lines.append(f"{first} | ±{found['total95']:.0f} | {hidden} |")
    return "\n".join(lines)


def noise_table() -> str:
    """Exact, no simulation."""
    lines = [
        "| table | ε | standard deviation | 90 in 100 within | 95 in 100 | 99 in 100 | total of five cells, 95 in 100 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, table in TABLES.items():
        deviation = math.sqrt(sum(2 * value**2 * probability(table.epsilon, value) for value in range(1, 200)))
        reach = " | ".join(f"±{interval(table.epsilon, 1, share)}" for share in (0.9, 0.95, 0.99))
        total = interval(table.epsilon, 5, TOTAL_SHARE)
        lines.append(f"| {SHORT[name]} ({name}) | {table.epsilon} | {deviation:.2f} | {reach} | ±{total} |")
    return "\n".join(lines)


def quoted() -> str:
    return "\n>\n".join(f"> {sentence}" for sentence in wording())


def belief_table() -> str:
    """Exact: what a suspicion can become."""
    lines = [
        "| suspicion before | after the table of concerns | after both tables | after both, two reports of one person |",
        "|---|---|---|---|",
    ]
    for prior in (0.01, 0.1, 0.5):
        after = " | ".join(f"{100 * believed(prior, epsilon):.1f} in 100" for epsilon in (TABLES["T1"].epsilon, LIFETIME, "3.0"))
        lines.append(f"| {100 * prior:.0f} in 100 | {after} |")
    return "\n".join(lines)


BLOCKS = {"wording": quoted, "noise": noise_table, "belief": belief_table, "utility": utility_table}


def written(page: str) -> str:
    """The page with every table as it is computed now, between its two marks."""
    for name, table in BLOCKS.items():
        begin, end = f"<!-- table {name} -->\n", f"<!-- end {name} -->"
        before, after = page.split(begin)[0], page.split(end)[1]
        page = before + begin + table() + "\n" + end + after
    return page


def rows() -> list[dict[str, Any]]:
    """For `tellsafe bench`: the medians of section 5.2 of the taxonomy are the targets."""
    targets = {(20, "0.5"): 100.0, (20, "1.0"): 25.0, (200, "0.5"): 8.0, (200, "1.0"): 2.5, (2_000, "0.5"): 0.8, (2_000, "1.0"): 0.3}
    made: list[dict[str, Any]] = []
    for reports, epsilon, shares in CASES:
        found = utility(reports, epsilon, shares)
        said = f"{found['within20']:.0f} % of cells within 20 %, biggest right {found['biggest']:.0f} %, total ±{found['total95']:.0f}"
        target = targets.get((reports, epsilon)) if shares is TEN else None
        # The taxonomy's figures are rounded: half a unit of their last digit is not a miss.
        met = None if target is None else found["median"] <= target * 1.1
        name = f"statistics: median error, {reports:,} reports, {len(shares)} cells, eps {epsilon}"
        made.append({"name": name, "value": round(found["median"], 1), "unit": "%", "target": target, "met": met, "baseline": said})
    return made


def main() -> None:
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
