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


@jax.custom_vjp
def normalise_batch(
    z: Array, row_weights: Array, gamma: Array, beta: Array, epsilon: Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Equations (1) to (4) for one mini-batch.

    The gradient is written out below: its sums over rows are matrix products, which a compiler makes far
    faster code of than of the sums that automatic differentiation leaves.

    Args:
        z: ``[rows, units]``.
        row_weights: ``[rows]``, 1 for a true row and 0 for a row that only fills the batch up. A loss must
            not depend on a filling row's z̃.
        gamma: γ, ``[units]``.
        beta: β, ``[units]``.
        epsilon: ε, a scalar.

    Returns:
        z̃ ``[rows, units]``, and μ and σ², each ``[units]``; no gradient flows back through these two.
    """
    return _forward(z, row_weights, gamma, beta, epsilon)[0]


def _forward(z: Array, row_weights: Array, gamma: Array, beta: Array, epsilon: Array):
    share = row_weights / jnp.sum(row_weights)
    mean = share @ z
    centred = z - mean
    variance = share @ jnp.square(centred)
    scale = jax.lax.rsqrt(variance + epsilon)
    normal = centred * scale
    return (gamma * normal + beta, mean, variance), (normal, scale, gamma, row_weights, share)


def _backward(saved, gradients):
    """With d the gradient of z̃: dβ = Σ d, dγ = Σ d·z_norm, dz = γ/√(σ²+ε) · (d - (dβ + z_norm·dγ)/m)."""
    normal, scale, gamma, row_weights, share = saved
    d = gradients[0]
    d_beta = row_weights @ d
    d_gamma = row_weights @ (d * normal)
    d_z = (gamma * scale) * (d - share[:, None] * (d_beta + normal * d_gamma))
    return d_z, None, d_gamma, d_beta, None


normalise_batch.defvjp(_forward, _backward)


def normalise(z: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: Array) -> jax.Array:
    """Equations (3) and (4): ``[rows, units]`` to ``[rows, units]``."""
    return gamma * ((z - mean) * jax.lax.rsqrt(variance + epsilon)) + beta


def update_running(running: Statistics, batch: Statistics, momentum: Array) -> Statistics:
    """Equation (5), with ``momentum`` = ρ in [0, 1): 0.9 averages about ten mini-batches."""
    return Statistics(
        momentum * running.mean + (1 - momentum) * batch.mean,
        momentum * running.variance + (1 - momentum) * batch.variance,
    )
