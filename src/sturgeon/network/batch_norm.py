"""Batch norm as the notes define it: on z and not on a, per mini-batch, with running averages.

For the m rows of a mini-batch and each hidden unit::

    μ      = (1/m) Σ z                      (1)
    σ²     = (1/m) Σ (z - μ)²               (2)
    z_norm = (z - μ) / √(σ² + ε)            (3)
    z̃      = γ · z_norm + β                 (4)

and then a = g(z̃). γ and β are learnt like W; the bias of the layer is gone, since (1) would cancel it.
At test time μ and σ² come from an exponentially weighted average over the mini-batches::

    running = ρ · running + (1 - ρ) · batch (5)

Source:
    Ioffe and Szegedy 2015, algorithms 1 and 2; the course's third week.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from sturgeon.network.weights import Array, Statistics


def normalise_batch(
    z: Array, row_weights: Array, epsilon: Array
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Equations (1) to (3) for one mini-batch.

    Sums over rows are written as products with a vector: a compiler makes far faster code of them.

    Args:
        z: ``[rows, units]``.
        row_weights: ``[rows]``, 1 for a true row and 0 for a row that only fills the batch up.
        epsilon: ε, a scalar.

    Returns:
        z_norm ``[rows, units]``; 1/√(σ²+ε), μ and σ², each ``[units]``.
    """
    share = row_weights / jnp.sum(row_weights)
    mean = share @ z
    centred = z - mean
    variance = share @ jnp.square(centred)
    scale = jax.lax.rsqrt(variance + epsilon)
    return centred * scale, scale, mean, variance


def normalise_batch_gradient(
    d: Array, normal: Array, *, scale: Array, gamma: Array, row_weights: Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The gradient of equations (1) to (4).

    With d the gradient of z̃: dβ = Σ d, dγ = Σ d·z_norm, and
    dz = γ/√(σ²+ε) · (d - (dβ + z_norm·dγ) / m).

    Args:
        d: ``[rows, units]``; 0 for a row that only fills the batch up.
        normal: z_norm, ``[rows, units]``.
        scale: 1/√(σ²+ε), ``[units]``.
        gamma: γ, ``[units]``.
        row_weights: ``[rows]``.

    Returns:
        dz ``[rows, units]``, dγ and dβ, each ``[units]``.

    Source:
        Ioffe and Szegedy 2015, section 3.
    """
    share = row_weights / jnp.sum(row_weights)
    d_beta = row_weights @ d
    d_gamma = row_weights @ (d * normal)
    d_z = (gamma * scale) * (d - share[:, None] * (d_beta + normal * d_gamma))
    return d_z, d_gamma, d_beta


def normalise(z: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: Array) -> jax.Array:
    """Equations (3) and (4): ``[rows, units]`` to ``[rows, units]``."""
    return gamma * ((z - mean) * jax.lax.rsqrt(variance + epsilon)) + beta


def update_running(running: Statistics, batch: Statistics, momentum: Array) -> Statistics:
    """Equation (5), with ``momentum`` = ρ in [0, 1): 0.9 averages about ten mini-batches."""
    return Statistics(
        momentum * running.mean + (1 - momentum) * batch.mean,
        momentum * running.variance + (1 - momentum) * batch.variance,
    )
