"""A table made ready to train on: three parts, inputs normalised by the training part alone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.features.aligned import empty_aligned, join_adjacent
from sturgeon.data.features.cells import read_numbers, row_number
from sturgeon.data.features.notes import (
    describe_cells,
    describe_parts,
    describe_unseen,
    describe_written,
)
from sturgeon.data.features.pieces import fit_pieces
from sturgeon.data.features.pooled import OutOfFold, averaged, find_pooled, own_folds
from sturgeon.data.features.preprocessing import Preprocessing, fit_preprocessing
from sturgeon.data.features.recognition import Asked, find_written
from sturgeon.data.features.written import Written, convert_written, read_written
from sturgeon.data.forms.moments import ORDERS, Order
from sturgeon.data.forms.numbers import MARKS
from sturgeon.data.groups import (
    assign_groups,
    describe_groups,
    describe_shared,
    read_groups,
    shared_groups,
    split_by_groups,
)
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.workbook import ENDINGS as WORKBOOKS
from sturgeon.data.reading.names import listed
from sturgeon.data.reading.rules import CellRules, cell_rules, notes_of
from sturgeon.data.reading.sources import Table, add_column, check_columns, is_text, open_table
from sturgeon.data.splits import (
    FEWEST_IN_A_PART,
    Split,
    assign_folds,
    bin_by_size,
    default_folds,
    split_at_random,
    split_by_time,
)
from sturgeon.data.targets import (
    ClassTarget,
    NumericTarget,
    Target,
    check_present,
    find_labels,
    fit_numeric_target,
)
from sturgeon.data.task import Task, choose_task
from sturgeon.errors import DataError, option

LARGEST_TARGET = 1e150


@dataclass(frozen=True, eq=False)
class Dataset:
    """Arrays to train, to choose and to judge by, and how they came from the table.

    The arrays are read-only. Inputs are float32 of shape (rows, features). Targets have shape (rows,):
    int32 class codes, or float32 in standard units.

    Attributes:
        task: "classification" or "regression".
        task_reason: Why, as a clause that follows "because".
        target: The target column's name.
        x_train: Inputs of the training part.
        y_train: Its targets.
        x_validation: Inputs of the validation part: hyperparameters are chosen by it.
        y_validation: Its targets.
        x_test: Inputs of the test part: looked at once, at the end.
        y_test: Its targets.
        preprocessing: How a table becomes inputs, and outputs become labels or numbers.
        test_rows: Which rows of the table are the test part, from 0, in its order; all rows of a test table
            of its own.
        notes: What whoever reads the results should know of how the table was taken, a line each.
        fold_of: The fold that each row of the training part belongs to, from 0, where it is cut into folds:
            then the validation part is empty. Else None.
        folds_reason: Why there are so many folds, where there are fewer than were asked for; else "".
        pooled: The columns of many categories, in whose inputs no training row sees its own target.
        recognises: Whether dates, numbers in dress and many categories were looked for.
    """

    task: Task
    task_reason: str
    target: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    preprocessing: Preprocessing
    test_rows: np.ndarray
    notes: tuple[str, ...] = ()
    fold_of: np.ndarray | None = None
    folds_reason: str = ""
    pooled: tuple[OutOfFold, ...] = ()
    recognises: bool = True

    @property
    def folds(self) -> int:
        """How many folds the training part is cut into; 1 where a validation part of its own is chosen by."""
        return 1 if self.fold_of is None else int(self.fold_of.max()) + 1

    def fold(self, number: int) -> Dataset:
        """The data with one fold as its validation part and the other folds as its training part.

        Where a column's categories are told by averages of the target, no row of that fold counts in them.

        Args:
            number: Which fold, from 0.
        """
        assert self.fold_of is not None
        held_out = self.fold_of == number
        x_train, x_validation = _aligned(self.x_train[~held_out]), _aligned(self.x_train[held_out])
        for column in self.pooled:
            targets = averaged(self.y_train, self.outputs)
            column.hold_out(x_train, x_validation, targets, self.fold_of, number)
        return replace(
            self,
            x_train=x_train,
            y_train=_aligned(self.y_train[~held_out]),
            x_validation=x_validation,
            y_validation=_aligned(self.y_train[held_out]),
            fold_of=None,
            pooled=(),
        )

    @property
    def features(self) -> int:
        """How many inputs a row has."""
        return self.x_train.shape[1]

    @property
    def pieces(self) -> int:
        """How many of the features, the last ones, are pieces of numbers."""
        return 0 if self.preprocessing.pieces is None else len(self.preprocessing.pieces)

    def without_pieces(self) -> Dataset:
        """The same data without the pieces of numbers; itself where there are none."""
        if not self.pieces:
            return self
        kept = self.features - self.pieces
        parts = {
            name: _aligned(getattr(self, name)[:, :kept]) for name in ("x_train", "x_validation", "x_test")
        }
        return replace(self, **parts, preprocessing=replace(self.preprocessing, pieces=None))

    @property
    def outputs(self) -> int:
        """How many outputs the network has: one a class, or one number."""
        return self.preprocessing.outputs

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each part has, by "train", "validation" and "test"."""
        return {"train": len(self.y_train), "validation": len(self.y_validation), "test": len(self.y_test)}

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits that are equal when, and only when, task, target, features and arrays are.

        A resumed study checks it, so that its trials all saw the same data.
        """
        digest = hashlib.sha256(repr((self.task, self.target, self.preprocessing.feature_names)).encode())
        for array in self._arrays():
            digest.update(repr(array.shape).encode())
            little_endian = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(np.ascontiguousarray(little_endian).data)  # in place: a large table is not copied
        if self.fold_of is not None:
            digest.update(self.fold_of.astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    def with_validation_in_training(self) -> Dataset:
        """The same data, the training part being the training and the validation rows together.

        Nothing is copied where this dataset came from `prepare`, which lays the parts side by side.
        """
        return replace(
            self,
            x_train=join_adjacent(self.x_train, self.x_validation),
            y_train=join_adjacent(self.y_train, self.y_validation),
            pooled=(),
        )

    def __post_init__(self) -> None:
        for array in self._arrays():
            array.flags.writeable = False

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return (self.x_train, self.y_train, self.x_validation, self.y_validation, self.x_test, self.y_test)


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
        folds: With 2 or more, the rows that are not for the test, the same as without folds, are cut into so
            many folds of even size and kind, each of which is to be held out in turn; there is no validation
            part then. Fewer where the rarest class has fewer rows. None chooses by the number of rows, and 1
            in order of time.

    Returns:
        The dataset.

    Raises:
        DataError: The table, a column, the target or the split breaks a rule.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> frame = pd.DataFrame({"length": rng.normal(size=100), "river": ["Elbe", "Volga"] * 50})
        >>> frame["weight"] = 3 * frame["length"]
        >>> dataset = prepare(frame, "weight")
        >>> dataset.task, dataset.features, dataset.rows
        ('regression', 3, {'train': 70, 'validation': 15, 'test': 15})
    """
    rules = _cell_rules(missing, numeric, categorical, date, as_spelled=as_spelled, decimal=decimal)
    rules = replace(rules, tidied=tidied)
    options = FileOptions(encoding, sheet, sql)
    frame, target, source = open_table(table, target, "the table", rules=rules, options=options)
    told = notes_of(frame)
    groups, group_names = None, []
    if group_column is not None:
        _check_no_time_order(time_order, group_column)
        groups, group_names = read_groups(frame, group_column, target, source)
        drop = (*drop, group_column) if group_column not in drop else drop
    inputs, overruled = _choose_inputs(
        frame, target, source, numeric=numeric, categorical=categorical, date=date, drop=drop
    )
    label_column = cast(pd.Series, frame[target])
    written: dict[str, Written] = {}
    if recognise:
        asked = _check_asked(Asked(**overruled, target=target, order=dates, decimal=decimal))
        seen = inputs if task == "classification" else add_column(inputs, label_column)
        written = find_written(seen, source, asked, from_text=is_text(table))
        inputs = convert_written(inputs, written, source)
    check_present(label_column, source)
    choice, label_form = choose_task(
        label_column, task, written.get(target), as_spelled=as_spelled, source=source
    )
    if label_form is not None:
        label_column = pd.Series(read_written(label_column, label_form, source), name=target)
    classes = _find_classes(label_column, source) if choice.task == "classification" else None
    shares = {"validation": validation, "test": test_share if test is None else 0.0}
    _check_folds(folds, time_order)
    fold_of, reason = None, ""
    if time_order:
        split = split_by_time(len(label_column), **shares)
    else:
        strata = (
            classes.encode(label_column, source)
            if classes
            else bin_by_size(read_numbers(label_column, source))
        )
        spread = as_spelled and classes is not None
        if groups is None:
            split = split_at_random(strata, seed=seed, **shares, each_in_every_part=spread)
        else:
            split = split_by_groups(groups, strata, column=group_column or "", **shares, seed=seed)
        both = np.sort(np.concatenate([split.train, split.validation]))
        folds, reason = _possible_folds(
            folds,
            strata[both] if classes else None,
            len(both),
            groups=None if groups is None else len(np.unique(groups[both])),
        )
        if folds > 1:
            split = Split(both, both[:0], split.test)
            if groups is None:
                fold_of = assign_folds(strata[both], folds=folds, seed=seed)
            else:
                own = np.unique(groups[both], return_inverse=True)[1]
                fold_of = assign_groups(own, strata[both], [1 / folds] * folds, seed=seed)
    if classes is None:
        _refuse_beyond_squares(read_numbers(label_column, source), label_column, source)
    fitted_target = classes or fit_numeric_target(
        label_column.iloc[split.train], source, form=label_form, bounds=bounds
    )
    y = fitted_target.encode(label_column, source)
    outputs = 1 if classes is None else len(classes.labels)
    preprocessing = fit_preprocessing(
        inputs,
        fitted_target,
        rows=split.train,
        numeric=overruled["numbers"],
        categorical=overruled["categories"],
        forms={name: each.form for name, each in written.items()},
        averaged=averaged(y[split.train], outputs) if recognise else None,
        bounds=bounds,
        missing_words=rules.missing if as_spelled else None,
        source=source,
    )
    _check_classes_in_train(fitted_target, y, split)
    order = np.concatenate([split.train, split.validation, split.test])
    x = preprocessing.transform(inputs, source, order=order)
    if pieces and (found := fit_pieces(x[: len(split.train)], preprocessing.numbers)) is not None:
        preprocessing = replace(preprocessing, pieces=found)
        x = _aligned(np.concatenate([x, found.encode(x)], axis=1))
    x_train, x_validation, x_test = _cut(x, split)
    y_train, y_validation, y_test = _cut(_aligned(y[order]), split)
    pooled = find_pooled(preprocessing.columns, inputs, split.train, source)
    apart = fold_of
    if apart is None and groups is not None:
        apart = own_folds(np.unique(groups[split.train], return_inverse=True)[1])
    for column in pooled:
        column.write(x_train, averaged(y_train, outputs), apart)
    test_rows = split.test
    notes = [
        *describe_written(written, preprocessing),
        *describe_cells(frame, label_column, preprocessing, overruled["categories"]),
    ]
    if groups is not None:
        notes = [*notes, describe_groups(group_column or "", groups, split, folds or 1)]
    if test is not None:
        del (
            frame,
            inputs,
            label_column,
        )  # so that a large table's cells are not held beside a large test table's
        groups_seen = (group_column, group_names)
        test_frame, x_test, y_test, shared = _read_test(test, preprocessing, rules, options, groups_seen)
        notes = [*notes, *describe_unseen(preprocessing, test_frame), *shared]
        test_rows = np.arange(len(y_test))
    return Dataset(
        task=choice.task,
        task_reason=choice.reason,
        target=target,
        x_train=x_train,
        y_train=y_train,
        x_validation=x_validation,
        y_validation=y_validation,
        x_test=x_test,
        y_test=y_test,
        preprocessing=preprocessing,
        test_rows=test_rows,
        fold_of=fold_of,
        folds_reason=reason,
        pooled=pooled,
        recognises=recognise,
        notes=(
            *told,
            *notes,
            *describe_parts(preprocessing, y_train if fold_of is not None else y_validation, y_test),
        ),
    )


