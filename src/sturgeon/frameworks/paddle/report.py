"""PaddlePaddle: a callback that reports a trial, ends it early, and keeps its checkpoints."""

from __future__ import annotations

from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import paddle

from sturgeon.errors import InputError
from sturgeon.frameworks.common.epoch_callbacks import EpochCallback
from sturgeon.frameworks.paddle.checkpoint import restore_model, save_model


class Report(EpochCallback, paddle.callbacks.Callback):
    """Reports a trial that ``paddle.Model.fit`` trains, after each epoch.

    Reported are ``loss`` and the metrics of the model by their names, and with ``eval_data`` the same with
    ``val_`` before them; an epoch that ``eval_freq`` leaves out is not reported. When the trial is to stop,
    ``fit`` ends after the epoch. An attempt that was killed or paused is resumed exactly: weights,
    optimiser, schedule and random generators are those of the last checkpoint, and ``fit`` trains the epochs
    that are left of ``epochs``. For that, hand ``fit`` a ``paddle.io.DataLoader(..., shuffle=True)``: where
    it makes one from a dataset, the order of the rows starts again.

    A checkpoint is an ``.npz`` file with arrays and JSON: reading one runs no code. The last one of the
    best trial stays: ``network.set_state_dict(load_weights(study.best.checkpoint))``.

    The arguments are those of :class:`sturgeon.frameworks.common.report.TrialReport`.

    Example:
        In a training function::

            def train(trial):
                paddle.seed(trial.seed % 2**31)
                model = paddle.Model(build(trial.config))
                model.prepare(optimizer, paddle.nn.CrossEntropyLoss(), paddle.metric.Accuracy())
                model.fit(training, validation, epochs=20, verbose=0, callbacks=[Report(trial)])

            study = st.tune(train, space, maximize="val_acc", trials=32)
    """

    ending = ".npz"

    _training: dict[str, float]
    _fitting = False
    _surplus = False

    # -- what PaddlePaddle calls -----------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Go on from the checkpoint, if there is one, and begin to count."""
        self._restore()
        self._fitting = True
        self._model.stop_training = False
        self._begin(self.params["epochs"])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Save a checkpoint of the epoch before."""
        current = self._next_epoch()
        self._surplus = current is None
        # `fit` counts its epochs from 0 in every attempt.
        self._model.stop_training = current is None or current == self._last_epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report, unless there is an evaluation to wait for."""
        self._training = metrics_of(logs)
        if self._model._test_dataloader is None:
            self._tell(self._training)

    def on_eval_end(self, logs: Any = None) -> None:
        """Report what the training and the evaluation of an epoch gave."""
        if self._fitting:
            validation = {f"val_{name}": value for name, value in metrics_of(logs).items()}
            self._tell({**self._training, **validation})

    def on_train_end(self, logs: Any = None) -> None:
        """Save a checkpoint of the last epoch."""
        self._save_last()
        self._fitting = False
        if self._surplus:  # `fit` trains one epoch at least, also where none was left
            self._restore()

    # -- the rest --------------------------------------------------------------------------------

    @property
    def _model(self) -> paddle.Model:
        assert self.model is not None, "`fit` sets it before it calls"
        return self.model

    def _tell(self, metrics: dict[str, float]) -> None:
        if not self._surplus and self._report(metrics):
            self._model.stop_training = True

    def _write(self, path: Path) -> None:
        save_model(path, self._model)

    def _restore(self) -> None:
        if self._files is not None and self.trial.resume_from is not None:
            copied = self.trial.copied_from is not None
            restore_model(self.trial.resume_from, self._model, copied=copied)


def metrics_of(logs: Any) -> dict[str, float]:
    """Give the metrics of an epoch by name; a loss is a list, of several losses if there are some."""
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        if name in ("step", "batch_size"):
            continue
        values = list(value) if isinstance(value, list | tuple) else [value]
        names = [name] if len(values) == 1 else [f"{name}_{number}" for number in range(len(values))]
        for one, number in zip(names, values, strict=True):
            if not isinstance(number, Real | np.generic):
                raise InputError(f"A metric must be a number; got {number!r} for {one!r} of PaddlePaddle.")
            found[one] = float(number)
    return found
