"""Trains one batch-norm network on all rows, with a program that tables of about the same size share.

Compiling takes longer than training on a small table, and cross-validation trains on parts that differ by a
row. So rows and features are rounded up here: added rows are in no mini-batch, and added features are 0 and
have weights of 0, which stay 0. The network learns what it would have learnt without them.
"""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import numpy as np

from sturgeon.caviar.devices import lane_devices
from sturgeon.caviar.program import (
    EpochInputs,
    LaneInputs,
    LaneState,
    ProgramShape,
    TablePart,
    batches_of,
    epoch_program,
)
from sturgeon.errors import RunError
from sturgeon.network import streams
from sturgeon.network.optimizers import start_optimizer
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import initial_statistics, initial_weights

_FEATURES_STEP, _FEWEST_ROWS, _SMALL_TABLE = 8, 64, 1024
# The program judges after each epoch, and nothing is to be judged here: on two rows that costs nothing.
_TOKEN_ROWS = 2


def train_alone(
    inputs: np.ndarray,
    targets: np.ndarray,
    settings: TrainingSettings,
    *,
    outputs: int,
    epochs: int,
    seed: int,
) -> TrainedNetwork:
    """Train one configuration on all rows; its random streams are those of a trial with this seed.

    Args:
        inputs: Normalised, float32 ``[rows, features]``, at least 2 rows.
        targets: int32 class codes, or float32 standardised numbers, ``[rows]``.
        settings: The configuration.
        outputs: Classes, or 1.
        epochs: How often every row is seen, at least 1.
        seed: Of the initial weights, the order of rows and dropout.

    Raises:
        RunError: The training diverged.
    """
    device = lane_devices()[0]
    rows, features = inputs.shape
    more_rows, more_features = round_rows(rows) - rows, -features % _FEATURES_STEP
    table = TablePart(np.pad(inputs, ((0, more_rows), (0, more_features))), np.pad(targets, (0, more_rows)))
    table = jax.device_put(table, device)
    token = TablePart(table.inputs[:_TOKEN_ROWS], table.targets[:_TOKEN_ROWS])
    architecture = settings.architecture(features, outputs)
    shape = ProgramShape(
        replace(architecture, features=features + more_features),
        min(settings.batch_size, round_rows(rows)),
        dropout=settings.dropout > 0,
        lanes=1,
        precision="float32",
    )
    run = epoch_program(shape)
    state = _start(settings, features, outputs, seed, more_features)
    for epoch in range(epochs):
        order = streams.row_order(seed, epoch, rows)
        lane = LaneInputs(
            settings.lane_vector(),
            np.float32(settings.learning_rate_at(epoch, epochs)),
            streams.dropout_key(seed),
        )
        of_epoch = jax.tree.map(lambda leaf: leaf[None], EpochInputs(lane, *batches_of(order, shape.batch)))
        state, metrics = run(state, of_epoch, np.int32(settings.layers), table, token)
        loss = float(metrics["train_loss"][0])
        if not math.isfinite(loss):
            raise RunError(
                f"A training must keep a finite loss; it became {loss} in epoch {epoch + 1} with "
                f"learning_rate={settings.learning_rate}. Lower `learning_rate`."
            )
    weights, statistics, _ = jax.tree.map(lambda leaf: np.array(leaf)[0], state)
    weights = weights._replace(first=weights.first[:features])
    return TrainedNetwork(architecture, weights, statistics, settings.norm_epsilon)


def round_rows(rows: int) -> int:
    """Round a number of rows up: to a power of two on a small table, else by an eighth at most.

    Example:
        >>> round_rows(30), round_rows(150), round_rows(10_000)
        (64, 256, 10240)
    """
    power = 1 << (rows - 1).bit_length()
    step = power if rows <= _SMALL_TABLE else power // 16
    return max(_FEWEST_ROWS, -(-rows // step) * step)


def _start(
    settings: TrainingSettings, features: int, outputs: int, seed: int, more_features: int
) -> LaneState:
    """The state before the first epoch, with a leading axis for its one lane."""
    architecture = settings.architecture(features, outputs)
    weights = initial_weights(architecture, streams.weights_stream(seed))
    weights = weights._replace(first=np.pad(weights.first, ((0, more_features), (0, 0))))
    state = LaneState(weights, initial_statistics(architecture), start_optimizer(weights))
    return jax.tree.map(lambda leaf: np.asarray(leaf)[None], state)
