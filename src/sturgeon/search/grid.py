"""Grid search, to be compared against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sturgeon.search.base import Search
from sturgeon.search.record import Record
from sturgeon.search.settings import check_whole
from sturgeon.search.unseen import Unseen
from sturgeon.space import Config, Space


@dataclass(frozen=True)
class Grid(Search):
    """Try every combination of a few values each, in order.

    It exists only to be compared against: with 25 trials a 5 × 5 grid tries 5 learning rates, where
    25 random ones try 25 (N3 of the notes). Use ``Random`` or better for real work.

    A Real or an Integer gives ``points`` values, evenly spaced on its scale with both ends
    included (an Integer fewer where it has fewer); a Choice gives all its options. The last declared
    hyperparameter varies fastest. Combinations that differ in inactive hyperparameters only are one.
    Combinations are made one by one, so a large grid takes time to walk but no memory.

    Attributes:
        points: Values of each Real and Integer, at least 2.

    Example:
        >>> from sturgeon.space import Integer, Real
        >>> space = Space(dropout=Real(0.0, 0.5), layers=Integer(2, 4))
        >>> for config in Grid(points=2).suggest(space, Record(), 3, np.random.default_rng(0)):
        ...     print(config)
        {'dropout': 0.0, 'layers': 2}
        {'dropout': 0.0, 'layers': 4}
        {'dropout': 0.5, 'layers': 2}
    """

    name: ClassVar[str] = "grid"
    learns: ClassVar[bool] = False
    blind: ClassVar[bool] = True

    points: int = 5

    def __post_init__(self) -> None:
        check_whole("points", self.points, least=2, example="Grid(points=5)")

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose the next up to ``count`` combinations that are new; see ``Search.suggest``.

        Raises:
            SpaceExhausted: The grid is finished, even if the space is not.
        """
        batch = Unseen(record, count)
        batch.offer_all(space.grid(self.points).configurations())
        return batch.configs()
