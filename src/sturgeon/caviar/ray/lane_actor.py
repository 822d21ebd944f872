"""The actor on a node in which lanes train: it takes jobs, and says what happens to them."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sturgeon.caviar.events import Broken, EpochDone, Withdrawn
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lanes import Lanes
from sturgeon.caviar.lanes.shared import Order
from sturgeon.caviar.ray.outbox import Outbox
from sturgeon.caviar.ray.relay import refuse_other_versions
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.errors import InputError, RunError


@dataclass(frozen=True, slots=True)
class Opened:
    """The lanes are ready.

    Attributes:
        capacity: How many jobs in flight keep every lane busy.
        at_once: How many jobs train at the same time.
    """

    capacity: int
    at_once: int


@dataclass(frozen=True, slots=True)
class NotOpened:
    """The lanes could not be made, or broke.

    Attributes:
        why: The exception, on one line.
        input: Whether something that the user gave is to blame.
    """

    why: str
    input: bool


class LaneActor:
    """Lanes of one device, or of some cores. One thread drives them; the methods only tell it what to do."""

    def __init__(
        self, make: Callable[[], LaneTrainer], *, cores: int, gpus: float, expected: tuple[str, str]
    ) -> None:
        """Make the lanes.

        Args:
            make: Makes the trainer, with the data.
            cores: How many trainings may run at once on cores.
            gpus: How many GPUs there are for it.
            expected: The ``versions`` of the driver.
        """
        self._outbox = Outbox()
        self._lanes: Lanes | None = None
        self._orders: deque[tuple[str, tuple[Any, ...]]] = deque()
        self._in_flight: set[int] = set()
        refused = refuse_other_versions(expected)
        if refused is not None:
            self._outbox.put(refused)
            return
        if not gpus:
            os.environ["JAX_PLATFORMS"] = "cpu"  # a GPU that is seen all the same is for others
        threading.Thread(target=self._work, args=(make, cores), daemon=True).start()

    async def listen(self) -> list[object]:
        """Wait until something has happened; give that."""
        return await self._outbox.take()

    async def tell(self, message: tuple[str, tuple[Any, ...]]) -> None:
        """Have the lanes do something: the name of a method of theirs, and its arguments."""
        self._orders.append(message)
        if self._lanes is not None:
            self._lanes.wake()

    def _work(self, make: Callable[[], LaneTrainer], cores: int) -> None:
        try:
            with make().open(cores) as lanes:
                self._lanes = lanes
                self._outbox.put(Opened(lanes.capacity, lanes.at_once))
                while True:
                    while self._orders:
                        name, arguments = self._orders.popleft()
                        getattr(self, f"_{name}")(lanes, *arguments)
                    event = lanes.next_event()
                    if event is None:
                        continue
                    if not isinstance(event, EpochDone):
                        self._in_flight.discard(event.number)
                    if isinstance(event, Broken):  # there may be no such exception elsewhere
                        event = Broken(event.number, RunError(f"{type(event.error).__name__}: {event.error}"))
                    self._outbox.put(event)
        except BaseException as error:  # whatever a library may raise
            why = " ".join(f"{error}".split()) or type(error).__name__
            self._outbox.put(NotOpened(why, isinstance(error, InputError)))

    def _start(self, lanes: Lanes, job: TrainingJob) -> None:
        self._in_flight.add(job.number)
        lanes.start(job)

    def _order(self, lanes: Lanes, number: int, what: Order) -> None:
        if number in self._in_flight:  # else it has ended, and the order may not wait for its next start
            lanes.order(number, what)

    def _hold(self, lanes: Lanes, held: bool) -> None:
        lanes.hold(held)

    def _halt(self, lanes: Lanes, what: Order) -> None:
        for number in lanes.halt(what):
            self._in_flight.discard(number)
            self._outbox.put(Withdrawn(number))
