"""What one sees on the terminal while trials train."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from sturgeon.caviar.progress import Progress, say
from sturgeon.cli.common.printable import printable

if TYPE_CHECKING:
    from sturgeon.caviar.opening import StudySettings
    from sturgeon.data import Dataset
    from sturgeon.space import Space
    from sturgeon.study import Study

_LINE_SECONDS = 5.0
_FRAME_SECONDS = 0.1


class LiveView:
    """A bar on a terminal; a line every few seconds where stderr goes to a file.

    Args:
        note: What to say when it begins, besides what is tuned on what.

    Attributes:
        varying: The hyperparameters that vary.
        space: The space, once the run has started.
    """

    def __init__(self, note: str | None = None) -> None:
        self._note = note
        self.varying: list[str] = []
        self.space: Space | None = None
        self._console = Console(file=sys.stderr, highlight=False, markup=False)
        self._bar = Bar(
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

    def start(self, dataset: Dataset, settings: StudySettings, study: Study) -> None:
        """Say what is tuned on what, and begin to show progress."""
        from sturgeon.caviar.backends.device_choice import describe_slowness
        from sturgeon.search.old_record import PRIOR

        if self._note is not None:
            self._say(self._note)
        parts = _parts(dataset)
        objective, dropped = settings.objective, dataset.preprocessing.dropped
        self._say(f"{dataset.task} of {dataset.target!r}, because {dataset.task_reason}")
        self._say(f"rows: {parts}; inputs: {dataset.features}; {objective.direction} {objective.metric}")
        if dataset.folds_reason:
            self._say(f"folds: {dataset.folds_reason}")
        if dropped:
            self._say(f"left out, because they never vary: {', '.join(dropped)}")
        for note in dataset.notes:
            self._say(note)
        if old := study.about.get(PRIOR):
            self._say(f"prior: {len(old)} trials of the earlier study have a place in this space")
        if slowness := describe_slowness():
            self._say(slowness)
        self.varying.extend(settings.space.coordinates)
        self.space = settings.space
        if self._console.is_terminal:
            self._bar.start()

    def repeats(self, times: int) -> None:
        """The trials are over; the best of them are trained again.

        Args:
            times: How often each.
        """
        self._announce(f"training the best {times} times more, each time with another seed")

    def final(self, together: bool) -> None:
        """The trials are over; the networks that answer together are chosen, or the last training begins."""
        self._announce(
            "choosing the networks that answer together, and testing them"
            if together
            else "training the best configuration once more, on all rows but the test rows"
        )

    def report(self) -> None:
        """The result is there; its report is written."""
        self._announce("writing the report")

    def show(self, progress: Progress) -> None:
        """Show how far the run is, at most a few times a second."""
        terminal = self._console.is_terminal
        now = time.monotonic()
        if now - self._shown < (_FRAME_SECONDS if terminal else _LINE_SECONDS):
            return
        self._shown = now
        if not terminal:
            say(progress.describe())
            return
        done, total = progress.trained, progress.trained + (progress.left or 0)
        if progress.left is None:
            assert progress.budget is not None
            done, total = progress.seconds, progress.budget
        self._bar.update(self._task, description=printable(progress.describe()), completed=done, total=total)

    def _announce(self, line: str) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, description=line, total=None)
        else:
            self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(printable(line), soft_wrap=True, markup=False)


def _parts(dataset: Dataset) -> str:
    rows = dataset.rows
    if dataset.folds > 1:
        return f"{rows['train']} in {dataset.folds} folds, {rows['test']} test"
    return ", ".join(f"{count} {part}" for part, count in rows.items())
