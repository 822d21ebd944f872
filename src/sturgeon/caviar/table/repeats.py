"""The winner and its closest rivals once more with other seeds, so that the winner is not the luckiest.

The best of many values is too good to be true: part of what put it first was luck. So the value that a
trial was chosen by does not count here, only what other seeds give: other first weights, another order of
rows, the same rows. The test rows are not looked at.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sturgeon.caviar.events import Diverged, EpochDone, TooLarge, TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.trainer import Trainer
from sturgeon.study import Study, TrialRecord

RIVALS = 4
"""How many trials are repeated beside the winner."""
TAG = "repeated"
_NOTE = re.compile(r"repeat (\d+): (\S+)=(\S+)")


@dataclass(frozen=True, slots=True)
class Repeated:
    """What a trial came to with other seeds.

    Attributes:
        trial: The trial's number.
        values: The metric at the end of each repeat; NaN for one that diverged.
    """

    trial: int
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of the repeats; NaN if one diverged."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """The standard deviation of the repeats (of a sample: n - 1); NaN for fewer than two."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else math.nan

    def to_json(self) -> dict[str, Any]:
        """Write it as a plain dict, with None in place of NaN."""
        return {
            "trial": self.trial,
            "mean": _plain(self.mean),
            "deviation": _plain(self.deviation),
            "number": len(self.values),
            "values": [_plain(value) for value in self.values],
        }


@dataclass(frozen=True, slots=True)
class _Repeat:
    """One training to be done: which repeat, from 1, of which trial."""

    trial: TrialRecord
    which: int


def repeat_seed(study_seed: int, trial: int, which: int) -> int:
    """The seed of a trial's repeat, which depends on the study's seed and the two numbers only.

    Example:
        >>> repeat_seed(0, 3, 1) == repeat_seed(0, 3, 2)
        False
    """
    sequence = np.random.SeedSequence((study_seed, trial), spawn_key=(2, which))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def repeat_best(
    study: Study, trainer: Trainer, settings: StudySettings, times: int, *, stop: threading.Event
) -> list[Repeated]:
    """Train the best trial and its closest rivals again, each for the epochs it had.

    Each value is noted on its trial as soon as it is there, so that a repeat is done once only, also if
    the run is interrupted and resumed.

    Args:
        study: What was tried; takes the notes.
        trainer: What trains on the training rows, and judges by the validation rows.
        settings: What holds for every trial of the study.
        times: How many repeats each trial gets; with 0 nothing is done.
        stop: When set, training ends.

    Returns:
        The repeated trials, best mean first; none where the work was stopped before all was done.
    """
    chosen = _best_trials(study, settings) if times else []
    known = {trial.number: repeats_of(trial, settings.objective.metric) for trial in chosen}
    missing = [
        _Repeat(trial, which)
        for trial in chosen
        for which in range(1, times + 1)
        if which not in known[trial.number]
    ]
    for repeat, value in _train(study.seed, trainer, settings, missing, stop):
        known[repeat.trial.number][repeat.which] = value
        with study.batch():
            study.note(repeat.trial.number, f"repeat {repeat.which}: {settings.objective.metric}={value!r}")
            study.tag(repeat.trial.number, TAG)
    if any(which not in known[trial.number] for trial in chosen for which in range(1, times + 1)):
        return []
    repeated = [
        Repeated(trial.number, tuple(known[trial.number][which] for which in range(1, times + 1)))
        for trial in chosen
    ]
    return sorted(repeated, key=lambda one: (math.isnan(one.mean), _order(one.mean, settings), one.trial))


def repeats_of(trial: TrialRecord, metric: str) -> dict[int, float]:
    """Read a trial's repeats from its notes: by number, from 1."""
    found = (_NOTE.fullmatch(note) for note in trial.notes)
    return {int(one[1]): float(one[3]) for one in found if one is not None and one[2] == metric}


def _best_trials(study: Study, settings: StudySettings) -> list[TrialRecord]:
    ended = [one for one in study.trials if one.state in ("complete", "stopped") and one.value is not None]
    return sorted(ended, key=lambda one: (_order(one.value, settings), one.number))[: 1 + RIVALS]


def _order(value: float | None, settings: StudySettings) -> float:
    assert value is not None
    return 0.0 if math.isnan(value) else settings.objective.sign * value


def _train(
    seed: int, trainer: Trainer, settings: StudySettings, repeats: list[_Repeat], stop: threading.Event
) -> Iterable[tuple[_Repeat, float]]:
    """Train side by side, and yield each with its last value as it ends; NaN where it diverged."""
    if not repeats or stop.is_set():
        return
    jobs = [
        TrainingJob(
            number,
            repeat_seed(seed, repeat.trial.number, repeat.which),
            repeat.trial.config,
            repeat.trial.last_step,
        )
        for number, repeat in enumerate(repeats)
    ]
    last: dict[int, float] = {}
    for event in trainer.train(jobs, stop):
        if isinstance(event, EpochDone):
            last[event.number] = event.metrics[settings.objective.metric]
        elif isinstance(event, TrainingDone):
            yield repeats[event.number], last[event.number]
        elif isinstance(event, Diverged | TooLarge):
            yield repeats[event.number], math.nan


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
