"""A whole number between two bounds."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, shown
from sturgeon.space.config import Scalar
from sturgeon.space.hyperparameters.bounded import Bounded
from sturgeon.space.scales import INTEGER_SCALES, LARGEST_INTEGER, Floats, IntegerScale, Scale, SteppedInteger


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
