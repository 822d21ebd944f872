"""What a network tells of its health beside its curves: dead units, gradients, batch norm's averages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sturgeon.network.settings import TrainingSettings
from sturgeon.network.weights import TrainingState


@dataclass(frozen=True, slots=True)
class Vitals:
    """Measured between two epochs.

    Attributes:
        dead: Of each hidden layer, from 0 to 1: the share of units that answer 0 to every row looked at.
            Empty where that is not known, or the units cannot die, as with tanh.
        gradients: Of each layer with weights: the root mean square of the averaged gradient by a weight.
            Empty where it is not known.
        settled: From 0 to 1: how much of batch norm's running averages is made of mini-batches, and not of
            the mean 0 and variance 1 that they started at.
        updates: Of each layer with weights: how large a step of the optimiser is beside the weights, both as
            root mean squares. About 0.001 is healthy. Empty where it is not known.
    """

    dead: tuple[float, ...] = ()
    gradients: tuple[float, ...] = ()
    settled: float = 1.0
    updates: tuple[float, ...] = ()


def vitals_of(state: TrainingState, rows: np.ndarray, settings: TrainingSettings) -> Vitals:
    """Measure a batch-norm network.

    The gradients are those that the optimiser has averaged (its first moment), so they cost nothing.

    Args:
        state: The training's state.
        rows: Training inputs ``[rows, features]``; a few hundred are enough.
        settings: The hyperparameters in force.
    """
    dead = _dead_units(state, rows, settings.norm_epsilon) if settings.activation == "relu" else ()
    mu = state.optimizer.mu
    layers = [mu.first, *mu.hidden, mu.last]
    weights = [state.weights.first, *state.weights.hidden, state.weights.last]
    with np.errstate(all="ignore"):  # a training that diverged
        gradients = tuple(_rms(layer) for layer in layers)
        steps = [settings.learning_rate * step for step in _steps(state, settings)]
        updates = tuple(_rms(step) / max(_rms(w), 1e-12) for step, w in zip(steps, weights, strict=True))
    settled = 1.0 - settings.norm_momentum ** int(state.optimizer.count)
    return Vitals(dead, gradients, settled, updates)


def _steps(state: TrainingState, settings: TrainingSettings) -> list[np.ndarray]:
    """The optimiser's step of each layer, of which α times is taken off its weights."""
    count, mu, nu = state.optimizer
    first = [mu.first, *mu.hidden, mu.last]
    if settings.optimizer != "adam":
        return first
    steps = max(int(count), 1)
    second = [nu.first, *nu.hidden, nu.last]
    unbiased = [m / (1 - settings.beta1**steps) for m in first]
    scale = [np.sqrt(v / (1 - settings.beta2**steps)) + settings.epsilon for v in second]
    return [m / s for m, s in zip(unbiased, scale, strict=True)]


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _dead_units(state: TrainingState, rows: np.ndarray, norm_epsilon: float) -> tuple[float, ...]:
    weights, statistics = state.weights, state.statistics
    inputs, shares = np.asarray(rows, np.float32), []
    with np.errstate(all="ignore"):
        for layer, matrix in enumerate([weights.first, *weights.hidden]):
            z = (inputs @ matrix - statistics.mean[layer]) / np.sqrt(
                statistics.variance[layer] + norm_epsilon
            )
            inputs = np.maximum(weights.gamma[layer] * z + weights.beta[layer], 0)
            shares.append(float(np.mean(~(inputs > 0).any(axis=0))))
    return tuple(shares)
