"""Keras: a callback that has ``fit`` tended by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.common.random_states import host_random, restore_host_random
from sturgeon.frameworks.common.tending import TendedEpochs
from sturgeon.frameworks.keras.live_settings import apply_settings, check_settings, read_settings
from sturgeon.frameworks.keras.state import load_state, save_state
from sturgeon.panda.training import Training

keras: Any = import_extra("keras", "keras")


class Panda(TendedEpochs, keras.callbacks.Callback):
    """Tends ``fit``: changes at a mini-batch, checkpoints, branches and rewinds between two epochs.

    ``fit`` counts epochs that are trained again too: give it many, and say by ``epochs`` how many each
    branch is
    to have. A branch with no change repeats its parent to the bit on the CPU where the rows come in an
    order that
    only the epoch decides (``shuffle=False``, or a ``PyDataset`` of one's own); random layers go on exactly.
    With the JAX backend, changes hold from the next epoch on.

    The arguments are those of :class:`sturgeon.frameworks.common.tending.TendedEpochs`.

    Example:
        In a script::

            model.fit(x, y, validation_data=(x_val, y_val), epochs=1000,
                      callbacks=[Panda("run.study", epochs=30)])
    """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin to listen."""
        if self._epochs is None:
            self._epochs = self.params["epochs"]
        self._begin(KerasTraining(self.model))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Carry out what was asked."""
        # The state of a step that JAX compiled is in its own hands until the end of the epoch.
        if keras.backend.backend() != "jax" and self._after_batch():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report, and carry out what waits for the end of an epoch."""
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        if self._after_epoch({name: value for name, value in metrics.items() if name != "learning_rate"}):
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """End the run."""
        self._finish()


class KerasTraining(Training):
    """A compiled model as a training that is tended."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def values(self) -> dict[str, Any]:
        """What the optimiser has now."""
        return read_settings(self._model.optimizer)

    def apply(self, values: Mapping[str, Any]) -> None:
        """Give the optimiser new values."""
        check_settings(self._model.optimizer, values)
        apply_settings(self._model, values)

    @property
    def can_save(self) -> bool:
        """Once the model has its variables."""
        return bool(self._model.built)

    def save(self, path: Path) -> None:
        """Write arrays and JSON; nothing is pickled."""
        save_state(self._model, path, {"random": host_random()})

    def load(self, path: Path, values: Mapping[str, Any]) -> str:
        """Set the model, its optimiser and the host's random generators to what was saved."""
        about = load_state(self._model, path)
        restore_host_random(about["random"])
        now = self.values
        different = {name: value for name, value in values.items() if name in now and now[name] != value}
        if different:
            self.apply(different)
        return ""
