"""How far a run is, and the line that says so."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Protocol

from sturgeon.errors import InputError
from sturgeon.plain_text import printable

FIRST_SECONDS = 2.0
SHORTEST_SECONDS = 5.0
LONGEST_SECONDS = 60.0
WIDGET_SECONDS = 0.5
# An estimate is made from this share of all the training on: before, the rate is that of the compiler.
_ENOUGH = 0.02


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Trials that have ended, in this run and before.
        running: Trials that train.
        target: Trials wanted in all; None where only the time is bounded.
        trained: What was trained in this run, in trials: 2.5 is as much as two whole trials and a half.
        begun: What is done of the running trials, in trials.
        seconds: Since the run began.
        budget: Seconds allowed; None without a budget.
        best: Number and value of the best trial so far.
        metric: The name of the value.
        ensemble: What the ensemble of the best trials that would be handed over now comes to, on the rows by
            which trials are judged: its log loss or squared error; None where there is none.
        epochs: Epochs trained in this run, over all trials; 0 where that is unknown.
        may_stop: Whether trials may be stopped early, so that the time left is an upper bound.
    """

    done: int
    running: int
    target: int | None
    trained: float
    begun: float
    seconds: float
    budget: float | None
    best: tuple[int, float] | None
    metric: str
    epochs: int = 0
    may_stop: bool = False
    ensemble: float | None = None

    @property
    def left(self) -> float | None:
        """What is still to train, in trials, if none is stopped early; None if only the time is bounded."""
        return None if self.target is None else max(0.0, self.target - self.done - self.begun)

    def seconds_left(self) -> float | None:
        """Estimate from the rate so far, and from what is left of the budget; None while it is too early.

        Example:
            >>> Progress(10, 2, 40, 11.0, 1.0, 22.0, None, None, "loss").seconds_left()
            58.0
        """
        estimates = []
        if self.budget is not None:
            estimates.append(max(0.0, self.budget - self.seconds))
        left = self.left
        if left is not None and self.trained > 0 and self.trained >= _ENOUGH * (self.trained + left):
            estimates.append(left * self.seconds / self.trained)
        return min(estimates, default=None)

    def describe(self) -> str:
        """Put it in one line: trials done and running, the best so far, the rate, the time left.

        Example:
            >>> Progress(10, 2, 40, 11.0, 1.0, 22.0, None, (3, 0.25), "val_loss").describe()
            '10/40 trials done, 2 running · best val_loss 0.2500 (trial 3) · 0:58 left'
        """
        of = f"/{self.target}" if self.target is not None else ""
        parts = [f"{self.done}{of} trials done, {self.running} running"]
        if self.best is not None:
            number, value = self.best
            together = ""
            if self.ensemble is not None and self.metric == "val_loss":
                together = f", {format_metric(self.ensemble)} together"
            parts.append(f"best {self.metric} {format_metric(value)} (trial {number}){together}")
        if self.epochs:
            parts.append(f"{self.epochs / max(self.seconds, 1e-9):.0f} epochs/s")
        left = self.seconds_left()
        most = "at most " if self.may_stop and self.target is not None else ""
        parts.append("estimating the time left" if left is None else f"{most}{format_seconds(left)} left")
        return " · ".join(parts)


class ShowsProgress(Protocol):
    """What shows how far a run is."""

    def show(self, progress: Progress) -> None:
        """Show it."""
        ...


class ProgressLines:
    """Prints a line on stderr now and then: rarely enough that a long run does not fill the screen.

    In a notebook a bar takes the place of the lines.
    """

    def __init__(self, wanted: bool, widget: ShowsProgress | None = None) -> None:
        """Start the clock.

        Args:
            wanted: Whether to print at all.
            widget: What shows progress instead of lines.
        """
        self._widget = widget
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

    def show(self, progress: Progress) -> None:
        """Print a line, or move the bar."""
        if self._widget is not None:
            self._next = self.seconds + WIDGET_SECONDS
            self._widget.show(progress)
            return
        self._next = self.seconds + min(LONGEST_SECONDS, max(SHORTEST_SECONDS, self.seconds / 10))
        say(progress.describe())


def check_progress(wanted: object) -> None:
    """Refuse a wish for progress that is neither yes nor no: the text "no" counts as yes in Python.

    Raises:
        InputError: It is neither.
    """
    if wanted not in (True, False):
        raise InputError(f"`progress` must be True or False; got {wanted!r}. Write progress=False for none.")


def say(line: str) -> None:
    """Print a line on stderr at once; what a terminal would obey is written as letters."""
    print(printable(line), file=sys.stderr, flush=True)


def format_metric(value: float | None) -> str:
    """Four significant digits of a metric, or all before the point; ``undefined`` for None.

    Example:
        >>> format_metric(0.25), format_metric(-4.567e-7), format_metric(123456.7), format_metric(None)
        ('0.2500', '-4.567e-07', '123457', 'undefined')
    """
    if value is None:
        return "undefined"
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:#.4g}".removesuffix(".")


def format_seconds(seconds: float) -> str:
    """Hours, minutes and seconds.

    Example:
        >>> format_seconds(65.2), format_seconds(3725)
        ('1:05', '1:02:05')
    """
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
