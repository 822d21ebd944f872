"""How one column of a table becomes features: a number, a moment's place in time, or one feature a category.

All kinds are fitted on training rows and then only applied; what they know is plain values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import CategoryNames, category_key, distinct, read_numbers
from sturgeon.data.features.pooled import PooledColumn
from sturgeon.data.features.scale import Range, Scale, fit_scale, fit_share_scale
from sturgeon.data.features.written import Form, read_written
from sturgeon.data.forms.cycles import CYCLES, find_phase
from sturgeon.data.forms.moments import MomentForm

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True)
class Cycle:
    """Where a moment stands in a cycle, as sine and cosine, so that the end of a cycle is near its beginning.

    Attributes:
        name: One of :data:`sturgeon.data.forms.cycles.CYCLES`.
        sine: The scale of the sine; None where it was the same in all training rows.
        cosine: The scale of the cosine, likewise.

    Example:
        >>> noon = Cycle("hour", None, Scale(0.0, 1.0))
        >>> noon.encode(np.array([43_200.0]))[0].tolist()
        [-1.0]
    """

    name: str
    sine: Scale | None
    cosine: Scale | None

    def encode(self, seconds: np.ndarray) -> list[np.ndarray]:
        """Turn n moments, in seconds, into the features, float64, of shape n each."""
        both = zip(_on_circle(seconds, self.name), (self.sine, self.cosine), strict=True)
        return [scale.apply(values) for values, scale in both if scale is not None]


def _on_circle(seconds: np.ndarray, cycle: str) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * find_phase(seconds, cycle, np.floor)
    return np.sin(angle), np.cos(angle)


@dataclass(frozen=True, slots=True)
class NumericColumn:
    """A number, normalised; and where training rows lacked it, a second feature that says so.

    Attributes:
        name: The column's name.
        fill: What stands in for a missing value: the median of the training rows.
        value: The scale of the number; None where it was constant and only its absence tells.
        missing: The scale of the 0/1 feature "is missing"; None where no training row lacked it.
        seen: The range of the training rows, beyond which a number is compressed; None for no such rule, as
            in a network of before there was one, and where `value` is None.
        form: How its cells are written; None for plain numbers. A date counts in seconds since 1970.
        cycles: Of a date or a time, the cycles that varied in the training rows.

    Example:
        >>> column = NumericColumn("length", 2.0, Scale(2.0, 1.0), missing=None, seen=Range(0.0, 4.0))
        >>> column.encode(pd.Series([3.0, None, 900.0], name="length"), "the table").round(4).tolist()
        [[1.0], [0.0], [3.0]]
    """

    name: str
    fill: float
    value: Scale | None
    missing: Scale | None
    seen: Range | None = None
    form: Form | None = None
    cycles: tuple[Cycle, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        names = [(self.value, self.name)]
        for cycle in self.cycles:
            names.append((cycle.sine, f"{self.name}: {cycle.name} (sine)"))
            names.append((cycle.cosine, f"{self.name}: {cycle.name} (cosine)"))
        names.append((self.missing, f"{self.name} is missing"))
        return tuple(name for scale, name in names if scale is not None)

    def read(self, column: pd.Series, source: str) -> np.ndarray:
        """Read n cells as numbers, float64, NaN where missing."""
        if self.form is None:
            return read_numbers(column, source)
        return read_written(column, self.form, source)

    def encode(self, column: pd.Series, source: str) -> np.ndarray:
        """Turn n cells into normalised features, float64, shape (n, features)."""
        numbers = self.read(column, source)
        absent = np.isnan(numbers)
        filled = np.where(absent, self.fill, numbers)
        features = []
        if self.value is not None:
            features.append(
                self.value.apply(filled) if self.seen is None else self.seen.normalise(filled, self.value)
            )
        for cycle in self.cycles:
            features.extend(cycle.encode(filled))
        if self.missing is not None:
            features.append(self.missing.apply(absent.astype(np.float64)))
        return np.stack(features, axis=1)

    def count_unseen(self, column: pd.Series, source: str) -> int:
        """Count missing cells when no training row lacked the value."""
        return int(np.isnan(self.read(column, source)).sum()) if self.missing is None else 0

    def find_outside(self, column: pd.Series, source: str) -> np.ndarray:
        """Which of n cells are outside what training rows had, Boolean: beyond their range, or missing."""
        numbers = self.read(column, source)
        absent = np.isnan(numbers)
        beyond = ~absent & ~self.seen.holds(numbers) if self.seen is not None else np.zeros_like(absent)
        return beyond | absent if self.missing is None else beyond


@dataclass(frozen=True, slots=True)
class CategoricalColumn:
    """One 0/1 feature a category, normalised; a category that training never had is 0 in all of them.

    Attributes:
        name: The column's name.
        categories: The training rows' categories as `category_key` spells them, sorted.
        missing: Whether a missing cell is one more category, the last: training rows had some.
        scales: One a feature, in order.

    Example:
        >>> column = CategoricalColumn("river", ("Elbe", "Volga"), False, (Scale(0.5, 0.5),) * 2)
        >>> column.encode(pd.Series(["Volga", "Oka"], name="river"), "the table").tolist()
        [[-1.0, 1.0], [-1.0, -1.0]]
    """

    name: str
    categories: tuple[str, ...]
    missing: bool
    scales: tuple[Scale, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        named = tuple(f"{self.name}={category}" for category in self.categories)
        return (*named, f"{self.name} is missing") if self.missing else named

    def encode(self, column: pd.Series, source: str) -> np.ndarray:
        """Turn n cells into normalised features, float64, shape (n, features)."""
        places = self._places(column, source)
        means = np.array([scale.mean for scale in self.scales])
        stds = np.array([scale.std for scale in self.scales])
        features = np.repeat(((0.0 - means) / stds)[None, :], len(places), axis=0)
        rows = np.flatnonzero(places >= 0)
        features[rows, places[rows]] = ((1.0 - means) / stds)[places[rows]]
        return features

    def count_unseen(self, column: pd.Series, source: str) -> int:
        """Count cells of a category that no training row had, missing ones included."""
        return int(self.find_outside(column, source).sum())

    def find_outside(self, column: pd.Series, source: str) -> np.ndarray:
        """Which of n cells are of a category that no training row had, missing ones included; Boolean."""
        return self._places(column, source) < 0

    def _places(self, column: pd.Series, source: str) -> np.ndarray:
        codes, values = distinct(column, source)
        names = CategoryNames(self.categories)
        of_missing = len(self.categories) if self.missing else -1
        found = (names.find(value) for value in values)
        places = [-1 if place is None else place for place in found]
        return np.array([*places, of_missing])[codes]


Column = NumericColumn | CategoricalColumn | PooledColumn


def fit_numeric(
    column: pd.Series, source: str, *, form: Form | None = None, bounds: bool = True
) -> NumericColumn | None:
    """Measure a numeric column on training rows.

    Args:
        column: The training rows' cells, indexed by row position.
        source: The table, for messages.
        form: How they are written; None for plain numbers.
        bounds: Whether numbers beyond the training rows' range are compressed.

    Returns:
        The fitted column, or None when it is the same in every row.

    Raises:
        DataError: A cell is text or infinite.

    Example:
        >>> fit_numeric(pd.Series([1.0, 3.0], name="length"), "the table").feature_names
        ('length',)
    """
    numbers = read_numbers(column, source) if form is None else read_written(column, form, source)
    absent = np.isnan(numbers)
    fill = _median(numbers[~absent]) if not absent.all() else 0.0
    filled = np.where(absent, fill, numbers)
    value = fit_scale(filled)
    missing = fit_share_scale(int(absent.sum()), len(absent))
    if value is None and missing is None:
        return None
    seen = Range(float(filled.min()), float(filled.max())) if bounds and value is not None else None
    cycles = tuple(_fit_cycles(filled, form)) if isinstance(form, MomentForm) and value is not None else ()
    return NumericColumn(str(column.name), fill, value, missing, seen, form, cycles)


def _median(numbers: np.ndarray) -> float:
    """The median, also where the two numbers in the middle add up to more than floats reach."""
    with np.errstate(over="ignore"):
        median = float(np.median(numbers))
    return median if np.isfinite(median) else 2 * float(np.median(numbers / 2))


def _fit_cycles(seconds: np.ndarray, form: MomentForm) -> Iterator[Cycle]:
    """The cycles that vary in some moments."""
    for name in {"date": CYCLES, "time": ("hour",), "duration": ()}[form.kind]:
        scales = [
            fit_scale(values) if np.ptp(values) > _LEAST_SPREAD else None
            for values in _on_circle(seconds, name)
        ]
        if any(scales):
            yield Cycle(name, *scales)


def fit_categorical(column: pd.Series, source: str) -> CategoricalColumn | None:
    """Gather a categorical column's categories on training rows.

    Args:
        column: The training rows' cells, indexed by row position.
        source: The table, for messages.

    Returns:
        The fitted column, or None when it is the same in every row.

    Raises:
        DataError: A cell is neither text, number, Boolean nor date.

    Example:
        >>> fit_categorical(pd.Series(["Volga", None, "Elbe"], name="river"), "the table").feature_names
        ('river=Elbe', 'river=Volga', 'river is missing')
    """
    codes, values = distinct(column, source)
    counts: dict[str, int] = {}
    for value, count in zip(values, np.bincount(codes[codes >= 0], minlength=len(values)), strict=True):
        key = category_key(value)
        if key is not None:
            counts[key] = counts.get(key, 0) + int(count)
    categories = tuple(sorted(counts))
    absent = int((codes < 0).sum())
    totals = [counts[key] for key in categories] + ([absent] if absent else [])
    scales = tuple(scale for total in totals if (scale := fit_share_scale(total, len(codes))) is not None)
    if not scales:
        return None
    return CategoricalColumn(str(column.name), categories, absent > 0, scales)
