"""The same without worker processes: one trial after the other, in this process."""

from __future__ import annotations

import contextlib
import logging
import threading
import time

from sturgeon.caviar.workers.early_stopper import Case
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.live_trial import Channel, LiveTrial
from sturgeon.caviar.workers.messages import Checkpointed, Reported, Returned
from sturgeon.caviar.workers.training import Train, run_training
from sturgeon.errors import LeaseLost, SpaceExhausted
from sturgeon.study import Trial

_log = logging.getLogger("sturgeon")


class HereLoop:
    """Runs a study's trials in this process, where a debugger can stop in the function."""

    def __init__(self, ledger: Ledger, train: Train) -> None:
        """Take the study's ledger and the function."""
        self._ledger = ledger
        self._train = train
        self._started = time.monotonic()

    def run(self, stop: threading.Event) -> bool:
        """Train until a limit is reached, the space is exhausted, or ``stop`` is set.

        Returns:
            Whether ``stop`` ended it.

        Raises:
            StudyFailed: Too many trials failed.
        """
        ledger = self._ledger
        while not stop.is_set() and self.reason(stop) is None:
            try:
                trial = ledger.next_trial(ledger.room(0))
            except SpaceExhausted:
                break
            if trial is None:
                break
            self._run_trial(trial, stop)
        if not stop.is_set():
            ledger.settle()
        return stop.is_set()

    def reason(self, stop: threading.Event) -> str | None:
        """Say why the running training is to end, if it is."""
        if stop.is_set():
            return "it was interrupted."
        budget = self._ledger.limits.budget
        if budget is not None and time.monotonic() - self._started >= budget:
            return f"the budget of {budget:g} s ran out."
        return self._ledger.goal_reached()

    def _run_trial(self, trial: Trial, stop: threading.Event) -> None:
        ledger = self._ledger
        start, reported = ledger.start(trial)
        case = ledger.early_stopper.open(trial)
        try:
            outcome = run_training(self._train, LiveTrial(start, _Direct(self, case, reported, stop)))
            if stop.is_set() and isinstance(outcome, Returned) and outcome.cut:
                ledger.pause(trial)
            else:
                ledger.end(case, reported, outcome, self.reason(stop))
        except LeaseLost as error:
            _log.warning("%s", error)
        except KeyboardInterrupt:
            with contextlib.suppress(LeaseLost):  # it may have ended a moment ago
                ledger.pause(trial)
            raise

    def write(self, case: Case, message: Reported | Checkpointed) -> None:
        """Write down what the training sent, and have it judged."""
        self._ledger.write(case.trial, message)
        self._ledger.early_stopper.hear(case, message)


class _Direct(Channel):
    """The way to the study without a pipe."""

    def __init__(self, loop: HereLoop, case: Case, reported: dict[str, float], stop: threading.Event) -> None:
        self._loop = loop
        self._case = case
        self._reported = reported
        self._stop = stop

    def send(self, message: Reported | Checkpointed) -> None:
        self._loop.write(self._case, message)
        if isinstance(message, Reported):
            self._reported.update(message.metrics)

    @property
    def halted(self) -> bool:
        return self._case.ends or self._loop.reason(self._stop) is not None
