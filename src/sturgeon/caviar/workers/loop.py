"""The loop over worker processes: one trial each, the next at once when one ends."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sturgeon.caviar.interrupt import Interrupt
from sturgeon.caviar.progress import Progress, ProgressLines, say
from sturgeon.caviar.workers.following.pool import Pool, Worker
from sturgeon.caviar.workers.following.training import Training
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.messages import (
    Acknowledged,
    Checkpointed,
    Halt,
    Noted,
    Raised,
    Reported,
    Returned,
)
from sturgeon.errors import LeaseLost, SpaceExhausted, SturgeonError
from sturgeon.plain_text import plain_number
from sturgeon.study import Trial, TrialError

TICK_SECONDS = 0.1  # how soon it is noticed that there is work for a free worker
LOOK_SECONDS = 1.0  # how soon anything else that nobody tells of: each look costs a busy core some time
PATIENCE_SECONDS = 10.0

_log = logging.getLogger("sturgeon")


@dataclass(frozen=True, slots=True)
class Closing:
    """Why no trial is begun any more.

    Attributes:
        reason: In words.
        pause: Whether the running trials are put aside, to be resumed, and not ended.
    """

    reason: str
    pause: bool


class WorkerLoop:
    """Runs a study's trials in a pool of workers."""

    def __init__(self, ledger: Ledger, pool: Pool, progress: ProgressLines) -> None:
        """Take the study's ledger, the workers, and where progress is shown."""
        self._ledger = ledger
        self._study = ledger.study
        self._limits = ledger.limits
        self._pool = pool
        self._progress = progress
        self._trainings: dict[int, Training] = {}  # by worker's slot
        self._closing: Closing | None = None
        self._exhausted = False
        self._nothing_left = False
        self._ended_here = 0

    def run(self, stop: threading.Event) -> bool:
        """Train until a limit is reached, the space is exhausted, or ``stop`` is set.

        Args:
            stop: Set from outside to put the running trials aside and return.

        Returns:
            Whether ``stop`` ended it.

        Raises:
            StudyFailed: Too many trials failed.
            InputError: The function cannot be loaded in a worker.
            RunError: Workers do not start, or the study cannot be written.
        """
        try:
            while True:
                self._look_around(stop)
                if self._closing is None:
                    self._obey()
                    self._hand_out()
                if self._nothing_left and self._closing is None and self._ledger.waits_for_others():
                    self._exhausted = False  # what they run may be there to be asked for, if they die
                elif not self._trainings and (self._closing is not None or self._nothing_left):
                    if not self._must_pause:
                        self._ledger.finish(early=self._closing is not None)
                    return stop.is_set()
                interrupt = stop if isinstance(stop, Interrupt) and not stop.is_set() else None
                for worker, message in self._pool.messages(self._seconds_to_wait(), interrupt):
                    self._take(worker, message)
                self._look_at_clocks()
                if self._progress.due:
                    self._progress.show(self._how_far())
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no worker behind
            self._abandon()
            raise

    # -- by hand ---------------------------------------------------------------------------------

    def _obey(self) -> None:
        """Have the trainings end that somebody asked to stop."""
        here = {training.trial.number: training for training in self._trainings.values()}
        for number, reason in self._ledger.requests.look(here).items():
            training = here[number]
            if training.running.by_hand is None:
                training.running.by_hand = reason
                self._end_soon(training)

    # -- beginning -------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        while len(self._trainings) < self._pool.size and self._ledger.may_go_on():
            busy = [training.worker for training in self._trainings.values()]
            room = 0 if self._exhausted else self._ledger.room(len(busy))
            wanted = max(room, self._ledger.may_promote(room))
            self._nothing_left = not wanted
            if self._ledger.requests.paused:
                return
            self._pool.grow(int(min(self._pool.size, len(busy) + wanted)))
            worker = self._pool.idle(busy)
            if not wanted:
                self._ledger.wait()
                if self._ledger.unsettled:
                    continue  # what comes next may have ended already
            if worker is None or not wanted:
                return
            try:
                trial = self._ledger.take_next(room)
            except SpaceExhausted:
                self._exhausted = True
                continue
            if trial is not None:
                self._begin(trial, worker)
            elif room > 0:  # other processes run what is left
                self._exhausted = True

    def _begin(self, trial: Trial, worker: Worker) -> None:
        now = time.monotonic()
        start, running = self._ledger.start(trial)
        self._trainings[worker.slot] = Training(running, worker, started=now, heard=now)
        worker.send(replace(start, ahead=worker.ahead))

    # -- listening -------------------------------------------------------------------------------

    def _take(self, worker: Worker, message: object) -> None:
        training = self._trainings.get(worker.slot)
        if message is None:
            self._reap(worker, training)
        elif training is not None:
            training.hear()
            with self._unless_lost(training):
                self._record(training, message)

    def _record(self, training: Training, message: object) -> None:
        if isinstance(message, Reported | Checkpointed | Noted):
            halt = self._ledger.write(training.running, message)
            if isinstance(message, Reported):
                training.steps, training.planned = message.step, message.planned
                self._ledger.first_report.see(training.trial.number, message.metrics)
            training.worker.send(Acknowledged(halt))
        elif (
            isinstance(message, Returned)
            and message.cut
            and self._must_pause
            and training.running.by_hand is None
        ):
            self._leave(training)
            self._ledger.pause(training.trial)
        elif isinstance(message, Returned | Raised):
            self._leave(training)
            if isinstance(message, Raised) and message.out_of_memory:
                self._pool.remove(training.worker)  # a fresh process has all memory back
            reason = None if self._closing is None else self._closing.reason
            self._ledger.end(training.running, message, reason)
            self._ended_here += 1

    def _reap(self, worker: Worker, training: Training | None) -> None:
        why = self._pool.reap(worker)
        if training is None:
            return
        if self._closing is not None or training.running.by_hand is not None:
            self._cut_off(training)
            return
        self._leave(training)
        with self._unless_lost(training):
            self._ledger.lost(training.trial, why)

    # -- ending ----------------------------------------------------------------------------------

    @property
    def _must_pause(self) -> bool:
        return self._closing is not None and self._closing.pause

    def _look_around(self, stop: threading.Event) -> None:
        """See whether the time has come to begin nothing more."""
        if stop.is_set() and not self._must_pause:
            waiting = sum(training.heard > training.started for training in self._trainings.values())
            if waiting:
                say(f"Stopping after the current epochs of {waiting} trials; once more to leave now.")
            self._stop(Closing("it was interrupted.", pause=True))
        elif self._closing is None:
            budget = self._limits.budget
            reached = self._ledger.goal_reached()
            if reached is not None:
                self._stop(Closing(reached, pause=False))
            elif budget is not None and self._progress.seconds >= budget:
                self._stop(Closing(f"the budget of {plain_number(budget)} s ran out.", pause=False))

    def _stop(self, closing: Closing) -> None:
        self._closing = closing
        for training in list(self._trainings.values()):
            self._end_soon(training)

    def _end_soon(self, training: Training) -> None:
        """Have a training end after its current epoch, or now, where it has not reported yet."""
        if training.heard > training.started:
            training.worker.send(Halt())
            patience = max(PATIENCE_SECONDS, 2 * training.longest_gap)
            training.leave_by = time.monotonic() + patience
        else:  # it has nothing to finish
            self._cut_off(training)

    def _seconds_to_wait(self) -> float:
        """Say how long nothing can happen but what a worker or a signal tells of."""
        if len(self._trainings) < self._pool.size:
            return TICK_SECONDS
        now, budget, timeout = time.monotonic(), self._limits.budget, self._limits.timeout
        waits = [LOOK_SECONDS]
        if budget is not None and self._closing is None:
            waits.append(budget - self._progress.seconds)
        for training in self._trainings.values():
            if timeout is not None:
                waits.append(training.started + timeout - now)
            if training.leave_by is not None:
                waits.append(training.leave_by - now)
        return max(0.0, min(waits))

    def _look_at_clocks(self) -> None:
        now = time.monotonic()
        timeout = self._limits.timeout
        for training in list(self._trainings.values()):
            if timeout is not None and now - training.started > timeout:
                self._drop(training)
                why = f"it took longer than timeout={plain_number(timeout)} s and was killed"
                with self._unless_lost(training):
                    self._ledger.fail(training.trial, TrialError("Timeout", why))
                    self._ended_here += 1
            elif training.leave_by is not None and now > training.leave_by:
                self._cut_off(training)

    def _cut_off(self, training: Training) -> None:
        """End a training now; the trial keeps its value, or is put aside."""
        self._drop(training)
        with self._unless_lost(training):
            if training.running.by_hand is not None:
                self._ledger.stop_by_hand(training.trial, training.running.reported, training.running.by_hand)
                self._ended_here += 1
                return
            assert self._closing is not None
            if self._closing.pause:
                self._ledger.pause(training.trial)
            else:
                self._ledger.stop(training.trial, training.running.reported, self._closing.reason)

    def _abandon(self) -> None:
        """Kill all workers; what ran is put aside if the study still takes it."""
        self._pool.kill()
        with contextlib.suppress(SturgeonError), self._study.batch():
            for training in self._trainings.values():
                self._study.pause(training.trial)
        self._trainings.clear()

    @contextlib.contextmanager
    def _unless_lost(self, training: Training) -> Iterator[None]:
        """Go on without a trial that is somebody else's by now, or that somebody else ended."""
        try:
            yield
        except LeaseLost as error:
            _log.warning("%s", error)
            if self._trainings.get(training.worker.slot) is training:  # it trains for nothing
                self._drop(training)
            self._ledger.look()

    def _drop(self, training: Training) -> None:
        self._leave(training)
        self._pool.remove(training.worker)

    def _leave(self, training: Training) -> None:
        self._exhausted = False  # it may be there to be asked for again
        self._trainings.pop(training.worker.slot, None)
        self._ledger.leave(training.trial.number)

    # -- showing ---------------------------------------------------------------------------------

    def _how_far(self) -> Progress:
        begun = sum(training.share for training in self._trainings.values())
        return Progress(
            done=self._ledger.ended,
            running=len(self._trainings),
            target=self._limits.trials,
            trained=self._ended_here + begun,
            begun=begun,
            seconds=self._progress.seconds,
            budget=self._limits.budget,
            best=self._ledger.best,
            metric=self._study.metric,
        )
