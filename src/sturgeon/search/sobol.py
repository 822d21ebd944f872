"""Sobol search: points that fill the unit cube more evenly than random ones."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sturgeon.search.base import Search
from sturgeon.search.record import Record
from sturgeon.search.settings import check_whole
from sturgeon.search.unseen import LISTABLE, Unseen, fill
from sturgeon.space import Config, Space
from sturgeon.space.scales import Floats

SCANNED = 16_384
BLOCK = 64


@dataclass(frozen=True)
class Sobol(Search):
    """Walk along a scrambled Sobol sequence, each hyperparameter on its own scale.

    The n-th trial takes the n-th point, so the points depend on ``seed`` and on how many trials there
    are, not on the generator: a search remembers nothing, and the points of one study must come from
    one scrambling to be even together. Give another ``seed`` to get other points. A point that
    is in the record already, or that breaks the constraint, is passed over, and the next one tried. Where
    that fails (the space is nearly exhausted, or 16,384 points did not help) the generator
    draws the rest.

    Source: Owen, Scrambling Sobol' and Niederreiter-Xing points, J. Complexity 14 (1998).

    Attributes:
        seed: Which scrambling, from 0.

    Example:
        >>> from sturgeon.space import Real
        >>> space = Space(dropout=Real(0.0, 1.0))
        >>> configs = Sobol().suggest(space, Record(), 4, np.random.default_rng(0))
        >>> sorted(int(4 * config["dropout"]) for config in configs)
        [0, 1, 2, 3]
    """

    name: ClassVar[str] = "sobol"
    learns: ClassVar[bool] = False
    blind: ClassVar[bool] = True

    seed: int = 0

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, least=0, example="Sobol(seed=0)")

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose the next up to ``count`` points that are new; see ``Search.suggest``."""
        batch = Unseen(record, count)
        if space.coordinates:
            for points in self._blocks(len(space.coordinates), len(record), max(count, BLOCK)):
                taken = batch.offer_all(filter(space.satisfies, space.from_unit(points)))
                nearly_exhausted = not taken and len(points) > 1 and space.size <= LISTABLE
                if not batch.missing or nearly_exhausted:
                    break
        fill(batch, space, lambda size: space.sample(size, rng), rng)
        return batch.configs()

    def _blocks(self, dimensions: int, start: int, size: int) -> Iterator[Floats]:
        """Yield the points from number ``start`` on, in blocks of ``size``."""
        # SciPy takes a third of a second to import, which only those should pay who ask for it.
        from scipy.stats import qmc

        # SciPy 1.15 renamed the argument.
        argument = "rng" if "rng" in inspect.signature(qmc.Sobol).parameters else "seed"
        scrambling: dict[str, Any] = {argument: np.random.default_rng(self.seed)}
        engine = qmc.Sobol(dimensions, scramble=True, **scrambling)
        if start:
            engine.fast_forward(start)
        # SciPy warns if the very first block is no power of two; one point is.
        yield engine.random(1)
        for _ in range(0, SCANNED, size):
            yield engine.random(size)
