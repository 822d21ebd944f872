"""Simulated workers of one study, by SimPy: where the record or the driver becomes the bottleneck.

Two ways are simulated. With one *driver* (``st.Ray``), every report and every trial's begin and end passes
one process, which does one thing at a time. With *workers that a scheduler starts* (``sturgeon worker``),
each asks and writes by itself, and what they share is the database, which serves some at once.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import simpy  # pyright: ignore[reportMissingImports]


@dataclass(frozen=True)
class Costs:
    """What was measured, in seconds.

    Attributes:
        ask: To ask for a trial, one client alone.
        report: To write a report down, one client alone.
        tell: To write a result down, one client alone.
        message: What the driver does for a message beside writing it down.
        heartbeat: To renew the leases of a handle, whatever their number.
        at_once: How many operations the database does at the same time.
    """

    ask: float
    report: float
    tell: float
    message: float
    heartbeat: float = 0.0
    at_once: int = 1


@dataclass(frozen=True)
class Work:
    """What every worker does.

    Attributes:
        trials: How many trials there are in all.
        seconds: What each takes.
        reports: How often each reports.
        lease: Seconds between two heartbeats of a handle.
    """

    trials: int
    seconds: float
    reports: int = 0
    lease: float = 20.0


@dataclass(frozen=True)
class Simulated:
    """What came of it.

    Attributes:
        seconds: From the first trial's begin to the last one's end.
        share: The ideal time as a share of that.
        busy: Which share of the time the driver, or the database, was busy.
        waited: The 99th percentile of the time from asking to having a trial, in seconds.
    """

    seconds: float
    share: float
    busy: float
    waited: float


class Simulation:
    """One run of so many workers.

    Args:
        workers: How many.
        work: What they do.
        costs: What was measured.
        driver: Whether all passes through one driver; else each worker speaks to the database itself.
    """

    def __init__(self, workers: int, work: Work, costs: Costs, *, driver: bool) -> None:
        self._work, self._costs, self._driver = work, costs, driver
        self._clock = simpy.Environment()
        self._served = simpy.Resource(self._clock, 1 if driver else costs.at_once)
        self._left = work.trials
        self._busy = 0.0
        self._waits: list[float] = []
        self._running = [self._clock.process(self._worker()) for _ in range(workers)]
        self._workers = workers

    def run(self) -> Simulated:
        """Simulate until all trials have ended."""
        ended = self._clock.all_of(self._running)
        for _ in range(1 if self._driver else self._workers):
            self._clock.process(self._beat())
        self._clock.run(until=ended)
        work, seconds = self._work, self._clock.now
        ideal = -(-work.trials // self._workers) * work.seconds
        room = seconds * self._served.capacity
        return Simulated(seconds, ideal / seconds, self._busy / room, float(np.percentile(self._waits, 99)))

    def _do(self, seconds: float) -> Generator:
        """Have the driver, or the database, work for somebody."""
        with self._served.request() as turn:
            yield turn
            self._busy += seconds
            yield self._clock.timeout(seconds)

    def _worker(self) -> Generator:
        work, costs = self._work, self._costs
        extra = costs.message if self._driver else 0.0
        while self._left:
            self._left -= 1
            asked = self._clock.now
            yield from self._do(costs.ask + extra)
            self._waits.append(self._clock.now - asked)
            written = None
            for _ in range(work.reports):
                yield self._clock.timeout(work.seconds / work.reports)
                if written is not None:  # a report waits for the one before it to be written down
                    yield written
                written = self._clock.process(self._do(costs.report + extra))
            if not work.reports:
                yield self._clock.timeout(work.seconds)
            yield from self._do(costs.tell + extra)

    def _beat(self) -> Generator:
        while True:
            yield self._clock.timeout(self._work.lease)
            yield from self._do(self._costs.heartbeat)
