"""Cells that are numbers or moments by the form in which they are written, and what they are as numbers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import distinct, read_numbers, row_number
from sturgeon.data.forms.moments import Kind, MomentForm
from sturgeon.data.forms.numbers import NumberForm
from sturgeon.data.reading.names import shown
from sturgeon.data.reading.rules import STRAY_WORDS
from sturgeon.errors import DataError, option

Form = NumberForm | MomentForm

_EPOCH = datetime.datetime(1970, 1, 1)
_NOTHING = np.iinfo(np.int64).min
_FIRST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """The form of a column.

    Attributes:
        form: The form.
        example: A cell that shows it; None where the column's type says all.
        row: The row of that cell, as the user counts.
        stray: Words among the cells that are taken as missing, such as a dash.
        forms: Where the order of day and month, or the decimal mark, cannot be told: all that are possible.
        likely: Whether the form is the likelier of them, and taken unless other columns say otherwise.
    """

    form: Form
    example: str | None = None
    row: int = 1
    stray: tuple[str, ...] = ()
    forms: tuple[Form, ...] = field(default=(), repr=False)
    likely: bool = field(default=False, repr=False)

    @property
    def is_moment(self) -> bool:
        """Whether it is a date or a time, which cannot be predicted as it is."""
        return isinstance(self.form, MomentForm) and self.form.kind != "duration"


def describe_example(written: Written) -> str:
    """Say what an example is as a number.

    Example:
        >>> describe_example(Written(NumberForm(",", "€"), "1.200,50 €"))
        "'1.200,50 €' being 1200.5"
    """
    number = written.form.read([written.example])[0]
    unit = " seconds" if isinstance(written.form, MomentForm) else ""
    return f"{shown(written.example)} being {number:.12g}{unit}"


def kind_of(column: pd.Series) -> Kind | None:
    """The kind of moment that a column's type, or the type of its first cell, says; None for others.

    Example:
        >>> kind_of(pd.Series(pd.to_datetime(["2020-01-01"]))), kind_of(pd.Series(["2020-01-01"]))
        ('date', None)
    """
    if column.dtype.kind == "M" or isinstance(column.dtype, pd.PeriodDtype | pd.DatetimeTZDtype):
        return "date"
    if column.dtype.kind == "m":
        return "duration"
    if column.dtype != object:
        return None
    first = next((each for each in column.iloc[:_FIRST_ROWS] if not _is_missing(each)), None)
    if first is None and len(column) > _FIRST_ROWS:
        first = next((each for each in column.iloc[_FIRST_ROWS:] if not _is_missing(each)), None)
    if isinstance(first, datetime.date | np.datetime64 | pd.Period):  # a datetime is a date too
        return "date"
    if isinstance(first, datetime.time):
        return "time"
    return "duration" if isinstance(first, datetime.timedelta | np.timedelta64) else None


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def spell_moments(column: pd.Series) -> pd.Series:
    """Spell dates, times and durations as a file would, where a column mixes them with texts.

    Example:
        >>> spell_moments(pd.Series([datetime.date(2020, 1, 31), "2020-02-01"])).tolist()
        ['2020-01-31', '2020-02-01']
    """
    if column.dtype != object or not pd.api.types.infer_dtype(column, skipna=True).startswith("mixed"):
        return column
    kinds = [_is_moment(cell) for cell in column]
    if not any(kinds) or not any(isinstance(cell, str) for cell in column):
        return column
    cells = [str(cell) if is_moment else cell for cell, is_moment in zip(column, kinds, strict=True)]
    return pd.Series(cells, index=column.index, name=column.name, dtype=object)


def _is_moment(cell: Any) -> bool:
    kinds = datetime.date | datetime.time | datetime.timedelta | np.datetime64 | np.timedelta64 | pd.Period
    return isinstance(cell, kinds) and not pd.isna(cell)


def leave_out_stray(codes: np.ndarray, values: list[Any]) -> tuple[np.ndarray, list[Any], list[str]]:
    """Take a dash and the like as missing, among cells that are numbers or moments otherwise.

    Args:
        codes: For each cell the position of its value, -1 for a missing one.
        values: The different values.

    Returns:
        Both without such words, and the words.

    Example:
        >>> codes, values, words = leave_out_stray(np.array([0, 1, -1, 2]), ["$5", "-", "$7"])
        >>> codes.tolist(), values, words
        ([0, -1, -1, 1], ['$5', '$7'], ['-'])
    """
    stray = np.array([isinstance(each, str) and each.strip() in STRAY_WORDS for each in values], np.bool_)
    if not stray.any():
        return codes, values, []
    places = np.append(np.where(stray, -1, np.cumsum(~stray) - 1), -1)
    kept = [each for each, is_stray in zip(values, stray, strict=True) if not is_stray]
    return places[codes], kept, [str(each).strip() for each in values if each not in kept]


def read_written(column: pd.Series, form: Form, source: str, *, stray: bool = True) -> np.ndarray:
    """Read the cells of a column as numbers by their form.

    Args:
        column: n cells: texts, or what a file's reader made of them, indexed by row position. Numbers are
            taken as they are, times and durations in seconds; they are no dates, but for those of eight
            digits where the form says so.
        form: The form.
        source: The table, for messages.
        stray: Whether a dash and the like are missing cells.

    Returns:
        float64, shape n; NaN where a cell is missing.

    Raises:
        DataError: A cell is not in that form, or infinite; the message has column and row.

    Example:
        >>> read_written(pd.Series(["1.300,00", None]), NumberForm(","), "the table").tolist()
        [1300.0, nan]
    """
    if isinstance(form, MomentForm):
        column = spell_moments(column)
        if kind_of(column) is not None:
            return _seconds(column, source)
        if form.kind == "date" and pd.api.types.is_numeric_dtype(column):
            column = column.astype(object)
    if pd.api.types.is_numeric_dtype(column) and column.dtype.kind != "c":
        return read_numbers(column, source)
    codes, values = distinct(column, source)
    if stray:
        codes, values, _ = leave_out_stray(codes, values)
    parsed = np.append(form.read(values), np.nan)
    wrong = np.flatnonzero((codes >= 0) & np.isnan(parsed[codes]))
    if wrong.size:
        unit = f" in {form.unit!r}" if isinstance(form, NumberForm) and form.unit else ""
        raise DataError(
            f"column {column.name!r} must hold {form.describe()}{unit}, as in training; got "
            f"{shown(values[codes[wrong[0]]])} in row {row_number(column, wrong[0])} of {source}; correct "
            "it, or leave the cell empty if it is missing"
        )
    return parsed[codes]


def _seconds(column: pd.Series, source: str) -> np.ndarray:
    """The seconds of a column whose type, or whose cells' type, is that of dates, times or durations."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if column.dtype.kind in "mM":
        micros = column.to_numpy(dtype=f"{column.dtype.kind}8[us]").astype(np.int64)
        return np.where(micros == _NOTHING, np.nan, micros / 1e6)
    try:
        return np.array([np.nan if pd.isna(each) else _micros(each) / 1e6 for each in column], np.float64)
    except (TypeError, AttributeError):
        raise DataError(
            f"a column must hold dates, times or durations only, or none; column {column.name!r} of {source} "
            f"mixes them with something else; correct it, or leave it out: `{option('drop', column.name)}`"
        ) from None


