"""A population while it trains: who may go on, and who goes on from whose checkpoint."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from sturgeon.caviar.population.asides import Asides
from sturgeon.caviar.population.generations import Generations
from sturgeon.caviar.requests import BY_HAND
from sturgeon.errors import InputError, LeaseLost, option
from sturgeon.search import Observation, PopulationBasedTraining, Record
from sturgeon.search.population.training import Exploit
from sturgeon.space import Space
from sturgeon.stopping import Never, Stopping
from sturgeon.study import Study, Trial
from sturgeon.study.trial import FINISHED

_log = logging.getLogger("sturgeon")

_SPAWN_KEY = 1
"""Keeps these draws apart from those of the search and of the trials, which start from the same pair."""

RUN_ENDED = "Population-based training: the run ended."

End = Callable[[Trial, Mapping[str, float], str], None]


class Population:
    """The trials of one study that are trained by population-based training.

    Attributes:
        rule: Where they wait for each other.
        is_whole: Whether no more members can be begun, though fewer than wanted: the space is exhausted.
    """

    def __init__(
        self, study: Study, search: PopulationBasedTraining, trials: int | None, *, asides: Asides, end: End
    ) -> None:
        """Take the study and its search.

        Args:
            study: The record.
            search: What the population is.
            trials: How many trials there may be, copies included; None for no bound.
            asides: Where checkpoints are copied to.
            end: Ends a trial early, with its values and the reason.
        """
        self.rule = Generations(search, trials)
        self.is_whole = False
        self._study = study
        self._search = search
        self._asides = asides
        self._end_early = end
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

    def expected(self, epochs: int) -> int:
        """How many trials there will be in the end, copies included, where a training has so many epochs."""
        record, search = self._study.record, self._search
        copies = sum(one.copied is not None for one in record)
        ahead = max(0, math.ceil(epochs / search.interval) - 1 - search.decided(record))
        whole = search.population + copies + ahead * max(1, math.floor(search.quantile * search.population))
        return whole if self.rule.trials is None else min(whole, self.rule.trials)

    def go_on(self) -> list[int]:
        """Begin again where the last run left its members, if it ended before they were trained to their end.

        What has ended stays so, and so each goes on as a copy of itself, but those that somebody stopped.

        Returns:
            Those that go on as copies; their own checkpoints are not needed any more.
        """
        record, asides = self._study.record, self._asides
        if any(one.state not in FINISHED for one in record):
            return []  # another process is at it, or this goes on anyway
        decided, copies, checkpoints = self._search.decided(record), list[Exploit](), dict[int, str]()
        for number in sorted(self.left_behind()):
            trial = self._study.trial(number)
            reference = trial.checkpoint
            full = self.rule.trials is not None and len(record) + len(copies) >= self.rule.trials
            by_hand = (trial.reason or "").startswith(BY_HAND)
            if full or by_hand or reference is None or not _is_there(reference):
                continue
            copies.append(Exploit(number, trial.config, decided, number))
            checkpoints[number] = asides.set_aside(reference, number, decided + 1)
        if copies:
            self._study.copy_trials(copies, checkpoints)
        return [copy.parent for copy in copies]

    def left_behind(self) -> set[int]:
        """The members that ended early, and that no other has replaced."""
        record = self._study.record
        replaced = {one.copied.replaces for one in record if one.copied is not None}
        return {one.number for one in record if one.state == "stopped"} - replaced

    def next_to_resume(self, room: float) -> Observation | None:
        """Say who may go on; where a generation is over, its worst are ended and its best copied first.

        Args:
            room: How many trials are to be begun before that.
        """
        record = self._study.record
        replacements = {one.copied.replaces: one for one in record if one.copied is not None}
        paused = [one for one in record if one.state == "paused"]
        for one in paused:
            if one.number in replacements:
                copy = replacements[one.number]
                assert copy.copied is not None
                self._end(one.number, f"trial {copy.number}, a copy of trial {copy.copied.parent}")
        decided = self._search.decided(record)
        free = self.rule.is_full(record)
        released = [
            one
            for one in paused
            if one.number not in replacements and (free or self._search.generation(one) <= decided)
        ]
        if released or room > 0:
            return min(released, key=lambda one: one.number, default=None)
        if not self._copy(record):
            return None
        return self.next_to_resume(room)

    def _end(self, number: int, by: str) -> None:
        try:
            trial = self._study.resume(number)
            metrics = self._study.trial(number).metrics
            self._end_early(trial, metrics, f"Population-based training: {by}, goes on in its place.")
        except LeaseLost as error:  # another process is at it
            _log.debug("%s", error)

    def _copy(self, record: Record) -> bool:
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
            checkpoints[copy.parent] = self._asides.set_aside(reference, copy.parent, copy.generation)
        self._study.copy_trials(copies, checkpoints)
        self.clear()
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

    def clear(self) -> None:
        """Remove copied checkpoints from which nobody can go on any more."""
        record = self._study.record
        decided = self._search.decided(record)
        numbers = {one.number for one in record if one.state not in FINISHED} | self.left_behind()
        needed = {self._study.trial(number).checkpoint for number in numbers}
        self._asides.keep_aside({one for one in needed if one is not None}, until=decided)


def _is_there(reference: str) -> bool:
    return "://" in reference or Path(reference).exists()


def population_of(
    study: Study, stopping: Stopping | None, trials: int | None, *, asides: Asides, end: End
) -> Population | None:
    """Make the population of a study whose search is population-based training; None for any other.

    Args:
        study: The study.
        stopping: The stopping rule, which must end no trial: a population does so itself.
        trials: How many trials there may be, copies included; None for no bound.
        asides: Where checkpoints are copied to.
        end: Ends a trial early, with its values and the reason.

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
    return Population(study, search, trials, asides=asides, end=end)


