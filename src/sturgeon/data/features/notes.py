"""What whoever reads the results should know of how a table was taken: a line each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import category_key, distinct, numbers_among
from sturgeon.data.features.columns import CategoricalColumn, NumericColumn
from sturgeon.data.features.kinds import looks_dressed
from sturgeon.data.features.pooled import PooledColumn
from sturgeon.data.features.preprocessing import Preprocessing
from sturgeon.data.features.written import Written, describe_example
from sturgeon.data.reading.names import listed, shown
from sturgeon.data.reading.rules import MISSING_WORDS, describe_missing, is_padded
from sturgeon.data.targets import ClassTarget
from sturgeon.errors import option

_LISTED = 12
_FEWEST_ROWS = 10
_MANY_NUMBERS = 0.3


def describe_written(written: Mapping[str, Written], preprocessing: Preprocessing) -> list[str]:
    """Say which columns are read as numbers or moments by the form of their cells, and as what.

    Args:
        written: The forms by column, that of the target among them.
        preprocessing: What was learnt from the table.

    Returns:
        Lines, none for a table of plain numbers and categories.

    Example:
        >>> from sturgeon.data.features.preprocessing import fit_preprocessing
        >>> from sturgeon.data.features.recognition import find_written
        >>> frame = pd.DataFrame({"day": ["2020-01-31", "2020-02-01"]})
        >>> fitted = fit_preprocessing(frame, ClassTarget("fish", ("no", "yes")))
        >>> describe_written(find_written(frame, "the table"), fitted)[0]
        "column 'day' is read as dates (year-month-day): position in time, month, day of month, day of week"
    """
    notes = []
    for column in preprocessing.columns:
        if not isinstance(column, NumericColumn) or column.form is None:
            continue
        taken = f"column {column.name!r} is read as {column.form.describe()}"
        stray = written[column.name].stray if column.name in written else ()
        if stray:
            taken += f", and {listed(stray)} as missing"
        if column.cycles:
            parts = ["position in time", *(cycle.name for cycle in column.cycles)]
            notes.append(f"{taken}: {', '.join(parts)}")
        elif column.name in written and written[column.name].example is not None:
            notes.append(f"{taken}, {describe_example(written[column.name])}")
        else:
            notes.append(taken)
    return notes


def describe_cells(
    frame: pd.DataFrame, labels: pd.Series, preprocessing: Preprocessing, asked: Collection[str]
) -> list[str]:
    """Say which words were taken as missing or as classes, and which categories look like numbers.

    Args:
        frame: The table as it was read.
        labels: Its target.
        preprocessing: What was learnt from it.
        asked: The columns that the user said are categories.

    Returns:
        Lines, none for a table without such cells.

    Example:
        >>> from sturgeon.data.features.preprocessing import fit_preprocessing
        >>> frame = pd.DataFrame({"price": ["5 €", "7 $"], "fish": ["no", "yes"]})
        >>> fitted = fit_preprocessing(frame[["price"]], ClassTarget("fish", ("no", "yes")))
        >>> describe_cells(frame, frame["fish"], fitted, [])
        ["column 'price' is taken as 2 categories, though its cells look like numbers ('5 €')"]
    """
    if preprocessing.missing_words is None:
        return []
    used = [column.name for column in preprocessing.columns]
    found = [line for name in used if (line := describe_missing(frame, name))]
    notes = [f"{line}; {option('missing')} names the words that mean it" for line in found]
    if isinstance(preprocessing.target, ClassTarget):
        words = [label for label in distinct(labels, "the table")[1] if label in MISSING_WORDS]
        if words:
            notes.append(
                f"{listed(words)} of the target {'are classes' if len(words) > 1 else 'is a class'}; "
                f"{option('missing')} says which words mean a missing value"
            )
    few: list[str] = []
    for column in preprocessing.columns:
        if isinstance(column, NumericColumn) and _are_row_numbers(frame[column.name]):  # pyright: ignore[reportArgumentType]
            notes.append(
                f"column {column.name!r} is an input, though it only numbers the rows; "
                f"`{option('drop', column.name)}` leaves it out"
            )
        if isinstance(column, PooledColumn):
            count = len(column.categories)
            notes.append(
                f"column {column.name!r} is taken as {count} categor{'y' if count == 1 else 'ies'}, rare and "
                "new ones together as one more: each is told by what the target is there on average"
                + _describe_numbers_among(frame[column.name])  # pyright: ignore[reportArgumentType]
            )
        if not isinstance(column, CategoricalColumn):
            continue
        few.append(f"{column.name!r} ({len(column.categories)})")
        if column.name in asked:
            continue
        taken = f"column {column.name!r} is taken as {len(column.categories)} categories"
        if looks_dressed(column.categories):
            dressed = next(each for each in column.categories if looks_dressed([each]))
            notes.append(f"{taken}, though its cells look like numbers ({dressed!r})")
        elif any(map(is_padded, column.categories)) and all(each.isdecimal() for each in column.categories):
            padded = next(filter(is_padded, column.categories))
            notes.append(f"{taken}, as its cells have leading zeros ({padded!r})")
        elif (word := _word_among_numbers(column.categories)) is not None:
            cells = frame[column.name].map(category_key).to_numpy()
            row = int(np.flatnonzero(cells == word)[0]) + 1
            notes.append(f"{taken}, as {word!r} in row {row} is no number")
        else:
            continue
        few.pop()
    if few:
        more = f" and {len(few) - _LISTED} more" if len(few) > _LISTED else ""
        notes.append(f"taken as categories: {', '.join(few[:_LISTED])}{more}")
    for name in preprocessing.unrepeated:
        different = len(distinct(frame[name], "the table")[1])  # pyright: ignore[reportArgumentType]
        notes.append(
            f"column {name!r} is left out, as its values hardly ever repeat: {different} different ones in "
            f"{len(frame)} rows{_describe_numbers_among(frame[name])}"  # pyright: ignore[reportArgumentType]
        )
    return notes


def _are_row_numbers(column: pd.Series) -> bool:
    """Whether a column holds 0, 1, 2 … or 1, 2, 3 … in the order of the rows."""
    if column.dtype.kind not in "iu" or len(column) < _FEWEST_ROWS or column.hasnans:
        return False
    if column.iloc[0] not in (0, 1):
        return False
    last = column.iloc[0] + len(column) - 1
    return bool(column.iloc[-1] == last) and np.array_equal(
        column, np.arange(last + 1 - len(column), last + 1)
    )


def _describe_numbers_among(column: pd.Series) -> str:
    """Say that a column has numbers of which nothing is made, as some of its cells are none, and name one."""
    codes, values = distinct(column, "the table")
    is_text = np.isnan(np.append(numbers_among(values), 0.0))[codes]
    share = 1 - is_text[codes >= 0].mean()
    if share < _MANY_NUMBERS or not is_text.any():
        return ""
    row = int(np.flatnonzero(is_text)[0])
    cell = shown(values[codes[row]])
    return f", though {share:.0%} of its cells are numbers ({cell} in row {row + 1} is none)"


def _word_among_numbers(categories: Collection[str]) -> str | None:
    """The first of few words among categories that are numbers otherwise; None where there are none."""
    names = list(categories)
    is_word = np.isnan(numbers_among(names))
    if not is_word.any() or is_word.sum() * 4 > len(names):
        return None
    return names[int(np.flatnonzero(is_word)[0])]


def describe_parts(preprocessing: Preprocessing, validation: np.ndarray, test: np.ndarray) -> list[str]:
    """Say which classes the validation or the test part lacks, so that its metrics say nothing of them.

    Args:
        preprocessing: What was learnt from the training part.
        validation: The validation part's targets.
        test: The test part's.

    Returns:
        Lines, none where neither part lacks a class.

    Example:
        >>> fish = Preprocessing((), (), ClassTarget("fish", ("no", "yes")))
        >>> describe_parts(fish, np.array([0, 1]), np.array([0, 0]))
        ["the test part has no row of class 'yes': its metrics say nothing of it"]
    """
    if not isinstance(preprocessing.target, ClassTarget):
        return []
    codes, notes = np.arange(len(preprocessing.target.labels)), []
    for part, targets in (("validation", validation), ("test", test)):
        absent = preprocessing.target.decode(np.setdiff1d(codes, targets)).tolist()
        if absent:
            which, them = ("class", "it") if len(absent) == 1 else ("classes", "them")
            notes.append(
                f"the {part} part has no row of {which} {listed(absent)}: its metrics say nothing of {them}"
            )
    return notes


def describe_unseen(preprocessing: Preprocessing, test: pd.DataFrame) -> list[str]:
    """Say of which columns a test table has cells of a kind that training never had.

    Args:
        preprocessing: What was learnt from the training part.
        test: A test table of its own.

    Returns:
        Lines, none where there are no such cells.
    """
    return [
        f"{count} cells of column {column!r} of the test table are of a kind that training never had"
        for column, count in preprocessing.count_unseen(test, "the test table").items()
    ]
