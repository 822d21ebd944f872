"""The jobs that no lane has taken yet, by block; shared by the threads that drive lanes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterable

from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import Device


class BlockQueue:
    """Jobs wait here, grouped by the block they train in.

    Args:
        fused: The kind of training; says how many lanes a block has.
        device: Where it trains.
    """

    def __init__(self, backend: TrainingBackend, device: Device) -> None:
        self._backend = backend
        self._device = device
        self._changed = threading.Condition()
        self._jobs: dict[Hashable, deque[TrainingJob]] = {}
        self._driven: dict[Hashable, int] = {}
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
            self._changed.wait_for(lambda: self._closed or any(self._jobs.values()))
            if self._closed:
                return None
            waiting = [block for block, jobs in self._jobs.items() if jobs]
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
            jobs = self._jobs[block]
            return [jobs.popleft() for _ in range(min(count, len(jobs)))]

    def waiting(self, block: Hashable) -> int:
        """How many jobs of a block no lane has taken."""
        with self._changed:
            return len(self._jobs.get(block, ()))

    def clear(self) -> int:
        """Drop all jobs; returns how many there were."""
        with self._changed:
            dropped = sum(len(jobs) for jobs in self._jobs.values())
            for jobs in self._jobs.values():
                jobs.clear()
            return dropped

    def close(self) -> None:
        """Let every thread that waits, or comes later, go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _rank(self, block: Hashable) -> tuple[bool, int, int]:
        jobs = self._jobs[block]
        filled = min(len(jobs), self._backend.lanes(block, self._device))
        return not self._driven.get(block), filled, -jobs[0].number
