"""The test: one gambler who bets that some challenger is better than the incumbent, and may stop at any time.

A pair is the incumbent and a challenger trained with one seed on the same rows, and judged on rows that
neither saw; D is by how much the challenger did better. Under the null hypothesis no challenger is better by
more than a tenth of the noise (`MARGIN`): D - margin is symmetric about a point at or below 0, given all
pairs before. Whoever stakes a share b of their money then gets 1 + b Σ w tanh((D - margin)/s) times as much,
which is at most 1 on average, whatever share b, weights w and scale s are taken, if chosen before D is seen.
So the wealth is a supermartingale, and by Ville's inequality it ever reaches 1/α with a probability of at
most α: one may look after each pair, stop early, drop challengers and move the bets to those that look best,
without any other correction.

How much is staked decides how soon a better challenger is found. The share that makes money grow fastest in
the long run is too timid for a few dozen pairs. This gambler wants 1/α by the last pair, and stakes what is
most likely to get there: what holds a digital option, whose price is the money as a share r of the goal. With
n pairs to come, each bet of variance v, that is φ(Φ⁻¹(r)) / (r √(v n)) in the limit of many small bets,
however large the difference is: how much of the asset the option's seller holds, under Black and Scholes. So
the test is about as likely to find a difference as the best one that looks once, at the end.

Source: Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting"; Ramdas,
Grünwald, Vovk and Shafer 2023, "Game-theoretic statistics and safe anytime-valid inference", sections 3 and
6; Browne 1999, "Reaching goals by a deadline: digital options and continuous-time active portfolio
management", whose abstract states that the policy for one asset is that of the option, whatever the drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from math import fsum
from statistics import median

import numpy as np
from scipy.special import betaln, ndtri
from scipy.stats import chi2

ALPHA = 0.05
"""The chance that a study whose data never changes is ever called stale, over its whole history."""
GUESS = 1 / 20
"""The part of that chance which is kept for the comparison with a guess."""
MARGIN = 0.1
"""What is too little to change a configuration for, in standard deviations of a pair's difference."""
UNBET = 2
"""So many pairs only show the noise and the order of the challengers; nothing is staked on them."""
_VARIANCE = 0.394
"""Of tanh(x) where x is standard normal."""
_BEYOND = 1.05
"""What bets aim at, as a multiple of the goal, so that a clear difference ends a race early."""
_MOST_STAKED = 0.99


def noise_of(differences: Mapping[int, Sequence[float]]) -> float:
    """The standard deviation of a pair's difference, as the median challenger has it.

    Args:
        differences: By challenger its differences, infinite where a training diverged.

    Returns:
        The deviation, freed of the bias of few pairs; 0 where no challenger has two finite ones.

    Example:
        >>> round(noise_of({1: [0.0, 2.0, 4.0], 2: [1.0, 3.0, 5.0]}), 2)
        2.4
    """
    variances = []
    for values in differences.values():
        finite = [value for value in values if math.isfinite(value)]
        if len(finite) > 1:
            mean, degrees = fsum(finite) / len(finite), len(finite) - 1
            squares = fsum((value - mean) ** 2 for value in finite)
            variances.append(squares / degrees / _median_of_chi2(degrees))
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


class Gambler:
    """Bets on challengers, pair by pair.

    Args:
        capital: The money at the start; the goal is ``1 / ALPHA``.

    Attributes:
        wealth: What one unit of money has become.

    Example:
        >>> gambler = Gambler()
        >>> for pair in range(1, 13):
        ...     gambler.bet({1: [1.0 + 0.1 * (-1) ** n for n in range(pair)]}, 13 - pair)
        >>> gambler.wealth > 20
        True
    """

    def __init__(self, capital: float = 1.0) -> None:
        self.wealth = 1.0
        self._capital = capital

    def bet(self, differences: Mapping[int, Sequence[float]], left: int) -> None:
        """Take note of a pair.

        Args:
            differences: By challenger that is still in the race all its differences, at least one: the last
                is the one that was bet on, by what those before it had shown.
            left: How many pairs there were to come before it was seen, with this one.
        """
        past = {number: values[:-1] for number, values in differences.items()}
        noise = noise_of(past)
        if noise <= 0 or min((len(values) for values in past.values()), default=0) < UNBET:
            return
        gain = 0.0
        for number, weight in _weights(past, noise).items():
            gain += weight * math.tanh(differences[number][-1] / noise - MARGIN)
        self.wealth *= 1 + staked_share(self._capital * self.wealth * ALPHA, left) * gain


def staked_share(reached: float, left: int) -> float:
    """The share of the money that is staked.

    Args:
        reached: The money as a share of the goal.
        left: Pairs to come.

    Returns:
        From 0 to `_MOST_STAKED`.

    Example:
        >>> [round(staked_share(reached, 24), 2) for reached in (0.025, 0.5, 0.9)]
        [0.77, 0.27, 0.09]
    """
    price = min(max(reached / _BEYOND, 1e-12), 1 - 1e-12)
    density = math.exp(-(float(ndtri(price)) ** 2) / 2) / math.sqrt(2 * math.pi)
    return min(density / (price * math.sqrt(_VARIANCE * max(left, 1))), _MOST_STAKED)


def _weights(past: Mapping[int, Sequence[float]], noise: float) -> dict[int, float]:
    """By challenger its share of what is staked; none on those that did worse than the incumbent."""
    means = {number: (mean_of(values, noise), len(values)) for number, values in past.items()}
    shares = {
        number: math.exp(min(pairs * mean, 50.0)) for number, (mean, pairs) in means.items() if mean > 0
    }
    total = sum(shares.values())
    return {number: share / total for number, share in shares.items()}


def stake(number: int) -> float:
    """The fresh money that the recheck of this number, from 1, begins with; all of them sum to 1 - `GUESS`.

    Example:
        >>> stake(1), round(sum(stake(number) for number in range(1, 1000)), 3)
        (0.475, 0.949)
    """
    return (1 - GUESS) / (number * (number + 1))


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
