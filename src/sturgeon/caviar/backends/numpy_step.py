"""One step of the batch-norm network in NumPy, and its outputs: what ``network/native`` does in C.

The equations are those of ``network/batch_norm.py``, ``network/stack.py`` and ``network/optimizers.py``, with
the gradient written out, and the random bits of dropout are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sturgeon.network.settings import LaneSettings
from sturgeon.network.weights import Moments, Statistics, TrainingState, Weights

Floats = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint32]

_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))


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
    """

    weights: Flat
    first: Flat
    second: Flat
    running: Statistics
    count: int

    @classmethod
    def of(cls, state: TrainingState) -> NumpyState:
        """Lay a training out."""
        running = Statistics(*(np.array(one, np.float32) for one in state.statistics))
        weights, first, second = map(Flat.of, (state.weights, state.optimizer.mu, state.optimizer.nu))
        return cls(weights, first, second, running, int(state.optimizer.count))

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
    key: Words,
) -> float:
    """Train on one mini-batch; gives the loss summed over its rows.

    Args:
        state: What is trained, in place.
        inputs: ``[rows, features]``, at least two rows.
        targets: int32 classes, or the standardised target; ``[rows]``.
        tanh: Whether g is tanh; else it is ReLU.
        settings: The lane's.
        learning_rate: α of this step.
        key: The key of dropout, uint32 ``[2]``.
    """
    w, rows = state.weights.parts, len(inputs)
    depth, units = w.gamma.shape
    rate = settings.dropout
    factors = _dropout_factors(fold_in(key, state.count), rate, depth, rows, units) if rate > 0 else None
    below, kept = inputs, []
    for layer in range(depth):
        z = below @ (w.first if layer == 0 else w.hidden[layer - 1])
        mean = z.mean(axis=0)
        z -= mean
        variance = np.einsum("ij,ij->j", z, z) / np.float32(rows)
        scale = 1 / np.sqrt(variance + settings.norm_epsilon)
        z *= scale
        active = w.gamma[layer] * z
        active += w.beta[layer]
        np.tanh(active, out=active) if tanh else np.maximum(active, 0, out=active)
        kept.append((below, z, scale, active))
        below = active if factors is None else active * factors[layer]
        for running, seen in zip(state.running, (mean, variance), strict=True):
            running[layer] = settings.norm_momentum * running[layer] + (1 - settings.norm_momentum) * seen
    loss, d = _loss(below @ w.last + w.bias, targets)
    found = Flat.of(Weights(*map(np.empty_like, w)))  # each of its numbers is written below
    g = found.parts
    np.matmul(below.T, d, out=g.last)
    d.sum(axis=0, out=g.bias)
    d = d @ w.last.T
    for layer in reversed(range(depth)):
        below, normal, scale, active = kept[layer]
        if factors is not None:
            d *= factors[layer]
        d *= 1 - active * active if tanh else active > 0
        d.sum(axis=0, out=g.beta[layer])
        np.einsum("ij,ij->j", d, normal, out=g.gamma[layer])
        normal *= g.gamma[layer] / np.float32(rows)
        normal += g.beta[layer] / np.float32(rows)
        d -= normal
        d *= w.gamma[layer] * scale
        np.matmul(below.T, d, out=g.hidden[layer - 1] if layer else g.first)
        if layer:
            d = d @ w.hidden[layer - 1].T
    _descend(state, found.numbers, settings, learning_rate)
    return loss


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


def _descend(state: NumpyState, gradient: Floats, settings: LaneSettings, learning_rate: float) -> None:
    """Gradient descent, momentum or Adam, with decoupled weight decay; ``gradient`` is overwritten."""
    how = settings.optimizer
    state.count += 1
    first, second, weights = state.first.numbers, state.second.numbers, state.weights.numbers
    first *= how.first_decay
    first += (1 - how.first_decay) * gradient
    np.square(gradient, out=gradient)
    gradient *= 1 - how.second_decay
    second *= how.second_decay
    second += gradient
    step = gradient
    if how.adam:
        np.sqrt(second / (1 - how.second_decay**state.count), out=step)
        step += how.epsilon
        np.divide(first, step, out=step)
        step /= 1 - how.first_decay**state.count
    else:
        step[...] = first
    end = state.weights.decaying
    step[:end] += how.weight_decay * weights[:end]
    step *= np.float32(learning_rate)
    weights -= step


def fold_in(key: Words, data: int) -> Words:
    """``jax.random.fold_in`` of threefry's keys."""
    x, y = np.zeros(1, np.uint32), np.full(1, data, np.uint32)
    _threefry(key[0], key[1], x, y)
    return np.concatenate([x, y])


def _dropout_factors(key: Words, rate: float, depth: int, rows: int, units: int) -> Floats:
    """``dropout_factors`` of every layer; ``[layers, rows, units]``."""
    blocks = -(-units // 64)
    keys = np.zeros(depth, np.uint32), np.arange(depth, dtype=np.uint32)
    _threefry(key[0], key[1], *keys)
    shape = depth, rows, 16 * blocks
    x, y = np.empty(shape, np.uint32), np.empty(shape, np.uint32)
    x[...] = np.arange(rows, dtype=np.uint32)[:, None]
    y[...] = np.arange(16 * blocks, dtype=np.uint32)
    _threefry(keys[0][:, None, None], keys[1][:, None, None], x, y)
    bits = np.empty((depth, rows, blocks, 4, 16), np.uint16)
    for part, (words, down) in enumerate([(x, 0), (x, 16), (y, 0), (y, 16)]):
        bits[..., part, :] = ((words >> np.uint32(down)) & np.uint32(0xFFFF)).reshape(depth, rows, blocks, 16)
    least = np.ceil(np.float32(rate) * np.float32(65536))
    keep = bits.reshape(depth, rows, 64 * blocks)[..., :units] >= np.uint16(least)
    return keep * (1 / (1 - np.float32(rate)))


def _threefry(first: np.ndarray, second: np.ndarray, x: Words, y: Words) -> None:
    """Encrypt counters in place: Threefry-2x32 with 20 rounds; see ``network/native/randomness.h``."""
    keys = first, second, first ^ second ^ np.uint32(0x1BD11BDA)
    spare = np.empty_like(y)
    add: Callable[..., Words] = np.add
    add(x, keys[0], out=x)
    add(y, keys[1], out=y)
    for group in range(5):
        for turn in _TURNS[group & 1]:
            add(x, y, out=x)
            np.left_shift(y, np.uint32(turn), out=spare)
            np.right_shift(y, np.uint32(32 - turn), out=y)
            np.bitwise_or(y, spare, out=y)
            np.bitwise_xor(y, x, out=y)
        add(x, keys[(group + 1) % 3], out=x)
        add(y, keys[(group + 2) % 3], out=y)
        add(y, np.uint32(group + 1), out=y)
