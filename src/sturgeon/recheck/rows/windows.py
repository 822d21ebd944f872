"""Rows in order of time, and how far back a network looks: a number of rows, or of days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.reading.names import nearest
from sturgeon.errors import DataError, InputError, option

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Window:
    """How far back networks look: a sliding window. Without one, all rows before count: a growing window.

    Attributes:
        rows: The last so many rows; None where days count.
        days: The rows of the last so many days; None where rows count.
    """

    rows: int | None = None
    days: float | None = None

    @staticmethod
    def of(given: str | int | Window | None) -> Window | None:
        """Read ``5000`` as rows and ``"30d"`` as days.

        Raises:
            InputError: It is neither.

        Example:
            >>> Window.of("30d"), Window.of(5000)
            (Window(rows=None, days=30.0), Window(rows=5000, days=None))
        """
        if given is None or isinstance(given, Window):
            return given
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(d?)", str(given).strip())
        if found is None or float(found[1]) <= 0 or (not found[2] and "." in found[1]):
            raise InputError(
                f"`{option('window')}` must be a number of rows or of days, such as 5000 or 30d; got "
                f"{given!r}."
            )
        return Window(days=float(found[1])) if found[2] else Window(rows=int(found[1]))


def in_order_of_time(
    frame: pd.DataFrame, column: str | None, window: Window | None, source: str
) -> tuple[pd.DataFrame, int | None]:
    """Sort rows by when they were, and say how many rows a window is.

    Args:
        frame: The rows.
        column: Numbers or dates; None where the rows are in order already.
        window: How far back networks look; None for everything before.
        source: What to call the table in messages.

    Returns:
        The rows in order, numbered from 0, and how many rows the window holds, by the median where days
        count; None without a window.

    Raises:
        DataError: There is no such column, a cell of it is no time, or days count without one.
    """
    if column is None:
        if window is not None and window.days is not None:
            raise DataError(
                f"a window of days needs a column that says when a row was; got none; name it with "
                f"`{option('time_column')}`, or give a number of rows"
            )
        return frame, window.rows if window is not None else None
    names = [str(name) for name in frame.columns]
    if column not in names:
        raise DataError(
            f"`{option('time_column')}` must name a column of the table; got {column!r}; "
            f"{nearest(column, names)}"
        )
    seconds = read_times(cast(pd.Series, frame[column]), source)
    order = np.argsort(seconds, kind="stable")
    frame, seconds = frame.iloc[order].reset_index(drop=True), seconds[order]
    if window is None or window.days is None:
        return frame, None if window is None else window.rows
    starts = np.searchsorted(seconds, seconds - window.days * _SECONDS_A_DAY)
    held = np.arange(len(seconds)) - starts
    return frame, max(1, int(np.median(held[len(held) // 2 :])))


def read_times(column: pd.Series, source: str) -> np.ndarray:
    """Read times as seconds, float64; a plain number counts as days.

    Raises:
        DataError: A cell is no time.

    Example:
        >>> read_times(pd.Series(["1970-01-01", "1970-01-02"]), "the table").tolist()
        [0.0, 86400.0]
    """
    if pd.api.types.is_numeric_dtype(column):
        seconds = column.to_numpy(dtype=np.float64, na_value=np.nan) * _SECONDS_A_DAY
    else:
        numbers = cast(pd.Series, pd.to_numeric(column, errors="coerce"))
        if numbers.notna().all():
            return read_times(numbers, source)
        parsed = pd.to_datetime(column, errors="coerce", format="mixed", utc=True)
        epoch = pd.Timestamp(0, tz="UTC")
        seconds = ((parsed - epoch) / pd.Timedelta(seconds=1)).to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(seconds))
    if wrong.size:
        raise DataError(
            f"`{option('time_column')}` must hold dates or numbers; got "
            f"{str(column.iloc[int(wrong[0])])[:40]!r} in row {int(wrong[0]) + 1} of {source}; correct it"
        )
    return seconds
