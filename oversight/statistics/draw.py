"""The noise, by OpenDP: pure differential privacy, discrete Laplace, a fixed list of cells. An optional package, loaded when needed."""

import functools
from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib import metadata
from types import ModuleType
from typing import Any

from crypto.numbers import scale_of
from oversight.errors import Refused

MISSING = "OpenDP is not installed: run  pip install --require-hashes -r requirements-statistics.txt"


def noisy(cells: Sequence[str], keys: Sequence[str], epsilon: str) -> list[int]:
    """A noisy count for each key, in order. `cells`: the cell of each report; epsilon: exact decimal, for adding or removing one report.

    The randomness is OpenDP's own, from the operating system; nothing of it is kept. Refused: a cell that is not a key, OpenDP
    missing, or a mechanism that does not promise exactly this epsilon.
    """
    strangers = sorted(set(cells) - set(keys))
    if strangers:  # OpenDP would leave them out in silence
        raise Refused(f"the table has no cell {strangers[0]}")
    return [int(value) for value in _mechanism(tuple(keys), epsilon)(list(cells))]


@functools.cache
def _mechanism(keys: tuple[str, ...], epsilon: str) -> Callable[[list[str]], list[int]]:
    dp = _opendp()
    space = dp.vector_domain(dp.atom_domain(T=str)), dp.symmetric_distance()
    counted = space >> dp.t.then_count_by_categories(categories=list(keys), null_category=False)
    mechanism: Any = counted >> dp.m.then_laplace(scale=float(scale_of(epsilon)))
    if Fraction(mechanism.map(1)) > Fraction(epsilon):
        raise Refused(f"the mechanism promises {mechanism.map(1)}, not {epsilon}")
    return mechanism  # type: ignore[no-any-return]


def version() -> str:
    """OpenDP's version, for the release file. Refused: it is missing."""
    try:
        return metadata.version("opendp")
    except metadata.PackageNotFoundError as error:
        raise Refused(MISSING) from error


def _opendp() -> ModuleType:
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise Refused(MISSING) from error
    # OpenDP calls everything "contrib" whose code has no finished proof; counts and Laplace have been used and read the most.
    dp.enable_features("contrib")
    return dp
