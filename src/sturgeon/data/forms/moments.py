"""Dates, times of day and durations, as people write them and as seconds."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sturgeon.data.forms.durations import read_duration
from sturgeon.data.forms.month_names import find_month

Order = Literal["day-first", "month-first", "year-first", "compact"]
Kind = Literal["date", "time", "duration"]
ORDERS: tuple[Order, ...] = ("day-first", "month-first", "year-first")
_FEWEST_DAYS = 5

_CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?|\s?Uhr)?"
)
_ZONE = r"(?:\s?(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)(?:\[[\w/+-]+\])?)?"
_NAME = r"(?P<name>[^\W\d_]{3,10})\.?"
_DAYS = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?\.?,?\s+)?"
_TIME = rf"(?:(?:[Tt]|,?\s+){_CLOCK}{_ZONE})?"
_OF = r"(?:\s?-\s?|\s(?:de\s|d')?)?"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_TIME}",
        rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<other>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}){_TIME}",
        rf"(?P<first>\d{{1,2}})(?P<mark>[-/])(?P<other>\d{{1,2}})(?P=mark)(?P<year>\d{{2}}){_TIME}",
        rf"(?P<first>\d{{2}})(?P<mark>\.)(?P<other>\d{{2}})(?P=mark)(?P<year>\d{{2}}){_TIME}",
        rf"{_DAYS}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?{_OF}{_NAME}{_OF},?\s?"
        rf"(?P<year>\d{{4}}|(?<=[-\s])\d{{2}}){_TIME}",
        rf"{_DAYS}{_NAME}\s?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<year>\d{{4}}){_TIME}",
        rf"(?P<year>\d{{4}})[\s-]{_NAME}[\s-](?P<day>\d{{1,2}}){_TIME}",
        rf"(?P<year>\d{{4}})\s?[年년]\s?(?P<month>\d{{1,2}})\s?[月월](?:\s?(?P<day>\d{{1,2}})\s?[日号號일])?{_TIME}",
        rf"(?P<day>\d{{1,2}})/{_NAME}/(?P<year>\d{{4}})(?:[:\s]{_CLOCK}{_ZONE})?",
        rf"{_DAYS}{_NAME}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}{_ZONE}\s+(?P<year>\d{{4}})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[Tt](?P<hour>\d{2})(?P<minute>\d{2})"
        rf"(?:(?P<second>\d{{2}})(?:[.,](?P<fraction>\d{{1,9}}))?)?{_ZONE}",
        r"(?P<year>\d{4})-?W(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
    )
)
_MONTHS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})"),
    re.compile(r"(?P<month>\d{1,2})[-/](?P<year>\d{4})"),
    re.compile(rf"{_NAME}{_OF}(?P<year>(?<=[\s-])\d{{4}})"),
    re.compile(r"(?P<year>\d{4})[\s-]?[Qq](?P<quarter>[1-4])"),
    re.compile(r"[Qq](?P<quarter>[1-4])[\s/-]?(?P<year>\d{4})"),
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_TIME_OF_DAY = (re.compile(_CLOCK), re.compile(r"(?P<hour>\d{1,2})[hH](?P<minute>\d{2})"))
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_MICRO, _DAY = 1_000_000, 86_400_000_000


@dataclass(frozen=True, slots=True)
class MomentForm:
    """How the dates, the times or the durations of a column are written.

    A date is read as seconds since 1970; with a zone it is taken in UTC, without one as it is written. A time
    is read as seconds since midnight, a duration as its seconds.

    Attributes:
        kind: ``"date"``, with or without a time, ``"time"`` or ``"duration"``.
        order: Which of day and month stands first where the year stands last, None where it never does;
            ``"year-first"`` for a year of two digits before both; ``"compact"`` for eight digits such as
            20200131.

    Example:
        >>> MomentForm("date", "day-first").read(["02.01.1970", "1970-01-02T00:00:01Z", "soon"]).tolist()
        [86400.0, 86401.0, nan]
        >>> MomentForm("time").read(["12:05", "1:30 PM"]).tolist()
        [43500.0, 48600.0]
    """

    kind: Kind
    order: Order | None = None

    def read(self, cells: Sequence[Any]) -> np.ndarray:
        """Read cells as seconds.

        Args:
            cells: Texts, or numbers, which of times and durations are the seconds.

        Returns:
            float64, as many, exact to the microsecond; NaN for a cell that is not written so.
        """
        if self.order == "compact":
            return _read_compact(cells)
        read = {"date": self._date, "time": _time_of_day, "duration": read_duration}[self.kind]
        found = [read(each) if isinstance(each, str) else self._number(each) for each in cells]
        return np.array([np.nan if each is None else each / _MICRO for each in found], np.float64)

    def describe(self) -> str:
        """Say what its cells are, and in which order."""
        if self.kind != "date":
            return f"{self.kind}s" if self.kind == "duration" else "times of day"
        orders = {
            None: "year-month-day",
            "day-first": "day before month",
            "month-first": "month before day",
            "year-first": "year of two digits, month, day",
            "compact": "year, month and day in eight digits",
        }
        return f"dates ({orders[self.order]})"

    def _number(self, seconds: Any) -> float | None:
        return None if self.kind == "date" else float(seconds) * _MICRO

    def _date(self, text: str) -> int | None:
        return _date(text.strip(), self.order)


def possible_moments(texts: Sequence[str], order: Order | None = None) -> list[MomentForm]:
    """The forms in which all of some texts are dates, times or durations.

    Args:
        texts: Different cells of a column, stripped.
        order: Which of day, month and year stands first, if the user says so.

    Returns:
        None, one, or two orders of day, month and year where they cannot be told apart.

    Example:
        >>> possible_moments(["31/01/2020", "01/02/2020"])
        [MomentForm(kind='date', order='day-first')]
        >>> len(possible_moments(["01/02/2020"])), possible_moments(["12:05"])
        (2, [MomentForm(kind='time', order=None)])
    """
    if not texts:
        return []
    orders = [None, *([order] if order else ORDERS)]
    first = [each for each in orders if _date(texts[0], each) is not None]
    if not first and (order or not any(_date(texts[0], each) is not None for each in ORDERS)):
        return _possible_clocks(texts)
    found: list[tuple[MomentForm, list[int | None]]] = []
    for each in orders:
        moments = _all([_date(text, each) for text in texts])
        if moments is not None:
            found.append((MomentForm("date", each), moments))
            if each is None:
                break  # the year stands first everywhere
    if len(found) > 1 and found[-1][0].order == "year-first":
        found = [found[0], found[-1]] if _begin_with_years(texts) else found[:-1]
        if found[-1][0].order == "year-first":
            return [form for form, _ in found]
    if len(found) == 2 and (found[0][1] == found[1][1] or all("." in text for text in texts)):
        found = found[:1]  # with points, the day stands first everywhere
    return [form for form, _ in found]


def _begin_with_years(texts: Sequence[str]) -> bool:
    """Whether three numbers of two digits look like year, month and day: few years, and many days."""
    found = [next((each for form in _DATES[2:4] if (each := form.fullmatch(text))), None) for text in texts]
    years, days = ({each[name] for each in found if each} for name in ("first", "year"))
    return len(days) >= _FEWEST_DAYS and len(years) * 2 <= len(days)


def _possible_clocks(texts: Sequence[str]) -> list[MomentForm]:
    if _all([_time_of_day(text) for text in texts]) is not None:
        return [MomentForm("time")]
    return [MomentForm("duration")] if _all([read_duration(text) for text in texts]) is not None else []


def _all(moments: list[int | None]) -> list[int | None] | None:
    return None if None in moments else moments


def likely_moments(texts: Sequence[str], counts: Sequence[int]) -> MomentForm | None:
    """The form in which most of some texts are dates, times or durations; None where no text is one.

    Args:
        texts: Different cells of a column.
        counts: How often each occurs.

    Example:
        >>> likely_moments(["2020-01-01", "soon"], [3, 1])
        MomentForm(kind='date', order=None)
    """
    weights = np.asarray(counts)
    forms = [MomentForm("date"), *(MomentForm("date", order) for order in ORDERS)]
    forms += [MomentForm("time"), MomentForm("duration")]
    fitting = {form: int(weights[~np.isnan(form.read(texts))].sum()) for form in forms}
    best = max(forms, key=fitting.__getitem__)
    return best if fitting[best] else None


def _read_compact(cells: Sequence[Any]) -> np.ndarray:
    texts = [each.strip() if isinstance(each, str) else f"{float(each):.0f}" for each in cells]
    found = (_COMPACT.fullmatch(text) for text in texts)
    days = [None if each is None else _day(*(int(part) for part in each.groups())) for each in found]
    return np.array([np.nan if day is None else day * 86_400.0 for day in days], np.float64)


def _date(text: str, order: Order | None) -> int | None:
    """A date in microseconds since 1970; None where the text is none in that order."""
    if not text[:1].isalnum() or not any(map(str.isdecimal, text)):
        return None
    for pattern in _DATES:
        if (found := pattern.fullmatch(text)) is not None:
            break
    else:
        found = next((found for each in _MONTHS if (found := each.fullmatch(text))), None)
        if found is None:
            return None
    parts = found.groupdict()
    year, month, day = parts["year"], parts.get("month"), parts.get("day")
    if parts.get("first") is not None:
        if order is None or (order == "year-first" and len(year) + len(parts["first"]) != 4):
            return None
        first, other = parts["first"], parts["other"]
        if order == "year-first":
            year, month, day = first, other, year
        else:
            day, month = (first, other) if order == "day-first" else (other, first)
    elif parts.get("name") is not None:
        month = find_month(parts["name"])
    elif parts.get("quarter") is not None:
        month = 3 * int(parts["quarter"]) - 2
    if parts.get("week") is not None:
        days = _day_of_week(int(parts["year"]), int(parts["week"]), int(parts["weekday"] or 1))
    else:
        days = None if month is None else _day(_full_year(year), int(month), int(day or 1))
    if days is None or parts.get("hour") is None:
        return None if days is None else days * _DAY
    clock = _clock({**parts, "minute": parts["minute"] or "00"})
    return None if clock is None else days * _DAY + clock - _offset(parts["zone"])


def _day(year: int, month: int, day: int) -> int | None:
    """Days since 1970; None where there is no such day."""
    try:
        return datetime.date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None


def _full_year(text: str) -> int:
    """A year; of two digits, one from 1969 to 2068, as POSIX has it."""
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


def _day_of_week(year: int, week: int, day: int) -> int | None:
    """Days since 1970 of a day of ISO's weeks, 1 being Monday."""
    try:
        return datetime.date.fromisocalendar(year, week, day).toordinal() - _EPOCH
    except ValueError:
        return None


def _time_of_day(text: str) -> int | None:
    """A time of day in microseconds since midnight; None where the text is none."""
    found = next((found for each in _TIME_OF_DAY if (found := each.fullmatch(text.strip()))), None)
    return None if found is None else _clock(found.groupdict())


def _clock(parts: dict[str, Any]) -> int | None:
    hour, half = int(parts["hour"]), parts.get("half")
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half in "pP")
    elif parts["minute"] is None:
        return None
    minute, second = int(parts["minute"] or 0), int(parts.get("second") or 0)
    if minute > 59 or second > 59 or (hour > 23 and (hour, minute, second) != (24, 0, 0)):
        return None
    return (hour * 3600 + minute * 60 + second) * _MICRO + _micros(parts.get("fraction"))


def _micros(fraction: str | None) -> int:
    return int((fraction or "0")[:6].ljust(6, "0"))


def _offset(zone: str | None) -> int:
    """How far a zone is before UTC, in microseconds."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (minutes if zone[0] == "+" else -minutes) * 60 * _MICRO
