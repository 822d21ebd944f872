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
from sturgeon.caviar.loop import OUT_OF_TIME, CaviarLoop
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.pace import Pace
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.table.candidates import MOST_TRIALS
from sturgeon.caviar.table.keeping import Keeper
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.errors import SpaceExhausted
from sturgeon.space import Config
from sturgeon.study import Study

_UPCOMING = 12
"""So many configurations that come next tell how dear they are."""


@dataclass(frozen=True)
class Rehearsal:
    """What was seen.

    Attributes:
        seconds: How long it took, the last epochs not counted.
        ended: How many trials had been begun at these seconds and were not in flight any more: ended, or put
            aside by the stopping rule. Those that were cut off at the end are left out.
        epochs: How many epochs had been trained at these seconds, over all trials.
        pace: What trainings and suggestions took.
        busy: The share of the time in which the run was busy with anything but waiting for trainings.
        in_flight: How many trials were handed out and not ended, in the mean over the later half.
        trained: The configurations that were trained, in the order of their numbers, with the epochs of each.
        upcoming: The configurations that would have come next.
    """

    seconds: float
    ended: Sequence[tuple[float, int]]
    epochs: Sequence[tuple[float, int]]
    pace: Pace
    busy: float
    in_flight: float = 0.0
    trained: Sequence[tuple[Config, int]] = ()
    upcoming: Sequence[Config] = ()

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
    in_flight: list[int] = []
    with tempfile.TemporaryDirectory(prefix="sturgeon-plan-") as name:
        folder = Path(name)
        study, settings = begin_table_study(str(folder / "plan.study"), options, dataset, about={})
        keeper = Keeper(folder, dataset, most=MOST_TRIALS)

        def note(progress: Progress) -> None:
            ended.append((progress.seconds, loop.begun - loop.in_flight))
            epochs.append((progress.seconds, progress.epochs))
            if progress.seconds >= seconds / 2:
                in_flight.append(loop.in_flight)

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
            cut_off = sum(one.reason == OUT_OF_TIME for one in study.trials)
            trained = [(cast("Config", one.config), len(one.curve)) for one in study.record if one.curve]
            upcoming = _upcoming(study)
    ended = [(at, min(number, loop.begun - cut_off)) for at, number in ended]
    busy = min(1.0, loop.pace.busy / seconds)
    return Rehearsal(
        seconds, ended, epochs, loop.pace, busy, float(np.mean(in_flight or [0])), trained, upcoming
    )


def _upcoming(study: Study) -> list[Config]:
    """What a study would train next: what waits in it, and then what its search suggests."""
    record = study.record
    waiting = [cast("Config", one.config) for one in record if one.state == "waiting"][:_UPCOMING]
    try:
        rng = np.random.default_rng(study.seed)
        return waiting + study.search.suggest_quickly(study.space, record, _UPCOMING - len(waiting), rng)
    except SpaceExhausted:
        return waiting
