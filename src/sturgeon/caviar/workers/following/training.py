"""A trial that runs in a worker, and how long the worker has been silent."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sturgeon.caviar.workers.following.pool import Worker
from sturgeon.caviar.workers.following.running_trial import RunningTrial
from sturgeon.study import Trial


@dataclass(slots=True)
class Training:
    """A trial that runs in a worker.

    Attributes:
        running: The trial, what it reported last, and what the stopping rule says of it.
        worker: Where it runs.
        started: When it began, on the monotonic clock.
        heard: When the worker last said something, on the same clock.
        longest_gap: The longest time between two things it said, in seconds.
        steps: The last step it reported, in this attempt; 0 before.
        planned: How many epochs it is to have, where that is known.
        leave_by: When it is killed, having been asked to end; None while it was not.
    """

    running: RunningTrial
    worker: Worker
    started: float
    heard: float
    longest_gap: float = 0.0
    steps: int = 0
    planned: int | None = None
    leave_by: float | None = None

    @property
    def trial(self) -> Trial:
        """The trial."""
        return self.running.trial

    def hear(self) -> None:
        """Note that the worker said something."""
        now = time.monotonic()
        self.longest_gap = max(self.longest_gap, now - self.heard)
        self.heard = now

    @property
    def share(self) -> float:
        """How much of the training is done, from 0 to 1, as far as it is known."""
        return min(1.0, self.steps / self.planned) if self.planned else 0.0
