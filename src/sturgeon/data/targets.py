"""The column to be predicted: class labels to codes and back, numbers to standard units and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import CategoryNames, category_key, distinct, read_numbers
from sturgeon.data.features.scale import Range, Scale, fit_scale
from sturgeon.data.features.written import Form, read_written
from sturgeon.data.reading.names import listed
from sturgeon.errors import DataError
from sturgeon.plain_text import plain_number

Label = str | int | float | bool


class UnknownLabel(DataError):
    """A row has a label that training did not know."""


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """The classes of a classification target.

    Attributes:
        name: The target column.
        labels: The labels in their own type and spelling, in the order of their codes 0, 1, ….
        positive: Of two classes, the code of the one whose F1 and average precision count: the rarer one
            among all rows but the test rows. None for more classes, and where it was not kept.

    Example:
        >>> target = ClassTarget("river", ("Elbe", "Volga"))
        >>> target.encode(pd.Series(["Volga", "Elbe"]), "the table").tolist()
        [1, 0]
        >>> target.decode(np.array([1, 0])).tolist()
        ['Volga', 'Elbe']
    """

    name: str
    labels: tuple[Label, ...]
    positive: int | None = None

    def encode(self, column: pd.Series, source: str) -> np.ndarray:
        """Turn n labels into codes, int32, shape n; raise `UnknownLabel` for one that is not known."""
        check_present(column, source)
        codes, values = distinct(column, source)
        names = CategoryNames([category_key(label) for label in self.labels])
        found = [names.find(value) for value in values]
        unknown = [value for value, code in zip(values, found, strict=True) if code is None]
        if unknown:
            raise UnknownLabel(
                f"every label must be one that training knows; column {column.name!r} of {source} has "
                f"{listed(unknown)}, and known are {listed(self.labels)}; spell the labels alike or remove "
                "those rows"
            )
        return np.array(found, dtype=np.int32)[codes]

    def decode(self, codes: np.ndarray | Sequence[int]) -> np.ndarray:
        """Turn codes (integers, shape n) into the labels, shape n, in their own type."""
        same_type = len({type(label) for label in self.labels}) == 1
        dtype = object if isinstance(self.labels[0], str) or not same_type else None
        return np.array(self.labels, dtype=dtype)[np.asarray(codes)]


@dataclass(frozen=True, slots=True)
class NumericTarget:
    """A regression target, standardised by the training rows' mean and standard deviation.

    Attributes:
        name: The target column.
        scale: Its scale, in its own unit.
        seen: The range of the training rows, which bounds predictions; None for no bound, as in a network of
            before there was one.
        form: How its cells are written; None for plain numbers.

    Example:
        >>> target = NumericTarget("length", Scale(mean=2.0, std=1.0))
        >>> target.restore(target.encode(pd.Series([2.0, 5.0]), "the table")).tolist()
        [2.0, 5.0]
    """

    name: str
    scale: Scale
    seen: Range | None = None
    form: Form | None = None

    def encode(self, column: pd.Series, source: str) -> np.ndarray:
        """Turn n numbers into standard units, float32, shape n."""
        check_present(column, source)
        return self.scale.apply(self.read(column, source)).astype(np.float32)

    def read(self, column: pd.Series, source: str) -> np.ndarray:
        """Read n cells as numbers in the target's own unit, float64."""
        if self.form is None:
            return read_numbers(column, source)
        return read_written(column, self.form, source, stray=False)

    def restore(self, standardised: np.ndarray) -> np.ndarray:
        """Turn standard units, any shape, into the target's own unit, float64."""
        return self.scale.undo(standardised)

    @property
    def plausible(self) -> Range | None:
        """Where predictions stay: the training rows' range, and a twentieth of its width at either end."""
        if self.seen is None:
            return None
        low, high = self.seen.low / 2, self.seen.high / 2  # halves, so that no width overflows
        margin = (high - low) / 10
        return Range(2 * low - margin, 2 * high + margin)

    def limit(self, predictions: np.ndarray) -> np.ndarray:
        """Move predictions in the target's own unit, any shape, into `plausible`.

        Example:
            >>> target = NumericTarget("length", Scale(mean=2.0, std=1.0), Range(0.0, 20.0))
            >>> target.limit(np.array([-5.0, 20.5, 48.8])).tolist()
            [-1.0, 20.5, 21.0]
        """
        bounds = self.plausible
        return predictions if bounds is None else np.clip(predictions, bounds.low, bounds.high)

    def limit_outputs(self, standardised: np.ndarray) -> np.ndarray:
        """Move predictions in standard units, any shape, into `plausible`; those inside keep their bits."""
        bounds = self.plausible
        if bounds is None:
            return standardised
        low, high = self.scale.apply(np.array([bounds.low, bounds.high])).astype(standardised.dtype)
        return np.clip(standardised, low, high)


