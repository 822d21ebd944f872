"""Scales: how the unit interval is spread over a range (N5 of the notes).

A scale is monotonic: ``from_unit`` sends 0 to ``low`` and 1 to ``high``, so the quantiles of what
is drawn are ``from_unit`` of the quantiles of a uniform draw. A new scale is a new small class
and one more entry in ``REAL_SCALES`` or ``INTEGER_SCALES``: what messages and other libraries need to
know of it, it says itself.

Drawn reals are rounded to about 12 significant digits: far finer than any training can tell, and
coarse enough that ``from_unit(to_unit(value))`` gives back every drawn value to the last bit,
which exponentials and logarithms alone would not.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.plain_text import tell_bounds

Floats: TypeAlias = npt.NDArray[np.float64]

SIGNIFICANT_DIGITS = 12
DECIMALS = 14
CLOSEST = 1e-9
LARGEST = 1e100
SMALLEST = 1e-100
CLOSEST_TO_ONE = 1e-10
LARGEST_INTEGER = 2**40

_EXPONENT_OFFSET = 130
_POWERS_OF_TEN = np.array([float(f"1e{e}") for e in range(-_EXPONENT_OFFSET, _EXPONENT_OFFSET + 1)])


class Scale(ABC):
    """A monotonic map between a range and the unit interval, in bulk.

    Attributes:
        name: How users and JSON call it.
        is_log: Whether it is what other libraries call a log scale.
    """

    name: ClassVar[str]
    is_log: ClassVar[bool] = False

    @abstractmethod
    def check(self, low: float, high: float) -> None:
        """Refuse a range that this scale cannot spread over; ``low < high`` holds already.

        Raises:
            SpaceError: The range breaks the scale's rule.
        """

    @abstractmethod
    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Map values in [low, high] to [0, 1]; any shape, float64."""

    @abstractmethod
    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Map [0, 1] to [low, high], up to rounding; any shape, float64."""


class Linear(Scale):
    """Equal mass on equal lengths.

    Example:
        >>> float(Linear().from_unit(np.array(0.5), 0.0, 0.5))
        0.25
    """

    name = "linear"

    def check(self, low: float, high: float) -> None:
        """Refuse a range too narrow, or too near 0, for float64."""
        if max(abs(low), abs(high)) < SMALLEST:
            raise SpaceError(
                f"The larger bound must be {SMALLEST:g} or more away from 0; got {tell_bounds(low, high)}. "
                "Use larger units."
            )
        _check_width(low, high)

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute (x - low) / (high - low)."""
        return (values - low) / (high - low)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute low + u (high - low), rounded to 14 digits of the larger bound."""
        magnitude = math.ceil(math.log10(max(abs(low), abs(high))))
        return np.round(low + unit * (high - low), DECIMALS - magnitude)


class Log(Scale):
    """Equal mass on equal ratios: the notes' α = 10^r with r uniform.

    Example:
        >>> float(Log().from_unit(np.array(0.5), 1e-4, 1.0))
        0.01
    """

    name = "log"
    is_log = True

    def check(self, low: float, high: float) -> None:
        """Refuse zero and negative numbers, which have no logarithm."""
        if low <= 0:
            raise SpaceError(
                f"A log scale needs `low` above 0; got {tell_bounds(low, high)}. "
                "Raise `low`, or use scale='linear'."
            )
        if low < SMALLEST:
            raise SpaceError(
                f"A log scale needs `low` of {SMALLEST:g} or more; got {tell_bounds(low, high)}. Raise `low`."
            )
        _check_width(low, high)

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute log(x / low) / log(high / low)."""
        start, end = np.log(low), np.log(high)
        return (np.log(values) - start) / (end - start)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute low (high / low)^u, rounded to 12 significant digits."""
        start, end = np.log(low), np.log(high)
        values = np.exp(start + unit * (end - start))
        exponent = np.floor(np.log10(values)).astype(np.intp)
        power = _POWERS_OF_TEN[SIGNIFICANT_DIGITS - 1 - exponent + _EXPONENT_OFFSET]
        return np.rint(values * power) / power


class ReverseLog(Scale):
    """Equal mass on equal ratios of 1 - x: the notes' 1 - β = 10^r with r uniform.

    Because 1 / (1 - β) is how many steps are averaged, β = 0.9, 0.99 and 0.999 are equally far apart.

    Example:
        >>> float(ReverseLog().from_unit(np.array(0.5), 0.9, 0.999))
        0.99
    """

    name = "reverse_log"

    def check(self, low: float, high: float) -> None:
        """Refuse ranges outside [0, 1): at 1 the logarithm of 1 - x ends."""
        if low < 0 or high >= 1:
            raise SpaceError(
                "A reverse_log scale needs a range inside 0 <= low < high < 1; "
                f"got {tell_bounds(low, high)}. Keep `high` below 1, for instance 0.999."
            )
        if 1 - high < CLOSEST_TO_ONE:
            raise SpaceError(
                f"A reverse_log scale needs `high` at least {CLOSEST_TO_ONE:g} below 1; "
                f"got low={low!r}, high={high!r}. Lower `high`, for instance to 0.999."
            )
        _check_width(low, high)

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute log((1 - x) / (1 - low)) / log((1 - high) / (1 - low))."""
        start, end = np.log(1 - low), np.log(1 - high)
        return (np.log(1 - values) - start) / (end - start)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute 1 - (1 - low) ((1 - high) / (1 - low))^u, rounded to 14 decimals."""
        start, end = np.log(1 - low), np.log(1 - high)
        return np.round(1 - np.exp(start + unit * (end - start)), DECIMALS)


class IntegerScale(Scale):
    """A scale of whole numbers: every number owns a stretch of the unit interval.

    ``from_unit`` gives the owner, ``to_unit`` the middle of a number's stretch. Arrays hold whole
    numbers as float64. A scale that skips numbers overrides ``every_integer``, ``noun``, ``rank`` and
    ``at_rank``.

    Attributes:
        every_integer: Whether every whole number of the range can be drawn.
        noun: What its numbers are, for messages.
    """

    every_integer: ClassVar[bool] = True
    noun: ClassVar[str] = "a whole number"

    def rank(self, value: int) -> int:
        """Give a number's place: numbers that follow each other on the scale have ranks one apart."""
        return value

    def at_rank(self, rank: int) -> int:
        """Give the number of a rank."""
        return rank


