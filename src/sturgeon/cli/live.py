"""What one sees on the terminal while trials train."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from sturgeon.caviar.progress import Progress as RunProgress

_LINE_SECONDS = 5.0
_FRAME_SECONDS = 0.1


class LiveView:
    """A bar on a terminal; a line every few seconds where stderr goes to a file."""

    def __init__(self) -> None:
        self._metric = ""
        self._console = Console(file=sys.stderr, highlight=False, markup=False)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), console=self._console, transient=True
        )
        self._task = self._bar.add_task("compiling the first networks …", total=None)
        self._shown = time.monotonic()

    def __enter__(self) -> LiveView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self._console.print(line, soft_wrap=True, markup=False)

    def start(self, metric: str) -> None:
        """Begin to show progress.

        Args:
            metric: The metric that decides.
        """
        self._metric = metric
        if self._console.is_terminal:
            self._bar.start()

    def repeats(self, times: int) -> None:
        """The trials are over; the best of them are trained again.

        Args:
            times: How often each.
        """
        self._announce(f"training the best {times} times more, each time with another seed")

    def final(self) -> None:
        """The trials are over; the last training begins."""
        self._announce("training the best configuration once more, on all rows but the test rows")

    def _announce(self, line: str) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, description=line, total=None)
        else:
            self.say(line)

    def show(self, progress: RunProgress) -> None:
        """Show how far the run is, at most a few times a second."""
        terminal = self._console.is_terminal
        now = time.monotonic()
        if now - self._shown < (_FRAME_SECONDS if terminal else _LINE_SECONDS):
            return
        self._shown = now
        facts = describe(progress, self._metric)
        if terminal:
            done, total = _share(progress)
            self._bar.update(self._task, description=facts, completed=done, total=total)
        else:
            print(facts, file=sys.stderr, flush=True)


def describe(progress: RunProgress, metric: str) -> str:
    """One line: trials done and running, best so far, rate, time left."""
    of = f"/{progress.target}" if progress.target is not None else ""
    parts = [f"{progress.done}{of} trials done, {progress.running} running"]
    if progress.best is not None:
        parts.append(f"best {metric} {progress.best[1]:.4f} (trial {progress.best[0]})")
    parts.append(f"{progress.epochs / max(progress.seconds, 1e-9):.0f} epochs/s")
    left = seconds_left(progress)
    parts.append("estimating the time left" if left is None else f"{format_seconds(left)} left")
    return " · ".join(parts)


def seconds_left(progress: RunProgress) -> float | None:
    """The estimate: epochs left at the rate so far, or what is left of the budget if that is less.

    None until 2 % of the epochs are done: before, the rate is that of the compiler.
    """
    estimates = []
    if progress.budget is not None:
        estimates.append(max(0.0, progress.budget - progress.seconds))
    left = progress.epochs_left
    if left is not None and progress.epochs >= 0.02 * (progress.epochs + left):
        estimates.append(left * progress.seconds / max(progress.epochs, 1))
    return min(estimates, default=None)


def format_seconds(seconds: float) -> str:
    """Hours, minutes and seconds.

    Example:
        >>> format_seconds(65.2), format_seconds(3725)
        ('1:05', '1:02:05')
    """
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _share(progress: RunProgress) -> tuple[float, float]:
    if progress.epochs_left is not None:
        return progress.epochs, progress.epochs + progress.epochs_left
    assert progress.budget is not None
    return progress.seconds, progress.budget
