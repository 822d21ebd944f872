"""Trains one configuration of the batch-norm network, whose value nobody asks for."""

from __future__ import annotations

import math
import threading

from sturgeon.caviar.backends.device_choice import table_backend, table_trainer
from sturgeon.caviar.events import TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.data import Dataset
from sturgeon.errors import RunError
from sturgeon.network.trained import TrainedNetwork
from sturgeon.space import Config, Space
from sturgeon.study import Objective


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


def train_folds(
    dataset: Dataset, space: Space, config: Config, *, epochs: int, seed: int
) -> tuple[TrainedNetwork, ...]:
    """Train one configuration on all rows but each fold.

    Args:
        dataset: The data, in folds.
        space: A space that holds the configuration.
        config: The configuration.
        epochs: How often every row is seen, at least 1.
        seed: As for :func:`train_alone`.

    Raises:
        RunError: A training diverged.
    """
    trainer = table_trainer(dataset, space, Objective("val_loss", "minimize"), epochs)
    events = list(trainer.train([TrainingJob(0, seed, config)], threading.Event()))
    networks = next((event.network for event in events if isinstance(event, TrainingDone)), None)
    if networks is None:
        raise RunError(
            f"A training must keep a finite loss; with learning_rate={config.get('learning_rate')} that of a "
            "fold did not. Lower `learning_rate`."
        )
    return networks
