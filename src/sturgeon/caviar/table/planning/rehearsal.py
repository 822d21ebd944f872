"""The beginning of a run, done for a few seconds in a folder of its own, to see how fast it goes."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.loop.pace import Pace
from sturgeon.caviar.loop.trainings import OUT_OF_TIME
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.table.candidates import MOST_TRIALS
from sturgeon.caviar.table.keeping import Keeper
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.space import Config


@dataclass(frozen=True)
class Rehearsal:
    """What was seen.

    Attributes:
        seconds: How long it took, the last epochs not counted.
        ended: How many trials had been begun at these seconds and were not in flight any more: ended, or put
            aside by the stopping rule. Those that were cut off at the end are left out.
        pace: What trainings and suggestions took.
        queued: How many trials waited in the study before it, for which nothing was searched.
        in_flight: How many trials were handed out and not ended, in the mean over the later half.
        trained: The configurations that were trained, in the order of their numbers, with the epochs of each.
    """

    seconds: float
    ended: Sequence[tuple[float, int]]
    pace: Pace
    queued: int
    in_flight: float
    trained: Sequence[tuple[Config, int]]

    @property
    def trials(self) -> int:
        """How many trials ended."""
        return self.ended_by(self.seconds)

    @property
    def epochs(self) -> int:
        """How many epochs were trained, over all trials."""
        return sum(epochs for _, epochs in self.trained)

    def ended_by(self, seconds: float) -> int:
        """Tell how many trials had ended by then."""
        return max((number for at, number in self.ended if at <= seconds), default=0)


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
    in_flight: list[int] = []
    with tempfile.TemporaryDirectory(prefix="sturgeon-plan-") as name:
        folder = Path(name)
        study, settings = begin_table_study(str(folder / "plan.study"), options, dataset, about={})
        keeper = Keeper(folder, dataset, most=MOST_TRIALS)

        def note(progress: Progress) -> None:
            ended.append((progress.seconds, loop.begun - loop.in_flight))
            if progress.seconds >= seconds / 2:
                in_flight.append(loop.in_flight)

        with study:
            queued = len(study.record)
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
            cut_off = sum(one.reason == OUT_OF_TIME for one in study.trials)
            trained = [(cast("Config", one.config), len(one.curve)) for one in study.record if one.curve]
    ended = [(at, min(number, loop.begun - cut_off)) for at, number in ended]
    return Rehearsal(seconds, ended, loop.pace, queued, float(np.mean(in_flight or [0])), trained)
