"""A table turned into a dataset, step by step."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from sturgeon.data.dataset import Dataset
from sturgeon.data.features.notes import describe_cells, describe_parts, describe_written
from sturgeon.data.forms.moments import Order
from sturgeon.data.groups import describe_groups
from sturgeon.data.preparing.columns import Columns, NamedColumns, read_columns
from sturgeon.data.preparing.copies import describe_copies
from sturgeon.data.preparing.encoding import Encoded, encode
from sturgeon.data.preparing.labels import Labels, read_labels
from sturgeon.data.preparing.rows import Rows, divide_rows
from sturgeon.data.preparing.test_table import read_test_table
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.sources import Table
from sturgeon.data.task import Task


def prepare(
    table: Table,
    target: str | None = None,
    *,
    test: Table | None = None,
    task: Task | None = None,
    numeric: Collection[str] = (),
    categorical: Collection[str] = (),
    drop: Collection[str] = (),
    date: Collection[str] = (),
    dates: Order | None = None,
    decimal: str | None = None,
    missing: Collection[str] | str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    sql: str | None = None,
    seed: int = 0,
    time_order: bool = False,
    validation: float = 0.15,
    test_share: float = 0.15,
    folds: int | None = 1,
    group_column: str | None = None,
    bounds: bool = True,
    as_spelled: bool = True,
    pieces: bool = False,
    recognise: bool = True,
    tidied: bool = True,
    alike: bool = True,
) -> Dataset:
    """Turn a table into a dataset. Nothing is learnt from validation or test rows.

    Args:
        table: A path or another place that `read_table` takes; a data frame of pandas, Polars or Arrow; or a
            pair ``(X, y)`` of arrays of shapes (n, columns) and (n,).
        target: The column to predict; it may be None only for a pair.
        test: A test table of its own; `table` is then cut into training and validation only.
        task: "classification" or "regression"; None decides as `decide_task` says.
        numeric: Columns to take as numbers, whatever they look like.
        categorical: Columns to take as categories, whatever they look like.
        drop: Columns to leave out.
        date: Columns to take as dates, also where they are eight digits such as 20200131.
        dates: ``"day-first"``, ``"month-first"`` or ``"year-first"``, where 01/02/20, say, leaves it open.
        decimal: ``","`` or ``"."``, what stands before decimals, where numbers such as 1,234 leave it open.
        missing: Words that mean a missing value in a file, in place of the usual ones (``NA``, ``NaN``,
            ``null``, ``None`` …); these hold for the target too, in which the usual ones are labels. An empty
            cell and ``?`` are always missing.
        encoding: Of text files that are neither UTF-8 nor begin with a byte order mark.
        sheet: Of a workbook, by its name or its number, from 1.
        sql: A query, where `table` is a database's URL.
        seed: Of the split; equal seeds give equal datasets.
        time_order: Rows are in order of time: train on the first, test on the last.
        validation: Share of the rows for validation.
        test_share: Share of the rows for the test, unless `test` is given.
        bounds: Whether inputs beyond the training rows' range are compressed smoothly, and predictions of a
            number kept near that of their targets; False was the rule before there was this one.
        as_spelled: Whether cells are as they are spelled in every format, and rare classes spread over the
            parts; False is for a study that was begun before there were these rules.
        group_column: A column that names the group of each row, such as a patient; no group is in two parts
            or in two folds, and the column is no input.
        pieces: Whether the ranges of numbers become inputs of their own, after the others, for networks whose
            ``embedding`` is "piecewise_linear"; :func:`sturgeon.data.features.pieces.fit_pieces` says which.
        recognise: Whether dates, times, durations and numbers in dress ($1,200.00, 12 %) are looked for, and
            the rare ones of many categories pooled; False likewise.
        tidied: Whether row numbers are left out, a Parquet file's named index is a column and a word such as
            ``-`` among numbers means missing; False is for a study that was begun before that.
        alike: Whether pandas' categorical columns are pooled as texts are where they have many categories,
            061.29 is a number, and one decimal mark holds for the whole table; False is for a study that was
            begun before that.
        folds: With 2 or more, the rows that are not for the test, the same as without folds, are cut into so
            many folds of even size and kind, each of which is to be held out in turn; there is no validation
            part then. Fewer where the rarest class has fewer rows. None chooses by the number of rows, and 1
            in order of time.

    Returns:
        The dataset.

    Raises:
        DataError: The table, a column, the target or the split breaks a rule.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> frame = pd.DataFrame({"length": rng.normal(size=100), "river": ["Elbe", "Volga"] * 50})
        >>> frame["weight"] = 3 * frame["length"]
        >>> dataset = prepare(frame, "weight")
        >>> dataset.task, dataset.features, dataset.rows
        ('regression', 3, {'train': 70, 'validation': 15, 'test': 15})
    """
    named = NamedColumns(numeric, categorical, date, drop, group_column, dates, decimal)
    rules = named.cell_rules(missing, as_spelled=as_spelled, tidied=tidied, alike=alike)
    files = FileOptions(encoding, sheet, sql)
    columns = read_columns(
        table,
        target,
        named,
        rules=rules,
        files=files,
        task=task,
        time_order=time_order,
        recognise=recognise,
    )
    labels = read_labels(columns, task, as_spelled=as_spelled)
    rows = divide_rows(
        columns,
        labels,
        validation=validation,
        test=test_share if test is None else 0.0,
        folds=folds,
        time_order=time_order,
        seed=seed,
        as_spelled=as_spelled,
    )
    missing_words = rules.missing if as_spelled else None
    encoded = encode(
        columns,
        labels,
        rows,
        bounds=bounds,
        pieces=pieces,
        pool=recognise,
        alike=alike,
        missing_words=missing_words,
    )
    notes = _describe(columns, labels, rows, encoded)
    name, groups, choice = columns.target, columns.groups, labels.choice
    del columns, labels  # so that a large table's cells are not held beside a large test table's
    (x_train, x_validation, x_test), (y_train, y_validation, y_test) = encoded.x, encoded.y
    test_rows = rows.split.test
    if test is not None:
        taken = read_test_table(
            test, encoded.preprocessing, groups, rules=rules, files=files, learnt=encoded.marks[0]
        )
        x_test, y_test, test_rows = taken.x, taken.y, np.arange(len(taken.y))
        notes += taken.notes
    chosen_by = y_validation if rows.fold_of is None else y_train
    return Dataset(
        task=choice.task,
        task_reason=choice.reason,
        target=name,
        x_train=x_train,
        y_train=y_train,
        x_validation=x_validation,
        y_validation=y_validation,
        x_test=x_test,
        y_test=y_test,
        preprocessing=encoded.preprocessing,
        test_rows=test_rows,
        fold_of=rows.fold_of,
        folds_reason=rows.folds_reason,
        pooled=encoded.pooled,
        recognises=recognise,
        notes=(*notes, *describe_parts(encoded.preprocessing, chosen_by, y_test)),
    )


def _describe(columns: Columns, labels: Labels, rows: Rows, encoded: Encoded) -> list[str]:
    """What is to be said of how the table was read and taken, a line each."""
    notes = [
        *columns.told,
        *describe_written(columns.written, encoded.preprocessing),
        *describe_cells(columns.frame, labels.column, encoded.preprocessing, columns.kinds["categories"]),
    ]
    used = list(dict.fromkeys(column.name for column in encoded.preprocessing.columns))
    notes += describe_copies(*encoded.marks, columns.inputs[used].iloc[rows.split.test])
    if columns.groups is not None:
        notes.append(describe_groups(columns.groups.column, columns.groups.of_row, rows.split, rows.folds))
    return notes
