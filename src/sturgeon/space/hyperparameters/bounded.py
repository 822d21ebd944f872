"""What a Real and an Integer share: two bounds, and a scale between them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sturgeon.errors import SpaceError
from sturgeon.plain_text import tell_bounds
from sturgeon.space.base import Codes, Hyperparameter, Varying
from sturgeon.space.belief import Belief
from sturgeon.space.config import Scalar
from sturgeon.space.scales import Scale


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


def _article(value: Hyperparameter) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"
