"""Which rows are for training, for choosing and for the test; or which fold they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sturgeon.data.features.cells import read_numbers
from sturgeon.data.groups import assign_groups, split_by_groups
from sturgeon.data.preparing.columns import Columns, Groups
from sturgeon.data.preparing.labels import Labels
from sturgeon.data.splits import (
    FEWEST_IN_A_PART,
    Split,
    assign_folds,
    bin_by_size,
    default_folds,
    split_at_random,
    split_by_time,
)
from sturgeon.errors import DataError, option


@dataclass(frozen=True, slots=True)
class Rows:
    """The parts of a table.

    Attributes:
        split: The rows of each part. With folds there is no validation part.
        folds: How many folds the training part is cut into; 1 for none.
        fold_of: The fold of each row of the training part; None without folds.
        folds_reason: Why there are so many, where there are fewer than were asked for; else "".
    """

    split: Split
    folds: int = 1
    fold_of: np.ndarray | None = None
    folds_reason: str = ""

    @property
    def order(self) -> np.ndarray:
        """The rows of all parts: training, validation, test."""
        return np.concatenate([self.split.train, self.split.validation, self.split.test])

    def cut(self, array: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cut rows that lie in that order into the three parts, as views."""
        of_train, of_validation = len(self.split.train), len(self.split.validation)
        train, validation, test = np.split(array, [of_train, of_train + of_validation])
        return train, validation, test


def divide_rows(
    columns: Columns,
    labels: Labels,
    *,
    validation: float,
    test: float,
    folds: int | None,
    time_order: bool,
    seed: int,
    as_spelled: bool,
) -> Rows:
    """Divide a table's rows into parts and folds, by time, by groups or at random, alike in their labels.

    Args:
        columns: The table's columns, and the groups that are kept together.
        labels: The column to predict.
        validation: Share of the rows for validation.
        test: Share of the rows for the test; 0 where the test rows come from elsewhere.
        folds: How many folds; None chooses by the number of rows.
        time_order: Whether rows are in order of time.
        seed: Equal seeds give equal parts.
        as_spelled: As for `prepare`: whether rare classes are spread over the parts.

    Raises:
        DataError: The shares or the folds break a rule, or there are too few rows or groups.
    """
    _check_folds(folds, time_order)
    if time_order:
        return Rows(split_by_time(len(labels.column), validation=validation, test=test))
    classes, groups, source = labels.classes, columns.groups, columns.source
    if classes is None:
        strata = bin_by_size(read_numbers(labels.column, source))
    else:
        strata = classes.encode(labels.column, source)
    shares = {"validation": validation, "test": test}
    if groups is None:
        spread = as_spelled and classes is not None
        split = split_at_random(strata, **shares, seed=seed, each_in_every_part=spread)
    else:
        split = split_by_groups(
            groups.of_row, strata, column=groups.column, **shares, seed=seed, classes=classes is not None
        )
    both = np.sort(np.concatenate([split.train, split.validation]))
    count, reason = _possible_folds(
        folds,
        None if classes is None else strata[both],
        len(both),
        groups=None if groups is None else len(np.unique(groups.of_row[both])),
    )
    if count <= 1:
        return Rows(split, folds_reason=reason)
    fold_of = _assign(both, strata, groups, folds=count, seed=seed)
    return Rows(Split(both, both[:0], split.test), count, fold_of, reason)


def _assign(
    rows: np.ndarray, strata: np.ndarray, groups: Groups | None, *, folds: int, seed: int
) -> np.ndarray:
    """The fold of each row, alike in their strata; a group in one fold."""
    if groups is None:
        return assign_folds(strata[rows], folds=folds, seed=seed)
    own = np.unique(groups.of_row[rows], return_inverse=True)[1]
    return assign_groups(own, strata[rows], [1 / folds] * folds, seed=seed)


def _check_folds(folds: int | None, time_order: bool) -> None:
    if folds is not None and folds < 1:
        raise DataError(
            f"`{option('folds')}` must be at least 1; got {folds}; the default follows the number of rows"
        )
    if time_order and folds is not None and folds > 1:
        raise DataError(
            f"rows in order of time are not cut into folds, which would train on what comes later; got "
            f"{folds} folds; leave `{option('folds')}` out"
        )


def _possible_folds(
    asked: int | None, codes: np.ndarray | None, rows: int, *, groups: int | None = None
) -> tuple[int, str]:
    """How many folds there are, and why not as many as were asked for."""
    wanted = default_folds(rows) if asked is None else asked
    if groups is not None:  # a class may be missing in a fold: its rows cannot be spread
        reason = f"{groups} instead of {wanted}, since there are {groups} groups that are not for the test"
        return (wanted, "") if wanted <= groups else (groups, reason)
    counts = np.bincount(codes) if codes is not None else np.array([rows // FEWEST_IN_A_PART])
    fewest = int(counts[counts > 0].min())
    if wanted <= fewest:
        return wanted, ""
    what = "the rarest class has" if codes is not None else "there are"
    return fewest, f"{fewest} instead of {wanted}, since {what} {fewest if codes is not None else rows} rows"
