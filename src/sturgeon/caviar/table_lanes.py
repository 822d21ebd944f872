"""The batch-norm network on a table, as lanes."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import jax
import numpy as np

from sturgeon.caviar.fused import Device, Fused, LaneProgram, Member
from sturgeon.caviar.placing import Resident, Streamed, place
from sturgeon.caviar.program import (
    EpochInputs,
    LaneInputs,
    LaneState,
    ProgramShape,
    batches_of,
    epoch_program,
)
from sturgeon.caviar.shapes import Extent, TableBlock, block_of, epoch_cost
from sturgeon.caviar.streaming import run_streamed_epoch
from sturgeon.caviar.trainer import Goal, LaneTrainer
from sturgeon.data import Dataset, NumericTarget
from sturgeon.network import streams
from sturgeon.network.objectives import in_own_unit
from sturgeon.network.optimizers import start_optimizer
from sturgeon.network.precision import Precision
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import (
    initial_statistics,
    initial_weights,
    pad_statistics,
    pad_weights,
    trim_statistics,
    trim_weights,
)
from sturgeon.space import Config, Space

Epoch: TypeAlias = Callable[[LaneState, EpochInputs, Any], tuple[LaneState, dict[str, jax.Array]]]

# A network whose step has fewer activations than this keeps no core busy alone.
_SMALL_STEP = 2048
_SMALL_LANES, _GPU_LANES = 8, 64


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """The training and validation parts, for one device.

    Attributes:
        parts: On the device, or on the host where they do not fit.
        unit: The standard deviation of a numeric target, in its own unit; None for classes.
        variance: The variance of the standardised validation targets; 0 for classes.
    """

    parts: Resident | Streamed
    unit: float | None
    variance: float


class TableFused(Fused):
    """Trainings of the batch-norm network on one data set.

    Args:
        dataset: The data.
        space: The space that configurations come from.
        epochs: What learning-rate schedules count on.
        precision: In which numbers matrices are multiplied.
    """

    def __init__(
        self, dataset: Dataset, space: Space, epochs: int, *, precision: Precision = "float32"
    ) -> None:
        self._dataset = dataset
        self._rows = len(dataset.y_train)
        self._extent = Extent.of(space)
        self._epochs = epochs
        self._precision: Precision = precision
        self._placing = threading.Lock()
        self._tables: dict[Device, DeviceTable] = {}

    def block_of(self, config: Config) -> TableBlock:
        """Program, and number of hidden layers."""
        settings = TrainingSettings.of(config)
        small = settings.hidden_units * min(settings.batch_size, self._rows) < _SMALL_STEP
        return block_of(
            settings,
            features=self._dataset.features,
            outputs=self._dataset.outputs,
            extent=self._extent,
            rows=self._rows,
            lanes=_SMALL_LANES if small else 1,
            precision=self._precision,
        )

    def cost(self, block: TableBlock) -> float:
        """Multiply-adds, and more for small mini-batches."""
        true = replace(block.shape.architecture, layers=block.depth)
        return epoch_cost(true, block.shape.batch, self._rows)

    def needed(self, config: Config) -> float:
        """The same for the unpadded network."""
        settings = TrainingSettings.of(config)
        true = settings.architecture(self._dataset.features, self._dataset.outputs)
        return epoch_cost(true, min(settings.batch_size, self._rows), self._rows)

    def lanes(self, block: TableBlock, device: Device) -> int:
        """One on a core, where it keeps the core busy; several where its steps are tiny, and on a GPU."""
        return block.shape.lanes if device.platform == "cpu" else _GPU_LANES

    def usual_lanes(self, device: Device) -> int:
        """One on a core."""
        return 1 if device.platform == "cpu" else _GPU_LANES

    def program(self, block: TableBlock, device: Device, lanes: int) -> LaneProgram:
        """The program of a block, with the data on its device."""
        block = replace(block, shape=replace(block.shape, lanes=lanes))
        with self._placing:
            if device not in self._tables:
                self._tables[device] = _table_on(self._dataset, device, self._precision)
        return _TableProgram(block, self._tables[device], self._epochs)


class _TableProgram(LaneProgram):
    def __init__(self, block: TableBlock, table: DeviceTable, epochs: int) -> None:
        self._shape, self._depth = block.shape, block.depth
        self._table = table
        self._epochs = epochs
        self._run = _epoch_on(table.parts, block.shape)

    def start(self, member: Member) -> LaneState:
        settings = TrainingSettings.of(member.config)
        padded = self._shape.architecture
        true = settings.architecture(padded.features, padded.outputs)
        weights = initial_weights(true, streams.weights_stream(member.seed))
        state = LaneState(weights, initial_statistics(true), start_optimizer(weights))
        return self.unpack(member, state)

    def inputs(self, member: Member, epoch: int) -> EpochInputs:
        settings = TrainingSettings.of(member.config)
        order = streams.row_order(member.seed, epoch, len(self._table.parts.training.targets))
        return EpochInputs(
            LaneInputs(
                settings.lane_vector(),
                np.float32(settings.learning_rate_at(epoch, self._epochs)),
                streams.dropout_key(member.seed),
            ),
            *batches_of(order, self._shape.batch),
        )

    def run(self, state: LaneState, inputs: EpochInputs) -> tuple[LaneState, dict[str, jax.Array]]:
        return self._run(state, inputs, np.int32(self._depth))

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        train_loss = values.pop("train_loss")
        if self._table.unit is not None:
            values = in_own_unit(values, self._table.unit, self._table.variance)
        return {"train_loss": train_loss, **{f"val_{name}": value for name, value in values.items()}}

    def pack(self, member: Member, state: LaneState) -> LaneState:
        units, layers = TrainingSettings.of(member.config).hidden_units, self._depth
        return _resized(
            state,
            lambda weights: trim_weights(weights, units, layers),
            lambda statistics: trim_statistics(statistics, units, layers),
        )

    def unpack(self, member: Member, state: LaneState) -> LaneState:
        units, layers = self._shape.architecture.hidden_units, self._shape.architecture.layers
        return _resized(
            state,
            lambda weights: pad_weights(weights, units, layers),
            lambda statistics: pad_statistics(statistics, units, layers),
        )

    def network(self, member: Member, state: LaneState) -> TrainedNetwork:
        settings = TrainingSettings.of(member.config)
        padded = self._shape.architecture
        packed = self.pack(member, state)
        return TrainedNetwork(
            settings.architecture(padded.features, padded.outputs),
            packed.weights,
            packed.statistics,
            settings.norm_epsilon,
        )


def table_trainer(
    dataset: Dataset, space: Space, goal: Goal, epochs: int, *, precision: Precision = "float32"
) -> LaneTrainer:
    """A trainer of the batch-norm network on one data set, many configurations at once.

    Args:
        dataset: The data; its training and validation parts are put on every device that has room.
        space: The space that configurations come from.
        goal: The metric that must stay finite.
        epochs: How many epochs a member trains for, at least 1.
        precision: In which numbers matrices are multiplied.
    """
    return LaneTrainer(TableFused(dataset, space, epochs, precision=precision), goal, epochs)


def _resized(state: LaneState, weights: Any, statistics: Any) -> LaneState:
    """Every array of a lane's state, brought to another width and depth."""
    moments = state.optimizer
    return LaneState(
        weights(state.weights),
        statistics(state.statistics),
        moments._replace(
            count=np.asarray(moments.count),
            mu=weights(moments.mu),
            nu=weights(moments.nu),
        ),
    )


def _epoch_on(parts: Resident | Streamed, shape: ProgramShape) -> Epoch:
    if isinstance(parts, Streamed):
        return functools.partial(run_streamed_epoch, shape, parts)
    run = epoch_program(shape)
    return lambda state, inputs, depth: run(state, inputs, depth, parts.training, parts.validation)


def _table_on(dataset: Dataset, device: Device, precision: Precision) -> DeviceTable:
    target = dataset.preprocessing.target
    numeric = isinstance(target, NumericTarget)
    return DeviceTable(
        place(dataset, device, precision=precision),
        target.scale.std if isinstance(target, NumericTarget) else None,
        float(np.var(dataset.y_validation, dtype=np.float64)) if numeric else 0.0,
    )
