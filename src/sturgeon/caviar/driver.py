"""What one thread does: take a block, train its members in lanes as long as there are any, take the next."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, Literal

import jax

from sturgeon.caviar.block_queue import BlockQueue
from sturgeon.caviar.devices import Device
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
from sturgeon.caviar.fused import Fused, Member
from sturgeon.caviar.population import Population
from sturgeon.caviar.usage import Usage

_log = logging.getLogger("sturgeon")

Order = Literal["stop", "pause"]

# How long members that are handed in one by one are waited for on a GPU, where compiling takes seconds.
_TOGETHER_SECONDS = 0.1


class Orders:
    """What members were told to do after their current epoch; written by one thread, read by others."""

    def __init__(self) -> None:
        self._by_member: dict[int, Order] = {}
        self._for_all: Order | None = None

    def give(self, number: int, order: Order) -> None:
        """Tell one member."""
        self._by_member[number] = order

    def forget(self, number: int) -> None:
        """A member has ended."""
        self._by_member.pop(number, None)

    def give_all(self, order: Order) -> None:
        """Tell every member, also those that begin later."""
        self._for_all = order

    def of(self, number: int) -> Order | None:
        """What a member was told."""
        return self._for_all or self._by_member.get(number)


class Driver:
    """Drives the lanes of one device, or of one core.

    Args:
        device: Where to train.
        fused: The kind of training.
        waiting: Where members come from.
        tell: Takes what happens, from the driving thread.
        orders: Looked at after each epoch.
        usage: Added to after each epoch.
        metric: The metric that must stay finite.
        epochs: After how many epochs a member ends that does not say.
    """

    def __init__(
        self,
        device: Device,
        *,
        fused: Fused,
        waiting: BlockQueue,
        tell: Callable[[Event], None],
        orders: Orders,
        usage: Usage,
        metric: str,
        epochs: int,
    ) -> None:
        self._device = device
        self._fused = fused
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
        return self._fused.usual_lanes(self._device)

    def run(self) -> None:
        """Train until the queue is closed."""
        while (block := self._waiting.next_block()) is not None:
            taken: list[Member] = []
            try:
                self._train(block, taken)
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                self._make_room(block, self._lanes, taken, error)
            finally:
                self._waiting.done(block)

    def _train(self, block: Hashable, taken: list[Member]) -> None:
        """Train members of a block until none is left; ``taken`` holds those that have not ended yet."""
        population: Population | None = None
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
                program = self._fused.program(block, self._device, self._lanes)
                population = Population(program, self._lanes, population)
            if newcomers:
                self._begin(population, newcomers, taken)
            for member in newcomers:
                if member in taken:
                    needed[member.number] = self._fused.needed(member.config)
            if taken:
                costs = [needed[member.number] for member in taken]
                self._one_epoch(population, taken)
                self._usage.add(cost=self._fused.cost(block), lanes=len(population), needed=costs)

    def _lanes_for(self, members: int, block: Hashable, population: Population | None) -> int:
        """Lanes for so many members, as far as there may be, and without many idle ones."""
        lanes = self._fused.lanes_for(max(members, 1), block, self._device)
        lanes = min(lanes, self._lanes_cut.get(block, lanes))
        if population is not None and len(population) // 4 < lanes <= len(population):
            return len(population)
        return lanes

    def _begin(self, population: Population, newcomers: list[Member], taken: list[Member]) -> None:
        ready: list[tuple[int, Member, Any]] = []
        for lane, member in zip(population.free_lanes, newcomers, strict=False):
            try:
                ready.append((lane, member, population.prepare(member)))
            except (MemoryError, jax.errors.JaxRuntimeError):
                raise
            except Exception as error:  # a user's own model may raise anything; the others go on
                taken.remove(member)
                self._tell(Broken(member.number, error))
        if ready:
            population.put(ready)

    def _one_epoch(self, population: Population, taken: list[Member]) -> None:
        reports = population.advance()
        for lane, member in population.members:
            step, metrics = reports[lane]
            if step <= member.told:
                continue
            self._reached[member.number] = step
            self._tell(EpochDone(member.number, step, metrics))
            ended = self._ended(population, lane, member, step, metrics)
            if ended is not None:
                population.leave(lane)
                taken.remove(member)
                del self._reached[member.number]
                self._tell(ended)

    def _ended(
        self, population: Population, lane: int, member: Member, step: int, metrics: dict[str, float]
    ) -> Event | None:
        number, value = member.number, metrics[self._metric]
        if not math.isfinite(value):
            return Diverged(number, step, self._metric, value)
        if step >= (member.last_epoch or self._epochs):
            return TrainingDone(number, population.network(lane))
        order = self._orders.of(number)
        if order == "stop":
            return Halted(number, population.network(lane))
        if order == "pause" or step == member.until:
            return Paused(number, population.checkpoint(lane), population.network(lane))
        return None

    def _make_room(self, block: Hashable, lanes: int, taken: list[Member], error: Exception) -> None:
        """After a lack of memory: try again with half the lanes, or say that a member is too large."""
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise error
        if lanes == 1:
            why = str(error).partition("\n")[0] or "there is no memory for it"
            for member in taken:
                self._reached.pop(member.number, None)
                self._tell(TooLarge(member.number, why))
            return
        self._lanes_cut[block] = lanes // 2
        _log.warning("Out of memory with %d lanes on %s; going on with %d.", lanes, self._device, lanes // 2)
        self._waiting.put(block, [self._anew(member) for member in taken])

    def _anew(self, member: Member) -> Member:
        """From its beginning, since a lane's state is given up to the program; nothing is told twice."""
        return replace(member, told=self._reached.pop(member.number, member.told))


def drive(driver: Driver, tell: Callable[[Any], None]) -> None:
    """What a thread runs: an error that ends a driver is told, and not lost with its thread."""
    try:
        driver.run()
    except BaseException as error:
        tell(error)
