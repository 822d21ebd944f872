"""Where a moment stands in the year, the month, the week and the day: arithmetic that every framework can do.

Only sums, products, quotients and rounding down are used, so that one function serves NumPy's arrays,
TensorFlow's tensors, Keras's symbols and the nodes of an ONNX graph. The calendar is the Gregorian one, by
Howard Hinnant's algorithm (https://howardhinnant.github.io/date_algorithms.html, ``civil_from_days``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CYCLES = ("month", "day of month", "day of week", "hour")
"""The cycles of a date. A month counts with its days as fractions, an hour with its minutes."""
_DAY = 86_400.0


def find_phase(seconds: Any, cycle: str, floor: Callable[[Any], Any]) -> Any:
    """Tell how far a cycle has come at some moments.

    Args:
        seconds: Since the beginning of 1970, in UTC or as the clock showed; an array of float64.
        cycle: One of `CYCLES`.
        floor: Rounds such an array down.

    Returns:
        From 0 to below 1, of the same shape: 0 is the beginning of January, the first of a month, Monday or
        midnight.

    Example:
        >>> import numpy as np
        >>> moment = np.array([86_400.0 * 31 + 43_200.0])  # noon of the 1st of February 1970, a Sunday
        >>> [float(find_phase(moment, cycle, np.floor)[0].round(3)) for cycle in CYCLES]
        [0.083, 0.0, 0.857, 0.5]
    """
    days = floor(seconds / _DAY)
    if cycle == "hour":
        return (seconds - days * _DAY) / _DAY
    if cycle == "day of week":
        return _remainder(days + 3.0, 7.0, floor) / 7.0  # 1970 began on a Thursday
    month, day = _date(days, floor)
    return day / 31.0 if cycle == "day of month" else (month + day / 31.0) / 12.0


def _remainder(number: Any, divisor: float, floor: Callable[[Any], Any]) -> Any:
    return number - floor(number / divisor) * divisor


def _date(days: Any, floor: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The month and the day of the month, both from 0."""
    of_era = _remainder(days + 719_468.0, 146_097.0, floor)  # 400 years from a 1st of March
    leaps = floor(of_era / 1460.0) - floor(of_era / 36_524.0) + floor(of_era / 146_096.0)
    year = floor((of_era - leaps) / 365.0)
    of_year = of_era - (year * 365.0 + floor(year / 4.0) - floor(year / 100.0))
    month = floor((of_year * 5.0 + 2.0) / 153.0)  # from March
    day = of_year - floor((month * 153.0 + 2.0) / 5.0)
    return _remainder(month + 2.0, 12.0, floor), day
