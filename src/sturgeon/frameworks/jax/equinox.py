"""Models of Equinox in lanes: batch-norm averages and dropout keys are each lane's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import equinox as eqx
import jax
import numpy as np

from sturgeon.caviar.models.functions import Optimizer, begin_optimizer, descent_of
from sturgeon.caviar.models.model import LaneConfig, Loss, Outputs, Parts, Recipe, Tree
from sturgeon.caviar.models.population import tune_model
from sturgeon.caviar.models.rows import read_rows
from sturgeon.caviar.models.run import PopulationResult, RunOptions
from sturgeon.errors import InputError
from sturgeon.frameworks.common.fraction import is_fraction
from sturgeon.frameworks.jax.builder import BuiltModel, call_builder
from sturgeon.space import Config, Space


def population(
    build: Callable[..., eqx.Module],
    loss: Loss,
    data: Any,
    space: Space,
    *,
    optimizer: Optimizer,
    epochs: int,
    metrics: Mapping[str, Loss] | None = None,
    minimize: str | None = None,
    **options: Unpack[RunOptions],
) -> PopulationResult:
    """Search for the configuration with which a model of Equinox does best, many trained at once.

    All but ``build`` is as for :func:`sturgeon.population`; see :class:`EquinoxModel` for what makes groups.

    Args:
        build: ``build(config, key) -> eqx.Module``, or ``build(config)``, which then draws by itself.
        loss: ``loss(outputs, y) -> number``, the mean over the rows of a batch.
        data: ``((x_train, y_train), (x_val, y_val))``.
        space: What may vary.
        optimizer: ``optimizer(config) -> optax.GradientTransformation``.
        epochs: How many epochs a trial trains for.
        metrics: More functions like ``loss``, by name.
        minimize: The metric to be minimised, ``"val_loss"`` by default; or give ``maximize``.
        **options: See :class:`RunOptions`.

    Returns:
        ``result.study``, and ``result.best``, an :class:`EquinoxTrained`.

    Example:
        >>> import equinox as eqx, numpy as np, optax
        >>> from sturgeon.space import Real, Space
        >>> x = np.random.default_rng(0).normal(size=(80, 3))
        >>> y = x.sum(axis=1)
        >>> result = population(
        ...     lambda config, key: eqx.nn.MLP(3, "scalar", 8, 1, key=key),
        ...     lambda outputs, y: ((outputs - y) ** 2).mean(),
        ...     ((x[:60], y[:60]), (x[60:], y[60:])),
        ...     Space(learning_rate=Real(1e-3, 0.1, scale="log")),
        ...     optimizer=lambda config: optax.adam(config["learning_rate"]),
        ...     epochs=5, trials=4, batch_size=16,
        ... )
        >>> result.best.predict(x[60:]).shape
        (20,)
    """
    model = EquinoxModel(build, loss, optimizer, dict(metrics or {}))
    return tune_model(model, read_rows(data), space, epochs, minimize, options)


@dataclass(frozen=True)
class EquinoxTrained:
    """A trained model of Equinox.

    Attributes:
        config: The configuration it was trained with.
        model: The module, in inference mode.
        state: Its ``eqx.nn.State``; empty for one without.
    """

    config: Config
    model: eqx.Module
    state: eqx.nn.State

    def predict(self, x: Any) -> Any:
        """The outputs for rows, dropout off and batch norm with its running averages."""
        outputs, _ = forward(self.model, self.state, x, jax.random.key(0))
        return jax.tree.map(np.asarray, outputs)


class EquinoxModel(BuiltModel):
    """A builder of Equinox modules, which are called with one row, as is usual there.

    A module is called as ``model(x)``, with ``key=`` where it takes one, and as ``model(x, state)`` where it
    has a state; then it hands back ``(output, state)``. Rows are mapped over the axis ``"batch"``. What makes
    groups is everything in the module that is not an array; but for the rate of ``eqx.nn.Dropout``, which
    each lane has its own of.
    """

    def recipe(self, config: Config) -> Recipe:
        """See :class:`LaneModel`."""
        static = self.outline(config).code.tree

        def apply(
            params: Tree, state: Tree, x: Any, key: jax.Array, training: bool, config: LaneConfig
        ) -> Outputs:
            kept, arrays = state
            model = eqx.nn.inference_mode(eqx.combine(params, arrays, static), value=not training)
            outputs, kept = forward(model, kept, x, key)
            return Outputs(outputs, (kept, arrays), 0.0)

        return Recipe(apply, self.loss, descent_of(self.optimizer), self.metrics)

    def network(self, config: Config, params: Tree, state: Tree) -> EquinoxTrained:
        """See :class:`LaneModel`."""
        kept, arrays = state
        model = eqx.combine(params, arrays, self.outline(config).code.tree)
        return EquinoxTrained(config, eqx.nn.inference_mode(model), kept)

    def begin(self, config: Config, initial: jax.Array, dropout: jax.Array) -> tuple[Any, Parts]:
        """See :class:`BuiltModel`; a module is given its keys for dropout as it is called."""
        model, state = eqx.nn.make_with_state(lambda: call_builder(self.build, config, initial))()
        if not isinstance(model, eqx.Module):
            raise InputError(
                f"`build` must hand back a module of Equinox; got a {type(model).__name__}. "
                "Return an eqx.Module."
            )
        model = jax.tree.map(_with_rate, model, is_leaf=_is_dropout)
        learnt = jax.tree.map(_is_learnt, model, is_leaf=_is_dropout)
        params, rest = eqx.partition(model, learnt)
        arrays, static = eqx.partition(rest, eqx.is_array)
        return _Static(static), Parts(
            params, (state, arrays), begin_optimizer(self.optimizer, config, params)
        )


def forward(model: Any, state: eqx.nn.State, x: Any, key: jax.Array) -> tuple[Any, eqx.nn.State]:
    """Call a module with every row of a batch."""
    takes = inspect.signature(model.__call__).parameters
    rows = len(jax.tree.leaves(x)[0])
    keys = jax.random.split(key, rows)
    stateful = "state" in takes and bool(jax.tree.leaves(state))

    def of_row(row: Any, key: jax.Array, state: eqx.nn.State) -> Any:
        more = {"key": key} if "key" in takes else {}
        return model(row, state, **more) if stateful else (model(row, **more), state)

    mapped = jax.vmap(of_row, axis_name="batch", in_axes=(0, 0, None), out_axes=(0, None))
    return mapped(x, keys, state)


class _Static:
    """The part of a module that is not arrays, comparable and hashable."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        leaves, form = jax.tree.flatten(tree)
        self._key = (tuple((type(leaf).__name__, leaf) for leaf in leaves), form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Static) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _is_dropout(node: Any) -> bool:
    return type(node) is eqx.nn.Dropout


def _with_rate(node: Any) -> Any:
    if _is_dropout(node) and is_fraction(node.p):
        return eqx.tree_at(lambda layer: layer.p, node, jax.numpy.float32(node.p))
    return node


def _is_learnt(node: Any) -> Any:
    return jax.tree.map(lambda leaf: False, node) if _is_dropout(node) else eqx.is_inexact_array(node)
