"""What ``population.py`` trains: networks of four shapes, and the synthetic table they learn.

Imports NumPy only, since every peer's process reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROWS, FEATURES, CLASSES = 8192, 64, 10


@dataclass(frozen=True)
class Case:
    """A network and its mini-batch: batch norm and ReLU in every hidden layer, Adam, cross entropy.

    Attributes:
        units: Units of a hidden layer, and rows of a mini-batch.
        layers: Hidden layers.
    """

    units: int
    layers: int

    @property
    def batch(self) -> int:
        """Rows of a mini-batch."""
        return self.units

    @property
    def arithmetic(self) -> float:
        """Floating-point operations of an epoch's matrix products; all else counts as nothing.

        Two for a multiply-add. Forward: each layer's product once. Backward: the gradient of each W, and that
        of each layer's inputs but the first layer's, which nobody needs.
        """
        first = FEATURES * self.units
        rest = (self.layers - 1) * self.units**2 + self.units * CLASSES
        return 2.0 * ROWS * (2 * first + 3 * rest)


CASES = (Case(32, 2), Case(64, 3), Case(128, 3), Case(256, 3))


def synthetic_table(rows: int = ROWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs ``[rows, 64]``, float32, and classes ``[rows]``, int32, that a network can learn."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((rows, FEATURES)).astype(np.float32)
    directions = rng.standard_normal((FEATURES, CLASSES)).astype(np.float32)
    noise = rng.standard_normal((rows, CLASSES)).astype(np.float32)
    return inputs, np.argmax(inputs @ directions + 4 * noise, axis=1).astype(np.int32)
