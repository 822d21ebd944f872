"""What whoever reads the results should know of how a table was taken: a line each."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import distinct
from sturgeon.data.features.columns import CategoricalColumn
from sturgeon.data.features.kinds import looks_dressed
from sturgeon.data.features.preprocessing import Preprocessing
from sturgeon.data.reading.names import listed
from sturgeon.data.reading.rules import MISSING_WORDS, describe_missing, is_padded
from sturgeon.data.targets import ClassTarget
from sturgeon.errors import option


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
        >>> frame = pd.DataFrame({"price": ["1,000", "2,000"], "fish": ["no", "yes"]})
        >>> fitted = fit_preprocessing(frame[["price"]], ClassTarget("fish", ("no", "yes")))
        >>> describe_cells(frame, frame["fish"], fitted, [])
        ["column 'price' is taken as 2 categories, though its cells look like numbers ('1,000')"]
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
    for column in preprocessing.columns:
        if not isinstance(column, CategoricalColumn) or column.name in asked:
            continue
        taken = f"column {column.name!r} is taken as {len(column.categories)} categories"
        if looks_dressed(column.categories):
            dressed = next(each for each in column.categories if looks_dressed([each]))
            notes.append(f"{taken}, though its cells look like numbers ({dressed!r})")
        elif any(map(is_padded, column.categories)) and all(each.isdecimal() for each in column.categories):
            padded = next(filter(is_padded, column.categories))
            notes.append(f"{taken}, as its cells have leading zeros ({padded!r})")
    return notes


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
