"""Column names: each its own, and a wrong one answered with the nearest right one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import pandas as pd

from sturgeon.errors import DataError

_LISTED = 12
_SEPARATOR = re.compile(r"(?<=\S)\s+(?=\S)|[:^~!\x01-\x1f\u00a6]")


def check_names(names: list[str], source: str) -> None:
    """Raise unless every column has a name of its own.

    Args:
        names: The columns' names, in order.
        source: Where they come from, for the message.

    Raises:
        DataError: A name is empty, or two columns share one.

    Example:
        >>> check_names(["length", "weight"], "the table")
    """
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if not name:
            row_numbers = ", or write the file without its row numbers (pandas: index=False)"
            raise DataError(
                f"every column must have a name; column {number} of {source} has none; "
                f"name it{row_numbers if number == 1 else ''}"
            )
        if name in seen:
            raise DataError(
                f"every column must have a name of its own; columns {seen[name]} and {number} of "
                f"{source} are both called {name!r}; rename one"
            )
        seen[name] = number


def check_same_names(first: Sequence[str], other: Sequence[str], called: str, called_other: str) -> None:
    """Raise unless two files of one table have the same columns, in whichever order.

    Args:
        first: The columns of the first file.
        other: Those of another one.
        called: What to call the first in messages.
        called_other: What to call the other.

    Raises:
        DataError: One has a column that the other lacks.

    Example:
        >>> check_same_names(["length", "weight"], ["weight", "length"], "'a.csv'", "'b.csv'")
    """
    for has, lacks, whole, short in (
        (first, other, called, called_other),
        (other, first, called_other, called),
    ):
        if missing := [name for name in has if name not in lacks]:
            raise DataError(
                f"files of one table must have the same columns; {short} lacks {listed(missing)}, which "
                f"{whole} has; name files of one kind only"
            )


def name_by_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Name columns by text and number rows from 0. The cells are shared, not copied.

    Args:
        frame: Any table; it stays as it is.

    Returns:
        The same cells, so named and numbered.

    Example:
        >>> name_by_text(pd.DataFrame({7: [1.5]}, index=[30])).to_dict()
        {'7': {0: 1.5}}
    """
    named = frame.copy(deep=False)
    named.columns = ["" if name is None or name != name else str(name) for name in frame.columns]
    named.index = pd.RangeIndex(len(frame))
    return named


def listed(values: Iterable[object]) -> str:
    """Spell values for a message, a dozen at most.

    Args:
        values: Names, labels, …

    Returns:
        The values as Python writes them, with commas between.

    Example:
        >>> listed(["a", 1])
        "'a', 1"
    """
    values = list(values)
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    return ", ".join(shown(value) for value in values[:_LISTED]) + more


def shown(cell: object) -> str:
    """Spell a cell for a message, a long one by its beginning.

    Example:
        >>> shown("Elbe"), shown("1" * 400)
        ("'Elbe'", "'11111111111111111111… (400 characters)")
    """
    try:
        text = repr(cell)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:21]}… ({len(str(cell))} characters)"


def find_name(name: str, known: Sequence[str]) -> str | None:
    """Find a column by its name, however its accents are encoded.

    Args:
        name: What was received.
        known: The columns' names.

    Returns:
        The name as the table has it: the very same, or else the first that looks the same (Unicode NFC); None
        where there is none.

    Example:
        >>> find_name("gr\u00f6\u00dfe", ["gro\u0308\u00dfe"]) == "gro\u0308\u00dfe"
        True
    """
    if name in known:
        return name
    composed = unicodedata.normalize("NFC", name)
    return next((each for each in known if unicodedata.normalize("NFC", each) == composed), None)


def name_as(frame: pd.DataFrame, needed: Iterable[str]) -> pd.DataFrame:
    """Name columns as they are asked for, where only the encoding of accents differs. Cells are shared.

    Args:
        frame: A table whose columns are named by text.
        needed: Names.

    Returns:
        The table, or the same under those names.
    """
    names = list(frame.columns)
    found = {find_name(name, names): name for name in needed if name not in names}
    found.pop(None, None)
    return frame.rename(columns=found) if found else frame


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which of the known names was perhaps meant, or list them.

    Args:
        name: What was received.
        known: What there is.

    Returns:
        The end of a message: ``did you mean 'x'?`` or ``the columns are 'x', 'y'``.

    Example:
        >>> nearest("qualty", ["alcohol", "quality"])
        "did you mean 'quality'?"
        >>> nearest("colour", ["pH", "quality"])
        "the columns are 'pH', 'quality'"
    """
    if len(known) == 1 and (mark := _SEPARATOR.search(known[0])) is not None:
        return (
            f"its one column is {known[0]!r}, as no comma, semicolon, tab or vertical bar stands in its "
            f"first line; write one of these instead of {mark[0]!r}"
        )
    close = get_close_matches(name.casefold(), [each.casefold() for each in known], n=1)
    if close:
        return f"did you mean {next(each for each in known if each.casefold() == close[0])!r}?"
    return f"the columns are {listed(known)}"
