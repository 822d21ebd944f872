"""Which configurations share a compiled program.

A program is compiled for: the shapes of all the model's arrays (``jax.eval_shape`` of ``init``), whatever
else of the model is code (a framework's static part), the mini-batch size, every hyperparameter that is not
a number, and every number that the functions need as a Python number, in a shape or an ``if``. All other
numbers are traced: one value a lane. Whether a number can be traced is found by trying it in a training step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from sturgeon.caviar.models.checks import check_classes, check_outputs
from sturgeon.caviar.models.epoch import train_step
from sturgeon.caviar.models.layout import Layout
from sturgeon.caviar.models.model import CannotFuse, LaneConfig, LaneModel, Recipe
from sturgeon.caviar.models.rows import Part, Rows
from sturgeon.errors import InputError
from sturgeon.space import Config, Constant, Scalar, Space

BATCH_SIZE = "batch_size"
_LARGEST_INTEGER = 2**31 - 1


@dataclass(frozen=True)
class Group:
    """What a program is compiled for. Those of two configurations are equal where they can share one.

    Attributes:
        code: What of the model is code.
        layout: The layout of its arrays.
        batch: Rows of a mini-batch, at most the training rows.
        fixed: Names, types and values of the hyperparameters that are the same for all lanes.
        traced: Names and dtypes of those of which each lane has its own.
        recipe: The model's functions; those of equal groups do the same.
    """

    code: Any
    layout: Layout
    batch: int
    fixed: tuple[tuple[str, str, Scalar], ...]
    traced: tuple[tuple[str, str], ...]
    recipe: Recipe = field(compare=False)

    @property
    def config(self) -> LaneConfig:
        """The hyperparameters that are the same for all lanes."""
        return {BATCH_SIZE: self.batch, **{name: value for name, _, value in self.fixed}}

    def numbers(self, config: Config) -> dict[str, np.ndarray]:
        """A configuration's traced numbers."""
        return {name: np.asarray(config[name], dtype) for name, dtype in self.traced}


class Grouping:
    """Puts configurations into groups; what it answers depends on the configuration only.

    Args:
        model: How a configuration becomes functions and arrays.
        space: Where configurations come from.
        rows: The data.
        batch: Rows of a mini-batch where the space has no ``batch_size``.
    """

    def __init__(self, model: LaneModel, space: Space, rows: Rows, batch: int) -> None:
        self._model = model
        self._rows = rows
        self._batch = batch
        self._constants = {name for name in space.names if isinstance(space[name], Constant)}
        self._untraceable: dict[Any, frozenset[str]] = {}

    def group_of(self, config: Config) -> Group:
        """Give a configuration's group.

        Raises:
            InputError: The model's functions break a rule.
            CannotFuse: A training step cannot be traced for several lanes at once.
            Exception: Whatever the user's builder raises.
        """
        outline = self._model.outline(config)
        layout = Layout(outline.parts)
        batch = whole_batch(config.get(BATCH_SIZE, self._batch))
        batch = min(batch, self._rows.training.rows)
        numbers = {
            name: kind for name, value in config.items() if (kind := self._kind(name, value)) is not None
        }
        recipe = self._model.recipe(config)

        def group(fixed: Collection[str]) -> Group:
            kept = sorted(name for name in config if name not in numbers or name in fixed)
            return Group(
                outline.code,
                layout,
                batch,
                tuple((n, type(config[n]).__name__, config[n]) for n in kept if n != BATCH_SIZE),
                tuple(sorted((name, kind) for name, kind in numbers.items() if name not in fixed)),
                recipe,
            )

        loosest = group(())
        if loosest not in self._untraceable:
            self._untraceable[loosest] = self._find_untraceable(config, group, frozenset(numbers))
        return group(self._untraceable[loosest])

    def _kind(self, name: str, value: Scalar) -> str | None:
        """The dtype that a hyperparameter is traced in; None for one that never is."""
        if name in self._constants or name == BATCH_SIZE or isinstance(value, bool | str | None):
            return None
        if isinstance(value, int):
            return "int32" if abs(value) <= _LARGEST_INTEGER else None
        return "float32"

    def _find_untraceable(
        self, config: Config, group: Callable[[Collection[str]], Group], names: frozenset[str]
    ) -> frozenset[str]:
        """The numbers that the functions need as Python numbers: all of them, then each alone, is tried."""
        if self._traces(group(()), config):
            return frozenset()
        try:
            self._trace(group(names), config)
        except InputError:
            raise
        except Exception as error:  # a user's code may raise anything when it is given traced arrays
            raise CannotFuse(_first_line(error)) from error
        return frozenset(name for name in names if not self._traces(group(names - {name}), config))

    def _traces(self, group: Group, config: Config) -> bool:
        try:
            self._trace(group, config)
        except InputError:
            raise
        except Exception:  # a user's code may raise anything when a number is not a Python one
            return False
        return True

    def _trace(self, group: Group, config: Config) -> None:
        """Trace a training step and a look at the validation rows, without computing anything."""
        training, validation = self._rows
        key = jax.eval_shape(lambda: jax.random.key(0, impl="threefry2x32"))

        def step(parts: Any, numbers: Any, rows: Part, other: Part, key: Any) -> Any:
            traced = {**group.config, **numbers}
            after, _ = train_step(group.recipe, parts, rows, key, traced)
            made = group.recipe.apply(after.params, after.state, other.x, key, False, traced)
            check_outputs(made.outputs, other.rows)
            return made.outputs

        batch = jax.tree.map(lambda leaf: leaf[: group.batch], training)
        parts = group.layout.abstract()
        lanes = jax.vmap(step, in_axes=(0, 0, None, None, 0))
        of_lanes = jax.tree.map(_one_lane, (parts, group.numbers(config), key))
        outputs = jax.eval_shape(lanes, *of_lanes[:2], batch, validation, of_lanes[2])
        outputs = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), outputs)
        for part in self._rows:
            check_classes(outputs, part.y)


def _one_lane(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *leaf.shape), leaf.dtype)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def whole_batch(value: Any) -> int:
    """Check a number of rows.

    Raises:
        InputError: It is not a whole number from 1.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"`batch_size` must be a whole number from 1; got {value!r}.")
    return value