def for_lanes(
    search: PopulationBasedTraining, space: Space, fixed: Collection[str]
) -> PopulationBasedTraining:
    """The same for trainings in lanes, where what a network is made of cannot change with its weights.

    Args:
        search: What was asked for.
        space: What may vary.
        fixed: Hyperparameters that cannot change.

    Raises:
        InputError: ``mutate`` names one of them, or nothing is left that can change.

    Example:
        >>> from sturgeon.space import Integer, Real
        >>> space = Space(learning_rate=Real(1e-4, 0.1, scale="log"), layers=Integer(1, 4))
        >>> for_lanes(PopulationBasedTraining(), space, ["layers"]).mutate
        ('learning_rate',)
    """
    can = tuple(name for name in space.coordinates if name not in fixed)
    wrong = [name for name in search.mutate or () if name in fixed]
    if wrong or not can:
        raise InputError(
            "Population-based training changes hyperparameters while a network keeps its weights; got "
            + (f"{wrong[0]!r} in `mutate`, of which" if wrong else f"{list(space.coordinates)}, of which")
            + f" the network is made. {f'Name some of {list(can)}' if can else 'Vary another one'}."
        )
    search.check_space(space)
    return search if search.mutate is not None else replace(search, mutate=can)


def check_population(search: object, stopping: Stopping | None, trials: int | None) -> None:
    """Check what is asked for beside a search, if that is population-based training.

    Raises:
        InputError: A stopping rule does not go with it, or no trial would be left for copies.
    """
    if not isinstance(search, PopulationBasedTraining):
        return
    if not isinstance(stopping or Never(), Never):
        raise InputError(
            f"Population-based training ends trials itself; got {stopping!r}. "
            f"Leave `{option('stopping')}` out."
        )
    if trials is not None and trials <= search.population:
        raise InputError(
            f"Each copy is a trial, too, so `{option('trials')}` must be above the population; got {trials} "
            f"with population={search.population}. Leave it out: all train to their end."
        )
