"""A population while it trains: who may go on, and who goes on from whose checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import numpy as np

from sturgeon.caviar.workers.folders import TrialFolders
from sturgeon.caviar.workers.population.generations import Generations
from sturgeon.errors import InputError, LeaseLost
from sturgeon.search import Observation, PopulationBasedTraining, Record
from sturgeon.stopping import Never, Stopping
from sturgeon.study import Study, Trial
from sturgeon.study.trial import FINISHED

_log = logging.getLogger("sturgeon")

_SPAWN_KEY = 1
"""Keeps these draws apart from those of the search and of the trials, which start from the same pair."""

End = Callable[[Trial, Mapping[str, float], str], None]


class Population:
    """The trials of one study that are trained by population-based training.

    Attributes:
        rule: Where they wait for each other.
        is_whole: Whether no more members can be begun, though fewer than wanted: the space is exhausted.
    """

    def __init__(self, study: Study, search: PopulationBasedTraining, trials: int | None) -> None:
        """Take the study, its search, and how many trials it may have."""
        self.rule = Generations(search, trials)
        self.is_whole = False
        self._study = study
        self._search = search
        self._told = False

    def room(self, running: int) -> int:
        """How many trials may be begun, or taken over from a process that died.

        Args:
            running: How many run in this process.
        """
        record = self._study.record
        begun = sum(one.copied is None and one.state != "waiting" for one in record)
        elsewhere = sum(one.state == "running" for one in record) - running
        return max(0, elsewhere) + (0 if self.is_whole else max(0, self._search.population - begun))

    def most(self) -> int:
        """How many trials there may be by now: the first population, and the copies that were made."""
        whole = self._search.population + sum(one.copied is not None for one in self._study.record)
        return whole if self.rule.trials is None else min(whole, self.rule.trials)

    def next_to_resume(self, room: float, folders: TrialFolders, end: End) -> Observation | None:
        """Say who may go on; where a generation is over, its worst are ended and its best copied first.

        Args:
            room: How many trials are to be begun before that.
            folders: Where checkpoints are.
            end: Ends a trial early, with its values and the reason.
        """
        record = self._study.record
        replacements = {one.copied.replaces: one for one in record if one.copied is not None}
        paused = [one for one in record if one.state == "paused"]
        for one in paused:
            if one.number in replacements:
                copy = replacements[one.number]
                assert copy.copied is not None
                self._end(one.number, end, f"trial {copy.number}, a copy of trial {copy.copied.parent}")
        decided = self._search.decided(record)
        free = self.rule.is_full(record)
        released = [
            one
            for one in paused
            if one.number not in replacements and (free or self._search.generation(one) <= decided)
        ]
        if released or room > 0:
            return min(released, key=lambda one: one.number, default=None)
        if not self._copy(record, folders):
            return None
        return self.next_to_resume(room, folders, end)

    def _end(self, number: int, end: End, by: str) -> None:
        try:
            trial = self._study.resume(number)
            metrics = self._study.trial(number).metrics
            end(trial, metrics, f"Population-based training: {by}, goes on in its place.")
        except LeaseLost as error:  # another process is at it
            _log.debug("%s", error)

    def _copy(self, record: Record, folders: TrialFolders) -> bool:
        """Begin the next generation, if all are through with the last; tell whether that was done."""
        next_number = max((one.number for one in record), default=-1) + 1
        seed = np.random.SeedSequence((self._study.seed, next_number), spawn_key=(_SPAWN_KEY,))
        copies = self._search.exploit(self._study.space, record, np.random.default_rng(seed))
        if self.rule.trials is not None:
            copies = copies[: self.rule.trials - len(record)]
        if not copies:
            return False
        checkpoints = {}
        for copy in copies:
            reference = self._study.trial(copy.parent).checkpoint
            assert reference is not None  # else it would not have been put aside
            checkpoints[copy.parent] = folders.set_aside(reference, copy.parent, copy.generation)
        self._study.copy_trials(copies, checkpoints)
        self.clear(folders)
        return True

    def see_length(self, planned: int | None) -> None:
        """Say once that trainings are too short for a generation, where they are."""
        interval = self._search.interval
        if planned is not None and planned <= interval and not self._told:
            self._told = True
            _log.warning(
                "A training of %d epochs has no end of a generation in it, so nothing is copied: give "
                "PopulationBasedTraining a smaller `interval` than %d.",
                planned,
                interval,
            )

    def clear(self, folders: TrialFolders) -> None:
        """Remove copied checkpoints from which nobody can go on any more."""
        record = self._study.record
        decided = self._search.decided(record)
        open_trials = [one.number for one in record if one.state not in FINISHED]
        needed = {self._study.trial(number).checkpoint for number in open_trials}
        folders.keep_aside({one for one in needed if one is not None}, until=decided)


def population_of(study: Study, stopping: Stopping | None, trials: int | None) -> Population | None:
    """Make the population of a study whose search is population-based training; None for any other.

    Args:
        study: The study.
        stopping: The stopping rule, which must end no trial: a population does so itself.
        trials: How many trials there may be, copies included; None for no bound.

    Raises:
        InputError: Something does not go with it.
    """
    search = study.search
    if not isinstance(search, PopulationBasedTraining):
        return None
    check_population(search, stopping, trials)
    search.check_space(study.space)
    if len(study.objectives) > 1:
        raise InputError(
            "Population-based training ranks trials by one objective; got "
            f"{[one.metric for one in study.objectives]}. Use another search."
        )
    return Population(study, search, trials)


def check_population(search: object, stopping: Stopping | None, trials: int | None) -> None:
    """Check what is asked for beside a search, if that is population-based training.

    Raises:
        InputError: A stopping rule does not go with it, or no trial would be left for copies.
    """
    if not isinstance(search, PopulationBasedTraining):
        return
    if not isinstance(stopping or Never(), Never):
        raise InputError(
            f"Population-based training ends trials itself; got stopping={stopping!r}. Leave `stopping` out."
        )
    if trials is not None and trials <= search.population:
        raise InputError(
            "Each copy is a trial, too, so `trials` must be above the population; got "
            f"trials={trials} with population={search.population}. Leave it out: all train to their end."
        )
