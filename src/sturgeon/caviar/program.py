"""The compiled program that trains several batch-norm networks of one shape for one epoch.

Everything that does not change a shape is a traced value: learning rate, optimiser, momentum, Adam's
constants, weight decay, dropout, batch norm's constants for each lane, and the number of hidden layers for
all lanes of a block together. So networks that differ in them share a program, and a new configuration
needs no compilation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from sturgeon.network.batch_norm import update_running
from sturgeon.network.model import forward_test, forward_training
from sturgeon.network.objectives import evaluate, row_losses
from sturgeon.network.optimizers import descend
from sturgeon.network.settings import LaneSettings
from sturgeon.network.weights import Architecture, Array, Statistics, Weights


@dataclass(frozen=True, slots=True)
class ProgramShape:
    """What a compiled program is specialised on.

    Attributes:
        architecture: The sizes, with the units and the layers that the lanes are padded to.
        batch: Rows of a mini-batch, at most the training rows.
        dropout: Whether any activations are dropped; without, no random numbers are drawn.
        lanes: How many networks are trained together.
    """

    architecture: Architecture
    batch: int
    dropout: bool
    lanes: int


class LaneState(NamedTuple):
    """What a lane carries from epoch to epoch; stacked, one leading axis of lanes."""

    weights: Weights
    statistics: Statistics
    optimizer: optax.ScaleByAdamState


class TablePart(NamedTuple):
    """Inputs ``[rows, features]`` and targets ``[rows]``, on one device."""

    inputs: Array
    targets: Array


class EpochInputs(NamedTuple):
    """What the host hands to a lane for one epoch; stacked, one leading axis of lanes.

    Attributes:
        settings: :meth:`TrainingSettings.lane_vector`.
        learning_rate: α of this epoch.
        dropout_key: uint32 ``[2]``.
        order: Row numbers, ``[steps, batch]``.
        row_weights: ``[steps, batch]``.
    """

    settings: Array
    learning_rate: Array
    dropout_key: Array
    order: Array
    row_weights: Array


def batches_of(order: np.ndarray, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut an epoch's order of rows into mini-batches.

    Every row is seen once an epoch. The last mini-batch holds what remains; its empty places have
    weight 0. A remainder of a single row, which has no variance to normalise by, is left out of that epoch.

    Args:
        order: A permutation of the training rows, ``[rows]``.
        batch: Rows of a mini-batch, from 2 to ``rows``.

    Returns:
        Row numbers ``[steps, batch]``, int32, and weights ``[steps, batch]``, float32.
    """
    rows = len(order)
    if rows % batch == 1:
        rows -= 1
    steps = -(-rows // batch)
    fill = steps * batch - rows
    numbers = np.pad(order[:rows], (0, fill)).reshape(steps, batch).astype(np.int32)
    weights = np.pad(np.ones(rows, np.float32), (0, fill)).reshape(steps, batch)
    return numbers, weights


@functools.cache
def epoch_program(shape: ProgramShape) -> Callable[..., tuple[LaneState, dict[str, jax.Array]]]:
    """The compiled function ``(state, inputs, depth, training, validation) -> (state, metrics)``.

    It trains every lane for one epoch and judges it on the validation part. ``metrics`` maps names such as
    ``train_loss`` and the validation part's ``loss`` to ``[lanes]``; a regression's are in standard units.
    """

    def train_one_epoch(
        state: LaneState, inputs: EpochInputs, depth: Array, training: TablePart, validation: TablePart
    ) -> tuple[LaneState, dict[str, jax.Array]]:
        settings = LaneSettings.of_vector(inputs.settings)
        trained, train_loss = _train_epoch(shape, settings, state, inputs, depth, training)

        def predict(rows: jax.Array) -> jax.Array:
            return forward_test(
                trained.weights,
                trained.statistics,
                rows,
                activation=shape.architecture.activation,
                norm_epsilon=settings.norm_epsilon,
                depth=depth,
            )

        metrics = evaluate(predict, validation.inputs, validation.targets)
        return trained, {"train_loss": train_loss, **metrics}

    return jax.jit(jax.vmap(train_one_epoch, in_axes=(0, 0, None, None, None)), donate_argnums=0)


def _train_epoch(
    shape: ProgramShape,
    settings: LaneSettings,
    state: LaneState,
    inputs: EpochInputs,
    depth: Array,
    training: TablePart,
) -> tuple[LaneState, jax.Array]:
    def loss(weights: Weights, rows: jax.Array, targets: jax.Array, present: jax.Array, key: jax.Array):
        outputs, batch = forward_training(
            weights,
            rows,
            present,
            activation=shape.architecture.activation,
            norm_epsilon=settings.norm_epsilon,
            dropout=(key, settings.dropout) if shape.dropout else None,
            depth=depth,
        )
        return present @ row_losses(outputs, targets) / jnp.sum(present), batch

    def step(carry: LaneState, batch_of: tuple[jax.Array, jax.Array]) -> tuple[LaneState, jax.Array]:
        numbers, present = batch_of
        key = jax.random.fold_in(jax.random.wrap_key_data(inputs.dropout_key), carry.optimizer.count)
        (value, batch), gradient = jax.value_and_grad(loss, has_aux=True)(
            carry.weights, training.inputs[numbers], training.targets[numbers], present, key
        )
        weights, optimizer = descend(
            carry.weights,
            gradient,
            carry.optimizer,
            learning_rate=inputs.learning_rate,
            settings=settings.optimizer,
        )
        statistics = update_running(carry.statistics, batch, settings.norm_momentum)
        moved = carry._replace(weights=weights, statistics=statistics, optimizer=optimizer)
        return moved, value * jnp.sum(present)

    trained, losses = jax.lax.scan(step, state, (inputs.order, inputs.row_weights))
    return trained, jnp.sum(losses) / jnp.sum(inputs.row_weights)
