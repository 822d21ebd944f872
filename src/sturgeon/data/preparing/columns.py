"""Which columns a table has: what is predicted, what it is predicted from, and how their cells are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.features.recognition import Asked, find_written
from sturgeon.data.features.written import Written, convert_written
from sturgeon.data.forms.moments import ORDERS, Order
from sturgeon.data.forms.numbers import MARKS
from sturgeon.data.groups import read_groups
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.names import find_name, listed
from sturgeon.data.reading.rules import CellRules, cell_rules, notes_of
from sturgeon.data.reading.sources import Table, add_column, check_columns, is_text, open_table
from sturgeon.data.task import Task
from sturgeon.errors import DataError, option


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """What the user says of columns, not yet checked: as :func:`sturgeon.data.prepare` takes it.

    Attributes:
        numeric: Columns to take as numbers.
        categorical: Columns to take as categories.
        date: Columns to take as dates.
        drop: Columns to leave out.
        group: The column that names the group of each row.
        order: Which of day, month and year stands first in a date that leaves it open.
        decimal: What stands before decimals.
    """

    numeric: Collection[str]
    categorical: Collection[str]
    date: Collection[str]
    drop: Collection[str]
    group: str | None
    order: Order | None
    decimal: str | None

    def cell_rules(
        self, missing: Collection[str] | str | None, *, as_spelled: bool, tidied: bool, alike: bool
    ) -> CellRules:
        """How a file's cells are read."""
        numbers, categories, moments = (
            frozenset([each] if isinstance(each, str) else map(str, each))
            for each in (self.numeric, self.categorical, self.date)
        )
        rules = cell_rules(missing, numeric=numbers, categorical=categories | moments, as_spelled=as_spelled)
        return replace(rules, all_as_text=as_spelled and self.decimal == ",", tidied=tidied, alike=alike)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows that belong together.

    Attributes:
        column: The column that names them.
        of_row: The group of each row, from 0.
        names: What the groups are called.
    """

    column: str
    of_row: np.ndarray
    names: list[object]


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns.

    Attributes:
        frame: The table as it was read.
        source: What to call it in messages.
        target: The name of the column to predict.
        inputs: The columns that it is predicted from, their cells read by their forms.
        written: By column, the target among them, the form in which numbers or moments are written.
        kinds: Columns whose kind the user decides, by "numbers", "categories" and "dates".
        groups: The groups that are to be kept together, if there are any.
        told: What is to be said of how the table was read, a line each.
    """

    frame: pd.DataFrame
    source: str
    target: str
    inputs: pd.DataFrame
    written: Mapping[str, Written]
    kinds: Mapping[str, tuple[str, ...]]
    groups: Groups | None
    told: Sequence[str]

    @property
    def label_column(self) -> pd.Series:
        """The column to predict, as it was read."""
        return cast(pd.Series, self.frame[self.target])


def read_columns(
    table: Table,
    target: str | None,
    named: NamedColumns,
    *,
    rules: CellRules,
    files: FileOptions,
    task: Task | None,
    time_order: bool,
    recognise: bool,
) -> Columns:
    """Read a table, and tell what each column is for.

    Args:
        table: As `prepare` takes it.
        target: The column to predict.
        named: What the user says of columns.
        rules: How a file's cells are read.
        files: What has to be known of a file.
        task: The task, if the user says so: the classes of a classification are not read as numbers.
        time_order: Whether rows are split by time, which groups do not go with.
        recognise: Whether columns are looked at for dates, times, durations and numbers in dress.

    Raises:
        DataError: The table or a column breaks a rule.
    """
    frame, target, source = open_table(table, target, "the table", rules=rules, options=files)
    told = notes_of(frame)
    groups = None
    if named.group is not None:
        _check_no_time_order(time_order, named.group)
        column = find_name(named.group, list(frame.columns)) or named.group
        groups = Groups(column, *read_groups(frame, column, target, source))
    inputs, kinds = _choose_inputs(frame, target, source, named)
    written: dict[str, Written] = {}
    if recognise:
        asked = _check_asked(Asked(**kinds, target=target, order=named.order, decimal=named.decimal))
        labels = cast(pd.Series, frame[target])
        seen = inputs if task == "classification" else add_column(inputs, labels)
        from_text = is_text(table, frame, alike=rules.alike)
        written = find_written(seen, source, asked, from_text=from_text, alike=rules.alike)
        inputs = convert_written(inputs, written, source)
    return Columns(frame, source, target, inputs, written, kinds, groups, told)


def _choose_inputs(
    frame: pd.DataFrame, target: str, source: str, named: NamedColumns
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Give the input columns, and by field of `Asked` the names of those whose kind the user decides."""
    drop = named.drop
    if named.group is not None and named.group not in drop:
        drop = (*drop, named.group)
    known = list(frame.columns)
    given = {"numeric": named.numeric, "categorical": named.categorical, "date": named.date, "drop": drop}
    checked = {option: check_columns(names, option, known, target) for option, names in given.items()}
    for one, other in combinations(checked, 2):
        both = [name for name in checked[one] if name in checked[other]]
        if both:
            raise DataError(
                f"a column must be in one option only; {both[0]!r} is in `{one}` and `{other}`; take one"
            )
    inputs = frame.copy(deep=False)
    for name in dict.fromkeys((target, *checked["drop"])):
        del inputs[name]  # not `drop`, which copies the rest
    if inputs.shape[1] == 0:
        raise DataError(
            f"a network needs at least one input column; {source} has none left beside the target {target!r} "
            f"(dropped: {listed(checked['drop']) or 'none'}); drop fewer columns"
        )
    kinds = {"numbers": checked["numeric"], "categories": checked["categorical"], "dates": checked["date"]}
    return inputs, kinds


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


def _check_no_time_order(time_order: bool, group_column: str) -> None:
    if time_order:
        raise DataError(
            "rows are split by time or by groups; got both `" + option("time_order", True) + "` and "
            f"`{option('group_column', group_column)}`; leave one out"
        )
