"""What one thread does: take a block, train its jobs in lanes as long as there are any, take the next."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, Literal

import jax

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
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.block_queue import BlockQueue
from sturgeon.caviar.lanes.devices import Device
from sturgeon.caviar.lanes.lane_batch import LaneBatch
from sturgeon.caviar.lanes.usage import Usage

_log = logging.getLogger("sturgeon")

Order = Literal["stop", "pause"]

# How long jobs that are handed in one by one are waited for on a GPU, where compiling takes seconds.
_TOGETHER_SECONDS = 0.1


class Orders:
    """What jobs were told to do after their current epoch; written by one thread, read by others."""

    def __init__(self) -> None:
        self._by_member: dict[int, Order] = {}
        self._for_all: Order | None = None

    def give(self, number: int, order: Order) -> None:
        """Tell one job."""
        self._by_member[number] = order

    def forget(self, number: int) -> None:
        """A job has ended."""
        self._by_member.pop(number, None)

    def give_all(self, order: Order) -> None:
        """Tell every job, also those that begin later."""
        self._for_all = order

    def of(self, number: int) -> Order | None:
        """What a job was told."""
        return self._for_all or self._by_member.get(number)


class Driver:
    """Drives the lanes of one device, or of one core.

    Args:
        device: Where to train.
        fused: The kind of training.
        waiting: Where jobs come from.
        tell: Takes what happens, from the driving thread.
        orders: Looked at after each epoch.
        usage: Added to after each epoch.
        metric: The metric that must stay finite.
        epochs: After how many epochs a job ends that does not say.
    """

    def __init__(
        self,
        device: Device,
        *,
        backend: TrainingBackend,
        waiting: BlockQueue,
        tell: Callable[[Event], None],
        orders: Orders,
        usage: Usage,
        metric: str,
        epochs: int,
    ) -> None:
        self._device = device
        self._backend = backend
        self._waiting = waiting
        self._tell = tell
        self._orders = orders
        self._usage = usage
        self._metric = metric
        self._epochs = epochs
        self._lanes = 0
        self._lanes_cut: dict[Hashable, int] = {}
        self._reached: dict[int, int] = {}

    @property
    def usual_lanes(self) -> int:
        """How many lanes most blocks have on this device."""
        return self._backend.usual_lanes(self._device)

    def run(self) -> None:
        """Train until the queue is closed."""
        while (block := self._waiting.next_block()) is not None:
            taken: list[TrainingJob] = []
            try:
                self._train(block, taken)
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                self._make_room(block, self._lanes, taken, error)
            finally:
                self._waiting.done(block)

    def _train(self, block: Hashable, taken: list[TrainingJob]) -> None:
        """Train jobs of a block until none is left; ``taken`` holds those that have not ended yet."""
        population: LaneBatch | None = None
        needed: dict[int, float] = {}
        if self._device.platform != "cpu":  # no program should be compiled for fewer than come together
            time.sleep(_TOGETHER_SECONDS)
        while True:
            self._lanes = self._lanes_for(len(taken) + self._waiting.waiting(block), block, population)
            newcomers = self._waiting.take(block, self._lanes - len(taken))
            taken += newcomers
            if not taken:
                return
            if population is None or len(population) != self._lanes:
                program = self._backend.program(block, self._device, self._lanes)
                population = LaneBatch(program, self._lanes, population)
            if newcomers:
                self._begin(population, newcomers, taken)
            for job in newcomers:
                if job in taken:
                    needed[job.number] = self._backend.needed(job.config)
            if taken:
                costs = [needed[job.number] for job in taken]
                self._one_epoch(population, taken)
                self._usage.add(cost=self._backend.cost(block), lanes=len(population), needed=costs)

    def _lanes_for(self, jobs: int, block: Hashable, population: LaneBatch | None) -> int:
        """Lanes for so many jobs, as far as there may be, and without many idle ones."""
        lanes = self._backend.lanes_for(max(jobs, 1), block, self._device)
        lanes = min(lanes, self._lanes_cut.get(block, lanes))
        if population is not None and len(population) // 4 < lanes <= len(population):
            return len(population)
        return lanes

    def _begin(self, population: LaneBatch, newcomers: list[TrainingJob], taken: list[TrainingJob]) -> None:
        ready: list[tuple[int, TrainingJob, Any]] = []
        for lane, job in zip(population.free_lanes, newcomers, strict=False):
            try:
                ready.append((lane, job, population.prepare(job)))
            except (MemoryError, jax.errors.JaxRuntimeError):
                raise
            except Exception as error:  # a user's own model may raise anything; the others go on
                taken.remove(job)
                self._tell(Broken(job.number, error))
        if ready:
            population.put(ready)

    def _one_epoch(self, population: LaneBatch, taken: list[TrainingJob]) -> None:
        reports = population.advance()
        for lane, job in population.jobs:
            step, metrics = reports[lane]
            if step <= job.told:
                continue
            self._reached[job.number] = step
            self._tell(EpochDone(job.number, step, metrics))
            ended = self._ended(population, lane, job, step, metrics)
            if ended is not None:
                population.leave(lane)
                taken.remove(job)
                del self._reached[job.number]
                self._tell(ended)

    def _ended(
        self, population: LaneBatch, lane: int, job: TrainingJob, step: int, metrics: dict[str, float]
    ) -> Event | None:
        number, value = job.number, metrics[self._metric]
        if not math.isfinite(value):
            return Diverged(number, step, self._metric, value)
        if step >= (job.last_epoch or self._epochs):
            return TrainingDone(number, population.network(lane))
        order = self._orders.of(number)
        if order == "stop":
            return Halted(number, population.network(lane))
        if order == "pause" or step == job.until:
            return Paused(number, population.checkpoint(lane), population.network(lane))
        return None

    def _make_room(self, block: Hashable, lanes: int, taken: list[TrainingJob], error: Exception) -> None:
        """After a lack of memory: try again with half the lanes, or say that a job is too large."""
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise error
        if lanes == 1:
            why = str(error).partition("\n")[0] or "there is no memory for it"
            for job in taken:
                self._reached.pop(job.number, None)
                self._tell(TooLarge(job.number, why))
            return
        self._lanes_cut[block] = lanes // 2
        _log.warning("Out of memory with %d lanes on %s; going on with %d.", lanes, self._device, lanes // 2)
        self._waiting.put(block, [self._anew(job) for job in taken])

    def _anew(self, job: TrainingJob) -> TrainingJob:
        """From its beginning, since a lane's state is given up to the program; nothing is told twice."""
        return replace(job, told=self._reached.pop(job.number, job.told))


def drive(driver: Driver, tell: Callable[[Any], None]) -> None:
    """What a thread runs: an error that ends a driver is told, and not lost with its thread."""
    try:
        driver.run()
    except BaseException as error:
        tell(error)
