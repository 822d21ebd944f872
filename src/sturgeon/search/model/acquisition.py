"""Expected improvement under several posteriors at once, and its gradient.

The symbols are those of ``sturgeon.search.model``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from sturgeon.search.model.gaussian_process import Posterior, StackedPosteriors
from sturgeon.space.scales import Floats

_ROOT_TWO = math.sqrt(2.0)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_ROOT_HALF_PI = math.sqrt(0.5 * math.pi)
_LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)
FAR = -30.0
"""Below this z the asymptotic form is used: the exact one loses all its digits."""


class ExpectedImprovement:
    """The logarithm of EI, averaged over posteriors with different kernel parameters.

    What is expected of the points being tried may be the incumbent already, or each batch would crowd there.

    Args:
        posteriors: At least one; all know the same points.
        best: The best target that is known; inf where none is sure.
    """

    def __init__(self, posteriors: Sequence[Posterior], best: float) -> None:
        self._posteriors = posteriors
        self._incumbents = np.array([[min(best, posterior.expected_best)] for posterior in posteriors])

    @cached_property
    def _stacked(self) -> StackedPosteriors:
        return StackedPosteriors(self._posteriors)

    def __call__(self, features: Floats) -> Floats:
        """Give log EI at ``m`` points, shape ``m × features``."""
        mean, deviation = np.stack([one.predict(features) for one in self._posteriors], axis=1)
        return _log_mean(log_expected_improvement(mean, deviation, self._incumbents))[0]

    def with_gradient(self, features: Floats) -> tuple[Floats, Floats]:
        """Give log EI at ``m`` points, and its gradient there, of the shape of ``features``."""
        mean, deviation, mean_slope, deviation_slope = self._stacked.predict_with_gradient(features)
        each = log_expected_improvement(mean, deviation, self._incumbents)
        # d EI = -Φ(z) dμ + φ(z) dσ, here over EI, by way of logarithms as each of them may underflow.
        z = (self._incumbents - mean) / deviation
        by_mean = -np.exp(log_ndtr(z) - each)
        by_deviation = np.exp(-0.5 * z * z - _LOG_ROOT_TWO_PI - each)
        slope = by_mean[..., None] * mean_slope + by_deviation[..., None] * deviation_slope
        average, shares = _log_mean(each)
        return average, (shares[..., None] * slope).sum(axis=0)


def log_expected_improvement(mean: Floats, deviation: Floats, best: float | Floats) -> Floats:
    """Compute log E[max(best - f, 0)] for f normal, without underflow far from the best, [A] eq. 9 and 14.

    Example:
        >>> log_expected_improvement(np.array([0.0, 50.0]), np.array([1.0, 1.0]), 0.0).round(1).tolist()
        [-0.9, -1258.7]
    """
    z = (best - mean) / deviation
    # From z = -1 upwards: log(φ(z) + z Φ(z)).
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near * near) / _ROOT_TWO_PI + near * ndtr(near))
    # Below: log φ(z) + log(1 + z Φ(z) / φ(z)), and of the second term -2 log(-z) where z is very low.
    below = np.minimum(z, -1.0)
    middle = np.maximum(below, FAR)
    ratio = 1.0 + middle * _ROOT_HALF_PI * erfcx(-middle / _ROOT_TWO)
    tail = np.where(below < FAR, -2.0 * np.log(-below), np.log(ratio))
    distant = -0.5 * below * below - math.log(_ROOT_TWO_PI) + tail
    return np.where(z > -1.0, direct, distant) + np.log(deviation)


def _log_mean(logarithms: Floats) -> tuple[Floats, Floats]:
    """Average over the first axis what is given by its logarithms; and the share of each in its sum."""
    top = logarithms.max(axis=0)
    raised = np.exp(logarithms - top)
    total = raised.sum(axis=0)
    return top + np.log(total / len(raised)), raised / total
