"""A small network in NumPy, float64, gradients by hand: for what the engine rightly cannot do.

Batch norm on a instead of z, none at all, a bias that batch norm makes redundant, and γ and β held fixed, are
there to be compared with (N9, N10, N12); the engine trains the network of the notes alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Norm = Literal["z", "a", "none"]
Array = np.ndarray
Parameters = dict[str, Array]
EPSILON = 1e-5
KEEP = 0.9
"""The weight of the past in the running averages."""


@dataclass(frozen=True, slots=True)
class Plain:
    """What kind of network, and how it learns.

    Attributes:
        layers: Hidden layers.
        units: Of each.
        norm: What batch norm is applied to: the notes' ``"z"``, ``"a"``, or nothing.
        bias: Whether hidden layers have a bias; without batch norm they need one.
        learnt: Whether γ and β learn.
        optimizer: ``"gradient_descent"``, ``"momentum"`` (β = 0.9) or ``"adam"``.
        alpha: The learning rate.
        batch: Rows of a mini-batch.
    """

    layers: int = 2
    units: int = 32
    norm: Norm = "z"
    bias: bool = False
    learnt: bool = True
    optimizer: str = "gradient_descent"
    alpha: float = 0.1
    batch: int = 64


@dataclass(slots=True)
class PlainState:
    """What training changes: the parameters, the optimiser's averages, the running statistics."""

    parameters: Parameters
    first: Parameters
    second: Parameters
    running: list[tuple[Array, Array]]
    steps: int = 0


def begin(kind: Plain, features: int, outputs: int, rng: np.random.Generator) -> PlainState:
    """Give a network before its first step; weights as He et al. (2015) draw them."""
    sizes = [features, *[kind.units] * kind.layers, outputs]
    p: Parameters = {}
    for level, (n, m) in enumerate(itertools.pairwise(sizes)):
        hidden = level < kind.layers
        p[f"W{level}"] = rng.normal(size=(n, m)) * np.sqrt((2 if hidden else 1) / n)
        if not hidden or kind.bias or kind.norm == "none":
            p[f"b{level}"] = np.zeros(m)
        if hidden and kind.norm != "none":
            p[f"gamma{level}"], p[f"beta{level}"] = np.ones(m), np.zeros(m)
    zeros = {name: np.zeros_like(value) for name, value in p.items()}
    running = [(np.zeros(kind.units), np.ones(kind.units)) for _ in range(kind.layers)]
    return PlainState(p, zeros, {name: value.copy() for name, value in zeros.items()}, running)


def forward(
    kind: Plain, state: PlainState, x: Array, *, training: bool
) -> tuple[Array, list[dict[str, Array]]]:
    """The outputs, and of each hidden layer what the gradient needs."""
    p, a, seen = state.parameters, x, []
    for level in range(kind.layers):
        layer = {"input": a}
        z = a @ p[f"W{level}"]
        if f"b{level}" in p:
            z = z + p[f"b{level}"]
        layer["z"] = z
        if kind.norm == "z":
            t = _normalise(kind, state, level, z, layer, training)
            layer["active"], a = t, np.maximum(t, 0)
        elif kind.norm == "a":
            layer["active"] = z
            a = _normalise(kind, state, level, np.maximum(z, 0), layer, training)
        else:
            layer["active"], a = z, np.maximum(z, 0)
        seen.append(layer)
    seen.append({"input": a})
    return a @ p[f"W{kind.layers}"] + p[f"b{kind.layers}"], seen


def _normalise(
    kind: Plain, state: PlainState, level: int, v: Array, layer: dict[str, Array], training: bool
) -> Array:
    mean, variance = state.running[level]
    old = mean, variance
    if training:
        mean = v.mean(0)
    centred = v - mean
    if training:
        variance = (centred * centred).mean(0)
        state.running[level] = (KEEP * old[0] + (1 - KEEP) * mean, KEEP * old[1] + (1 - KEEP) * variance)
    layer["inverse"] = 1 / np.sqrt(variance + EPSILON)
    layer["normal"] = centred * layer["inverse"]
    return state.parameters[f"gamma{level}"] * layer["normal"] + state.parameters[f"beta{level}"]


