"""The new data, read and checked as the study's own data was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.data import ClassTarget, Dataset, Preprocessing, prepare
from sturgeon.data.features.cells import CategoryNames, category_key, read_numbers
from sturgeon.data.features.columns import CategoricalColumn, Column, NumericColumn
from sturgeon.data.groups import read_groups
from sturgeon.data.reading.names import listed, nearest
from sturgeon.data.reading.sources import Table
from sturgeon.data.targets import UnknownLabel
from sturgeon.errors import DataError, option
from sturgeon.recheck.blocks import FEWEST_BLOCKS, FEWEST_ROWS
from sturgeon.recheck.rows.judged import JudgedRows, remember_rows, rows_of
from sturgeon.recheck.rows.old_rows import FEWEST, refuse, set_old_rows_aside, was_begun_with
from sturgeon.recheck.rows.table_study import TableStudy, begun_rules_of
from sturgeon.recheck.rows.windows import Window, in_order_of_time
from sturgeon.study import Study


@dataclass(frozen=True)
class NewData:
    """New rows, ready to train on.

    Attributes:
        frame: The rows, in order of time where there is one, with the columns of the study and the target.
        dataset: All of them as the training part.
        source: What to call them.
        extra: Columns that the study does not know.
        window: On how many rows networks train, in order of time; None for all.
        in_time: Whether the rows are in order of time.
        first: Where the rows begin that the study was not tuned on; those before are only learnt from.
        notes: What was left out, in words.
        groups: Each row's group, from 0, shape n, where the study kept rows together; else None.
    """

    frame: pd.DataFrame
    dataset: Dataset
    source: str
    extra: tuple[str, ...]
    window: int | None
    in_time: bool
    first: int = 0
    notes: tuple[str, ...] = ()
    groups: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.dataset.y_train)

    @property
    def judged_from(self) -> int:
        """Where the rows begin that networks are judged on: in order of time the later half at most."""
        return max(self.rows // 2, self.first) if self.in_time else 0

    @property
    def fresh(self) -> pd.DataFrame:
        """The rows that the study was not tuned on."""
        return self.frame.iloc[self.first :].reset_index(drop=True)


def read_new_data(
    old: TableStudy,
    table: Table,
    *,
    old_rows: pd.DataFrame | None = None,
    time_column: str | None = None,
    window: Window | None = None,
) -> NewData:
    """Read new data for a study of a table.

    Args:
        old: The study.
        table: The new rows, with the target.
        old_rows: The rows that the study was tuned on: they are set aside where they are among the new.
        time_column: The column that says when a row was; rows are then taken in its order.
        window: How far back networks look, in order of time.

    Raises:
        DataError: A column is missing, of another kind or has a class that the study does not know; or the
            rows are too few.
        InputError: They are the rows that the study was tuned on.
    """
    frame, source = old.read(table, "the new data")
    in_time = bool(time_column) or bool(old.options.get("time_order"))
    train_rows: int | None = None
    if in_time or window is not None:
        in_time = True
        frame, train_rows = in_order_of_time(frame, time_column, window, source)
        if train_rows is not None and train_rows < 2 * FEWEST_ROWS:
            raise DataError(
                f"`{option('window')}` must hold at least {2 * FEWEST_ROWS} rows to learn from; it holds "
                f"{train_rows} of {source}; name a longer one"
            )
    known = old.preprocessing
    needed = [column.name for column in known.columns] if known is not None else None
    together = [] if old.group_column is None else [old.group_column]
    if together:
        _check_groups(frame, together[0], old.target, source)
    if time_column is not None and (needed is None or time_column not in needed):
        frame = frame.drop(columns=time_column)
    extra = [] if time_column is None or time_column in frame.columns else [time_column]
    notes: list[str] = []
    if needed is not None and known is not None:
        dropped = set(known.dropped)
        extra += [
            str(name)
            for name in frame.columns
            if name not in (*needed, old.target, *together) and name not in dropped
        ]
        frame = cast(pd.DataFrame, frame[[*needed, old.target, *together]])
        _refuse_few(len(frame), source)
        frame, notes = _check_classes(known, frame, source)
    begun = sum((old.study.about.get("rows") or {}).values())
    if old_rows is None and len(frame) == begun and was_begun_with(old, table):
        raise refuse(source)
    apart = set_old_rows_aside(frame, old_rows, source, in_time=in_time)
    frame, groups = apart.frame, None
    _refuse_few(len(frame) - apart.first, source)
    if together:
        groups = read_groups(frame, together[0], old.target, source)[0]
        frame = frame.drop(columns=together)
    dataset = _prepare(old, frame, source)
    notes += apart.notes
    return NewData(
        frame, dataset, source, tuple(extra), train_rows, in_time, apart.first, tuple(notes), groups
    )


def _check_groups(frame: pd.DataFrame, column: str, target: str, source: str) -> None:
    """Raise where rows cannot be kept together that belong together, or too few groups are there."""
    names = [str(name) for name in frame.columns]
    if column not in names:
        raise DataError(
            f"new data of a study that kept rows together needs the column that says which; {source} lacks "
            f"{column!r}; add it ({nearest(column, names)})"
        )
    count = len(np.unique(read_groups(frame, column, target, source)[0]))
    if count < FEWEST_BLOCKS:
        raise DataError(
            f"a recheck needs at least {FEWEST_BLOCKS} groups to say anything; {source} has {count} in "
            f"column {column!r}; {FEWEST_BLOCKS - count} more would do"
        )


def _refuse_few(rows: int, source: str) -> None:
    if rows < FEWEST:
        raise DataError(
            f"a recheck needs at least {FEWEST} rows to say anything; {source} has {rows}; "
            f"{FEWEST - rows} more would do"
        )


def _prepare(old: TableStudy, frame: pd.DataFrame, source: str) -> Dataset:
    """All rows as the training part of a dataset, each column of the kind that it was."""
    kinds: dict[str, Any] = {}
    options = {name: old.options.get(name) for name in ("numeric", "categorical")}
    cells = {name: old.options[name] for name in ("date", "dates", "decimal") if old.options.get(name)}
    for name, kind in (("numeric", NumericColumn), ("categorical", CategoricalColumn)):
        known = old.preprocessing.columns if old.preprocessing is not None else ()
        columns = [column.name for column in known if type(column) is kind and _is_plain(column)]
        for column in columns if kind is NumericColumn else ():
            read_numbers(cast(pd.Series, frame[column]), source)  # so that an error names the new data
        kinds[name] = columns or [one for one in options[name] or () if one in frame.columns]
    dataset = prepare(
        frame,
        old.target,
        task=cast(Any, old.study.about.get("task")),
        seed=old.study.seed,
        test_share=0.0,
        folds=2,
        **begun_rules_of(old.study),
        **cells,
        **kinds,
    )
    return replace(dataset, fold_of=None, preprocessing=_with_positive_of(old, dataset.preprocessing))


def _with_positive_of(old: TableStudy, found: Preprocessing) -> Preprocessing:
    """The positive class of two stays what it was, whichever is the rarer one among the new rows."""
    before, now = None if old.preprocessing is None else old.preprocessing.target, found.target
    if not (isinstance(before, ClassTarget) and isinstance(now, ClassTarget)) or before.positive is None:
        return found
    label = before.labels[before.positive]
    place = CategoryNames([category_key(each) for each in now.labels]).find(label)
    return found if place is None else replace(found, target=replace(now, positive=place))


def _is_plain(column: Column) -> bool:
    """Whether a column is plain numbers or categories, not dates or numbers written otherwise."""
    return getattr(column, "form", None) is None


def _check_classes(known: Preprocessing, frame: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows without those of classes of a single row, and what was left out."""
    if not isinstance(known.target, ClassTarget):
        return frame, []
    try:
        codes = known.encode_target(frame, source)
    except UnknownLabel as error:
        raise DataError(
            f"new data must have the classes of the old; {error}; a new class is a new task: tune anew"
        ) from error
    times = np.bincount(codes, minlength=len(known.target.labels))
    if (times > 1).sum() < 2:
        shown = {str(label): int(count) for label, count in zip(known.target.labels, times, strict=True)}
        rows = ", ".join(f"{count} of {label!r}" for label, count in shown.items())
        raise DataError(
            f"new data must have several rows of two classes or more; {source} has {rows}; add rows of "
            "another"
        )
    if not (times == 1).any():
        return frame, []
    single = [label for label, count in zip(known.target.labels, times, strict=True) if count == 1]
    left = cast(pd.DataFrame, frame[times[codes] > 1]).reset_index(drop=True)
    return left, [f"classes with a single row were left out: {listed(single)}."]


def fingerprint_of(new: NewData) -> str:
    """Sixteen hex digits that tell new data, and in which order of time it is used, from other new data."""
    if not new.in_time:
        return new.dataset.fingerprint
    told = f"{new.dataset.fingerprint} {new.judged_from} {new.window}"
    return sha256(told.encode()).hexdigest()[:16]


def judged_rows(old: TableStudy, new: NewData) -> JudgedRows | None:
    """The rows that networks are judged on, to be known again; None where the study has no network any more.

    They are compared as the network in use sees them, which does not depend on the other rows.
    """
    if old.preprocessing is None:
        return None
    frame = new.frame.iloc[new.judged_from :].reset_index(drop=True)
    truth = old.preprocessing.encode_target(frame, new.source)
    return remember_rows(rows_of([old.preprocessing.transform(frame, new.source), truth]))


def seed_of(study: Study, fingerprint: str) -> int:
    """The seed of a recheck: the same for the same study and data, so that doing it again adds nothing."""
    sequence = np.random.SeedSequence((study.seed, int(fingerprint, 16)), spawn_key=(5,))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
