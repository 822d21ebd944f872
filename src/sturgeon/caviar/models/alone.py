"""One lane by itself, for a model of pure functions that cannot be traced for several at once.

Its step is compiled where that is possible; else each operation is done as it comes, which is slow, and
lets the functions look at the values themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.lanes.backend import LaneProgram, TrainingJob
from sturgeon.caviar.lanes.stacking import stack_on, take_lane
from sturgeon.caviar.models.epoch import PureInputs, PureState, make_epoch, train_step, used_rows
from sturgeon.caviar.models.layout import Layout
from sturgeon.caviar.models.model import LaneModel
from sturgeon.caviar.models.rows import Part, Rows
from sturgeon.caviar.models.seeds import dropout_stream
from sturgeon.errors import InputError
from sturgeon.network import streams
from sturgeon.space import Config


class AloneProgram(LaneProgram):
    """Trains one configuration's model, its hyperparameters all plain Python numbers.

    Args:
        model: How it starts and is handed back.
        config: Its configuration.
        rows: The data.
        batch: Rows of a mini-batch, at most the training rows.

    Raises:
        Exception: It cannot be trained like this either; whatever its functions raise.
    """

    def __init__(self, model: LaneModel, config: Config, rows: Rows, batch: int) -> None:
        self._model = model
        self._rows = rows
        self._used = used_rows(rows.training.rows, batch)
        self._recipe = model.recipe(config)
        parts = model.start(config, 0)
        self._layout = Layout(parts)
        first: Part = jax.tree.map(lambda leaf: leaf[:batch], rows.training)
        arguments = parts, first, dropout_stream(0)

        def step(parts: Any, rows: Part, key: jax.Array) -> Any:
            return train_step(self._recipe, parts, rows, key, config)

        self._compiles = _can_compile(step, *arguments)
        if not self._compiles:
            with jax.disable_jit():
                step(*arguments)
        epoch = make_epoch(self._recipe, self._layout, config, batch)
        self._epoch = jax.jit(epoch) if self._compiles else epoch

    def start(self, job: TrainingJob) -> PureState:
        """See :class:`LaneProgram`."""
        parts = self._model.start(job.config, job.seed)
        return PureState(tuple(np.asarray(leaf) for leaf in self._layout.flatten(parts)), np.int32(0))

    def stack(self, states: Sequence[PureState]) -> PureState:
        """See :class:`LaneProgram`."""
        return stack_on(None, states)

    def lane(self, state: PureState, index: int) -> PureState:
        """See :class:`LaneProgram`."""
        return take_lane(state, index)

    def inputs(self, job: TrainingJob, epoch: int) -> PureInputs:
        """See :class:`LaneProgram`."""
        order = streams.row_order(job.seed, epoch, self._rows.training.rows)[: self._used]
        return PureInputs({}, streams.dropout_key(job.seed), order)

    def run(self, state: PureState, inputs: PureInputs) -> tuple[PureState, dict[str, Any]]:
        """See :class:`LaneProgram`."""
        one, of_one = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf[0]), (state, inputs))
        rows = jax.tree.map(jax.numpy.asarray, self._rows)
        with contextlib.nullcontext() if self._compiles else jax.disable_jit():
            after, metrics = self._epoch(one, of_one, *rows)
        return jax.tree.map(lambda leaf: np.asarray(leaf)[None], (after, metrics))

    def metrics(self, values: dict[str, float]) -> dict[str, float]:
        """See :class:`LaneProgram`."""
        return values

    def pack(self, job: TrainingJob, state: PureState) -> PureState:
        """See :class:`LaneProgram`."""
        return state

    def unpack(self, job: TrainingJob, state: PureState) -> PureState:
        """See :class:`LaneProgram`."""
        return state

    def network(self, job: TrainingJob, state: PureState) -> Any:
        """See :class:`LaneProgram`."""
        parts = self._layout.join(state.leaves)
        return self._model.network(job.config, parts.params, parts.state)


def _can_compile(step: Any, *arguments: Any) -> bool:
    try:
        jax.eval_shape(step, *arguments)
    except InputError:
        raise
    except Exception:  # a user's code may raise anything when it is given traced arrays
        return False
    return True
