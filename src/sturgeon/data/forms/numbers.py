"""Numbers in dress: 1,200.00 and 1.200,00, $5, 12 %, 5 kg, (3.5) for what is below zero."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

MARKS = (".", ",")
"""What may stand before the decimals."""

_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|NZD|BRL|MXN|ZAR|RUB|TRY|KRW|SGD|HKD"
_CURRENCY = rf"(?:US|CA|AU|NZ|HK|R|C|A)?[$€£¥₹₽₩₺₴₫฿]|{_CODES}|kr|zł|Rs\.?|Fr\.?"
_LETTER = r"[^\W\d_]"
_UNIT = rf"(?:[%‰°$€£¥₹₽₩₺₴₫฿²³/·]|{_LETTER}){{1,12}}\.?(?:\s{_LETTER}{{1,12}})?|\+"
_CELL = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-])?\s?(?P<before>{_CURRENCY})?\s?(?P<open_behind>\()?(?P<sign_behind>[+-])?"
    r"(?P<digits>\d(?:[\d.,_']|\s(?=\d))*|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?"
    rf"(?:\s?(?P<after>{_UNIT}))?(?P<close>\))?"
)
_MAGNITUDES = ("k", "m", "b", "t", "bn", "mn", "mio", "mrd", "million", "billion")
_NO_UNITS = ("am", "pm", "st", "nd", "rd", "th")  # of a time of day, of a place in an order
_SEPARATOR = re.compile(r"[.,_'\s]")
_ALIKE = str.maketrans({"\u2212": "-", "\u2019": "'", **dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f", " ")})


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How the numbers of a column are written.

    A space, an apostrophe, an underline, or whichever of point and comma is not the decimal mark, may stand
    between groups of three digits. The unit is taken off and the number stays as it is: 12 % is 12.

    Attributes:
        decimal: What stands before the decimals, ``.`` or ``,``.
        unit: The one unit or currency of all cells, ``""`` for none.

    Example:
        >>> NumberForm(",", "€").read(["1.200,50 €", "-3", "five"]).tolist()
        [1200.5, -3.0, nan]
    """

    decimal: str
    unit: str = ""

    def read(self, cells: Sequence[Any]) -> np.ndarray:
        """Read cells as numbers.

        Args:
            cells: Texts, of which the unit may be left out; or numbers, which stay as they are.

        Returns:
            float64, as many; NaN for a text that is not written so.
        """
        return np.array([self._number(cell) for cell in cells], np.float64)

    def _number(self, cell: Any) -> float:
        if not isinstance(cell, str):
            return float(cell)
        parts = _take_apart(cell)
        if parts is None or parts.unit not in ("", self.unit):
            return np.nan
        return _number(parts, self.decimal)

    def describe(self) -> str:
        """Say what its cells are."""
        return "numbers" + (" with a decimal comma" if self.decimal == "," else "")


@dataclass(frozen=True, slots=True)
class _Parts:
    negative: bool
    digits: str
    exponent: str
    unit: str


@lru_cache(maxsize=4096)
def _take_apart(text: str) -> _Parts | None:
    """Take a written number apart; None where it is none, whatever the decimal mark."""
    found = _CELL.fullmatch(text.translate(_ALIKE).strip())
    if found is None:
        return None
    opened = bool(found["open"]) + bool(found["open_behind"])
    signs = [sign for sign in (found["sign"], found["sign_behind"]) if sign]
    if opened != bool(found["close"]) or len(signs) + opened > 1:
        return None
    before, after = found["before"] or "", found["after"] or ""
    if before and after and after.casefold().rstrip(".") not in _MAGNITUDES:
        return None
    unit = before + after  # "$M" of $1.2M
    if unit.casefold() in _NO_UNITS:
        return None
    return _Parts(bool(opened) or signs == ["-"], found["digits"], found["exponent"] or "", unit)


