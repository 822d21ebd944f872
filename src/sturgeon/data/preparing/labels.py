"""What is predicted: classes or a number, and its column read as such."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import read_numbers, row_number
from sturgeon.data.features.written import Form, read_written
from sturgeon.data.preparing.columns import Columns
from sturgeon.data.targets import ClassTarget, check_present, find_labels
from sturgeon.data.task import Task, TaskChoice, choose_task
from sturgeon.errors import DataError

LARGEST_TARGET = 1e150


@dataclass(frozen=True, slots=True)
class Labels:
    """The column to predict.

    Attributes:
        choice: The task, and why.
        column: The column, numbers read by their form.
        form: The form in which its numbers are written; None for plain numbers and classes.
        classes: The classes; None for numbers.
    """

    choice: TaskChoice
    column: pd.Series
    form: Form | None
    classes: ClassTarget | None


def read_labels(columns: Columns, task: Task | None, *, as_spelled: bool) -> Labels:
    """Decide the task, and read the column to predict.

    Args:
        columns: The table's columns.
        task: The task, if the user says so.
        as_spelled: As for `prepare`.

    Raises:
        DataError: A cell is missing, or the column is nothing that can be predicted.
    """
    column, source = columns.label_column, columns.source
    check_present(column, source)
    written = columns.written.get(columns.target)
    choice, form = choose_task(column, task, written, as_spelled=as_spelled, source=source)
    if form is not None:
        column = pd.Series(read_written(column, form, source), name=columns.target)
    classes = _find_classes(column, source) if choice.task == "classification" else None
    return Labels(choice, column, form, classes)


def _find_classes(label_column: pd.Series, source: str) -> ClassTarget:
    if pd.api.types.is_numeric_dtype(label_column):
        read_numbers(label_column, source)  # refuses an infinite label, which JSON could not hold
    return find_labels(label_column, source)


def refuse_beyond_squares(numbers: np.ndarray, label_column: pd.Series, source: str) -> None:
    """Raise where the squares of a target's errors would overflow, which every metric of a number sums."""
    wrong = np.flatnonzero(np.abs(numbers) > LARGEST_TARGET)
    if wrong.size:
        raise DataError(
            f"a target's numbers must lie between -{LARGEST_TARGET:g} and {LARGEST_TARGET:g}, as errors are "
            f"squared; column {label_column.name!r} of {source} has {numbers[wrong[0]]:g} in row "
            f"{row_number(label_column, wrong[0])}; write it in another unit"
        )
