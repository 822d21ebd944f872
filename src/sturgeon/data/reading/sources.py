"""Take a table however it comes, a file, a data frame or two arrays, and give one data frame."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.columns import make_frame
from sturgeon.data.reading.formats.database import hide_password
from sturgeon.data.reading.names import check_names, find_name, name_by_text, nearest
from sturgeon.data.reading.place import STDIN
from sturgeon.data.reading.rules import CellRules, was_text
from sturgeon.data.reading.tables import read_table
from sturgeon.errors import DataError

Table = pd.DataFrame | str | Path | tuple[Any, Any] | Any
"""What a table may be; at last, one of Arrow or of Polars, or whatever hands over columns as Arrow does."""

ARRAY_TARGET = "y"
_WHOLE_FRAME = "a table has columns: give the data frame that it is of"


def open_table(
    table: Table,
    target: str | None,
    called: str,
    *,
    rules: CellRules | None = None,
    options: FileOptions | None = None,
) -> tuple[pd.DataFrame, str, str]:
    """Give a table as a data frame.

    Args:
        table: A path, a data frame, or a pair ``(X, y)`` of arrays of shapes (n, columns) and (n,), whose
            columns are then called x0, x1, … unless X is a data frame; or a table of Polars or Arrow.
        target: The target column; None only for a pair, where it becomes "y".
        called: What to call a table without a path in messages.
        rules: How a file's cells are read; None for the usual rules.
        options: How a file is read.

    Returns:
        The frame, rows numbered from 0 and columns named by text; the target's name; and what to call
        the table in messages.

    Raises:
        DataError: The table is none of these, has no rows, or lacks the target.

    Example:
        >>> frame, target, _ = open_table((np.zeros((2, 2)), [0, 1]), None, "the table")
        >>> list(frame.columns), target
        (['x0', 'x1', 'y'], 'y')
    """
    rules = replace(rules or CellRules(), target=None if target is None else str(target))
    if isinstance(table, tuple):
        target = ARRAY_TARGET if target is None else str(target)
        frame = _join(table, target, called)
    elif isinstance(table, str | Path):
        called = f"'{hide_password(str(table))}'" if str(table) != STDIN else "standard input"
        frame = read_table(table, rules=rules, options=options)
    else:
        frame = as_frame(table, rules)
    frame = name_by_text(frame)
    check_names(list(frame.columns), called)
    if frame.empty:
        raise DataError(f"a table must have at least one row and column; {called} has none; add data")
    return frame, _check_target(frame, target, called), called


def is_text(table: Table, frame: pd.DataFrame, *, alike: bool = True) -> bool:
    """Whether a table comes from a file of separated text, whose numbers may have lost how they were spelled.

    Args:
        table: As for :func:`open_table`.
        frame: What that gave.
        alike: False goes by some endings of its name, as Sturgeon once did.

    Example:
        >>> is_text("fish.csv.gz", pd.DataFrame(), alike=False), is_text("fish.parquet", pd.DataFrame())
        (True, False)
    """
    if not isinstance(table, str | Path):
        return False
    if alike:
        return was_text(frame)
    name = str(table).lower().removesuffix(".gz")
    return name.endswith((".csv", ".tsv", ".txt"))


def as_frame(table: Any, rules: CellRules | None = None) -> pd.DataFrame:
    """Give a table in memory as a data frame of pandas.

    Args:
        table: A data frame of pandas, which is given back, but for columns of Arrow's types; one of Polars; a
            table of Arrow; whatever else has Arrow's interface ``__arrow_c_stream__``.
        rules: Which columns are categories.

    Raises:
        DataError: It is none of these.

    Example:
        >>> import pyarrow as pa
        >>> as_frame(pa.table({"length": [1.5, None]})).shape
        (2, 1)
    """
    if isinstance(table, pd.DataFrame):
        return _out_of_arrow(table, rules or CellRules())
    import pyarrow as pa

    if not hasattr(table, "__arrow_c_stream__"):
        remedy = "collect it first" if hasattr(table, "collect") else "convert it"
        raise _no_table(table, _WHOLE_FRAME if hasattr(table, "to_frame") else remedy)
    try:
        columns = pa.table(table)
    except (pa.ArrowException, TypeError, ValueError) as error:
        if hasattr(table, "to_frame"):
            raise _no_table(table, _WHOLE_FRAME) from None
        reason = " ".join(str(error).split())[:100]
        raise _no_table(table, f"Arrow cannot take it ({reason}); convert its columns") from None
    check_names([str(name) for name in columns.column_names], "the table")
    rules = (rules or CellRules()).for_columns(columns.column_names)
    pairs = ((name, columns.column(name)) for name in columns.column_names)
    return make_frame(pairs, rules, words=False)


def _no_table(table: Any, remedy: str) -> DataError:
    return DataError(
        "a table must be a path, a pandas DataFrame or a pair (X, y), or a table of Polars or Arrow; got "
        f"{type(table).__name__}; {remedy}"
    )


def _out_of_arrow(frame: pd.DataFrame, rules: CellRules) -> pd.DataFrame:
    """Give columns of Arrow's types the types that a table of Arrow becomes; the others are shared."""
    places = [place for place, kind in enumerate(frame.dtypes) if isinstance(kind, pd.ArrowDtype)]
    if not places:
        return frame
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    rules = rules.for_columns(names)
    plain = frame.copy(deep=False)
    for place in places:
        cells: Any = pa.array(frame.iloc[:, place].array)
        cells = cells if isinstance(cells, pa.ChunkedArray) else pa.chunked_array([cells])
        column = make_frame([(names[place], cells)], rules, words=False)[names[place]]
        plain.isetitem(place, column.set_axis(frame.index))
    return plain


