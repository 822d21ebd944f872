"""Tell which columns are numbers, which are categories, and which have so many that these are pooled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import distinct, numbers_among, row_number
from sturgeon.data.reading.names import shown
from sturgeon.data.reading.rules import STRAY_WORDS, is_padded
from sturgeon.errors import DataError, option

Kind = Literal["numeric", "categorical", "pooled"]

FEW_CATEGORIES = 20
MANY_CATEGORIES = 256
ROWS_EACH = 30
"""Training rows to a category, on average, from which each of many has an input of its own."""
MOSTLY_NUMBERS = 0.9
_UNIT = r"(?:%|‰|[$€£¥₹]|EUR|USD|GBP|CHF)?"
_DIGITS = r"(?:\d{1,3}(?:[.,' \u00a0\u2009\u202f]\d{3})+|\d+)(?:[.,]\d+)?"
_DRESSED = re.compile(rf"\(?[+-]?\s?{_UNIT}\s?[+-]?{_DIGITS}\s?{_UNIT}\)?")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def find_kind(
    column: pd.Series, source: str, *, as_spelled: bool = True, pools: bool = True, alike: bool = True
) -> Kind:
    """Tell whether a column is numeric, categorical or of many categories from its training rows.

    Numbers, and texts that all spell numbers, are numeric. Booleans, pandas' categorical columns and
    other texts are categorical, and so are whole numbers spelled with leading zeros ("007"), which are codes;
    unless it is numbers with a mistake: more than 20 different values, nine cells in ten being numbers.

    Categories are many where there are more than 256, or more than 20 with fewer than thirty rows to each on
    average: what a feature for each would mean cannot be learnt from so few.

    Args:
        column: The training rows' cells, indexed by row position.
        source: The table, for messages.
        as_spelled: False takes numbers with leading zeros as numbers, as the first Sturgeon did.
        pools: False refuses many categories, as Sturgeon did before it pooled the rare ones.
        alike: False never takes pandas' categorical columns as many categories, and takes 061.29 as a code,
            as Sturgeon once did.

    Returns:
        "numeric", "categorical" or "pooled".

    Raises:
        DataError: The column is numbers with a mistake, or holds neither texts nor numbers, such as lists.

    Example:
        >>> find_kind(pd.Series(["1", "2.5", None]), "the table")
        'numeric'
        >>> find_kind(pd.Series(["Volga", "Elbe", "Volga"]), "the table")
        'categorical'
    """
    if pd.api.types.is_bool_dtype(column):
        return "categorical"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "pooled" if pools and alike and are_many(column, source) else "categorical"
    if pd.api.types.is_numeric_dtype(column) and column.dtype.kind != "c":
        return "numeric"
    codes, values = distinct(column, source)
    if values and all(isinstance(value, bool | np.bool_) for value in values):
        return "categorical"
    is_text = np.isnan(numbers_among(values))
    if not is_text.any():
        if not (as_spelled and any(is_padded(value, decimals=not alike) for value in values)):
            return "numeric"
        return _few_or_many(column, codes, values, _refuse_many_codes, source, pools=pools)
    _refuse_mistaken_numbers(column, codes, values, is_text, source)
    return _few_or_many(column, codes, values, _refuse_free_text, source, pools=pools)


def _few_or_many(
    column: pd.Series, codes: np.ndarray, values: list[object], refuse: Any, source: str, *, pools: bool
) -> Kind:
    rows = int((codes >= 0).sum())
    if not pools and not _few_enough(len(values), rows, 2):
        refuse(column, codes, values, source)
    return "pooled" if pools and not _few_enough(len(values), rows) else "categorical"


def are_many(column: pd.Series, source: str) -> bool:
    """Whether a column that is said to be of categories has too many for a feature each.

    Args:
        column: The training rows' cells.
        source: The table, for messages.

    Example:
        >>> are_many(pd.Series(["Elbe", "Oka"] * 3), "the table"), are_many(pd.Series(range(30)), "the table")
        (False, True)
    """
    codes, values = distinct(column, source)
    return not _few_enough(len(values), int((codes >= 0).sum()))


def looks_dressed(categories: Sequence[str]) -> bool:
    """Whether categories are numbers with thousands separators, units or the like, such as 1,000 or 12 %.

    Args:
        categories: Texts.

    Returns:
        True where all are numbers, and one is not plainly written.

    Example:
        >>> looks_dressed(["1,000", "900"]), looks_dressed(["1", "2"]), looks_dressed(["A1", "7"])
        (True, False, False)
    """
    plain = [_PLAIN.fullmatch(each) is not None for each in categories]
    dressed = (_DRESSED.fullmatch(each) is not None for each in categories)
    return not all(plain) and all(p or d for p, d in zip(plain, dressed, strict=True))


def _refuse_many_codes(column: pd.Series, codes: np.ndarray, values: list[object], source: str) -> None:
    rows = int((codes >= 0).sum())
    example = next(value for value in values if is_padded(value, decimals=True))
    raise DataError(
        f"a column of codes must have at most {MANY_CATEGORIES} categories, with two rows to each; column "
        f"{column.name!r} of {source} has leading zeros ({example!r}) and {len(values)} different values in "
        f"{rows} training rows; say whether they are numbers ({option('numeric')} {column.name}), categories "
        f"({option('categorical')} {column.name}) or to be left out ({option('drop')} {column.name})"
    )


def _few_enough(categories: int, rows: int, rows_each: int = ROWS_EACH) -> bool:
    return categories <= FEW_CATEGORIES or (categories <= MANY_CATEGORIES and rows_each * categories <= rows)


def _refuse_mistaken_numbers(
    column: pd.Series, codes: np.ndarray, values: list[object], is_text: np.ndarray, source: str
) -> None:
    present = codes[codes >= 0]
    if len(values) <= FEW_CATEGORIES or is_text[present].mean() > 1 - MOSTLY_NUMBERS:
        return
    known = np.array([isinstance(value, str) and value.strip() in STRAY_WORDS for value in values], np.bool_)
    told = is_text & ~known if (is_text & ~known).any() else is_text  # a dash is not what is wrong
    wrong = int(np.flatnonzero((codes >= 0) & told[codes])[0])
    raise DataError(
        f"a column of numbers must hold nothing else; column {column.name!r} of {source} has "
        f"{shown(values[codes[wrong]])} in row {row_number(column, wrong)}; correct it (an empty cell is a "
        f"missing value), or name the column in `categorical` (--categorical {column.name})"
    )


def _refuse_free_text(column: pd.Series, codes: np.ndarray, values: list[object], source: str) -> None:
    rows = int((codes >= 0).sum())
    raise DataError(
        f"a text column must have at most {MANY_CATEGORIES} categories, with two rows to each; column "
        f"{column.name!r} of {source} has {len(values)} in {rows} training rows ({str(values[0])[:40]!r} …) "
        f"and looks like free text; leave it out with `drop` (--drop {column.name}), or insist with "
        f"`categorical` (--categorical {column.name})"
    )
