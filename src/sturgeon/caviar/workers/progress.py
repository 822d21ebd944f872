"""Lines on stderr that say how far a run is, once it takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

FIRST_SECONDS = 2.0
SHORTEST_SECONDS = 5.0
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is.

    Attributes:
        ended: Trials that have ended, in this run and before.
        wanted: Trials wanted in all; None where only the time is bounded.
        running: Trials that run.
        ended_here: Trials that have ended in this run.
        begun: What is done of the running trials, in trials.
        best: The best trial's number and value, or None.
        metric: The name of the value.
        seconds: Since the run began.
        budget: Seconds allowed, or None.
    """

    ended: int
    wanted: int | None
    running: int
    ended_here: int
    begun: float
    best: tuple[int, float] | None
    metric: str
    seconds: float
    budget: float | None

    def seconds_left(self) -> float | None:
        """Estimate from the rate so far, and from what is left of the budget; None while it is too early.

        Example:
            >>> Standing(10, 40, 2, 10, 1.0, None, "loss", 22.0, None).seconds_left()
            58.0
        """
        left = []
        if self.budget is not None:
            left.append(max(0.0, self.budget - self.seconds))
        done = self.ended_here + self.begun
        if self.wanted is not None and done > 0:
            left.append(max(0.0, self.wanted - self.ended - self.begun) * self.seconds / done)
        return min(left, default=None)

    def describe(self) -> str:
        """Put it in one line.

        Example:
            >>> Standing(10, 40, 2, 10, 1.0, (3, 0.25), "val_loss", 22.0, None).describe()
            '10/40 trials done, 2 running · best val_loss 0.25 (trial 3) · 0:58 left'
        """
        of = f"/{self.wanted}" if self.wanted is not None else ""
        parts = [f"{self.ended}{of} trials done, {self.running} running"]
        if self.best is not None:
            parts.append(f"best {self.metric} {self.best[1]:.6g} (trial {self.best[0]})")
        left = self.seconds_left()
        if left is not None:
            parts.append(f"{_clock(left)} left")
        return " · ".join(parts)


class ProgressLines:
    """Prints a line now and then: rarely enough that a long run does not fill the screen."""

    def __init__(self, wanted: bool) -> None:
        """Start the clock.

        Args:
            wanted: Whether to print at all.
        """
        self._wanted = wanted
        self._started = time.monotonic()
        self._next = FIRST_SECONDS

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    @property
    def due(self) -> bool:
        """Whether it is time for a line."""
        return self._wanted and self.seconds >= self._next

    def show(self, standing: Standing) -> None:
        """Print a line."""
        self._next = self.seconds + min(LONGEST_SECONDS, max(SHORTEST_SECONDS, self.seconds / 10))
        say(standing.describe())


def say(line: str) -> None:
    """Print a line on stderr at once."""
    print(line, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
