"""Where a network's numbers lie for the compiled library: the layout of ``layout.h``, seen from NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sturgeon.data.features.aligned import ALIGNMENT
from sturgeon.network.weights import Architecture, Statistics, Weights

# Floats of a line of the cache, and above how many columns a matrix is wide: as in `vectors.h`.
_LINE, _WIDE = 16, 128


@dataclass(frozen=True, slots=True)
class Layout:
    """Blocks of floats for networks of one size.

    Rows take whole vectors, in wide matrices whole lines of the cache, and an odd number of them; what a
    row has beyond its columns is zero.

    Attributes:
        architecture: The sizes, unpadded.
        width: Floats of a vector.
    """

    architecture: Architecture
    width: int

    @property
    def floats(self) -> int:
        """How many numbers a block has."""
        a = self.architecture
        rows = self._whole_rows(a.hidden_units)
        of_units = (a.features + (a.layers - 1) * rows + 2 * a.layers) * self._stride(a.hidden_units)
        return of_units + (rows + 1) * self._stride(a.outputs)

    def training_bytes(self, batch: int) -> int:
        """About how much memory a training takes at its peak.

        Args:
            batch: Rows of a mini-batch.
        """
        of_rows = (2 * self.architecture.layers + 1) * batch * self._stride(self.architecture.hidden_units)
        return 4 * (4 * self.floats + of_rows)

    def block(self, weights: Weights | None = None) -> np.ndarray:
        """A new block with copies of the weights, or of zeros: float32 ``[floats]``."""
        block = _zeros(self.floats)
        if weights is not None:
            for view, values in zip(self.weights(block), weights, strict=True):
                view[...] = values
        return block

    def weights(self, block: np.ndarray) -> Weights:
        """The unpadded arrays of a block: views."""
        a = self.architecture
        units, outputs = self._stride(a.hidden_units), self._stride(a.outputs)
        rows = self._whole_rows(a.hidden_units)
        sizes = [a.features * units, (a.layers - 1) * rows * units, rows * outputs, *[a.layers * units] * 2]
        first, hidden, last, gamma, beta, bias = np.split(block, np.cumsum(sizes))
        u = a.hidden_units
        return Weights(
            first=first.reshape(a.features, units)[:, :u],
            hidden=hidden.reshape(a.layers - 1, rows, units)[:, :u, :u],
            gamma=gamma.reshape(a.layers, units)[:, :u],
            beta=beta.reshape(a.layers, units)[:, :u],
            last=last.reshape(rows, outputs)[:u, : a.outputs],
            bias=bias[: a.outputs],
        )

    def running(self, statistics: Statistics) -> Statistics:
        """Copies of running averages, each row in its stride: ``[layers, stride]``."""
        return Statistics(*(self._in_strides(array) for array in statistics))

    def statistics(self, running: Statistics) -> Statistics:
        """The unpadded running averages: views ``[layers, units]``."""
        return Statistics(*(array[:, : self.architecture.hidden_units] for array in running))

    def _in_strides(self, array: np.ndarray) -> np.ndarray:
        stride = self._stride(array.shape[1])
        strided = _zeros(len(array) * stride).reshape(len(array), stride)
        strided[:, : array.shape[1]] = array
        return strided

    def _stride(self, columns: int) -> int:
        unit = _LINE if columns > _WIDE else self.width
        return (-(-columns // unit) | 1) * unit

    @staticmethod
    def _whole_rows(rows: int) -> int:
        return -(-rows // 8) * 8


def _zeros(count: int) -> np.ndarray:
    """Aligned zeros, which take no memory before they are written to."""
    zeros = np.zeros(count + ALIGNMENT // 4, np.float32)
    start = -zeros.ctypes.data % ALIGNMENT // 4
    return zeros[start : start + count]
