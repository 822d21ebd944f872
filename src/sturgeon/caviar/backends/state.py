"""What a lane of the batch-norm network starts from, and what is made of it, whichever engine trains it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sturgeon.caviar.backends.jax_program import LaneState
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.data import Dataset, NumericTarget
from sturgeon.network.objectives import in_own_unit
from sturgeon.network.optimizers import start_optimizer
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.streams import weights_stream
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, Statistics, Weights, initial_statistics, initial_weights


def start_state(architecture: Architecture, seed: int) -> LaneState:
    """A network before its first epoch, unpadded.

    Args:
        architecture: Its sizes.
        seed: Its trial's seed.
    """
    weights = initial_weights(architecture, weights_stream(seed))
    return LaneState(weights, initial_statistics(architecture), start_optimizer(weights))


def network_of(
    architecture: Architecture, job: TrainingJob, weights: Weights, statistics: Statistics
) -> TrainedNetwork:
    """A job's trained network, of unpadded arrays."""
    epsilon = TrainingSettings.of(job.config).norm_epsilon
    return TrainedNetwork(architecture, weights, statistics, epsilon)


@dataclass(frozen=True, slots=True)
class TableUnit:
    """In which unit a table's metrics are reported.

    Attributes:
        unit: The standard deviation of a numeric target, in its own unit; None for classes.
        variance: The variance of the standardised validation targets; 0 for classes.
    """

    unit: float | None
    variance: float

    @classmethod
    def of(cls, dataset: Dataset) -> TableUnit:
        """That of a data set."""
        target = dataset.preprocessing.target
        if isinstance(target, NumericTarget):
            return cls(target.scale.std, float(np.var(dataset.y_validation, dtype=np.float64)))
        return cls(None, 0.0)

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        """A lane's metrics by the names that they are reported by."""
        train_loss = values.pop("train_loss")
        if self.unit is not None:
            values = in_own_unit(values, self.unit, self.variance)
        return {"train_loss": train_loss, **{f"val_{name}": value for name, value in values.items()}}