def loss_and_gradient(outputs: Array, y: Array) -> tuple[float, Array]:
    """Log loss of classes (int) or the mean squared error, and its gradient by the outputs."""
    if y.dtype.kind != "i":
        gap = outputs[:, 0] - y
        return float(np.mean(gap**2)), (2 * gap / len(y))[:, None]
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    gradient = np.exp(logs)
    gradient[rows, y] -= 1
    return float(-logs[rows, y].mean()), gradient / len(y)


def gradient(kind: Plain, state: PlainState, x: Array, y: Array) -> tuple[float, Parameters]:
    """The loss of a mini-batch, and the gradient by every parameter."""
    outputs, seen = forward(kind, state, x, training=True)
    loss, d = loss_and_gradient(outputs, y)
    p, g, last = state.parameters, {}, kind.layers
    g[f"W{last}"], g[f"b{last}"] = seen[last]["input"].T @ d, d.sum(0)
    d = d @ p[f"W{last}"].T
    for level in reversed(range(kind.layers)):
        layer = seen[level]
        if kind.norm == "a":
            d = _through_norm(d, layer, level, p, g) * (layer["active"] > 0)
        elif kind.norm == "z":
            d = _through_norm(d * (layer["active"] > 0), layer, level, p, g)
        else:
            d = d * (layer["active"] > 0)
        g[f"W{level}"] = layer["input"].T @ d
        if f"b{level}" in p:
            g[f"b{level}"] = d.sum(0)
        if level:
            d = d @ p[f"W{level}"].T
    return loss, g


def _through_norm(d: Array, layer: dict[str, Array], level: int, p: Parameters, g: Parameters) -> Array:
    normal = layer["normal"]
    g[f"gamma{level}"], g[f"beta{level}"] = (d * normal).sum(0), d.sum(0)
    d = d * p[f"gamma{level}"]
    return layer["inverse"] * (d - d.mean(0) - normal * (d * normal).mean(0))


def step(kind: Plain, state: PlainState, g: Parameters) -> None:
    """Take one step of gradient descent, momentum or Adam, in place."""
    state.steps += 1
    for name, slope in g.items():
        if not kind.learnt and name.startswith(("gamma", "beta")):
            continue
        if kind.optimizer == "gradient_descent":
            state.parameters[name] -= kind.alpha * slope
            continue
        first = state.first[name] = 0.9 * state.first[name] + 0.1 * slope
        if kind.optimizer == "momentum":
            state.parameters[name] -= kind.alpha * first
            continue
        second = state.second[name] = 0.999 * state.second[name] + 0.001 * slope**2
        corrected = first / (1 - 0.9**state.steps), second / (1 - 0.999**state.steps)
        state.parameters[name] -= kind.alpha * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)


def train_steps(
    kind: Plain, state: PlainState, x: Array, y: Array, *, steps: int, rng: np.random.Generator
) -> Iterator[float]:
    """Train in mini-batches drawn epoch by epoch; gives each step's loss, and ends where it diverged."""
    rows = np.empty(0, int)
    size = min(kind.batch, len(y))
    with np.errstate(all="ignore"):
        for _ in range(steps):
            if len(rows) < size:
                rows = rng.permutation(len(y))
            batch, rows = rows[:size], rows[size:]
            loss, g = gradient(kind, state, x[batch], y[batch])
            if not np.isfinite(loss):
                return
            step(kind, state, g)
            yield loss


def held_out_loss(kind: Plain, state: PlainState, x: Array, y: Array, worst: float) -> float:
    """The loss of other rows, by the running averages; at most ``worst``."""
    with np.errstate(all="ignore"):
        loss, _ = loss_and_gradient(forward(kind, state, x, training=False)[0], y)
    return min(loss, worst) if np.isfinite(loss) else worst
