"""Trains many configurations at once, whatever kind of training it is."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from sturgeon.caviar.events import Event
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.lanes import Lanes
from sturgeon.study import Objective

# How long a wait for the next event may keep a halt from being seen, in seconds.
_HALT_SEEN_WITHIN = 0.1


@dataclass(frozen=True)
class LaneTrainer:
    """Trains jobs in lanes.

    Attributes:
        backend: The kind of training.
        objective: The metric that must stay finite.
        epochs: How many epochs a job trains for, at least 1.
    """

    backend: TrainingBackend
    objective: Objective
    epochs: int

    def open(self) -> Lanes:
        """Lanes to hand jobs to, one by one."""
        return Lanes(self.backend, self.objective.metric, self.epochs)

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
                event = lanes.next_event(_HALT_SEEN_WITHIN)
                if event is not None:
                    yield event
