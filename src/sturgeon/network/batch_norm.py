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


def batch_moments(z: Array, row_weights: Array) -> tuple[jax.Array, jax.Array]:
    """Mean and variance of each unit over the true rows of a mini-batch, equations (1) and (2).

    Args:
        z: ``[rows, units]``.
        row_weights: ``[rows]``, 1 for a true row and 0 for a row that only fills the batch up.

    Returns:
        μ and σ², each ``[units]``.
    """
    count = jnp.sum(row_weights)
    mean = row_weights @ z / count
    return mean, row_weights @ jnp.square(z - mean) / count


def normalise(z: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: Array) -> jax.Array:
    """Equations (3) and (4): ``[rows, units]`` to ``[rows, units]``."""
    return gamma * ((z - mean) * jax.lax.rsqrt(variance + epsilon)) + beta


def update_running(running: Statistics, batch: Statistics, momentum: Array) -> Statistics:
    """Equation (5), with ``momentum`` = ρ in [0, 1): 0.9 averages about ten mini-batches."""
    return Statistics(
        momentum * running.mean + (1 - momentum) * batch.mean,
        momentum * running.variance + (1 - momentum) * batch.variance,
    )
