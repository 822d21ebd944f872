"""One lane by itself with a Keras model's own ``fit``: whatever the model, whatever the backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sturgeon.caviar.lanes.backend import OneLaneProgram, TrainingJob
from sturgeon.caviar.models.epoch import used_rows
from sturgeon.caviar.models.rows import Rows
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.keras.building import Build, build_model
from sturgeon.frameworks.keras.state import FitState, KerasTrained, read_state, write_state
from sturgeon.network import streams
from sturgeon.space import Config

keras: Any = import_extra("keras", "keras")


class FitProgram(OneLaneProgram):
    """Trains one configuration's model with ``fit``, an epoch at a time.

    Args:
        build: The user's builder.
        config: The configuration.
        rows: The data.
        batch: Rows of a mini-batch, at most the training rows.

    Raises:
        Exception: Whatever the builder raises.
    """

    def __init__(self, build: Build, config: Config, rows: Rows, batch: int) -> None:
        self._build = build
        self._rows = rows
        self._batch = batch
        self._model = build_model(build, config, 0, rows.training.x)

    def start(self, job: TrainingJob) -> FitState:
        """See :class:`LaneProgram`."""
        return read_state(build_model(self._build, job.config, job.seed, self._rows.training.x))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> FitState:
        """See :class:`LaneProgram`."""
        variables = len(self._model.variables)
        return FitState(list(leaves[:variables]), list(leaves[variables:]))

    def leaves(self, job: TrainingJob, state: FitState) -> tuple[np.ndarray, ...]:
        """See :class:`LaneProgram`."""
        return (*state.model, *state.optimizer)

    def run(self, state: FitState, inputs: tuple[TrainingJob, int]) -> tuple[FitState, dict[str, float]]:
        """See :class:`LaneProgram`."""
        write_state(self._model, state)
        rows = self._rows.training.rows
        order = streams.row_order(inputs[0].seed, inputs[1], rows)[: used_rows(rows, self._batch)]
        training = keras.tree.map_structure(lambda leaf: leaf[order], tuple(self._rows.training))
        history = self._model.fit(
            *training,
            batch_size=self._batch,
            epochs=1,
            shuffle=False,
            validation_data=tuple(self._rows.validation),
            verbose=0,
        ).history
        values = {"train_loss": history["loss"], **{n: v for n, v in history.items() if n[:4] == "val_"}}
        return read_state(self._model), {name: float(np.float32(value[0])) for name, value in values.items()}

    def network(self, job: TrainingJob, state: FitState) -> KerasTrained:
        """See :class:`LaneProgram`."""
        values = {id(v): value for v, value in zip(self._model.variables, state.model, strict=True)}
        weights = [np.asarray(values[id(v)]) for v in self._model.weights]
        return KerasTrained(job.config, self._build, weights, self._rows.training.x)
