"""What the lane engine needs of a kind of training: who trains, which program, and one program's lanes.

The engine (:mod:`sturgeon.caviar.trainer`) knows no framework and no network. A kind of training that can
be fused, the batch-norm network on a table or a user's own pure functions, is a :class:`TrainingBackend`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import numpy as np

from sturgeon.caviar.lanes.devices import Device, lane_devices
from sturgeon.space import Config

# Nested tuples, lists and dictionaries of arrays, as jax.tree takes them.
Tree: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class LaneCheckpoint:
    """A lane's whole state between two epochs: what a training goes on from, bit by bit.

    Attributes:
        epoch: Epochs trained so far, at least 1.
        leaves: The arrays of the state, in the order of :func:`jax.tree.leaves`.
    """

    epoch: int
    leaves: tuple[np.ndarray, ...]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A training to be done in a lane.

    Attributes:
        number: Its trial's number.
        seed: Its trial's seed.
        config: Its trial's configuration.
        last_epoch: After how many epochs it ends, at least 1; None for all epochs of the trainer.
        checkpoint: Where it goes on from; None to begin.
        until: After how many epochs it leaves its lane with a checkpoint, to be judged; None for never.
        told: How many epochs it had reported when a lack of memory made it begin anew. It trains them again
            in silence, and takes orders from then on.
    """

    number: int
    seed: int
    config: Config
    last_epoch: int | None = None
    checkpoint: LaneCheckpoint | None = None
    until: int | None = None
    told: int = 0


class LaneProgram(ABC):
    """One compiled program on one device. All jobs of a block of lanes share it.

    Attributes:
        runs_apart: Whether :meth:`run` returns before its work is done: the host then prepares the next
            epoch meanwhile.
    """

    runs_apart: bool = False

    @abstractmethod
    def start(self, job: TrainingJob) -> Tree:
        """The state of one lane before the job's first epoch, as NumPy arrays."""

    @abstractmethod
    def stack(self, states: Sequence[Tree]) -> Tree:
        """The states of all lanes, each from :meth:`start` and given up, together where the program runs."""

    @abstractmethod
    def lane(self, state: Tree, index: int) -> Tree:
        """One lane's state as NumPy arrays, which hold until the next run."""

    @abstractmethod
    def inputs(self, job: TrainingJob, epoch: int) -> Tree:
        """What one lane needs for an epoch, from 0, as NumPy arrays; equal shapes for every job."""

    def all_inputs(self, lanes: Sequence[tuple[TrainingJob, int]]) -> Tree:
        """What all lanes need, each array with a leading axis of lanes.

        Args:
            lanes: The job of each lane, and its epoch.
        """
        per_lane = [self.inputs(job, epoch) for job, epoch in lanes]
        return jax.tree.map(lambda *leaves: np.stack(leaves), *per_lane)

    @abstractmethod
    def run(self, state: Tree, inputs: Tree) -> tuple[Tree, dict[str, Any]]:
        """Train every lane for one epoch, and judge it.

        Args:
            state: The lanes' states together, of :meth:`stack` or the run before; given up to the program.
            inputs: The lanes' inputs, each array with a leading axis of lanes.

        Returns:
            The states after it, and metrics by name, each ``[lanes]``.
        """

    @abstractmethod
    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        """One lane's metrics by the names, and in the units, that they are reported in."""

    @abstractmethod
    def pack(self, job: TrainingJob, state: Tree) -> Tree:
        """One lane's state without padding, as it is kept in a checkpoint."""

    @abstractmethod
    def unpack(self, job: TrainingJob, state: Tree) -> Tree:
        """The inverse of :meth:`pack`."""

    @abstractmethod
    def network(self, job: TrainingJob, state: Tree) -> Any:
        """What the user gets of one lane's state: the trained network, which holds until the next run."""


class TrainingBackend(ABC):
    """A kind of training that can be fused into lanes."""

    @property
    def devices(self) -> tuple[Device, ...]:
        """Where it trains: an entry for each thread that drives lanes, all of the same kind."""
        return lane_devices()

    @abstractmethod
    def block_of(self, config: Config) -> Hashable:
        """Configurations of equal blocks train side by side in the lanes of one program.

        Any exception that it raises fails the configuration's trial alone.
        """

    @abstractmethod
    def cost(self, block: Any) -> float:
        """A rough cost of one lane's epoch in this block, in any unit."""

    @abstractmethod
    def needed(self, config: Config) -> float:
        """What of the block's cost the configuration itself needs; the rest is spent on padding."""

    @abstractmethod
    def lanes(self, block: Any, device: Device) -> int:
        """How many lanes a block of this kind has on a device, at least 1."""

    def lanes_for(self, jobs: int, block: Any, device: Device) -> int:
        """How many lanes so many jobs of a block are best trained in, at most :meth:`lanes`."""
        return self.lanes(block, device)

    @abstractmethod
    def usual_lanes(self, device: Device) -> int:
        """How many lanes most blocks have on a device: how many configurations to ask for at once."""

    @abstractmethod
    def program(self, block: Any, device: Device, lanes: int) -> LaneProgram:
        """The program of a block; called from the thread that drives it."""
