"""A trained network: predict with it, write it down, read it back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sturgeon.errors import InputError, option
from sturgeon.network.weights import Architecture, Statistics, Weights

_PREDICT_ROWS = 8192


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """What a training leaves: the weights and the running averages that go with them.

    Attributes:
        architecture: The sizes, unpadded.
        weights: NumPy arrays of those sizes.
        statistics: The running averages, for test time.
        norm_epsilon: Batch norm's ε.
    """

    architecture: Architecture
    weights: Weights
    statistics: Statistics
    norm_epsilon: float

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """Logits ``[rows, classes]``, or the standardised target ``[rows, 1]``; float32.

        By NumPy: loading JAX and compiling a network takes longer than most predictions.

        Args:
            inputs: ``[rows, features]``, normalised as the training inputs were. A network without pieces of
                numbers, which come last, reads the features before them.
        """
        weights, statistics = self.weights, self.statistics
        scale = weights.gamma / np.sqrt(statistics.variance + np.float32(self.norm_epsilon))
        shift = weights.beta - statistics.mean * scale
        kernels = (weights.first, *weights.hidden)
        outputs = np.empty((len(inputs), self.architecture.outputs), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # of a training that ran away
            for start in range(0, len(inputs), _PREDICT_ROWS):
                flow = inputs[start : start + _PREDICT_ROWS, : self.architecture.features]
                flow = flow.astype(np.float32, copy=False)
                for kernel, layer_scale, layer_shift in zip(kernels, scale, shift, strict=True):
                    flow = flow @ kernel
                    flow *= layer_scale
                    flow += layer_shift
                    if self.architecture.activation == "tanh":
                        np.tanh(flow, out=flow)
                    else:
                        np.maximum(flow, 0, out=flow)
                outputs[start : start + len(flow)] = flow @ weights.last + weights.bias
        return outputs

    def save(self, path: Path) -> None:
        """Write the arrays and sizes to an ``.npz`` file. Nothing is pickled."""
        sizes = np.array(
            [
                self.architecture.features,
                self.architecture.outputs,
                self.architecture.hidden_units,
                self.architecture.layers,
            ]
        )
        np.savez(
            path,
            sizes=sizes,
            activation=np.array(self.architecture.activation),
            norm_epsilon=np.array(self.norm_epsilon),
            **self.weights._asdict(),
            **self.statistics._asdict(),
        )

    @classmethod
    def load(cls, path: Path) -> TrainedNetwork:
        """Read what :meth:`save` wrote. Runs no code from the file.

        Raises:
            InputError: The file is missing or is not one of ours.
        """
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                features, outputs, units, layers = (int(size) for size in file["sizes"])
                return cls(
                    Architecture(features, outputs, units, layers, str(file["activation"])),  # pyright: ignore[reportArgumentType]
                    Weights(*(file[name] for name in Weights._fields)),
                    Statistics(*(file[name] for name in Statistics._fields)),
                    float(file["norm_epsilon"]),
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(
                f"A saved network must be the weights file that `sturgeon tune` wrote; got {str(path)!r} "
                f"({error}). Name the directory given to `{option('out')}`."
            ) from error
