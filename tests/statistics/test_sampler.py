"""Both samplers draw what the theory says, and a sampler of another epsilon is noticed."""

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest
from scipy.stats import chisquare

from crypto.numbers import TABLES, interval, probability, scale_of
from oversight.errors import Refused
from oversight.statistics import draw
from tests.statistics.exact import discrete_laplace

EDGE = 8
# OpenDP cannot be seeded: a good sampler fails here once in ten million runs.
ENOUGH = 1e-7


def fit(sample: Sequence[int], epsilon: str) -> float:
    """p of a chi-square against discrete Laplace, 17 cells: -8 and below to 8 and above."""
    seen = Counter(max(-EDGE, min(EDGE, value)) for value in sample)
    chances = [probability(epsilon, value) for value in range(-EDGE, EDGE + 1)]
    tail = sum(probability(epsilon, value) for value in range(EDGE + 1, 400))
    chances[0] += tail
    chances[-1] += tail
    total = sum(chances)
    expected = [len(sample) * chance / total for chance in chances]
    return float(chisquare([seen[value] for value in range(-EDGE, EDGE + 1)], expected).pvalue)


def opendp_sample(epsilon: str, size: int = 20_000) -> list[int]:
    keys = [f"k{number}" for number in range(400)]
    return [value for _ in range(size // len(keys)) for value in draw.noisy([], keys, epsilon)]


@pytest.mark.parametrize("epsilon", [table.epsilon for table in TABLES.values()])
def test_opendp_draws_discrete_laplace(epsilon: str) -> None:
    assert fit(opendp_sample(epsilon), epsilon) > ENOUGH


@pytest.mark.parametrize("epsilon", [table.epsilon for table in TABLES.values()])
def test_the_small_exact_sampler_agrees(epsilon: str) -> None:
    below = random.Random(5).randrange
    sample = [discrete_laplace(scale_of(epsilon), below) for _ in range(15_000)]
    assert fit(sample, epsilon) > 0.001


def test_a_sampler_of_another_epsilon_is_found() -> None:
    below = random.Random(6).randrange
    other = [discrete_laplace(1 / Fraction("1.15"), below) for _ in range(20_000)]
    assert fit(other, "1.0") < ENOUGH
    assert fit(opendp_sample("1.0"), "0.9") < ENOUGH


def test_noise_is_added_to_the_counts_of_the_fixed_list() -> None:
    keys = ["A", "B", "C"]
    many = [draw.noisy(["B"] * 500 + ["C"] * 20, keys, "1.0") for _ in range(50)]
    assert [sorted(each[place] for each in many)[25] for place in range(3)] == pytest.approx([0, 500, 20], abs=2)


def test_a_cell_on_no_list_is_refused_by_name_and_not_left_out() -> None:
    with pytest.raises(Refused, match="Z9"):
        draw.noisy(["A", "Z9"], ["A", "B"], "1.0")


def test_the_bounds_in_the_files_are_those_of_the_taxonomy() -> None:
    assert (interval("1.0"), interval("0.5")) == (4, 9)
    assert interval("1.0", 10, 0.95) == 9
    outside = sum(abs(value) > 4 for value in opendp_sample("1.0")) / 20_000
    assert outside < 0.014  # by the theory 0.0098
