"""Points of the unit cube as features whose distances mean something."""

from __future__ import annotations

import numpy as np

from sturgeon.space import Choice, Space, Varying
from sturgeon.space.scales import Floats

INACTIVE = 0.5


class Encoding:
    """How a space's coordinates become a model's features.

    A Real, an Integer or an ordered Choice keeps its coordinate, so distances are those of its own scale. Any
    other Choice gets a feature for each option, such that two different options are at distance 1. A
    hyperparameter that is not active stands at the middle of its range: two configurations in which it
    is inactive do not differ by it, and one in which it is active differs by its parent already.

    Args:
        space: What may vary.

    Attributes:
        coordinate_of: For each feature the coordinate that it belongs to.
        first_feature: For each coordinate its first feature; only a Choice without an order has others.
        priority: For each coordinate its priority.
        is_choice: For each coordinate whether it is a Choice without an order.
        step: For each coordinate the distance to the next value; 0 for a Real.

    Example:
        >>> from sturgeon.space import Real
        >>> encoding = Encoding(Space(kind=Choice(("a", "b")), rate=Real(0.0, 1.0, when={"kind": "a"})))
        >>> encoding.features(np.array([[0.25, 1.0], [0.75, np.nan]])).round(3).tolist()
        [[0.707, 0.0, 1.0], [0.0, 0.707, 0.5]]
    """

    def __init__(self, space: Space) -> None:
        items = [item for item in map(space.__getitem__, space.coordinates) if isinstance(item, Varying)]
        self._options = [item.size if isinstance(item, Choice) and not item.ordered else 0 for item in items]
        widths = [max(int(options), 1) for options in self._options]
        self.coordinate_of = np.repeat(np.arange(len(items)), widths)
        self.first_feature = np.cumsum(widths, dtype=np.intp) - np.array(widths, dtype=np.intp)
        self.priority = np.array([item.priority for item in items], dtype=np.float64)
        self.is_choice = np.array([options > 0 for options in self._options], dtype=bool)
        self.step = np.array([1.0 / item.size for item in items])

    def features(self, unit: Floats) -> Floats:
        """Turn points, shape ``n × coordinates`` with NaN where inactive, into features."""
        points = np.where(np.isnan(unit), INACTIVE, unit)
        if not self.is_choice.any():
            return points
        blocks: list[Floats] = []
        for coordinate, options in enumerate(self._options):
            column = points[:, [coordinate]]
            if options:
                chosen = np.minimum((column * options).astype(np.intp), int(options) - 1)
                active = ~np.isnan(unit[:, [coordinate]])
                column = (active & (chosen == np.arange(options))) / np.sqrt(2.0)
            blocks.append(column)
        return np.hstack(blocks)
