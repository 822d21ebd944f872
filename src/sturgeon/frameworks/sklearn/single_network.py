"""Trains one configuration of the batch-norm network, with nothing to be judged by."""

from __future__ import annotations

import math

from sturgeon.caviar.backends.device_choice import table_backend
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.data import Dataset
from sturgeon.errors import RunError
from sturgeon.network.trained import TrainedNetwork
from sturgeon.space import Config, Space


def train_alone(dataset: Dataset, space: Space, config: Config, *, epochs: int, seed: int) -> TrainedNetwork:
    """Train one configuration on the training rows; its random streams are those of a trial with this seed.

    Args:
        dataset: The data. Its validation rows decide nothing; the fewer, the less time they take.
        space: A space that holds the configuration.
        config: The configuration.
        epochs: How often every row is seen, at least 1.
        seed: Of the initial weights, the order of rows and dropout.

    Raises:
        RunError: The training diverged.
    """
    backend = table_backend(dataset, space, epochs)
    lane = LaneBatch(backend.program(backend.block_of(config), backend.devices[0], 1), 1)
    lane.start(0, TrainingJob(0, seed, config))
    for epoch in range(1, epochs + 1):
        loss = lane.advance()[0][1]["train_loss"]
        if not math.isfinite(loss):
            raise RunError(
                f"A training must keep a finite loss; it became {loss} in epoch {epoch}, with "
                f"learning_rate={config.get('learning_rate')}. Lower `learning_rate`."
            )
    return lane.network(0)
