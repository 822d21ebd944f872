"""A training that a framework runs itself, tended through its callbacks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.beginning import tend
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.declared import declare
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.run import Run
from sturgeon.panda.training import Training


class TendedEpochs:
    """Keeps a run in step with a framework that counts the epochs.

    A subclass is a callback of its framework. It calls ``_begin`` once, ``_after_batch`` after each
    mini-batch,
    ``_after_epoch`` after each epoch, and ``_finish`` at the end.

    Attributes:
        run: The run, while it trains.
    """

    run: Run | None = None

    def __init__(
        self,
        study: str | os.PathLike[str],
        *,
        epochs: int | None = None,
        every: int = 1,
        options: RunOptions | None = None,
        coach: Coaching | None = None,
        **hyperparameters: Any,
    ) -> None:
        """Say where the run is kept and what may be changed.

        Args:
            study: A file, or a PostgreSQL URL.
            epochs: How many epochs each branch is to have. Epochs that are trained again after a rewind count
                for the framework, so let it have many, and end by this. None for as many as the framework
                has.
            every: After how many mini-batches to look for commands, at least 1.
            options: The metric, the folder and the disk budget of the checkpoints, and whether to resume.
            coach: Watches the curves; None for one that only speaks.
            hyperparameters: What may be changed, with bounds of one's own; by default what the optimiser has,
                ``learning_rate`` and ``momentum`` among them.

        Raises:
            InputError: ``every`` or ``epochs`` is not a whole number from 1.
        """
        super().__init__()  # the framework's own callback, where it is one
        for name, value in (("every", every), ("epochs", epochs)):
            if value is not None and (isinstance(value, bool) or int(value) != value or value < 1):
                raise InputError(f"`{name}` must be a whole number from 1; got {value!r}.")
        self._study, self._epochs, self._every = study, epochs, every
        self._options = options or RunOptions()
        self._coach = coach
        self._declared = hyperparameters
        self._batches = 0

    def _begin(self, training: Training) -> None:
        """The training begins, or goes on from the last checkpoint."""
        space = declare({**training.values, **self._declared})
        coach = self._coach or Coaching(self._epochs)
        self.run = tend(self._study, training, space, self._options, coach=coach)
        self.run.poll()
        self._start_epoch()

    def _start_epoch(self) -> None:
        if self.run is not None:
            self.run.between_epochs = False

    def _after_batch(self) -> bool:
        """Count a mini-batch, and obey; tells whether the training is to end."""
        run = self.run
        if run is None:
            return False
        self._batches += 1
        run.step(listen=self._batches % self._every == 0)
        return run.stopped

    def _after_epoch(self, metrics: Mapping[str, float]) -> bool:
        """Report an epoch, and obey; tells whether the training is to end."""
        run = self.run
        if run is None:
            return False
        run.end_epoch(metrics)
        run.poll()
        if run.stopped or (self._epochs is not None and run.at.epoch >= self._epochs):
            return True
        self._start_epoch()
        return False

    def _finish(self, *, interrupted: bool = False) -> None:
        """The training has ended."""
        run, self.run = self.run, None
        if run is not None:
            run.close(interrupted=interrupted)
            run.record.study.close()
