"""The four kinds of hyperparameter, as frozen values: Real, Integer, Choice, Constant."""

from __future__ import annotations

import math
import numbers
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, Hyperparameter, Varying, check_scalar, shown
from sturgeon.space.config import Scalar, scalar_key
from sturgeon.space.scales import (
    INTEGER_SCALES,
    LARGEST,
    LARGEST_INTEGER,
    REAL_SCALES,
    Floats,
    IntegerScale,
    Scale,
)

# The logarithm of a value next to a bound may be the bound's own.
_ABOVE_0, _BELOW_1 = float(np.finfo(np.float64).tiny), 1 - float(np.finfo(np.float64).epsneg)


@dataclass(frozen=True, eq=False, repr=False)
class Bounded(Varying):
    """What a Real and an Integer share: two bounds, and a scale between them.

    Attributes:
        scales: The scales that this kind knows, by name.
    """

    scales: ClassVar[Mapping[str, Scale]]

    low: float
    high: float
    scale: str = "linear"

    def __post_init__(self) -> None:
        self.check_shared()
        for name in ("low", "high"):
            object.__setattr__(self, name, self._bound(name, getattr(self, name)))
        low, high = self.low, self.high
        if low >= high:
            remedy = "Use a Constant for one value" if low == high else "Swap the two"
            raise SpaceError(
                f"`low` must be below `high`; got low={low:g}, high={high:g} for {_article(self)}. {remedy}."
            )
        if not isinstance(self.scale, str) or self.scale not in self.scales:
            raise SpaceError(
                f"`scale` must be one of {', '.join(map(repr, self.scales))} for this kind; "
                f"got {self.scale!r} for {type(self).__name__}. Choose one of them."
            )
        self.scaling.check(low, high)
        self.check_default()

    @property
    def scaling(self) -> Scale:
        """The scale itself, which ``scale`` names."""
        return self.scales[self.scale]

    def start(self) -> Scalar:
        """Give the default, or the median of what is drawn."""
        return self.value_at(0.5) if self.default is None else self.default

    def decode(self, codes: Codes) -> list[Scalar]:
        """Turn an array of numbers into Python numbers."""
        return codes.tolist()

    @staticmethod
    @abstractmethod
    def _bound(name: str, value: object) -> float:
        """Check a bound, and give it as this kind keeps it."""


