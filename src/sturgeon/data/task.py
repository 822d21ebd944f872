"""Decide whether a target is to be classified or regressed, and say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from sturgeon.data.cells import distinct, numbers_among
from sturgeon.errors import DataError

Task = Literal["classification", "regression"]

MOST_CLASSES = 50
LEAST_ROWS = 5
LEAST_SHARE = 1 / 50


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """The task and the reason, as a clause that follows "because".

    Attributes:
        task: "classification" or "regression".
        reason: Why, for the user to agree or to overrule.
    """

    task: Task
    reason: str


def decide_task(target: pd.Series, task: Task | None = None) -> TaskChoice:
    """Decide the task from the target's values, unless it is given.

    Classification, when the target is

    * text, Booleans or one of pandas' categorical columns; or
    * two different numbers; or
    * numbers that look like class codes: whole, exactly 0…K-1 or 1…K with K ≤ 50, and each with at least
      five rows and a fiftieth of an even share of the rows.

    Otherwise regression. So digits (0–9, evenly) are classes; wine quality (3–9) is a number, and so
    is a count (0, 1, 2 … with a thin tail) or a measurement.

    Args:
        target: The target column, no cell missing.
        task: The task, if the user says so.

    Returns:
        The task and the reason.

    Raises:
        DataError: `task` is neither "classification" nor "regression".

    Example:
        >>> decide_task(pd.Series([3, 4, 5, 9])).task
        'regression'
        >>> decide_task(pd.Series(["yes", "no"])).task
        'classification'
    """
    if task is not None:
        if task not in get_args(Task):
            raise DataError(
                f"`task` must be 'classification' or 'regression'; got {task!r}; give one of them"
            )
        return TaskChoice(task, "it was asked for")
    if pd.api.types.is_bool_dtype(target) or isinstance(target.dtype, pd.CategoricalDtype):
        return TaskChoice("classification", f"the target's type is {target.dtype}")
    codes, values = distinct(target, "the table")
    if values and all(isinstance(value, bool | np.bool_) for value in values):
        return TaskChoice("classification", "the target is Boolean")
    numbers = numbers_among(values)
    if np.isnan(numbers).any():
        return TaskChoice("classification", "the target is text")
    if len(numbers) == 2:
        return TaskChoice("classification", "the target has two different values")
    return _decide_by_numbers(numbers, np.bincount(codes[codes >= 0], minlength=len(values)))


def _decide_by_numbers(numbers: np.ndarray, rows: np.ndarray) -> TaskChoice:
    """Decide from the different numbers and how many rows have each."""
    count, low, high = len(numbers), numbers.min(initial=np.inf), numbers.max(initial=-np.inf)
    if not (np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()):
        return TaskChoice("regression", "the target's values are not all whole numbers")
    span = f"the target's values are whole numbers from {low:.0f} to {high:.0f}"
    if low not in (0, 1) or high - low + 1 != count:
        return TaskChoice("regression", f"{span}, not all of 0, 1, 2 … or 1, 2, 3 …")
    if count > MOST_CLASSES:
        return TaskChoice("regression", f"{span}, more than {MOST_CLASSES} of them")
    if rows.min() < max(LEAST_ROWS, LEAST_SHARE * rows.sum() / count):
        return TaskChoice(
            "regression", f"{span}, of which {numbers[rows.argmin()]:.0f} is too rare to be a class"
        )
    return TaskChoice("classification", f"{span} and none is rare")
