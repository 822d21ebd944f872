"""A space that reaches farther, where the best value lay at an end of a range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sturgeon.errors import SpaceError
from sturgeon.space import Config, Hyperparameter, Integer, Real, Space
from sturgeon.study.edges import edges_of

FARTHER = 0.25
"""By so much of a range, on its scale."""


def widen(space: Space, config: Config, check: Callable[[Space], None] = lambda space: None) -> Space:
    """Move the ends of ranges outwards at which a configuration lies.

    What is never negative stays so, and a share between 0 and 1 stays one. A range that may not be wider
    stays as it is.

    Args:
        space: What varies.
        config: A configuration of it.
        check: Raises :class:`SpaceError` for a space that cannot be trained.

    Example:
        >>> space = Space(rate=Real(1e-4, 1e-2, scale="log"), dropout=Real(0, 0.5), units=Integer(8, 64))
        >>> wider = widen(space, {"rate": 1e-2, "dropout": 0.0, "units": 64})
        >>> wider["rate"], wider["dropout"], wider["units"]
        (Real(0.0001, 0.0316227766017, scale='log'), Real(0.0, 0.5), Integer(8, 78))
    """
    for edge in edges_of(space, config):
        item = space[edge.name]
        assert isinstance(item, Real | Integer)
        try:
            wider = space.replace({edge.name: _reaching(item, upwards=edge.end == "upper")})
            check(wider)
        except SpaceError:
            continue
        space = wider
    return space


def _reaching(item: Real | Integer, *, upwards: bool) -> Hyperparameter:
    """A hyperparameter whose range has another upper, or lower, end."""
    low, high = item.low, item.high
    if item.step is not None:
        reach = max(1, round(FARTHER * (high - low) / item.step)) * item.step
        end = high + reach if upwards else low - reach
    elif item.scale == "power_of_two":
        end = 2 * high if upwards else low // 2
    elif isinstance(item, Integer):
        ratio = (high / low) ** FARTHER if item.scale == "log" else 1.0
        reach = round(FARTHER * (high - low)) if item.scale == "linear" else 0
        end = (
            max(high + 1, round(high * ratio) + reach)
            if upwards
            else min(low - 1, round(low / ratio) - reach)
        )
    else:
        place = np.array([1 + FARTHER if upwards else -FARTHER])
        end = float(item.scaling.from_unit(place, low, high)[0])
    if upwards:
        share = item.scale == "linear" and isinstance(item, Real) and low >= 0 and high <= 1
        return replace(item, high=min(end, 1.0) if share else end)
    least = low if low in (0, 1) and isinstance(item, Integer) else 0 if low >= 0 else end
    return replace(item, low=type(low)(max(end, least)))


def describe_widening(before: Space, after: Space) -> list[str]:
    """Say which ranges became wider.

    Example:
        >>> describe_widening(Space(units=Integer(8, 64)), Space(units=Integer(8, 78)))
        ['units may be from 8 to 78 in the new tuning, as the best value lay at an end of 8 to 64.']
    """
    lines = []
    for name in after.names:
        old, new = before[name], after[name]
        if old == new or not isinstance(old, Real | Integer) or not isinstance(new, Real | Integer):
            continue
        lines.append(
            f"{name} may be from {new.low:.4g} to {new.high:.4g} in the new tuning, as the best value lay at "
            f"an end of {old.low:.4g} to {old.high:.4g}."
        )
    return lines
