"""A region: a part of the space that a search looked at more closely, so that it can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sturgeon.space import Config


@dataclass(frozen=True, slots=True)
class Region:
    """A box around one configuration, inside which a search tried denser (N4 of the notes).

    Attributes:
        centre: The configuration that it was drawn around.
        low: The lowest value of each hyperparameter that is bounded: a Real or an Integer in its own unit.
        high: The highest value of each of them.
        level: How far it is zoomed in: 0 is the whole space, each further level lies closer.
        scale: The side of the box as a share of the whole range in the unit cube, in (0, 1].
        trials: Numbers of the trials whose configuration lies inside, in order.

    Example:
        >>> centre, low, high = {"learning_rate": 0.01}, {"learning_rate": 1e-3}, {"learning_rate": 0.1}
        >>> region = Region(centre, low, high, level=1, scale=0.5, trials=(3, 4))
        >>> region.low["learning_rate"] <= region.centre["learning_rate"] <= region.high["learning_rate"]
        True
    """

    centre: Config
    low: Mapping[str, float]
    high: Mapping[str, float]
    level: int
    scale: float
    trials: tuple[int, ...] = ()
