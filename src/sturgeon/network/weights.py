"""What a training changes: weights, running averages and moments; how they start, and how they are padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from sturgeon.network.streams import weights_stream

# A jax.Array inside a compiled program, a NumPy array outside: the same containers hold both.
Array: TypeAlias = Any

Activation = Literal["relu", "tanh"]
ACTIVATIONS = get_args(Activation)


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes of a network.

    Attributes:
        features: Inputs, at least 1.
        outputs: Classes of a classification; 1 for a regression.
        hidden_units: Units of each hidden layer, at least 1.
        layers: Hidden layers, at least 1; each is followed by batch norm.
        activation: The g of ``a = g(z̃)``.
    """

    features: int
    outputs: int
    hidden_units: int
    layers: int
    activation: Activation = "relu"


class Weights(NamedTuple):
    """What gradient descent learns. A hidden layer has no bias: batch norm's mean would cancel it.

    Attributes:
        first: ``[features, units]``, from the inputs to the first hidden layer.
        hidden: ``[layers - 1, units, units]``, between hidden layers.
        gamma: ``[layers, units]``, batch norm's scale γ.
        beta: ``[layers, units]``, batch norm's shift β.
        last: ``[units, outputs]``, to the outputs.
        bias: ``[outputs]``; there is no batch norm after the last layer, so it keeps its bias.
    """

    first: Array
    hidden: Array
    gamma: Array
    beta: Array
    last: Array
    bias: Array


class Statistics(NamedTuple):
    """The mean and variance of every hidden unit's z: of one mini-batch, or the running averages.

    Attributes:
        mean: ``[layers, units]``, μ.
        variance: ``[layers, units]``, σ², divided by m and not m - 1, as in the notes.
    """

    mean: Array
    variance: Array


class Moments(NamedTuple):
    """What the optimiser carries from step to step; see :mod:`sturgeon.network.optimizers`.

    Attributes:
        count: Steps taken so far, int32.
        mu: The first moment of every weight.
        nu: The second moment of every weight.
    """

    count: Array
    mu: Weights
    nu: Weights


class TrainingState(NamedTuple):
    """All that a training carries from epoch to epoch; in lanes of JAX, with a leading axis of lanes."""

    weights: Weights
    statistics: Statistics
    optimizer: Moments

    def leaves(self) -> tuple[Array, ...]:
        """All arrays one after the other, as checkpoints hold them."""
        count, mu, nu = self.optimizer
        return (*self.weights, *self.statistics, count, *mu, *nu)

    @classmethod
    def of_leaves(cls, leaves: Sequence[Array]) -> TrainingState:
        """Undo :meth:`leaves`.

        Raises:
            TypeError, IndexError: There are too few or too many.
        """
        optimizer = Moments(leaves[8], Weights(*leaves[9:15]), Weights(*leaves[15:]))
        return cls(Weights(*leaves[:6]), Statistics(*leaves[6:8]), optimizer)


def initial_state(architecture: Architecture, seed: int) -> TrainingState:
    """A network before its first epoch, unpadded, with its weights drawn by its trial's seed."""
    weights = initial_weights(architecture, weights_stream(seed))
    return TrainingState(weights, initial_statistics(architecture), initial_moments(weights))


def initial_moments(weights: Weights) -> Moments:
    """The optimiser before the first step: no steps taken, both moments zero."""
    zeros = Weights(*map(np.zeros_like, weights))
    return Moments(np.zeros((), np.int32), zeros, zeros)


