"""The compiled program that trains several batch-norm networks of one shape for one epoch.

Everything that does not change a shape is a traced value: learning rate, optimiser, momentum, Adam's
constants, weight decay, dropout, batch norm's constants for each lane, and the number of hidden layers for
all lanes of a block together. So networks that differ in them share a program, and a new configuration
needs no compilation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from sturgeon.caviar.backends.table_backend import ProgramShape
from sturgeon.network.batch_norm import update_running
from sturgeon.network.model import forward_test, forward_training
from sturgeon.network.objectives import all_outputs, evaluate, row_losses
from sturgeon.network.optimizers import descend
from sturgeon.network.settings import LaneSettings
from sturgeon.network.weights import Array, TrainingState, Weights


class TablePart(NamedTuple):
    """Inputs ``[rows, features]`` and targets ``[rows]``."""

    inputs: Array
    targets: Array


class MiniBatch(NamedTuple):
    """The rows of one step; stacked, with leading axes of lanes and steps.

    Attributes:
        inputs: ``[batch, features]``.
        targets: ``[batch]``.
        row_weights: ``[batch]``, 1 for a true row, 0 for one that only fills the mini-batch up.
    """

    inputs: Array
    targets: Array
    row_weights: Array


class LaneInputs(NamedTuple):
    """What holds for one lane and epoch, whatever rows it sees.

    Attributes:
        settings: :meth:`TrainingSettings.lane_vector`.
        learning_rate: α of this epoch.
        dropout_key: uint32 ``[2]``.
    """

    settings: Array
    learning_rate: Array
    dropout_key: Array


class EpochInputs(NamedTuple):
    """What the host hands to a lane for one epoch; stacked, one leading axis of lanes.

    Attributes:
        lane: What holds for all its steps.
        order: Row numbers, ``[steps, batch]``.
    """

    lane: LaneInputs
    order: Array


Step: TypeAlias = Callable[[TrainingState, MiniBatch], tuple[TrainingState, jax.Array]]


def batches_of(orders: np.ndarray, batch: int) -> np.ndarray:
    """Cut orders of rows into mini-batches.

    Every row is seen once an epoch. The last mini-batch holds what remains; its empty places are row 0, and
    have weight 0. A remainder of a single row, which has no variance to normalise by, is left out then.

    Args:
        orders: Permutations of the training rows, int32 ``[..., rows]``.
        batch: Rows of a mini-batch, from 2 to ``rows``.

    Returns:
        Row numbers ``[..., steps, batch]``, int32.
    """
    *lanes, rows = orders.shape
    seen = _seen(rows, batch)
    steps = -(-seen // batch)
    if steps * batch == rows:
        return orders.reshape(*lanes, steps, batch)
    numbers = np.zeros((*lanes, steps * batch), np.int32)
    numbers[..., :seen] = orders[..., :seen]
    return numbers.reshape(*lanes, steps, batch)


def row_weights_of(rows: int, batch: int, xp: Any = np) -> Any:
    """The weights of the places of :func:`batches_of`: 1 for a row, 0 for an empty place.

    Args:
        rows: Training rows.
        batch: Rows of a mini-batch, from 2 to ``rows``.
        xp: NumPy; or ``jax.numpy`` inside a program, so that it computes them instead of holding them.

    Returns:
        ``[steps, batch]``, float32.
    """
    seen = _seen(rows, batch)
    steps = -(-seen // batch)
    return (xp.arange(steps * batch) < seen).astype(xp.float32).reshape(steps, batch)


def _seen(rows: int, batch: int) -> int:
    """The rows that an epoch sees."""
    return rows - 1 if rows % batch == 1 else rows


@functools.cache
def epoch_program(
    shape: ProgramShape, with_outputs: bool = False
) -> Callable[..., tuple[TrainingState, dict[str, jax.Array]]]:
    """The compiled function ``(state, inputs, depth, training, validation) -> (state, metrics)``.

    It trains every lane for one epoch and judges it on the validation part. ``metrics`` maps names such as
    ``train_loss`` and the validation part's ``loss`` to ``[lanes]``; a regression's are in standard units.
    Where they are asked for, ``outputs`` are those of the validation rows, ``[lanes, rows, outputs]``.
    """

    def train_one_epoch(
        state: TrainingState, inputs: EpochInputs, depth: Array, training: TablePart, validation: TablePart
    ) -> tuple[TrainingState, dict[str, jax.Array]]:
        step = training_step(shape, inputs.lane, depth)

        def gather_and_step(carry: TrainingState, rows: tuple[jax.Array, jax.Array]):
            numbers, row_weights = rows
            batch = MiniBatch(training.inputs[numbers], training.targets[numbers], row_weights)
            return step(carry, batch)

        row_weights = row_weights_of(len(training.targets), shape.batch, jnp)
        trained, losses = jax.lax.scan(gather_and_step, state, (inputs.order, row_weights))
        train_loss = jnp.sum(losses) / jnp.sum(row_weights)
        predict = predictor(shape, trained, inputs.lane, depth)
        metrics = evaluate(predict, validation.inputs, validation.targets)
        if with_outputs:
            metrics["outputs"] = all_outputs(predict, validation.inputs)
        return trained, {"train_loss": train_loss, **metrics}

    return jax.jit(jax.vmap(train_one_epoch, in_axes=(0, 0, None, None, None)), donate_argnums=0)


def training_step(shape: ProgramShape, lane: LaneInputs, depth: Array) -> Step:
    """What one lane does with a mini-batch: ``(state, batch) -> (state, loss summed over its rows)``.

    Args:
        shape: What the program is specialised on.
        lane: The lane's settings.
        depth: The number of hidden layers.
    """
    settings = LaneSettings.of_vector(lane.settings)

    def loss(weights: Weights, batch: MiniBatch, key: jax.Array):
        outputs, statistics = forward_training(
            weights,
            batch.inputs,
            batch.row_weights,
            activation=shape.architecture.activation,
            norm_epsilon=settings.norm_epsilon,
            dropout=(key, settings.dropout) if shape.dropout else None,
            depth=depth if shape.any_depth else None,
            precision=shape.precision,
        )
        mean = batch.row_weights @ row_losses(outputs, batch.targets) / jnp.sum(batch.row_weights)
        return mean, statistics

    def step(state: TrainingState, batch: MiniBatch) -> tuple[TrainingState, jax.Array]:
        stream = jax.random.wrap_key_data(lane.dropout_key, impl="threefry2x32")
        key = jax.random.fold_in(stream, state.optimizer.count)
        (value, seen), gradient = jax.value_and_grad(loss, has_aux=True)(state.weights, batch, key)
        weights, optimizer = descend(
            state.weights,
            gradient,
            state.optimizer,
            learning_rate=lane.learning_rate,
            settings=settings.optimizer,
        )
        statistics = update_running(state.statistics, seen, settings.norm_momentum)
        return TrainingState(weights, statistics, optimizer), value * jnp.sum(batch.row_weights)

    return step


def predictor(
    shape: ProgramShape, state: TrainingState, lane: LaneInputs, depth: Array
) -> Callable[[jax.Array], jax.Array]:
    """One lane's network as it is now: from inputs ``[rows, features]`` to outputs ``[rows, outputs]``.

    Args:
        shape: What the program is specialised on.
        state: The lane's state.
        lane: The lane's settings.
        depth: The number of hidden layers.
    """
    return functools.partial(
        forward_test,
        state.weights,
        state.statistics,
        activation=shape.architecture.activation,
        norm_epsilon=LaneSettings.of_vector(lane.settings).norm_epsilon,
        depth=depth if shape.any_depth else None,
        precision=shape.precision,
    )
