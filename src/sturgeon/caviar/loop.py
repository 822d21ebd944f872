"""The Caviar loop: ask for trials, train them many at once, stop the hopeless, write it all down."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sturgeon.caviar.checkpoints import Checkpoints, load_checkpoint
from sturgeon.caviar.events import Broken, Diverged, EpochDone, Event, Halted, Paused, TooLarge, TrainingDone
from sturgeon.caviar.lanes.backend import LaneCheckpoint, TrainingJob
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.settled import SettledSearch, settled
from sturgeon.caviar.trainer import RunningLanes, Trainer
from sturgeon.errors import InputError, SpaceExhausted, StudyError
from sturgeon.search import Record
from sturgeon.stopping import Never, Pause, Stop, Stopping, StoppingContext
from sturgeon.study import LeaseLost, Study, Trial, TrialError, TrialRecord

# How long a wait for the next event may keep a stop from being seen, in seconds.
_STOP_SEEN_WITHIN = 0.1
# For how long events are gathered before they are written down, in seconds: a write costs about as much as
# an epoch of a small network.
_WRITTEN_TOGETHER = 0.02
_OUT_OF_TIME = "The budget ran out."
# How many trials are handed in at once where the search does not learn from results: lanes fill best so.
_WAVE = 64


@dataclass(slots=True)
class _Training:
    """One running trial, and what its last epoch came to."""

    trial: Trial
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    why: str = ""
    until: int | None = None
    settled: int = 0


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
        trainer: Trainer,
        *,
        checkpoints: Checkpoints,
        on_network: Callable[[Trial, Any], None],
        on_progress: Callable[[Progress], None],
        stopping: Stopping | None = None,
    ) -> None:
        self._study = study
        self._trainer = trainer
        self._stopping = stopping or Never()
        self._checkpoints = checkpoints
        self._on_network = on_network
        self._on_progress = on_progress
        self._trainings: dict[int, _Training] = {}
        self._done = 0
        self._epochs = 0
        self._exhausted = False
        self._in_order: deque[int] = deque()
        self._ended: dict[int, Event] = {}
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
            self._end_paused(self._context(limits))
        return stop.is_set()

    def _train(self, lanes: RunningLanes, limits: Limits, started: float, stop: threading.Event) -> None:
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
            events = _next_events(lanes)
            with self._study.batch():
                for event in events:
                    if isinstance(event, EpochDone):
                        self._report(event)
                    else:
                        self._ended[event.number] = event
            if stop.is_set() or out_of_time:
                self._take_leave(interrupted=stop.is_set())
            else:
                self._order(lanes, events, limits)
                self._settle(lanes, limits)
            for event in events:
                ended = None if isinstance(event, EpochDone) else event.number
                self._on_progress(self._progress(limits, started, ended))

    def _refill(self, lanes: RunningLanes, limits: Limits) -> None:
        """Hand in trials until the lanes have enough: paused ones that earned it, then new ones.

        Asked one by one: then what trial n is does not depend on how many are wanted after it.
        """
        ahead = lanes.capacity if self._study.search.learns else _WAVE
        while len(self._in_order) < ahead:
            trial = self._promoted(limits) or self._new(limits) or self._promoted(limits)
            if trial is None:
                return
            checkpoint = _checkpoint_of(trial)
            self._trainings[trial.number] = _Training(trial, checkpoint.epoch if checkpoint else 0)
            self._start(lanes, trial, checkpoint, limits)

    def _start(
        self, lanes: RunningLanes, trial: Trial, checkpoint: LaneCheckpoint | None, limits: Limits
    ) -> None:
        step = checkpoint.epoch if checkpoint is not None else 0
        until = self._stopping.milestone(trial.number, step, self._context(limits))
        self._trainings[trial.number].until = until
        self._trainings[trial.number].settled = step
        self._in_order.append(trial.number)
        lanes.start(TrainingJob(trial.number, trial.seed, trial.config, checkpoint=checkpoint, until=until))

    def _promoted(self, limits: Limits) -> Trial | None:
        if isinstance(self._stopping, Never):
            return None
        number = self._stopping.promote(self._settled_record(), self._context(limits))
        try:
            return None if number is None else self._study.resume(number)
        except LeaseLost:  # another process was faster
            return None

    def _new(self, limits: Limits) -> Trial | None:
        if not self._more_will_come(limits, without_bound=True):
            return None
        try:
            search = SettledSearch(self._study.search, self._settled_steps())
            asked = self._study.ask(1, paused=isinstance(self._stopping, Never), search=search)
            return next(iter(asked), None)
        except SpaceExhausted:
            self._exhausted = True
            return None

    def _more_will_come(self, limits: Limits, *, without_bound: bool) -> bool:
        """Whether trials are still to be begun; ``without_bound`` where no number of trials is set."""
        if self._exhausted or limits.trials is None:
            return without_bound and not self._exhausted
        begun = _ended_trials(self._study) + len(self._trainings)  # what a dead run left is asked for again
        if not isinstance(self._stopping, Never):
            begun += self._study.counts()["paused"]
        return begun < limits.trials

    def _context(self, limits: Limits) -> StoppingContext:
        """What the rule is told; where only the time is bounded, nobody knows that more trials will come."""
        can_wait = self._more_will_come(limits, without_bound=False)
        maximize = self._study.direction == "maximize"
        return StoppingContext(self._study.metric, maximize, self._trainer.epochs, can_wait)

    def _settled_steps(self) -> dict[int, int]:
        return {number: training.settled for number, training in self._trainings.items()}

    def _settled_record(self) -> Record:
        return settled(self._study.record, self._settled_steps())

    def _report(self, event: EpochDone) -> None:
        training = self._trainings[event.number]
        if event.step > training.step:  # a lane that ran out of memory begins anew
            self._epochs += 1
            training.step, training.metrics = event.step, event.metrics
            self._study.report(training.trial, step=event.step, **event.metrics)

    def _settle(self, lanes: RunningLanes, limits: Limits) -> None:
        """Take note of trainings that left their lanes, in the order in which they entered them."""
        while self._in_order and self._in_order[0] in self._ended:
            event = self._ended.pop(self._in_order.popleft())
            if isinstance(event, Paused):
                self._judge(lanes, event, limits)
            else:
                self._note_end(event)
            self._refill(lanes, limits)

    def _note_end(self, event: Event) -> None:
        training = self._trainings[event.number]
        trial, study = training.trial, self._study
        if isinstance(event, Diverged):
            why = f"The training diverged: {event.metric} became {event.value} in epoch {event.step}."
            study.fail(trial, TrialError("Diverged", why))
            self._forget(event.number)
        elif isinstance(event, TooLarge):
            study.fail(trial, TrialError("OutOfMemory", f"The network is too large: {event.why}"))
            self._forget(event.number)
        elif isinstance(event, Broken):
            study.fail(trial, TrialError(type(event.error).__name__, str(event.error)))
            self._forget(event.number)
        elif isinstance(event, TrainingDone):
            self._hand_over(training, event.network)
            study.tell(trial, **training.metrics)
            self._forget(event.number)
        elif isinstance(event, Halted):
            self._stop(training, event, training.why or _OUT_OF_TIME)

    def _judge(self, lanes: RunningLanes, event: Paused, limits: Limits) -> None:
        """Decide on a trial that waits at a milestone of the rule: to go on, to end, or to be put aside."""
        training = self._trainings[event.number]
        training.settled = event.checkpoint.epoch
        record = self._settled_record()
        decision = self._stopping.decide(record[event.number], record, self._context(limits))
        if isinstance(decision, Stop):
            self._stop(training, event, decision.why)
        elif isinstance(decision, Pause):
            with self._study.batch():
                self._hand_over(training, event.network)  # it may be what the trial ends with
                self._put_aside(training, event)
        else:
            self._start(lanes, training.trial, event.checkpoint, limits)

    def _order(self, lanes: RunningLanes, events: list[Event], limits: Limits) -> None:
        """Ask a rule that may decide at any step about the trials that have reported and still run."""
        reported = {event.number for event in events if isinstance(event, EpochDone)}
        asked = [n for n in reported & self._trainings.keys() if self._trainings[n].until is None]
        if isinstance(self._stopping, Never) or not asked:
            return
        record, context = self._study.record, self._context(limits)
        for number in asked:
            decision = self._stopping.decide(record[number], record, context)
            if isinstance(decision, Stop | Pause):
                self._trainings[number].why = decision.why
                lanes.order(number, "stop")

    def _take_leave(self, *, interrupted: bool) -> None:
        """Write down how trainings ended when the run was."""
        with self._study.batch():
            for event in self._ended.values():
                training = self._trainings[event.number]
                if not isinstance(event, Paused):
                    self._note_end(event)
                elif interrupted:
                    self._put_aside(training, event)
                else:
                    self._stop(training, event, _OUT_OF_TIME)
            self._ended.clear()

    def _stop(self, training: _Training, event: Paused | Halted, why: str) -> None:
        self._hand_over(training, event.network)
        self._study.stop(training.trial, reason=why, **training.metrics)
        self._forget(event.number)

    def _put_aside(self, training: _Training, event: Paused) -> None:
        path = self._checkpoints.save(event.number, event.checkpoint)
        self._study.checkpoint(training.trial, path, event.checkpoint.epoch)
        self._study.pause(training.trial)
        del self._trainings[event.number]

    def _forget(self, number: int) -> None:
        self._checkpoints.forget(number)
        self._done += 1
        del self._trainings[number]

    def _end_paused(self, context: StoppingContext) -> None:
        """What is paused when no trial is wanted any more stays so for good: it ends with its reason."""
        if isinstance(self._stopping, Never):
            return
        record = self._study.record
        for observation in [one for one in record if one.state == "paused"]:
            decision = self._stopping.decide(observation, record, context)
            why = decision.why if isinstance(decision, Stop | Pause) else "No more trials were wanted."
            with contextlib.suppress(LeaseLost):
                self._study.stop(self._study.resume(observation.number), reason=why)
                self._checkpoints.forget(observation.number)

    def _hand_over(self, training: _Training, network: Any) -> None:
        """Hand a network over if no ended trial is better; a tie goes to the lower number."""
        sign = self._trainer.objective.sign
        number, value = training.trial.number, training.metrics[self._trainer.objective.metric]
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


def _next_events(lanes: RunningLanes) -> list[Event]:
    """Wait for an event, and then a moment for others: they are written down together."""
    event = lanes.next_event(_STOP_SEEN_WITHIN)
    until = time.monotonic() + _WRITTEN_TOGETHER
    events = []
    while event is not None:
        events.append(event)
        event = lanes.next_event(max(until - time.monotonic(), 0))
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
