"""One epoch of one lane: every row once, then a look at the validation rows.

The order of rows is cut into mini-batches. The last one holds what remains, in its own shape, so that batch
statistics are over true rows only; a remainder of a single row, which has no variance, is left out of that
epoch, as in the network for tables. A batch larger than the data is cut to the rows there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from sturgeon.caviar.models.checks import check_number, check_outputs, check_pair, check_same
from sturgeon.caviar.models.layout import Layout, Leaves
from sturgeon.caviar.models.model import LaneConfig, Parts, Recipe
from sturgeon.caviar.models.rows import Part

_LARGEST_CHUNK = 1024


class ModelState(NamedTuple):
    """What a lane carries from epoch to epoch: the arrays of its model and optimiser, and the steps taken."""

    leaves: Leaves
    steps: Any


class ModelInputs(NamedTuple):
    """What the host hands to a lane for one epoch.

    Attributes:
        numbers: Its traced hyperparameters by name.
        key: The bare threefry key that its dropout derives from, uint32 of shape ``[2]``.
        order: Row numbers, as many as :func:`used_rows` says, int32.
    """

    numbers: dict[str, Any]
    key: Any
    order: Any


def used_rows(rows: int, batch: int) -> int:
    """How many rows an epoch uses: all, but for a single one that remains after batches of several.

    Example:
        >>> used_rows(100, 32), used_rows(97, 32), used_rows(3, 1), used_rows(1, 1)
        (100, 96, 3, 1)
    """
    return rows - 1 if batch > 1 and rows % batch == 1 else rows


def make_epoch(
    recipe: Recipe, layout: Layout, fixed: LaneConfig, batch: int
) -> Callable[[ModelState, ModelInputs, Part, Part], tuple[ModelState, dict[str, jax.Array]]]:
    """Make the function of one lane's epoch: ``(state, inputs, training, validation) -> (state, metrics)``.

    Args:
        recipe: The model's functions.
        layout: The layout of its arrays.
        fixed: The hyperparameters that are the same for all lanes.
        batch: Rows of a mini-batch, at most the training rows.
    """

    def epoch(
        state: ModelState, inputs: ModelInputs, training: Part, validation: Part
    ) -> tuple[ModelState, dict[str, jax.Array]]:
        config = {**fixed, **inputs.numbers}
        key = jax.random.wrap_key_data(inputs.key, impl="threefry2x32")
        parts = layout.join(state.leaves)

        def step(carry: tuple[Parts, jax.Array], numbers: jax.Array):
            parts, steps = carry
            rows = jax.tree.map(lambda leaf: leaf[numbers], training)
            parts, value = train_step(recipe, parts, rows, jax.random.fold_in(key, steps), config)
            return (parts, steps + 1), value * len(numbers)

        whole = len(inputs.order) // batch * batch
        carry = parts, state.steps
        carry, sums = jax.lax.scan(step, carry, inputs.order[:whole].reshape(-1, batch))
        total = jnp.sum(sums)
        if whole < len(inputs.order):
            carry, last = step(carry, inputs.order[whole:])
            total = total + last
        parts, steps = carry
        judged = judge(recipe, parts, validation, key, config)
        return (
            ModelState(layout.flatten(parts), steps),
            {"train_loss": total / len(inputs.order), **judged},
        )

    return epoch


def train_step(
    recipe: Recipe, parts: Parts, rows: Part, key: jax.Array, config: LaneConfig
) -> tuple[Parts, jax.Array]:
    """Take one step of gradient descent on one mini-batch, and give the loss before it.

    Raises:
        InputError: The model's functions break a rule.
    """

    def loss(params: Any) -> tuple[jax.Array, Any]:
        made = recipe.apply(params, parts.state, rows.x, key, True, config)
        check_outputs(made.outputs, rows.rows)
        check_pair(made.outputs, rows.y, recipe.loss)
        return check_number(recipe.loss(made.outputs, rows.y), "loss") + made.penalty, made.state

    (value, state), gradient = jax.value_and_grad(loss, has_aux=True)(parts.params)
    check_same(parts.state, state, "A model's state")
    params, optimizer = recipe.descend(parts.params, gradient, parts.optimizer, config)
    check_same((parts.params, parts.optimizer), (params, optimizer), "The optimiser's state")
    return Parts(params, state, optimizer), value


def judge(
    recipe: Recipe, parts: Parts, part: Part, key: jax.Array, config: LaneConfig
) -> dict[str, jax.Array]:
    """The loss and metrics of a part, as the model is when used: means over its rows, taken in chunks."""
    functions = {"loss": recipe.loss, **recipe.metrics}

    def of_chunk(rows: Part) -> dict[str, jax.Array]:
        made = recipe.apply(parts.params, parts.state, rows.x, key, False, config)
        check_outputs(made.outputs, rows.rows)
        values = {name: check_number(f(made.outputs, rows.y), name) for name, f in functions.items()}
        values["loss"] = values["loss"] + made.penalty
        return {name: value * rows.rows for name, value in values.items()}

    chunk = min(part.rows, _LARGEST_CHUNK)
    whole = part.rows // chunk * chunk
    chunks = jax.tree.map(lambda leaf: leaf[:whole].reshape(-1, chunk, *leaf.shape[1:]), part)
    total = jax.tree.map(jnp.sum, jax.lax.map(of_chunk, chunks)) if whole > chunk else None
    if total is None:
        total = of_chunk(jax.tree.map(lambda leaf: leaf[:chunk], part))
    if whole < part.rows:
        rest = of_chunk(jax.tree.map(lambda leaf: leaf[whole:], part))
        total = jax.tree.map(jnp.add, total, rest)
    means = {name: value / part.rows for name, value in total.items()}
    # The largest of several NaN outputs is the first class: a diverged model must not look right.
    return {f"val_{n}": jnp.where(jnp.isfinite(means["loss"]), mean, jnp.nan) for n, mean in means.items()}
