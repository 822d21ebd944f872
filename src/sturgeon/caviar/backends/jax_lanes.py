"""The batch-norm network on a table, as lanes of programs that JAX compiles: for GPUs, and for bfloat16."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np

from sturgeon.caviar.backends.jax_program import EpochInputs, LaneInputs, batches_of, epoch_program
from sturgeon.caviar.backends.jax_shapes import Extent, block_of, lane_bytes
from sturgeon.caviar.backends.jax_table import Resident, Streamed, place, run_streamed_epoch
from sturgeon.caviar.backends.table_backend import (
    ProgramShape,
    Reporting,
    TableBackend,
    TableBlock,
    epoch_cost,
    network_of,
)
from sturgeon.caviar.lanes.backend import LaneProgram, TrainingJob
from sturgeon.caviar.lanes.devices import Device, all_bytes
from sturgeon.caviar.lanes.stacking import StackedProgram
from sturgeon.data import Dataset
from sturgeon.data.metrics import score_outputs
from sturgeon.network import streams
from sturgeon.network.settings import Precision, TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, TrainingState, initial_state, pad_state, trim_state
from sturgeon.space import Config, Space

Epoch: TypeAlias = Callable[[TrainingState, EpochInputs, Any], tuple[TrainingState, dict[str, jax.Array]]]

# A network whose step has fewer activations than this keeps no core busy alone.
_SMALL_STEP = 2048
_SMALL_LANES = 8
# On an H200, 1,024 networks of 64 units take six times as long as 64 of them. Few numbers, since each is a
# program to compile.
_GPU_LANES = (16, 64, 256, 1024)
# How many trials a GPU's lanes are given before the search hears of the first: few enough that a study of 64
# is guided by its own results.
_GPU_ASKED_AHEAD = 16
# What of a GPU's memory lanes may take; the rest is for the compiler's own, and for an estimate that is low.
_MEMORY_SHARE = 0.8


class JaxBackend(TableBackend):
    """Trainings on JAX's devices, a GPU or the cores.

    Args:
        dataset: The data.
        space: The space that configurations come from.
        epochs: What learning-rate schedules count on.
        precision: In which numbers matrices are multiplied.
        metric: The metric that decides.
    """

    def __init__(
        self,
        dataset: Dataset,
        space: Space,
        epochs: int,
        *,
        precision: Precision = "float32",
        metric: str | None = None,
    ) -> None:
        super().__init__(dataset, epochs, metric)
        arrays = (dataset.x_train, dataset.y_train, dataset.x_validation, dataset.y_validation)
        self._table_bytes = sum(array.nbytes for array in arrays)
        self._space = space
        self._extent = Extent.of(space)
        self._precision: Precision = precision
        self._placing = threading.Lock()
        self._parts: dict[Device, Resident | Streamed] = {}

    def with_dataset(self, dataset: Dataset) -> JaxBackend:
        """See :class:`TableBackend`."""
        return JaxBackend(dataset, self._space, self.epochs, precision=self._precision, metric=self.metric)

    def block_of(self, config: Config) -> TableBlock:
        """Program, and number of hidden layers."""
        settings = TrainingSettings.of(config)
        small = settings.hidden_units * min(settings.batch_size, self._rows) < _SMALL_STEP
        return block_of(
            settings,
            features=self.dataset.features,
            outputs=self.dataset.outputs,
            extent=self._extent,
            rows=self._rows,
            lanes=_SMALL_LANES if small else 1,
            any_depth=self.devices[0].platform == "cpu",
            precision=self._precision,
        )

    def cost(self, block: TableBlock) -> float:
        """Multiply-adds, and more for small mini-batches."""
        true = replace(block.shape.architecture, layers=block.depth)
        return epoch_cost(true, block.shape.batch, self._rows)

    def lanes(self, block: TableBlock, device: Device) -> int:
        """One on a core, where it keeps the core busy, several where its steps are tiny.

        On a GPU as many as its memory holds, up to a bound.
        """
        if device.platform == "cpu":
            return block.shape.lanes
        memory = all_bytes(device)
        if memory is None:
            return _GPU_LANES[-1]
        needed = lane_bytes(block.shape, self._rows)
        if self._reporting.score is not None:
            needed += 4 * len(self.dataset.y_validation) * self.dataset.outputs
        room = (_MEMORY_SHARE * memory - self._table_bytes) // needed
        return min(_GPU_LANES[-1], 1 << int(max(room, 1)).bit_length() - 1)

    def lanes_for(self, jobs: int, block: TableBlock, device: Device) -> int:
        """On a GPU not many more than there are jobs."""
        most = self.lanes(block, device)
        if device.platform == "cpu":
            return most
        return min(most, next((lanes for lanes in _GPU_LANES if lanes >= jobs), most))

    def typical_lanes(self, device: Device) -> int:
        """One on a core."""
        return 1 if device.platform == "cpu" else _GPU_ASKED_AHEAD

    def program(self, block: TableBlock, device: Device, lanes: int) -> LaneProgram:
        """The program of a block, with the data on its device."""
        block = replace(block, shape=replace(block.shape, lanes=lanes))
        with self._placing:
            if device not in self._parts:
                self._parts[device] = place(self.dataset, device, precision=self._precision)
        return _TableProgram(block, self._parts[device], device, self._reporting, self.epochs)


class _LaneSettings(NamedTuple):
    """What of a job's inputs is the same in every epoch."""

    settings: TrainingSettings
    vector: np.ndarray
    dropout_key: np.ndarray

    @classmethod
    def of(cls, job: TrainingJob) -> _LaneSettings:
        settings = TrainingSettings.of(job.config)
        return cls(settings, settings.lane_vector(), streams.dropout_key(job.seed))


