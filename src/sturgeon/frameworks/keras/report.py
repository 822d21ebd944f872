"""A callback that makes an ordinary ``fit`` the training of a trial."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import InputError
from sturgeon.frameworks.common.checkpoint_schedule import SaveTimes
from sturgeon.frameworks.keras.importing import keras
from sturgeon.frameworks.keras.live_settings import apply_settings, check_settings
from sturgeon.frameworks.keras.state import load_state, save_state


class Report(keras.callbacks.Callback):
    """Reports ``fit`` to a trial: metrics, early stopping, checkpoints, and settings changed live.

    After each epoch the logs are reported under their names (``loss``, ``val_loss``, ``accuracy``, …), and
    ``fit`` ends when the trial is to end. Give it as the last callback, so that it sees what others log.

    A checkpoint holds the weights, the optimiser's state and the states of random layers. One is handed over
    when the trial is told to end, and on the way every ten seconds, or as rarely as keeps its cost below half
    a per cent. When a trial goes on that was put aside, or whose worker was killed, its ``fit`` takes up the
    last one and begins after that epoch.

    Args:
        trial: What ``train(trial)`` is given.
        checkpoints: False for none; or a folder to keep them in, which other machines can see and where
            they stay. By default they lie beside the study, and only the best trial's stays.
        save_every: After how many epochs to hand one over, at least 1; by default by the clock, as above.

    Raises:
        InputError: ``trial`` is no running trial, or ``save_every`` no whole number from 1.

    Example:
        Three lines turn a training into one that can be tuned::

            def train(trial):
                model = build(trial.config)
                model.fit(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[keras.Report(trial)])

            study = st.tune(train, space, minimize="val_loss", trials=32)
    """

    def __init__(
        self,
        trial: LiveTrial,
        *,
        checkpoints: bool | str | os.PathLike[str] = True,
        save_every: int | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(trial, LiveTrial):
            raise InputError(
                f"`Report` needs the running trial that `train` is given; got a {type(trial).__name__}. "
                "Write keras.Report(trial) in def train(trial)."
            )
        self._trial = trial
        self._folder = _folder(trial, checkpoints)
        self._times = SaveTimes(save_every)
        self._saved: Path | None = None
        self._epochs: Iterator[int] = iter(())
        self._epoch: int | None = None  # of the trial, from 1; None where none was left to train
        self._live: dict[str, float] = {}
        self._wanted: dict[str, float] = {}
        self._changing = threading.Lock()

    def set(self, **settings: float) -> None:
        """Change settings of the optimiser while it trains: from the next epoch on.

        It may be called from any thread, and by another callback. The settings that were changed are reported
        with the metrics from then on, under their names, and are kept in checkpoints.

        Args:
            **settings: ``learning_rate``, above 0, and ``momentum``, from 0 to below 1 (for Adam and its
                like, beta_1); or another number of the optimiser's between 0 and 1, by its name.

        Raises:
            InputError: The optimiser has no such setting, or the value is out of its range.

        Example:
            From another callback, or a thread that listens to you::

                report = keras.Report(trial)
                report.set(learning_rate=1e-4, momentum=0.95)
        """
        check_settings(None if self._model is None else self._model.optimizer, settings)
        with self._changing:
            self._wanted.update(settings)

    def save(self) -> None:
        """Hand over a checkpoint of the model as it is now, as one of the last epoch that was reported."""
        if self._folder is None:
            return
        step = self._trial.resume_step if self._epoch is None else self._epoch
        path = self._folder / f"trial-{self._trial.number}-epoch-{step}.npz"
        with self._times.saving():
            save_state(self.model, path, {"live": self._live})
            self._trial.checkpoint(path)
        # Only now: until it was written down, the earlier one is what the trial would go on from.
        if self._saved is not None and self._saved != path:
            self._saved.unlink(missing_ok=True)
        self._saved = path

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Take up the last checkpoint, and tell ``fit`` where to begin."""
        model, trial = self.model, self._trial
        trial.can_save = self._folder is not None
        earlier, count = trial.planned, self.params["epochs"]
        self._epochs = trial.epochs(count)
        self._epoch = next(self._epochs, None)
        if trial.resume_from is not None and earlier <= trial.resume_step <= earlier + count:
            self._saved = Path(trial.resume_from).absolute()
            self._live = load_state(model, trial.resume_from)["live"]
            apply_settings(model, self._live)
        # As Keras's own BackupAndRestore does it; None lets `fit` begin where it was told to.
        model._initial_epoch = count if self._epoch is None else (self._epoch - earlier - 1) or None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Change the settings that are to be changed."""
        with self._changing:
            wanted, self._wanted = self._wanted, {}
        if wanted:
            check_settings(self.model.optimizer, wanted)
            apply_settings(self.model, wanted)
            self._live.update(wanted)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report the epoch, hand over a checkpoint if it is time, and see whether the trial goes on."""
        trial = self._trial
        trial.report(**{**self._live, **(logs or {})})
        last = self._epoch == trial.planned  # then it is over anyway, and not cut short
        if not last and (trial.stopped or self._due):
            self.save()
        following = next(self._epochs, None)
        if following is None:
            self.model.stop_training = True
        else:
            self._epoch = following

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Let a later ``fit`` of the same model begin where it is told to."""
        self.model._initial_epoch = None

    @property
    def _due(self) -> bool:
        return self._folder is not None and self._epoch is not None and self._times.due(self._epoch)


def _folder(trial: LiveTrial, checkpoints: bool | str | os.PathLike[str]) -> Path | None:
    if isinstance(checkpoints, bool):
        return Path(trial.folder) if checkpoints and trial.folder is not None else None
    return Path(checkpoints).absolute()
