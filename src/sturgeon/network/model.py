"""The network of the notes: input → (W, batch norm, g) per hidden layer → W, b → outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp

from sturgeon.network.batch_norm import normalise
from sturgeon.network.precision import product_in
from sturgeon.network.settings import Precision
from sturgeon.network.stack import Batch, Functions, Layers, repeat, run_layers
from sturgeon.network.weights import Array, Statistics, Weights

_ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {"relu": jax.nn.relu, "tanh": jnp.tanh}


def forward_training(
    weights: Weights,
    inputs: Array,
    row_weights: Array,
    *,
    activation: str,
    norm_epsilon: Array,
    dropout: tuple[Array, Array] | None = None,
    depth: Array | None = None,
    precision: Precision = "float32",
) -> tuple[jax.Array, Statistics]:
    """Outputs for one mini-batch, normalised by the mini-batch's own statistics.

    Args:
        weights: The weights.
        inputs: ``[rows, features]``.
        row_weights: ``[rows]``, 1 for a true row, 0 for one that only fills the batch up.
        activation: ``"relu"`` or ``"tanh"``.
        norm_epsilon: Batch norm's ε, a scalar.
        dropout: A random key and the share of units to drop, in [0, 1); None for no dropout.
        depth: How many of the hidden layers the network has; a traced scalar, or None for all.
        precision: ``"float32"``, or ``"bfloat16"`` for matrix products in that; not a traced value.

    Returns:
        Outputs ``[rows, outputs]`` (logits, or the standardised target) and the batch's statistics
        ``[layers, units]``.
    """
    batch = Batch(row_weights, norm_epsilon, depth, dropout)
    layers = Layers(weights.hidden, weights.gamma, weights.beta)
    multiply = product_in(precision)
    functions = Functions(_ACTIVATIONS[activation], multiply)
    ran = run_layers(functions, multiply(inputs, weights.first), layers, batch)
    below, statistics = cast(tuple[jax.Array, Statistics], ran)  # custom_vjp loses the types
    return multiply(below, weights.last) + weights.bias, statistics


def forward_test(
    weights: Weights,
    statistics: Statistics,
    inputs: Array,
    *,
    activation: str,
    norm_epsilon: Array,
    depth: Array | None = None,
    precision: Precision = "float32",
) -> jax.Array:
    """Outputs for rows seen one by one or together, normalised by the running averages.

    Args:
        weights: The weights.
        statistics: The running averages of training.
        inputs: ``[rows, features]``; a row's output does not depend on the other rows.
        activation: ``"relu"`` or ``"tanh"``.
        norm_epsilon: Batch norm's ε, a scalar.
        depth: How many of the hidden layers the network has; a traced scalar, or None for all.
        precision: ``"float32"``, or ``"bfloat16"`` for matrix products in that; not a traced value.

    Returns:
        Outputs ``[rows, outputs]``: logits, or the standardised target.
    """
    g, multiply = _ACTIVATIONS[activation], product_in(precision)
    weights, statistics = jax.tree.map(jnp.asarray, (weights, statistics))

    def activate(layer: Any, z: jax.Array) -> jax.Array:
        mean, variance = statistics.mean[layer], statistics.variance[layer]
        return g(normalise(z, mean, variance, weights.gamma[layer], weights.beta[layer], norm_epsilon))

    def next_layer(layer: Any, below: jax.Array) -> jax.Array:
        return activate(layer, multiply(below, weights.hidden[layer - 1]))

    below = activate(0, multiply(inputs, weights.first))
    if weights.gamma.shape[0] > 1:
        below = repeat(1, weights.gamma.shape[0] if depth is None else depth, next_layer, below)
    return multiply(below, weights.last) + weights.bias
