"""One lane by itself with a Keras model's own ``fit``: whatever the model, whatever the backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sturgeon.caviar.fused import LaneProgram, Member
from sturgeon.caviar.pure.epoch import used_rows
from sturgeon.caviar.pure.rows import Rows
from sturgeon.caviar.stacked import stack_on, take_lane
from sturgeon.frameworks.keras_building import Build, build_model
from sturgeon.frameworks.keras_import import keras
from sturgeon.frameworks.keras_state import FitState, read_state, write_state
from sturgeon.frameworks.keras_trained import KerasTrained
from sturgeon.network import streams
from sturgeon.space import Config


class FitProgram(LaneProgram):
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

    def start(self, member: Member) -> FitState:
        """See :class:`LaneProgram`."""
        return read_state(build_model(self._build, member.config, member.seed, self._rows.training.x))

    def stack(self, states: Sequence[FitState]) -> FitState:
        """See :class:`LaneProgram`."""
        return stack_on(None, states)

    def lane(self, state: FitState, index: int) -> FitState:
        """See :class:`LaneProgram`."""
        return take_lane(state, index)

    def inputs(self, member: Member, epoch: int) -> np.ndarray:
        """See :class:`LaneProgram`."""
        rows = self._rows.training.rows
        return streams.row_order(member.seed, epoch, rows)[: used_rows(rows, self._batch)]

    def run(self, state: FitState, inputs: np.ndarray) -> tuple[FitState, dict[str, Any]]:
        """See :class:`LaneProgram`."""
        lane = FitState(*([np.asarray(value[0]) for value in part] for part in state))
        write_state(self._model, lane)
        order = np.asarray(inputs[0])
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
        after = keras.tree.map_structure(lambda leaf: leaf[None], read_state(self._model))
        return FitState(*after), {name: np.asarray(value, np.float32) for name, value in values.items()}

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        """See :class:`LaneProgram`."""
        return values

    def pack(self, member: Member, state: FitState) -> FitState:
        """See :class:`LaneProgram`."""
        return state

    def unpack(self, member: Member, state: FitState) -> FitState:
        """See :class:`LaneProgram`."""
        return state

    def network(self, member: Member, state: FitState) -> KerasTrained:
        """See :class:`LaneProgram`."""
        values = {id(v): value for v, value in zip(self._model.variables, state.model, strict=True)}
        weights = [np.asarray(values[id(v)]) for v in self._model.weights]
        return KerasTrained(member.config, self._build, weights, self._rows.training.x)
