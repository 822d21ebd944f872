"""Piecewise-linear inputs: a number beside how far it has come through each of several ranges.

A network of few layers draws smooth curves, where tables are full of steps: a price that jumps at 100, an age
that counts up to 65. With one input a range, the first layer can bend at each range's end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

MOST_RANGES = 16
"""Of one feature, as many quantiles of it."""
MOST_PIECES = 512
"""Of all features together; with more features, each has fewer."""
FEWEST_RANGES = 3
"""With fewer there are no pieces: so many features say enough without."""
DISTINCT = 10
"""A feature with at most so many different values has no ranges, such as a category's."""
MOST_ROWS = 50_000
"""Training rows beyond which there are no pieces: they would take several times the table's memory."""


@dataclass(frozen=True)
class Pieces:
    """The ranges of normalised features; each gives one more input.

    Input k is (clip((x - low)/(high - low), 0, 1) - mean)/std, with x the feature of this range.

    Attributes:
        feature: Which feature each range is of, from 0.
        low: Where each range begins, in the feature's normalised unit.
        high: Where it ends, above ``low``.
        mean: The training rows' mean of what is clipped.
        std: Its standard deviation, above 0.

    Example:
        >>> pieces = Pieces((0, 0), (-1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.5, 0.5))
        >>> pieces.encode(np.array([[-1.0], [0.0], [0.5]], np.float32)).tolist()
        [[-1.0, -1.0], [1.0, -1.0], [1.0, 0.0]]
    """

    feature: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.feature)

    @cached_property
    def factors(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Arrays for ``clip(x[feature] · slope + offset, 0, 1) · scale + shift``, the last four float32."""
        low, high, mean, std = (
            np.array(each, np.float64) for each in (self.low, self.high, self.mean, self.std)
        )
        slope, scale = 1 / (high - low), 1 / std
        rest = (slope, -low * slope, scale, -mean * scale)
        return (np.array(self.feature, np.int64), *(each.astype(np.float32) for each in rest))  # pyright: ignore[reportReturnType]

    def encode(self, inputs: np.ndarray) -> np.ndarray:
        """Turn normalised features, float32 ``[rows, features]``, into float32 ``[rows, len(self)]``."""
        feature, slope, offset, scale, shift = self.factors
        values = inputs[:, feature]
        values *= slope
        values += offset
        np.clip(values, 0, 1, out=values)
        values *= scale
        values += shift
        return values

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """The names of the inputs, where the features have these."""
        count: dict[int, int] = {}
        named = []
        for feature in self.feature:
            count[feature] = count.get(feature, 0) + 1
            named.append(f"{features[feature]} in range {count[feature]}")
        return tuple(named)

    def to_json(self) -> dict[str, list[float]]:
        """Plain values."""
        return {name: list(getattr(self, name)) for name in ("feature", "low", "high", "mean", "std")}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Pieces | None:
        """Read what :meth:`to_json` gave; None of None.

        Raises:
            ValueError: The lists differ in length, or a range is empty.
        """
        if stored is None:
            return None
        numbers = [tuple(map(float, stored[name])) for name in ("low", "high", "mean", "std")]
        pieces = cls(tuple(map(int, stored["feature"])), *numbers)
        low, high, _, std = numbers
        sound = all(a < b for a, b in zip(low, high, strict=True)) and min(std, default=1.0) > 0
        if (
            not sound
            or len({len(each) for each in (pieces.feature, *numbers)}) != 1
            or min(pieces.feature, default=0) < 0
        ):
            raise ValueError("its pieces are not sound")
        return pieces


def fit_pieces(inputs: np.ndarray, numbers: Iterable[int]) -> Pieces | None:
    """Cut each number of the training rows at its quantiles.

    Args:
        inputs: Normalised features, float32 ``[rows, features]``.
        numbers: Which of the features are numbers.

    Returns:
        The ranges; None where there are no numbers of many values, so many that each would have fewer than
        :data:`FEWEST_RANGES`, or more than :data:`MOST_ROWS` rows.

    Example:
        >>> column = np.linspace(-2, 2, 33, dtype=np.float32)[:, None]
        >>> pieces = fit_pieces(column, [0])
        >>> len(pieces), pieces.low[0], pieces.high[-1]
        (16, -2.0, 2.0)
        >>> fit_pieces(np.array([[0.0], [1.0]] * 20, np.float32), [0]) is None
        True

    Source:
        Gorishniy, Rubachev and Babenko 2022, "On embeddings for numerical features in tabular deep learning",
        section 3.2, with quantiles for the ends.
    """
    if len(inputs) > MOST_ROWS:
        return None
    varied = [j for j in numbers if len(np.unique(inputs[:, j])) > DISTINCT]
    ranges = min(MOST_RANGES, MOST_PIECES // max(1, len(varied)))
    if not varied or ranges < FEWEST_RANGES:
        return None
    found: list[tuple[int, float, float, float, float]] = []
    for feature in varied:
        values = inputs[:, feature].astype(np.float64)
        ends = np.unique(np.quantile(values, np.linspace(0, 1, ranges + 1)))
        for low, high in itertools.pairwise(ends):
            shares = np.clip((values - low) / (high - low), 0, 1)
            mean, std = float(shares.mean()), float(shares.std())
            if std > 1e-6 and high - low > 1e-6:
                found.append((feature, float(low), float(high), mean, std))
    return Pieces(*zip(*found, strict=True)) if found else None  # pyright: ignore[reportArgumentType]
