"""Early stopping of a run's trials: what the rule says of them, and which paused one goes on."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sturgeon.caviar.workers.messages import Checkpointed, Reported, Returned
from sturgeon.errors import LeaseLost
from sturgeon.search import Observation
from sturgeon.stopping import CONTINUE, Decision, Never, Pause, Stop, Stopping, StoppingContext
from sturgeon.study import Study, Trial

_log = logging.getLogger("sturgeon")


@dataclass(slots=True)
class Case:
    """What is known of a running trial.

    Attributes:
        trial: The trial.
        passed: The last step of an earlier attempt: what lies up to there was judged then.
        saved: Whether there is a checkpoint to go on from.
        verdict: What the rule said.
    """

    trial: Trial
    passed: int = 0
    saved: bool = False
    verdict: Decision = CONTINUE

    @property
    def ends(self) -> bool:
        """Whether the training is to end."""
        return self.verdict is not CONTINUE

    def pauses(self, outcome: Returned) -> bool:
        """Whether a training that ended is put aside: it was told to, ended for that, and can go on."""
        return outcome.cut and self.saved and isinstance(self.verdict, Pause)

    @property
    def why(self) -> str | None:
        """Why it is to end, if it is."""
        return self.verdict.why if isinstance(self.verdict, Pause | Stop) else None


class EarlyStopper:
    """Applies a stopping rule to the trials of a run.

    A trial that is to be paused is paused if its function handed over a checkpoint, and stopped if not: it
    could only begin anew.
    """

    def __init__(self, study: Study, rule: Stopping) -> None:
        """Take the study and the rule."""
        self._study = study
        self._rule = rule
        self._planned: int | None = None
        self._room: float = 0

    @property
    def judges(self) -> bool:
        """Whether the rule may end a trial."""
        return not isinstance(self._rule, Never)

    # -- which trial next ------------------------------------------------------------------------

    def next_trial(self, room: float, at_most: int | None = None) -> Trial | None:
        """Hand out a paused trial that may go on, else one that waits or a new one.

        Args:
            room: How many trials may be begun that are neither running nor paused.
            at_most: How many trials the study may have in all; None for no bound.

        Returns:
            The trial; None where there is no room for another, perhaps since other processes run what is
            left, and none to go on with.

        Raises:
            SpaceExhausted: No paused trial may go on, and there is no new configuration.
        """
        self._room = room
        while (number := self.promoted(room)) is not None:
            try:
                return self._study.resume(number)
            except LeaseLost as error:  # another process has it; its record will say so
                _log.debug("%s", error)
        if room <= 0:
            return None
        self._room = room - 1
        return next(iter(self._study.ask(1, paused=False, at_most=at_most)), None)

    def promoted(self, room: float) -> int | None:
        """Say which paused trial may go on, if one may, where so many new ones may be begun."""
        return self._rule.promote(self._study.record, self._context(self._longest(), can_wait=_more(room)))

    # -- while it runs ---------------------------------------------------------------------------

    def open(self, trial: Trial) -> Case:
        """Begin to follow a trial that was handed out."""
        if trial.attempt == 1:
            return Case(trial)
        curve = self._study.record[trial.number].curve
        return Case(trial, passed=curve[-1][0] if curve else 0, saved=trial.resume_from is not None)

    def hear(self, case: Case, message: Reported | Checkpointed) -> bool:
        """Take in what a training sent and the study has kept; tell whether it is to end now, for that."""
        if isinstance(message, Checkpointed):
            case.saved = True
            return False
        if message.planned is not None:
            self._planned = message.planned
        if case.ends or message.step <= case.passed or self._study.metric not in message.metrics:
            return False
        if self.judges:
            seen = self._seen(case.trial, message.step, message.metrics)
            # A function without checkpoints could only begin anew.
            can_wait = (case.saved or message.can_save) and _more(self._room)
            context = self._context(message.planned, can_wait=can_wait)
            case.verdict = self._rule.decide(seen, self._study.record, context)
        return case.ends

    def _seen(self, trial: Trial, step: int, metrics: Mapping[str, float]) -> Observation:
        """Show a trial as it is at a step: with a value that is not finite, and without later ones."""
        objective = self._study.objectives[0]
        observation = self._study.record[trial.number]
        before = tuple(point for point in observation.curve if point[0] < step)
        return replace(observation, curve=(*before, (step, objective.sign * metrics[objective.metric])))

    # -- at the end ------------------------------------------------------------------------------

    def settle(self) -> None:
        """End the trials that the rule paused and would pause again; those that may go on stay paused."""
        record = self._study.record
        if any(one.state == "running" for one in record):
            return  # another process still works on the study, and may yet promote some
        context = self._context(self._longest())
        for observation in [one for one in record if one.state == "paused" and one.curve]:
            verdict = self._rule.decide(observation, record, context)
            if isinstance(verdict, Pause | Stop):
                try:
                    self._study.stop(self._study.resume(observation.number), verdict.why)
                except LeaseLost as error:
                    _log.debug("%s", error)

    def _longest(self) -> int | None:
        """Give how long a training is: as one said in this run, else as the longest whole one was."""
        if self._planned is None:
            whole = [one.curve[-1][0] for one in self._study.record if one.state == "complete" and one.curve]
            return max(whole, default=None) or None
        return self._planned

    def _context(self, max_steps: int | None, *, can_wait: bool = False) -> StoppingContext:
        return StoppingContext(self._study.metric, self._study.direction == "maximize", max_steps, can_wait)


def _more(room: float) -> bool:
    """Tell whether more trials will come for sure: a budget of time may end at any moment."""
    return 0 < room < math.inf
