"""Curves cut short: a search and a stopping rule see nothing that depends on which lane is faster.

Trainings that run side by side end in an order that time decides. A run takes note of their ends in the order
in which they began instead, and shows of a trial that still runs only the part of its curve that it had
then. So what is suggested, and what is stopped, follows from the seed and the number of lanes alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sturgeon.search import Record, Search
from sturgeon.space import Config, Space


def truncate_curves(record: Record, steps: Mapping[int, int]) -> Record:
    """A record in which some trials' curves end early.

    Args:
        record: The trials so far.
        steps: The last step to be shown, by trial number.

    Example:
        >>> from sturgeon.search import Observation
        >>> record = Record([Observation(0, {}, "running", None, ((1, 0.5), (2, 0.4)))])
        >>> truncate_curves(record, {0: 1})[0].curve
        ((1, 0.5),)
    """
    return record.replaced(
        replace(one, curve=tuple(point for point in one.curve if point[0] <= steps[one.number]))
        for one in record
        if one.number in steps
    )


@dataclass(frozen=True)
class TruncatedSearch(Search):
    """A search that is shown curves cut short.

    Attributes:
        inner: What suggests.
        steps: The last step to be shown, by trial number.
    """

    name: ClassVar[str] = "truncated"
    inner: Search
    steps: Mapping[int, int]

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """What ``inner`` suggests; see ``Search.suggest``."""
        return self.inner.suggest(space, truncate_curves(record, self.steps), count, rng)


@dataclass(frozen=True)
class QuickSearch(Search):
    """A search that is asked for what it suggests quickly.

    Attributes:
        inner: What suggests.
    """

    name: ClassVar[str] = "quick"
    inner: Search

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """What ``inner`` suggests quickly; see ``Search.suggest_quickly``."""
        return self.inner.suggest_quickly(space, record, count, rng)
