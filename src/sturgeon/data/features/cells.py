"""What the cells of a column say: numbers, category keys, missing ones, and the cell that is wrong.

Here and below, a column's index holds the position of each row in the table it came from, so that
a message can name the row although the column is only a part of the table. Rows are told to the
user from 1, the first below the header.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd

from sturgeon.data.reading.names import shown
from sturgeon.errors import DataError

_UNHASHABLE = re.compile(r"unhashable type: '(.*)'")
_LONGEST = 60
_MISSING_TEXTS = ("", "?")
_MOMENTS = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64, pd.Period)
_FLOAT = re.compile(r"-?\d+\.\d+|-?\d+(\.\d+)?e[+-]\d+")


def category_key(value: object) -> str | None:
    """Spell a cell so that equal categories are equal however a file's reader typed them.

    A column of 1 and 2 becomes 1.0 and 2.0 once a cell is missing and "1" and "2" once a cell is
    text; all of these have the keys "1" and "2".

    Args:
        value: Text, number, Boolean, date or a missing value.

    Returns:
        The key, or None when the cell is missing (None, NaN, blank or ``?``).

    Raises:
        TypeError: It is something else, such as a list.

    Example:
        >>> category_key(1.0), category_key(" Volga"), category_key("?"), category_key(True)
        ('1', 'Volga', None, 'True')
    """
    if isinstance(value, str):
        value = value.strip()
        return None if value in _MISSING_TEXTS else value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Number) and not isinstance(value, complex):
        number = float(value)  # pyright: ignore[reportArgumentType]  (every real Number converts)
        if np.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, _MOMENTS):
        return str(value).removesuffix(" 00:00:00")
    raise TypeError(type(value).__name__)


class CategoryNames:
    """Finds known categories by the cells of any table, however its format or its writer spells them.

    A category is as it is spelled: "01" is not "1". Only where a cell's own spelling is not known is it taken
    for a number of a column of numbers, which 1 and 1.0 are alike, or for a Boolean, which true and True are.

    Args:
        known: The categories' keys, in order.

    Example:
        >>> names = CategoryNames(["1", "2", "True"])
        >>> names.find(1.0), names.find("2.0"), names.find("true"), names.find("01")
        (0, 1, 2, None)
    """

    def __init__(self, known: Sequence[str | None]) -> None:
        self._places = {name: place for place, name in enumerate(known)}
        self._others: dict[str, int] = {}
        for place, name in enumerate(known):
            if name is not None:
                self._others.setdefault(_plainly(name), place)

    def find(self, value: object) -> int | None:
        """The place of a cell's category among the known ones, None where it is not known."""
        key = category_key(value)
        place = self._places.get(key)
        return self._others.get(_plainly(key)) if place is None and key is not None else place


def _plainly(key: str) -> str:
    """Spell a key as the number or the Boolean that a column of these would have."""
    if key.casefold() in ("true", "false"):
        return key.capitalize()
    if _FLOAT.fullmatch(key) and repr(float(key)) == key:
        return category_key(float(key)) or key
    return key


def distinct(column: pd.Series, source: str) -> tuple[np.ndarray, list[Any]]:
    """Find the different values of a column.

    Args:
        column: Any column, n cells.
        source: The table, for the message.

    Returns:
        For each cell the position of its value in the list, -1 for a missing one (int, shape n); and
        the list of different values in order of appearance, blank and ``?`` texts left out.

    Raises:
        DataError: A cell is neither text, number, Boolean nor date.

    Example:
        >>> codes, values = distinct(pd.Series(["b", "a", "?", "b"]), "the table")
        >>> codes.tolist(), values
        ([0, 1, -1, 0], ['b', 'a'])
    """
    if column.dtype.kind == "c":
        raise _unsupported(column, source, str(column.dtype))
    if isinstance(column.dtype, pd.ArrowDtype):
        kind = str(column.dtype.pyarrow_dtype)
        kind = kind if len(kind) <= _LONGEST else f"{kind[:_LONGEST]}…"
        raise _unsupported(column, source, f"several values in a cell ({kind})")
    try:
        codes, uniques = pd.factorize(_tell_booleans_apart(column))
        values = list(uniques)
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
            return codes, values  # a number is present, and NaN is none of them
        present = [category_key(value) is not None for value in values]
    except TypeError as error:
        unhashable = _UNHASHABLE.fullmatch(str(error))
        what = str(error) if unhashable is None else f"several values in a cell ({unhashable[1]})"
        raise _unsupported(column, source, what) from None
    places = np.full(len(values) + 1, -1)  # the last place is for the missing cells, code -1
    places[:-1][present] = np.arange(sum(present))
    return places[codes], [value for value, is_present in zip(values, present, strict=True) if is_present]


