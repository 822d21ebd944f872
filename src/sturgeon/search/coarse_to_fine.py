"""Coarse to fine, guided by a model: the default search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sturgeon.errors import InputError
from sturgeon.search.base import Search
from sturgeon.search.record import Record
from sturgeon.search.region import Region, zoom_in
from sturgeon.search.settings import check_whole
from sturgeon.search.unseen import Unseen, fill
from sturgeon.space import Config, Space

FEWEST = 3
"""Trials with a value that the model needs, if ``start`` leaves it so many."""

AFAR = 4
"""Where it looks ``near`` the best, every so many trials it looks anywhere."""

ZOOMED = 3
"""Around how many of the best ``regions`` shows boxes."""


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
    * The record of an earlier study counts as noisy observations, as far as it predicts the new trials.
    * The length scales are uncertain with few trials: the improvement is averaged over several sets drawn
      from their posterior. Every eighth trial halves the most probable ones, and so looks farther away.
    * Beyond 128 trials the model learns from 128: the best ones, the newest, and an even
      choice of the rest. So a suggestion's time stops growing with the record.
      BLAS is limited to one thread meanwhile, in the whole process.

    Attributes:
        start: Trials before the model takes over, from 1.
        near: Whether to look near the best few trials, and anywhere only every fourth time: for a study
            that begins with configurations known to be good. `sturgeon tune` does so in its own space.

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
    near: bool = False

    def __post_init__(self) -> None:
        check_whole("start", self.start, least=1, example="CoarseToFine(start=2)")
        if not isinstance(self.near, bool):
            raise InputError(
                f"`near` must be True or False; got {self.near!r}. Write CoarseToFine(near=True)."
            )

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose up to ``count`` new configurations; see ``Search.suggest``.

        Raises:
            SpaceError: The record holds a configuration that is not of this space.
        """
        return self._suggest(space, record, count, rng, quickly=False)

    def suggest_quickly(
        self, space: Space, record: Record, count: int, rng: np.random.Generator
    ) -> list[Config]:
        """Propose up to ``count`` from one fit of a simpler model; see ``Search.suggest_quickly``.

        Raises:
            SpaceError: The record holds a configuration that is not of this space.
        """
        return self._suggest(space, record, count, rng, quickly=True)

    def _suggest(
        self, space: Space, record: Record, count: int, rng: np.random.Generator, *, quickly: bool
    ) -> list[Config]:
        # They need SciPy, which takes a third of a second to import: only those should pay who search.
        from sturgeon.search.model.suggest import initial_design, most_promising, promising_quickly
        from sturgeon.search.model.training_data import read_outcomes

        batch = Unseen(record, count)
        if space.coordinates:
            outcomes = read_outcomes(space, record)
            first = min(max(self.start - len(record), 0), count)
            if outcomes.succeeded < min(FEWEST, self.start):
                first = count
            if first:
                tried = np.vstack([outcomes.unit, outcomes.pending])
                new = initial_design(batch, space, tried, count=first, rng=rng)
                outcomes = replace(outcomes, pending=np.vstack([outcomes.pending, new]))
            if batch.missing and record.old and outcomes.succeeded:
                from sturgeon.search.model.recall import recall

                outcomes = recall(outcomes, record.old, space)
            number = len(record) + first
            near = self.near and number % AFAR != AFAR - 1
            if batch.missing and outcomes.succeeded and quickly:
                promising_quickly(batch, space, outcomes, rng, near=near)
            elif batch.missing and outcomes.succeeded:
                most_promising(batch, space, outcomes, rng, number=number, near=near)
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
        from sturgeon.search.model.optimize import SCALES
        from sturgeon.search.model.training_data import read_outcomes

        outcomes = read_outcomes(space, record)
        everything = list(record)
        trials = [everything[row] for row in outcomes.rows]
        order = np.argsort(outcomes.values, kind="stable")[:ZOOMED]
        best = [int(row) for row in order if np.isfinite(outcomes.values[row])]
        sides = (1.0, *(2.0 * scale for scale in SCALES))
        found = [list(zoom_in(space, trials, outcomes.unit, centre=row, sides=sides)) for row in best]
        return tuple(region for place, boxes in enumerate(found) for region in boxes[min(place, 1) :])
