"""Random search: every configuration drawn afresh (N3 of the notes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sturgeon.search.base import Search, number_rng
from sturgeon.search.record import Record
from sturgeon.search.unseen import Unseen, fill
from sturgeon.space import Config, Real, Space


@dataclass(frozen=True)
class Random(Search):
    """Draw at random, each hyperparameter on its own scale.

    25 trials try 25 values of the learning rate where a 5 × 5 grid tries 5: where one hyperparameter
    matters and another does not, a grid spends most of its trials on the one that does not.

    Source: Bergstra and Bengio, Random search for hyper-parameter optimization, JMLR 13 (2012).

    Example:
        >>> from sturgeon.space import Integer
        >>> space = Space(layers=Integer(2, 4))
        >>> configs = Random().suggest(space, Record(), 5, np.random.default_rng(0))
        >>> sorted(config["layers"] for config in configs)
        [2, 3, 4]
    """

    name: ClassVar[str] = "random"
    learns: ClassVar[bool] = False
    blind: ClassVar[bool] = True

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Draw up to ``count`` new configurations; see ``Search.suggest``."""
        batch = Unseen(record, count)
        fill(batch, space, lambda size: space.sample(size, rng), rng)
        return batch.configs()

    def draws_by_number(self, space: Space) -> bool:
        """Tell whether no draw repeats another: some number that is always there has no end of values."""
        return space.constraint is None and any(
            isinstance(one, Real) and not one.when for one in map(space.__getitem__, space)
        )

    def draw_by_number(self, space: Space, seed: int, numbers: Sequence[int]) -> list[Config]:
        """Draw for all of them at once; see ``Search.draw_by_number``."""
        points = np.empty((len(numbers), len(space.coordinates)))
        for point, number in zip(points, numbers, strict=True):
            number_rng(seed, number).random(out=point)
        return list(space.from_unit(points))
