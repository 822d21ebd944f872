"""A prior belief: where on its scale a hyperparameter's best value is thought to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sturgeon.space.scales import Floats

WIDTH = 0.2
"""Half of the draws lie within this part of the scale on either side of the belief, were there no bounds."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Draws more often near one place of a scale, and everywhere else now and then.

    The place of a draw on the scale has a Cauchy distribution cut off at the ends: a bell with tails so heavy
    that a wrong belief costs little, whose quantiles and their inverse are exact formulas.

    Attributes:
        centre: The place believed in, in [0, 1].

    Example:
        >>> belief = Belief(0.3)
        >>> drawn = belief.bend(np.linspace(0, 1, 1001))
        >>> round(float(np.mean(np.abs(drawn - 0.3) < 0.1)), 2), float(drawn.min()), float(drawn.max())
        (0.41, 0.0, 1.0)
    """

    centre: float

    def bend(self, unit: Floats) -> Floats:
        """Map uniform draws to places on the scale, both in [0, 1]."""
        low, high = self._angles
        places = self.centre + WIDTH * np.tan(low + unit * (high - low))
        return np.where(unit <= 0, 0.0, np.where(unit >= 1, 1.0, np.clip(places, 0.0, 1.0)))

    def straighten(self, places: Floats) -> Floats:
        """The inverse of ``bend``."""
        low, high = self._angles
        return np.clip((np.arctan((places - self.centre) / WIDTH) - low) / (high - low), 0.0, 1.0)

    @property
    def _angles(self) -> tuple[float, float]:
        return math.atan(-self.centre / WIDTH), math.atan((1 - self.centre) / WIDTH)