def _number(parts: _Parts, decimal: str, *, padded: bool = True) -> float:
    """The number with a decimal mark; NaN where its digits are not grouped so, or begin as a code does."""
    whole, _, fraction = parts.digits.partition(decimal)
    if fraction and not fraction.isdecimal():
        return np.nan
    separators = set(_SEPARATOR.findall(whole))
    if len(separators) > 1:
        return np.nan
    if separators:
        first, *middle, last = _SEPARATOR.split(whole)
        groups = all(len(group) == 3 for group in middle) or all(len(group) == 2 for group in middle)
        if not (0 < len(first) <= 3 and groups and len(last) == 3) or first.startswith("0"):
            return np.nan
        whole = "".join((first, *middle, last))
    if len(whole) > 1 and whole.startswith("0") and not (fraction and padded):
        return np.nan  # a code, such as 007
    number = float(f"{whole or 0}.{fraction or 0}{parts.exponent}")
    return -number if parts.negative else number


def possible_forms(texts: Sequence[str], *, padded: bool = True) -> list[NumberForm]:
    """The forms in which all of some texts are numbers.

    A unit counts only where all texts have one and the same.

    Args:
        texts: Different cells of a column, stripped.
        padded: Whether 061.29 is a number; False takes it as a code, as Sturgeon once did.

    Returns:
        None, one, or both where a point and a comma could both be the decimal mark and the numbers differ.

    Example:
        >>> possible_forms(["1,234.5", "12"])
        [NumberForm(decimal='.', unit='')]
        >>> len(possible_forms(["1,234", "5,678"])), len(possible_forms(["5 kg", "300 g"]))
        (2, 0)
    """
    parts = [_take_apart(text) for text in texts]
    if not parts or None in parts or len({each.unit for each in parts if each}) != 1:
        return []
    known = [each for each in parts if each]
    numbers = {mark: np.array([_number(each, mark, padded=padded) for each in known]) for mark in MARKS}
    fitting = [mark for mark in MARKS if not np.isnan(numbers[mark]).any()]
    if len(fitting) == 2:
        fitting = ["."] if np.array_equal(numbers["."], numbers[","]) else fitting
    return [NumberForm(mark, known[0].unit) for mark in fitting]


def likely_mark(texts: Sequence[str]) -> str | None:
    """The likelier of two decimal marks that both fit, by the numbers that have neither.

    Whoever groups digits is taken to group them all: beside 1,234 an ungrouped 900 says that the comma
    groups, and 1500 that it does not.

    Args:
        texts: Different cells of a column, of which :func:`possible_forms` gives two forms.

    Returns:
        The mark; None where every number has a point or a comma.

    Example:
        >>> likely_mark(["1,234", "900"]), likely_mark(["1,234", "1500"]), likely_mark(["1,234"])
        ('.', ',', None)
    """
    parts = [each for each in map(_take_apart, texts) if each is not None]
    plain = [int(each.digits) for each in parts if each.digits.isdecimal()]
    if not plain:
        return None
    mark = next(mark for each in parts for mark in MARKS if mark in each.digits)
    return mark if max(plain) >= 1000 else MARKS[1 - MARKS.index(mark)]


def likely_form(texts: Sequence[str], counts: Sequence[int]) -> NumberForm | None:
    """The form in which most of some texts are numbers, for whoever looks for the cells that are not.

    Args:
        texts: Different cells of a column.
        counts: How often each occurs.

    Example:
        >>> likely_form(["$1", "$2.50", "unknown"], [3, 3, 1])
        NumberForm(decimal='.', unit='$')
    """
    units: Counter[str] = Counter()
    for text, count in zip(texts, counts, strict=True):
        if (parts := _take_apart(text)) is not None:
            units[parts.unit] += count
    if not units:
        return None
    forms = [NumberForm(mark, units.most_common(1)[0][0]) for mark in MARKS]
    weights = np.asarray(counts)
    return max(forms, key=lambda form: weights[~np.isnan(form.read(texts))].sum())


def unit_of(text: str) -> str | None:
    """The unit of a written number, ``""`` where it has none; None where the text is no number.

    Example:
        >>> unit_of("5 kg"), unit_of("5"), unit_of("five")
        ('kg', '', None)
    """
    parts = _take_apart(text)
    return None if parts is None else parts.unit
