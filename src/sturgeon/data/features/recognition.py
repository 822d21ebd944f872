"""Find the form in which the cells of each column are written.

The form is a matter of the whole column: it is found once, before the rows are split, and kept for the rows
to predict. A column whose first cells look like neither numbers in dress nor moments is not looked at any
further, nor is one that a file's reader took for numbers already: that costs a clean table nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import distinct, numbers_among, row_number
from sturgeon.data.features.kinds import FEW_CATEGORIES, MOSTLY_NUMBERS
from sturgeon.data.features.written import Form, Written, kind_of, leave_out_stray, spell_moments
from sturgeon.data.forms.moments import ORDERS, MomentForm, Order, likely_moments, possible_moments
from sturgeon.data.forms.numbers import MARKS, NumberForm, likely_form, likely_mark, possible_forms, unit_of
from sturgeon.data.reading.names import shown
from sturgeon.data.reading.rules import STRAY_WORDS, is_padded
from sturgeon.errors import DataError, option

_FIRST_CELLS, _FIRST_ROWS = 64, 1000
_CLOSE = 1e-6
_FEW = 3
"""With so few different values, a cell among them that is not in their form may be a name like them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user says of how cells are written.

    Attributes:
        dates: Columns that hold dates.
        numbers: Columns that hold numbers.
        categories: Columns of categories, and others to leave as they are.
        target: The column to predict.
        order: Which of day and month stands first.
        decimal: What stands before decimals.
    """

    dates: Collection[str] = ()
    numbers: Collection[str] = ()
    categories: Collection[str] = ()
    target: str | None = None
    order: Order | None = None
    decimal: str | None = None


def find_written(
    frame: pd.DataFrame,
    source: str,
    asked: Asked | None = None,
    *,
    from_text: bool = False,
    alike: bool = True,
) -> dict[str, Written]:
    """Find the columns whose cells are numbers or moments by their form.

    Args:
        frame: The whole table.
        source: What to call it in messages.
        asked: What the user says.
        from_text: Whether columns of plain numbers were text in a file.
        alike: As for :func:`sturgeon.data.prepare`.

    Returns:
        By name, the form of each column that is read by one.

    Raises:
        DataError: A column can be read in two ways; nearly all of it is in a form and a cell is not; or it is
            not what the user says.

    Example:
        >>> frame = pd.DataFrame({"day": ["2020-01-31", "2020-02-01"], "price": ["$1,200.00", "$3"]})
        >>> {name: each.form.describe() for name, each in find_written(frame, "the table").items()}
        {'day': 'dates (year-month-day)', 'price': 'numbers'}
    """
    asked = asked or Asked()
    found: dict[str, Written] = {}
    for name in frame.columns:
        if name not in asked.categories:
            written = _find(cast(pd.Series, frame[name]), source, asked, alike=alike)
            if written is not None:
                found[str(name)] = written
    _settle_decimals(found, frame, source, asked, from_text=from_text)
    for name, written in found.items():
        if written.forms:
            remedies = " or ".join(f"`{option('dates', order)}`" for order in _orders(written))
            raise DataError(
                f"which of {_listed_parts(written)} stands first must be clear; column {name!r} of {source} "
                f"has dates such as {shown(written.example)} in row {written.row}, where both fit; say which "
                f"it is: {remedies}"
            )
    return found


def _orders(written: Written) -> list[str]:
    return [str(form.order) for form in written.forms if isinstance(form, MomentForm)]


def _listed_parts(written: Written) -> str:
    return " and ".join(order.removesuffix("-first") for order in _orders(written))


def _find(column: pd.Series, source: str, asked: Asked, *, alike: bool) -> Written | None:
    is_date = column.name in asked.dates
    column = spell_moments(column)
    kind = kind_of(column)
    if kind is not None:
        return Written(MomentForm(kind))
    if isinstance(column.dtype, pd.CategoricalDtype) and not is_date:
        return None
    if pd.api.types.is_numeric_dtype(column) or column.dtype.kind == "c":
        return _compact(column, source) if is_date else None
    first = [each for each in column.iloc[:_FIRST_ROWS].dropna().iloc[:_FIRST_CELLS] if isinstance(each, str)]
    first = [each for each in first if each.strip() not in STRAY_WORDS]
    if first and not is_date and sum(_looks_written(each.strip()) for each in first) * 2 < len(first):
        return None
    codes, values = distinct(column, source)
    stray: list[str] = []
    if column.name != asked.target:
        codes, values, stray = leave_out_stray(codes, values)
    texts = [each.strip() for each in values if isinstance(each, str)]
    forms = _possible(texts, values, asked, is_date=is_date, alike=alike)
    if forms is None:
        return _plain_with_stray(values, stray, alike=alike)
    if not forms:
        if is_date:
            return _compact(column, source)
        if column.name not in asked.numbers:
            _refuse_mistakes(column, codes, values, source, asked)
        return None
    likely = _likely(forms, texts)
    if len(forms) == 1 or (likely is not None and not alike):
        return Written(likely or forms[0], _telling(texts), stray=tuple(stray))
    if likely is not None:
        return Written(likely, _telling(texts), stray=tuple(stray), forms=tuple(forms), likely=True)
    one, other = (form.read(values) for form in forms)
    place = int(np.flatnonzero((codes >= 0) & (one != other)[codes])[0])
    example, row = str(values[codes[place]]).strip(), row_number(column, place)
    return Written(forms[0], example, row, tuple(stray), tuple(forms))


def _plain_with_stray(values: list[Any], stray: list[str], *, alike: bool) -> Written | None:
    """The form of plain numbers among which words mean missing, as in a data frame; None where none do."""
    form = NumberForm(".")
    if not stray or not values or np.isnan(numbers_among(values)).any():
        return None
    if any(is_padded(each, decimals=not alike) for each in values):
        return None
    return None if np.isnan(form.read(values)).any() else Written(form, stray=tuple(stray))


def _possible(
    texts: list[str], values: list[Any], asked: Asked, *, is_date: bool, alike: bool
) -> list[Form] | None:
    """The forms that all cells fit; None where no form is needed."""
    if not texts:
        return None
    if is_date:
        return list(possible_moments(texts, asked.order)) if len(texts) == len(values) else []
    plain = not np.isnan(numbers_among(values)).any()
    if plain and asked.decimal != ",":
        return None
    numbers = possible_forms(texts, padded=alike)
    if asked.decimal is not None and numbers:
        form = NumberForm(asked.decimal, numbers[0].unit)
        numbers = [] if np.isnan(form.read(texts)).any() else [form]
    if numbers or plain:
        return list(numbers) or None
    return list(possible_moments(texts, asked.order)) if len(texts) == len(values) else []


def _likely(forms: Sequence[Form], texts: list[str]) -> NumberForm | None:
    """Of two forms of numbers the likelier one by the column alone, if it says anything."""
    numbers = [form for form in forms if isinstance(form, NumberForm)]
    mark = likely_mark(texts) if len(numbers) > 1 else None
    return next((form for form in numbers if form.decimal == mark), None)


def _looks_written(text: str) -> bool:
    """Whether a text is a number in dress or a moment."""
    return any(map(str.isdecimal, text)) and (unit_of(text) is not None or bool(possible_moments([text])))


def _telling(texts: list[str]) -> str:
    """The text that shows a form best: one with separators, signs and the like."""
    return max(texts[:1000], key=lambda text: (sum(not each.isalnum() for each in text), len(text)))


def _compact(column: pd.Series, source: str) -> Written:
    """Eight digits as a date, where the user says that a column holds dates."""
    form = MomentForm("date", "compact")
    codes, values = distinct(column, source)
    wrong = np.flatnonzero(np.isnan(np.append(form.read(values), 0.0))[codes])
    if wrong.size:
        raise DataError(
            f"a column of dates must hold dates in one order; got {shown(values[codes[wrong[0]]])} in "
            f"column {column.name!r}, row {row_number(column, wrong[0])} of {source}; write 2020-01-31, "
            f"31.01.2020, 01/31/2020 or 20200131, or leave `{option('date', column.name)}` out"
        )
    return Written(form, str(values[0]) if values else None)


def _refuse_mistakes(
    column: pd.Series, codes: np.ndarray, values: list[Any], source: str, asked: Asked
) -> None:
    """Name the cell that is not in the form which nearly all the others have."""
    texts = [str(each).strip() for each in values]
    is_target = column.name == asked.target
    instead = (
        f"insist on classes with `{option('task', 'classification')}`"
        if is_target
        else f"take them as categories (`{option('categorical', str(column.name))}`)"
    )
    _refuse_two_orders(column, codes, texts, source)
    present = codes[codes >= 0]
    counts = np.bincount(present, minlength=len(values)).tolist()
    if len(values) <= _FEW or 1 - np.isnan(numbers_among(values))[present].mean() >= MOSTLY_NUMBERS:
        return
    units = [unit_of(text) for text in texts]
    if None not in units and len(values) > FEW_CATEGORIES:
        one, other = units[0], next((unit for unit in units if unit != units[0]), units[0])
        if one != other:
            place = int(np.flatnonzero((codes >= 0) & np.array([unit != one for unit in units])[codes])[0])
            raise DataError(
                f"numbers with a unit must all have the same; column {column.name!r} of {source} has "
                f"{shown(texts[0])}, and {shown(texts[codes[place]])} in row {row_number(column, place)}; "
                f"write one unit, or {instead}"
            )
    for form, what in ((likely_form(texts, counts), "numbers"), (likely_moments(texts, counts), "dates")):
        if form is None:
            continue
        is_wrong = np.isnan(form.read(texts))
        if is_wrong.any() and 1 - is_wrong[present].mean() >= MOSTLY_NUMBERS:
            place = int(np.flatnonzero((codes >= 0) & is_wrong[codes])[0])
            what = what if isinstance(form, NumberForm) else form.describe().partition(" (")[0]
            raise DataError(
                f"a column of {what} must hold nothing else; column {column.name!r} of {source} has "
                f"{shown(values[codes[place]])} in row {row_number(column, place)}; correct it (an empty "
                f"cell is a missing value), or {instead}"
            )


def _refuse_two_orders(column: pd.Series, codes: np.ndarray, texts: list[str], source: str) -> None:
    """Raise where all cells are dates, some with the day and some with the month before the other."""
    by_order = [~np.isnan(MomentForm("date", order).read(texts)) for order in ORDERS[:2]]
    if not texts or not np.all(by_order[0] | by_order[1]) or any(map(np.all, by_order)):
        return
    day_first, month_first = (int(np.flatnonzero((codes >= 0) & ~fits[codes])[0]) for fits in by_order[::-1])
    raise DataError(
        f"the dates of a column must be written in one order; column {column.name!r} of {source} has "
        f"{shown(texts[codes[day_first]])} in row {row_number(column, day_first)} and "
        f"{shown(texts[codes[month_first]])} in row {row_number(column, month_first)}; write 2020-01-31"
    )


def _settle_decimals(
    found: dict[str, Written], frame: pd.DataFrame, source: str, asked: Asked, *, from_text: bool
) -> None:
    """Where a column leaves the decimal mark open, take that of the table's other columns, or ask."""
    settled = _settled_marks(found, likely=False) or _settled_marks(found, likely=True)
    for name, written in found.items():
        if not (written.forms and isinstance(written.form, NumberForm)):
            continue
        if len(settled) != 1 and written.likely:
            found[name] = replace(written, forms=())
            continue
        if len(settled) != 1:
            point, comma = (f"{each.read([written.example])[0]:g}" for each in written.forms)
            has = f"{shown(written.example)} in row {written.row}, which may be {point} or {comma}"
            raise _open_mark(name, has, source, asked)
        form = next(
            each for each in written.forms if isinstance(each, NumberForm) and each.decimal in settled
        )
        found[name] = replace(written, form=form, forms=())
    if from_text and asked.decimal is None and set(settled) == {","}:
        _ask_for_thousands(settled[","], found, frame, source, asked)


