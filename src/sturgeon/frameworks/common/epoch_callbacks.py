"""The epochs of a trial whose framework runs the loop itself and calls a callback."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.frameworks.common.checkpoint_schedule import SaveTimes


class CalledEpochs:
    """Keeps a trial in step with a framework that counts the epochs.

    A callback calls ``begin`` once, then for each epoch ``epoch_begins`` and ``report``, and ``end`` at last.
    The checkpoint of an epoch is written when the next one begins or the training ends: by then schedules of
    the learning rate and other callbacks have done what they do at the end of an epoch.

    Attributes:
        trial: The trial.
        last: The last epoch of this training; 0 before it begins.
    """

    def __init__(self, trial: LiveTrial, save: Callable[[], object] | None, every: int | None) -> None:
        """Take the trial.

        Args:
            trial: The trial.
            save: Writes a checkpoint and hands it over; None for none.
            every: After how many epochs, at least 1; None for by the clock. That of the last epoch, and of
                one after which the trial is to end, is written in any case.

        Raises:
            InputError: ``save_every`` is not a whole number from 1.
        """
        self.trial = trial
        self._save = save
        self._times = SaveTimes(every)
        self._epochs: Iterator[int] = iter(())
        self.last = 0
        self._current: int | None = None

    def begin(self, count: int) -> None:
        """The training begins, or goes on; it is to have so many epochs in all."""
        self._epochs = self.trial.epochs(count)
        self.last = self.trial.planned  # not `count`: the trial may have trained something before
        self.trial.can_save = self._save is not None

    def epoch_begins(self) -> int | None:
        """The next epoch begins; give its number, from 1, or None if there is none to be trained."""
        self.end()
        self._current = next(self._epochs, None)
        return self._current

    def report(self, metrics: dict[str, float]) -> bool:
        """Report on the current epoch; tell whether the training is to end after it."""
        if self._current is None:
            return True
        metrics = {name: value for name, value in metrics.items() if name != "step"}  # that is the epoch
        if metrics:
            self.trial.report(step=self._current, **metrics)
        return self._current < self.last and self.trial.stopped

    def end(self) -> None:
        """The current epoch is over, if there is one."""
        if self._current is None:
            return
        last = self._current == self.last or self.trial.cut
        if self._save is not None and (last or self._times.due(self._current)):
            with self._times.saving():
                self._save()
        self._current = None
