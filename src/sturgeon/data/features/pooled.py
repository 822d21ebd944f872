"""A column of many categories: rare ones pooled, and each told by what its rows' targets are on average.

A row must not be told by its own target. So the training rows are cut into folds, and a row sees the averages
of the other folds only (:class:`OutOfFold`); where a fold is held out to choose by, it counts for no row that
a network is trained on. Rows of other parts, and rows to predict, see the averages over all training rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import CategoryNames, category_key, distinct
from sturgeon.data.features.scale import Scale, fit_scale

FEWEST_ROWS = 3
"""Of a category in the training rows, or it is pooled with the other rare ones."""
FOLDS = 5
PRIOR_ROWS = 5.0
"""For how many rows the average over all rows counts in that of a category."""


@dataclass(frozen=True, slots=True)
class PooledColumn:
    """What the targets of a category's rows are on average, normalised.

    Attributes:
        name: The column's name.
        categories: Those with enough training rows, as `category_key` spells them, sorted. Any other one
            is pooled.
        missing: Whether a missing cell is one more category, the last: training rows had some.
        averages: For the pool, then for each category, the averages: of the target in standard units, or of
            each class's share of the rows (of two classes, the second's).
        scales: The scales of these features.

    Example:
        >>> averages = ((0.0,), (1.0,), (3.0,))
        >>> column = PooledColumn("city", ("Bonn", "Ulm"), False, averages, (Scale(1.0, 2.0),))
        >>> column.encode(pd.Series(["Ulm", "Bonn", "Rome"], name="city"), "the table").tolist()
        [[1.0], [0.0], [-0.5]]
    """

    name: str
    categories: tuple[str, ...]
    missing: bool
    averages: tuple[tuple[float, ...], ...]
    scales: tuple[Scale, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        if len(self.scales) == 1:
            return (f"{self.name}: average",)
        return tuple(f"{self.name}: average {number}" for number in range(len(self.scales)))

    @property
    def rows(self) -> np.ndarray:
        """The normalised features of the pool, then of each category: float64, a row each."""
        return _normalise(np.array(self.averages), self.scales)

    def encode(self, column: pd.Series, source: str) -> np.ndarray:
        """Turn n cells into normalised features, float64, shape (n, features)."""
        return self.rows[self.find_places(column, source)]

    def count_unseen(self, column: pd.Series, source: str) -> int:
        """Count cells of a category that training never had or hardly ever, missing ones included."""
        return int(self.find_outside(column, source).sum())

    def find_outside(self, column: pd.Series, source: str) -> np.ndarray:
        """Which of n cells are of a category that training never had or hardly ever; Boolean."""
        return self.find_places(column, source) == 0

    def find_places(self, column: pd.Series, source: str) -> np.ndarray:
        """The row of `rows` that each of n cells has, int, shape n: 0 for the pool."""
        codes, values = distinct(column, source)
        names = _names_of(self.categories)
        found = (names.find(value) for value in values)
        of_missing = len(self.categories) + 1 if self.missing else 0
        return np.array([*(0 if place is None else place + 1 for place in found), of_missing])[codes]


@lru_cache(maxsize=64)
def _names_of(categories: tuple[str, ...]) -> CategoryNames:
    """Made once, as rows are encoded some thousands at a time."""
    return CategoryNames(categories)


def _normalise(values: np.ndarray, scales: Sequence[Scale]) -> np.ndarray:
    means, stds = (np.array([getattr(scale, part) for scale in scales]) for part in ("mean", "std"))
    return (values - means) / stds


def averaged(targets: np.ndarray, outputs: int) -> np.ndarray:
    """What is averaged of encoded targets.

    Args:
        targets: int class codes, or floats in standard units; shape n.
        outputs: How many classes there are; 1 for numbers.

    Returns:
        float64, shape (n, 1), or with three classes or more (n, classes).

    Example:
        >>> averaged(np.array([0, 1]), 2).tolist(), averaged(np.array([0.5]), 1).tolist()
        ([[0.0], [1.0]], [[0.5]])
    """
    if outputs == 1:
        return np.asarray(targets, np.float64)[:, None]
    each = np.eye(outputs)[targets]
    return each[:, 1:] if outputs == 2 else each


def fit_pooled(column: pd.Series, targets: np.ndarray, source: str) -> PooledColumn | None:
    """Measure a column of many categories on training rows.

    Args:
        column: The training rows' cells, indexed by row position.
        targets: Their targets, as `averaged` gives them, shape (n, m).
        source: The table, for messages.

    Returns:
        The fitted column, or None where no category has enough rows to learn from.

    Raises:
        DataError: A cell is neither text, number, Boolean nor date.

    Example:
        >>> cells = pd.Series(["Bonn", "Ulm"] * 3 + ["Rome"], name="city")
        >>> fitted = fit_pooled(cells, np.array([[0.0], [1.0]] * 3 + [[0.5]]), "the table")
        >>> fitted.categories, fitted.feature_names
        (('Bonn', 'Ulm'), ('city: average',))
    """
    codes, values = distinct(column, source)
    keys = [category_key(value) for value in values]
    counts: dict[Any, int] = {}
    for key, count in zip(keys, np.bincount(codes[codes >= 0], minlength=len(values)), strict=True):
        counts[key] = counts.get(key, 0) + int(count)
    kept = sorted(key for key, count in counts.items() if count >= FEWEST_ROWS)
    if not kept:
        return None
    place_of = {key: place for place, key in enumerate(kept, 1)}
    absent = bool((codes < 0).any())
    places = np.array([*(place_of.get(key, 0) for key in keys), len(kept) + 1 if absent else 0])[codes]
    sums, rows = _sums(places, targets, 1 + len(kept) + absent)
    averages = _average(sums, rows)
    # By the spread that training rows will see. It is one number a column, so no row is told by it.
    seen = _out_of_fold(places, targets, _folds_of(len(places)), 1 + len(kept) + absent)
    scales = tuple(fit_scale(values) or Scale(float(values[0]), 1.0) for values in seen.T)
    return PooledColumn(
        str(column.name),
        tuple(kept),
        absent,
        tuple(map(tuple, averages.tolist())),
        scales,
    )


def own_folds(groups: np.ndarray) -> np.ndarray:
    """Cut rows into folds that are always the same, the rows of a group in one fold.

    Args:
        groups: The group of each row, from 0.

    Example:
        >>> folds = own_folds(np.array([0, 1, 0, 2]))
        >>> bool(folds[0] == folds[2]), len(set(folds.tolist()))
        (True, 3)
    """
    count = int(groups.max()) + 1
    return (np.random.default_rng(count).permutation(count) % FOLDS)[groups]


def _folds_of(rows: int) -> np.ndarray:
    return own_folds(np.arange(rows))


def _sums(places: np.ndarray, targets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """By category, the sums of the targets, shape (count, m), and the numbers of rows, shape (count, 1)."""
    sums = [np.bincount(places, weights=each, minlength=count) for each in targets.T]
    return np.stack(sums, axis=1), np.bincount(places, minlength=count)[:, None].astype(np.float64)


def _average(sums: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The averages by category, drawn towards that of all rows where a category has few."""
    overall = sums.sum(axis=0) / max(1.0, float(rows.sum()))
    return (sums + PRIOR_ROWS * overall) / (rows + PRIOR_ROWS)


