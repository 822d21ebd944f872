"""Gradient descent, momentum and Adam as one step whose settings are traced values.

With g the gradient, in the notes' form::

    momentum:          v = β·v + (1 - β)·g          W = W - α·v
    gradient descent:  momentum with β = 0
    Adam:              v = β₁·v + (1 - β₁)·g        s = β₂·s + (1 - β₂)·g²
                       W = W - α · (v / (1 - β₁ᵗ)) / (√(s / (1 - β₂ᵗ)) + ε)

Momentum's v is Adam's first moment without the bias correction, so that one Optax state serves all
three, and trainings with different optimisers fit into one compiled program.

Weight decay is decoupled from the gradient (AdamW): W = W - α·(step + λ·W), for W alone and
not for γ, β and the bias.

Source:
    Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019; the course's second week.
"""

from __future__ import annotations

from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import optax

from sturgeon.network.settings import OptimizerSettings
from sturgeon.network.weights import Array, Moments, Weights


def descend(
    weights: Weights,
    gradient: Weights,
    state: Moments,
    *,
    learning_rate: Array,
    settings: OptimizerSettings,
) -> tuple[Weights, Moments]:
    """Take one step.

    Args:
        weights: The weights before it.
        gradient: The gradient of the loss with respect to them.
        state: The moments before it.
        learning_rate: α of this step, positive.
        settings: Which optimiser, and its constants.

    Returns:
        The weights and the state after the step.
    """
    adam = optax.scale_by_adam(b1=settings.first_decay, b2=settings.second_decay, eps=settings.epsilon)
    adam_step, after = adam.update(gradient, optax.ScaleByAdamState(*state))
    moments = Moments(*cast(tuple[Array, Weights, Weights], after))
    step = cast(Weights, jax.tree.map(partial(jnp.where, settings.adam), adam_step, moments.mu))
    decay = settings.weight_decay
    step = step._replace(
        first=step.first + decay * weights.first,
        hidden=step.hidden + decay * weights.hidden,
        last=step.last + decay * weights.last,
    )
    return jax.tree.map(lambda weight, s: weight - learning_rate * s, weights, step), moments
