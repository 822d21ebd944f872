"""Named columns of Arrow made a data frame, a column at a time, by the rules of every format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sturgeon.data.reading.formats.arrow_cells import apply_rules, whole_type
from sturgeon.data.reading.rules import CellRules, note_missing

Column = tuple[str, pa.ChunkedArray]


def make_frame(columns: Iterable[Column], rules: CellRules, *, words: bool = True) -> pd.DataFrame:
    """Make a data frame of columns.

    Each is copied out of Arrow's memory, which is then free for the next, and stays the process's for ever.

    Args:
        columns: Names and cells, one by one: the whole at once would be in memory twice.
        rules: How cells are read.
        words: Whether words mean missing; False for a table in memory, whose missing cells are marked.

    Returns:
        The frame, rows numbered from 0.

    Example:
        >>> make_frame([("river", pa.chunked_array([["Elbe", "NA"]]))], CellRules())["river"].isna().tolist()
        [False, True]
    """
    found: dict[str, pd.Series] = {}
    taken: dict[str, dict[str, int]] = {}
    for name, cells in columns:
        if is_nested(cells.type):
            found[name] = pd.Series(pd.arrays.ArrowExtensionArray(cells))
            continue
        table = pa.table({name: plain(cells)})
        if rules.as_spelled:
            if words:
                table, taken[name] = apply_rules(table, name, rules)
            keep = whole_type(table.column(0), exact=name in rules.categorical or name == rules.target)
            column = table.to_pandas(types_mapper=keep)[name]
        else:
            column = table.to_pandas()[name]
        found[name] = column.reset_index(drop=True).copy()
    frame = pd.DataFrame(found, copy=False)
    for name, counts in taken.items():
        note_missing(frame, name, counts)
    return frame


def is_nested(kind: pa.DataType) -> bool:
    """Whether a cell of a type holds several values: a list, a structure, a map.

    Example:
        >>> is_nested(pa.list_(pa.int64())), is_nested(pa.string())
        (True, False)
    """
    return pa.types.is_nested(kind) and not pa.types.is_run_end_encoded(kind)


def plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same cells in a type that every function of Arrow knows.

    No views of texts, no lengths of runs, no codes of categories without a sign.
    """
    if pa.types.is_run_end_encoded(cells.type):
        decoded: Any = [pc.run_end_decode(chunk) for chunk in cells.chunks]  # pyright: ignore[reportAttributeAccessIssue]
        return plain(pa.chunked_array(decoded, cells.type.value_type))
    if cells.type == pa.string_view():
        return cells.cast(pa.large_string())
    if pa.types.is_dictionary(cells.type):
        kind = cells.type.value_type
        kind = pa.large_string() if kind == pa.string_view() else kind
        if kind != cells.type.value_type or not pa.types.is_signed_integer(cells.type.index_type):
            parts = [
                pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int64()), chunk.dictionary.cast(kind))
                for chunk in cells.chunks
            ]
            return pa.chunked_array(parts, pa.dictionary(pa.int64(), kind))
    return cells


def join_columns(parts: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Put the parts of a column below each other; texts where their types do not go together.

    Example:
        >>> join_columns([pa.chunked_array([[1]]), pa.chunked_array([[0.5]])]).to_pylist()
        [1.0, 0.5]
        >>> join_columns([pa.chunked_array([[1]]), pa.chunked_array([["a"]])]).to_pylist()
        ['1', 'a']
    """
    tables = [pa.table({"column": cells}) for cells in parts]
    try:
        return pa.concat_tables(tables, promote_options="permissive").column(0)
    except (pa.ArrowTypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts: Any = [make_column([spell(cell) for cell in part.to_pylist()]) for part in parts]
        return join_columns(texts)


def make_column(values: list[Any]) -> pa.ChunkedArray:
    """Make a column of Python's values: numbers, texts, Booleans, dates; texts where kinds mix.

    Example:
        >>> make_column([1, None, 0.5]).to_pylist(), make_column([1, "-"]).to_pylist()
        ([1.0, None, 0.5], ['1', '-'])
    """
    try:
        return pa.chunked_array([pa.array(values)])
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, pa.ArrowNotImplementedError):
        return pa.chunked_array([pa.array([spell(value) for value in values], pa.string())])


def spell(value: Any) -> str | None:
    """Spell a cell as a text file would: a whole number without a point.

    Example:
        >>> spell(2.0), spell(2.5), spell("02"), spell(None)
        ('2', '2.5', '02', None)
    """
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