def check_columns(
    names: Collection[str] | str, option: str, known: list[str], target: str
) -> tuple[str, ...]:
    """Check the columns that an option names.

    Args:
        names: Column names, or one.
        option: The option's name, for the message.
        known: The table's columns.
        target: The target, which no option may name.

    Returns:
        The names, as the table spells them.

    Raises:
        DataError: A name is not an input column of the table.

    Example:
        >>> check_columns("a", "drop", ["a", "b", "y"], "y")
        ('a',)
    """
    names = (names,) if isinstance(names, str) else tuple(str(name) for name in names)
    names = tuple(find_name(name, known) or name for name in names)
    for name in names:
        if name == target:
            raise DataError(f"`{option}` must name input columns; got the target {name!r}; leave it out")
        if name not in known:
            raise DataError(
                f"`{option}` must name columns of the table; got {name!r}; {nearest(name, known)}"
            )
    return names


def _join(pair: tuple[Any, ...], target: str, called: str) -> pd.DataFrame:
    if len(pair) != 2:
        raise DataError(f"arrays must come as a pair (X, y); got {len(pair)} of them; give two")
    inputs, labels = pair
    if hasattr(inputs, "__arrow_c_stream__"):
        inputs = as_frame(inputs)
    if isinstance(inputs, pd.DataFrame):
        inputs = as_frame(inputs)
    else:
        inputs = _as_array(inputs, "X")
        if inputs.ndim != 2:
            raise DataError(
                f"X must have two dimensions, rows and columns; got shape {inputs.shape}; reshape it"
            )
        names = [f"x{number}" for number in range(inputs.shape[1])]
        inputs = pd.DataFrame(inputs, columns=pd.Index(names)).infer_objects()
    if isinstance(labels, pd.Series):
        column = as_frame(labels.to_frame()).iloc[:, 0].reset_index(drop=True)
    else:
        column = _as_array(labels, "y")
    if column.shape != (len(inputs),):
        raise DataError(
            f"y must have one value for each row of X; got shape {column.shape} for {len(inputs)} rows; "
            "reshape it"
        )
    named = pd.Series(column, name=target).infer_objects()
    if target in [str(name) for name in inputs.columns]:
        raise DataError(
            f"the target must not be a column of X; {target!r} of {called} is; name `target` otherwise"
        )
    return add_column(name_by_text(inputs), named)


def _as_array(values: Any, name: str) -> np.ndarray:
    """Values as an array, masked ones as missing."""
    if type(values).__module__.startswith("scipy.sparse"):
        raise DataError(f"{name} must be dense; got a sparse {type(values).__name__}; give {name}.toarray()")
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        is_number = values.dtype.kind in "iufb"
        plain = np.asarray(values.data, np.float64 if is_number else object).copy()
        plain[np.ma.getmaskarray(values)] = np.nan if is_number else None
        return plain
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        reason = str(error).partition(". ")[0]
        raise DataError(
            f"{name} must be an array of even rows; got {type(values).__name__} ({reason})"
        ) from None


def add_column(frame: pd.DataFrame, column: pd.Series) -> pd.DataFrame:
    """Put a column of as many rows, numbered alike, behind the others, whose cells are shared.

    Example:
        >>> add_column(pd.DataFrame({"length": [1.5]}), pd.Series([2], name="weight")).shape
        (1, 2)
    """
    shared: dict[str, Any] = {} if int(pd.__version__.partition(".")[0]) >= 3 else {"copy": False}
    return cast(pd.DataFrame, pd.concat([frame, column], axis=1, **shared))


def _check_target(frame: pd.DataFrame, target: str | None, called: str) -> str:
    names = cast(list[str], list(frame.columns))
    if target is None:
        raise DataError(f"the target must be named; got none for {called}; {nearest('', names)}")
    found = find_name(str(target), names)
    if found is None:
        raise DataError(
            f"the target must be a column; got {str(target)!r}, and {called} has no such column; "
            f"{nearest(str(target), names)}"
        )
    return found
