"""One step of the batch-norm network in NumPy, and its outputs: what ``network/native`` does in C.

The equations are those of ``network/batch_norm.py``, ``network/stack.py`` and ``network/optimizers.py``, with
the gradient written out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sturgeon.network.settings import LaneSettings
from sturgeon.network.weights import Moments, Statistics, TrainingState, Weights

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Flat:
    """Weights, or a moment of each, in one array: first, hidden and last, which decay, then the others.

    Attributes:
        numbers: All of them.
        parts: The same as views.
    """

    numbers: Floats
    parts: Weights

    @classmethod
    def of(cls, weights: Weights) -> Flat:
        """Lay weights out."""
        order = ("first", "hidden", "last", "gamma", "beta", "bias")
        arrays = [np.asarray(getattr(weights, name), np.float32) for name in order]
        numbers = np.concatenate([array.ravel() for array in arrays])
        ends = np.cumsum([array.size for array in arrays])[:-1]
        views = zip(order, np.split(numbers, ends), arrays, strict=True)
        return cls(numbers, Weights(**{name: view.reshape(like.shape) for name, view, like in views}))

    @cached_property
    def decaying(self) -> int:
        """How many of the numbers weight decay is for; they come first."""
        return self.parts.first.size + self.parts.hidden.size + self.parts.last.size


@dataclass
class NumpyState:
    """What a step changes, in place.

    Attributes:
        weights: The weights.
        first: The optimiser's first moment.
        second: Its second moment.
        running: The running averages.
        count: Steps taken so far.
        gradient: Room for the gradient.
    """

    weights: Flat
    first: Flat
    second: Flat
    running: Statistics
    count: int
    gradient: Flat

    @classmethod
    def of(cls, state: TrainingState) -> NumpyState:
        """Lay a training out."""
        running = Statistics(*(np.array(one, np.float32) for one in state.statistics))
        weights, first, second, gradient = map(
            Flat.of, (state.weights, state.optimizer.mu, state.optimizer.nu, state.weights)
        )
        return cls(weights, first, second, running, int(state.optimizer.count), gradient)

    def leaves(self) -> tuple[np.ndarray, ...]:
        """A copy of all of it, as checkpoints hold it."""
        moments = Moments(np.int32(self.count), self.first.parts, self.second.parts)
        whole = TrainingState(self.weights.parts, self.running, moments)
        return tuple(np.array(leaf) for leaf in whole.leaves())


def take_step(
    state: NumpyState,
    inputs: Floats,
    targets: np.ndarray,
    *,
    tanh: bool,
    settings: LaneSettings,
    learning_rate: float,
    kept: Floats | None,
) -> float:
    """Train on one mini-batch; gives the loss summed over its rows.

    Args:
        state: What is trained, in place.
        inputs: ``[rows, features]``, at least two rows.
        targets: int32 classes, or the standardised target; ``[rows]``.
        tanh: Whether g is tanh; else it is ReLU.
        settings: The lane's.
        learning_rate: α of this step.
        kept: 1 for an activation that dropout keeps and 0 for another, ``[layers, rows, units]``; None for no
            dropout.
    """
    w, g, share = state.weights.parts, state.gradient.parts, np.full(len(inputs), 1 / len(inputs), np.float32)
    ones, gain = np.ones(len(inputs), np.float32), 1 / (1 - settings.dropout)
    below, passed = inputs, []
    for layer in range(len(w.gamma)):
        z = below @ (w.first if layer == 0 else w.hidden[layer - 1])
        mean = share @ z
        z -= mean
        variance = np.einsum("ij,ij->j", z, z) * share[0]
        scale = 1 / np.sqrt(variance + settings.norm_epsilon)
        factor = 1 if tanh else gain  # ReLU lets a factor through, so that it costs nothing
        active = z * (w.gamma[layer] * scale * factor)
        active += w.beta[layer] * factor
        np.tanh(active, out=active) if tanh else np.maximum(active, 0, out=active)
        slope = gain * (1 - active * active) if tanh else None
        if kept is not None:
            active *= kept[layer]
            if slope is not None:
                active *= gain
                slope *= kept[layer]
        passed.append((below, z, scale, active, slope))
        below = active
        for running, seen in zip(state.running, (mean, variance), strict=True):
            running[layer] = settings.norm_momentum * running[layer] + (1 - settings.norm_momentum) * seen
    loss, d = _loss(below @ w.last + w.bias, targets)
    np.matmul(below.T, d, out=g.last)
    d.sum(axis=0, out=g.bias)
    d = d @ w.last.T
    for layer in reversed(range(len(w.gamma))):
        below, z, scale, active, slope = passed[layer]
        d *= active > 0 if slope is None else slope
        factor = gain if slope is None else 1
        total, along = ones @ d, np.einsum("ij,ij->j", d, z)
        g.beta[layer] = factor * total
        g.gamma[layer] = factor * scale * along
        z *= np.square(scale) * along * share[0]
        z += total * share[0]
        d -= z
        d *= w.gamma[layer] * scale * factor
        np.matmul(below.T, d, out=g.hidden[layer - 1] if layer else g.first)
        if layer:
            d = d @ w.hidden[layer - 1].T
    _descend(state, settings, learning_rate)
    return loss


def draw_kept(stream: np.random.Generator, rate: float, depth: int, rows: int, units: int) -> Floats:
    """Which activations of a mini-batch dropout keeps, ``[layers, rows, units]``; 16 bits decide on each."""
    count = depth * rows * units
    bits = np.frombuffer(stream.bytes(2 * count), np.uint16).reshape(depth, rows, units)
    return (bits >= np.ceil(rate * 65536).astype(np.uint16)).astype(np.float32)


def predict(state: NumpyState, inputs: Floats, *, tanh: bool, norm_epsilon: float) -> Floats:
    """The outputs of rows, normalised by the running averages; ``[rows, outputs]``."""
    w, running, below = state.weights.parts, state.running, inputs
    for layer in range(len(w.gamma)):
        below = below @ (w.first if layer == 0 else w.hidden[layer - 1])
        below -= running.mean[layer]
        below *= 1 / np.sqrt(running.variance[layer] + np.float32(norm_epsilon))
        below *= w.gamma[layer]
        below += w.beta[layer]
        np.tanh(below, out=below) if tanh else np.maximum(below, 0, out=below)
    return below @ w.last + w.bias


def _loss(outputs: Floats, targets: np.ndarray) -> tuple[float, Floats]:
    """The loss summed over rows, and the gradient of their mean: cross-entropy, or squared error."""
    rows = np.float32(len(outputs))
    if targets.dtype != np.int32:
        off = outputs[:, 0] - targets
        return float(np.square(off).sum()), (2 / rows * off)[:, None]
    outputs -= outputs.max(axis=1, keepdims=True)
    which = np.arange(len(outputs)), targets
    mine = outputs[which]
    np.exp(outputs, out=outputs)
    total = outputs.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - mine).sum())
    outputs /= total
    outputs[which] -= 1
    outputs /= rows
    return loss, outputs


def _descend(state: NumpyState, settings: LaneSettings, learning_rate: float) -> None:
    """Gradient descent, momentum or Adam, with decoupled weight decay; the gradient is overwritten."""
    how = settings.optimizer
    state.count += 1
    step, weights = state.gradient.numbers, state.weights.numbers
    first, second = state.first.numbers, state.second.numbers
    first *= how.first_decay
    first += (1 - how.first_decay) * step
    np.square(step, out=step)
    step *= 1 - how.second_decay
    second *= how.second_decay
    second += step
    if how.adam:
        np.multiply(second, 1 / (1 - how.second_decay**state.count), out=step)
        np.sqrt(step, out=step)
        step += how.epsilon
        np.divide(first, step, out=step)
        step *= 1 / (1 - how.first_decay**state.count)
    else:
        step[...] = first
    end = state.weights.decaying
    if how.weight_decay:
        step[:end] += how.weight_decay * weights[:end]
    step *= np.float32(learning_rate)
    weights -= step
