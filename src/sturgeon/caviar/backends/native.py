"""The batch-norm network on a table, trained by the compiled library: a lane a core, each at its own sizes.

Every job trains alone, so nothing is padded, nothing waits for a neighbour of the same shape, and nothing
is compiled while a study runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import CDLL
from typing import Any, NamedTuple, cast

import numpy as np
import optax

from sturgeon.caviar.backends.jax_program import LaneState, ProgramShape
from sturgeon.caviar.backends.shapes import TableBlock, epoch_cost
from sturgeon.caviar.backends.state import TableUnit, network_of, start_state
from sturgeon.caviar.lanes.backend import LaneProgram, TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import Device, core_devices
from sturgeon.caviar.lanes.memory import free_bytes
from sturgeon.data import Dataset
from sturgeon.network import streams
from sturgeon.network.judging import judge
from sturgeon.network.native.layout import Layout
from sturgeon.network.native.library import EpochSettings, Rows, Trainee, predict, train_epoch, vector_width
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Array, Weights
from sturgeon.space import Config


class NativeBackend(TrainingBackend):
    """Trainings of the batch-norm network on one data set, on a processor and in float32.

    Args:
        library: What trains.
        dataset: The data; its arrays are read where they lie.
        epochs: What learning-rate schedules count on.
    """

    def __init__(self, library: CDLL, dataset: Dataset, epochs: int) -> None:
        self._library = library
        self._dataset = dataset
        self._rows = len(dataset.y_train)
        self._epochs = epochs

    @property
    def devices(self) -> tuple[Device, ...]:
        """The cores, also where there is a GPU."""
        return core_devices()

    def block_of(self, config: Config) -> TableBlock:
        """The configuration's own sizes."""
        settings = TrainingSettings.of(config)
        shape = ProgramShape(
            settings.architecture(self._dataset.features, self._dataset.outputs),
            any_depth=False,
            batch=min(settings.batch_size, self._rows),
            dropout=settings.dropout > 0,
            lanes=1,
            precision="float32",
        )
        return TableBlock(shape, settings.layers)

    def cost(self, block: TableBlock) -> float:
        """Multiply-adds, and more for small mini-batches."""
        return epoch_cost(block.shape.architecture, block.shape.batch, self._rows)

    def needed(self, config: Config) -> float:
        """All of it: nothing is padded."""
        return self.cost(self.block_of(config))

    def lanes(self, block: TableBlock, device: Device) -> int:
        """One."""
        return 1

    def usual_lanes(self, device: Device) -> int:
        """One."""
        return 1

    def program(self, block: TableBlock, device: Device, lanes: int) -> LaneProgram:
        """The library, for networks of the block's sizes.

        Raises:
            MemoryError: They need more than is free. A system that promises more than it has would end the
                process in the middle of the training.
        """
        program = _NativeProgram(self._library, block, self._dataset, self._epochs)
        needed, free = program.layout.training_bytes(block.shape.batch), free_bytes(device)
        if free is not None and needed > free:
            raise MemoryError(f"the network needs {needed / 2**30:.1f} GB; {free / 2**30:.1f} GB are free")
        return program


class _Inputs(NamedTuple):
    """What a lane needs for one epoch.

    Attributes:
        vector: :meth:`TrainingSettings.lane_vector`.
        learning_rate: α.
        dropout_key: uint32 ``[2]``.
        order: The rows of its mini-batches, int32 ``[seen]``.
    """

    vector: Array
    learning_rate: Array
    dropout_key: Array
    order: Array


class _NativeProgram(LaneProgram):
    """A lane's state is a :class:`Trainee`; a checkpoint holds a :class:`LaneState`, as with JAX."""

    def __init__(self, library: CDLL, block: TableBlock, dataset: Dataset, epochs: int) -> None:
        self._library = library
        self._architecture, self._batch = block.shape.architecture, block.shape.batch
        self.layout = Layout(self._architecture, vector_width(library))
        self._dataset = dataset
        self._unit = TableUnit.of(dataset)
        self._epochs = epochs

    def start(self, job: TrainingJob) -> Trainee:
        weights, statistics, moments = start_state(self._architecture, job.seed)
        layout = self.layout
        count = np.array([moments.count], np.int32)
        return Trainee(
            layout.block(weights), layout.block(), layout.block(), layout.running(statistics), count
        )

    def stack(self, states: Sequence[Trainee]) -> Trainee:
        return states[0]

    def lane(self, state: Trainee, index: int) -> Trainee:
        return state

    def inputs(self, job: TrainingJob, epoch: int) -> _Inputs:
        settings = TrainingSettings.of(job.config)
        order = streams.row_order(job.seed, epoch, len(self._dataset.y_train))
        alone = len(order) % self._batch == 1  # a single row has no variance to normalise by
        return _Inputs(
            settings.lane_vector(),
            np.float32(settings.learning_rate_at(epoch, self._epochs)),
            streams.dropout_key(job.seed),
            order[:-1] if alone else order,
        )

    def run(self, state: Trainee, inputs: _Inputs) -> tuple[Trainee, dict[str, np.ndarray]]:
        data = self._dataset
        vector, learning_rate, dropout_key, order = (array[0] for array in inputs)
        train_loss = train_epoch(
            self._library,
            self._architecture,
            state,
            Rows(data.x_train, data.y_train, order),
            EpochSettings(self._batch, float(learning_rate), vector, dropout_key),
        )
        outputs = predict(self._library, self._architecture, state, data.x_validation, float(vector[-1]))
        metrics = {"train_loss": train_loss, **judge(outputs, data.y_validation)}
        return state, {name: np.array([value]) for name, value in metrics.items()}

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        return self._unit.metrics(values)

    def pack(self, job: TrainingJob, state: Trainee) -> LaneState:
        blocks = state.weights, state.first_moment, state.second_moment
        weights, mu, nu = (_copies(self.layout.weights(block)) for block in blocks)
        moments = optax.ScaleByAdamState(state.count[0].copy(), mu, nu)
        return LaneState(weights, _copies(self.layout.statistics(state.running)), moments)

    def unpack(self, job: TrainingJob, state: LaneState) -> Trainee:
        weights, statistics, moments = state
        return Trainee(
            self.layout.block(weights),
            self.layout.block(cast(Weights, moments.mu)),
            self.layout.block(cast(Weights, moments.nu)),
            self.layout.running(statistics),
            np.array([moments.count], np.int32),
        )

    def network(self, job: TrainingJob, state: Trainee) -> TrainedNetwork:
        weights = self.layout.weights(state.weights)
        statistics = self.layout.statistics(state.running)
        return network_of(self._architecture, job, weights, statistics)


def _copies(arrays: Any) -> Any:
    """The same named tuple, each array on its own."""
    return arrays._make(array.copy() for array in arrays)
