"""The noise of pairs, what a difference is worth in it, where it lies, and how much money a recheck has.

Source: Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from math import fsum
from statistics import median

import numpy as np
from scipy.special import betaln
from scipy.stats import chi2

ALPHA = 0.05
"""The chance that a study whose data never changes is ever called stale, over its whole history."""
GUESS = 1 / 20
"""The part of that chance which is kept for the comparison with a guess."""
MARGIN = 0.1
"""What is too little to change a configuration for, in standard deviations of a pair's difference."""
_ROUNDING = 1e-9
FIRST = 2 / 3
"""Of all the money that an account ever has, what its first recheck begins with."""


def noise_of(differences: Mapping[int, Sequence[float]]) -> float:
    """The standard deviation of a pair's difference, as the median challenger has it.

    Args:
        differences: By challenger its differences, infinite where a training diverged.

    Returns:
        The deviation, freed of the bias of few pairs; 0 where no challenger has two finite ones.

    Example:
        >>> round(noise_of({1: [0.0, 2.0, 4.0], 2: [1.0, 3.0, 5.0]}), 2), noise_of({1: [0.3 - 0.2, 0.1]})
        (2.4, 0.0)
    """
    variances = []
    for values in differences.values():
        finite = [value for value in values if math.isfinite(value)]
        if len(finite) > 1:
            mean, degrees = fsum(finite) / len(finite), len(finite) - 1
            squares = fsum((value - mean) ** 2 for value in finite)
            variance = squares / degrees / _median_of_chi2(degrees)
            # What is left of equal numbers by rounding is no noise.
            variances.append(variance if variance > (_ROUNDING * mean) ** 2 else 0.0)
    return math.sqrt(median(variances)) if variances else 0.0


@cache
def _median_of_chi2(degrees: int) -> float:
    """The median of a variance of so many degrees of freedom, where its mean is 1."""
    return float(chi2.median(degrees)) / degrees


def mean_of(values: Sequence[float], noise: float) -> float:
    """The mean difference in units of the noise; what is beyond four of them counts as four.

    Example:
        >>> mean_of([1.0, -1.0, -math.inf], 1.0)
        -1.3333333333333333
    """
    if not values or noise <= 0:
        return 0.0
    return fsum(min(max(value / noise, -4.0), 4.0) for value in values) / len(values)


def median_of(values: Sequence[float]) -> float:
    """The median difference; not a number where it lies between minus and plus infinity.

    Example:
        >>> median_of([0.3, -0.1, 0.2, math.inf]), median_of([1.0, 5.0, 2.0])
        (0.25, 2.0)
    """
    return float(median(values))


def stake(number: int) -> float:
    """The fresh money that the recheck of this number, from 1, begins with; all of them sum to 1 - `GUESS`.

    Most studies are rechecked by new rows, or a few times: the first has two thirds.

    Example:
        >>> round(stake(1), 3), round(sum(stake(number) for number in range(1, 1000)), 3)
        (0.633, 0.95)
    """
    later = 1 - FIRST
    return (1 - GUESS) * (FIRST if number == 1 else later / (number * (number - 1)))


def chance_against_a_guess(number: int) -> float:
    """The chance that the recheck of this number takes a guess for better, where it is not.

    Example:
        >>> round(sum(chance_against_a_guess(number) for number in range(1, 1000)) / ALPHA, 3)
        0.05
    """
    return ALPHA * GUESS / (number * (number + 1))


def interval(differences: Sequence[float], *, among: int = 1, alpha: float = ALPHA) -> tuple[float, float]:
    """Where the median difference lies, at every moment at once, whichever challenger is looked at.

    A median m is ruled out where the share of differences above it is too far from a half: where the mean
    of the likelihood ratios p^k (1 - p)^(n - k) / 2^-n over all p in (0, 1) reaches ``among / alpha``.

    Args:
        differences: Of one challenger.
        among: How many challengers it is one of.
        alpha: The chance that any of the intervals is ever wrong.

    Returns:
        Its ends, infinite where there are too few pairs to tell.

    Example:
        >>> interval([1.0, 2.0, 3.0]), interval([float(n) for n in range(12)])
        ((-inf, inf), (1.0, 10.0))
    """
    ordered = sorted(differences)
    pairs, needed = len(ordered), math.log(among / alpha)
    above = np.arange(pairs + 1)
    evidence = pairs * math.log(2) + betaln(above + 1, pairs - above + 1)
    # So many differences at either side can be left out.
    left_out = int(np.sum((evidence >= needed) & (above < pairs / 2)))
    if not left_out:
        return -math.inf, math.inf
    return ordered[left_out - 1], ordered[pairs - left_out]
