"""The test: one gambler who bets that some challenger is better than the incumbent, and may stop at any time.

A pair is the incumbent and a challenger trained with one seed on the same rows, and judged on rows that
neither saw; D is by how much the challenger did better. Under the null hypothesis no challenger is better by
more than a tenth of the noise (`MARGIN`): given its size and all pairs before, x = D - margin is no more
often above 0 than below, as where it is symmetric with a single peak at or below 0. A lap is some pairs that
are bet on together. If only the signs of its x were left to chance, each would be + in half of the cases; a
bet pays f, which grows with the sum of x, divided by the mean of f over all these signs. So it returns at
most 1 on average, whichever f is taken, if chosen before the signs are seen: the wealth is a supermartingale,
and by Ville's inequality it ever reaches 1/α with a probability of at most α. One may look after each lap,
stop early, drop challengers and move the bets to those that look best, without any other correction.

Which f is taken decides how soon a better challenger is found. The bet that makes money grow fastest in the
long run is too timid for a few dozen pairs. This gambler wants 1/α by the last pair. In the last lap f is 1
where the sum is among as many of the largest as the money pays for, and 0 elsewhere: the sign-flip test, at
the level of the money. Before that, f is the chance that the sum of all pairs to come, by a normal
approximation, will be so large: the price of a digital option. So the test is nearly as likely to find a
difference as the best one that looks once, at the end.

Source: Ramdas, Grünwald, Vovk and Shafer 2023, "Game-theoretic statistics and safe anytime-valid inference",
sections 3 and 6; Fisher 1935, "The design of experiments", section 21, for the test by signs; Browne 1999,
"Reaching goals by a deadline: digital options and continuous-time active portfolio management", whose
abstract states that the policy for one asset is that of the option, whatever the drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

from sturgeon.recheck.evidence import ALPHA, MARGIN, mean_of, noise_of

UNBET = 2
"""So many pairs only show the noise and the order of the challengers; nothing is staked on them."""
LONGEST_LAP = 13
"""Pairs that are bet on together, at most: all signs of so many are 8,192."""
_LAP = 8
_BEYOND = 1.05
"""What bets aim at, as a multiple of the goal, so that a clear difference ends a race early."""
_MOST = 3.0
"""A difference of more than so many standard deviations counts as so many."""
_SLACK = 1.4
_TINY = 1e-12


def next_lap(pairs: int, end: int, racing: int) -> int:
    """How many pairs are bet on together next.

    Few while challengers are dropped in between; then many, and no handful is left for the last lap, whose
    bet is the sharpest.

    Args:
        pairs: Pairs so far.
        end: Pairs in all; more than `pairs`.
        racing: Challengers that are left.

    Example:
        >>> [next_lap(pairs, 24, 2) for pairs in (0, 2, 4)], [next_lap(pairs, 24, 1) for pairs in (8, 16)]
        ([2, 2, 4], [8, 8])
        >>> next_lap(8, 21, 1)
        13
    """
    left = end - pairs
    if racing == 1 and pairs >= 2 * UNBET and left <= LONGEST_LAP:
        return left
    return min(UNBET if pairs < 2 * UNBET else min(pairs, _LAP), left)


def detectable(pairs: int, capital: float) -> float:
    """How much better a challenger must be to be found in 9 of 10 cases, in units of the noise.

    That of a test that looks once and knows which challenger to look at, and two fifths more, as simulated
    with one better challenger among the others (``tests/recheck/test_gambler.py``).

    Args:
        pairs: Pairs of trainings of the last challenger.
        capital: The money at the start.

    Returns:
        Infinite where there are too few pairs: each can double the money at most.

    Example:
        >>> [round(detectable(pairs, 0.6), 1) for pairs in (2, 11, 24, 32)]
        [inf, 1.6, 1.0, 0.9]
    """
    if pairs <= UNBET or capital * 2.0 ** (pairs - UNBET) < 1 / ALPHA:
        return math.inf
    level = min(capital * ALPHA, 0.5)
    return MARGIN + _SLACK * float(ndtri(1 - level) + ndtri(0.9)) / math.sqrt(pairs - UNBET)


class Gambler:
    """Bets on challengers, lap by lap.

    Args:
        capital: The money at the start; the goal is ``1 / ALPHA``.
        least_noise: The noise counts as at least so much, and the margin as a tenth of it: where pairs of a
            function differ by nothing random, the smallest difference would count.

    Attributes:
        wealth: What one unit of money has become.

    Example:
        >>> gambler = Gambler()
        >>> differences = [1.0 + 0.1 * (-1) ** pair for pair in range(12)]
        >>> for pairs, lap, left in ((2, 2, 10), (4, 2, 8), (12, 8, 0)):
        ...     gambler.bet({1: differences[:pairs]}, lap, left)
        >>> gambler.wealth > 20
        True
    """

    def __init__(self, capital: float = 1.0, *, least_noise: float = 0.0) -> None:
        self.wealth = 1.0
        self._least_noise = least_noise
        self._capital = capital

    def bet(self, differences: Mapping[int, Sequence[float]], lap: int, left: int) -> None:
        """Take note of a lap.

        Args:
            differences: By challenger that is still in the race all its differences: the last `lap` of them
                are those that were bet on, by what those before them had shown.
            lap: Pairs of the lap, from 1 to `LONGEST_LAP`.
            left: How many pairs are to come after it.
        """
        past = {number: values[:-lap] for number, values in differences.items()}
        noise = max(noise_of(past), self._least_noise)
        if noise <= 0 or min(map(len, past.values()), default=0) < UNBET:
            return
        reached, gain = self._capital * self.wealth * ALPHA, 0.0
        weights = _weights(past, noise)
        for number, weight in weights.items():
            beyond = np.clip(np.array(differences[number][-lap:]) / noise - MARGIN, -_MOST, _MOST)
            if left:
                size = math.sqrt(1 + mean_of(past[number], noise) ** 2)
                gain += weight * option_pays(beyond, reached, size * math.sqrt(left))
            else:
                gain += weight * sign_flips_pay(beyond, weight * reached)
        if weights:
            self.wealth *= gain


def option_pays(beyond: np.ndarray, reached: float, to_come: float) -> float:
    """What a bet pays before the last lap, for each unit staked.

    Args:
        beyond: The lap's differences beyond the margin, in units of the noise.
        reached: The money as a share of the goal.
        to_come: The standard deviation of the sum of the pairs to come, if only signs were left to chance.

    Returns:
        At least 0; 1 on average over all signs of `beyond`.

    Example:
        >>> lap = np.array([1.0, 0.5])
        >>> pays = [option_pays(lap * (one, two), 0.1, 3.0) for one in (1, -1) for two in (1, -1)]
        >>> [round(pay, 2) for pay in pays], round(sum(pays) / 4, 9)
        ([1.94, 1.14, 0.62, 0.3], 1.0)
    """
    price = min(max(reached / _BEYOND, _TINY), 1 - _TINY)
    goal = -float(ndtri(price)) * math.hypot(to_come, float(np.linalg.norm(beyond)))
    prices = ndtr((_sums(beyond) - goal) / to_come)
    return float(ndtr((beyond.sum() - goal) / to_come) / max(float(prices.mean()), 1e-300))


def sign_flips_pay(beyond: np.ndarray, reached: float) -> float:
    """What a bet pays in the last lap, for each unit staked: all or nothing.

    Args:
        beyond: The lap's differences beyond the margin, in units of the noise.
        reached: The money that is staked, as a share of the goal.

    Returns:
        What leads to the goal, where the sum is among the largest of all signs; 0 where it is not. Where the
        money is too little for that, it is staked on the largest sum alone.

    Example:
        >>> lap = np.array([1.0, 0.5, 2.0, 0.7])
        >>> [sign_flips_pay(lap * signs, 1 / 8) for signs in (1, (1, -1, 1, 1), -1)]
        [8.0, 8.0, 0.0]
    """
    sums = _sums(beyond)
    paid_for = min(max(int(reached * len(sums) + 1e-9), 1), len(sums))
    as_large = int((sums >= float(beyond.sum()) - 1e-9).sum())
    return len(sums) / paid_for if as_large <= paid_for else 0.0


def _sums(beyond: np.ndarray) -> np.ndarray:
    """What the sum would be, for all signs of its parts."""
    return _signs(len(beyond)) @ np.abs(beyond)


@cache
def _signs(count: int) -> np.ndarray:
    """All signs of so many numbers: an array of 2^count rows."""
    return 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)


def _weights(past: Mapping[int, Sequence[float]], noise: float) -> dict[int, float]:
    """By challenger its share of what is staked; none on those that did worse than the incumbent."""
    means = {number: (mean_of(values, noise), len(values)) for number, values in past.items()}
    shares = {
        number: math.exp(min(pairs * mean, 50.0)) for number, (mean, pairs) in means.items() if mean > 0
    }
    total = sum(shares.values())
    return {number: share / total for number, share in shares.items()}
