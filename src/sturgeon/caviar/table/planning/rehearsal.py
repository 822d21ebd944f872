"""The beginning of a run, done for a few seconds in a folder of its own, to see how fast it goes."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop import CaviarLoop
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.pace import Pace
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.table.keeping import Keeper
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset


@dataclass(frozen=True)
class Rehearsal:
    """What was seen.

    Attributes:
        seconds: How long it took, the last epochs not counted.
        ended: How many trials had been begun at these seconds and trained no more: ended, or paused by the
            stopping rule.
        epochs: How many epochs had been trained at these seconds, over all trials.
        pace: What trainings and suggestions took.
        busy: The share of the time in which the run was busy with anything but waiting for trainings.
    """

    seconds: float
    ended: Sequence[tuple[float, int]]
    epochs: Sequence[tuple[float, int]]
    pace: Pace
    busy: float

    @property
    def trials(self) -> int:
        """How many trials ended."""
        return self.ended_by(self.seconds)

    @property
    def seconds_per_trial(self) -> float:
        """Seconds from the end of one trial to that of the next, in the later half of the time."""
        then = self.ended_by(0.4 * self.seconds)
        return 0.6 * self.seconds / max(self.trials - then, 1)

    @property
    def handling(self) -> float:
        """Seconds of a trial in which the run was busy: with suggesting it, and writing it down."""
        return self.busy * self.seconds / max(self.trials, 1)

    @property
    def waiting(self) -> float:
        """Seconds of an epoch, of whichever trial, in which the run waited for trainings."""
        return (1.0 - self.busy) * self.seconds / max(_number_at(self.epochs, self.seconds), 1)

    def ended_by(self, seconds: float) -> int:
        """Tell how many trials had ended by then."""
        return _number_at(self.ended, seconds)


def _number_at(counted: Sequence[tuple[float, int]], seconds: float) -> int:
    return max((number for at, number in counted if at <= seconds), default=0)


def rehearse(
    options: TuneOptions, dataset: Dataset, trainer: LaneTrainer, *, seconds: float, spares: bool
) -> Rehearsal:
    """Begin a study as a run of that much time would, in a folder that is removed at the end.

    Args:
        options: What was asked for, with the stopping rule.
        dataset: The data.
        trainer: What trains.
        seconds: For how long.
        spares: Whether trainings are left alone where stopping them saves no time.
    """
    ended: list[tuple[float, int]] = []
    epochs: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory(prefix="sturgeon-plan-") as name:
        folder = Path(name)
        study, settings = begin_table_study(str(folder / "plan.study"), options, dataset, about={})
        keeper = Keeper(folder, dataset)

        def note(progress: Progress) -> None:
            ended.append((progress.seconds, max(0, loop.begun - progress.running)))
            epochs.append((progress.seconds, progress.epochs))

        with study:
            loop = CaviarLoop(
                study,
                trainer,
                checkpoints=Checkpoints(folder / "checkpoints"),
                on_network=keeper.on_network,
                on_judged=keeper.on_judged,
                on_progress=note,
                stopping=settings.stopping,
                spares=spares,
                yardstick=0 if spares else None,
            )
            loop.run(Limits(trials=None, budget=seconds), threading.Event())
    return Rehearsal(seconds, ended, epochs, loop.pace, min(1.0, loop.pace.busy / seconds))
