"""What the report of every framework does: it takes a trial, and keeps checkpoints of its training."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import InputError
from sturgeon.frameworks.common.checkpoint_files import CheckpointFiles
from sturgeon.frameworks.common.checkpoint_schedule import CheckpointSchedule


class TrialReport(ABC):
    """Reports a training to a trial, and keeps checkpoints of it.

    Attributes:
        trial: The trial.
        ending: How the names of checkpoint files end.
    """

    ending: ClassVar[str]

    def __init__(
        self,
        trial: LiveTrial,
        *,
        checkpoints: bool | str | os.PathLike[str] = True,
        save_every: int | None = None,
    ) -> None:
        """Take the trial.

        Args:
            trial: What ``train(trial)`` is given.
            checkpoints: A folder for checkpoint files, where they stay, and which other machines can see;
                True for the trial's own, beside the study, which is removed when the trial has ended unless
                it is the best; False for none.
            save_every: After how many epochs a checkpoint is written, at least 1; by default every ten
                seconds, or less often where that would take over half a per cent of the time. After a kill,
                the epochs since then are trained again. Whenever a training ends, a checkpoint holds what was
                trained last.

        Raises:
            InputError: ``trial`` is not a running trial, or ``save_every`` is not a whole number from 1.
        """
        super().__init__()  # the framework's own callback, where it is one
        if not isinstance(trial, LiveTrial):
            raise InputError(
                f"`Report` needs the running trial that `train` is given; got a {type(trial).__name__}. "
                "Write Report(trial) in def train(trial)."
            )
        self.trial = trial
        self._schedule = CheckpointSchedule(save_every)
        folder = trial.folder if checkpoints is True else checkpoints
        self._files = CheckpointFiles(trial, folder, self.ending) if folder else None
        self._unsaved = False
        self._step: int | None = None  # the last that was reported, where the trial may be further
        trial.can_save = self._files is not None
        trial.at_end = self._save_last

    def save(self) -> None:
        """Hand over a checkpoint of the training as it is now, as one of the last epoch that was reported."""
        if self._files is not None:
            with self._schedule.saving():
                self._files.hand_over(self._write, self._step)
        self._unsaved = False

    def _save_last(self) -> None:
        """Hand over a checkpoint at the end of the training, where none holds what was trained last."""
        if self._unsaved:
            self.save()

    @abstractmethod
    def _write(self, path: Path) -> None:
        """Write a file with all that a later attempt resumes from."""
