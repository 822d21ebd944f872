"""Running lanes: jobs are handed in, train on every device at once, and tell what happens to them."""

from __future__ import annotations

import queue
import threading

from sturgeon.caviar.events import Broken, EpochDone, Event, Withdrawn
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.driver import Driver
from sturgeon.caviar.lanes.shared import BlockQueue, Order, Orders, Shared, Usage


class Lanes:
    """The lane engine: a thread for each entry of the devices takes jobs and trains them.

    A context manager; at its end the threads stop after their current epochs. To be used from one thread.

    Args:
        backend: The kind of training.
        metric: The metric that must stay finite.
        epochs: After how many epochs a job ends that does not say.
        cores: On how many cores it may train, where it trains on cores; None for all.

    Attributes:
        usage: What the arithmetic was spent on so far.
    """

    def __init__(
        self, backend: TrainingBackend, metric: str, epochs: int, *, cores: int | None = None
    ) -> None:
        self.usage = Usage()
        self._backend = backend
        devices = backend.devices
        self._devices = devices[:cores] if devices[0].platform == "cpu" else devices
        self._queue = BlockQueue(backend, backend.devices[0])
        self._orders = Orders()
        self._events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        self._shared = Shared(
            backend, metric, epochs, self._queue, self._orders, self.usage, self._events.put
        )
        self._threads: list[threading.Thread] = []
        self._in_flight = 0

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self.halt()
        self._queue.close()
        for thread in self._threads:
            thread.join()

    @property
    def capacity(self) -> int:
        """How many jobs in flight keep every lane busy: one in each, and two to follow on each device."""
        return sum(self._backend.typical_lanes(device) + 2 for device in self._devices)

    @property
    def at_once(self) -> int:
        """How many jobs train at the same time."""
        return sum(self._backend.typical_lanes(device) for device in self._devices)

    @property
    def in_flight(self) -> int:
        """Jobs that were handed in and have not ended yet."""
        return self._in_flight

    def start(self, job: TrainingJob) -> None:
        """Hand a job in; it trains as soon as a lane is free."""
        self._in_flight += 1
        try:
            block = self._backend.block_of(job.config)
        except Exception as error:  # a user's own model may raise anything; the others go on
            self._events.put(Broken(job.number, error))
            return
        self._queue.put(block, [job])
        if len(self._threads) < min(len(self._devices), self._in_flight):
            driver = Driver(self._devices[len(self._threads)], self._shared)
            self._threads.append(threading.Thread(target=driver.run, daemon=True))
            self._threads[-1].start()

    def order(self, number: int, what: Order) -> None:
        """Have a job stop, or pause, after its current epoch; one to be stopped that waits never begins."""
        if what == "stop" and self._queue.withdraw(number):
            self._events.put(Withdrawn(number))
        else:
            self._orders.give(number, what)

    def hold(self, held: bool) -> None:
        """Begin no job until told otherwise; those that train go on."""
        self._queue.hold(held)

    def halt(self, what: Order = "stop") -> list[int]:
        """Have every job stop, or pause, after its current epoch; those that have not begun never will.

        Returns:
            The numbers of those that never will.
        """
        self._orders.give_all(what)
        dropped = self._queue.clear()
        self._in_flight -= len(dropped)
        return dropped

    def wake(self) -> None:
        """Have a wait for the next event end without one; from any thread."""
        self._events.put(None)

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Wait for what happens next.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            The event; None when the time is over, and after :meth:`wake`.
        """
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if event is None:
            return None
        if isinstance(event, BaseException):
            raise event
        if not isinstance(event, EpochDone):
            self._in_flight -= 1
            self._orders.forget(event.number)
        return event
