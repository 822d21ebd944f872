"""Compiled Keras models in lanes, on the JAX backend, by ``stateless_call``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.models.checks import check_number
from sturgeon.caviar.models.model import (
    CannotFuse,
    LaneConfig,
    LaneModel,
    Outline,
    Outputs,
    Parts,
    Recipe,
    Tree,
)
from sturgeon.caviar.models.rows import Rows
from sturgeon.caviar.models.seeds import on_host
from sturgeon.frameworks.common.fraction import Fraction
from sturgeon.frameworks.keras.building import (
    Build,
    build_model,
    check_fusable,
    describe,
    dropouts,
    optimizer_fractions,
)
from sturgeon.frameworks.keras.fit_program import FitProgram
from sturgeon.frameworks.keras.losses import loss_of, metrics_of
from sturgeon.frameworks.keras.state import KerasTrained
from sturgeon.space import Config, config_key


@dataclass(frozen=True)
class KerasModel(LaneModel):
    """A builder of compiled Keras models.

    Each lane has its own weights, batch-norm averages, seed generators, optimiser variables (with the
    learning rate), dropout rates, and settings of the optimiser between 0 and 1 (momentum, beta_1 …). All
    else makes groups.

    Attributes:
        build: ``build(config) -> keras.Model``, compiled with one loss.
        rows: The data, for models that are told their input's shape by the first rows.
        as_fitted: Never in lanes, but with the model's own ``fit``.
    """

    build: Build
    rows: Rows
    as_fitted: bool = False
    _last: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def outline(self, config: Config) -> Outline:
        """See :class:`LaneModel`."""
        model = self._template(config)
        if self.as_fitted:
            raise CannotFuse("it was asked to be trained with `fit`")
        check_fusable(model)
        metrics_of(model)
        rates = _rates(model)
        with _own_rates(model, [0.5] * len(rates)):
            code = describe(model, config)
        parts = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), np.asarray(leaf).dtype), _parts(model)
        )
        return Outline(code, parts)

    def start(self, config: Config, seed: int) -> Parts:
        """See :class:`LaneModel`."""
        with on_host():
            return _parts(build_model(self.build, config, seed, self.rows.training.x))

    def recipe(self, config: Config) -> Recipe:
        """See :class:`LaneModel`."""
        model = self._template(config)
        names = list(optimizer_fractions(model.optimizer))

        def apply(
            params: Tree, state: Tree, x: Any, key: jax.Array, training: bool, config: LaneConfig
        ) -> Outputs:
            kept, rates = state
            with _own_rates(model, [Fraction(rate) for rate in rates]):
                outputs, kept, losses = model.stateless_call(
                    params, kept, x, return_losses=True, training=training
                )
            return Outputs(outputs, (kept, rates), sum((check_number(one, "loss") for one in losses), 0.0))

        def descend(params: Tree, gradient: Tree, state: Tree, config: LaneConfig) -> tuple[Tree, Tree]:
            variables, numbers = state
            with _own_settings(model.optimizer, dict(zip(names, map(Fraction, numbers), strict=True))):
                params, variables = model.optimizer.stateless_apply(variables, gradient, params)
            return params, (variables, numbers)

        return Recipe(apply, loss_of(model), descend, metrics_of(model))

    def network(self, config: Config, params: Tree, state: Tree) -> KerasTrained:
        """See :class:`LaneModel`."""
        model = self._template(config)
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        values = {id(v): value for v, value in zip(variables, [*params, *state[0]], strict=True)}
        return KerasTrained(
            config, self.build, [np.asarray(values[id(v)]) for v in model.weights], self.rows.training.x
        )

    def alone(self, config: Config, rows: Rows, batch: int) -> FitProgram:
        """See :class:`LaneModel`."""
        return FitProgram(self.build, config, rows, batch)

    def _template(self, config: Config) -> Any:
        """A model of a configuration, whose variables' values do not matter."""
        key = config_key(config)
        if key not in self._last:
            model = build_model(self.build, config, 0, self.rows.training.x)
            self._last.clear()
            self._last[key] = model
        return self._last[key]


def _parts(model: Any) -> Parts:
    fractions = optimizer_fractions(model.optimizer)
    return Parts(
        [v.value for v in model.trainable_variables],
        ([v.value for v in model.non_trainable_variables], _rates(model)),
        (
            [v.value for v in model.optimizer.variables],
            [np.float32(value) for value in fractions.values()],
        ),
    )


def _rates(model: Any) -> list[np.float32]:
    return [np.float32(layer.rate) for layer in dropouts(model)]


@contextlib.contextmanager
def _own_rates(model: Any, rates: list[Any]) -> Iterator[None]:
    layers = dropouts(model)
    before = [layer.rate for layer in layers]
    for layer, rate in zip(layers, rates, strict=True):
        layer.rate = rate
    try:
        yield
    finally:
        for layer, rate in zip(layers, before, strict=True):
            layer.rate = rate


@contextlib.contextmanager
def _own_settings(optimizer: Any, settings: dict[str, Any]) -> Iterator[None]:
    before = {name: getattr(optimizer, name) for name in settings}
    vars(optimizer).update(settings)
    try:
        yield
    finally:
        vars(optimizer).update(before)
