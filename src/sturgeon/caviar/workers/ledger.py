"""How trials end: what a training function gave back, put into the study."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from sturgeon.caviar.limits import Limits
from sturgeon.caviar.workers.early_stopper import Case, EarlyStopper
from sturgeon.caviar.workers.failures import Failures, in_one_line
from sturgeon.caviar.workers.folders import folders_of
from sturgeon.caviar.workers.messages import Checkpointed, Raised, Reported, Returned, Start
from sturgeon.errors import StudyError
from sturgeon.stopping import Never, Stopping
from sturgeon.study import Study, Trial, TrialError, TrialRecord
from sturgeon.study.trial import FINISHED, is_finite

_log = logging.getLogger("sturgeon")


class Ledger:
    """Writes a run's trials into its study, and knows when the run is over.

    Attributes:
        study: The record.
        limits: When the run ends.
        referee: What stops trials early.
        ended: Trials that have ended, in this run and before.
        paused: Trials that were put aside.
        best: The best trial so far, or None.
        folders: Where trials keep their checkpoints.
    """

    def __init__(self, study: Study, limits: Limits, stopping: Stopping | None = None) -> None:
        """Take the study as it is now, and the rule that stops trials early, if there is one."""
        self.study = study
        self.limits = limits
        self.early_stopper = EarlyStopper(study, stopping or Never())
        self.ended = 0
        self.paused = 0
        self.best: TrialRecord | None = None
        self.folders = folders_of(study)
        self._failures = Failures(limits.max_failures, limits.trials)
        self.look()

    # -- when to begin and to end ----------------------------------------------------------------

    def room(self, running: int) -> float:
        """Tell how many new trials may be begun while so many run; infinity without a bound."""
        if self.limits.trials is None:
            return float("inf")
        return max(0, self.limits.trials - self.ended - self.paused - running)

    def goal_reached(self) -> str | None:
        """Say so when the best trial is good enough."""
        until, best = self.limits.until, self.best
        if until is None or best is None or best.value is None:
            return None
        sign = self.study.objectives[0].sign
        if sign * best.value > sign * until:
            return None
        return (
            f"trial {best.number} reached {self.study.metric} = {best.value:g}, so that no more was needed."
        )

    def look(self) -> None:
        """Read how many trials have ended, and which is best; others may write to the study too."""
        counts = self.study.counts()
        self.ended = sum(counts[state] for state in FINISHED)
        self.paused = counts["paused"]
        if len(self.study.objectives) == 1 and counts["complete"] + counts["stopped"]:
            try:
                self.best = self.study.best
            except StudyError:  # stopped before they had a value
                self.best = None

    def check_at_end(self) -> None:
        """Say so when the run is over and no trial has a value.

        Raises:
            StudyFailed: Trials failed, and none has a value.
        """
        self._failures.check_at_end(has_value=self._has_value())

    # -- while a trial runs ----------------------------------------------------------------------

    def next_trial(self, room: float) -> Trial | None:
        """Hand out the next trial, where there is one; see ``EarlyStopper.next_trial``.

        Raises:
            SpaceExhausted: There is room for a trial, and the search has none.
        """
        trial = self.early_stopper.next_trial(room, self.limits.trials)
        if trial is not None and trial.attempt > 1:
            self.look()  # it may have been among the paused
        return trial

    def settle(self) -> None:
        """End what was paused for good, now that the run is over; see ``EarlyStopper.settle``."""
        self.early_stopper.settle()
        self.look()
        self._clear_folders()

    def start(self, trial: Trial) -> tuple[Start, dict[str, float]]:
        """Say what a training is to be started with, and what it reported up to its checkpoint."""
        after, reported = 0, {}
        if trial.resume_from is not None:
            kept = self.study.trial(trial)
            after = kept.checkpoint_step or 0
            for metric, curve in kept.curves.items():
                known = [value for step, value in curve if step <= after]
                reported.update({metric: known[-1]} if known else {})
        return (
            Start(
                trial.number,
                trial.config,
                trial.seed,
                trial.attempt,
                trial.resume_from,
                after,
                self.folders.of(trial.number),
                self.early_stopper.judges,
            ),
            reported,
        )

    def write(self, trial: Trial, message: Reported | Checkpointed) -> None:
        """Write down what a training sent.

        Raises:
            LeaseLost: The trial is somebody else's by now.
        """
        if isinstance(message, Reported):
            self.study.report(trial, message.step, **message.metrics)
        else:
            self.study.checkpoint(trial, message.reference, step=message.step)

    # -- how a trial ends ------------------------------------------------------------------------

    def end(
        self, case: Case, reported: Mapping[str, float], outcome: Returned | Raised, stopping: str | None
    ) -> None:
        """Write down how a training ended.

        Args:
            case: The trial, and what the stopping rule said of it.
            reported: What it reported last, by metric.
            outcome: How the function ended.
            stopping: Why all trainings are being ended early, where that is so.

        Raises:
            StudyFailed: Too many failed.
        """
        trial = case.trial
        if isinstance(outcome, Raised):
            if outcome.out_of_memory:
                self.lost(trial, f"memory ran out ({outcome.type}: {_first_line(outcome.message)})")
            else:
                self.fail(trial, TrialError(outcome.type, outcome.message, outcome.traceback))
            return
        if case.pauses(outcome):
            self.pause(trial)
            return
        metrics = {**reported, **self._named(outcome.value)}
        if outcome.cut and (why := case.why or stopping) is not None:
            self.stop(trial, metrics, why)
            return
        missing = [one.metric for one in self.study.objectives if one.metric not in metrics]
        if missing:
            self.fail(trial, _no_value(missing, reported, outcome.value))
        elif self.study.tell(trial, **metrics) == "failed":
            self._count(self.study.trial(trial).error)
        else:
            self._count(None)

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
            self._count(self.study.trial(trial).error)
        else:
            self.study.stop(trial, reason, **{k: v for k, v in metrics.items() if k != "reason"})
            self._count(None)

    def lost(self, trial: Trial, why: str) -> None:
        """Note that an attempt was lost with its worker; the trial is tried again, or has failed."""
        if self.study.retry(trial, f"{why}; that was attempt {trial.attempt}") == "waiting":
            _log.warning("trial %d is tried again: %s", trial.number, why)
        else:
            self._failed(trial, TrialError("WorkerLost", why))

    def fail(self, trial: Trial, error: TrialError) -> None:
        """End a trial that failed."""
        self.study.fail(trial, error)
        self._failed(trial, error)

    def _failed(self, trial: Trial, error: TrialError) -> None:
        _log.warning("trial %d failed: %s", trial.number, in_one_line(error))
        self._count(error)

    def _clear_folders(self) -> None:
        """Remove the checkpoints of trials that have ended, but not of the best."""
        if len(self.study.objectives) > 1:
            return  # which of them is best is for the user to say
        there = self.folders.numbers()
        best = None if self.best is None else self.best.number
        self.folders.keep([n for n in there if n == best or self.study.trial(n).state not in FINISHED])

    def _count(self, error: TrialError | None) -> None:
        self.look()
        self._clear_folders()
        self._failures.add(error)
        self._failures.check()

    def _has_value(self) -> bool:
        return self.best is not None or (len(self.study.objectives) > 1 and bool(self.study.best_trials))

    def _named(self, value: float | Mapping[str, float] | None) -> dict[str, float]:
        if value is None:
            return {}
        return dict(value) if isinstance(value, Mapping) else {self.study.metric: value}


def _no_value(
    missing: list[str], reported: Mapping[str, float], value: float | Mapping[str, float] | None
) -> TrialError:
    """Say which objective `train` did not give, and what it gave."""
    gave = "reported " + (", ".join(repr(name) for name in reported) or "nothing")
    if value is None:
        gave += " and returned nothing"
    else:
        gave += f" and returned {dict(value) if isinstance(value, Mapping) else value!r}"
    wanted = ", ".join(missing)
    return TrialError(
        "NoValue",
        f"`train` must report or return {wanted!r}; it {gave}. Write trial.report({missing[0]}=...), or "
        f"name another metric to tune for.",
    )


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]
