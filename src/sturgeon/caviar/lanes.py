"""Running lanes: members are handed in, train on every device at once, and tell what happens to them."""

from __future__ import annotations

import queue
import threading

from sturgeon.caviar.block_queue import BlockQueue
from sturgeon.caviar.driver import Driver, Order, Orders, drive
from sturgeon.caviar.events import Broken, EpochDone, Event
from sturgeon.caviar.fused import Fused, Member
from sturgeon.caviar.usage import Usage


class Lanes:
    """The lane engine: a thread for each entry of the devices takes members and trains them.

    A context manager; at its end the threads stop after their current epochs. To be used from one thread.

    Args:
        fused: The kind of training.
        metric: The metric that must stay finite.
        epochs: After how many epochs a member ends that does not say.

    Attributes:
        usage: What the arithmetic was spent on so far.
    """

    def __init__(self, fused: Fused, metric: str, epochs: int) -> None:
        self.usage = Usage()
        self._fused = fused
        self._waiting = BlockQueue(fused, fused.devices[0])
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self._orders = Orders()
        self._drivers = [
            Driver(
                device,
                fused=fused,
                waiting=self._waiting,
                tell=self._events.put,
                orders=self._orders,
                usage=self.usage,
                metric=metric,
                epochs=epochs,
            )
            for device in fused.devices
        ]
        self._threads: list[threading.Thread] = []
        self._in_flight = 0

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self.halt()
        self._waiting.close()
        for thread in self._threads:
            thread.join()

    @property
    def capacity(self) -> int:
        """How many members in flight keep every lane busy: one in each, and two to follow on each device."""
        return sum(driver.usual_lanes + 2 for driver in self._drivers)

    @property
    def in_flight(self) -> int:
        """Members that were handed in and have not ended yet."""
        return self._in_flight

    def start(self, member: Member) -> None:
        """Hand a member in; it trains as soon as a lane is free."""
        self._in_flight += 1
        try:
            block = self._fused.block_of(member.config)
        except Exception as error:  # a user's own model may raise anything; the others go on
            self._events.put(Broken(member.number, error))
            return
        self._waiting.put(block, [member])
        if len(self._threads) < min(len(self._drivers), self._in_flight):
            driver = self._drivers[len(self._threads)]
            self._threads.append(threading.Thread(target=drive, args=(driver, self._events.put), daemon=True))
            self._threads[-1].start()

    def order(self, number: int, what: Order) -> None:
        """Have a member stop, or pause, after its current epoch."""
        self._orders.give(number, what)

    def halt(self, what: Order = "stop") -> None:
        """Have every member stop, or pause, after its current epoch; those that have not begun never will."""
        self._orders.give_all(what)
        self._in_flight -= self._waiting.clear()

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Wait for what happens next.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            The event; None when the time is over.
        """
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(event, BaseException):
            raise event
        if not isinstance(event, EpochDone):
            self._in_flight -= 1
            self._orders.forget(event.number)
        return event