class _TableProgram(StackedProgram):
    def __init__(
        self,
        block: TableBlock,
        parts: Resident | Streamed,
        device: Device,
        reporting: Reporting,
        epochs: int,
    ) -> None:
        self._shape, self._depth = block.shape, block.depth
        self._rows = len(parts.training.targets)
        self._device = device
        self._reporting = reporting
        self._validation_targets = parts.validation.targets
        self._epochs = epochs
        self._epoch = _epoch_on(parts, block.shape, with_outputs=reporting.score is not None)
        self._settings: dict[int, _LaneSettings] = {}
        self.asynchronous = device.platform != "cpu"

    @property
    def where(self) -> Device:
        return self._device

    def start(self, job: TrainingJob) -> TrainingState:
        return self._padded(initial_state(self._true_sizes(job), job.seed))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> TrainingState:
        return self._padded(TrainingState.of_leaves(leaves))

    def leaves(self, job: TrainingJob, state: TrainingState) -> tuple[np.ndarray, ...]:
        return self._trimmed(job, state).leaves()

    def inputs(self, work: Sequence[tuple[TrainingJob, int]]) -> EpochInputs:
        own = [self._settings_of(job) for job, _ in work]
        rates = [
            of.settings.learning_rate_at(epoch, self._epochs)
            for of, (_, epoch) in zip(own, work, strict=True)
        ]
        orders = streams.row_orders([(job.seed, epoch) for job, epoch in work], self._rows)
        return EpochInputs(
            LaneInputs(
                np.stack([of.vector for of in own]),
                np.array(rates, np.float32),
                np.stack([of.dropout_key for of in own]),
            ),
            batches_of(orders, self._shape.batch),
        )

    def run(self, state: TrainingState, inputs: EpochInputs) -> tuple[TrainingState, dict[str, jax.Array]]:
        return self._epoch(state, inputs, np.int32(self._depth))

    def reports(self, results: dict[str, Any]) -> Sequence[dict[str, float]]:
        """As every stacked program; a score of all outputs is computed on the host."""
        score, positive = self._reporting.score, self._reporting.positive
        sums = {name: values for name, values in results.items() if name != "outputs"}
        reports = super().reports(sums)
        if score is None:
            return reports
        targets = np.asarray(self._validation_targets)
        scores = [score_outputs(score, one, targets, positive) for one in np.asarray(results["outputs"])]
        return [{**report, f"val_{score}": value} for report, value in zip(reports, scores, strict=True)]

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        return self._reporting.reported(values.pop("train_loss"), values)

    def network(self, job: TrainingJob, state: TrainingState) -> TrainedNetwork:
        own = self._trimmed(job, state)
        return network_of(self._true_sizes(job), job, own.weights, own.statistics)

    def _settings_of(self, job: TrainingJob) -> _LaneSettings:
        if job.number not in self._settings:
            self._settings[job.number] = _LaneSettings.of(job)
        return self._settings[job.number]

    def _true_sizes(self, job: TrainingJob) -> Architecture:
        padded = self._shape.architecture
        return TrainingSettings.of(job.config).architecture(padded.features, padded.outputs)

    def _padded(self, state: TrainingState) -> TrainingState:
        return pad_state(state, self._shape.architecture.hidden_units, self._shape.architecture.layers)

    def _trimmed(self, job: TrainingJob, state: TrainingState) -> TrainingState:
        return trim_state(state, TrainingSettings.of(job.config).hidden_units, self._depth)


def _epoch_on(parts: Resident | Streamed, shape: ProgramShape, *, with_outputs: bool) -> Epoch:
    if isinstance(parts, Streamed):
        return functools.partial(run_streamed_epoch, shape, parts, with_outputs)
    run = epoch_program(shape, with_outputs)
    return lambda state, inputs, depth: run(state, inputs, depth, parts.training, parts.validation)
