"""The trials of a training function: handed out, judged as they report, and written down as they end."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sturgeon.caviar.controller import TrialController, best_of
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.metric_names import FirstReport, FirstResult
from sturgeon.caviar.population.population import population_of
from sturgeon.caviar.requests import Requests
from sturgeon.caviar.workers.failures import Failures, in_one_line
from sturgeon.caviar.workers.folders import TrialFolders, folders_of
from sturgeon.caviar.workers.following.lengths import Lengths
from sturgeon.caviar.workers.following.returned import named_values, no_value
from sturgeon.caviar.workers.following.running_trial import RunningTrial
from sturgeon.caviar.workers.messages import Checkpointed, Noted, Raised, Reported, Returned, Start
from sturgeon.caviar.workers.settled import SettledOrder
from sturgeon.caviar.workers.training import TRAIN
from sturgeon.errors import InputError, SpaceExhausted
from sturgeon.plain_text import LONGEST_LINE, plain, plain_number
from sturgeon.search.record import COPIED
from sturgeon.stopping import Stopping
from sturgeon.study import Study, Trial, TrialError, TrialRecord
from sturgeon.study.earlier.more_epochs import CommonLength
from sturgeon.study.trial import FINISHED, is_finite

_log = logging.getLogger("sturgeon")

Callback = Callable[[Study, TrialRecord], object]


class Ledger(TrialController):
    """Controls the trials of a training function, and writes them into the study.

    A trial that is to be paused is paused if its function handed over a checkpoint, and stopped if not: it
    could only begin anew.

    Attributes:
        folders: Where trials keep their checkpoints.
        requests: What is asked of the run by hand.
        first_report: Looks at what the first trial reports.
    """

    def __init__(
        self,
        study: Study,
        limits: Limits,
        stopping: Stopping | None = None,
        *,
        places: float = 1,
        callbacks: Sequence[Callback] = (),
        keep: int = 1,
        folders: TrialFolders | None = None,
        told_as: str = TRAIN,
    ) -> None:
        """Take the study as it is now, and the rule that stops trials early, if there is one.

        Args:
            study: The record.
            limits: When the run ends.
            stopping: Which trials end early; none by default.
            places: How many trials may be begun and not settled; see ``SettledOrder``. Infinity where every
                result is to be seen at once.
            callbacks: Called with the study and each trial that has ended; one that returns True ends all.
            keep: Of how many of the best trials the checkpoints stay, at least 1.
            folders: Where the trials keep their checkpoints; by default beside the study.
            told_as: What messages call the function.
        """
        self.folders = folders or folders_of(study)
        population = population_of(study, stopping, limits.trials, asides=self.folders, end=self.stop)
        super().__init__(study, limits, stopping, population=population)
        self._callbacks = tuple(callbacks)
        self._keep = keep
        self._asked_to_end: str | None = None
        self._heedless = False
        self.first_report = FirstReport(study.objectives, told_as)
        self._first_result = FirstResult(study.about)
        self._common_length = CommonLength(study)
        self.requests = Requests(study, lambda number: self._count(self.study.trial(number), None))
        self._failures = Failures(limits.max_failures, limits.trials, told_as)
        self._lengths = Lengths()
        if population is not None and self.goal_reached() is None:
            population.go_on()
        # A population waits for all of a generation anyway.
        nothing_depends = self.population is not None or not (self.judges or study.search.learns)
        self._order = SettledOrder(math.inf if nothing_depends else places)
        if not self.judges:
            newest = sorted(study.record, key=lambda one: one.number)
            self._order.take_over([(one.number, one.state in FINISHED) for one in newest])
        self._settle()

    # -- when to begin and to end ----------------------------------------------------------------

    def look(self) -> None:
        """Read how many trials have ended, and which is best; others may write to the study too."""
        super().look()
        self.best = best_of(self.study) if self.ended else None

    def goal_reached(self) -> str | None:
        """Say so when the best trial is good enough, or a callback has asked for the end."""
        if self._asked_to_end is not None:
            return self._asked_to_end
        until = self.limits.until
        if until is None or self.best is None:
            return None
        number, value = self.best
        sign = self.study.objectives[0].sign
        if sign * value > sign * until:
            return None
        return (
            f"trial {number} reached {self.study.metric} = {plain_number(value)}, so that no more was needed."
        )

    def check_at_end(self) -> None:
        """Say so when the run is over and no trial has a value.

        Raises:
            StudyFailed: Trials failed, and none has a value.
        """
        several = len(self.study.objectives) > 1
        has_value = self.best is not None or (several and bool(self.study.best_trials))
        self._failures.check_at_end(has_value)

    def take_next(self, room: float) -> Trial | None:
        """Hand out the next trial, where there is one; see ``TrialController.next_trial``.

        Raises:
            SpaceExhausted: There is room for a trial, and the search has none.
        """
        trial = self.next_trial(room, self._longest())
        if trial is None and self._order.give_up_due():  # one that was put aside is the last there is
            self._settle()
            trial = self.next_trial(room, self._longest())
        while trial is not None and (reason := self.requests.reason(trial.number)) is not None:
            self.stop_by_hand(trial, {}, reason)
            trial = self.next_trial(room, self._longest())
        if trial is None:
            return None
        self._order.begin(trial.number)
        self._settle()
        if trial.attempt > 1:
            self.look()  # it may have been among the paused
        return trial

    def waits_for_others(self) -> bool:
        """Whether there will be more to do here when trials of other processes have got there."""
        return self.population is not None and (self._any_runs() or self.may_promote(0))

    def next_trial(self, room: float, max_steps: int | None) -> Trial | None:
        """Hand out a trial; see ``TrialController.next_trial``."""
        try:
            return super().next_trial(room, max_steps)
        except SpaceExhausted:
            if self.population is None:
                raise
            return super().next_trial(0, max_steps)

    def may_go_on(self) -> bool:
        """Tell whether the next trial may be chosen, by results that do not depend on who was faster."""
        if not self._order.may_go_on():
            return False
        self._settle()
        return True

    def wait(self) -> None:
        """Note that there is nothing to begin before another trial is settled."""
        self._order.wait()

    def leave(self, number: int) -> None:
        """Note that a trial does not train any more, however it ended."""
        self._order.leave(number)

    def _settle(self) -> None:
        before, self.unsettled = self.unsettled, self._order.unsettled
        self._lengths.settle([number for number in before if number not in self.unsettled])

    def may_promote(self, room: float) -> bool:
        """Tell whether a paused trial may go on, where so many new ones may be begun."""
        return self.promoted(room, self._longest()) is not None

    def finish(self, *, early: bool = False) -> None:
        """End the trials that the rule paused and would pause again; those that may go on stay paused.

        Args:
            early: Whether the run ends though there is more to do.
        """
        # Where another process still works on the study, it may yet promote some.
        over = not self._any_runs()
        if over and self.population is not None and not early:
            over = not self.may_promote(0) and not self._any_runs()
        if over:
            self._room = 0
            self.end_paused(self._longest())
        if self.population is not None:
            self.population.clear()
        self._look_and_clear()

    def _any_runs(self) -> bool:
        return any(one.state == "running" for one in self.study.record)

    def _longest(self) -> int | None:
        return self._lengths.longest(self.record)

    # -- while a trial runs ----------------------------------------------------------------------

    def start(self, trial: Trial) -> tuple[Start, RunningTrial]:
        """Say what a training is to be started with, and begin to follow it."""
        running, after = RunningTrial(trial), 0
        if self.judges and self._order.is_kept:
            running.peers, running.room = self.record, self._room
        copied_from = None
        if trial.attempt > 1 or trial.resume_from is not None:
            curve = self.study.record[trial.number].curve
            running.passed = curve[-1][0] if curve else 0
            running.saved = trial.resume_from is not None
        if trial.resume_from is not None:
            kept = self.study.trial(trial)
            copied = kept.about.get(COPIED) or {}
            if copied.get("checkpoint") == trial.resume_from:
                copied_from = copied.get("parent")
            after = kept.checkpoint_step or 0
            for metric, curve in kept.curves.items():
                known = [value for step, value in curve if step <= after]
                running.reported.update({metric: known[-1]} if known else {})
        start = Start(
            trial.number,
            trial.config,
            trial.seed,
            trial.attempt,
            trial.resume_from,
            after,
            self.folders.of(trial.number),
            self.judges,
            copied_from,
            reported=dict(running.reported),
        )
        return start, running

    def write(self, running: RunningTrial, message: Reported | Checkpointed | Noted) -> bool:
        """Write down what a training sent, and tell whether it is to end now, for that.

        Raises:
            LeaseLost: The trial is somebody else's by now.
        """
        trial = running.trial
        if isinstance(message, Noted):
            self.study.note(trial, message.text)
            return False
        if isinstance(message, Checkpointed):
            self.study.checkpoint(trial, message.reference, step=message.step)
            running.saved = True
            return False
        self.study.report(trial, message.step, **message.metrics)
        running.planned = message.planned
        self._common_length.see(trial.number, message.planned or message.step, is_all=False)
        running.reported.update(message.metrics)
        if self.population is not None:
            self.population.see_length(message.planned)
        if message.planned is not None:
            self._lengths.see(trial.number, message.planned, settled=not self._order.is_kept)
        if running.judged_at is not None and message.step > running.judged_at:
            self._note_heedless(running, running.judged_at)
        if running.ends or message.step <= running.passed or self.study.metric not in message.metrics:
            return False
        if self.judges:
            self._judge_report(running, message)
        return running.ends

    def _judge_report(self, running: RunningTrial, message: Reported) -> None:
        """Ask the stopping rule about a trial as it is at this step.

        That is with a value that may be not finite, and without later ones.
        """
        observation = self.study.record[running.trial.number]
        value = self.study.objectives[0].sign * message.metrics[self.study.metric]
        before = tuple(point for point in observation.curve if point[0] < message.step)
        running.decision = self.judge(
            replace(observation, curve=(*before, (message.step, value))),
            self.study.record if running.peers is None else running.peers,
            message.planned,
            can_pause=running.saved or message.can_save,
            room=running.room,
        )
        running.judged_at = message.step if running.why is not None else None

    def _note_heedless(self, running: RunningTrial, step: int) -> None:
        """Say, once in a run, that a function trains on though its trial was to end."""
        if not self._heedless:
            self._heedless = True
            _log.warning(
                "trial %d trains on though it was to end after step %d (%s): a stopping rule saves time only "
                "where `train` loops over trial.epochs(...), or returns when trial.stopped is true",
                running.trial.number,
                step,
                running.why,
            )

    # -- how a trial ends ------------------------------------------------------------------------

    def end(self, running: RunningTrial, outcome: Returned | Raised, stopping: str | None) -> None:
        """Write down how a training ended.

        Args:
            running: The trial, what it reported, and what the stopping rule said of it.
            outcome: How the function ended.
            stopping: Why all trainings are being ended early, where that is so.

        Raises:
            StudyFailed: Too many failed.
        """
        trial, reported = running.trial, running.reported
        if isinstance(outcome, Raised):
            if outcome.out_of_memory:
                self.lost(trial, f"memory ran out ({outcome.type}: {_first_line(outcome.message)})")
            else:
                self.fail(trial, TrialError(outcome.type, outcome.message, outcome.traceback))
            return
        if running.pauses(outcome):
            self.pause(trial)
            return
        if self.population is not None and running.waits(outcome):
            raise InputError(
                "Population-based training needs checkpoints; trial "
                f"{trial.number} had handed over none at the end of a generation. Call "
                "trial.checkpoint(path) in each epoch, or use the Report of your framework."
            )
        metrics = {**reported, **named_values(outcome.value, self.study.metric)}
        if outcome.cut and running.by_hand is not None:
            self.stop_by_hand(trial, metrics, running.by_hand)
            return
        if outcome.cut and (why := running.why or stopping) is not None:
            self.stop(trial, metrics, why)
            return
        missing = [one.metric for one in self.study.objectives if one.metric not in metrics]
        if missing:
            self.fail(trial, no_value(missing, reported, outcome.value))
        elif self.study.tell(trial, **metrics) == "failed":
            self._count(trial, self.study.trial(trial).error)
        else:
            self._first_result.see(trial.number, metrics)
            if running.planned is not None:
                self._common_length.see(trial.number, running.planned, is_all=True)
            self._count(trial, None)

    def pause(self, trial: Trial) -> None:
        """Put a trial aside."""
        self.study.pause(trial)
        self.look()

    def stop(self, trial: Trial, metrics: Mapping[str, float], reason: str) -> None:
        """End a trial early with the values it has; one that has none yet is put aside instead."""
        values = [metrics.get(one.metric) for one in self.study.objectives]
        if any(value is None for value in values):
            self.pause(trial)
        elif not all(is_finite(value) for value in values):
            self.study.tell(trial, **metrics)
            self._count(trial, self.study.trial(trial).error)
        else:
            self.study.stop(trial, reason, **{k: v for k, v in metrics.items() if k != "reason"})
            self._count(trial, None)

    def stop_by_hand(self, trial: Trial, metrics: Mapping[str, float], reason: str) -> None:
        """End a trial that somebody asked to stop, with the values it has, if it has any."""
        self.study.stop(trial, reason, **{k: v for k, v in metrics.items() if k != "reason"})
        self._count(trial, None)

    def lost(self, trial: Trial, why: str) -> None:
        """Note that an attempt was lost with its worker; the trial is tried again, or has failed."""
        if self.study.retry(trial, f"{why}; that was attempt {trial.attempt}") == "waiting":
            self._order.leave(trial.number, again=True)
            _log.warning("trial %d is tried again: %s", trial.number, why)
        else:
            self._failed(trial, TrialError("WorkerLost", why))

    def fail(self, trial: Trial, error: TrialError) -> None:
        """End a trial that failed."""
        self.study.fail(trial, error)
        self._failed(trial, error)

    def _failed(self, trial: Trial, error: TrialError) -> None:
        _log.warning("trial %d failed: %s", trial.number, in_one_line(error))
        self._count(trial, error)

    def _look_and_clear(self) -> None:
        """Read how the study stands; remove checkpoints of trials that have ended, but not of the best."""
        if len(self.study.objectives) > 1:  # which of them is best is for the user to say
            self.look()
            return
        there = set(self.folders.numbers())
        # What is of no trial is left: it may be one's that was deleted, or that another process has just
        # begun, or was left behind by a study whose file is gone.
        ended = {one.number for one in self.study.record if one.state in FINISHED} if there else set[int]()
        self.look()  # not before: a better trial of another process may end in between
        best = set() if self.best is None else {self.best[0]}
        if self._keep > 1:
            best = {one.number for one in self.study.top(self._keep)}
        if self.population is not None:
            best |= self.population.left_behind()  # a later run may go on there
        self.folders.remove((there & ended) - best)

    def _count(self, trial: Trial | TrialRecord, error: TrialError | None) -> None:
        self._look_and_clear()
        for callback in self._callbacks:
            if callback(self.study, self.study.trial(trial.number)) is True:
                self._asked_to_end = "a callback asked for it."
        self._failures.add(error)
        self._failures.check()


def _first_line(text: str) -> str:
    return plain((text.strip().splitlines() or [""])[0], LONGEST_LINE)
