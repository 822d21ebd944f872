"""Cut the rows into a training, a validation and a test part: at random but evenly, or by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sturgeon.errors import DataError

FEWEST_ROWS = 10
FEWEST_IN_A_PART = 2
_BINS = 10
_DEFAULT_FOLDS = ((5_000, 5), (10_000, 3))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which rows are for training, for validation (choosing) and for the test (the last word).

    Attributes:
        train: Row positions, ascending, int64.
        validation: Likewise.
        test: Likewise; empty when the test rows come from a table of their own.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_at_random(
    strata: np.ndarray, *, validation: float, test: float, seed: int, each_in_every_part: bool = False
) -> Split:
    """Cut rows at random, every stratum in proportion; each has a row in the training part.

    Within each stratum the rows are shuffled and spread evenly over (0, 1); cutting the unit interval
    then gives every part its share of every stratum, to within a row or so, and exact totals.

    Args:
        strata: Non-negative integers, shape n: class codes, or bins from `bin_by_size`.
        validation: Share of the rows, above 0.
        test: Share of the rows; 0 when the test rows come from elsewhere.
        seed: Equal seeds give equal splits.
        each_in_every_part: Give every part a row of each stratum, where there are rows enough; a stratum too
            rare for its share would otherwise be missing in a part.

    Returns:
        The split.

    Raises:
        DataError: The shares leave nothing to train on, or there are too few rows.

    Example:
        >>> split = split_at_random(np.repeat([0, 1], 10), validation=0.2, test=0.2, seed=0)
        >>> len(split.train), len(split.validation), len(split.test)
        (12, 4, 4)
    """
    sizes = _count_parts(len(strata), validation, test)
    found = np.unique(strata)
    if sizes[0] < len(found):
        raise DataError(
            f"the training part must have a row of every class; {len(strata)} rows leave {sizes[0]} for "
            f"{len(found)} classes; add rows or lower `validation` and `test`"
        )
    rng = np.random.default_rng(seed)
    place = np.empty(len(strata))
    for stratum in found:
        rows = rng.permutation(np.flatnonzero(strata == stratum))
        place[rows] = (np.arange(len(rows)) + rng.random()) / len(rows)
        place[rows[0]] = -1.0  # so that even the smallest class is trained on
    order = np.argsort(place, kind="stable")
    return _cut(_spread_rare(order, strata, sizes) if each_in_every_part else order, sizes)


def _spread_rare(order: np.ndarray, strata: np.ndarray, sizes: tuple[int, int, int]) -> np.ndarray:
    """Exchange rows so that every part has a row of each stratum, where that can be done.

    A part that lacks one takes a row of it from the part that has most, and gives back a row of what it has
    most of. The parts keep their sizes, and where none lacks anything nothing changes.
    """
    order = order.copy()
    ends = np.cumsum(sizes)
    parts = [range(end - size, end) for end, size in zip(ends, sizes, strict=True) if size]
    counts = np.array([np.bincount(strata[order[part]], minlength=strata.max() + 1) for part in parts])
    for rare in np.flatnonzero(counts.sum(axis=0) >= len(parts)):
        for lacking in np.flatnonzero(counts[:, rare] == 0):
            giver, common = int(counts[:, rare].argmax()), int(counts[lacking].argmax())
            if counts[lacking, common] < 2:
                continue
            one, other = (
                next(place for place in reversed(parts[part]) if strata[order[place]] == stratum)
                for part, stratum in ((giver, rare), (lacking, common))
            )
            order[[one, other]] = order[[other, one]]
            counts[giver, rare], counts[lacking, rare] = counts[giver, rare] - 1, 1
            counts[giver, common] += 1
            counts[lacking, common] -= 1
    return order


def split_by_time(rows: int, *, validation: float, test: float) -> Split:
    """Cut rows in the table's order: the first are for training, the last for the test.

    Args:
        rows: How many there are, oldest first.
        validation: Share of the rows, above 0.
        test: Share of the rows; 0 when the test rows come from elsewhere.

    Returns:
        The split.

    Raises:
        DataError: The shares leave nothing to train on, or there are too few rows.

    Example:
        >>> split_by_time(10, validation=0.2, test=0.2).validation.tolist()
        [6, 7]
    """
    return _cut(np.arange(rows), _count_parts(rows, validation, test))


def bin_by_size(numbers: np.ndarray) -> np.ndarray:
    """Put numbers into ten bins of equal counts, so that a split is even along a regression target.

    Args:
        numbers: Shape n.

    Returns:
        Bin numbers, int64, shape n.

    Example:
        >>> bin_by_size(np.arange(100.0)).tolist()[8:12]
        [0, 0, 1, 1]
    """
    rank = np.empty(len(numbers), dtype=np.int64)
    rank[np.argsort(numbers, kind="stable")] = np.arange(len(numbers))
    bins = min(_BINS, max(1, len(numbers) // 5))
    return rank * bins // max(1, len(numbers))


def assign_folds(strata: np.ndarray, *, folds: int, seed: int) -> np.ndarray:
    """Give every row a fold, each stratum spread evenly over the folds.

    The sizes of the folds differ by one row at most, and so do the counts of a stratum in them: so a class of
    two rows or more is in the training rows of every fold.

    Args:
        strata: Non-negative integers, shape n: class codes, or bins from `bin_by_size`.
        folds: How many, at least 2 and at most n.
        seed: Equal seeds give equal folds.

    Returns:
        The number of each row's fold, from 0; int64, shape n.

    Example:
        >>> fold_of = assign_folds(np.repeat([0, 1], [6, 3]), folds=3, seed=0)
        >>> np.bincount(fold_of).tolist(), sorted(fold_of[6:].tolist())
        ([3, 3, 3], [0, 1, 2])
    """
    rng = np.random.default_rng((seed, folds))
    order = rng.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    fold_of = np.empty(len(strata), np.int64)
    fold_of[order] = np.arange(len(strata)) % folds
    return fold_of


def default_folds(rows: int) -> int:
    """How many folds a table gets where nobody says: more where rows are few and a network trains quickly.

    Args:
        rows: Rows that are not for the test.

    Example:
        >>> default_folds(500), default_folds(8_000), default_folds(50_000)
        (5, 3, 1)
    """
    return next((folds for most, folds in _DEFAULT_FOLDS if rows <= most), 1)


def _count_parts(rows: int, validation: float, test: float) -> tuple[int, int, int]:
    for name, share, low in (("validation", validation, 1e-12), ("test_share", test, 0.0)):
        if not low <= share < 1:
            raise DataError(f"`{name}` must be a share above 0 and below 1; got {share}; the default is 0.15")
    if validation + test >= 1:
        raise DataError(
            f"`validation` and `test_share` must leave rows to train on; got {validation} and {test}; "
            "their sum must be below 1"
        )
    if rows < FEWEST_ROWS:
        raise DataError(f"a table must have at least {FEWEST_ROWS} rows to be split; got {rows}; add rows")
    of_validation = max(FEWEST_IN_A_PART, round(rows * validation))
    of_test = max(FEWEST_IN_A_PART, round(rows * test)) if test else 0
    of_train = rows - of_validation - of_test
    if of_train < FEWEST_IN_A_PART:
        raise DataError(
            f"the training part must have at least {FEWEST_IN_A_PART} rows; {rows} rows less "
            f"{of_validation} for validation and {of_test} for the test leave {of_train}; add rows or lower "
            "the shares"
        )
    return of_train, of_validation, of_test


def _cut(order: np.ndarray, sizes: tuple[int, int, int]) -> Split:
    of_train, of_validation, _ = sizes
    cuts = np.split(order, [of_train, of_train + of_validation])
    return Split(*(np.sort(part) for part in cuts))