class IntegerLinear(IntegerScale):
    """Equal mass on every integer, both end points included.

    Example:
        >>> IntegerLinear().from_unit(np.array([0.0, 0.34, 1.0]), 2, 4).tolist()
        [2.0, 3.0, 4.0]
    """

    name = "linear"

    def check(self, low: float, high: float) -> None:
        """Accept every range."""

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute (k - low + 1/2) / (high - low + 1)."""
        return (values - low + 0.5) / (high - low + 1)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute low + floor(u (high - low + 1))."""
        return np.clip(np.floor(unit * (high - low + 1)) + low, low, high)


class IntegerLog(IntegerScale):
    """Integer k has a mass in proportion to log((k + 1/2) / (k - 1/2)), the end points included.

    This is a log-uniform draw from [low - 1/2, high + 1/2], rounded, so the end points keep their
    whole stretch; a draw from [low, high] would give them half.

    Example:
        >>> IntegerLog().from_unit(np.array([0.0, 0.5, 1.0]), 1, 100).tolist()
        [1.0, 7.0, 100.0]
    """

    name = "log"
    is_log = True

    def check(self, low: float, high: float) -> None:
        """Refuse zero and negative numbers, which have no logarithm."""
        if low < 1:
            raise SpaceError(
                f"A log scale of integers needs `low` of 1 or more; got low={low}, high={high}. "
                "Raise `low`, or use scale='linear'."
            )

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Take the middle of the stretch between k - 1/2 and k + 1/2."""
        start, end = np.log(low - 0.5), np.log(high + 0.5)
        middle = (np.log(values - 0.5) + np.log(values + 0.5)) / 2
        return (middle - start) / (end - start)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Round a log-uniform draw from [low - 1/2, high + 1/2]."""
        start, end = np.log(low - 0.5), np.log(high + 0.5)
        return np.clip(np.floor(np.exp(start + unit * (end - start)) + 0.5), low, high)


