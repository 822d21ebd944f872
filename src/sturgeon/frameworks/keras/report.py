"""A callback that makes an ordinary ``fit`` the training of a trial."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.frameworks.common.epoch_callbacks import EpochCallback
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.keras.live_settings import apply_settings, check_settings, read_settings
from sturgeon.frameworks.keras.state import load_state, save_state

keras: Any = import_extra("keras", "keras")


class Report(EpochCallback, keras.callbacks.Callback):
    """Reports ``fit`` to a trial: metrics, early stopping, checkpoints, and settings changed live.

    After each epoch the logs are reported under their names (``loss``, ``val_loss``, ``accuracy``, …), and
    ``fit`` ends when the trial is to end. Give it as the last callback, so that it sees what others log.

    A checkpoint holds the weights, the optimiser's state and the states of random layers. When a trial
    resumes that was paused, or whose worker was killed, its ``fit`` loads the last one and begins after that
    epoch. One that goes on from the checkpoint of another (``st.PopulationBasedTraining``) has its own
    rate. The last one of the best trial stays, with the network as it is when ``train`` has returned:
    ``load_weights(study.best.checkpoint, build(study.best.config))``. To keep the best epoch's weights, put
    Keras's own ``EarlyStopping(restore_best_weights=True)`` before the report.

    Args:
        trial: What ``train(trial)`` is given.
        checkpoints: See :class:`sturgeon.frameworks.common.report.TrialReport`.
        save_every: The same.

    Example:
        Three lines turn a training into one that can be tuned::

            def train(trial):
                model = build(trial.config)
                model.fit(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[keras.Report(trial)])

            study = st.tune(train, space, minimize="val_loss", trials=32)
    """

    ending = ".npz"

    def __init__(
        self,
        trial: LiveTrial,
        *,
        checkpoints: bool | str | os.PathLike[str] = True,
        save_every: int | None = None,
    ) -> None:
        super().__init__(trial, checkpoints=checkpoints, save_every=save_every)
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

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Load the last checkpoint, and tell ``fit`` where to begin."""
        model, trial = self.model, self.trial
        earlier, count = trial.planned, self.params["epochs"]
        self._begin(count)
        first = self._next_epoch()
        if trial.resume_from is not None and (earlier or -1) < trial.resume_step <= earlier + count:
            own = read_settings(model.optimizer)
            live = load_state(model, trial.resume_from)["live"]
            if trial.copied_from is None:
                self._live = live
                apply_settings(model, live)
            elif "learning_rate" in own:  # the one setting that a checkpoint holds
                apply_settings(model, {"learning_rate": own["learning_rate"]})
        # As Keras's own BackupAndRestore does it; None lets `fit` begin where it was told to.
        model._initial_epoch = count if first is None else (first - earlier - 1) or None

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
        self._report({**self._live, **(logs or {})})
        # Not when the next epoch begins: by then a schedule has set the learning rate of that one.
        if self._next_epoch() is None:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Let a later ``fit`` of the same model begin where it is told to."""
        self.model._initial_epoch = None
        # Other callbacks may have changed the weights at the end: EarlyStopping restores the best epoch's.
        self._unsaved = not self.trial.cut

    def _write(self, path: Path) -> None:
        save_state(self.model, path, {"live": self._live})
