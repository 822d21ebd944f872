"""Test rows that are copies of rows to learn from: a network may know them by heart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pandas as pd
from pandas.util import hash_array

from sturgeon.data.features.cells import category_key, distinct
from sturgeon.data.features.columns import Column, NumericColumn

# Copies are told of from this share of the test rows on.
_FEWEST = 0.01
# A row whose cells would meet by chance alone, were its columns independent, more often than this is no copy:
# tables of few columns, with few different cells each, have equal rows by their nature.
_BY_CHANCE = 0.01
# By so many rows it is told how often a cell occurs.
_COUNTED = 20_000


def mark_rows(columns: Sequence[Column], frame: pd.DataFrame, y: np.ndarray, source: str) -> np.ndarray:
    """Give each row a mark by its cells: equal for equal rows, and hardly ever for different ones.

    Not by the network's inputs: there rare categories are one, and an outlier makes other numbers equal.

    Args:
        columns: The columns that are inputs.
        frame: n rows with at least those columns.
        y: Their targets, shape n.
        source: What to call the table in messages.

    Returns:
        Unsigned integers of 64 bits, shape n.
    """
    factors = np.random.default_rng(0).integers(0, 2**64, len(columns) + 1, dtype=np.uint64) | np.uint64(1)
    hashed = cast(Callable[..., np.ndarray], hash_array)  # pandas tells no types of it
    marks = hashed(y) * factors[-1]
    for column, factor in zip(columns, factors, strict=False):
        cells = cast(pd.Series, frame[column.name])
        if isinstance(column, NumericColumn):
            marks += hashed(column.read(cells, source) + 0.0) * factor  # -0.0 is 0.0
        else:
            codes, values = distinct(cells, source)
            keys = np.array([*(repr(category_key(each)) for each in values), ""], dtype=object)
            marks += hashed(keys, categorize=False)[codes] * factor  # a missing cell is the last
    return marks


def describe_copies(learnt: np.ndarray, test: np.ndarray, frame: pd.DataFrame) -> list[str]:
    """Say how many test rows are copies of rows to learn from, where that is more than chance.

    Args:
        learnt: The marks of the rows to learn from, validation among them, shape n.
        test: The marks of the test rows, shape m.
        frame: The input columns of the test rows, m rows.

    Returns:
        A line, or none for fewer copies than a hundredth of the test rows.

    Example:
        >>> frame = pd.DataFrame({name: np.arange(100.0) for name in ("length", "width", "weight")})
        >>> marks = np.arange(100, dtype=np.uint64)
        >>> describe_copies(marks + np.uint64(80), marks, frame)[0][:60]
        '20 of 100 test rows are exact copies of rows to learn from: '
    """
    copies = np.flatnonzero(np.isin(test, learnt))
    if len(copies) < max(1, _FEWEST * len(test)):
        return []
    count = int((_met_by_chance(frame, copies, len(learnt)) < _BY_CHANCE).sum())
    if count < _FEWEST * len(test):
        return []
    are = "is an exact copy of a row" if count == 1 else "are exact copies of rows"
    return [
        f"{count} of {len(test)} test rows {are} to learn from: errors on new rows may be larger than on the "
        "test rows; remove copies that are no cases of their own"
    ]


def _met_by_chance(frame: pd.DataFrame, rows: np.ndarray, others: int) -> np.ndarray:
    """How many of the other rows would equal each of `rows` if columns were independent, shape len(rows)."""
    counted = np.arange(0, len(frame), max(1, len(frame) // _COUNTED))
    expected = np.full(len(rows), float(others))
    for name in frame.columns:
        cells = cast(pd.Series, frame[name]).iloc[np.concatenate([counted, rows])]
        codes = distinct(cells, "the table")[0] + 1  # a missing cell is -1
        often = np.bincount(codes[: len(counted)], minlength=codes.max() + 1)[codes[len(counted) :]]
        expected *= np.maximum(often, 1) / len(counted)
    return expected