class PowerOfTwo(IntegerScale):
    """Equal mass on every power of two, both end points included; both are powers of two.

    Example:
        >>> PowerOfTwo().from_unit(np.array([0.0, 0.5, 1.0]), 16, 512).tolist()
        [16.0, 128.0, 512.0]
    """

    name = "power_of_two"
    every_integer = False
    noun = "a power of two"

    def check(self, low: float, high: float) -> None:
        """Refuse end points that are not powers of two."""
        for bound in (int(low), int(high)):
            if bound < 1 or bound & (bound - 1):
                raise SpaceError(
                    "A power_of_two scale needs `low` and `high` to be powers of two (1, 2, 4, …); "
                    f"got low={low}, high={high}. Change {bound}, or use scale='log'."
                )

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute (log2(k / low) + 1/2) / count, for the nearest power of two."""
        exponents = np.rint(np.log2(np.maximum(values, 0.5) / low))
        return (exponents + 0.5) / self._count(low, high)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute low · 2^floor(u · count)."""
        exponents = np.floor(unit * self._count(low, high))
        return np.minimum(low * np.exp2(exponents), high)

    def rank(self, value: int) -> int:
        """Give the exponent."""
        return value.bit_length() - 1

    def at_rank(self, rank: int) -> int:
        """Give the power."""
        return 1 << rank

    def _count(self, low: float, high: float) -> int:
        return self.rank(int(high)) - self.rank(int(low)) + 1


class Stepped(Scale):
    """Equal mass on low, low + step, low + 2 step, …; what ``step`` makes of a linear scale.

    Example:
        >>> Stepped(0.25).from_unit(np.array([0.0, 0.5, 1.0]), 0.0, 1.0).tolist()
        [0.0, 0.5, 1.0]
    """

    name = "linear"

    def __init__(self, step: float) -> None:
        self.step = step

    def check(self, low: float, high: float) -> None:
        """Refuse a range that does not end on a step."""
        check_steps(low, high, self.step)
        Linear().check(low, high)

    def count(self, low: float, high: float) -> int:
        """How many values there are."""
        return round((high - low) / self.step) + 1

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute (k + 1/2) / count for the nearest step k."""
        return (np.rint((values - low) / self.step) + 0.5) / self.count(low, high)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute low + k step, rounded to 12 digits of the larger bound."""
        count = self.count(low, high)
        steps = np.minimum(np.floor(unit * count), count - 1)
        magnitude = math.ceil(math.log10(max(abs(low), abs(high))))
        return np.round(low + steps * self.step, SIGNIFICANT_DIGITS - magnitude)


class SteppedInteger(IntegerScale):
    """The same for whole numbers.

    Example:
        >>> SteppedInteger(32, low=32).from_unit(np.array([0.0, 0.5, 1.0]), 32, 512).tolist()
        [32.0, 288.0, 512.0]
    """

    name = "linear"
    every_integer = False

    def __init__(self, step: int, *, low: int) -> None:
        self.step = step
        self._offset = low % step
        self.noun = f"a whole number in steps of {step}"  # pyright: ignore[reportAttributeAccessIssue]

    def check(self, low: float, high: float) -> None:
        """Refuse a range that does not end on a step."""
        check_steps(low, high, self.step)

    def rank(self, value: int) -> int:
        """Count the steps."""
        return (value - self._offset) // self.step

    def at_rank(self, rank: int) -> int:
        """Give the number after so many steps."""
        return rank * self.step + self._offset

    def to_unit(self, values: Floats, low: float, high: float) -> Floats:
        """Compute (k + 1/2) / count for the nearest step k."""
        return (np.rint((values - low) / self.step) + 0.5) / ((high - low) // self.step + 1)

    def from_unit(self, unit: Floats, low: float, high: float) -> Floats:
        """Compute low + k step."""
        count = (high - low) // self.step + 1
        return low + np.minimum(np.floor(unit * count), count - 1) * self.step


REAL_SCALES: Mapping[str, Scale] = {scale.name: scale for scale in (Linear(), Log(), ReverseLog())}
INTEGER_SCALES: Mapping[str, IntegerScale] = {
    scale.name: scale for scale in (IntegerLinear(), IntegerLog(), PowerOfTwo())
}


def check_steps(low: float, high: float, step: float) -> None:
    """Refuse a step that does not lead from one bound to the other."""
    steps = (high - low) / step
    if abs(steps - round(steps)) > CLOSEST * max(1.0, steps) or round(steps) < 1:
        last = low + math.floor(steps + CLOSEST) * step
        remedy = f"Write high={last:.12g}" if last > low else "Make the step smaller"
        raise SpaceError(
            f"`high` must be a whole number of steps above `low`; got low={low:.12g}, high={high:.12g}, "
            f"step={step:.12g}. {remedy}."
        )


def _check_width(low: float, high: float) -> None:
    """Refuse a range so narrow that rounding leaves hardly a value inside it."""
    if high - low < CLOSEST * max(abs(low), abs(high)):
        raise SpaceError(
            f"`high` must be above `low` by more than {CLOSEST:g} of it; got low={low!r}, high={high!r}. "
            "Widen the range, or use a Constant."
        )
