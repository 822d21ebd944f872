"""The Caviar loop: ask for trials, train them many at once, stop the hopeless, write it all down."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sturgeon.caviar.checkpoints import Checkpoints, load_checkpoint
from sturgeon.caviar.events import Broken, Diverged, EpochDone, Event, Halted, Paused, TooLarge, TrainingDone
from sturgeon.caviar.fused import LaneCheckpoint, Member
from sturgeon.caviar.lanes import Lanes
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.errors import InputError, SpaceExhausted, StudyError
from sturgeon.stopping import Goal as StoppingGoal
from sturgeon.stopping import Never, Pause, Stop, Stopping
from sturgeon.study import LeaseLost, Study, Trial, TrialError, TrialRecord

# How long a wait for the next event may keep a stop from being seen, in seconds.
_STOP_SEEN_WITHIN = 0.1


@dataclass(slots=True)
class _Training:
    """One running trial, and what its last epoch came to."""

    trial: Trial
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    why: str = ""


class CaviarLoop:
    """Runs a study with a lane trainer until a limit is reached or someone stops it.

    Args:
        study: The record; asked for configurations and told results.
        trainer: Trains them.
        stopping: Which trials to stop, or to pause, before their last epoch.
        checkpoints: Where paused trials are kept.
        on_network: Called with a trial and its network *before* the study is told of it, where it is
            the best so far: so the best network of a study is always on disk.
        on_progress: Called with every epoch of every trial.
    """

    def __init__(
        self,
        study: Study,
        trainer: LaneTrainer,
        *,
        checkpoints: Checkpoints,
        on_network: Callable[[Trial, Any], None],
        on_progress: Callable[[Progress], None],
        stopping: Stopping | None = None,
    ) -> None:
        self._study = study
        self._trainer = trainer
        self._stopping = stopping or Never()
        self._goal = StoppingGoal(study.metric, study.direction == "maximize", trainer.epochs)
        self._checkpoints = checkpoints
        self._on_network = on_network
        self._on_progress = on_progress
        self._trainings: dict[int, _Training] = {}
        self._done = 0
        self._epochs = 0
        self._exhausted = False
        best = best_trial(study)
        self._best = None if best is None or best.value is None else (best.number, best.value)

    def run(self, limits: Limits, stop: threading.Event) -> bool:
        """Train until a limit is reached, the space is exhausted, or ``stop`` is set.

        Returns:
            True when ``stop`` ended it; what was running then is paused and can be resumed.
        """
        started = time.monotonic()
        self._done = _ended_trials(self._study)
        try:
            with self._trainer.open() as lanes:
                self._train(lanes, limits, started, stop)
        finally:
            with self._study.batch():
                for training in self._trainings.values():
                    self._study.pause(training.trial)
            self._trainings.clear()
        if not stop.is_set():
            self._end_paused()
        return stop.is_set()

    def _train(self, lanes: Lanes, limits: Limits, started: float, stop: threading.Event) -> None:
        while True:
            out_of_time = limits.budget is not None and time.monotonic() - started >= limits.budget
            if stop.is_set():
                lanes.halt("pause")
            elif out_of_time:
                lanes.halt("stop")
            else:
                self._refill(lanes, limits)
            if not lanes.in_flight:
                return
            events = _ready_events(lanes)
            with self._study.batch():
                for event in events:
                    self._record(event)
            if not (stop.is_set() or out_of_time):
                self._decide(lanes, events)
            for event in events:
                ended = None if isinstance(event, EpochDone) else event.number
                self._on_progress(self._progress(limits, started, ended))

    def _refill(self, lanes: Lanes, limits: Limits) -> None:
        """Hand in trials until the lanes have enough: paused ones that earned it, then new ones.

        Asked one by one: then what trial n is does not depend on how many are wanted after it.
        """
        ahead = lanes.capacity if self._study.search.learns else 64
        while lanes.in_flight < ahead:
            trial = self._promoted() or self._new(limits)
            if trial is None:
                return
            checkpoint = _checkpoint_of(trial)
            step = checkpoint.epoch if checkpoint is not None else 0
            self._trainings[trial.number] = _Training(trial, step)
            lanes.start(Member(trial.number, trial.seed, trial.config, checkpoint=checkpoint))

    def _promoted(self) -> Trial | None:
        if isinstance(self._stopping, Never):
            return None
        number = self._stopping.promote(self._study.record, self._goal)
        try:
            return None if number is None else self._study.resume(number)
        except LeaseLost:  # another process was faster
            return None

    def _new(self, limits: Limits) -> Trial | None:
        counts = self._study.counts()
        begun = sum(counts.values()) - counts["waiting"]
        paused_too = isinstance(self._stopping, Never)
        if paused_too:
            begun -= counts["paused"]
        if self._exhausted or (limits.trials is not None and begun >= limits.trials):
            return None
        try:
            return next(iter(self._study.ask(1, paused=paused_too)), None)
        except SpaceExhausted:
            self._exhausted = True
            return None

    def _record(self, event: Event) -> None:
        training = self._trainings[event.number]
        trial, study = training.trial, self._study
        if isinstance(event, EpochDone):
            if event.step > training.step:  # a lane that ran out of memory begins anew
                self._epochs += 1
                training.step, training.metrics = event.step, event.metrics
                study.report(trial, step=event.step, **event.metrics)
            return
        if isinstance(event, Diverged):
            why = f"The training diverged: {event.metric} became {event.value} in epoch {event.step}."
            study.fail(trial, TrialError("Diverged", why))
        elif isinstance(event, TooLarge):
            study.fail(trial, TrialError("OutOfMemory", f"The network is too large: {event.why}"))
        elif isinstance(event, Broken):
            study.fail(trial, TrialError(type(event.error).__name__, str(event.error)))
        elif isinstance(event, TrainingDone):
            self._hand_over(training, event.network)
            study.tell(trial, **training.metrics)
        elif isinstance(event, Halted):
            self._hand_over(training, event.network)
            study.stop(trial, reason=training.why or "The budget ran out.", **training.metrics)
        else:
            self._put_aside(training, event)
            return
        self._checkpoints.forget(event.number)
        self._done += 1
        del self._trainings[event.number]

    def _put_aside(self, training: _Training, event: Paused) -> None:
        if training.why:  # by the rule, and not by an interrupt: it may be what it ends with
            self._hand_over(training, event.network)
        path = self._checkpoints.save(event.number, event.checkpoint)
        self._study.checkpoint(training.trial, path, event.checkpoint.epoch)
        self._study.pause(training.trial)
        del self._trainings[event.number]

    def _decide(self, lanes: Lanes, events: list[Event]) -> None:
        """Ask the rule about every trial that has reported and still runs."""
        if isinstance(self._stopping, Never):
            return
        reported = {event.number for event in events if isinstance(event, EpochDone)}
        record = self._study.record
        for number in reported & self._trainings.keys():
            training = self._trainings[number]
            decision = self._stopping.decide(record[number], record, self._goal)
            if isinstance(decision, Stop | Pause) and not training.why:
                training.why = decision.why
                lanes.order(number, "stop" if isinstance(decision, Stop) else "pause")

    def _end_paused(self) -> None:
        """What is paused when no trial is wanted any more stays so for good: it ends with its reason."""
        if isinstance(self._stopping, Never):
            return
        record = self._study.record
        for observation in [one for one in record if one.state == "paused"]:
            decision = self._stopping.decide(observation, record, self._goal)
            why = decision.why if isinstance(decision, Stop | Pause) else "No more trials were wanted."
            with contextlib.suppress(LeaseLost):
                self._study.stop(self._study.resume(observation.number), reason=why)
                self._checkpoints.forget(observation.number)

    def _hand_over(self, training: _Training, network: Any) -> None:
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


def _ready_events(lanes: Lanes) -> list[Event]:
    """Wait a moment for an event, and take along all that are there already."""
    events = []
    event = lanes.next_event(_STOP_SEEN_WITHIN)
    while event is not None:
        events.append(event)
        event = lanes.next_event(0)
    return events


def _checkpoint_of(trial: Trial) -> LaneCheckpoint | None:
    """What a trial goes on from; it begins anew where its file is gone or broken."""
    if trial.resume_from is None:
        return None
    try:
        return load_checkpoint(Path(trial.resume_from))
    except InputError:
        return None


def _ended_trials(study: Study) -> int:
    counts = study.counts()
    return counts["complete"] + counts["stopped"] + counts["failed"]


def best_trial(study: Study) -> TrialRecord | None:
    """The best trial that has ended, also one that was stopped early; None while there is none."""
    try:
        return study.best
    except StudyError:
        return None
