"""A trained network: predict with it, write it down, read it back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
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
        """Logits ``[rows, classes]``, or the standardised target ``[rows, 1]``.

        Args:
            inputs: ``[rows, features]``, normalised as the training inputs were. A network without pieces of
                numbers, which come last, reads the features before them.
        """
        inputs = inputs[:, : self.architecture.features]
        if not len(inputs):
            return np.zeros((0, self.architecture.outputs), np.float32)
        predict = _compiled_forward(self.architecture.activation)
        parts = [
            predict(self.weights, self.statistics, part, np.float32(self.norm_epsilon))
            for part in _in_equal_parts(inputs.astype(np.float32, copy=False))
        ]
        return np.concatenate([np.asarray(part) for part in parts])[: len(inputs)]

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


def _in_equal_parts(inputs: np.ndarray) -> list[np.ndarray]:
    """Parts of one size, the last filled up with zeros: one compilation however many rows come."""
    size = (
        _PREDICT_ROWS if len(inputs) > _PREDICT_ROWS else max(8, 1 << (max(len(inputs), 1) - 1).bit_length())
    )
    fill = -len(inputs) % size
    padded = np.pad(inputs, ((0, fill), (0, 0)))
    return [padded[start : start + size] for start in range(0, len(padded), size)]


@functools.cache
def _compiled_forward(activation: str) -> Callable[..., Any]:
    """The network at test time, compiled. JAX is loaded only now: that takes a second."""
    import jax

    from sturgeon.network.model import forward_test

    def forward(weights: Weights, statistics: Statistics, inputs: Any, norm_epsilon: Any) -> jax.Array:
        return forward_test(weights, statistics, inputs, activation=activation, norm_epsilon=norm_epsilon)

    return jax.jit(forward)
