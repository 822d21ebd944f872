"""A dash or the like among numbers: a missing value, where it is one of the words that mean it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from sturgeon.data.reading.rules import MISSING_WORDS, CellRules, is_padded


def find_stray(different: Iterable[str], rules: CellRules, column: str) -> frozenset[str]:
    """Find the words in a column of text that mean missing because all its other cells are numbers.

    Args:
        different: The column's different cells.
        rules: Which words these may be.
        column: Its name.

    Returns:
        The words; none where the column is no column of numbers.

    Example:
        >>> sorted(find_stray(["1", "2.5", "-", "n/a"], CellRules(), "length"))
        ['-']
        >>> find_stray(["A", "-"], CellRules(), "river")
        frozenset()
    """
    words = rules.stray_of(column)
    if not words:
        return frozenset()
    stripped = [cell.strip() for cell in different]
    stray = words.intersection(stripped)
    if not stray:
        return frozenset()
    numbers = [cell for cell in stripped if cell and cell not in words and cell not in MISSING_WORDS]
    if not numbers or any(is_padded(cell, decimals=not rules.alike) for cell in numbers):
        return frozenset()
    parsed = pd.to_numeric(np.array([*numbers, np.nan], dtype=object), errors="coerce")
    return frozenset() if np.isnan(np.asarray(parsed, dtype=float)[:-1]).any() else stray
