"""The batch-norm network on a table, trained by the compiled library, on the cores of a processor."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sturgeon.caviar.backends.cores import CoresBackend
from sturgeon.caviar.backends.table_backend import Reporting, TableBlock, network_of
from sturgeon.caviar.lanes.backend import OneLaneProgram, TrainingJob
from sturgeon.caviar.lanes.devices import Device, free_bytes
from sturgeon.data import Dataset
from sturgeon.data.metrics import judge_outputs
from sturgeon.network import streams
from sturgeon.network.native.layout import Layout
from sturgeon.network.native.library import Settings, Sizes, State, address
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Moments, Statistics, TrainingState, initial_state


class NativeBackend(CoresBackend):
    """Trainings on a processor, in float32.

    Args:
        library: What trains.
        dataset: The data; its arrays are read where they lie.
        epochs: What learning-rate schedules count on.
        metric: The metric that decides.
    """

    def __init__(
        self, library: ctypes.CDLL, dataset: Dataset, epochs: int, metric: str | None = None
    ) -> None:
        super().__init__(dataset, epochs, metric)
        self._library = library

    def with_dataset(self, dataset: Dataset) -> NativeBackend:
        """See :class:`TableBackend`."""
        return NativeBackend(self._library, dataset, self.epochs, self.metric)

    def program(self, block: TableBlock, device: Device, lanes: int) -> NativeProgram:
        """The library, for networks of the block's sizes.

        Raises:
            MemoryError: They need more than is free. A system that promises more than it has would end the
                process in the middle of the training.
        """
        program = NativeProgram(self._library, block, self.dataset, self._reporting, self.epochs)
        needed, free = program.layout.training_bytes(block.shape.batch), free_bytes(device)
        if free is not None and needed > free:
            raise MemoryError(f"the network needs {needed / 2**30:.1f} GB; {free / 2**30:.1f} GB are free")
        return program


@dataclass(frozen=True)
class NativeState:
    """What a step changes, in place, as :class:`Layout` lays it out.

    Attributes:
        weights: A block.
        first_moment: The optimiser's; a block.
        second_moment: Likewise.
        running: The running averages, in strides.
        count: Steps taken so far, int32 of one element.
    """

    weights: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    running: Statistics
    count: np.ndarray

    @cached_property
    def pointers(self) -> State:
        """The same for the library."""
        blocks = [address(a) for a in (self.weights, self.first_moment, self.second_moment, *self.running)]
        assert all(block % 64 == 0 for block in blocks), "vectors are read at whole addresses"
        return State(*blocks)


class NativeProgram(OneLaneProgram):
    """Trains networks of one size, without the interpreter's lock; a checkpoint holds what JAX's does."""

    def __init__(
        self, library: ctypes.CDLL, block: TableBlock, dataset: Dataset, reporting: Reporting, epochs: int
    ) -> None:
        self._library = library
        self._architecture, self._batch = block.shape.architecture, block.shape.batch
        self.layout = Layout(self._architecture, library.sturgeon_width())
        self._dataset = dataset
        self._reporting = reporting
        self._epochs = epochs
        a, classes = self._architecture, dataset.y_train.dtype == np.int32
        tanh = a.activation == "tanh"
        self._sizes = Sizes(a.features, a.outputs, a.hidden_units, a.layers, self._batch, tanh, classes)

    def start(self, job: TrainingJob) -> NativeState:
        """See :class:`LaneProgram`."""
        return self._laid_out(initial_state(self._architecture, job.seed))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> NativeState:
        """See :class:`LaneProgram`."""
        return self._laid_out(TrainingState.of_leaves(leaves))

    def _laid_out(self, state: TrainingState) -> NativeState:
        count, *moments = state.optimizer
        weights, mu, nu = (self.layout.block(each) for each in (state.weights, *moments))
        running = self.layout.running(state.statistics)
        return NativeState(weights, mu, nu, running, np.array([count], np.int32))

    def run(
        self, state: NativeState, inputs: tuple[TrainingJob, int]
    ) -> tuple[NativeState, dict[str, float]]:
        """See :class:`OneLaneProgram`."""
        job, epoch = inputs
        order = self.row_order(job, epoch)
        loss = self.train(state, job, epoch, order)
        return state, self.judge(state, job, loss / len(order))

    def row_order(self, job: TrainingJob, epoch: int) -> np.ndarray:
        """The training rows in the order in which a job sees them in an epoch, from 0."""
        order = streams.row_order(job.seed, epoch, len(self._dataset.y_train))
        if len(order) % self._batch == 1:  # a single row has no variance to normalise by
            order = order[:-1]
        return order

    def train(self, state: NativeState, job: TrainingJob, epoch: int, rows: np.ndarray) -> float:
        """Train on some rows of an epoch, in whole mini-batches; gives the loss summed over the rows."""
        data, library, sizes = self._dataset, self._library, self._sizes
        settings = TrainingSettings.of(job.config)
        how = Settings(
            settings.learning_rate_at(epoch, self._epochs),
            tuple(settings.lane_vector().tolist()),
            tuple(streams.dropout_key(job.seed).tolist()),
        )
        given = address(data.x_train), address(data.y_train), address(rows), len(rows)
        loss = library.sturgeon_train_epoch(sizes, how, state.pointers, *given, address(state.count))
        if state.count.item() < 0:
            raise MemoryError(f"no memory to train {sizes.units} units on {self._batch} rows")
        return loss

    def judge(self, state: NativeState, job: TrainingJob, train_loss: float) -> dict[str, float]:
        """The metrics of an epoch, as they are reported."""
        data, library, sizes = self._dataset, self._library, self._sizes
        epsilon = TrainingSettings.of(job.config).lane_vector()[-1].item()
        outputs = np.empty((len(data.x_validation), sizes.outputs), np.float32)
        rows = address(data.x_validation), len(data.x_validation)
        if library.sturgeon_predict(sizes, epsilon, state.pointers, *rows, address(outputs)):
            raise MemoryError(f"no memory to predict with {sizes.units} units")
        reporting = self._reporting
        metrics = judge_outputs(
            outputs, data.y_validation, score=reporting.score, positive=reporting.positive
        )
        return reporting.reported(train_loss, metrics)

    def leaves(self, job: TrainingJob, state: NativeState) -> tuple[np.ndarray, ...]:
        """See :class:`LaneProgram`."""
        blocks = state.weights, state.first_moment, state.second_moment
        weights, mu, nu = (self.layout.weights(block) for block in blocks)
        statistics = self.layout.statistics(state.running)
        whole = TrainingState(weights, statistics, Moments(state.count[0], mu, nu))
        return tuple(leaf.copy() for leaf in whole.leaves())

    def network(self, job: TrainingJob, state: NativeState) -> TrainedNetwork:
        """See :class:`LaneProgram`."""
        weights = self.layout.weights(state.weights)
        return network_of(self._architecture, job, weights, self.layout.statistics(state.running))
