"""What `sturgeon panda DATA` says while it trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sturgeon.caviar.progress import format_metric, format_seconds, say
from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import sparkline

if TYPE_CHECKING:
    from sturgeon.data import Dataset
    from sturgeon.panda.run import Run

_LINE_SECONDS = 1.0


class TrainingView:
    """Says how the training goes: a line a second at most, and what was changed at once.

    Args:
        epochs: Of each branch; None for those that the run was begun with.
        told: Called with each line; by default it goes to stderr.
    """

    def __init__(self, epochs: int | None, told: Callable[[str], object] = say) -> None:
        self._say = told
        self._epochs = epochs or 0
        self._began = self._said = time.monotonic()
        self._seen = -1
        self._trained = 0

    def start(self, dataset: Dataset, run: Run) -> None:
        """Say what is trained on what, and how to steer it."""
        self._epochs = self._epochs or int(run.record.study.about["epochs"])
        self._say(f"{dataset.task} of {dataset.target!r}, because {dataset.task_reason}")
        self._say(
            f"rows: {', '.join(f'{n} {part}' for part, n in dataset.rows.items())}; inputs: "
            f"{dataset.features}"
        )
        self._say(f"tend it:  sturgeon panda attach {printable(run.record.study.place)}")

    def epoch(self, run: Run, metrics: Mapping[str, float]) -> None:
        """Say how an epoch went."""
        self._trained += 1
        self._tell_journal(run)
        now = time.monotonic()
        if now - self._said < _LINE_SECONDS and run.at.epoch < self._epochs:
            return
        self._said = now
        curve = [one.metrics[run.metric] for one in run.history if run.metric in one.metrics]
        left = (now - self._began) / self._trained * max(0, self._epochs - run.at.epoch)
        shown = [
            f"{name} {format_metric(metrics[name])}" for name in dict.fromkeys(("train_loss", run.metric))
        ]
        self._say(
            f"epoch {run.at.epoch}/{self._epochs} · {' · '.join(shown)} · learning_rate "
            f"{run.learning_rate:.3g} · "
            f"{sparkline(curve)} · {format_seconds(left)} left"
        )

    def _tell_journal(self, run: Run) -> None:
        for entry in run.record.study.journal.read(after=self._seen):
            self._seen = entry.id
            if entry.kind == "note":
                self._say(f"coach {entry.id}: {printable(entry.body['sentence'])}")
            elif entry.kind == "outcome":
                self._say(f"{'' if entry.body['done'] else 'refused: '}{printable(entry.body['message'])}")