def _cell_rules(
    missing: Collection[str] | str | None,
    numeric: Collection[str] | str,
    categorical: Collection[str] | str,
    date: Collection[str] | str,
    *,
    as_spelled: bool,
    decimal: str | None,
) -> CellRules:
    """How a file's cells are read, for options that are not yet checked."""
    named = (
        frozenset([each] if isinstance(each, str) else map(str, each))
        for each in (numeric, categorical, date)
    )
    numbers, categories, moments = named
    rules = cell_rules(missing, numeric=numbers, categorical=categories | moments, as_spelled=as_spelled)
    return replace(rules, all_as_text=as_spelled and decimal == ",")


def _check_asked(asked: Asked) -> Asked:
    """Check what the user says of how cells are written.

    Raises:
        DataError: It is none of what can be said.
    """
    if asked.order not in (None, *ORDERS):
        raise DataError(
            f"`{option('dates')}` must be 'day-first', 'month-first' or 'year-first'; got {asked.order!r}; "
            "give one"
        )
    if asked.decimal not in (None, *MARKS):
        raise DataError(f"`{option('decimal')}` must be ',' or '.'; got {asked.decimal!r}; give one of them")
    return asked


def _refuse_beyond_squares(numbers: np.ndarray, label_column: pd.Series, source: str) -> None:
    """Raise where the squares of a target's errors would overflow, which every metric of a number sums."""
    wrong = np.flatnonzero(np.abs(numbers) > LARGEST_TARGET)
    if wrong.size:
        raise DataError(
            f"a target's numbers must lie between -{LARGEST_TARGET:g} and {LARGEST_TARGET:g}, as errors are "
            f"squared; column {label_column.name!r} of {source} has {numbers[wrong[0]]:g} in row "
            f"{row_number(label_column, wrong[0])}; write it in another unit"
        )


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


