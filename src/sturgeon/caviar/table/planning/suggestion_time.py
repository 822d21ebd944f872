"""How long a suggestion takes, timed with invented records of several sizes."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from sturgeon.caviar.loop.pace import TOGETHER
from sturgeon.search import Observation, Record, Search
from sturgeon.space import Space

_SIZES = (8, 32, 64, 128, 384)


class SuggestionTime:
    """How long a suggestion takes by the number of trials in the record.

    Args:
        search: What suggests.
        space: What may vary.
        epochs: How long the trials' curves are.
    """

    def __init__(self, search: Search, space: Space, epochs: int) -> None:
        self._thorough, self._quick = [0.0], [0.0]
        if not search.learns:
            self._sizes: Sequence[int] = (0,)
            return
        self._sizes = _SIZES
        records = [_invented(space, epochs, size) for size in _SIZES]
        search.suggest(space, records[0], 1, np.random.default_rng(0))  # what it imports is not counted
        self._thorough = [_timed(search, space, record, count=1) for record in records]
        self._quick = [_timed(search, space, record, count=TOGETHER) for record in records]

    def of(self, trials: float, *, quickly: bool) -> float:
        """Seconds of one suggestion with so many trials."""
        return float(np.interp(trials, self._sizes, self._quick if quickly else self._thorough))


def _timed(search: Search, space: Space, record: Record, *, count: int) -> float:
    suggest = search.suggest if count == 1 else search.suggest_quickly
    took: list[float] = []
    for seed in range(2):
        began = time.monotonic()
        suggest(space, record, count, np.random.default_rng(seed))
        took.append((time.monotonic() - began) / count)
    return float(np.mean(took))


def _invented(space: Space, epochs: int, size: int) -> Record:
    """A record of complete trials with values that a model can learn."""
    configs = space.sample(size, np.random.default_rng(size))
    values = (np.nan_to_num(space.to_unit(configs), nan=0.5) - 0.4) ** 2
    return Record(
        Observation(
            number,
            config,
            "complete",
            value,
            tuple((step, value + 1 / step) for step in range(1, epochs + 1)),
        )
        for number, (config, value) in enumerate(zip(configs, values.sum(axis=1).tolist(), strict=True))
    )
