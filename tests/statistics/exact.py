"""A second sampler of discrete Laplace noise, exact and small (Canonne, Kamath, Steinke 2020, algorithms 1 and 2): a check on OpenDP's.

Whole numbers and fractions only, so there is no rounding to attack. `below(n)` gives a uniform number in [0, n).
"""

import secrets
from collections.abc import Callable
from fractions import Fraction

Below = Callable[[int], int]


def bernoulli(chance: Fraction, below: Below) -> bool:
    return below(chance.denominator) < chance.numerator


def bernoulli_exp(gamma: Fraction, below: Below) -> bool:
    """True with probability e^-gamma."""
    while gamma > 1:
        if not bernoulli_exp(Fraction(1), below):
            return False
        gamma -= 1
    k = 1
    while bernoulli(gamma / k, below):
        k += 1
    return k % 2 == 1


def discrete_laplace(scale: Fraction, below: Below = secrets.randbelow) -> int:
    """A whole number x with probability proportional to e^(-|x| / scale)."""
    t, s = scale.numerator, scale.denominator
    while True:
        u = below(t)
        if not bernoulli_exp(Fraction(u, t), below):
            continue
        v = 0
        while bernoulli_exp(Fraction(1), below):
            v += 1
        size = (u + t * v) // s
        negative = bernoulli(Fraction(1, 2), below)
        if not (negative and size == 0):  # else zero would be drawn twice as often
            return -size if negative else size
