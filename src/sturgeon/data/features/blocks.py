"""Turn the rows of a table into inputs, some thousands at a time, so that little beside them is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import row_number
from sturgeon.data.features.columns import Column
from sturgeon.errors import DataError

BLOCK_ROWS = 16_384


def encode_blocks(
    columns: Sequence[Column], frame: pd.DataFrame, source: str
) -> Iterator[tuple[int, np.ndarray]]:
    """Turn rows into normalised inputs, a block of rows after the other.

    A column's features are computed in float64 and kept in float32; a block at a time, so that the float64
    numbers of a whole column of many categories never exist at once.

    Args:
        columns: The fitted columns.
        frame: n rows with those columns, rows numbered from 0.
        source: What to call the table in messages.

    Yields:
        The first row of a block, and its inputs: float32, shape (rows of the block, features), finite.

    Raises:
        DataError: A cell of a numeric column is text, infinite or too large.
    """
    cells_of = [cast(pd.Series, frame[column.name]) for column in columns]
    features = sum(len(column.feature_names) for column in columns)
    for start in range(0, len(frame), BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, len(frame))
        inputs = np.empty((stop - start, features), dtype=np.float32)
        place = 0
        for column, cells in zip(columns, cells_of, strict=True):
            part = cells.iloc[start:stop]
            encoded = column.encode(part, source)
            block = inputs[:, place : place + encoded.shape[1]]
            with np.errstate(over="ignore"):
                block[:] = encoded
            _refuse_too_large(block, part, source)
            place += encoded.shape[1]
        yield start, inputs


def _refuse_too_large(block: np.ndarray, cells: pd.Series, source: str) -> None:
    if np.isfinite(block).all():
        return
    row = int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
    raise DataError(
        f"a number must fit 32-bit floats once normalised; got {cells.iloc[row]} in column {cells.name!r}, "
        f"row {row_number(cells, row)} of {source}; correct it, or leave the cell empty if it is missing"
    )
