"""A report to a trial whose framework runs the loop itself and calls a callback."""

from __future__ import annotations

from collections.abc import Iterator

from sturgeon.frameworks.common.report import TrialReport


class EpochCallback(TrialReport):
    """Keeps a trial in step with a framework that counts the epochs.

    A subclass is a callback of its framework. It calls ``_begin`` once, then for each epoch ``_next_epoch``
    and ``_report``, and ``_save_last`` at the end. The checkpoint of an epoch is written when the next one is
    asked for, or the training ends: by then schedules of the learning rate and other callbacks have done what
    they do at the end of an epoch.
    """

    _epochs: Iterator[int] = iter(())
    _epoch: int | None = None  # the current one of the trial, from 1; None where there is none to be trained
    _last_epoch = 0

    def _begin(self, count: int) -> None:
        """The training begins, or resumes; it is to have so many epochs in all."""
        self._epochs, self._epoch = self.trial.epochs(count), None
        if self._step is None:
            self._step = self.trial.resume_step
        self._last_epoch = self.trial.planned  # not `count`: the trial may have trained something before

    def _next_epoch(self) -> int | None:
        """Save a checkpoint of the current epoch if one is due, and go to the next.

        Returns:
            Its number, from 1; None if there is none to be trained.
        """
        current = self._epoch
        if current is not None and current != self._last_epoch and self._schedule.due(current):
            self.save()
        self._epoch = next(self._epochs, None)
        if self.trial.cut:
            self._save_last()
        return self._epoch

    def _report(self, metrics: dict[str, float]) -> bool:
        """Report on the current epoch; tell whether the training is to end after it."""
        if self._epoch is None:
            return True
        metrics = {name: value for name, value in metrics.items() if name != "step"}  # that is the epoch
        if metrics:
            self.trial.report(step=self._epoch, **metrics)
        self._step, self._unsaved = self._epoch, True
        return self._epoch < self._last_epoch and self.trial.stopped
