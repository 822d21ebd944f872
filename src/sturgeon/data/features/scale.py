"""Normalise one feature: x becomes (x - μ)/σ with the training rows' μ and σ; and the range they had."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Scale:
    """The mean and the standard deviation of a feature over the training rows.

    Attributes:
        mean: μ, in the feature's own unit.
        std: σ = √(Σ(x-μ)²/n), above 0: the divisor is n, not n - 1.

    Example:
        >>> Scale(mean=10.0, std=2.0).apply(np.array([10.0, 14.0])).tolist()
        [0.0, 2.0]
    """

    mean: float
    std: float

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return (x - μ)/σ, float64 of the same shape."""
        with np.errstate(over="ignore"):  # a value too large is refused, by name, after all columns
            return (values - self.mean) / self.std

    def undo(self, values: np.ndarray) -> np.ndarray:
        """Return μ + σx, float64 of the same shape: the inverse of `apply`."""
        return self.mean + self.std * np.asarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest value that training rows had: beyond it a network is only guessing.

    Attributes:
        low: The smallest, in the feature's own unit.
        high: The largest; not below `low`.

    Example:
        >>> Range(0.0, 2.0).holds(np.array([2.0, 2.5])).tolist()
        [True, False]
    """

    low: float
    high: float

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Whether each value is in the range, Boolean of the same shape."""
        return (values >= self.low) & (values <= self.high)

    def normalise(self, values: np.ndarray, scale: Scale) -> np.ndarray:
        """Normalise, and compress smoothly what lies outside the range.

        A value in the range becomes (x - μ)/σ, to the bit. One that is e·σ beyond an end becomes what the end
        becomes, and e/√(1 + e²) more: at first it goes on as before, but never by more than 1, one σ.

        Args:
            values: Finite, float64, any shape.
            scale: μ and σ.

        Returns:
            float64 of the same shape.

        Example:
            >>> Range(-1.0, 1.0).normalise(np.array([-0.5, 1.0, 1e9]), Scale(0.0, 1.0)).tolist()
            [-0.5, 1.0, 2.0]
        """
        normal = scale.apply(values)
        outside = ~self.holds(values)
        if outside.any():
            ends = np.clip(values[outside], self.low, self.high)
            with np.errstate(over="ignore"):
                excess = np.clip((values[outside] - ends) / scale.std, -FARTHEST, FARTHEST)
            normal[outside] = scale.apply(ends) + excess / np.sqrt(1 + excess**2)
        return normal


FARTHEST = 1e9
"""How many σ beyond its range a value counts as at most; e/√(1 + e²) is 1 there, to the last bit."""


def fit_scale(values: np.ndarray) -> Scale | None:
    """Measure μ and σ.

    The sums are exact (`math.fsum`), so the result has the same bits on every machine; a study
    resumed elsewhere then sees the same data. Values are first halved or doubled into [-1, 1], which
    is exact too and keeps the squares from overflowing.

    Args:
        values: Finite, float64, shape n with n ≥ 1.

    Returns:
        The scale, or None when all values are equal: there is nothing to learn from them.

    Example:
        >>> fit_scale(np.array([1.0, 3.0]))
        Scale(mean=2.0, std=1.0)
        >>> fit_scale(np.array([0.1, 0.1, 0.1])) is None
        True
    """
    if values.min() == values.max():
        return None
    exponent = int(np.frexp(np.abs(values).max())[1])
    small = np.ldexp(values, -exponent)
    mean = math.fsum(small.tolist()) / small.size
    variance = math.fsum(((small - mean) ** 2).tolist()) / small.size
    std = math.ldexp(math.sqrt(variance), exponent)
    return Scale(math.ldexp(mean, exponent), std) if std > 0 else None


def fit_share_scale(count: int, rows: int) -> Scale | None:
    """Measure μ and σ of a 0/1 feature from how often it is 1.

    Args:
        count: Rows in which it is 1, from 0 to `rows`.
        rows: All training rows.

    Returns:
        The scale with μ = p and σ = √(p(1-p)), or None when the feature is always 0 or always 1.

    Example:
        >>> fit_share_scale(1, 2)
        Scale(mean=0.5, std=0.5)
    """
    if count in (0, rows):
        return None
    share = count / rows
    return Scale(share, math.sqrt(share * (1 - share)))
