"""Whether a configuration lies at an edge of its space, so that better ones may lie beyond."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sturgeon.space import Config, Integer, Real, Space
from sturgeon.study.importance import Share

NEAR = 0.02
"""How near to an end of its scale a Real counts as at the edge."""
FEWEST_VALUES = 5
"""Of a shorter range of whole numbers, or of steps, the ends are values like others."""

NEARLY_NOTHING = 0.01
"""With a smaller share of what mattered, a hyperparameter's range is no matter either."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A hyperparameter whose value lies at an end of its range.

    Attributes:
        name: Its name.
        value: Its value.
        end: ``"lower"`` or ``"upper"``.
        bound: Where the range ends.
    """

    name: str
    value: float
    end: str
    bound: float

    def __str__(self) -> str:
        return (
            f"{self.name}={self.value:.4g} is at the {self.end} end of its range ({self.bound:.4g}): "
            "better values may lie beyond."
        )


def edges_of(space: Space, config: Config, shares: Iterable[Share] = ()) -> list[Edge]:
    """List the hyperparameters of a configuration that lie at an end of their range.

    A lower end of 0, and of 1 for whole numbers, is left out: below it there is rarely anything, as with
    a share or a count. So is what is known to have mattered hardly at all.

    Args:
        space: What varies.
        config: A configuration of it.
        shares: How much each mattered, where that is known.

    Example:
        >>> space = Space(rate=Real(1e-4, 0.1, scale="log"), units=Integer(8, 64))
        >>> print(*edges_of(space, {"rate": 0.0999, "units": 32}))
        rate=0.0999 is at the upper end of its range (0.1): better values may lie beyond.
    """
    found = []
    no_matter = {one.name for one in shares if one.share < NEARLY_NOTHING}
    for name, unit in zip(space.coordinates, space.to_unit([config])[0], strict=True):
        item = space[name]
        if not isinstance(item, Real | Integer) or name in no_matter:
            continue
        value = config.get(name)
        if not isinstance(value, int | float):
            continue
        if isinstance(item, Integer) or item.step is not None:
            step = 0.0 if item.step is None else item.step / 2
            low, high = (
                value < item.low + step or value == item.low,
                value > item.high - step or value == item.high,
            )
            if item.size < FEWEST_VALUES:
                continue
        else:
            low, high = unit <= NEAR, unit >= 1 - NEAR
        if low and (item.low == 0 or (item.low == 1 and isinstance(item, Integer))):
            continue
        if low or high:
            found.append(Edge(name, value, *(("lower", item.low) if low else ("upper", item.high))))
    return found
