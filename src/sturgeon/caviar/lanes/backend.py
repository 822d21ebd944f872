"""What the lane engine needs of a kind of training: which program trains a job, and that program's lanes.

The engine (:mod:`sturgeon.caviar.trainer`) knows no framework and no network. A kind of training, such as the
batch-norm network on a table or a user's own pure functions, is a :class:`TrainingBackend`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sturgeon.caviar.lanes.devices import Device, lane_devices
from sturgeon.space import Config


@dataclass(frozen=True, slots=True)
class LaneCheckpoint:
    """A lane's whole state between two epochs: what a training goes on from, bit by bit.

    Attributes:
        epoch: Epochs trained so far, at least 1.
        leaves: The arrays of the state, of :meth:`LaneProgram.leaves`.
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
        pause_after: After how many epochs it leaves its lane with a checkpoint, to be judged; None for never.
        reported_epochs: How many epochs it had reported when a lack of memory made it begin anew. It trains
            them again in silence, and takes orders from then on.
    """

    number: int
    seed: int
    config: Config
    last_epoch: int | None = None
    checkpoint: LaneCheckpoint | None = None
    pause_after: int | None = None
    reported_epochs: int = 0

    @property
    def begun(self) -> bool:
        """Whether it has trained already, so that in a lane it only goes on."""
        return self.checkpoint is not None or self.reported_epochs > 0


class LaneProgram(ABC):
    """What trains the jobs of one block on one device, in one lane or in several side by side.

    The state of one lane, and that of all lanes together, are the program's own affair.

    Attributes:
        asynchronous: Whether :meth:`run` returns before its work is done: the host then prepares the next
            epoch meanwhile.
    """

    asynchronous: bool = False

    @abstractmethod
    def start(self, job: TrainingJob) -> Any:
        """The state of one lane before the job's first epoch."""

    @abstractmethod
    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> Any:
        """The state of one lane from :meth:`leaves`."""

    @abstractmethod
    def leaves(self, job: TrainingJob, state: Any) -> tuple[np.ndarray, ...]:
        """One lane's state as arrays without padding, which keep their values: what a checkpoint holds."""

    @abstractmethod
    def network(self, job: TrainingJob, state: Any) -> Any:
        """What the user gets of one lane's state: the trained network, which holds until the next run."""

    @abstractmethod
    def put(self, state: Any, newcomers: dict[int, Any], lanes: int) -> Any:
        """Put new states into lanes.

        Args:
            state: The state of all lanes, which is given up; None before there is one.
            newcomers: The state of a lane by its number; at least one.
            lanes: How many lanes there are.

        Returns:
            The state of all lanes.
        """

    @abstractmethod
    def select(self, state: Any, lanes: Sequence[int]) -> Any:
        """The state of all lanes where each takes over the state of the lane of this number."""

    @abstractmethod
    def lane(self, state: Any, index: int) -> Any:
        """One lane's state, which holds until the next run."""

    @abstractmethod
    def inputs(self, work: Sequence[tuple[TrainingJob, int]]) -> Any:
        """What an epoch needs.

        Args:
            work: The job of each lane, and its epoch, from 0.
        """

    @abstractmethod
    def run(self, state: Any, inputs: Any) -> tuple[Any, Any]:
        """Train every lane for one epoch, and judge it.

        Args:
            state: The state of all lanes, which is given up.
            inputs: Of :meth:`inputs`.

        Returns:
            The state of all lanes after it, and what :meth:`reports` takes.
        """

    @abstractmethod
    def reports(self, results: Any) -> Sequence[dict[str, float]]:
        """Each lane's metrics, by the names and in the units that they are reported in; waits for them."""


class OneLaneProgram(LaneProgram):
    """A program that trains one job at a time: the state of all lanes is that of the one."""

    def put(self, state: Any, newcomers: dict[int, Any], lanes: int) -> Any:
        """See :class:`LaneProgram`."""
        return newcomers[0]

    def select(self, state: Any, lanes: Sequence[int]) -> Any:
        """See :class:`LaneProgram`."""
        return state

    def lane(self, state: Any, index: int) -> Any:
        """See :class:`LaneProgram`."""
        return state

    def inputs(self, work: Sequence[tuple[TrainingJob, int]]) -> tuple[TrainingJob, int]:
        """See :class:`LaneProgram`."""
        return work[0]

    @abstractmethod
    def run(self, state: Any, inputs: tuple[TrainingJob, int]) -> tuple[Any, dict[str, float]]:
        """Train a job for the epoch of this number, from 0; gives its state and its metrics as reported."""

    def reports(self, results: dict[str, float]) -> Sequence[dict[str, float]]:
        """See :class:`LaneProgram`."""
        return [results]


class TrainingBackend(ABC):
    """A kind of training whose jobs are trained in lanes."""

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
    def useful_cost(self, config: Config) -> float:
        """What of the block's cost the configuration itself needs; the rest is spent on padding."""

    @abstractmethod
    def lanes(self, block: Any, device: Device) -> int:
        """How many lanes a block of this kind has on a device, at least 1."""

    def lanes_for(self, jobs: int, block: Any, device: Device) -> int:
        """How many lanes so many jobs of a block are best trained in, at most :meth:`lanes`."""
        return self.lanes(block, device)

    @abstractmethod
    def typical_lanes(self, device: Device) -> int:
        """How many lanes most blocks have on a device: how many configurations to ask for at once."""

    @abstractmethod
    def program(self, block: Any, device: Device, lanes: int) -> LaneProgram:
        """The program of a block; called from the thread that drives it."""
