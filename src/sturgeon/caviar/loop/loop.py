"""The Caviar loop: ask for trials, train them many at once, stop the hopeless, write it all down."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sturgeon.caviar.checkpoints import Checkpoints, load_checkpoint
from sturgeon.caviar.controller import TrialController, best_of
from sturgeon.caviar.events import EpochDone, Event, Paused
from sturgeon.caviar.lanes.backend import LaneCheckpoint, TrainingJob
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop.pace import FOR_TRIALS, TOGETHER, Pace
from sturgeon.caviar.loop.trainings import OUT_OF_TIME, Training, Trainings
from sturgeon.caviar.population.asides import Asides
from sturgeon.caviar.population.population import population_of
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.requests import Requests
from sturgeon.caviar.trainer import RunningLanes, Trainer
from sturgeon.errors import InputError, LeaseLost, SpaceExhausted
from sturgeon.search.folds import is_fold_metric
from sturgeon.stopping import Pause, Stop, Stopping
from sturgeon.study import Study, Trial

# How long a wait for the next event may keep a stop from being seen, in seconds.
_STOP_SEEN_WITHIN = 0.1
# For how long events are gathered before they are written down, in seconds: a write costs about as much as
# an epoch of a small network.
_WRITTEN_TOGETHER = 0.02
# Seconds that it takes to write down that a trial, which was put aside, has ended.
_CLOSING = 0.004
# How many trials are handed in at once where the search does not learn from results: lanes fill best so.
_WAVE = 64

_log = logging.getLogger("sturgeon")


class CaviarLoop:
    """Runs a study with a lane trainer until a limit is reached or someone stops it.

    Args:
        study: The record; asked for configurations and told results.
        trainer: Trains them.
        stopping: Which trials to stop, or to pause, before their last epoch.
        spares: Whether no training is stopped where time alone bounds the run and stopping it saves none.
        yardstick: A trial that no rule stops, as the result is compared with it; None for none.
        ending: Tells how many seconds of the budget are needed once the trials are over, by the pace so far
            and the number of the best trial, if there is one.
        checkpoints: Where paused trials are kept.
        on_network: Called with a trial and its network *before* the study is told of it, where it is
            the best so far: so the best network of a study is always on disk. Where a run is interrupted
            before any trial has ended, also with what was trained by then.
        on_progress: Called with every epoch of every trial.
        on_judged: Called likewise with every trial that ends with a value or is put aside, and its metrics.

    Attributes:
        exhausted: Whether the run ended, or is about to end, as the search has no further configuration.
        begun: How many trials the run has begun, or taken up again among those that wait.
        pace: What trainings and suggestions take in the run.
    """

    def __init__(
        self,
        study: Study,
        trainer: Trainer,
        *,
        checkpoints: Checkpoints,
        on_network: Callable[[Trial, Any], None],
        on_progress: Callable[[Progress], None],
        on_judged: Callable[[Trial, Any, dict[str, float]], None] | None = None,
        stopping: Stopping | None = None,
        spares: bool = False,
        yardstick: int | None = None,
        ending: Callable[[Pace, int | None], float] = lambda pace, best: 0.0,
    ) -> None:
        self._study = study
        self._trainer = trainer
        self._stopping = stopping
        self._checkpoints = checkpoints
        self._on_network = on_network
        self._on_progress = on_progress
        self._on_judged = on_judged
        self._spares = spares
        self._yardstick = yardstick
        self._ending = ending
        self._epochs = 0
        self.begun = 0
        self.pace = Pace(trainer.epochs, 1)
        self._last = math.inf
        self.exhausted = False
        self._in_order: deque[int] = deque()
        self._left_lanes: dict[int, Event] = {}

    def run(self, limits: Limits, stop: threading.Event, *, started: float | None = None) -> bool:
        """Train until a limit is reached, the space is exhausted, or ``stop`` is set.

        Where only the time is bounded, it adapts to what trainings and suggestions take: see :class:`Pace`.

        Args:
            limits: When the run ends.
            stop: Ends it.
            started: Since when the budget counts, by ``time.monotonic``; None for now.

        Returns:
            True when ``stop`` ended it; what was running then is paused and can be resumed.
        """
        self._opened = time.monotonic()
        started = self._opened if started is None else started
        population = population_of(
            self._study,
            self._stopping,
            limits.trials,
            asides=Asides(self._checkpoints.folder),
            end=self._end_replaced,
        )
        self._controller = TrialController(
            self._study, limits, self._stopping, resume_by_ask=True, population=population
        )
        self._trainings = Trainings(
            self._study,
            self._controller,
            metric=self._trainer.objective.metric,
            checkpoints=self._checkpoints,
            on_network=self._on_network,
            on_judged=self._on_judged,
        )
        self._requests = Requests(self._study, self._checkpoints.forget)
        if population is not None:
            population.see_length(self._trainer.epochs)
            for number in population.go_on():
                self._checkpoints.forget(number)
        try:
            with self._trainer.open() as lanes:
                self.pace = Pace(self._trainer.epochs, lanes.at_once)
                while True:
                    awake, known = time.monotonic(), self.begun
                    self._set_last(started)
                    out_of_time = awake >= self._last
                    if stop.is_set():
                        lanes.halt("pause")
                    elif out_of_time:
                        lanes.halt("pause" if population is not None else "stop")
                        self.exhausted = False
                    else:
                        self._obey(lanes)
                        self._refill(lanes)
                        self._stop_late(lanes)
                    if not lanes.in_flight:
                        if not stop.is_set() and not out_of_time and self._waits_to_be_resumed():
                            stop.wait(_STOP_SEEN_WITHIN)
                            continue
                        break
                    self.pace.worked(time.monotonic() - awake, begun=0)
                    events = _next_events(lanes)
                    awake = time.monotonic()
                    with self._unless_lost(lanes):
                        self._write_epochs(events)
                    if stop.is_set() or out_of_time:
                        with self._unless_lost(lanes):
                            self._end_all(interrupted=stop.is_set())
                    else:
                        self._stop_hopeless(lanes, events)
                        self._end_in_order(lanes)
                    for _ in events:
                        self._on_progress(self._progress(time.monotonic() - started))
                    self.pace.worked(time.monotonic() - awake, begun=self.begun - known)
        finally:
            with contextlib.suppress(LeaseLost), self._study.batch():
                for training in self._trainings.values():
                    if not training.lost:
                        self._study.pause(training.trial)
            self._trainings.clear()
            self._controller.shown.clear()
        if not stop.is_set() and self._controller.judges:
            # What is paused when no trial is wanted any more stays so for good.
            epochs = self._trainer.epochs
            for number in self._controller.end_paused(epochs, otherwise="No more trials were wanted."):
                if population is None:  # whose members a later run may take up
                    self._checkpoints.forget(number)
        if population is not None:
            population.clear()
        return stop.is_set()

    @property
    def in_flight(self) -> int:
        """How many trials were handed out and have not ended; some wait for those before them."""
        return len(self._in_order)

    # -- into the lanes --------------------------------------------------------------------------

    def _refill(self, lanes: RunningLanes) -> None:
        """Hand in trials until the lanes have enough: paused ones that earned it, then new ones."""
        ahead = lanes.capacity if self._study.search.learns else _WAVE
        if self._requests.paused or any(training.lost for training in self._trainings.values()):
            return  # a lost trial may be there to be asked for again, and still be in its lane
        while len(self._in_order) < ahead and time.monotonic() + self.pace.dear_epoch < self._last:
            trials = self._next_trials()
            for trial in trials:
                if (reason := self._requests.reason(trial.number)) is not None:
                    self._study.stop(trial, reason)
                    self._checkpoints.forget(trial.number)
                    continue
                checkpoint = _checkpoint_of(trial)
                self._trainings[trial.number] = Training(trial, checkpoint.epoch if checkpoint else 0)
                self._start(lanes, trial, checkpoint)
            if not trials:
                return

    def _next_trials(self) -> list[Trial]:
        controller, epochs = self._controller, self._trainer.epochs
        controller.look()
        room = 0 if self.exhausted else controller.room(len(self._trainings))
        again = controller.resumed(room, epochs)
        if again is not None:
            return [again]
        quickly = self._by_time and self._study.search.learns and self.pace.prefers_quick
        began = time.monotonic()
        try:
            trials = controller.new_trials(room, count=TOGETHER if quickly else 1, quickly=quickly)
        except SpaceExhausted:  # a paused trial waits for no others any more
            self.exhausted = True
            again = controller.resumed(0, epochs)
            return [] if again is None else [again]
        self.begun += len(trials)
        if trials:
            self.pace.suggested(time.monotonic() - began, quickly=quickly)
        return trials

    def _start(self, lanes: RunningLanes, trial: Trial, checkpoint: LaneCheckpoint | None) -> None:
        step = checkpoint.epoch if checkpoint is not None else 0
        training = self._trainings[trial.number]
        training.judged = not (self._spares and self._by_time) or self.pace.stopping_pays
        training.judged &= trial.number != self._yardstick
        training.until = None
        if training.judged:
            training.until = self._controller.milestone(trial.number, step, self._trainer.epochs)
        self._controller.shown[trial.number] = step
        self._in_order.append(trial.number)
        job = TrainingJob(
            trial.number, trial.seed, trial.config, checkpoint=checkpoint, pause_after=training.until
        )
        lanes.start(job)

    # -- by hand ---------------------------------------------------------------------------------

    def _obey(self, lanes: RunningLanes) -> None:
        """Have the trainings stop that somebody asked to stop, and begin none while the study is paused."""
        paused = self._requests.paused
        here = [number for number, training in self._trainings.items() if not training.lost]
        for number, reason in self._requests.look(here).items():
            training = self._trainings[number]
            training.why, training.by_hand = reason, True
            lanes.order(number, "stop")
        if self._requests.paused != paused:
            lanes.hold(self._requests.paused)

    def _waits_to_be_resumed(self) -> bool:
        """Tell whether trials are still wanted, and are not begun since the study is paused by hand."""
        controller, epochs = self._controller, self._trainer.epochs
        if not self._requests.paused:
            return False
        controller.look()
        room = 0 if self.exhausted else controller.room(0)
        return room > 0 or controller.promoted(room, epochs) is not None

    # -- on time ---------------------------------------------------------------------------------

    @property
    def _by_time(self) -> bool:
        """Whether time alone bounds the run: then what is tried depends on it in any case."""
        limits = self._controller.limits
        return limits.budget is not None and limits.trials is None

    def _set_last(self, started: float) -> None:
        """Set the moment at which trainings have to be over."""
        budget = self._controller.limits.budget
        if budget is not None:
            best = self._controller.best
            after = self._ending(self.pace, best[0] if best else None)
            last = started + budget - after - _CLOSING * self._controller.paused
            self._last = max(last, self._opened + FOR_TRIALS * budget)

    def _stop_late(self, lanes: RunningLanes) -> None:
        """Have a training stop after its current epoch if the one after that would end too late."""
        for number, training in self._trainings.items():
            if training.seen is None or training.why or self._last == math.inf:
                continue
            if training.seen + 1.5 * self.pace.epoch_of(number) > self._last:
                training.why = OUT_OF_TIME
                lanes.order(number, "stop" if self._controller.population is None else "pause")

    # -- out of the lanes ------------------------------------------------------------------------

    def _write_epochs(self, events: list[Event]) -> None:
        seen = time.monotonic()
        with self._study.batch():
            for event in events:
                training = self._trainings[event.number]
                if not isinstance(event, EpochDone):
                    if training.lost:
                        del self._trainings[event.number]
                    else:
                        self._left_lanes[event.number] = event
                    continue
                if training.lost:
                    continue
                self.pace.trained(event.number, event.seconds)
                training.seen = seen
                if event.step > training.step:  # a lane that ran out of memory begins anew
                    self._epochs += 1
                    training.step, training.metrics = event.step, event.metrics
                    curves = {name: v for name, v in event.metrics.items() if not is_fold_metric(name)}
                    self._study.report(training.trial, step=event.step, **curves)

    def _stop_hopeless(self, lanes: RunningLanes, events: list[Event]) -> None:
        """Ask a rule that may decide at any step about the trials that have reported and still run."""
        reported = {event.number for event in events if isinstance(event, EpochDone)}
        here = {number: self._trainings[number] for number in reported & self._trainings.keys()}
        asked = [number for number, one in here.items() if one.judged and one.until is None and not one.why]
        if not self._controller.judges or not asked:
            return
        record = self._study.record
        for number in asked:
            decision = self._controller.judge(record[number], record, self._trainer.epochs)
            if isinstance(decision, Stop | Pause):
                self._trainings[number].why = decision.why
                lanes.order(number, "stop")

    def _end_in_order(self, lanes: RunningLanes) -> None:
        """Take note of trainings that left their lanes, in the order in which they entered them.

        So what is chosen next does not depend on which is faster. Where time alone bounds the run it does in
        any case, and lanes would only wait for the slowest: there each is taken note of as it comes. One that
        was stopped by hand does not wait for others either: somebody looks for what comes of it.
        """
        for number in [number for number in self._left_lanes if self._trainings[number].by_hand]:
            self._take_note(lanes, number)
        while (number := self._next_settled()) is not None:
            self._take_note(lanes, number)
            self._refill(lanes)

    def _take_note(self, lanes: RunningLanes, number: int) -> None:
        """Take note of a training that left its lane."""
        self._in_order.remove(number)
        event = self._left_lanes[number]
        with self._unless_lost(lanes, noted=number):
            if not isinstance(event, Paused):
                self._trainings.end(event)
            elif self._trainings[number].by_hand:
                self._trainings.stop(event, self._trainings[number].why)
            else:
                self._judge(lanes, event)
        self._left_lanes.pop(number, None)

    def _next_settled(self) -> int | None:
        """The training that left its lane and is to be taken note of next; None while there is none.

        While the study is paused by hand none waits for one that has not begun: that may take for ever.
        """
        if self._by_time and self._controller.population is None:
            return next(iter(self._left_lanes), None)
        for number in self._in_order:
            if number in self._left_lanes:
                return number
            if self._trainings[number].step or not self._requests.paused:
                return None
        return None

    def _judge(self, lanes: RunningLanes, event: Paused) -> None:
        """Decide on a trial that waits at a milestone of the rule: to go on, to end, or to be put aside."""
        training = self._trainings[event.number]
        if training.why == OUT_OF_TIME:
            self._trainings.stop(event, training.why)
            return
        training.seen = None
        self._controller.shown[event.number] = event.checkpoint.epoch
        record = self._controller.record
        decision = self._controller.judge(record[event.number], record, self._trainer.epochs)
        if isinstance(decision, Stop):
            self._trainings.stop(event, decision.why)
        elif isinstance(decision, Pause):
            with self._study.batch():
                self._trainings.keep_if_best(event)  # it may be what the trial ends with
                self._trainings.put_aside(event)
        else:
            self._start(lanes, training.trial, event.checkpoint)

    def _end_all(self, *, interrupted: bool) -> None:
        """Write down how trainings ended when the run was."""
        with self._study.batch():
            for event in self._left_lanes.values():
                if not isinstance(event, Paused):
                    self._trainings.end(event)
                elif interrupted:
                    self._trainings.put_aside(
                        event, is_best=self._controller.best is None
                    )  # better than none
                else:
                    self._trainings.stop(event, OUT_OF_TIME)
            self._left_lanes.clear()

    @contextlib.contextmanager
    def _unless_lost(self, lanes: RunningLanes, *, noted: int | None = None) -> Iterator[None]:
        """Go on without trials that are somebody else's by now, or that somebody else ended."""
        try:
            yield
        except LeaseLost as error:
            _log.warning("%s", error)
            lost = self._trainings.leave_lost()
            for number in lost:
                if number in self._in_order:
                    self._in_order.remove(number)
                if self._left_lanes.pop(number, None) is not None:
                    del self._trainings[number]
                else:  # it trains for nothing
                    lanes.order(number, "stop")
            self._controller.look()
            if self._controller.best is not None and self._controller.best[0] in {*lost, noted}:
                self._controller.best = best_of(self._study)  # it was noted before it was written

    def _end_replaced(self, trial: Trial, metrics: Mapping[str, float], why: str) -> None:
        """End a trial in whose place another one goes on."""
        self._study.stop(trial, reason=why, **metrics)
        self._checkpoints.forget(trial.number)

    # -- what is seen of it ----------------------------------------------------------------------

    def _progress(self, seconds: float) -> Progress:
        limits, epochs = self._controller.limits, self._trainer.epochs
        population = self._controller.population
        return Progress(
            done=self._controller.ended,
            running=sum(training.step > 0 for training in self._trainings.values()),
            target=limits.trials if population is None else population.expected(epochs),
            trained=self._epochs / epochs,
            begun=sum(training.step for training in self._trainings.values()) / epochs,
            seconds=seconds,
            budget=limits.budget,
            best=self._controller.best,
            metric=self._trainer.objective.metric,
            epochs=self._epochs,
            may_stop=self._controller.judges,
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
