"""Temperature scaling: probabilities as sure as they are right, by one number for all logits.

Logits are divided by a temperature before the softmax (Guo et al., 2017, arXiv 1706.04599): above 1 it makes
every probability less sure. No guess changes, as the order of the classes stays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_LARGEST = 100.0


def fit_temperature(logits: np.ndarray, codes: np.ndarray) -> float:
    """The temperature with the least log loss.

    Args:
        logits: ``[rows, classes]`` of rows that the network did not learn from.
        codes: Their true classes, integers ``[rows]``.

    Returns:
        From 0.01 to 100, never with a greater loss than 1 has; and 1 where none is better, as for logits that
        are all equal.

    Example:
        >>> logits, codes = np.array([[2.0, -2.0]] * 4), np.array([0, 0, 0, 1])
        >>> round(4 / fit_temperature(logits, codes), 4), round(math.log(3), 4)
        (1.0986, 1.0986)
    """
    logits = logits.astype(np.float64)
    rows = np.arange(len(codes))

    def loss(sureness: float) -> float:
        """The log loss, a convex function of 1 / temperature."""
        return -float(log_softmax(sureness * logits, axis=1)[rows, codes].mean())

    bounds = (1 / _LARGEST, _LARGEST)
    found: Any = minimize_scalar(
        lambda exponent: loss(math.exp(exponent)), bounds=tuple(map(math.log, bounds)), method="bounded",
        options={"xatol": 1e-8},
    )  # fmt: skip
    sureness = min(math.exp(found.x), *bounds, key=loss)
    return 1 / sureness if loss(sureness) < loss(1.0) else 1.0
