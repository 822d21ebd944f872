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

from sturgeon.caviar.lanes.backend import OneLaneProgram, TrainingJob
from sturgeon.caviar.lanes.stacking import restore_tree
from sturgeon.caviar.models.epoch import ModelInputs, ModelState, make_epoch, train_step, used_rows
from sturgeon.caviar.models.layout import Layout
from sturgeon.caviar.models.model import LaneModel
from sturgeon.caviar.models.rows import Part, Rows
from sturgeon.caviar.models.seeds import dropout_stream
from sturgeon.errors import InputError
from sturgeon.network import streams
from sturgeon.space import Config


class AloneProgram(OneLaneProgram):
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

    def start(self, job: TrainingJob) -> ModelState:
        """See :class:`LaneProgram`."""
        parts = self._model.start(job.config, job.seed)
        return ModelState(tuple(np.asarray(leaf) for leaf in self._layout.flatten(parts)), np.int32(0))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> ModelState:
        """See :class:`LaneProgram`."""
        return restore_tree(self, job, leaves)

    def leaves(self, job: TrainingJob, state: ModelState) -> tuple[np.ndarray, ...]:
        """See :class:`LaneProgram`."""
        return tuple(jax.tree.leaves(state))

    def run(self, state: ModelState, inputs: tuple[TrainingJob, int]) -> tuple[ModelState, dict[str, float]]:
        """See :class:`LaneProgram`."""
        job, epoch = inputs
        order = streams.row_order(job.seed, epoch, self._rows.training.rows)[: self._used]
        given = state, ModelInputs({}, streams.dropout_key(job.seed), order), *self._rows
        with contextlib.nullcontext() if self._compiles else jax.disable_jit():
            after, metrics = self._epoch(*jax.tree.map(jax.numpy.asarray, given))
        return jax.tree.map(np.asarray, after), {name: float(value) for name, value in metrics.items()}

    def network(self, job: TrainingJob, state: ModelState) -> Any:
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
