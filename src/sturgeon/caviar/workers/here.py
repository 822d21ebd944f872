"""The same without worker processes: one trial after the other, in this process."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time

from sturgeon.caviar.workers.following.running_trial import RunningTrial
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.live_trial import Channel, LiveTrial, check_process
from sturgeon.caviar.workers.messages import Checkpointed, Noted, Reported, Returned
from sturgeon.caviar.workers.training import Train, run_training
from sturgeon.errors import LeaseLost, SpaceExhausted
from sturgeon.plain_text import plain_number
from sturgeon.study import Trial

_SEEN_WITHIN = 0.1  # how soon a paused study notices that it is stopped, in seconds

_log = logging.getLogger("sturgeon")


class HereLoop:
    """Runs a study's trials in this process, where a debugger can stop in the function."""

    def __init__(self, ledger: Ledger, train: Train) -> None:
        """Take the study's ledger and the function."""
        self.ledger = ledger
        self._train = train
        self._started = time.monotonic()

    def run(self, stop: threading.Event) -> bool:
        """Train until a limit is reached, the space is exhausted, or ``stop`` is set.

        Returns:
            Whether ``stop`` ended it.

        Raises:
            StudyFailed: Too many trials failed.
        """
        ledger = self.ledger
        while not stop.is_set() and self.reason(stop) is None:
            ledger.requests.look(())
            if ledger.requests.paused and (ledger.room(0) > 0 or ledger.may_promote(0)):
                stop.wait(_SEEN_WITHIN)
                continue
            ledger.may_go_on()
            try:
                trial = ledger.take_next(ledger.room(0))
            except SpaceExhausted:
                break
            if trial is None and ledger.waits_for_others():
                stop.wait(_SEEN_WITHIN)
                continue
            if trial is None:
                break
            self._run_trial(trial, stop)
        if not stop.is_set():
            ledger.finish(early=self.reason(stop) is not None)
        return stop.is_set()

    def reason(self, stop: threading.Event) -> str | None:
        """Say why the running training is to end, if it is."""
        if stop.is_set():
            return "it was interrupted."
        budget = self.ledger.limits.budget
        if budget is not None and time.monotonic() - self._started >= budget:
            return f"the budget of {plain_number(budget)} s ran out."
        return self.ledger.goal_reached()

    def obey(self, running: RunningTrial) -> None:
        """Take note where somebody asked that the running trial be stopped."""
        number = running.trial.number
        running.by_hand = self.ledger.requests.look((number,)).get(number, running.by_hand)

    def _run_trial(self, trial: Trial, stop: threading.Event) -> None:
        ledger = self.ledger
        start, running = ledger.start(trial)
        try:
            live = LiveTrial(start, _Direct(self, running, stop))
            outcome = run_training(self._train, live, own_process=False)
            ledger.leave(trial.number)
            if stop.is_set() and isinstance(outcome, Returned) and outcome.cut and running.by_hand is None:
                ledger.pause(trial)
            else:
                ledger.end(running, outcome, self.reason(stop))
        except LeaseLost as error:
            ledger.leave(trial.number)
            _log.warning("%s", error)
        except KeyboardInterrupt:
            with contextlib.suppress(LeaseLost):  # it may have ended a moment ago
                ledger.pause(trial)
            raise


class _Direct(Channel):
    """The way to the study without a pipe."""

    def __init__(self, loop: HereLoop, running: RunningTrial, stop: threading.Event) -> None:
        self._loop = loop
        self._running = running
        self._stop = stop
        self._process = os.getpid()

    def send(self, message: Reported | Checkpointed | Noted) -> None:
        check_process(self._process)
        if isinstance(message, Reported):
            self._loop.ledger.first_report.see(self._running.trial.number, message.metrics)
        self._loop.ledger.write(self._running, message)

    @property
    def halted(self) -> bool:
        self._loop.obey(self._running)
        return self._running.ends or self._loop.reason(self._stop) is not None
