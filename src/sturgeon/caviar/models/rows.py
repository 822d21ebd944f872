"""The arrays that a model learns from and is judged by."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from sturgeon.errors import DataError

_FORM = "Give ((x_train, y_train), (x_val, y_val))"


class Part(NamedTuple):
    """Inputs and targets, arrays or trees of arrays, with the rows along the first axis."""

    x: Any
    y: Any

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(jax.tree.leaves(self.y)[0])


class Rows(NamedTuple):
    """What is learnt from, and what trainings are judged by."""

    training: Part
    validation: Part


def read_rows(data: Any) -> Rows:
    """Check the arrays that a user gave; 64-bit numbers become 32-bit ones, as in JAX.

    Args:
        data: ``((x_train, y_train), (x_val, y_val))``; each an array, or a tree (dict, tuple) of arrays, with
            the rows along the first axis. Integer targets are class numbers from 0.

    Raises:
        DataError: It has another form, no rows, unequal numbers of rows, or a value that is no finite number.

    Example:
        >>> rows = read_rows((([[1.0], [2.0]], [0, 1]), ([[3.0]], [1])))
        >>> rows.training.rows, rows.validation.x.dtype, rows.validation.y.dtype
        (2, dtype('float32'), dtype('int32'))
    """
    try:
        (x_train, y_train), (x_val, y_val) = data
    except (TypeError, ValueError):
        raise DataError(f"`data` must be two pairs of arrays; got {_kind(data)}. {_FORM}.") from None
    rows = Rows(_read_part(x_train, y_train, "train"), _read_part(x_val, y_val, "val"))
    for name in ("x", "y"):
        before, after = (_row_kinds(getattr(part, name)) for part in rows)
        if before != after:
            raise DataError(
                f"A row must be alike in training and validation; `{name}_train` has rows of {before[1]} and "
                f"`{name}_val` of {after[1]}. Prepare both in the same way."
            )
    return rows


def _read_part(x: Any, y: Any, part: str) -> Part:
    read = Part(_read_tree(x, f"x_{part}"), _read_tree(y, f"y_{part}"))
    counts = {len(leaf) for leaf in jax.tree.leaves(read)}
    if len(counts) > 1:
        raise DataError(
            f"`x_{part}` and `y_{part}` must have equally many rows; got {sorted(counts)}. Cut them alike."
        )
    if not counts or 0 in counts:
        raise DataError(f"The {part} part of `data` must have at least one row; it has none. {_FORM}.")
    return read


def _read_tree(tree: Any, name: str) -> Any:
    if isinstance(tree, list):  # a list of rows, not a tree of arrays
        tree = np.asarray(tree)
    return jax.tree.map(lambda leaf: _read_array(leaf, name), tree)


def _read_array(leaf: Any, name: str) -> np.ndarray:
    array = np.asarray(leaf)
    if array.ndim == 0 or (array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16"):
        raise DataError(
            f"`{name}` must be an array of numbers with rows along its first axis; got {_kind(leaf)} of "
            f"dtype {array.dtype}. Turn it into numbers before."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"`{name}` must hold finite numbers; it has NaN or infinity. Drop those rows.")
    narrow = {"float64": "float32", "int64": "int32", "uint64": "uint32"}.get(array.dtype.name)
    if narrow is None:
        return array
    if array.dtype.kind in "iu" and array.size and abs(int(array.max())) >= 2**31:
        raise DataError(f"`{name}` must hold integers below 2**31; got {array.max()}. Make it floats.")
    return array.astype(narrow)


def _row_kinds(tree: Any) -> tuple[Any, str]:
    leaves, form = jax.tree.flatten(tree)
    kinds = [(leaf.shape[1:], leaf.dtype) for leaf in leaves]
    return (form, kinds), ", ".join(f"shape {shape} and dtype {dtype}" for shape, dtype in kinds)


def _kind(given: Any) -> str:
    return f"a {type(given).__name__}"
