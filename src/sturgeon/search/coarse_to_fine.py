"""Coarse to fine, guided by a model: the default search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sturgeon.search.base import Search
from sturgeon.search.record import Record
from sturgeon.search.region import Region
from sturgeon.search.settings import check_whole
from sturgeon.search.unseen import Unseen, fill
from sturgeon.space import Config, Space

FEWEST = 3
ZOOMED = 3


@dataclass(frozen=True)
class CoarseToFine(Search):
    """Zoom in where a model of the record expects improvement (N4 of the notes); the default search.

    It begins with ``start`` configurations that fill the space evenly. Then a Gaussian process
    (Matérn-5/2, a length scale for each hyperparameter, noise) learns from the record, and the candidate
    with the largest expected improvement is next. Candidates lie anywhere, and at shrinking scales around
    the best few; the most promising go uphill by the gradient. Priorities are prior knowledge: an
    important hyperparameter is expected to have a shorter length scale and is moved more often. They
    forbid nothing.

    * Values are cut off well above the median, so that outliers, however large, do no harm. Failed and
      diverged trials count as bad ones.
    * A stopped or running trial with a curve counts as what trials with such a value at that step became,
      with an error. One without a curve counts as tried, with the value that the model expects of it; the
      configurations of one batch likewise.
    * The length scales are uncertain with few trials: the improvement is averaged over several sets drawn
      from their posterior. Every eighth trial halves the most probable ones, and so looks farther away.
    * Beyond 128 trials the model learns from 128: the best ones, the newest, and an even
      choice of the rest. So a suggestion's time stops growing with the record.
      BLAS is limited to one thread meanwhile, in the whole process.

    Attributes:
        start: Trials before the model takes over, from 1.

    Example:
        >>> from sturgeon.search.record import Observation
        >>> from sturgeon.space import Real
        >>> space = Space(x=Real(0.0, 1.0))
        >>> tried = [Observation(n, {"x": n / 8}, "complete", (n / 8 - 0.3) ** 2) for n in range(8)]
        >>> [config] = CoarseToFine().suggest(space, Record(tried), 1, np.random.default_rng(0))
        >>> abs(config["x"] - 0.3) < 0.1
        True
    """

    name: ClassVar[str] = "coarse-to-fine"

    start: int = 2

    def __post_init__(self) -> None:
        check_whole("start", self.start, least=1, example="CoarseToFine(start=2)")

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose up to ``count`` new configurations; see ``Search.suggest``.

        Raises:
            SpaceError: The record holds a configuration that is not of this space.
        """
        # They need SciPy, which takes a third of a second to import: only those should pay who search.
        from sturgeon.search.model.evidence import read
        from sturgeon.search.model.guide import take_promising
        from sturgeon.search.model.spread import spread

        batch = Unseen(record, count)
        if space.coordinates:
            seen = read(space, record)
            first = min(max(self.start - len(record), 0), count)
            if seen.succeeded < min(FEWEST, self.start):
                first = count
            tried = np.vstack([seen.unit, seen.pending])
            if first:
                after = spread(batch, space, tried, count=first, rng=rng)
                seen = replace(seen, pending=np.vstack([seen.pending, after[len(tried) :]]))
            if batch.missing and seen.succeeded:
                take_promising(batch, space, seen, rng, number=len(record) + first)
        fill(batch, space, lambda size: space.sample(size, rng), rng)
        return batch.configs()

    def regions(self, space: Space, record: Record) -> tuple[Region, ...]:
        """Show where the search zoomed in: boxes around the best configurations, level by level.

        Args:
            space: What may vary.
            record: The trials so far.

        Returns:
            The whole space, level 0; then of each of the best three the box of level 1 and ever closer ones,
            as long as two trials lie inside. Empty where no trial has a finite value.

        Raises:
            SpaceError: The record holds a configuration that is not of this space.
        """
        from sturgeon.search.model.candidates import SCALES
        from sturgeon.search.model.evidence import read
        from sturgeon.search.model.zooms import zooms

        seen = read(space, record)
        everything = list(record)
        trials = [everything[row] for row in seen.rows]
        order = np.argsort(seen.values, kind="stable")[:ZOOMED]
        best = [int(row) for row in order if np.isfinite(seen.values[row])]
        sides = (1.0, *(2.0 * scale for scale in SCALES))
        found = [list(zooms(space, trials, seen.unit, centre=row, sides=sides)) for row in best]
        return tuple(region for place, boxes in enumerate(found) for region in boxes[min(place, 1) :])
