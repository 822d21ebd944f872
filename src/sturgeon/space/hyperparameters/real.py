"""A real number between two bounds."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, shown
from sturgeon.space.config import Scalar
from sturgeon.space.hyperparameters.bounded import Bounded
from sturgeon.space.scales import CLOSEST, LARGEST, REAL_SCALES, Floats, Scale, Stepped

# Bent draws are rounded to so many digits, as bending and straightening lose some of the others.
_BENT_DIGITS = 10
# The logarithm of a value next to a bound may be the bound's own.
_ABOVE_0, _BELOW_1 = float(np.finfo(np.float64).tiny), 1 - float(np.finfo(np.float64).epsneg)


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


def _rounded(values: Floats, low: float, high: float, scale: str) -> Floats:
    """Round bent draws so that each comes back from its place in the unit cube."""
    if scale == "log":
        power = 10.0 ** (_BENT_DIGITS - 1 - np.floor(np.log10(values)))
        return np.rint(values * power) / power
    if scale == "reverse_log":
        return np.round(values, _BENT_DIGITS + 2)
    return np.round(values, _BENT_DIGITS - math.ceil(math.log10(max(abs(low), abs(high)))))
