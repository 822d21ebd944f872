"""What lanes need to know of a model: how one starts, how it computes, how it is handed back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax

from sturgeon.caviar.lanes.backend import LaneProgram
from sturgeon.caviar.models.rows import Rows
from sturgeon.space import Config

# Nested tuples, lists, dicts and registered classes of arrays, as JAX understands them.
Tree = Any
# A configuration inside a compiled program: numbers are traced scalars, all else is plain Python.
LaneConfig = Mapping[str, Any]
Loss = Callable[[Any, Any], Any]


class Parts(NamedTuple):
    """All that a lane carries from epoch to epoch.

    Attributes:
        params: What is learnt by gradient descent; floating-point arrays.
        state: What the model itself carries on, such as running averages; ``()`` for none.
        optimizer: What the optimiser carries on.
    """

    params: Tree
    state: Tree
    optimizer: Tree


class Outputs(NamedTuple):
    """What a model made of a batch.

    Attributes:
        outputs: Its outputs, the rows of the batch along the first axis.
        state: Its state afterwards.
        penalty: What is added to the loss, such as weight decay written as a loss.
    """

    outputs: Any
    state: Tree
    penalty: jax.Array | float


@dataclass(frozen=True)
class Recipe:
    """The pure functions of one group of configurations; each is traced into its program.

    Attributes:
        apply: ``(params, state, x, key, training, config) -> Outputs``.
        loss: ``(outputs, y) -> number``, the mean over the rows of a batch.
        descend: ``(params, gradient, optimizer, config) -> (params, optimizer)``.
        metrics: More functions ``(outputs, y) -> number``, by name.
    """

    apply: Callable[[Tree, Tree, Any, jax.Array, bool, LaneConfig], Outputs]
    loss: Loss
    descend: Callable[[Tree, Tree, Tree, LaneConfig], tuple[Tree, Tree]]
    metrics: Mapping[str, Loss] = field(default_factory=dict)


class Outline(NamedTuple):
    """What of a configuration's model is code and not numbers.

    Attributes:
        code: Whatever else than the shapes, comparable and hashable, tells two programs apart.
        parts: The tree of :class:`Parts` with a ``jax.ShapeDtypeStruct`` for each array.
    """

    code: Any
    parts: Parts


class CannotFuse(Exception):
    """A model that cannot be trained in lanes, though perhaps by itself; the message says why."""


class LaneModel(ABC):
    """A way of writing models: pure functions, or a builder of some framework."""

    @abstractmethod
    def outline(self, config: Config) -> Outline:
        """Say what a configuration's model looks like, without training it.

        Raises:
            CannotFuse: It is seen at once that it cannot be trained in lanes.
        """

    @abstractmethod
    def start(self, config: Config, seed: int) -> Parts:
        """Make a configuration's model as it is before training, at random by the trial's seed only."""

    @abstractmethod
    def recipe(self, config: Config) -> Recipe:
        """Give the functions of all configurations whose outline equals this one's."""

    @abstractmethod
    def network(self, config: Config, params: Tree, state: Tree) -> Any:
        """Make what the user gets of a trained lane, from arrays of NumPy."""

    @abstractmethod
    def alone(self, config: Config, rows: Rows, batch: int) -> LaneProgram:
        """Make a program of one lane for a model that cannot share one; slower, and with the same meaning.

        Raises:
            Exception: It cannot be trained at all; whatever its functions raise.
        """
