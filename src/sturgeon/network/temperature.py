"""Temperature scaling: probabilities as sure as they are right, by one number for all logits.

Logits are divided by a temperature before the softmax (Guo et al., 2017, arXiv 1706.04599): above 1 it makes
every probability less sure. No guess changes, as the order of the classes stays.

The classes that a temperature is fitted to are smoothed by Laplace's rule, as if one more row had been of any
class: where every guess was right, the best temperature would else be 0, and the first wrong guess ruinous.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sturgeon.data.scores import calibration_error, softmax

_LARGEST = 100.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure probabilities are made, and what that is worth on the rows it was fitted to.

    Attributes:
        temperature: What logits are divided by.
        before: The expected calibration error, 15 bins, without it.
        after: The same with it.
        rows: How many rows it was fitted to, none of which the network that answered had learnt from.
    """

    temperature: float
    before: float
    after: float
    rows: int

    @classmethod
    def fit(cls, logits: np.ndarray, codes: np.ndarray) -> Calibration:
        """Fit the temperature to smoothed classes.

        Args:
            logits: ``[rows, classes]`` of rows that the network did not learn from, at least one.
            codes: Their true classes, integers ``[rows]``.

        Example:
            >>> sure = np.array([[9.0, -9.0]] * 99)
            >>> found = Calibration.fit(sure, np.zeros(99, int))
            >>> round(float(softmax(sure / found.temperature)[0, 0]), 3)
            0.995
        """
        temperature = fit_temperature(logits, codes, smoothing=1 / (len(codes) + 1))
        before, after = (calibration_error(codes, softmax(logits / t)) for t in (1.0, temperature))
        return cls(temperature, before, after, len(codes))

    def to_json(self) -> dict[str, Any]:
        """Write it as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Calibration:
        """Read back what :meth:`to_json` wrote.

        Raises:
            ValueError: The temperature is not a finite number above 0.
        """
        temperature = float(given["temperature"])
        if not 0 < temperature < math.inf:
            raise ValueError(f"a temperature is a finite number above 0; it is {temperature}")
        return cls(temperature, float(given["before"]), float(given["after"]), int(given["rows"]))


def fit_temperature(logits: np.ndarray, codes: np.ndarray, *, smoothing: float = 0.0) -> float:
    """The temperature with the least log loss.

    Args:
        logits: ``[rows, classes]`` of rows that the network did not learn from.
        codes: Their true classes, integers ``[rows]``.
        smoothing: The part of each row's class that is spread evenly over all classes, from 0 to below 1.

    Returns:
        From 0.01 to 100, never with a greater loss than 1 has; and 1 where none is better, as for logits that
        are all equal.

    Example:
        >>> logits, codes = np.array([[2.0, -2.0]] * 4), np.array([0, 0, 0, 1])
        >>> round(4 / fit_temperature(logits, codes), 4), round(math.log(3), 4)
        (1.0986, 1.0986)
    """
    from scipy.optimize import minimize_scalar  # only here: loading it takes most of a second
    from scipy.special import log_softmax

    logits = logits.astype(np.float64)
    rows = np.arange(len(codes))

    def loss(sureness: float) -> float:
        """The log loss, a convex function of 1 / temperature."""
        logs = log_softmax(sureness * logits, axis=1)
        own = -float(logs[rows, codes].mean())
        return own if smoothing == 0 else (1 - smoothing) * own - smoothing * float(logs.mean())

    bounds = (1 / _LARGEST, _LARGEST)
    found: Any = minimize_scalar(
        lambda exponent: loss(math.exp(exponent)), bounds=tuple(map(math.log, bounds)), method="bounded",
        options={"xatol": 1e-8},
    )  # fmt: skip
    sureness = min(math.exp(found.x), *bounds, key=loss)
    return 1 / sureness if loss(sureness) < loss(1.0) else 1.0
