"""PaddlePaddle: a callback that has ``paddle.Model.fit`` tended by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paddle

from sturgeon.errors import InputError
from sturgeon.frameworks.common.tending import TendedEpochs
from sturgeon.frameworks.paddle.checkpoint import restore_model, save_model
from sturgeon.frameworks.paddle.report import metrics_of
from sturgeon.panda.training import Training

_ATTRIBUTES = {"momentum": "_momentum", "beta1": "_beta1", "beta2": "_beta2"}


class Panda(TendedEpochs, paddle.callbacks.Callback):
    """Tends ``fit``: changes at a mini-batch, checkpoints, branches and rewinds between two epochs.

    ``fit`` counts epochs that are trained again too: give it many, and say by ``epochs`` how many each
    branch is
    to have. With ``eval_data`` an epoch is reported with its evaluation, as ``val_loss`` and so on.

    The arguments are those of :class:`sturgeon.frameworks.common.tending.TendedEpochs`.

    Example:
        In a script::

            model.fit(training, validation, epochs=1000, verbose=0, callbacks=[Panda("run.study", epochs=30)])
    """

    _logged: Mapping[str, float] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to listen."""
        if self._epochs is None:
            self._epochs = self.params["epochs"]
        self._model.stop_training = False
        self._begin(PaddleTraining(self._model))

    def on_train_batch_end(self, step: int, logs: Any = None) -> None:
        """Carry out what was asked."""
        if self._after_batch():
            self._model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report, unless there is an evaluation to wait for."""
        self._logged = metrics_of(logs)
        if self._model._test_dataloader is None:
            self._tell(self._logged)

    def on_eval_end(self, logs: Any = None) -> None:
        """Report what the training and the evaluation of an epoch gave."""
        if self.run is not None:
            self._tell({**self._logged, **{f"val_{name}": value for name, value in metrics_of(logs).items()}})

    def on_train_end(self, logs: Any = None) -> None:
        """End the run."""
        self._finish()

    def _tell(self, metrics: Mapping[str, float]) -> None:
        if self._after_epoch(metrics):
            self._model.stop_training = True

    @property
    def _model(self) -> paddle.Model:
        assert self.model is not None, "`fit` sets it before it calls"
        return self.model


class PaddleTraining(Training):
    """A prepared model as a training that is tended."""

    def __init__(self, model: paddle.Model) -> None:
        self._model = model

    @property
    def _optimizer(self) -> Any:
        return self._model._optimizer

    @property
    def values(self) -> dict[str, Any]:
        """What the optimiser has now."""
        optimizer = self._optimizer
        held = {name: getattr(optimizer, own, None) for name, own in _ATTRIBUTES.items()}
        return {
            "learning_rate": float(optimizer.get_lr()),
            **{name: float(value) for name, value in held.items() if isinstance(value, float)},
        }

    def apply(self, values: Mapping[str, Any]) -> None:
        """Give the optimiser new values."""
        now = self.values
        unknown = [name for name in values if name not in now]
        if unknown:
            raise InputError(
                f"A setting must be one of the optimiser's; got {unknown[0]!r}, it has {sorted(now)}."
            )
        for name, value in values.items():
            if name != "learning_rate":
                setattr(self._optimizer, _ATTRIBUTES[name], float(value))
                continue
            try:
                self._optimizer.set_lr(float(value))
            except RuntimeError as error:  # a schedule sets it
                raise InputError(
                    f"`learning_rate` is set by a schedule here ({' '.join(str(error).split())[:80]}). "
                    "Give the optimiser a number to set it by hand."
                ) from error

    @property
    def can_save(self) -> bool:
        """Always."""
        return True

    def save(self, path: Path) -> None:
        """Write arrays and JSON; nothing is pickled."""
        save_model(path, self._model)

    def load(self, path: Path, values: Mapping[str, Any]) -> str:
        """Set the model, its optimiser and the random generators to what was saved."""
        restore_model(str(path), self._model)
        self.apply({name: value for name, value in values.items() if name in self.values})
        return ""
