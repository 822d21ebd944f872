"""The network of the notes: input → (W, batch norm, g) per hidden layer → W, b → outputs."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from sturgeon.network.batch_norm import normalise, normalise_batch
from sturgeon.network.weights import Array, Statistics, Weights

_ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {"relu": jax.nn.relu, "tanh": jnp.tanh}
ACTIVATIONS = tuple(_ACTIVATIONS)


def _layer_input(weights: Weights, layer: int, below: Array) -> jax.Array:
    return below @ (weights.first if layer == 0 else weights.hidden[layer - 1])


def forward_training(
    weights: Weights,
    inputs: Array,
    row_weights: Array,
    *,
    activation: str,
    norm_epsilon: Array,
    dropout: tuple[Array, Array] | None = None,
) -> tuple[jax.Array, Statistics]:
    """Outputs for one mini-batch, normalised by the mini-batch's own statistics.

    Args:
        weights: The weights.
        inputs: ``[rows, features]``.
        row_weights: ``[rows]``, 1 for a true row, 0 for one that only fills the batch up.
        activation: ``"relu"`` or ``"tanh"``.
        norm_epsilon: Batch norm's ε, a scalar.
        dropout: A random key and the share of units to drop, in [0, 1); None for no dropout.

    Returns:
        Outputs ``[rows, outputs]`` (logits, or the standardised target) and the batch's statistics.
    """
    g = _ACTIVATIONS[activation]
    below: Array = inputs
    means, variances = [], []
    for layer in range(weights.gamma.shape[0]):
        z = _layer_input(weights, layer, below)
        normal, mean, variance = normalise_batch(
            z, row_weights, weights.gamma[layer], weights.beta[layer], norm_epsilon
        )
        means.append(mean)
        variances.append(variance)
        below = g(normal)
        if dropout is not None:
            key, rate = dropout
            below = drop_units(below, jax.random.fold_in(key, layer), rate)
    outputs = below @ weights.last + weights.bias
    return outputs, Statistics(jnp.stack(means), jnp.stack(variances))


def forward_test(
    weights: Weights, statistics: Statistics, inputs: Array, *, activation: str, norm_epsilon: Array
) -> jax.Array:
    """Outputs for rows seen one by one or together, normalised by the running averages.

    Args:
        weights: The weights.
        statistics: The running averages of training.
        inputs: ``[rows, features]``; a row's output does not depend on the other rows.
        activation: ``"relu"`` or ``"tanh"``.
        norm_epsilon: Batch norm's ε, a scalar.

    Returns:
        Outputs ``[rows, outputs]``: logits, or the standardised target.
    """
    g = _ACTIVATIONS[activation]
    below: Array = inputs
    for layer in range(weights.gamma.shape[0]):
        z = _layer_input(weights, layer, below)
        mean, variance = statistics.mean[layer], statistics.variance[layer]
        below = g(normalise(z, mean, variance, weights.gamma[layer], weights.beta[layer], norm_epsilon))
    return below @ weights.last + weights.bias


def drop_units(activations: jax.Array, key: Array, rate: Array) -> jax.Array:
    """Inverted dropout: zero a share ``rate`` of the activations and scale up the rest.

    The mask is drawn unit by unit (transposed), so that a unit's mask does not depend on how many
    units the layer was padded to.

    Source:
        Srivastava et al. 2014, "Dropout"; the course's second week ("inverted dropout").
    """
    rows, units = activations.shape
    keep = rate <= jax.random.uniform(key, (units, rows), activations.dtype).T
    return jnp.where(keep, activations / (1 - rate), 0)