@dataclass(frozen=True, eq=False, repr=False)
class Real(Bounded):
    """A real number in [low, high].

    Args:
        low: The lower bound, finite.
        high: The upper bound, finite, above ``low``.
        scale: ``"linear"``; ``"log"``, equal mass on equal ratios (learning rates); or
            ``"reverse_log"``, the same for 1 - x (momentum, averages).
        priority: 1 is tuned first.
        default: The value to start from, inside the range.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The range, the scale, the default, the priority or the condition breaks a rule.

    Example:
        >>> Real(1e-4, 1.0, scale="log", priority=1).value_at(0.5)
        0.01
        >>> Real(0.9, 0.999, scale="reverse_log").value_at(0.5)
        0.99
    """

    kind: ClassVar[str] = "real"
    scales: ClassVar[Mapping[str, Scale]] = REAL_SCALES

    def __post_init__(self) -> None:
        if isinstance(self.default, numbers.Real) and not isinstance(self.default, bool):
            object.__setattr__(self, "default", float(self.default))
        super().__post_init__()

    def rule(self) -> str:
        """Say the range."""
        return f"a float in [{self.low!r}, {self.high!r}]"

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is a float in the range; an int is not a float."""
        return isinstance(value, float) and self.low <= value <= self.high

    @property
    def size(self) -> float:
        """``math.inf``."""
        return math.inf

    def values(self) -> Iterator[Scalar]:
        """Refuse: the values of a Real cannot be counted."""
        raise SpaceError(
            f"Only a finite hyperparameter can be listed; got {self!r}. Use an Integer or a Choice."
        )

    def encode(self, values: list[Any]) -> Floats:
        """Turn floats into a float64 array."""
        if not all(isinstance(value, float) for value in values):
            raise self.refuse(values)
        codes = np.array(values, dtype=np.float64)
        if not np.all((codes >= self.low) & (codes <= self.high)):
            raise self.refuse(values)
        return codes

    def to_unit(self, codes: Codes) -> Floats:
        """Map values to [0, 1]; the bounds, and they alone, go to 0 and 1 exactly."""
        unit = np.clip(self.scaling.to_unit(codes, self.low, self.high), _ABOVE_0, _BELOW_1)
        unit[codes == self.low] = 0.0
        unit[codes == self.high] = 1.0
        return unit

    def from_unit(self, unit: Floats) -> Floats:
        """Map [0, 1] to values inside [low, high]; 0 and 1 give the bounds exactly."""
        values = self.scaling.from_unit(unit, self.low, self.high)
        # Adding 0.0 turns -0.0 into 0.0, so that one number has one key.
        values = np.clip(values, self.low, self.high) + 0.0
        values[unit <= 0.0] = self.low
        values[unit >= 1.0] = self.high
        return values

    @staticmethod
    def _bound(name: str, value: object) -> float:
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            raise SpaceError(
                f"`{name}` must be a number; got {shown(value)} for a Real. Write it as a float, like 0.1."
            )
        bound = float(value)
        if not math.isfinite(bound) or abs(bound) > LARGEST:
            raise SpaceError(
                f"`{name}` must be finite and at most {LARGEST:g} in size; got {value!r} for a Real. "
                "Give a finite bound."
            )
        return bound


@dataclass(frozen=True, eq=False, repr=False)
class Integer(Bounded):
    """A whole number in [low, high], both included.

    Args:
        low: The lower bound.
        high: The upper bound, above ``low``; at most 2**40 away from 0, as ``low``.
        scale: ``"linear"``, equal mass on every integer; ``"log"``, integer k has a mass in
            proportion to log((k + 1/2) / (k - 1/2)); ``"power_of_two"``, equal mass on every power
            of two (both bounds are powers of two).
        priority: 1 is tuned first.
        default: The value to start from, inside the range.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The range, the scale, the default, the priority or the condition breaks a rule.

    Example:
        >>> list(Integer(16, 512, scale="power_of_two").values())
        [16, 32, 64, 128, 256, 512]
    """

    kind: ClassVar[str] = "integer"
    scales: ClassVar[Mapping[str, Scale]] = INTEGER_SCALES

    low: int
    high: int

    @property
    def scaling(self) -> IntegerScale:
        """The scale itself, which ``scale`` names."""
        return INTEGER_SCALES[self.scale]

    def rule(self) -> str:
        """Say the range."""
        return f"{self.scaling.noun} in [{self.low}, {self.high}]"

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is an int that can be drawn; a bool is not an int."""
        if type(value) is not int or not self.low <= value <= self.high:
            return False
        return self.value_at(float(self.to_unit(np.array([value]))[0])) == value

    @property
    def size(self) -> int:
        """How many numbers can be drawn."""
        return self.scaling.rank(self.high) - self.scaling.rank(self.low) + 1

    def values(self) -> Iterator[Scalar]:
        """Yield every number that can be drawn, upwards."""
        scale = self.scaling
        return map(scale.at_rank, range(scale.rank(self.low), scale.rank(self.high) + 1))

    def encode(self, values: list[Any]) -> npt.NDArray[np.int64]:
        """Turn ints into an int64 array."""
        if not all(type(value) is int and self.low <= value <= self.high for value in values):
            raise self.refuse(values)
        codes = np.array(values, dtype=np.int64)
        if not np.array_equal(self.from_unit(self.to_unit(codes)), codes):
            raise self.refuse(values)
        return codes

    def to_unit(self, codes: Codes) -> Floats:
        """Map numbers to the middles of their stretches of [0, 1]."""
        return self.scaling.to_unit(codes.astype(np.float64), self.low, self.high)

    def from_unit(self, unit: Floats) -> npt.NDArray[np.int64]:
        """Map [0, 1] to the numbers whose stretches are hit."""
        return self.scaling.from_unit(unit, self.low, self.high).astype(np.int64)

    @staticmethod
    def _bound(name: str, value: object) -> int:
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise SpaceError(
                f"`{name}` must be a whole number; got {shown(value)} for an Integer. "
                "Write an int, or use a Real."
            )
        if abs(int(value)) > LARGEST_INTEGER:
            raise SpaceError(
                f"`{name}` must be at most 2**40 in size; got {value!r} for an Integer. "
                "Use a Real, or larger units."
            )
        return int(value)


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Varying):
    """One of several options, each with equal mass.

    Args:
        options: JSON scalars (str, int, float, bool, None), at least one, all different. ``True``,
            ``1`` and ``1.0`` are three different options.
        priority: 1 is tuned first.
        default: The option to start from; None stands for the first option.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The options, the default, the priority or the condition breaks a rule.

    Example:
        >>> Choice(("adam", "momentum")).start()
        'adam'
    """

    kind: ClassVar[str] = "choice"

    options: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "options", _checked_options(self.options))
        self.check_default()

    def rule(self) -> str:
        """List the options."""
        return "one of " + ", ".join(repr(option) for option in self.options)

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is one of the options, of the same type."""
        return scalar_key(value) in map(scalar_key, self.options)

    @property
    def size(self) -> int:
        """How many options there are."""
        return len(self.options)

    def values(self) -> Iterator[Scalar]:
        """Yield the options in order."""
        return iter(self.options)

    def start(self) -> Scalar:
        """Give the default, or the first option."""
        return self.options[0] if self.default is None else self.default

    def encode(self, values: list[Any]) -> npt.NDArray[np.intp]:
        """Turn options into their indices."""
        index = {scalar_key(option): position for position, option in enumerate(self.options)}
        try:
            return np.array([index[type(value).__name__, value] for value in values], dtype=np.intp)
        except (KeyError, TypeError):
            raise self.refuse(values) from None

    def decode(self, codes: Codes) -> list[Scalar]:
        """Turn indices into options."""
        options = self.options
        return [options[index] for index in codes.tolist()]

    def to_unit(self, codes: Codes) -> Floats:
        """Map indices to the middles of their stretches of [0, 1]."""
        return (codes + 0.5) / len(self.options)

    def from_unit(self, unit: Floats) -> npt.NDArray[np.intp]:
        """Map [0, 1] to the indices whose stretches are hit."""
        return np.minimum(unit * len(self.options), len(self.options) - 1).astype(np.intp)


@dataclass(frozen=True, eq=False, repr=False)
class Constant(Hyperparameter):
    """A value that does not vary; it is in every configuration and has no coordinate.

    Args:
        value: A JSON scalar.
        priority: Kept for the day it varies.
        default: None, or the value itself.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The value is not a JSON scalar, or a shared field breaks a rule.

    Example:
        >>> Constant(0.9).start()
        0.9
    """

    kind: ClassVar[str] = "constant"

    value: Scalar

    def __post_init__(self) -> None:
        self.check_shared()
        check_scalar(self.value, "A constant")
        self.check_default()

    def rule(self) -> str:
        """Say the value."""
        return repr(self.value)

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is the constant, of the same type."""
        return scalar_key(value) == scalar_key(self.value)

    @property
    def size(self) -> int:
        """One."""
        return 1

    def values(self) -> Iterator[Scalar]:
        """Yield the value."""
        return iter((self.value,))

    def start(self) -> Scalar:
        """Give the value."""
        return self.value


def _article(value: Hyperparameter) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"


def _checked_options(options: object) -> tuple[Scalar, ...]:
    if isinstance(options, str) or not isinstance(options, Iterable):
        raise SpaceError(
            f"`options` must be a tuple or a list; got {shown(options)}. Write Choice(('a', 'b'))."
        )
    normalized = tuple(options)
    if not normalized:
        raise SpaceError("`options` must hold at least one option; got none. List what may be chosen.")
    for option in normalized:
        check_scalar(option, "An option")
    keys = [scalar_key(option) for option in normalized]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise SpaceError(
                f"`options` must all be different; got {normalized[position]!r} more than once. "
                "Remove the repetition."
            )
    return normalized
