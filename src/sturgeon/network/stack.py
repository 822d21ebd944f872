"""The hidden layers of one mini-batch, forward and backward, for any depth in one compiled program.

A layer is z → batch norm → g → dropout, and all but the first begin with a product with W. How many layers
there are is a value and not a shape: so networks that differ in depth share a program, and none of
them computes layers that it does not have. The gradient is written out, since a loop whose length is a
value cannot be differentiated automatically.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.random import threefry_2x32

from sturgeon.network.batch_norm import normalise_batch, normalise_batch_gradient
from sturgeon.network.precision import Product, weight_gradient
from sturgeon.network.weights import Array, Statistics

Activation = Callable[[jax.Array], jax.Array]


class Functions(NamedTuple):
    """What a layer is made of.

    Attributes:
        activation: g.
        multiply: The product of two matrices.
    """

    activation: Activation
    multiply: Product


class Layers(NamedTuple):
    """What the hidden layers compute with.

    Attributes:
        hidden: W between hidden layers, ``[layers - 1, units, units]``.
        gamma: γ, ``[layers, units]``.
        beta: β, ``[layers, units]``.
    """

    hidden: Array
    gamma: Array
    beta: Array


class Kept(NamedTuple):
    """What the backward pass needs of each layer; the leading axis is the layer.

    Attributes:
        outputs: ``[layers, rows, units]``, after g and dropout.
        normal: z_norm, ``[layers, rows, units]``.
        scale: 1/√(σ²+ε), ``[layers, units]``.
        statistics: μ and σ² of the mini-batch, ``[layers, units]``.
    """

    outputs: jax.Array
    normal: jax.Array
    scale: jax.Array
    statistics: Statistics


class Batch(NamedTuple):
    """What holds for every layer.

    Attributes:
        row_weights: ``[rows]``, 1 for a true row, 0 for one that only fills the batch up.
        epsilon: Batch norm's ε.
        depth: How many of the layers there are, from 1; a traced scalar, or None for all, which makes a
            program of its own for each number of layers, without loops.
        dropout: A random key and the share of units to drop, in [0, 1); None for no dropout.
    """

    row_weights: Array
    epsilon: Array
    depth: Array | None
    dropout: tuple[Array, Array] | None = None


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def run_layers(
    functions: Functions, first: Array, layers: Layers, batch: Batch
) -> tuple[jax.Array, Statistics]:
    """The outputs of the last hidden layer, and the mini-batch's statistics.

    Args:
        functions: What a layer is made of.
        first: z of the first hidden layer, ``[rows, units]``.
        layers: The weights; those of layers from ``batch.depth`` on are not looked at.
        batch: The mini-batch.

    Returns:
        ``[rows, units]``; and statistics ``[layers, units]``, 0 from ``batch.depth`` on, through which no
        gradient flows back.
    """
    return _forward(functions, first, layers, batch)[0]


def _forward(functions: Functions, first: Array, layers: Layers, batch: Batch):
    g, multiply = functions
    layers = jax.tree.map(jnp.asarray, layers)
    count = layers.gamma.shape[0]
    per_row = jnp.zeros((count, *first.shape), first.dtype)
    per_unit = jnp.zeros((count, first.shape[1]), first.dtype)
    kept = Kept(per_row, per_row, per_unit, Statistics(per_unit, per_unit))
    below, kept = _layer(g, 0, first, layers, batch, kept)

    def next_layer(layer: Any, carry: tuple[jax.Array, Kept]) -> tuple[jax.Array, Kept]:
        below, kept = carry
        return _layer(g, layer, multiply(below, layers.hidden[layer - 1]), layers, batch, kept)

    if count > 1:
        below, kept = repeat(1, count if batch.depth is None else batch.depth, next_layer, (below, kept))
    return (below, kept.statistics), (layers, batch, kept)


def _layer(
    g: Activation, layer: Any, z: Array, layers: Layers, batch: Batch, kept: Kept
) -> tuple[jax.Array, Kept]:
    """One layer from its z on; what the backward pass needs is put into ``kept``."""
    normal, scale, mean, variance = normalise_batch(z, batch.row_weights, batch.epsilon)
    outputs = g(layers.gamma[layer] * normal + layers.beta[layer])
    if batch.dropout is not None:
        outputs = _drop(outputs, layer, batch.dropout)
    new = Kept(outputs, normal, scale, Statistics(mean, variance))
    return outputs, jax.tree.map(lambda whole, part: put(whole, part, layer), kept, new)


def _backward(functions: Functions, saved: tuple[Layers, Batch, Kept], gradients: tuple[Array, Statistics]):
    g, multiply = functions
    layers, batch, kept = saved
    depth = layers.gamma.shape[0] if batch.depth is None else batch.depth

    def before_norm(layer: Any, d_outputs: jax.Array, found: Layers) -> tuple[jax.Array, Layers]:
        """From the gradient of a layer's outputs to that of its z."""
        if batch.dropout is not None:
            d_outputs = _drop(d_outputs, layer, batch.dropout)
        gamma, normal = layers.gamma[layer], kept.normal[layer]
        _, through_g = jax.vjp(g, gamma * normal + layers.beta[layer])
        (d_normed,) = through_g(d_outputs)
        d_z, d_gamma, d_beta = normalise_batch_gradient(
            d_normed, normal, scale=kept.scale[layer], gamma=gamma, row_weights=batch.row_weights
        )
        found = found._replace(gamma=put(found.gamma, d_gamma, layer), beta=put(found.beta, d_beta, layer))
        return d_z, found

    def layer_before(passed: Any, carry: tuple[jax.Array, Layers]) -> tuple[jax.Array, Layers]:
        layer = depth - 1 - passed
        d_z, found = before_norm(layer, *carry)
        d_hidden = weight_gradient(multiply, kept.outputs[layer - 1], d_z)
        found = found._replace(hidden=put(found.hidden, d_hidden, layer - 1))
        return multiply(d_z, layers.hidden[layer - 1].T), found

    d_outputs, found = gradients[0], jax.tree.map(jnp.zeros_like, layers)
    if layers.gamma.shape[0] > 1:
        d_outputs, found = repeat(0, depth - 1, layer_before, (d_outputs, found))
    d_first, found = before_norm(0, d_outputs, found)
    return d_first, found, None


