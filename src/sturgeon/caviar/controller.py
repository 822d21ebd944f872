"""Which trial is begun or resumed next, which goes on, and which is the best: decided once for every loop.

A loop trains trials in lanes, in worker processes or in this process, and tells the controller what it needs
to know. The controller asks the study, its search and the stopping rule.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection

from sturgeon.caviar.limits import Limits
from sturgeon.caviar.population.population import RUN_ENDED, Population
from sturgeon.caviar.truncated import QuickSearch, TruncatedSearch, truncate_curves
from sturgeon.errors import LeaseLost, SpaceExhausted, StudyError, option
from sturgeon.search import Observation, Record
from sturgeon.stopping import Decision, Never, Pause, Stop, Stopping, StoppingContext
from sturgeon.study import Study, Trial, TrialRecord
from sturgeon.study.trial import FINISHED

_log = logging.getLogger("sturgeon")


class TrialController:
    """Decides on the trials of one run.

    Attributes:
        study: The record.
        limits: When the run ends.
        judges: Whether the stopping rule may end a trial.
        ended: Trials that have ended, in this run and before.
        paused: Trials that were put aside.
        best: Number and value of the best trial so far, or None.
        shown: The last step that is shown of a running trial's curve, by number; the whole curve of others.
        unsettled: Trials that are shown as running, without results, whatever came of them.
        population: What decides in place of a rule, in population-based training; else None.
    """

    def __init__(
        self,
        study: Study,
        limits: Limits,
        stopping: Stopping | None = None,
        *,
        resume_by_ask: bool = False,
        population: Population | None = None,
    ) -> None:
        """Take the study as it is now.

        Args:
            study: The record.
            limits: When the run ends.
            stopping: Which trials end early; none by default.
            resume_by_ask: Without a rule that judges, paused trials are taken back among those that wait, in
                the order of their numbers, and not ahead of them.
            population: What decides in place of a rule, in population-based training.
        """
        self.study = study
        self.limits = limits
        self.population = population
        stopping = stopping if population is None else population.rule
        self.judges = not isinstance(stopping or Never(), Never)
        self.ended = 0
        self.paused = 0
        self.shown: dict[int, int] = {}
        self.unsettled: Collection[int] = ()
        self.best = best_of(study)
        self._stopping = stopping or Never()
        self._resumes_by_ask = resume_by_ask and not self.judges
        self._room = 0.0
        self.look()
        if limits.trials is not None and self.ended > limits.trials:
            _log.warning(
                "%s counts all trials of a study; %d have ended and %d are asked for, so no trial is begun: "
                "give a larger number.",
                option("trials"),
                self.ended,
                limits.trials,
            )

    def look(self) -> None:
        """Read how many trials have ended and are paused; others may write to the study too."""
        counts = self.study.counts()
        self.ended = sum(counts[state] for state in FINISHED)
        self.paused = counts["paused"]

    # -- which trial next ------------------------------------------------------------------------

    def room(self, running: int) -> float:
        """Tell how many new trials may be begun while so many run; infinity without a bound."""
        if self.population is not None:
            return self.population.room(running)
        if self.limits.trials is None:
            return math.inf
        paused = 0 if self._resumes_by_ask else self.paused
        return max(0, self.limits.trials - self.ended - paused - running)

    @property
    def most(self) -> int | None:
        """How many trials there may be, whoever begins them; None for no bound."""
        return self.limits.trials if self.population is None else self.population.most()

    def next_trial(self, room: float, max_steps: int | None) -> Trial | None:
        """Hand out a paused trial that may go on, else one that waits or a new one.

        Asked one by one: then what trial n is does not depend on how many are wanted after it.

        Args:
            room: How many trials may be begun that are neither running nor paused.
            max_steps: How long a training is, where that is known.

        Returns:
            The trial; None where there is no room for another, perhaps since other processes run what is
            left, and none to go on with.

        Raises:
            SpaceExhausted: No paused trial may go on, and there is no new configuration.
        """
        again = self.resumed(room, max_steps)
        return again or next(iter(self.new_trials(room)), None)

    def resumed(self, room: float, max_steps: int | None) -> Trial | None:
        """Hand out a paused trial that may go on; None where there is none. See :meth:`next_trial`."""
        self._room = room
        while (chosen := self.promoted(room, max_steps)) is not None:
            try:
                return self.take_paused(chosen)
            except LeaseLost as error:  # another process has it; its record will say so
                _log.debug("%s", error)
        return None

    def take_paused(self, chosen: Observation) -> Trial:
        """Take a paused trial as it was when it was chosen: other processes may have trained it since.

        Raises:
            LeaseLost: It is not paused any more, or further on.
        """
        return self.study.resume(chosen.number, at_step=chosen.curve[-1][0] if chosen.curve else -1)

    def new_trials(self, room: float, *, count: int = 1, quickly: bool = False) -> list[Trial]:
        """Hand out trials that wait, or new ones.

        Args:
            room: How many trials may be begun that are neither running nor paused.
            count: How many are wanted.
            quickly: Whether the search is asked for what it suggests in little time.

        Returns:
            The trials; none where there is no room, or other processes run what is left.

        Raises:
            SpaceExhausted: There is no new configuration.
        """
        if room <= 0:
            return []
        self._room = room - 1
        search = QuickSearch(self.study.search) if quickly else None
        if self.shown:
            search = TruncatedSearch(search or self.study.search, self.shown)
        try:
            return self.study.ask(
                count,
                paused=self._resumes_by_ask,
                search=search,
                at_most=self.most,
                unsettled=self.unsettled,
            )
        except SpaceExhausted:
            if self.population is not None:
                self.population.is_whole = True  # with fewer members than it might have
            raise

    def promoted(self, room: float, max_steps: int | None) -> Observation | None:
        """Say which paused trial may go on, if one may, where so many new ones may be begun."""
        if self.population is not None:
            return self.population.next_to_resume(room)
        if self._resumes_by_ask:
            return None
        record = self.study.record
        context = self._context(max_steps, can_wait=_more(room))
        number = self._stopping.promote(self._as_shown(record), context)
        return None if number is None else record[number]

    # -- while it runs ---------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """The trials, with as much of their results and their curves as is shown."""
        return self._as_shown(self.study.record)

    def _as_shown(self, record: Record) -> Record:
        if self.unsettled:
            record = record.unsettled(self.unsettled)
        return truncate_curves(record, self.shown) if self.shown else record

    def milestone(self, number: int, step: int, max_steps: int | None) -> int | None:
        """The next step at which a trial waits to be judged, if the rule decides at few steps only."""
        return self._stopping.milestone(number, step, self._context(max_steps, can_wait=_more(self._room)))

    def judge(
        self,
        trial: Observation,
        record: Record,
        max_steps: int | None,
        *,
        can_pause: bool = True,
        room: float | None = None,
    ) -> Decision:
        """Say whether a trial goes on.

        Args:
            trial: The trial with its curve up to now.
            record: All trials of the study.
            max_steps: How long its training is, where that is known.
            can_pause: Whether it can be put aside and resumed.
            room: How many new trials might be begun; by default, as when one was last asked for.
        """
        more = _more(self._room if room is None else room)
        context = self._context(max_steps, can_wait=can_pause and more)
        return self._stopping.decide(trial, record, context)

    def improves(self, number: int, value: float) -> bool:
        """Note a trial's value, and tell whether it is the best so far; of equals, the lower number is."""
        sign = self.study.objectives[0].sign
        better = self.best is None or (sign * value, number) < (sign * self.best[1], self.best[0])
        if better:
            self.best = (number, value)
        return better

    # -- at the end ------------------------------------------------------------------------------

    def end_paused(self, max_steps: int | None, *, otherwise: str | None = None) -> list[int]:
        """End the trials that stay paused for good, with the reason that the rule gives.

        Args:
            max_steps: How long a training is, where that is known.
            otherwise: The reason for a trial that the rule would let go on; None to leave it paused. A
                population has one of its own.

        Returns:
            The numbers of those that were ended.
        """
        record = self.study.record
        otherwise = otherwise if self.population is None else RUN_ENDED
        reasons: dict[int, str] = {}
        for observation in [one for one in record if one.state == "paused" and (one.curve or otherwise)]:
            decision = self.judge(observation, record, max_steps)
            why = decision.why if isinstance(decision, Pause | Stop) else otherwise
            if why is not None:
                reasons[observation.number] = why
        taken: list[Trial] = []
        for number in reasons:
            try:
                taken.append(self.take_paused(record[number]))
            except LeaseLost as error:
                _log.debug("%s", error)
        with self.study.batch():  # written together: it is quick, also where there are hundreds
            for trial in taken:
                self.study.stop(trial, reason=reasons[trial.number])
        return [trial.number for trial in taken]

    def _context(self, max_steps: int | None, *, can_wait: bool) -> StoppingContext:
        """What the rule is told; where only the time is bounded, nobody knows that more trials will come."""
        return StoppingContext(self.study.metric, self.study.direction == "maximize", max_steps, can_wait)


def best_trial(study: Study) -> TrialRecord | None:
    """The best trial that has ended, also one that was stopped early; None while there is none."""
    try:
        return study.best
    except StudyError:
        return None


def best_of(study: Study) -> tuple[int, float] | None:
    """Number and value of the best trial that has ended; None while there is none."""
    best = best_trial(study)
    return None if best is None or best.value is None else (best.number, best.value)


def _more(room: float) -> bool:
    """Tell whether more trials will come for sure: a budget of time may end at any moment."""
    return 0 < room < math.inf
