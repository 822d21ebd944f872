"""Trains many configurations at once, whatever kind of training it is."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from sturgeon.caviar.events import Event
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.lanes import Lanes
from sturgeon.caviar.lanes.shared import Order
from sturgeon.study import Objective

HALT_SEEN_WITHIN = 0.1
"""How long a wait for the next event may keep a halt from being seen, in seconds."""


class RunningLanes(Protocol):
    """Lanes that take jobs, in this process or in another; see :class:`sturgeon.caviar.lanes.lanes.Lanes`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def capacity(self) -> int:
        """How many jobs in flight keep every lane busy."""
        ...

    @property
    def at_once(self) -> int:
        """How many jobs train at the same time."""
        ...

    @property
    def in_flight(self) -> int:
        """Jobs that were handed in and have not ended yet."""
        ...

    def start(self, job: TrainingJob) -> None:
        """Hand a job in."""

    def order(self, number: int, what: Order) -> None:
        """Have a job stop, or pause, after its current epoch; one to be stopped that waits never begins."""

    def hold(self, held: bool) -> None:
        """Begin no job until told otherwise; those that train go on."""

    def halt(self, what: Order = "stop") -> object:
        """Have every job stop, or pause, after its current epoch; those that have not begun never will."""

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Wait for what happens next; None when the time is over."""


class Trainer(ABC):
    """Trains jobs in lanes, wherever these are.

    Attributes:
        objective: The metric that must stay finite.
        epochs: How many epochs a job trains for, at least 1.
    """

    objective: Objective
    epochs: int

    @abstractmethod
    def open(self) -> RunningLanes:
        """Lanes to hand jobs to, one by one."""

    def train(self, jobs: Iterable[TrainingJob], halt: threading.Event) -> Generator[Event]:
        """Train jobs to their last epoch, as many at once as there are lanes.

        Args:
            jobs: Who trains; the order does not change any result.
            halt: When set, every running job stops after its current epoch and leaves with
                :class:`Halted`; jobs that have not started never appear.

        Yields:
            What happens, in the order in which it happens.
        """
        with self.open() as lanes:
            for job in jobs:
                lanes.start(job)
            while lanes.in_flight:
                if halt.is_set():
                    lanes.halt()
                event = lanes.next_event(HALT_SEEN_WITHIN)
                if event is not None:
                    yield event


@dataclass(frozen=True)
class LaneTrainer(Trainer):
    """Trains jobs in lanes of this process.

    Attributes:
        backend: The kind of training.
        objective: The metric that must stay finite.
        epochs: How many epochs a job trains for, at least 1.
    """

    backend: TrainingBackend
    objective: Objective
    epochs: int

    def open(self, cores: int | None = None) -> Lanes:
        """Lanes to hand jobs to, one by one; on so many cores at most, where they are on cores."""
        return Lanes(self.backend, self.objective.metric, self.epochs, cores=cores)
