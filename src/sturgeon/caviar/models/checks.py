"""What is asked of a user's functions, checked while they are traced, so that it costs nothing later."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sturgeon.caviar.models.model import Loss, Tree
from sturgeon.errors import InputError

_PRIME = 1009  # a number of rows that no other axis is likely to have


def check_outputs(outputs: Any, rows: int) -> None:
    """Every array that a model puts out has the rows of its batch along the first axis.

    Raises:
        InputError: One has not.
    """
    leaves = jax.tree.leaves(outputs)
    for leaf in leaves:
        if jnp.ndim(leaf) == 0 or leaf.shape[0] != rows:
            raise InputError(
                f"A model's output must match the target row by row; for a batch of {rows} rows it has "
                f"shape {tuple(jnp.shape(leaf))}. Return one output for each row."
            )
    if not leaves:
        raise InputError("A model must put out an array; got none. Return one output for each row.")


def check_pair(outputs: Any, y: Any, loss: Loss) -> None:
    """Outputs and targets do not spread into a square of rows by rows when the loss subtracts them.

    Raises:
        InputError: They do.
    """
    if not (_is_array(outputs) and _is_array(y)):
        return
    shapes = outputs.shape, y.shape
    if (shapes[0][1:], shapes[1][1:]) not in (((1,), ()), ((), (1,))):
        return
    abstract = (jax.ShapeDtypeStruct((_PRIME, *one.shape[1:]), one.dtype) for one in (outputs, y))
    if _has_square(jax.make_jaxpr(loss)(*abstract).jaxpr):
        raise InputError(
            f"A model's output must match the target; output {shapes[0]} and target {shapes[1]} spread into "
            f"rows × rows in the loss. Make the shapes equal, as with outputs[:, 0] or y[:, None]."
        )


def check_number(value: Any, name: str) -> jax.Array:
    """A loss or metric is one number for a batch.

    Raises:
        InputError: It is not.
    """
    leaves = jax.tree.leaves(value)
    if len(leaves) != 1 or jnp.shape(leaves[0]) != ():
        got = [tuple(jnp.shape(leaf)) for leaf in leaves]
        raise InputError(
            f"`{name}` must be one number for a batch; got shape {got[0] if len(got) == 1 else got}. "
            "Take the mean over the rows: jnp.mean(...)."
        )
    return jnp.asarray(leaves[0], jnp.float32)


def check_same(before: Tree, after: Tree, what: str) -> None:
    """A state keeps its structure, shapes and dtypes from step to step.

    Raises:
        InputError: It does not.
    """
    if _kinds(before) != _kinds(after):
        raise InputError(
            f"{what} must keep its structure, shapes and dtypes from step to step; it begins as "
            f"{_shown(before)} and becomes {_shown(after)}. Return it as it was given."
        )


def check_classes(outputs: Any, y: Any) -> None:
    """Class numbers are below the number of outputs.

    Args:
        outputs: A model's abstract outputs.
        y: The targets themselves.

    Raises:
        InputError: A class has no output of its own, or a negative number.
    """
    if not (_is_array(outputs) and _is_array(y)) or y.dtype.kind not in "iu" or y.ndim != 1:
        return
    classes = outputs.shape[1] if outputs.ndim == 2 else 1
    if classes > 1 and (y.max() >= classes or y.min() < 0):
        raise InputError(
            f"A model needs an output for each class; it has {classes} and the classes are numbered "
            f"{y.min()} to {y.max()}. Give it {int(y.max()) + 1} outputs and number classes from 0; make the "
            "targets floating-point if they are no classes."
        )


def _is_array(value: Any) -> bool:
    return isinstance(value, jax.Array | jax.ShapeDtypeStruct | np.ndarray)


def _has_square(jaxpr: Any) -> bool:
    for equation in jaxpr.eqns:
        if any(getattr(out.aval, "shape", ()).count(_PRIME) > 1 for out in equation.outvars):
            return True
        inner = (getattr(value, "jaxpr", value) for value in equation.params.values())
        if any(hasattr(one, "eqns") and _has_square(one) for one in inner):
            return True
    return False


def _kinds(tree: Tree) -> tuple[Any, list[Any]]:
    leaves, form = jax.tree.flatten(tree)
    return form, [(tuple(jnp.shape(leaf)), jnp.result_type(leaf)) for leaf in leaves]


def _shown(tree: Tree) -> str:
    shown = str(jax.tree.map(lambda leaf: f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}", tree))
    return shown if len(shown) < 120 else f"{shown[:120]}…"
