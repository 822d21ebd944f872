"""A model written as pure functions, and an optimiser from Optax."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
import optax

from sturgeon.caviar.models.alone import AloneProgram
from sturgeon.caviar.models.model import LaneConfig, LaneModel, Loss, Outline, Outputs, Parts, Recipe, Tree
from sturgeon.caviar.models.rows import Rows
from sturgeon.caviar.models.seeds import initial_key, on_host
from sturgeon.errors import InputError
from sturgeon.space import Config

Optimizer = Callable[[LaneConfig], optax.GradientTransformation]

_FORMS = "apply(params, x), or apply(params, state, x, key, training), either with `config` as one more"


@dataclass(frozen=True)
class Trained:
    """A trained model of pure functions.

    Attributes:
        config: The configuration it was trained with.
        params: What it has learnt, arrays of NumPy.
        state: What it carries on, such as running averages; ``()`` for none.
        apply: The function that it computes with.
    """

    config: Config
    params: Tree
    state: Tree
    apply: Callable[[Tree, Tree, Any, jax.Array, bool, LaneConfig], Outputs] = field(repr=False)

    def predict(self, x: Any) -> Any:
        """The outputs for rows, as the model is when it is used: ``training`` is False."""
        made = self.apply(self.params, self.state, x, jax.random.key(0), False, self.config)
        return jax.tree.map(np.asarray, made.outputs)


@dataclass(frozen=True)
class Functions(LaneModel):
    """A model of pure functions.

    Attributes:
        init: ``init(key, config) -> params``, or ``(params, state)`` if ``apply`` takes a state.
        forward: ``apply`` as the user wrote it, in one of its four forms.
        loss: ``loss(outputs, y) -> number``, the mean over the rows of a batch.
        optimizer: ``optimizer(config) -> optax.GradientTransformation``.
        metrics: More functions like ``loss``, by name.
    """

    init: Callable[[jax.Array, Config], Any]
    forward: Callable[..., Any]
    loss: Loss
    optimizer: Optimizer
    metrics: Mapping[str, Loss] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._form  # noqa: B018  so that a wrong form is told before anything is trained

    def outline(self, config: Config) -> Outline:
        """See :class:`LaneModel`."""
        key = jax.eval_shape(lambda: initial_key(0))
        try:
            parts = jax.eval_shape(lambda key: self._begin(key, config), key)
        except (TypeError, jax.errors.JAXTypeError):  # an `init` that computes with NumPy
            parts = self.start(config, 0)
        return Outline((), parts)

    def start(self, config: Config, seed: int) -> Parts:
        """See :class:`LaneModel`."""
        with on_host():
            return self._begin(initial_key(seed), config)

    def recipe(self, config: Config) -> Recipe:
        """See :class:`LaneModel`."""
        return Recipe(self._apply, self.loss, descent_of(self.optimizer), self.metrics)

    def network(self, config: Config, params: Tree, state: Tree) -> Trained:
        """See :class:`LaneModel`."""
        return Trained(config, params, state, self._apply)

    def alone(self, config: Config, rows: Rows, batch: int) -> AloneProgram:
        """See :class:`LaneModel`."""
        return AloneProgram(self, config, rows, batch)

    def _begin(self, key: jax.Array, config: Config) -> Parts:
        made = self.init(key, config)
        params, state = _pair(made) if self._keeps_state else (made, ())
        params, state = jax.tree.map(jax.numpy.asarray, (params, state))
        return Parts(params, state, begin_optimizer(self.optimizer, config, params))

    def _apply(
        self, params: Tree, state: Tree, x: Any, key: jax.Array, training: bool, config: LaneConfig
    ) -> Outputs:
        more = (config,) if self._form in (3, 6) else ()
        if not self._keeps_state:
            return Outputs(self.forward(params, x, *more), state, 0.0)
        outputs, state = _pair(self.forward(params, state, x, key, training, *more))
        return Outputs(outputs, state, 0.0)

    @property
    def _keeps_state(self) -> bool:
        return self._form >= 5

    @property
    def _form(self) -> int:
        """How many arguments ``apply`` takes: what they are is told by their number."""
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        taken = [
            p
            for p in inspect.signature(self.forward).parameters.values()
            if p.kind in kinds and p.default is p.empty
        ]
        if len(taken) not in (2, 3, 5, 6):
            raise InputError(
                f"`apply` must have one of these forms: {_FORMS}; got {len(taken)} arguments "
                f"({', '.join(p.name for p in taken)}). Wrap it in a function of such a form."
            )
        return len(taken)


def begin_optimizer(optimizer: Optimizer, config: Config, params: Tree) -> Tree:
    """The state of an Optax optimiser before its first step."""
    return jax.tree.map(jax.numpy.asarray, optimizer(config).init(params))


def descent_of(optimizer: Optimizer) -> Callable[[Tree, Tree, Tree, LaneConfig], tuple[Tree, Tree]]:
    """Make one step of an Optax optimiser that is built anew from each lane's own hyperparameters."""

    def descend(params: Tree, gradient: Tree, state: Tree, config: LaneConfig) -> tuple[Tree, Tree]:
        updates, after = optimizer(config).update(gradient, state, params)
        return optax.apply_updates(params, updates), after

    return descend


def _pair(made: Any) -> tuple[Any, Any]:
    if not isinstance(made, tuple) or len(made) != 2:
        raise InputError(
            "A model with a state hands back two things, from `init` (params, state) and from `apply` "
            f"(outputs, state); got a {type(made).__name__}. Return a pair, with () for no state."
        )
    return made
