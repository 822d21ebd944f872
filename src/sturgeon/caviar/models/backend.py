"""A user's own model as a kind of training in lanes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.lanes.backend import LaneProgram, TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import Device
from sturgeon.caviar.lanes.stacking import StackedProgram, restore_tree, stack
from sturgeon.caviar.models.epoch import ModelInputs, ModelState, make_epoch, used_rows
from sturgeon.caviar.models.grouping import BATCH_SIZE, Group, Grouping, whole_batch
from sturgeon.caviar.models.model import CannotFuse, LaneModel
from sturgeon.caviar.models.rows import Rows
from sturgeon.network import streams
from sturgeon.space import Config, Space, config_key

# Four to eight lanes a core keep its arithmetic units busy and stay in its cache.
_LANES_ON_A_CORE = 4
_LANES_ON_A_GPU = 64
# What a step costs beside its arithmetic, in multiply-adds.
_STEP = 1e5
# What trains alone is slow: it begins first.
_ALONE = 1e18


@dataclass(frozen=True)
class Alone:
    """A configuration whose model cannot share a program, and the program of its one lane.

    Attributes:
        key: What tells its configuration from others.
        program: Trains it.
    """

    key: Hashable
    program: LaneProgram = field(compare=False)


class ModelBackend(TrainingBackend):
    """Trains a model of the user's own.

    Args:
        model: How a configuration becomes functions and arrays.
        space: Where configurations come from.
        rows: The data; put on a device when a program there is first made.
        batch: Rows of a mini-batch where the space has no ``batch_size``.
        on_alone: Called with the reason when a model trains alone, once for each reason.
    """

    def __init__(
        self,
        model: LaneModel,
        space: Space,
        rows: Rows,
        batch: int,
        on_alone: Callable[[str], None] = lambda why: None,
    ) -> None:
        self._model = model
        self._rows = rows
        self._batch = batch
        self._on_alone = on_alone
        self._reasons: set[str] = set()
        self._costs: dict[Hashable, float] = {}
        self._grouping = Grouping(model, space, rows, batch)
        self._placed: dict[Device, Rows] = {}
        # Frameworks keep what is being built or traced in global places: one thread at a time.
        self._lock = threading.Lock()

    def block_of(self, config: Config) -> Group | Alone:
        """See :class:`TrainingBackend`."""
        with self._lock:
            try:
                block = self._grouping.group_of(config)
            except CannotFuse as error:
                block = self._alone(config, str(error))
        self._costs[config_key(config)] = self.cost(block)
        return block

    def _alone(self, config: Config, why: str) -> Alone:
        batch = min(whole_batch(config.get(BATCH_SIZE, self._batch)), self._rows.training.rows)
        alone = Alone(config_key(config), self._model.alone(config, self._rows, batch))
        if why not in self._reasons:
            self._reasons.add(why)
            self._on_alone(why)
        return alone

    def cost(self, block: Group | Alone) -> float:
        """See :class:`TrainingBackend`."""
        if isinstance(block, Alone):
            return _ALONE
        rows = self._rows.training.rows
        return float(block.layout.size * rows + (_STEP + block.layout.size) * rows / block.batch)

    def useful_cost(self, config: Config) -> float:
        """See :class:`TrainingBackend`; nothing is padded here."""
        return self._costs[config_key(config)]

    def lanes(self, block: Group | Alone, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        if isinstance(block, Alone):
            return 1
        return self.typical_lanes(device)

    def typical_lanes(self, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        return _LANES_ON_A_CORE if device.platform == "cpu" else _LANES_ON_A_GPU

    def program(self, block: Group | Alone, device: Device, lanes: int) -> LaneProgram:
        """See :class:`TrainingBackend`."""
        if isinstance(block, Alone):
            return block.program
        if device not in self._placed:
            self._placed[device] = jax.device_put(self._rows, device)
        return _ModelProgram(self._model, block, self._placed[device], self._lock)


class _ModelProgram(StackedProgram):
    """The compiled epoch of one group on one device.

    Args:
        model: How a lane starts and is handed back.
        group: What it is compiled for.
        rows: The data, on the device.
        lock: Held while a model is built or traced.
    """

    def __init__(self, model: LaneModel, group: Group, rows: Rows, lock: threading.Lock) -> None:
        self._model = model
        self._group = group
        self._rows = rows
        self._lock = lock
        epoch = make_epoch(group.recipe, group.layout, group.config, group.batch)
        self._epoch = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None, None)), donate_argnums=0)
        self._compiled: Any = None

    def start(self, job: TrainingJob) -> ModelState:
        with self._lock:
            parts = self._model.start(job.config, job.seed)
        leaves = tuple(np.asarray(leaf) for leaf in self._group.layout.flatten(parts))
        return ModelState(leaves, np.int32(0))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> ModelState:
        return restore_tree(self, job, leaves)

    def leaves(self, job: TrainingJob, state: ModelState) -> tuple[np.ndarray, ...]:
        return tuple(jax.tree.leaves(state))

    @property
    def where(self) -> Any:
        return jax.tree.leaves(self._rows)[0].sharding

    def inputs(self, work: Sequence[tuple[TrainingJob, int]]) -> ModelInputs:
        return stack([self._lane_inputs(job, epoch) for job, epoch in work])

    def _lane_inputs(self, job: TrainingJob, epoch: int) -> ModelInputs:
        rows = self._rows.training.rows
        order = streams.row_order(job.seed, epoch, rows)[: used_rows(rows, self._group.batch)]
        return ModelInputs(self._group.numbers(job.config), streams.dropout_key(job.seed), order)

    def run(self, state: ModelState, inputs: ModelInputs) -> tuple[ModelState, dict[str, Any]]:
        if self._compiled is None:
            with self._lock:
                lowered = self._epoch.lower(state, inputs, *self._rows)
            self._compiled = lowered.compile()
        return self._compiled(state, inputs, *self._rows)

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        return values

    def network(self, job: TrainingJob, state: ModelState) -> Any:
        parts = self._group.layout.join(state.leaves)
        with self._lock:
            return self._model.network(job.config, parts.params, parts.state)