def initial_weights(architecture: Architecture, stream: np.random.Generator) -> Weights:
    """Draw the weights that a training starts from.

    W is normal with variance 2 / fan-in (ReLU) or 1 / fan-in (tanh), γ is 1, β and the last
    bias are 0.

    Source:
        He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", equation 10; the course's
        second week.
    """
    gain = 2.0 if architecture.activation == "relu" else 1.0
    units, layers = architecture.hidden_units, architecture.layers

    def draw(rows: int, columns: int) -> np.ndarray:
        drawn = np.empty((rows, columns), np.float32)
        for start in range(0, rows, 64):  # some at a time, as they come in float64
            part = drawn[start : start + 64]
            part[...] = stream.standard_normal(part.shape) * np.sqrt(gain / rows)
        return drawn

    first = draw(architecture.features, units)
    hidden = [draw(units, units) for _ in range(layers - 1)]
    return Weights(
        first=first,
        hidden=np.stack(hidden) if hidden else np.empty((0, units, units), np.float32),
        gamma=np.ones((layers, units), np.float32),
        beta=np.zeros((layers, units), np.float32),
        last=draw(units, architecture.outputs),
        bias=np.zeros(architecture.outputs, np.float32),
    )


def initial_statistics(architecture: Architecture) -> Statistics:
    """The running averages before the first mini-batch: mean 0, variance 1."""
    shape = (architecture.layers, architecture.hidden_units)
    return Statistics(np.zeros(shape, np.float32), np.ones(shape, np.float32))


def pad_weights(values: Weights, units: int, layers: int) -> Weights:
    """Widen every hidden layer to ``units``, and add layers up to ``layers``, all of them exactly zero.

    A padded unit's weights, γ and β are 0, so its activation is 0, every gradient that reaches
    it or leaves it is 0, and the true units compute what they would have computed without it. A padded layer
    is not computed with at all.
    """
    if values.gamma.shape == (layers, units):
        return Weights(*map(np.asarray, values))
    extra = units - values.gamma.shape[-1]
    more = layers - values.gamma.shape[0]
    return Weights(
        first=np.pad(values.first, ((0, 0), (0, extra))),
        hidden=np.pad(values.hidden, ((0, more), (0, extra), (0, extra))),
        gamma=np.pad(values.gamma, ((0, more), (0, extra))),
        beta=np.pad(values.beta, ((0, more), (0, extra))),
        last=np.pad(values.last, ((0, extra), (0, 0))),
        bias=np.asarray(values.bias),
    )


def pad_statistics(values: Statistics, units: int, layers: int) -> Statistics:
    """Add units and layers of mean 0 and variance 0 to running averages."""
    if values.mean.shape == (layers, units):
        return Statistics(*map(np.asarray, values))
    by = ((0, layers - values.mean.shape[0]), (0, units - values.mean.shape[1]))
    return Statistics(np.pad(values.mean, by), np.pad(values.variance, by))


def pad_state(state: TrainingState, units: int, layers: int) -> TrainingState:
    """Pad all of a training's state, by :func:`pad_weights` and :func:`pad_statistics`."""
    count, *moments = state.optimizer
    weights, mu, nu = (pad_weights(each, units, layers) for each in (state.weights, *moments))
    statistics = pad_statistics(state.statistics, units, layers)
    return TrainingState(weights, statistics, Moments(np.asarray(count), mu, nu))


def trim_state(state: TrainingState, units: int, layers: int) -> TrainingState:
    """Undo :func:`pad_state`."""
    count, *moments = state.optimizer
    weights, mu, nu = (trim_weights(each, units, layers) for each in (state.weights, *moments))
    statistics = trim_statistics(state.statistics, units, layers)
    return TrainingState(weights, statistics, Moments(np.asarray(count), mu, nu))


def trim_weights(values: Weights, units: int, layers: int) -> Weights:
    """Undo :func:`pad_weights`: keep the first ``units`` units of the first ``layers`` hidden layers."""
    return Weights(
        first=np.asarray(values.first)[:, :units],
        hidden=np.asarray(values.hidden)[: layers - 1, :units, :units],
        gamma=np.asarray(values.gamma)[:layers, :units],
        beta=np.asarray(values.beta)[:layers, :units],
        last=np.asarray(values.last)[:units],
        bias=np.asarray(values.bias),
    )


def trim_statistics(values: Statistics, units: int, layers: int) -> Statistics:
    """Keep the running averages of the first ``units`` units of the first ``layers`` hidden layers."""
    return Statistics(np.asarray(values.mean)[:layers, :units], np.asarray(values.variance)[:layers, :units])