def _micros(moment: Any) -> int:
    if isinstance(moment, np.datetime64 | pd.Period):
        moment = pd.Timestamp(moment) if isinstance(moment, np.datetime64) else moment.to_timestamp()
    if isinstance(moment, datetime.time):
        return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond
    if isinstance(moment, datetime.timedelta | np.timedelta64):
        return int(np.timedelta64(moment, "us").astype(np.int64))
    if not isinstance(moment, datetime.datetime):
        return (moment.toordinal() - _EPOCH.toordinal()) * 86_400_000_000
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    since = moment - _EPOCH
    return since // datetime.timedelta(microseconds=1)


def convert_written(frame: pd.DataFrame, written: Mapping[str, Written], source: str) -> pd.DataFrame:
    """Put numbers and moments of one type in the place of the cells that are written so.

    Args:
        frame: The table.
        written: The columns' forms; a column that the table lacks is left out.
        source: The table, for messages.

    Returns:
        The table with float64, or for dates datetime64, in these columns; the other cells are shared.
    """
    converted = frame.copy(deep=False)
    for name, each in written.items():
        if name not in frame.columns:
            continue
        numbers: Any = read_written(cast(pd.Series, frame[name]), each.form, source)
        if isinstance(each.form, MomentForm) and each.form.kind == "date":
            absent = np.isnan(numbers)
            numbers = np.round(np.where(absent, 0, numbers) * 1e6).astype("int64").view("datetime64[us]")
            numbers[absent] = np.datetime64("NaT")
        converted[name] = pd.Series(numbers, index=frame.index)
    return converted
