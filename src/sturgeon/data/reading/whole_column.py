"""One column of a text file, gathered from chunks, with the type that the whole column has.

A chunk's type is that of its own cells: a column of words may look like numbers for its first thousand
rows. Here chunks are put together as pandas would have read them all at once; where they
disagree, :class:`Spelled` gathers the cells as they are spelled and decides at the end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from typing import Any, cast

import numpy as np
import pandas as pd

Clean = Callable[[list[Any]], list[Any]]


class WholeColumn:
    """A column as its chunks come in.

    Args:
        most_rows: How many rows can come at most.

    Example:
        >>> column = WholeColumn(4)
        >>> for cells in ([1, 2], [None, 0.5]):
        ...     column.add(pd.Series(cells))
        >>> column.disagrees, column.finish(list).tolist()
        (False, [1.0, 2.0, nan, 0.5])
    """

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._rows = 0
        self._numbers: np.ndarray | None = None
        self._words: Words | None = None
        self._all_missing = True
        self.disagrees = False
        """Whether the chunks are of types that cannot be put together."""

    def add(self, cells: pd.Series) -> None:
        """Take the next chunk, as pandas typed it."""
        if not self.disagrees and len(cells):
            start, self._rows = self._rows, self._rows + len(cells)
            self.disagrees = not self._take(cells, start)
            if self.disagrees:
                self._numbers = self._words = None

    def _take(self, cells: pd.Series, start: int) -> bool:
        if cells.dtype.kind == "f" and bool(cells.isna().all()):
            return self._take_missing(start)
        if cells.dtype in (np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.bool_)):
            return self._words is None and self._take_numbers(cells.to_numpy(), start)
        if not (isinstance(cells.dtype, pd.StringDtype) or _are_texts(cells)):
            return False
        return self._take_words(cells, start)

    def _take_missing(self, start: int) -> bool:
        if self._words is not None:
            self._words.skip(self._rows - start)
            return True
        return self._numbers is None or self._take_numbers(np.full(self._rows - start, np.nan), start)

    def _take_numbers(self, cells: np.ndarray, start: int) -> bool:
        if self._numbers is None:
            self._numbers = np.empty(self._most_rows, cells.dtype)
            if start:  # only missing cells so far
                if cells.dtype == bool:
                    return False
                self._numbers = self._numbers.astype(np.float64)
                self._numbers[:start] = np.nan
        elif (self._numbers.dtype == bool) != (cells.dtype == bool):
            return False
        elif cells.dtype.kind == "f" and self._numbers.dtype.kind == "i":
            self._numbers = self._numbers.astype(np.float64)
        self._numbers[start : self._rows] = cells
        return True

    def _take_words(self, cells: pd.Series, start: int) -> bool:
        if self._numbers is not None:
            return False
        if self._words is None:
            self._words = Words(self._most_rows)
            self._words.skip(start)
        self._words.add(cells)
        return True

    @property
    def words(self) -> Words | None:
        """The cells, where they are texts."""
        return self._words

    @property
    def any_missing(self) -> bool:
        """Whether a cell is missing."""
        if self._words is not None:
            return self._words.any_missing
        return self._numbers is None or bool(np.isnan(self._numbers[: self._rows]).any())

    def finish(self, clean: Clean) -> pd.Series:
        """Give the whole column.

        Args:
            clean: From different texts to what shall stand in their place, None where a cell is missing.
        """
        if self._words is not None:
            return self._words.finish(clean)
        if self._numbers is None:
            return pd.Series(np.full(self._rows, np.nan))
        return pd.Series(self._numbers[: self._rows], copy=False)


class Words:
    """The cells of a column as the positions of their values among the different ones.

    Args:
        most_rows: How many rows can come at most.
    """

    def __init__(self, most_rows: int) -> None:
        self._codes = np.empty(most_rows, np.int32)
        self._rows = 0
        self._place_of: dict[str, int] = {}

    @property
    def different(self) -> list[Any]:
        """The different values in order of appearance."""
        return list(self._place_of)

    @property
    def any_missing(self) -> bool:
        """Whether a cell is missing."""
        return bool((self._codes[: self._rows] < 0).any())

    def skip(self, rows: int) -> None:
        """Take so many missing cells."""
        self._codes[self._rows : self._rows + rows] = -1
        self._rows += rows

    def add(self, cells: pd.Series) -> None:
        """Take the next cells: texts and missing ones."""
        codes, values = pd.factorize(cells)
        places = [self._place_of.setdefault(value, len(self._place_of)) for value in values]
        self._codes[self._rows : self._rows + len(cells)] = np.array([*places, -1], np.int32)[codes]
        self._rows += len(cells)

    def count(self, words: Collection[str]) -> dict[str, int]:
        """How many cells are each of some words, blanks around them left out; words without any left out."""
        counts: dict[str, int] = {}
        for word, place in self._place_of.items():
            if word.strip() in words:
                cells = int((self._codes[: self._rows] == place).sum())
                counts[word.strip()] = counts.get(word.strip(), 0) + cells
        return counts

    def finish(self, clean: Clean) -> pd.Series:
        """Give the texts, cleaned as for :meth:`WholeColumn.finish`."""
        return self.spread(pd.Series([*clean(self.different), None], dtype="str"))

    def spread(self, values: pd.Series) -> pd.Series:
        """Give each cell its value; the last of ``values`` is for the missing ones."""
        codes = self._codes[: self._rows]
        spread = values.take(np.where(codes < 0, len(values) - 1, codes))
        return cast(pd.Series, spread.reset_index(drop=True))


def read_spelled(words: Words, clean: Clean, options: dict[str, Any]) -> pd.Series:
    """Let pandas decide a column's type from its different spellings, as it would from all the cells.

    Args:
        words: The column's cells as they are spelled.
        clean: As for :meth:`WholeColumn.finish`.
        options: How the table is read: options of :func:`pandas.read_csv`.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([word] for word in ["spelled", *words.different, *([""] if words.any_missing else [])])
    text.seek(0)
    values = cast(pd.Series, pd.read_csv(text, **options)["spelled"])
    if values.dtype.kind not in "biuf":
        values = pd.Series(clean(values.tolist()), dtype=values.dtype)
    return words.spread(values)


def _are_texts(cells: pd.Series) -> bool:
    """Whether an object column, as older versions of pandas make of text, holds texts and missing cells."""
    return cells.dtype == object and pd.api.types.infer_dtype(cells, skipna=True) == "string"
