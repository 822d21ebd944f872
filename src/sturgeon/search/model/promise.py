"""How promising points are under several models at once, and which way is uphill."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr

from sturgeon.search.model.gaussian_process import Conditioned
from sturgeon.search.model.improvement import log_improvement
from sturgeon.search.model.slopes import Slopes
from sturgeon.space.scales import Floats

_LOG_ROOT_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class Promise:
    """The improvement expected on the best, averaged over models that know the same points; a logarithm.

    What is believed of the points being tried counts as the best already, or each batch would crowd there.

    Args:
        models: At least one.
        best: The best value found so far; inf where none is sure.
    """

    def __init__(self, models: Sequence[Conditioned], best: float) -> None:
        self._models = models
        self._best = np.array([[min(best, model.believed)] for model in models])

    @cached_property
    def _slopes(self) -> Slopes:
        return Slopes(self._models)

    def __call__(self, columns: Floats) -> Floats:
        """Give the promise of ``m`` points, shape ``m × columns``."""
        mean, deviation = np.stack([model.predict(columns) for model in self._models], axis=1)
        return _average(log_improvement(mean, deviation, self._best))[0]

    def uphill(self, columns: Floats) -> tuple[Floats, Floats]:
        """Give the promise of ``m`` points, and its gradient there, of the shape of ``columns``."""
        mean, deviation, mean_slope, deviation_slope = self._slopes(columns)
        each = log_improvement(mean, deviation, self._best)
        # d EI = -Φ(z) dμ + φ(z) dσ, here over EI, by way of logarithms as each of them may underflow.
        z = (self._best - mean) / deviation
        by_mean = -np.exp(log_ndtr(z) - each)
        by_deviation = np.exp(-0.5 * z * z - _LOG_ROOT_TWO_PI - each)
        slope = by_mean[..., None] * mean_slope + by_deviation[..., None] * deviation_slope
        average, shares = _average(each)
        return average, (shares[..., None] * slope).sum(axis=0)


def _average(logarithms: Floats) -> tuple[Floats, Floats]:
    """Average over the first axis what is given by its logarithms; and the share of each in its sum."""
    top = logarithms.max(axis=0)
    raised = np.exp(logarithms - top)
    total = raised.sum(axis=0)
    return top + np.log(total / len(raised)), raised / total
