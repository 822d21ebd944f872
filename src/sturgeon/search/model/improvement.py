"""How much better than the best a configuration may be: expected improvement, on a log scale."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfcx, ndtr

from sturgeon.space.scales import Floats

_ROOT_TWO = math.sqrt(2.0)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_ROOT_HALF_PI = math.sqrt(0.5 * math.pi)
FAR = -30.0


def log_improvement(mean: Floats, deviation: Floats, best: float | Floats) -> Floats:
    """Compute log E[max(best - f, 0)] for f normal, without underflow far from the best.

    Source: Ament et al., Unexpected improvements to expected improvement (2023), eq. 9 and 14.

    Example:
        >>> log_improvement(np.array([0.0, 50.0]), np.array([1.0, 1.0]), 0.0).round(1).tolist()
        [-0.9, -1258.7]
    """
    z = (best - mean) / deviation
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near * near) / _ROOT_TWO_PI + near * ndtr(near))
    below = np.minimum(z, -1.0)
    middle = np.maximum(below, FAR)
    ratio = 1.0 + middle * _ROOT_HALF_PI * erfcx(-middle / _ROOT_TWO)
    tail = np.where(below < FAR, -2.0 * np.log(-below), np.log(ratio))
    distant = -0.5 * below * below - math.log(_ROOT_TWO_PI) + tail
    return np.where(z > -1.0, direct, distant) + np.log(deviation)