def _check_no_time_order(time_order: bool, group_column: str) -> None:
    if time_order:
        raise DataError(
            "rows are split by time or by groups; got both `" + option("time_order", True) + "` and "
            f"`{option('group_column', group_column)}`; leave one out"
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


def _choose_inputs(
    frame: pd.DataFrame,
    target: str,
    source: str,
    *,
    numeric: Collection[str],
    categorical: Collection[str],
    date: Collection[str],
    drop: Collection[str],
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Give the input columns, and by field of `Asked` the names of those whose kind the user decides."""
    known = list(frame.columns)
    given = {"numeric": numeric, "categorical": categorical, "date": date, "drop": drop}
    named = {option: check_columns(names, option, known, target) for option, names in given.items()}
    for one, other in combinations(named, 2):
        both = [name for name in named[one] if name in named[other]]
        if both:
            raise DataError(
                f"a column must be in one option only; {both[0]!r} is in `{one}` and `{other}`; take one"
            )
    inputs = frame.copy(deep=False)
    for name in dict.fromkeys((target, *named["drop"])):
        del inputs[name]  # not `drop`, which copies the rest
    if inputs.shape[1] == 0:
        raise DataError(
            f"a network needs at least one input column; {source} has none left beside the target {target!r} "
            f"(dropped: {listed(named['drop']) or 'none'}); drop fewer columns"
        )
    return inputs, {"numbers": named["numeric"], "categories": named["categorical"], "dates": named["date"]}


def _cut(rows: np.ndarray, split: Split) -> list[np.ndarray]:
    """Cut rows that lie in the order training, validation, test into the three parts, as views."""
    return np.split(rows, [len(split.train), len(split.train) + len(split.validation)])


def _aligned(array: np.ndarray) -> np.ndarray:
    copy = empty_aligned(array.shape, array.dtype)
    copy[:] = array
    return copy


def _find_classes(label_column: pd.Series, source: str) -> ClassTarget:
    if pd.api.types.is_numeric_dtype(label_column):
        read_numbers(label_column, source)  # refuses an infinite label, which JSON could not hold
    return find_labels(label_column, source)


def _check_classes_in_train(target: Target, y: np.ndarray, split: Split) -> None:
    if not isinstance(target, ClassTarget):
        return
    absent = np.setdiff1d(np.arange(len(target.labels)), y[split.train])
    if absent.size:
        raise DataError(
            f"the training part must have a row of every class; its {len(split.train)} rows, the first in "
            f"time, have none of {listed(target.decode(absent).tolist())}; remove those classes or split "
            "without `time_order`"
        )


def _read_test(
    test: Table,
    preprocessing: Preprocessing,
    rules: CellRules,
    options: FileOptions,
    groups_seen: tuple[str | None, list[object]],
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, list[str]]:
    """The test table, its inputs and targets, and what is to be said of its groups."""
    if rules.as_spelled:
        rules = preprocessing.cell_rules(asked=rules.asked)
    workbook = isinstance(test, str | Path) and str(test).lower().endswith(WORKBOOKS)
    options = FileOptions(options.encoding, options.sheet if workbook else None)
    frame, target, source = open_table(
        test, preprocessing.target.name, "the test table", rules=rules, options=options
    )
    if isinstance(preprocessing.target, NumericTarget):
        check_present(frame[target], source)  # pyright: ignore[reportArgumentType]
        column = cast(pd.Series, frame[target])
        _refuse_beyond_squares(preprocessing.target.read(column, source), column, source)
    if len(frame) < FEWEST_IN_A_PART:
        raise DataError(
            f"a test table must have at least {FEWEST_IN_A_PART} rows; {source} has {len(frame)}; add rows"
        )
    shared, (group_column, group_names) = [], groups_seen
    if group_column is not None and group_column in frame.columns:
        cells = frame[group_column].dropna().astype(str)  # pyright: ignore[reportAttributeAccessIssue]
        both = shared_groups(group_names, cells.unique().tolist())
        if both:
            rows = int(np.isin(cells.to_numpy(), [str(one) for one in both]).sum())
            shared = [describe_shared(group_column, both, rows)]
    return frame, preprocessing.transform(frame, source), preprocessing.encode_target(frame, source), shared