Target = ClassTarget | NumericTarget


def check_present(column: pd.Series, source: str) -> None:
    """Raise unless every row has a target.

    Args:
        column: The target column, indexed by row position.
        source: The table, for the message.

    Raises:
        DataError: Some or all cells are missing; the message says how many and the first.

    Example:
        >>> check_present(pd.Series([1.0, 2.0]), "the table")
    """
    missing = np.flatnonzero(distinct(column, source)[0] < 0)
    if not missing.size:
        return
    if missing.size == len(column):
        raise DataError(
            f"the target must have values; column {column.name!r} of {source} is missing in all "
            f"{len(column)} rows; name another target"
        )
    raise DataError(
        f"every row must have a target; column {column.name!r} of {source} is missing in {missing.size} of "
        f"{len(column)} rows, first in row {column.index[missing[0]] + 1}; remove those rows"
    )


def find_labels(column: pd.Series, source: str) -> ClassTarget:
    """Gather the classes of a target.

    Args:
        column: The whole target column, none missing.
        source: The table, for messages.

    Returns:
        The classes, sorted: numbers by size, texts by alphabet.

    Raises:
        DataError: There is one class only, or a class has a single row.

    Example:
        >>> find_labels(pd.Series([2, 1, 2, 1], name="class"), "the table").labels
        (1, 2)
    """
    codes, values = distinct(column, source)
    rows: dict[str | None, int] = {}
    labels: dict[str | None, Label] = {}
    for value, count in zip(values, np.bincount(codes, minlength=len(values)), strict=True):
        key = category_key(value)
        labels.setdefault(key, _plain(value))
        rows[key] = rows.get(key, 0) + int(count)
    if len(labels) == 1:
        raise DataError(
            f"a target must have two classes or more; column {column.name!r} of {source} is "
            f"{next(iter(labels.values()))!r} in every row; name another target or add rows of another class"
        )
    single = [labels[key] for key, count in rows.items() if count == 1]
    if single:
        raise DataError(
            f"a class must have two rows or more; column {column.name!r} of {source} has a single row of "
            f"{listed(single)}; add rows or remove those, or ask for task='regression' if it is a number"
        )
    return ClassTarget(str(column.name), tuple(sorted(labels.values(), key=_order)))


def fit_numeric_target(
    column: pd.Series, source: str, *, form: Form | None = None, bounds: bool = True
) -> NumericTarget:
    """Measure a regression target on training rows.

    Args:
        column: The training rows' target, indexed by row position.
        source: The table, for messages.
        form: How they are written; None for plain numbers.
        bounds: Whether predictions stay near the training rows' range.

    Returns:
        The fitted target.

    Raises:
        DataError: A value is text or infinite, or all are equal.

    Example:
        >>> fit_numeric_target(pd.Series([1.0, 3.0], name="length"), "the table").scale
        Scale(mean=2.0, std=1.0)
    """
    numbers = read_numbers(column, source) if form is None else read_written(column, form, source)
    scale = fit_scale(numbers)
    if scale is None:
        raise DataError(
            f"a target must vary; column {column.name!r} of {source} is {plain_number(numbers[0])} in every "
            "training row; name another target"
        )
    seen = Range(float(numbers.min()), float(numbers.max())) if bounds else None
    return NumericTarget(str(column.name), scale, seen, form)


def _plain(value: object) -> Label:
    """Give a label as a plain Python value that JSON can hold."""
    if isinstance(value, str):
        return value.strip()
    plain = value.item() if isinstance(value, np.bool_ | np.number) else value
    if isinstance(plain, bool | int | float):
        return plain
    return str(plain) if isinstance(plain, Number) else str(category_key(plain))  # decimals; moments


def _order(label: Label) -> tuple[bool, float, str]:
    return (True, 0.0, label) if isinstance(label, str) else (False, float(label), "")
