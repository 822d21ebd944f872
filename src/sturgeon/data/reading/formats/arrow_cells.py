"""The cells of a Parquet column by the rules of every format: words that mean missing, and whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sturgeon.data.reading.rules import CellRules
from sturgeon.data.reading.stray_words import find_stray

_EXACT = 2**53
_WHOLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}


def apply_rules(table: pa.Table, name: str, rules: CellRules) -> tuple[pa.Table, dict[str, int]]:
    """Make the words that mean missing in a column missing cells; in one of numbers, those that are numbers.

    Args:
        table: The column alone.
        name: Its name.
        rules: How cells are read.

    Returns:
        The column, and how often each word was taken as missing.

    Example:
        >>> column = pa.table({"river": ["Elbe", "None", " NA"]})
        >>> apply_rules(column, "river", CellRules())[1]
        {'None': 1, 'NA': 1}
    """
    words, perhaps = rules.words_of(name), rules.stray_of(name)
    column = table.column(0)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if rules.own and (numbers := rules.numbers_of(name)):
        table, counts = _leave_out_numbers(table, name, numbers)
        if counts:
            return table, counts
    if not (words or perhaps) or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return table, {}
    texts: Any = pc.utf8_trim_whitespace(column.cast(kind) if kind != column.type else column)  # pyright: ignore[reportAttributeAccessIssue]
    is_word = _find(texts, words | perhaps, kind)
    if not pc.any(is_word).as_py():  # pyright: ignore[reportAttributeAccessIssue]
        return table, {}
    if perhaps:
        words |= find_stray(filter(None, texts.unique().to_pylist()), rules, name)
        is_word = _find(texts, words, kind)
        if not pc.any(is_word).as_py():  # pyright: ignore[reportAttributeAccessIssue]
            return table, {}
    counted = texts.filter(is_word).value_counts().to_pylist()
    kept = pc.if_else(is_word, pa.scalar(None, kind), texts)  # pyright: ignore[reportAttributeAccessIssue]
    return pa.table({name: kept}), {each["values"]: each["counts"] for each in counted}


def _leave_out_numbers(
    table: pa.Table, name: str, numbers: Mapping[str, float]
) -> tuple[pa.Table, dict[str, int]]:
    """Make numbers that the user says mean missing, such as -999, missing cells."""
    column = table.column(0)
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return table, {}
    counts: dict[str, int] = {}
    for word, number in numbers.items():
        is_number: Any = pc.equal(column.cast(pa.float64(), safe=False), number)  # pyright: ignore[reportAttributeAccessIssue]
        found = pc.sum(is_number).as_py() or 0  # pyright: ignore[reportAttributeAccessIssue]
        if found:
            counts[word] = found
            column = pc.if_else(is_number, pa.scalar(None, kind), column)  # pyright: ignore[reportAttributeAccessIssue]
    return (pa.table({name: column}), counts) if counts else (table, {})


def _find(texts: Any, words: frozenset[str], kind: pa.DataType) -> Any:
    return pc.is_in(texts, value_set=pa.array(sorted(words), kind))  # pyright: ignore[reportAttributeAccessIssue]


def whole_type(column: pa.ChunkedArray, *, exact: bool) -> Callable[[pa.DataType], Any] | None:
    """The type in which whole numbers stay whole though cells are missing; pandas would make them floats.

    Args:
        column: A column.
        exact: Whether its cells are categories or labels, to be kept to the last digit; other numbers are
            only where floats would lose digits.

    Returns:
        What `pyarrow.Table.to_pandas` takes as ``types_mapper``, or None to leave the type to it.

    Example:
        >>> whole_type(pa.chunked_array([[1, None]]), exact=False) is None
        True
        >>> whole_type(pa.chunked_array([[1, None]]), exact=True)(pa.int64())
        Int64Dtype()
    """
    if column.type not in _WHOLE or not column.null_count or column.null_count == len(column):
        return None
    span: Any = pc.min_max(column)  # pyright: ignore[reportAttributeAccessIssue]
    if exact or span["min"].as_py() < -_EXACT or span["max"].as_py() > _EXACT:
        return _WHOLE.get
    return None
