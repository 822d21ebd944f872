"""The batch-norm network on a table, trained by NumPy: for processors where no C compiler was.

JAX compiles a program for each shape of network, which takes longer than all the training on a small table.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from sturgeon.caviar.backends.cores import CoresBackend
from sturgeon.caviar.backends.numpy_step import NumpyState, draw_kept, predict, take_step
from sturgeon.caviar.backends.table_backend import Reporting, TableBlock, network_of
from sturgeon.caviar.lanes.backend import OneLaneProgram, TrainingJob
from sturgeon.caviar.lanes.devices import Device
from sturgeon.data import Dataset
from sturgeon.data.metrics import judge_outputs
from sturgeon.network import streams
from sturgeon.network.settings import LaneSettings, TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Statistics, TrainingState, Weights, initial_state


class NumpyBackend(CoresBackend):
    """Trainings on a processor without the compiled library; while it lives, BLAS has one thread.

    Lanes are threads already, and threads of threads would wait for each other.

    Args:
        dataset: The data; its arrays are read where they lie.
        epochs: What learning-rate schedules count on.
        metric: The metric that decides.
    """

    def __init__(self, dataset: Dataset, epochs: int, metric: str | None = None) -> None:
        super().__init__(dataset, epochs, metric)
        self._limit = _OneThread()

    def with_dataset(self, dataset: Dataset) -> NumpyBackend:
        """See :class:`TableBackend`."""
        other = NumpyBackend.__new__(NumpyBackend)
        CoresBackend.__init__(other, dataset, self.epochs, self.metric)
        other._limit = self._limit
        return other

    def program(self, block: TableBlock, device: Device, lanes: int) -> NumpyProgram:
        """The trainer of networks of the block's sizes."""
        return NumpyProgram(block, self.dataset, self._reporting, self.epochs)


class _OneThread:
    """Has BLAS compute in one thread until it is forgotten."""

    def __init__(self) -> None:
        limits = threadpool_limits(limits=1, user_api="blas")
        weakref.finalize(self, limits.restore_original_limits)


class NumpyProgram(OneLaneProgram):
    """Trains networks of one size; a checkpoint holds what JAX's and the library's do."""

    def __init__(self, block: TableBlock, dataset: Dataset, reporting: Reporting, epochs: int) -> None:
        self._architecture, self._batch = block.shape.architecture, block.shape.batch
        self._dataset = dataset
        self._reporting = reporting
        self._epochs = epochs
        self._tanh = self._architecture.activation == "tanh"

    def start(self, job: TrainingJob) -> NumpyState:
        """See :class:`LaneProgram`."""
        return NumpyState.of(initial_state(self._architecture, job.seed))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> NumpyState:
        """See :class:`LaneProgram`."""
        return NumpyState.of(TrainingState.of_leaves(leaves))

    def run(self, state: NumpyState, inputs: tuple[TrainingJob, int]) -> tuple[NumpyState, dict[str, float]]:
        """See :class:`OneLaneProgram`."""
        job, epoch = inputs
        data, of = self._dataset, TrainingSettings.of(job.config)
        settings = LaneSettings.of_vector(of.lane_vector())
        rate, dropout = of.learning_rate_at(epoch, self._epochs), streams.dropout_stream(job.seed, epoch)
        order = streams.row_order(job.seed, epoch, len(data.y_train))
        if len(order) % self._batch == 1:  # a single row has no variance to normalise by
            order = order[:-1]
        loss = 0.0
        with np.errstate(all="ignore"):  # a training that diverges is told by its loss
            for begin in range(0, len(order), self._batch):
                rows = order[begin : begin + self._batch]
                kept = (
                    draw_kept(dropout, of.dropout, of.layers, len(rows), of.hidden_units)
                    if of.dropout
                    else None
                )
                loss += take_step(
                    state,
                    data.x_train[rows],
                    data.y_train[rows],
                    tanh=self._tanh,
                    settings=settings,
                    learning_rate=rate,
                    kept=kept,
                )
            outputs = predict(
                state, data.x_validation, tanh=self._tanh, norm_epsilon=float(settings.norm_epsilon)
            )
        reporting = self._reporting
        metrics = judge_outputs(
            outputs, data.y_validation, score=reporting.score, positive=reporting.positive
        )
        return state, reporting.reported(loss / len(order), metrics)

    def leaves(self, job: TrainingJob, state: NumpyState) -> tuple[np.ndarray, ...]:
        """See :class:`LaneProgram`."""
        return state.leaves()

    def network(self, job: TrainingJob, state: NumpyState) -> TrainedNetwork:
        """See :class:`LaneProgram`."""
        weights = Weights(*(part.copy() for part in state.weights.parts))
        return network_of(
            self._architecture, job, weights, Statistics(*(one.copy() for one in state.running))
        )
