"""What pictures see of a study: all of it at one moment, read once for all pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from sturgeon.errors import InputError
from sturgeon.search.base import Search
from sturgeon.space import Space
from sturgeon.study import Objective, Study, TrialRecord
from sturgeon.study.importance import Importance, measure_importance
from sturgeon.study.journal import JournalEntry
from sturgeon.study.pareto import pareto_front
from sturgeon.study.trial import Attempt, is_finite

RECHECK = "recheck"
"""The kind of the journal's entries that a recheck writes."""
MOST_ATTEMPTS = 1000
"""The attempts of so many trials are read at most: the newest."""


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment.

    Attributes:
        place: Where it is kept.
        space: What varies.
        objectives: What is minimised or maximised.
        trials: All trials, by number, with their curves.
        seed: The study's seed.
        about: What was kept with it.
        search: What suggested, or None where it is not one of Sturgeon's.
        attempts: Of the newest trials, by number.
        folder: Where ``sturgeon tune`` left what it found, or None.
        rechecks: What the journal has of rechecks, the oldest first.
    """

    place: str
    space: Space
    objectives: tuple[Objective, ...]
    trials: tuple[TrialRecord, ...]
    seed: int
    about: Mapping[str, Any]
    search: Search | None
    attempts: Mapping[int, list[Attempt]]
    folder: Path | None = None
    rechecks: tuple[JournalEntry, ...] = ()

    @property
    def objective(self) -> Objective:
        """The (first) objective."""
        return self.objectives[0]

    @property
    def metric(self) -> str:
        """The name of the (first) objective."""
        return self.objectives[0].metric

    @cached_property
    def valued(self) -> tuple[TrialRecord, ...]:
        """The trials that ended with a value that is a number, by number."""
        ended = (one for one in self.trials if one.state in ("complete", "stopped"))
        return tuple(one for one in ended if is_finite(one.value))

    @cached_property
    def ranked(self) -> tuple[TrialRecord, ...]:
        """The same, the best first; of equals the first."""
        sign = self.objective.sign
        return tuple(sorted(self.valued, key=lambda one: (sign * (one.value or 0.0), one.number)))

    @property
    def best(self) -> TrialRecord | None:
        """The trial with the best (first) objective."""
        return self.ranked[0] if self.ranked else None

    @cached_property
    def importance(self) -> Importance:
        """How much each hyperparameter mattered: what ``Study.importance`` says."""
        return measure_importance(self.space, self.trials, self.objective.sign)

    @cached_property
    def by_importance(self) -> tuple[str, ...]:
        """The hyperparameters that vary, what mattered most first; by priority where that is unknown."""
        if self.importance.shares:
            return tuple(one.name for one in self.importance.shares)
        return tuple(sorted(self.space.coordinates, key=lambda name: self.space[name].priority))

    @cached_property
    def front(self) -> tuple[TrialRecord, ...]:
        """The trials that no other beats in all objectives."""
        known = [one for one in self.valued if all(is_finite(self.of(one, goal)) for goal in self.objectives)]
        points = [[goal.sign * (self.of(one, goal) or 0.0) for goal in self.objectives] for one in known]
        return tuple(known[index] for index in sorted(pareto_front(points)))

    def of(self, trial: TrialRecord, objective: Objective) -> float | None:
        """A trial's final value of an objective."""
        return trial.value if objective.metric == self.metric else trial.metrics.get(objective.metric)


Shown: TypeAlias = Study | Snapshot


def take_snapshot(study: Shown, folder: Path | None = None) -> Snapshot:
    """Read a study, or take it as it was read.

    Args:
        study: A study that is open, or a snapshot, which is given back.
        folder: Where ``sturgeon tune`` left what it found; None for the study's own folder.

    Raises:
        InputError: It is neither.
        StudyError: It cannot be read.
    """
    if isinstance(study, Snapshot):
        return study
    if not isinstance(study, Study):
        named = isinstance(study, str | os.PathLike)
        got = repr(study) if named or study is None else f"a {type(study).__name__}"
        place = os.fspath(study) if named else "name.study"
        raise InputError(f"A picture needs a study that is open; got {got}. Write st.Study.open({place!r}).")
    trials = study.trials
    begun = [one.number for one in trials if one.attempts]
    try:
        search = study.search
    except InputError:
        search = None
    home = Path(study.place).parent
    return Snapshot(
        study.place,
        study.space,
        study.objectives,
        tuple(trials),
        study.seed,
        study.about,
        search,
        {number: study.attempts(number) for number in begun[-MOST_ATTEMPTS:]},
        folder or (home if (home / "result.json").is_file() else None),
        tuple(study.journal.read(kind=RECHECK)),
    )
