"""The Caviar loop: ask the study for trials, train them many at once, write down what happens."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sturgeon.caviar.limits import Limits
from sturgeon.caviar.population import Member
from sturgeon.caviar.trainer import Diverged, EpochDone, Event, Halted, LaneTrainer, TooLarge, TrainingDone
from sturgeon.errors import SpaceExhausted, StudyError
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.study import Study, Trial, TrialError, TrialRecord

# Trials asked for at once. Searches so far do not learn from results, so that a large wave costs nothing
# and lets the trainer put equal shapes together.
WAVE = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Trials that have ended, in this run and before.
        running: Trials that have trained at least one epoch and not ended.
        target: Trials wanted in all; None when only the time is bounded.
        epochs: Epochs trained in this run, over all trials.
        epochs_left: Epochs still to train; None when only the time is bounded.
        seconds: Since the run began.
        budget: Seconds allowed; None without a budget.
        best: Number and value of the best trial so far.
        ended: The trial that ended just now, if one did.
    """

    done: int
    running: int
    target: int | None
    epochs: int
    epochs_left: int | None
    seconds: float
    budget: float | None
    best: tuple[int, float] | None
    ended: int | None = None


@dataclass(slots=True)
class _Training:
    """One running trial, and what its last epoch came to."""

    trial: Trial
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)


class CaviarLoop:
    """Runs a study with a lane trainer until a limit is reached or someone stops it.

    Args:
        study: The record; asked for configurations and told results.
        trainer: Trains them.
        on_network: Called with a trial and its network *before* the study is told of it, where it is
            the best so far: so the best network of a study is always on disk.
        on_progress: Called with every epoch of every trial.
    """

    def __init__(
        self,
        study: Study,
        trainer: LaneTrainer,
        *,
        on_network: Callable[[Trial, TrainedNetwork], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._study = study
        self._trainer = trainer
        self._on_network = on_network
        self._on_progress = on_progress
        self._trainings: dict[int, _Training] = {}
        self._done = 0
        self._epochs = 0
        best = best_trial(study)
        self._best = None if best is None or best.value is None else (best.number, best.value)

    def run(self, limits: Limits, stop: threading.Event) -> bool:
        """Train until a limit is reached, the space is exhausted, or ``stop`` is set.

        Returns:
            True when ``stop`` ended it; what was running then is paused and can be resumed.
        """
        started = time.monotonic()
        while not stop.is_set() and not _out_of_time(limits, started):
            self._done = _ended_trials(self._study)
            left = WAVE if limits.trials is None else min(WAVE, limits.trials - self._done)
            if left <= 0:
                break
            trials = self._ask(left)
            if not trials:
                break
            self._train_wave(trials, limits, started, stop)
        return stop.is_set()

    def _ask(self, count: int) -> list[Trial]:
        """Ask for trials one by one: then what trial n is does not depend on how many are wanted after it."""
        trials: list[Trial] = []
        with contextlib.suppress(SpaceExhausted), self._study.batch():
            for _ in range(count):
                trials += self._study.ask(1)
        return trials

    def _train_wave(self, trials: list[Trial], limits: Limits, started: float, stop: threading.Event) -> None:
        self._trainings = {trial.number: _Training(trial) for trial in trials}
        members = [Member(t.number, t.seed, TrainingSettings.of(t.config)) for t in trials]
        halt = threading.Event()
        try:
            with contextlib.closing(self._trainer.train(members, halt)) as events:
                for event in events:
                    self._record(event, stop)
                    if stop.is_set() or _out_of_time(limits, started):
                        halt.set()
                    ended = None if isinstance(event, EpochDone) else event.number
                    self._on_progress(self._progress(limits, started, ended))
        finally:
            with self._study.batch():
                for training in self._trainings.values():
                    self._study.pause(training.trial)

    def _record(self, event: Event, stop: threading.Event) -> None:
        training = self._trainings[event.number]
        if isinstance(event, EpochDone):
            self._report(training, event)
            return
        if isinstance(event, Diverged):
            why = f"The training diverged: {event.metric} became {event.value} in epoch {event.step}."
            self._study.fail(training.trial, TrialError("Diverged", why))
        elif isinstance(event, TooLarge):
            self._study.fail(
                training.trial, TrialError("OutOfMemory", f"The network is too large: {event.why}")
            )
        elif isinstance(event, TrainingDone):
            self._hand_over(training, event.network)
            self._study.tell(training.trial, **training.metrics)
        elif stop.is_set() or not training.metrics:
            return  # Interrupted: the trial stays, to be paused and resumed.
        else:
            assert isinstance(event, Halted)
            self._hand_over(training, event.network)
            self._study.stop(
                training.trial,
                reason="The budget ran out.",
                **training.metrics,
            )
        self._done += 1
        del self._trainings[event.number]

    def _report(self, training: _Training, event: EpochDone) -> None:
        self._epochs += 1
        training.step, training.metrics = event.step, event.metrics
        self._study.report(training.trial, step=event.step, **event.metrics)

    def _hand_over(self, training: _Training, network: TrainedNetwork) -> None:
        """Hand a network over if no ended trial is better; a tie goes to the lower number."""
        sign = self._trainer.goal.sign
        number, value = training.trial.number, training.metrics[self._trainer.goal.metric]
        best = self._best
        if best is None or (sign * value, number) < (sign * best[1], best[0]):
            self._best = (number, value)
            self._on_network(training.trial, network)

    def _progress(self, limits: Limits, started: float, ended: int | None) -> Progress:
        running = sum(training.step > 0 for training in self._trainings.values())
        epochs_left = None
        if limits.trials is not None:
            half_done = sum(training.step for training in self._trainings.values())
            epochs_left = (limits.trials - self._done) * self._trainer.epochs - half_done
        return Progress(
            self._done,
            running,
            limits.trials,
            self._epochs,
            epochs_left,
            time.monotonic() - started,
            limits.budget,
            self._best,
            ended,
        )


def _ended_trials(study: Study) -> int:
    counts = study.counts()
    return counts["complete"] + counts["stopped"] + counts["failed"]


def _out_of_time(limits: Limits, started: float) -> bool:
    return limits.budget is not None and time.monotonic() - started >= limits.budget


def best_trial(study: Study) -> TrialRecord | None:
    """The best trial that has ended, also one that was stopped early; None while there is none."""
    try:
        return study.best
    except StudyError:
        return None