def _settled_marks(found: Mapping[str, Written], *, likely: bool) -> dict[str, str]:
    """The decimal marks of columns that leave no doubt, or of those with a likely one: a column by mark."""
    return {
        each.form.decimal: name
        for name, each in found.items()
        if isinstance(each.form, NumberForm)
        and set(MARKS) & set(each.example or "")
        and (each.likely if likely else not each.forms)
    }


def _ask_for_thousands(
    comma: str, found: Mapping[str, Written], frame: pd.DataFrame, source: str, asked: Asked
) -> None:
    """Ask where a table has decimal commas, and a point in all numbers of a column may group thousands."""
    for name in frame.columns:
        cells = cast(pd.Series, frame[name])
        if name in found or cells.dtype.kind != "f":
            continue
        numbers = cells.to_numpy()
        numbers = np.abs(numbers[~np.isnan(numbers)])
        if not numbers.size or not ((numbers >= 1) & (numbers < 1000)).all():
            continue
        thousandths = numbers * 1000
        fractions = numbers[numbers != np.round(numbers)]
        if fractions.size and (np.abs(thousandths - np.round(thousandths)) < _CLOSE).all():
            has = f"{fractions[0]:.3f}, while column {comma!r} has {shown(found[comma].example)}"
            raise _open_mark(str(name), has, source, asked)


def _open_mark(name: str, has: str, source: str, asked: Asked) -> DataError:
    say = f"say which it is: `{option('decimal', ',')}` or `{option('decimal', '.')}`"
    if name == asked.target:
        say += f"; write plain numbers, or insist on classes with `{option('task', 'classification')}`"
    return DataError(
        f"which of point and comma stands before the decimals must be clear; column {name!r} of {source} has "
        f"{has}; {say}"
    )