def _out_of_fold(places: np.ndarray, targets: np.ndarray, fold_of: np.ndarray, count: int) -> np.ndarray:
    """For each row the averages of its category over the rows of the other folds, shape (n, m)."""
    averages = np.empty_like(targets)
    sums, rows = _sums(places, targets, count)
    for fold in np.unique(fold_of):
        here = fold_of == fold
        own_sums, own_rows = _sums(places[here], targets[here], count)
        averages[here] = _average(sums - own_sums, rows - own_rows)[places[here]]
    return averages


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """The training rows of a pooled column, and where its averages are among the inputs.

    Attributes:
        column: The column.
        first: The position of its first average.
        places: For each training row, its row of ``column.rows``, int32.

    Example:
        >>> column = PooledColumn("c", ("a",), False, ((0.0,), (0.5,)), (Scale(0.0, 1.0),))
        >>> rows = OutOfFold(column, 0, np.ones(4, np.int32))
        >>> inputs = np.empty((4, 1), np.float32)
        >>> rows.write(inputs, np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 0, 1]))
        >>> inputs.ravel().tolist()  # of each row, the mean of the two rows of the other fold
        [0.5, 0.5, 0.5, 0.5]
    """

    column: PooledColumn
    first: int
    places: np.ndarray

    def write(self, inputs: np.ndarray, targets: np.ndarray, fold_of: np.ndarray | None = None) -> None:
        """Put each row's averages over the rows of the other folds into its inputs.

        Args:
            inputs: float32, shape (n, features), for the n training rows.
            targets: Theirs, as `averaged` gives them.
            fold_of: The fold of each row; None for folds of this function's own.
        """
        folds = _folds_of(len(targets)) if fold_of is None else fold_of
        seen = _out_of_fold(self.places, targets, folds, len(self.column.averages))
        inputs[:, self._features] = _normalise(seen, self.column.scales)

    def hold_out(
        self, inputs: np.ndarray, held_out: np.ndarray, targets: np.ndarray, fold_of: np.ndarray, number: int
    ) -> None:
        """Put averages into the inputs of a fold and of the others, of which none counts the fold's targets.

        Args:
            inputs: float32, shape (rows of the other folds, features).
            held_out: The same of the fold that is held out.
            targets: Those of all n training rows, as `averaged` gives them.
            fold_of: The fold of each of these rows.
            number: Which fold is held out.
        """
        others = fold_of != number
        OutOfFold(self.column, self.first, self.places[others]).write(
            inputs, targets[others], fold_of[others] if len(np.unique(fold_of)) > 2 else None
        )
        averages = _average(*_sums(self.places[others], targets[others], len(self.column.averages)))
        held_out[:, self._features] = _normalise(averages[self.places[~others]], self.column.scales)

    @property
    def _features(self) -> slice:
        return slice(self.first, self.first + len(self.column.scales))


def find_pooled(
    columns: Sequence[Any], frame: pd.DataFrame, rows: np.ndarray, source: str
) -> tuple[OutOfFold, ...]:
    """Find the columns of many categories, and their training rows.

    Args:
        columns: The fitted columns of every kind.
        frame: The table.
        rows: Which rows are for training.
        source: The table, for messages.
    """
    found, first = [], 0
    for column in columns:
        width = len(column.feature_names)
        if isinstance(column, PooledColumn):
            places = column.find_places(frame[column.name].iloc[rows], source)
            found.append(OutOfFold(column, first, places.astype(np.int32)))
        first += width
    return tuple(found)
