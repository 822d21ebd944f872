"""Numbers as people have them, turned into arrays that a network takes: frames, objects, nested lists."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from sturgeon.errors import DataError

_NUMBERS = "biuf"


def as_arrays(value: Any, where: str) -> Any:
    """Turn frames, series, arrays of objects and nested lists of numbers into arrays; leave all else.

    Args:
        value: Inputs, targets or weights; a dict or a tuple of several inputs is gone through.
        where: What it is, as the user calls it.

    Raises:
        DataError: Something in it is no number, or rows have different lengths.

    Example:
        >>> as_arrays([[1.5, 2], [3, 4]], "x of `train_data`").tolist()
        [[1.5, 2.0], [3.0, 4.0]]
    """
    if isinstance(value, dict):
        return {name: as_arrays(one, f"{name!r} in {where}") for name, one in value.items()}
    if isinstance(value, tuple | list):
        plain = tuple | list | numbers.Number | np.generic | str | bytes | None
        if value and not all(isinstance(one, plain) for one in value):
            return (
                type(value)(as_arrays(one, where) for one in value) if type(value) in (tuple, list) else value
            )
        return _of_lists(value, where)
    if hasattr(value, "column_names") and hasattr(value, "to_pandas"):
        value = value.to_pandas()  # a table of Arrow
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        return _of_frame(value, where)
    if hasattr(value, "to_numpy"):
        return _of_column(value, where)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _of_objects(value, where)
    return value


def row_count(value: Any) -> int | None:
    """How many rows inputs, targets or weights have; None where that cannot be told."""
    if isinstance(value, dict):
        return row_count(next(iter(value.values()), None))
    if isinstance(value, tuple | list):
        return row_count(value[0]) if value else 0
    shape = getattr(value, "shape", None)
    return int(shape[0]) if shape else None


def _of_lists(value: Any, where: str) -> np.ndarray:
    try:
        array = np.array(value)
    except ValueError as error:
        raise DataError(
            f"Rows must have one length; those of {where} have different ones. Pad them, or give a tf.data "
            "dataset of ragged tensors."
        ) from error
    return _of_objects(array, where) if array.dtype.kind not in _NUMBERS else array


def _of_frame(frame: Any, where: str) -> np.ndarray:
    """A frame of pandas, Polars or Arrow as ``[rows, columns]``; names of columns are for messages."""
    columns = list(frame.columns)
    if len(columns) and hasattr(frame, "iloc"):
        parts = [frame.iloc[:, place] for place in range(len(columns))]
    else:
        parts = [frame[name] for name in columns] if columns and isinstance(columns[0], str) else columns
    arrays = [
        _of_column(part, f"column {name!r} in {where}") for name, part in zip(columns, parts, strict=True)
    ]
    return np.stack(arrays, axis=1) if arrays else np.empty((len(frame), 0))


def _of_column(column: Any, where: str) -> np.ndarray:
    """A column as numbers; what is missing is NaN, and true is 1."""
    array = np.asarray(column.to_numpy())
    if array.dtype.kind not in _NUMBERS:
        if array.dtype.kind == "O" and hasattr(column, "isna"):
            array = array.copy()
            array[column.isna().to_numpy()] = None
        array = _of_objects(array, where)
    return array.astype(np.float32) if array.dtype.kind == "b" else array


def _of_objects(array: np.ndarray, where: str) -> np.ndarray:
    """An array of Python's numbers, None for a missing one, as an array of numbers."""
    flat = array.ravel().tolist()
    odd = next((one for one in flat if one is not None and not isinstance(one, numbers.Number)), None)
    if odd is not None:
        raise DataError(
            f"A network learns from numbers; {where} holds {str(odd)[:40]!r} ({type(odd).__name__}). "
            "Turn it into numbers, leave it out, or give a tf.data dataset."
        )
    missing = any(one is None for one in flat)
    exact = not missing and all(isinstance(one, int) for one in flat)
    values = np.array([np.nan if one is None else one for one in flat], dtype=int if exact else float)
    return values.reshape(array.shape)
