"""Regions: parts of the space that a search looked at more closely, so that they can be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from sturgeon.search.record import Observation
from sturgeon.space import Config, Integer, Real, Space
from sturgeon.space.scales import Floats

FEWEST_INSIDE = 2


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


def zoom_in(
    space: Space, trials: Sequence[Observation], unit: Floats, *, centre: int, sides: Sequence[float]
) -> Iterator[Region]:
    """Yield ever smaller boxes around one trial, as long as another trial lies inside.

    Args:
        space: What may vary.
        trials: All trials.
        unit: Their points in the unit cube, NaN where inactive.
        centre: The position of the trial in the middle.
        sides: The sides of the boxes in the unit cube, downwards; 1 is the whole space.
    """
    middle = unit[centre]
    apart = np.abs(unit - middle)
    # Active in one of the two only: another branch of the space, so not inside.
    elsewhere = np.isnan(unit) != np.isnan(middle)
    for level, side in enumerate(sides):
        inside = ((apart <= side / 2) | np.isnan(apart)).all(axis=1) & ~elsewhere.any(axis=1)
        if side >= 1.0:
            inside[:] = True
        elif inside.sum() < FEWEST_INSIDE:
            return
        low, high = _bounds(space, middle, side)
        numbers = tuple(sorted(trial.number for trial, is_in in zip(trials, inside, strict=True) if is_in))
        config = cast(Config, dict(trials[centre].config))
        yield Region(config, low, high, level=level, scale=side, trials=numbers)


def _bounds(space: Space, middle: Floats, side: float) -> tuple[dict[str, float], dict[str, float]]:
    """Give the ends of a box in the hyperparameters' own units; inactive ones and Choices have none."""
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for column, name in enumerate(space.coordinates):
        item = space[name]
        if isinstance(item, Real | Integer) and not np.isnan(middle[column]):
            for ends, away in ((low, -side / 2), (high, side / 2)):
                at = 0.5 + np.sign(away) * 0.5 if side >= 1.0 else middle[column] + away
                ends[name] = cast(float, item.value_at(float(np.clip(at, 0.0, 1.0))))
    return low, high
