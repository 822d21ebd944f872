"""The four kinds of hyperparameter, as frozen values: Real, Integer, Choice, Constant."""

from __future__ import annotations

import math
import numbers
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Set
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.plain_text import tell_bounds
from sturgeon.space.base import Codes, Hyperparameter, Varying, shown
from sturgeon.space.belief import Belief
from sturgeon.space.config import Scalar, check_value, is_structure, scalar_key
from sturgeon.space.scales import (
    CLOSEST,
    INTEGER_SCALES,
    LARGEST,
    LARGEST_INTEGER,
    REAL_SCALES,
    Floats,
    IntegerScale,
    Scale,
    Stepped,
    SteppedInteger,
)

# The logarithm of a value next to a bound may be the bound's own.
# Bent draws are rounded to so many digits, as bending and straightening lose some of the others.
_BENT_DIGITS = 10
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
    step: float | None = field(default=None, kw_only=True, metadata={"later": True})
    around: float | None = field(default=None, kw_only=True, metadata={"later": True})

    def __post_init__(self) -> None:
        self.check_shared()
        for name in ("low", "high", "step", "around"):
            if name in ("low", "high") or getattr(self, name) is not None:
                object.__setattr__(self, name, self._bound(name, getattr(self, name)))
        low, high = self.low, self.high
        if low >= high:
            remedy = "Use a Constant for one value" if low == high else "Swap the two"
            raise SpaceError(
                f"`low` must be below `high`; got {tell_bounds(low, high)} for {_article(self)}. {remedy}."
            )
        if not isinstance(self.scale, str) or self.scale not in self.scales:
            raise SpaceError(
                f"`scale` must be one of {', '.join(map(repr, self.scales))} for this kind; "
                f"got {self.scale!r} for {type(self).__name__}. Choose one of them."
            )
        self._check_step()
        self.scaling.check(low, high)
        self._check_around()
        self.check_default()

    def _check_step(self) -> None:
        if self.step is None:
            return
        if self.step <= 0:
            raise SpaceError(f"`step` must be above 0; got {self.step!r} for {_article(self)}. Leave it out.")
        if self.scale != "linear":
            raise SpaceError(
                f"A `step` goes with a linear scale; got step={self.step!r} with scale={self.scale!r}. "
                "Leave one out, or list the values in a Choice(…, ordered=True)."
            )

    def _check_around(self) -> None:
        if self.around is not None and not self.low <= self.around <= self.high:
            raise SpaceError(
                f"`around` must lie between `low` and `high`; got around={self.around!r}, low={self.low!r}, "
                f"high={self.high!r} for {_article(self)}. Move it inside."
            )

    @property
    def scaling(self) -> Scale:
        """The scale itself, which ``scale`` names."""
        return self.scales[self.scale]

    @property
    def belief(self) -> Belief | None:
        """Where on its scale the best value is believed to be; None without ``around``."""
        if self.around is None:
            return None
        place = self.scaling.to_unit(np.array([self.around], dtype=np.float64), self.low, self.high)
        return Belief(float(np.clip(place[0], 0.0, 1.0)))

    def start(self) -> Scalar:
        """Give the default, or what it is believed to be around, or the median of what is drawn."""
        if self.default is not None:
            return self.default
        return self.value_at(0.5) if self.around is None else self._nearest(self.around)

    def _nearest(self, value: float) -> Scalar:
        """The value that can be drawn at the place of another."""
        return self.value_at(float(self.to_unit(np.array([value]))[0]))

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
        step: With a linear scale, only low, low + step, low + 2 step, … are drawn.
        around: A value that you believe to be about the best: values near it, on the scale, are drawn more
            often, and the others now and then.

    Raises:
        SpaceError: The range, the scale, the default, the priority or the condition breaks a rule.

    Example:
        >>> Real(1e-4, 1.0, scale="log", priority=1).value_at(0.5)
        0.01
        >>> list(Real(0, 1, step=0.25).values()), Real(1e-4, 1.0, scale="log", around=1e-3).start()
        ([0.0, 0.25, 0.5, 0.75, 1.0], 0.001)
        >>> Real(0.9, 0.999, scale="reverse_log").value_at(0.5)
        0.99
    """

    kind: ClassVar[str] = "real"
    scales: ClassVar[Mapping[str, Scale]] = REAL_SCALES

    def __post_init__(self) -> None:
        if isinstance(self.default, numbers.Real) and not isinstance(self.default, bool):
            object.__setattr__(self, "default", float(self.default))
        super().__post_init__()

    @property
    def scaling(self) -> Scale:
        """The scale itself, which ``scale`` and ``step`` name."""
        return super().scaling if self.step is None else Stepped(self.step)

    def rule(self) -> str:
        """Say the range."""
        steps = "" if self.step is None else f" in steps of {self.step!r}"
        return f"a float in [{self.low!r}, {self.high!r}]{steps}"

    def contains(self, value: object) -> bool:
        """Tell whether ``value`` is a float in the range, and on a step; an int is not a float."""
        if not isinstance(value, float) or not self.low <= value <= self.high:
            return False
        return bool(self._on_step(np.array([value]))[0])

    @property
    def size(self) -> int | float:
        """How many steps; ``math.inf`` without them."""
        scaling = self.scaling
        return scaling.count(self.low, self.high) if isinstance(scaling, Stepped) else math.inf

    def values(self) -> Iterator[Scalar]:
        """Yield every value that can be drawn, upwards; refused without steps, as there are too many."""
        if self.step is not None:
            unit = (np.arange(self.size) + 0.5) / self.size
            return iter(self.decode(self._from_places(unit)))
        raise SpaceError(
            f"Only a finite hyperparameter can be listed; got {self!r}. Use an Integer or a Choice."
        )

    def encode(self, values: list[Any]) -> Floats:
        """Turn floats into a float64 array."""
        if not all(isinstance(value, float) for value in values):
            raise self.refuse(values)
        codes = np.array(values, dtype=np.float64)
        if not np.all((codes >= self.low) & (codes <= self.high) & self._on_step(codes)):
            raise self.refuse(values)
        return codes

    def to_unit(self, codes: Codes) -> Floats:
        """Map values to [0, 1]; the bounds, and they alone, go to 0 and 1 exactly.

        With steps, each value goes to the middle of its stretch.
        """
        belief = self.belief
        unit = self.scaling.to_unit(codes, self.low, self.high)
        if belief is not None:
            unit = belief.straighten(unit)
        if self.step is not None:
            return unit
        unit = np.clip(unit, _ABOVE_0, _BELOW_1)
        unit[codes == self.low] = 0.0
        unit[codes == self.high] = 1.0
        return unit

    def from_unit(self, unit: Floats) -> Floats:
        """Map [0, 1] to values inside [low, high]; 0 and 1 give the bounds exactly."""
        belief = self.belief
        if belief is None:
            return self._from_places(unit)
        values = self._from_places(belief.bend(unit))
        if self.step is None:
            values = np.clip(_rounded(values, self.low, self.high, self.scale), self.low, self.high)
        return values

    def _on_step(self, values: Floats) -> npt.NDArray[np.bool_]:
        """Tell of values in the range whether each is drawn, up to rounding."""
        if self.step is None:
            return np.ones(len(values), dtype=bool)
        steps = (values - self.low) / self.step
        return np.abs(steps - np.rint(steps)) <= CLOSEST * np.maximum(1.0, steps)

    def _from_places(self, unit: Floats) -> Floats:
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
        step: With a linear scale, only low, low + step, low + 2 step, … are drawn.
        around: A number that you believe to be about the best, as for a Real.

    Raises:
        SpaceError: The range, the scale, the default, the priority or the condition breaks a rule.

    Example:
        >>> list(Integer(16, 512, scale="power_of_two").values()), list(Integer(32, 128, step=32).values())
        ([16, 32, 64, 128, 256, 512], [32, 64, 96, 128])
    """

    kind: ClassVar[str] = "integer"
    scales: ClassVar[Mapping[str, Scale]] = INTEGER_SCALES

    low: int
    high: int
    step: int | None = field(default=None, kw_only=True, metadata={"later": True})

    @property
    def scaling(self) -> IntegerScale:
        """The scale itself, which ``scale`` and ``step`` name."""
        if self.step is not None:
            return SteppedInteger(self.step, low=self.low)
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
        unit = self.scaling.to_unit(codes.astype(np.float64), self.low, self.high)
        belief = self.belief
        return unit if belief is None else belief.straighten(unit)

    def from_unit(self, unit: Floats) -> npt.NDArray[np.int64]:
        """Map [0, 1] to the numbers whose stretches are hit."""
        belief = self.belief
        places = unit if belief is None else belief.bend(unit)
        return self.scaling.from_unit(places, self.low, self.high).astype(np.int64)

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
        options: JSON scalars (str, int, float, bool, None), or tuples, lists and dicts of them; at least
            one, all different. ``True``, ``1`` and ``1.0`` are three different options, ``(1, 2)`` and
            ``[1, 2]`` are one.
        ordered: Whether neighbours are alike, as small, medium and large are: a search then learns of one
            option from those beside it.
        priority: 1 is tuned first.
        default: The option to start from; None stands for the first option.
        when: Active only when another hyperparameter has this value.

    Raises:
        SpaceError: The options, the default, the priority or the condition breaks a rule.

    Example:
        >>> Choice(("adam", "momentum")).start(), Choice([(50,), (50, 50)]).start()
        ('adam', (50,))
    """

    kind: ClassVar[str] = "choice"

    options: tuple[Scalar, ...]
    ordered: bool = field(default=False, kw_only=True, metadata={"later": True})

    def __post_init__(self) -> None:
        self.check_shared()
        object.__setattr__(self, "options", _checked_options(self.options))
        if type(self.ordered) is not bool:
            raise SpaceError(f"`ordered` must be True or False; got {shown(self.ordered)}. Leave it out.")
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
        return map(_own, self.options)

    def start(self) -> Scalar:
        """Give the default, or the first option."""
        return _own(self.options[0]) if self.default is None else self.as_given(self.default)

    def as_given(self, value: Scalar) -> Scalar:
        """Give an option that was read from JSON in the type that it was declared with, as a copy."""
        if not is_structure(value):
            return value
        key = scalar_key(value)
        return next((deepcopy(option) for option in self.options if scalar_key(option) == key), value)

    def encode(self, values: list[Any]) -> npt.NDArray[np.intp]:
        """Turn options into their indices."""
        index = {scalar_key(option): position for position, option in enumerate(self.options)}
        try:
            return np.array([index[scalar_key(value)] for value in values], dtype=np.intp)
        except (KeyError, TypeError):
            raise self.refuse(values) from None

    def decode(self, codes: Codes) -> list[Scalar]:
        """Turn indices into options."""
        options = self.options
        if any(map(is_structure, options)):
            return [_own(options[index]) for index in codes.tolist()]
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
        value: A JSON scalar, or a tuple, a list or a dict of such.
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
        object.__setattr__(self, "value", check_value(self.value, "A constant"))
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
        return iter((self.start(),))

    def start(self) -> Scalar:
        """Give the value."""
        return _own(self.value)

    def as_given(self, value: Scalar) -> Scalar:
        """Give the constant, whose type JSON may have changed, as a copy."""
        return self.start() if is_structure(value) and self.contains(value) else value


def _own(value: Scalar) -> Scalar:
    """Give a value that whoever gets it may change."""
    return deepcopy(value) if is_structure(value) else value


def _rounded(values: Floats, low: float, high: float, scale: str) -> Floats:
    """Round bent draws so that each comes back from its place in the unit cube."""
    if scale == "log":
        power = 10.0 ** (_BENT_DIGITS - 1 - np.floor(np.log10(values)))
        return np.rint(values * power) / power
    if scale == "reverse_log":
        return np.round(values, _BENT_DIGITS + 2)
    return np.round(values, _BENT_DIGITS - math.ceil(math.log10(max(abs(low), abs(high)))))


def _article(value: Hyperparameter) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"


def _checked_options(options: object) -> tuple[Scalar, ...]:
    if isinstance(options, str | Set | Mapping) or not isinstance(options, Iterable):
        remedy = "Write Choice(('a', 'b'))"
        if isinstance(options, Set | Mapping):  # the order of a set differs from process to process
            remedy = "Give them an order: Choice([…])"
        raise SpaceError(f"`options` must be a tuple or a list; got {shown(options)}. {remedy}.")
    normalized = tuple(check_value(option, "An option") for option in options)
    if not normalized:
        raise SpaceError("`options` must hold at least one option; got none. List what may be chosen.")
    keys = [scalar_key(option) for option in normalized]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise SpaceError(
                f"`options` must all be different; got {normalized[position]!r} more than once. "
                "Remove the repetition."
            )
    return normalized