def _tell_booleans_apart(column: pd.Series) -> pd.Series:
    """Spell Booleans as text where they are mixed with other values: Python holds True and 1 equal."""
    if column.dtype != object:
        return column
    is_boolean = column.map(lambda cell: isinstance(cell, bool | np.bool_)).astype(bool)
    if not is_boolean.any() or (is_boolean | column.isna()).all():
        return column
    return column.where(~is_boolean, column.map(str))


def numbers_among(values: list[Any]) -> np.ndarray:
    """Read each value as a number.

    Args:
        values: Texts, numbers or Booleans, k of them.

    Returns:
        float64, shape k; NaN where the value is not a number. A Boolean is 0 or 1.

    Example:
        >>> numbers_among(["1.5", 2, "abc"]).tolist()
        [1.5, 2.0, nan]
    """
    if set(map(type, values)) <= {float, np.float64}:
        return np.array(values, dtype=np.float64)
    values = [_bounded(value) if isinstance(value, Integral | Fraction) else value for value in values]
    parsed = pd.to_numeric(np.array([*values, np.nan], dtype=object), errors="coerce")
    return np.asarray(parsed, dtype=np.float64)[:-1]


def _bounded(number: Any) -> int | float:
    """A whole number or a fraction as Python's own, or infinity where floats do not reach."""
    if abs(number) >= 2**1023:
        return math.inf if number > 0 else -math.inf
    return int(number) if number.denominator == 1 else float(number)


def read_numbers(column: pd.Series, source: str) -> np.ndarray:
    """Read a column as numbers, text that spells a number included.

    Args:
        column: The column, n cells, indexed by row position.
        source: The table, for the message.

    Returns:
        float64, shape n; NaN where the cell is missing.

    Raises:
        DataError: A cell is text that is no number, or infinite; the message has column and row.

    Example:
        >>> read_numbers(pd.Series(["1", None, " 2.5"]), "the table").tolist()
        [1.0, nan, 2.5]
    """
    if pd.api.types.is_numeric_dtype(column) and column.dtype.kind != "c":
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        codes, values = distinct(column, source)
        parsed = numbers_among(values)
        wrong = np.flatnonzero(np.isnan(np.append(parsed, 0.0))[codes])
        if wrong.size:
            raise DataError(
                f"a numeric column must hold numbers; got {shown(values[codes[wrong[0]]])} in column "
                f"{column.name!r}, row {row_number(column, wrong[0])} of {source}; correct it, or leave the "
                "cell empty if it is missing"
            )
        numbers = np.append(parsed, np.nan)[codes]
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise DataError(
            f"a number must be finite; got {_spelled(column, numbers, infinite[0])} in column "
            f"{column.name!r}, row {row_number(column, infinite[0])} of {source}; correct it, or leave the "
            "cell empty if it is missing"
        )
    return numbers


def _spelled(column: pd.Series, numbers: np.ndarray, position: int) -> str:
    cell = column.iloc[int(position)]
    return str(numbers[position]) if isinstance(cell, float) else shown(cell)


def row_number(column: pd.Series, position: int | np.integer) -> int:
    """Tell the row of a cell as the user counts: 1 is the first row below the header.

    Args:
        column: A column indexed by row position.
        position: The cell's position in the column, from 0.

    Returns:
        The row's number in the whole table.

    Example:
        >>> row_number(pd.Series([5.0, 6.0], index=[10, 20]), 1)
        21
    """
    return int(column.index[int(position)]) + 1


def _unsupported(column: pd.Series, source: str, what: str) -> DataError:
    return DataError(
        f"a column must hold numbers, texts or Booleans; column {column.name!r} of {source} holds {what}; "
        f"turn it into numbers (a date into days, say), or leave it out with `drop` (--drop {column.name})"
    )