run_layers.defvjp(_forward, _backward)


def repeat(first: int, until: Any, body: Callable[[Any, Any], Any], carry: Any) -> Any:
    """A loop, written out where its length is known."""
    if not isinstance(until, int):
        return lax.fori_loop(first, until, body, carry)
    for index in range(first, until):
        carry = body(index, carry)
    return carry


def put(whole: Array, part: Array, index: Any) -> jax.Array:
    """``whole`` with ``part`` at ``index`` of its first axis."""
    return lax.dynamic_update_index_in_dim(whole, part, index, 0)


def dropout_factors(like: Array, key: Array, rate: Array) -> jax.Array:
    """Inverted dropout: 0 for a share ``rate`` of the activations, 1/(1 - rate) for the rest.

    16 random bits decide on an activation, so the share is exact to 1/65,536, and one run of the cipher does
    for four. They depend on the key, the row and the unit alone, not on how many rows or units there are:
    what a layer is padded with changes nothing. Drawn again in the backward pass rather than kept.

    Args:
        like: Activations ``[rows, units]``, for their shape and type.
        key: The random key, of threefry.
        rate: The share to drop, in [0, 1).

    Source:
        Srivastava et al. 2014, "Dropout"; the course's second week ("inverted dropout"). Salmon et al. 2011,
        "Parallel random numbers: as easy as 1, 2, 3" (Threefry-2x32).
    """
    rows, units = like.shape
    blocks = -(-units // 64)
    row = lax.broadcasted_iota(jnp.uint32, (rows, blocks, 16), 0)
    place = 16 * lax.broadcasted_iota(jnp.uint32, (rows, blocks, 16), 1)
    place += lax.broadcasted_iota(jnp.uint32, (rows, blocks, 16), 2)
    counters = jnp.concatenate([row.ravel(), place.ravel()])
    first, second = threefry_2x32(jax.random.key_data(key), counters).reshape(2, rows, blocks, 16)
    halves = [first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16]
    bits = jnp.stack(halves, axis=2).reshape(rows, 64 * blocks)[:, :units]
    keep = rate * 65536 <= bits.astype(jnp.float32)
    return jnp.where(keep, 1 / (1 - rate), 0).astype(like.dtype)


def _drop(activations: jax.Array, layer: Any, dropout: tuple[Array, Array]) -> jax.Array:
    key, rate = dropout
    return activations * dropout_factors(activations, jax.random.fold_in(key, layer), rate)
