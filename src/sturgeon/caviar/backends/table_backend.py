"""What both engines that train the batch-norm network on a table have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.data import Dataset, NumericTarget
from sturgeon.data.metrics import regression_metrics, variation_of
from sturgeon.data.scores import SCORES
from sturgeon.network.settings import Precision, TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, Statistics, Weights
from sturgeon.space import Config


@dataclass(frozen=True, slots=True)
class ProgramShape:
    """What a program is specialised on.

    Attributes:
        architecture: The sizes, with the units and the layers that the lanes are padded to.
        any_depth: Whether the lanes may have fewer layers, a number of them that is a value; else the program
            is for that number of layers alone, and has no loop over them.
        batch: Rows of a mini-batch, at most the training rows.
        dropout: Whether any activations are dropped; without, no random numbers are drawn.
        lanes: How many networks are trained together.
        precision: In which numbers matrices are multiplied.
    """

    architecture: Architecture
    any_depth: bool
    batch: int
    dropout: bool
    lanes: int
    precision: Precision


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Lanes that train side by side: one program, and one number of hidden layers.

    Attributes:
        shape: The program's.
        depth: Hidden layers of every network in the block, at most those of the shape.
    """

    shape: ProgramShape
    depth: int


class TableBackend(TrainingBackend):
    """Trainings of the batch-norm network on one data set.

    Args:
        dataset: The data.
        epochs: What learning-rate schedules count on.
        metric: The metric that decides, such as ``val_auc``: reported too where not every training does so.
    """

    def __init__(self, dataset: Dataset, epochs: int, metric: str | None = None) -> None:
        self.dataset = dataset
        self.epochs = epochs
        self.metric = metric
        self._reporting = Reporting.of(dataset, metric)
        self._rows = len(dataset.y_train)

    @abstractmethod
    def block_of(self, config: Config) -> TableBlock:
        """See :class:`TrainingBackend`."""

    @abstractmethod
    def with_dataset(self, dataset: Dataset) -> TableBackend:
        """The same kind of training on other rows of the same table."""

    def useful_cost(self, config: Config) -> float:
        """The cost of the unpadded network."""
        settings = TrainingSettings.of(config)
        true = settings.architecture(self.dataset.features, self.dataset.outputs)
        return epoch_cost(true, min(settings.batch_size, self._rows), self._rows)


def epoch_cost(architecture: Architecture, batch: int, rows: int) -> float:
    """A rough cost of one network's epoch, in multiply-adds of the forward pass.

    The second term stands for the work per mini-batch that does not depend on its size.
    """
    a = architecture
    products = a.features * a.hidden_units + (a.layers - 1) * a.hidden_units**2 + a.hidden_units * a.outputs
    return products * rows + 16 * (products + 4096) * (rows / batch)


def network_of(
    architecture: Architecture, job: TrainingJob, weights: Weights, statistics: Statistics
) -> TrainedNetwork:
    """A job's trained network, of unpadded arrays."""
    epsilon = TrainingSettings.of(job.config).norm_epsilon
    return TrainedNetwork(architecture, weights, statistics, epsilon)


@dataclass(frozen=True, slots=True)
class Reporting:
    """Which metrics of a table's trainings are reported, and in which unit.

    Attributes:
        unit: The standard deviation of a numeric target, in its own unit; None for classes.
        variance: The variance of the standardised validation targets; 0 for classes.
        score: For classes, one of :data:`sturgeon.data.scores.SCORES` that is reported too, as trials are
            chosen by it.
        positive: Of two classes, the one whose F1 and average precision count.
    """

    unit: float | None
    variance: float
    score: str | None = None
    positive: int = 1

    @classmethod
    def of(cls, dataset: Dataset, metric: str | None = None) -> Reporting:
        """That of a data set, where this metric decides."""
        target = dataset.preprocessing.target
        if isinstance(target, NumericTarget):
            return cls(target.scale.std, variation_of(dataset.y_validation))
        name = (metric or "").removeprefix("val_")
        return cls(None, 0.0, name if name in SCORES else None, dataset.positive)

    def reported(self, train_loss: float, metrics: dict[str, float]) -> dict[str, float]:
        """A lane's metrics by the names that they are reported by.

        Args:
            train_loss: The mean loss of the epoch's mini-batches.
            metrics: Those of the validation part; a regression's in standard units.
        """
        if self.unit is not None:
            loss, mae = metrics["loss"], metrics["mae"]
            metrics = regression_metrics(
                loss, loss, mae, unexplained=loss, variation=self.variance, unit=self.unit
            )
        return {"train_loss": train_loss, **{f"val_{name}": value for name, value in metrics.items()}}
