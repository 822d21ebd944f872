"""The arrays: what is learnt from the training rows, and every row turned into inputs and targets by it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sturgeon.data.features.aligned import copy_aligned
from sturgeon.data.features.cells import read_numbers
from sturgeon.data.features.pieces import fit_pieces
from sturgeon.data.features.pooled import OutOfFold, averaged, find_pooled, own_folds
from sturgeon.data.features.preprocessing import Preprocessing, fit_preprocessing
from sturgeon.data.preparing.columns import Columns, Groups
from sturgeon.data.preparing.copies import mark_rows
from sturgeon.data.preparing.labels import Labels, refuse_beyond_squares
from sturgeon.data.preparing.rows import Rows
from sturgeon.data.reading.names import listed
from sturgeon.data.scores import positive_class
from sturgeon.data.splits import Split
from sturgeon.data.targets import ClassTarget, Target, fit_numeric_target
from sturgeon.errors import DataError, option


@dataclass(frozen=True, slots=True)
class Encoded:
    """The arrays, and how they came from the table.

    Attributes:
        x: Inputs of the training, the validation and the test part.
        y: Their targets.
        preprocessing: How a table becomes inputs, and outputs become labels or numbers.
        pooled: The columns of many categories, in whose inputs no training row sees its own target.
        marks: As :func:`mark_rows` gives them: of the rows to learn from, validation among them, and of the
            test rows.
    """

    x: tuple[np.ndarray, np.ndarray, np.ndarray]
    y: tuple[np.ndarray, np.ndarray, np.ndarray]
    preprocessing: Preprocessing
    pooled: tuple[OutOfFold, ...]
    marks: tuple[np.ndarray, np.ndarray]


def encode(
    columns: Columns,
    labels: Labels,
    rows: Rows,
    *,
    bounds: bool,
    pieces: bool,
    pool: bool,
    alike: bool,
    missing_words: tuple[str, ...] | None,
) -> Encoded:
    """Learn from the training rows how to encode, and encode all rows.

    Args:
        columns: The table's columns.
        labels: The column to predict.
        rows: Which rows are in which part.
        bounds: As for `prepare`.
        pieces: Whether the ranges of numbers become inputs of their own.
        pool: Whether the rare ones of many categories are pooled.
        alike: As for `prepare`.
        missing_words: Words that mean a missing value.

    Raises:
        DataError: A column, the target or the training part breaks a rule.
    """
    source, split = columns.source, rows.split
    target = _fit_target(labels, split, source, bounds=bounds)
    y = target.encode(labels.column, source)
    target = _with_positive(target, y, split, alike=alike)
    outputs = 1 if labels.classes is None else len(labels.classes.labels)
    preprocessing = fit_preprocessing(
        columns.inputs,
        target,
        rows=split.train,
        numeric=columns.kinds["numbers"],
        categorical=columns.kinds["categories"],
        forms={name: each.form for name, each in columns.written.items()},
        averaged=averaged(y[split.train], outputs) if pool else None,
        bounds=bounds,
        missing_words=missing_words,
        alike=alike,
        source=source,
    )
    _check_classes_in_train(target, y, split, columns.groups)
    x = preprocessing.transform(columns.inputs, source, order=rows.order)
    if pieces and (found := fit_pieces(x[: len(split.train)], preprocessing.numbers)) is not None:
        preprocessing = replace(preprocessing, pieces=found)
        x = copy_aligned(np.concatenate([x, found.encode(x)], axis=1))
    ordered = copy_aligned(y[rows.order])
    x_parts, y_parts = rows.cut(x), rows.cut(ordered)
    marks = mark_rows(preprocessing.columns, columns.inputs, y, source)[rows.order]
    learnt = len(marks) - len(split.test)
    pooled = find_pooled(preprocessing.columns, columns.inputs, split.train, source)
    apart = _apart(columns, rows)
    for column in pooled:
        column.write(x_parts[0], averaged(y_parts[0], outputs), apart)
    return Encoded(x_parts, y_parts, preprocessing, pooled, (marks[:learnt], marks[learnt:]))


def _fit_target(labels: Labels, split: Split, source: str, *, bounds: bool) -> Target:
    """The classes, or the numbers' scale by the training rows."""
    if labels.classes is not None:
        return labels.classes
    refuse_beyond_squares(read_numbers(labels.column, source), labels.column, source)
    return fit_numeric_target(labels.column.iloc[split.train], source, form=labels.form, bounds=bounds)


def _with_positive(target: Target, y: np.ndarray, split: Split, *, alike: bool) -> Target:
    """Settle which of two classes is the positive one, for every fold and for the test."""
    if not isinstance(target, ClassTarget) or len(target.labels) != 2:
        return target
    seen = np.concatenate([split.train, split.validation]) if alike else split.train
    return replace(target, positive=positive_class(y[seen]))


def _apart(columns: Columns, rows: Rows) -> np.ndarray | None:
    """The folds by which no training row is told by its own target, or by its group's; None for any."""
    if rows.fold_of is not None or columns.groups is None:
        return rows.fold_of
    return own_folds(np.unique(columns.groups.of_row[rows.split.train], return_inverse=True)[1])


def _check_classes_in_train(target: Target, y: np.ndarray, split: Split, groups: Groups | None) -> None:
    if not isinstance(target, ClassTarget):
        return
    absent = np.setdiff1d(np.arange(len(target.labels)), y[split.train])
    if not absent.size:
        return
    must, lacks = "the training part must have a row of every class", listed(target.decode(absent).tolist())
    if groups is not None:
        raise DataError(
            f"{must}; rows of a group of {groups.column!r} are kept together, and no group with {lacks} is "
            "left for it beside the other parts; add groups that have those classes, remove the classes, or "
            f"leave `{option('group_column')}` out"
        )
    raise DataError(
        f"{must}; its {len(split.train)} rows, the first in time, have none of {lacks}; remove those classes "
        "or split without `time_order`"
    )
