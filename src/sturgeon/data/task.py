"""Decide whether a target is to be classified or regressed, and say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import distinct, numbers_among, row_number
from sturgeon.data.features.kinds import FEW_CATEGORIES, MOSTLY_NUMBERS, looks_dressed
from sturgeon.data.features.written import Form, Written, describe_example
from sturgeon.data.forms.numbers import NumberForm
from sturgeon.data.reading.names import shown
from sturgeon.data.reading.rules import is_padded
from sturgeon.errors import DataError, option

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


def decide_task(
    target: pd.Series, task: Task | None = None, *, as_spelled: bool = True, source: str = "the table"
) -> TaskChoice:
    """Decide the task from the target's values, unless it is given.

    Classification, when the target is

    * text, Booleans or one of pandas' categorical columns; or
    * numbers of which a whole one is spelled with a leading zero ("01"), which are codes; or
    * two different numbers; or
    * numbers that look like class codes: whole, exactly 0…K-1 or 1…K with K ≤ 50, and each with at least
      five rows and a fiftieth of an even share of the rows.

    Otherwise regression. So digits (0–9, evenly) are classes; wine quality (3–9) is a number, and so
    is a count (0, 1, 2 … with a thin tail) or a measurement.

    Args:
        target: The target column, no cell missing.
        task: The task, if the user says so.
        as_spelled: False decides as the first Sturgeon did: leading zeros are nothing, any text is classes.
        source: The table, for messages.

    Returns:
        The task and the reason.

    Raises:
        DataError: `task` is neither "classification" nor "regression"; or most of the target's texts are
            numbers, such as "1,000" or numbers and "unknown", so that either may be meant.

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
        if as_spelled:
            _refuse_nearly_numbers(target, codes, values, numbers, source)
        return TaskChoice("classification", "the target is text")
    if as_spelled and (padded := next(filter(is_padded, values), None)) is not None:
        return TaskChoice("classification", f"the target is spelled with leading zeros ({padded!r})")
    if len(numbers) == 2:
        return TaskChoice("classification", "the target has two different values")
    return _decide_by_numbers(numbers, np.bincount(codes[codes >= 0], minlength=len(values)))


def choose_task(
    target: pd.Series, task: Task | None, written: Written | None, *, as_spelled: bool, source: str
) -> tuple[TaskChoice, Form | None]:
    """Decide the task of a target that may be written in a form of its own.

    Args:
        target: The target column, no cell missing.
        task: The task, if the user says so.
        written: The form in which its cells are numbers or moments, if any.
        as_spelled: As for `decide_task`.
        source: The table, for messages.

    Returns:
        The task and the reason; and the form in which the target is read, None for plain numbers and classes.

    Raises:
        DataError: As `decide_task` does; or the target is dates or times.

    Example:
        >>> from sturgeon.data.forms.numbers import NumberForm
        >>> percent = Written(NumberForm(".", "%"), "12%")
        >>> cells = pd.Series(["12%", "3%", "7.5%"])
        >>> choose_task(cells, None, percent, as_spelled=True, source="the table")[0].reason
        "the target is numbers, '12%' being 12"
    """
    if written is None or task == "classification":
        return decide_task(target, task, as_spelled=as_spelled, source=source), None
    if written.is_moment:
        raise DataError(
            f"a target must be numbers or classes; column {target.name!r} of {source} has "
            f"{written.form.describe()}; write them as numbers, such as days since a first one, or insist on "
            f"classes with `{option('task', 'classification')}`"
        )
    if task is not None:
        return decide_task(target, task, as_spelled=as_spelled, source=source), written.form
    values = distinct(target, source)[1] if written.example is not None else []
    if (
        values and not np.isnan(numbers_among(values)).any()
    ):  # plain, but for the decimal mark that was asked for
        choice = decide_task(target, as_spelled=as_spelled, source=source)
        return choice, written.form if choice.task == "regression" else None
    if len(values) == 2:
        return TaskChoice("classification", "the target has two different values"), None
    if _are_named(written.form, values):
        return TaskChoice("classification", "the target is text"), None
    shows = "" if written.example is None else f", {describe_example(written)}"
    return TaskChoice("regression", f"the target is {written.form.describe()}{shows}"), written.form


def _are_named(form: Form, values: Sequence[object]) -> bool:
    """Whether values are few whole numbers with a word, such as 3G, 4G and 5G, which are names of classes."""
    if (
        not isinstance(form, NumberForm)
        or not any(map(str.isalpha, form.unit))
        or len(values) > FEW_CATEGORIES
    ):
        return False
    numbers = form.read(values)
    return bool((numbers == np.round(numbers)).all())


def _refuse_nearly_numbers(
    target: pd.Series, codes: np.ndarray, values: list[object], numbers: np.ndarray, source: str
) -> None:
    """Ask what is meant where most of a target's texts are numbers, or all are once their dress is off."""
    is_text = np.isnan(numbers)
    wrong = int(np.flatnonzero(is_text[codes])[0])
    cell = values[codes[wrong]]
    where = f"column {target.name!r} of {source} has {shown(cell)} in row {row_number(target, wrong)}"
    insist = f"or insist on classes with `{option('task', 'classification')}`"
    if looks_dressed([str(value).strip() for value in values]):
        raise DataError(
            f"a target must be plain numbers, such as 1000 or 0.12, or the names of classes; {where}; write "
            f"plain numbers, {insist}"
        )
    share, plain = 1 - is_text[codes].mean(), numbers[~is_text]
    measured = len(plain) > FEW_CATEGORIES or bool((plain != np.round(plain)).any())
    if len(plain) > 2 and (share >= MOSTLY_NUMBERS or (measured and share >= 0.5)):
        raise DataError(
            f"a target of numbers must hold nothing else; {where}, and {share:.0%} of its cells are numbers; "
            f"correct or remove such rows, {insist}"
        )


def _spelled(number: float) -> str:
    """Spell a whole number, one of more than fifteen digits by its first."""
    return f"{number:.0f}" if abs(number) < 1e15 else f"{number:g}"


def _decide_by_numbers(numbers: np.ndarray, rows: np.ndarray) -> TaskChoice:
    """Decide from the different numbers and how many rows have each."""
    count, low, high = len(numbers), numbers.min(initial=np.inf), numbers.max(initial=-np.inf)
    if not (np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()):
        return TaskChoice("regression", "the target's values are not all whole numbers")
    span = f"the target's values are whole numbers from {_spelled(low)} to {_spelled(high)}"
    otherwise = f"; `{option('task', 'classification')}` takes them as classes"
    if low not in (0, 1) or high - low + 1 != count:
        hint = otherwise if count <= MOST_CLASSES else ""
        return TaskChoice("regression", f"{span}, not all of 0, 1, 2 … or 1, 2, 3 …{hint}")
    if count > MOST_CLASSES:
        return TaskChoice("regression", f"{span}, more than {MOST_CLASSES} of them")
    if rows.min() < max(LEAST_ROWS, LEAST_SHARE * rows.sum() / count):
        rare = f"{numbers[rows.argmin()]:.0f}"
        return TaskChoice("regression", f"{span}, of which {rare} is too rare to be a class{otherwise}")
    return TaskChoice(
        "classification", f"{span} and none is rare; `{option('task', 'regression')}` takes them as numbers"
    )
