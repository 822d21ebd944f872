"""The gradients of what Gaussian processes predict, of all of them in one go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sturgeon.search.model.gaussian_process import VARIANCE_FLOOR, Conditioned
from sturgeon.space.scales import Floats


class Slopes:
    """Means and deviations of several processes over the same ``n`` points, with their gradients.

    A gradient is asked for a few points at a time. Then the calls cost more than the numbers do, so that the
    arrays of all processes lie in one.

    Args:
        models: At least one; all know the same points.
    """

    def __init__(self, models: Sequence[Conditioned]) -> None:
        parts = [model.parts() for model in models]
        self._signal = np.array([part.signal for part in parts])[:, None]
        self._inverse_lengths = np.stack([part.inverse_lengths for part in parts])[:, None]
        self._scaled = np.stack([part.scaled for part in parts])
        self._norms = (self._scaled**2).sum(axis=2)[:, None]
        self._weights = np.stack([part.weights for part in parts])[:, None]
        self._inverse = np.stack([part.inverse for part in parts])

    def __call__(self, columns: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Give mean, deviation and their gradients at ``m`` points, ``m × columns``.

        Returns:
            Shapes ``models × m`` twice, and ``models × m × columns`` twice.
        """
        scaled = columns * self._inverse_lengths
        products = scaled @ self._scaled.transpose(0, 2, 1)
        squared = (scaled**2).sum(axis=2)[..., None] + self._norms - 2.0 * products
        root = np.sqrt(5.0 * np.maximum(squared, 0.0))
        decay = self._signal[..., None] * np.exp(-root)
        cross = decay * (1.0 + root * (1.0 + root / 3.0))
        # The derivative of Matérn-5/2 over that of half the squared distance.
        pull = -5.0 / 3.0 * decay * (1.0 + root)
        told = cross @ self._inverse
        mean = (cross * self._weights).sum(axis=2)
        variance = np.maximum(self._signal - (told * cross).sum(axis=2), VARIANCE_FLOOR)
        deviation = np.sqrt(variance)
        mean_slope = self._along(pull * self._weights, scaled)
        deviation_slope = -self._along(pull * told, scaled) / deviation[..., None]
        return mean, deviation, mean_slope, deviation_slope

    def _along(self, pulls: Floats, scaled: Floats) -> Floats:
        """Sum the pulls of all known points, each along the way from it."""
        ways = pulls.sum(axis=2)[..., None] * scaled - pulls @ self._scaled
        return ways * self._inverse_lengths
