"""What the threads that drive lanes share: waiting jobs, orders to running ones, sums of what was spent."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Literal

from sturgeon.caviar.events import Event
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import Device

Order = Literal["stop", "pause"]


@dataclass(frozen=True, slots=True)
class Shared:
    """What every driver is given.

    Attributes:
        backend: The kind of training.
        metric: The metric that must stay finite.
        epochs: After how many epochs a job ends that does not say.
        queue: Where jobs come from.
        orders: Looked at after each epoch.
        usage: Added to after each epoch.
        tell: Takes what happens, and the error that ended a driver; called from the drivers' threads.
    """

    backend: TrainingBackend
    metric: str
    epochs: int
    queue: BlockQueue
    orders: Orders
    usage: Usage
    tell: Callable[[Event | BaseException], None]


class BlockQueue:
    """Jobs wait here, grouped by the block they train in.

    Args:
        backend: Says how many lanes a block has.
        device: Where it trains.
    """

    def __init__(self, backend: TrainingBackend, device: Device) -> None:
        self._backend = backend
        self._device = device
        self._changed = threading.Condition()
        self._jobs: dict[Hashable, deque[TrainingJob]] = {}
        self._driven: dict[Hashable, int] = {}
        self._held = False
        self._closed = False

    def put(self, block: Hashable, jobs: Iterable[TrainingJob]) -> None:
        """Add jobs of a block."""
        with self._changed:
            self._jobs.setdefault(block, deque()).extend(jobs)
            self._changed.notify_all()

    def next_block(self) -> Hashable | None:
        """Wait for a block with jobs, and choose one.

        One that no thread drives before one to help with; one that fills more of its lanes before others; and
        where they are alike, as where a block has one lane, the one whose first job was handed in first.

        Returns:
            The block; :meth:`done` is to be called when it is left. None when the queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(map(self._ready, self._jobs)))
            if self._closed:
                return None
            waiting = [block for block in self._jobs if self._ready(block)]
            block = max(waiting, key=self._rank)
            self._driven[block] = self._driven.get(block, 0) + 1
            return block

    def done(self, block: Hashable) -> None:
        """A thread has left a block."""
        with self._changed:
            self._driven[block] -= 1

    def take(self, block: Hashable, count: int) -> list[TrainingJob]:
        """Up to ``count`` jobs of a block."""
        with self._changed:
            taken = self._ready(block)[:count]
            for job in taken:
                self._jobs[block].remove(job)
            return taken

    def waiting(self, block: Hashable) -> int:
        """How many jobs of a block no lane has taken, though it might."""
        with self._changed:
            return len(self._ready(block))

    def hold(self, held: bool) -> None:
        """Let no job out that has not begun, until it is let go again."""
        with self._changed:
            self._held = held
            self._changed.notify_all()

    def withdraw(self, number: int) -> bool:
        """Drop a job, if it still waits; tell whether it did."""
        with self._changed:
            for jobs in self._jobs.values():
                for job in jobs:
                    if job.number == number:
                        jobs.remove(job)
                        return True
            return False

    def clear(self) -> list[int]:
        """Drop all jobs; returns their numbers."""
        with self._changed:
            dropped = [job.number for jobs in self._jobs.values() for job in jobs]
            for jobs in self._jobs.values():
                jobs.clear()
            return dropped

    def close(self) -> None:
        """Let every thread that waits, or comes later, go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _ready(self, block: Hashable) -> list[TrainingJob]:
        """The jobs of a block that may go into a lane."""
        return [job for job in self._jobs.get(block, ()) if job.begun or not self._held]

    def _rank(self, block: Hashable) -> tuple[bool, int, int]:
        jobs = self._ready(block)
        filled = min(len(jobs), self._backend.lanes(block, self._device))
        return not self._driven.get(block), filled, -jobs[0].number


class Orders:
    """What jobs were told to do after their current epoch; written by one thread, read by others."""

    def __init__(self) -> None:
        self._by_job: dict[int, Order] = {}
        self._for_all: Order | None = None

    def give(self, number: int, order: Order) -> None:
        """Tell one job."""
        self._by_job[number] = order

    def forget(self, number: int) -> None:
        """A job has ended."""
        self._by_job.pop(number, None)

    def give_all(self, order: Order) -> None:
        """Tell every job, also those that begin later."""
        self._for_all = order

    def of(self, number: int) -> Order | None:
        """What a job was told."""
        return self._for_all or self._by_job.get(number)


class Usage:
    """Sums over all epochs of all lanes, in the unit of :meth:`TrainingBackend.cost`.

    Attributes:
        spent: All arithmetic.
        padding: On units and rows that only fill a shape up.
        idle: In lanes that no job trained in.

    Example:
        >>> usage = Usage()
        >>> usage.add(cost=10.0, lanes=4, useful=[8.0, 10.0])
        >>> usage.spent, usage.padding, usage.idle, round(usage.useful_share, 2)
        (40.0, 2.0, 20.0, 0.45)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.spent = self.padding = self.idle = 0.0

    def add(self, *, cost: float, lanes: int, useful: list[float]) -> None:
        """Add an epoch of a block of lanes.

        Args:
            cost: Of one lane's epoch.
            lanes: How many lanes the block has.
            useful: What the job of each occupied lane needs itself; :meth:`TrainingBackend.useful_cost`.
        """
        with self._lock:
            self.spent += cost * lanes
            self.padding += cost * len(useful) - sum(useful)
            self.idle += cost * (lanes - len(useful))

    @property
    def useful_share(self) -> float:
        """The share that was neither padding nor idle, in [0, 1]; 1 before the first epoch."""
        return 1 - (self.padding + self.idle) / self.spent if self.spent else 1.0
