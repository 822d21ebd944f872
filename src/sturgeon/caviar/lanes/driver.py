"""What one thread does: take a block, train its jobs in lanes as long as there are any, take the next."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from sturgeon.caviar.events import (
    Broken,
    Diverged,
    EpochDone,
    Event,
    Halted,
    Paused,
    TooLarge,
    TrainingDone,
)
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.devices import Device
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.caviar.lanes.shared import Shared

_log = logging.getLogger("sturgeon")

# How long jobs that are handed in one by one are waited for on a GPU, where compiling takes seconds.
_TOGETHER_SECONDS = 0.1


class Driver:
    """Drives the lanes of one device, or of one core.

    Args:
        device: Where to train.
        shared: What the drivers of all devices share.
    """

    def __init__(self, device: Device, shared: Shared) -> None:
        self._device = device
        self._shared = shared
        self._backend = shared.backend
        # Of the block at hand: its lanes, its jobs that have not ended, and the useful cost of each.
        self._batch: LaneBatch | None = None
        self._lanes = 0
        self._jobs: list[TrainingJob] = []
        self._useful: dict[int, float] = {}
        self._lanes_cut: dict[Hashable, int] = {}
        self._reached: dict[int, int] = {}
        self._seconds = 0.0

    def run(self) -> None:
        """Train until the queue is closed. An error that ends this is told, and not lost with the thread."""
        try:
            while (block := self._shared.queue.next_block()) is not None:
                if self._device.platform != "cpu":  # compile no program for fewer than come together
                    time.sleep(_TOGETHER_SECONDS)
                try:
                    while (batch := self._filled(block)) is not None:
                        useful = [self._useful[job.number] for job in self._jobs]
                        began = time.monotonic()
                        advanced = batch.advance()
                        self._seconds = time.monotonic() - began
                        for lane, (step, metrics) in advanced.items():
                            self._report(batch, lane, step, metrics)
                        cost = self._backend.cost(block)
                        self._shared.usage.add(cost=cost, lanes=len(batch), useful=useful)
                except Exception as error:  # for want of memory; any other is raised again
                    self._make_room(block, error)
                finally:
                    batch = self._batch = None
                    self._jobs, self._useful = [], {}
                    self._shared.queue.done(block)
        except BaseException as error:  # the thread ends with it, and the loop raises it
            self._shared.tell(error)

    def _filled(self, block: Hashable) -> LaneBatch | None:
        """The block's lanes, with as many of its jobs as there is room for; None when none is left."""
        while True:
            self._lanes = self._lanes_for(len(self._jobs) + self._shared.queue.waiting(block), block)
            newcomers = self._shared.queue.take(block, self._lanes - len(self._jobs))
            self._jobs += newcomers
            if not self._jobs:
                return None
            if self._batch is None or len(self._batch) != self._lanes:
                program = self._backend.program(block, self._device, self._lanes)
                self._batch = LaneBatch(program, self._lanes, self._batch)
            self._begin(self._batch, newcomers)
            if self._jobs:
                return self._batch

    def _lanes_for(self, jobs: int, block: Hashable) -> int:
        """Lanes for so many jobs, as far as there may be, and without many idle ones."""
        lanes = self._backend.lanes_for(max(jobs, 1), block, self._device)
        lanes = min(lanes, self._lanes_cut.get(block, lanes))
        if self._batch is not None and len(self._batch) // 4 < lanes <= len(self._batch):
            return len(self._batch)
        return lanes

    def _begin(self, batch: LaneBatch, newcomers: list[TrainingJob]) -> None:
        ready: list[tuple[int, TrainingJob, Any]] = []
        for lane, job in zip(batch.free_lanes, newcomers, strict=False):
            try:
                ready.append((lane, job, batch.prepare(job)))
            except Exception as error:  # a user's own model may raise anything; the others go on
                if _is_of_the_device(error):
                    raise
                self._jobs.remove(job)
                self._shared.tell(Broken(job.number, error))
        if ready:
            batch.put(ready)
        for _, job, _ in ready:
            self._useful[job.number] = self._backend.useful_cost(job.config)

    def _report(self, batch: LaneBatch, lane: int, step: int, metrics: dict[str, float]) -> None:
        job = batch.job(lane)
        if step <= job.reported_epochs:
            return
        self._reached[job.number] = step
        self._shared.tell(EpochDone(job.number, step, metrics, self._seconds))
        ended = self._ended(batch, lane, step, metrics)
        if ended is not None:
            batch.leave(lane)
            self._jobs.remove(job)
            del self._reached[job.number]
            self._shared.tell(ended)

    def _ended(self, batch: LaneBatch, lane: int, step: int, metrics: dict[str, float]) -> Event | None:
        job = batch.job(lane)
        number, value = job.number, metrics[self._shared.metric]
        if not math.isfinite(value):
            return Diverged(number, step, self._shared.metric, value)
        if step >= (job.last_epoch or self._shared.epochs):
            return TrainingDone(number, batch.network(lane))
        order = self._shared.orders.of(number)
        if order == "stop":
            return Halted(number, batch.network(lane))
        if order == "pause" or step == job.pause_after:
            return Paused(number, batch.checkpoint(lane), batch.network(lane))
        return None

    def _make_room(self, block: Hashable, error: Exception) -> None:
        """After a lack of memory: try again with half the lanes, or say that a job is too large."""
        in_jax = _is_of_the_device(error) and "RESOURCE_EXHAUSTED" in str(error)
        if not isinstance(error, MemoryError) and not in_jax:
            raise error
        if self._lanes == 1:
            why = str(error).partition("\n")[0] or "there is no memory for it"
            for job in self._jobs:
                self._reached.pop(job.number, None)
                self._shared.tell(TooLarge(job.number, why))
            return
        fewer = self._lanes_cut[block] = self._lanes // 2
        _log.warning("Out of memory with %d lanes on %s; going on with %d.", self._lanes, self._device, fewer)
        self._shared.queue.put(block, [self._anew(job) for job in self._jobs])

    def _anew(self, job: TrainingJob) -> TrainingJob:
        """From its beginning, since a lane's state is given up to the program; nothing is told twice."""
        return replace(job, reported_epochs=self._reached.pop(job.number, job.reported_epochs))


def _is_of_the_device(error: Exception) -> bool:
    """Whether an error is of memory or one of JAX, told by its name as JAX may not be loaded."""
    return isinstance(error, MemoryError) or type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError")
