"""Row numbers, which pandas writes before the first column or beside the columns: no input of a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.reading.rules import CellRules, note
from sturgeon.errors import DataError, option

UNNAMED = "Unnamed: 0"
"""What pandas calls a first column without a name when it reads one."""
_CALLED = re.compile(r"Unnamed: \d+(\.\d+)*")


def leave_out_row_numbers(
    frame: pd.DataFrame,
    rules: CellRules,
    *,
    called: str,
    unnamed: bool = False,
    parts: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Leave out a first column of row numbers, 0, 1, 2 … or 1, 2, 3 …, unnamed or called as pandas does.

    Args:
        frame: The table; such a column is taken out of it.
        rules: Which columns are needed.
        called: What to call the table in messages.
        unnamed: Whether the first column had no name.
        parts: How many rows come from each file, where there are several, each numbered anew.

    Returns:
        The table.

    Raises:
        DataError: A column without a name holds something else.

    Example:
        >>> frame = pd.DataFrame({"Unnamed: 0": [0, 1, 2], "length": [1.5, 2.5, 3.5]})
        >>> list(leave_out_row_numbers(frame, CellRules(), called="'fish.csv'"))
        ['length']
    """
    name = str(frame.columns[0]) if len(frame.columns) else ""
    if not rules.tidied or _CALLED.fullmatch(name) is None:
        if unnamed:
            raise _unnamed(called)
        return frame
    if rules.needed is not None:  # by a network: what else there is does not matter
        return frame if name in rules.needed else _next(_without(frame, name), rules, called, parts)
    if rules.target == name or len(frame.columns) == 1:
        return frame
    if not _are_row_numbers(cast(pd.Series, frame[name]), parts or [len(frame)]):
        if unnamed:
            raise _unnamed(called)
        note(
            frame,
            f"column {name!r} is an input, though it may be row numbers of another table; "
            f"`{option('drop', name)}` leaves it out",
        )
        return frame
    told = "the first column, which has no name," if unnamed else f"column {name!r}"
    frame = _without(frame, name)
    note(frame, f"{told} is left out, as it only numbers the rows")
    return _next(frame, rules, called, parts)


def _next(frame: pd.DataFrame, rules: CellRules, called: str, parts: Sequence[int] | None) -> pd.DataFrame:
    """Look at the next column too: a table that is read and written twice has row numbers twice."""
    return leave_out_row_numbers(frame, rules, called=called, parts=parts)


def _without(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    del frame[name]  # not `drop`, which copies the rest
    return frame


def _are_row_numbers(column: pd.Series, parts: Sequence[int]) -> bool:
    if column.dtype.kind not in "iu" or column.hasnans or sum(parts) != len(column):
        return False
    numbers = column.to_numpy()
    starts = [np.concatenate([np.arange(rows) for rows in parts]), np.arange(len(column))]
    return any(np.array_equal(numbers, start + first) for start in starts for first in (0, 1))


def _unnamed(called: str) -> DataError:
    return DataError(
        f"every column must have a name; column 1 of {called} has none; name it, or write the file without "
        "its row numbers (pandas: index=False)"
    )
