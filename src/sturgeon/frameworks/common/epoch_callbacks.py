"""A report to a trial whose framework runs the loop itself and calls a callback."""

from __future__ import annotations

from collections.abc import Iterator

from sturgeon.frameworks.common.report import TrialReport


class EpochCallback(TrialReport):
    """Keeps a trial in step with a framework that counts the epochs.

    A subclass is a callback of its framework. It calls ``_begin`` once, then for each epoch ``_next_epoch``
    and ``_report``, and ``_end_epoch`` at last. The checkpoint of an epoch is written when the next one is
    asked for or the training ends: by then schedules of the learning rate and other callbacks have done what
    they do at the end of an epoch.
    """

    _epochs: Iterator[int] = iter(())
    _epoch: int | None = None  # the current one of the trial, from 1; None where there is none to be trained
    _last_epoch = 0

    def _begin(self, count: int) -> None:
        """The training begins, or resumes; it is to have so many epochs in all."""
        self._epochs = self.trial.epochs(count)
        self._last_epoch = self.trial.planned  # not `count`: the trial may have trained something before

    def _next_epoch(self) -> int | None:
        """The next epoch begins; give its number, from 1, or None if there is none to be trained."""
        self._end_epoch()
        self._epoch = next(self._epochs, None)
        return self._epoch

    def _report(self, metrics: dict[str, float]) -> bool:
        """Report on the current epoch; tell whether the training is to end after it."""
        if self._epoch is None:
            return True
        metrics = {name: value for name, value in metrics.items() if name != "step"}  # that is the epoch
        if metrics:
            self.trial.report(step=self._epoch, **metrics)
        return self._epoch < self._last_epoch and self.trial.stopped

    def _end_epoch(self) -> None:
        """The current epoch is over, if there is one: save a checkpoint where one is due."""
        if self._epoch is None:
            return
        if self._epoch == self._last_epoch or self.trial.cut or self._schedule.due(self._epoch):
            self.save()
        self._epoch = None
