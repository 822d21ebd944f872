"""Where to look: points anywhere, and points ever closer to the best (coarse to fine, N4 of the notes)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sturgeon.search.model.ascent import ascend
from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.promise import Promise
from sturgeon.search.unseen import Unseen
from sturgeon.space import Space
from sturgeon.space.scales import Floats

EVERYTHING = 512
GLOBAL = 256
LOCAL = 256
CENTRES = 5
SCALES = (0.2, 0.1, 0.05, 0.02)
SURVIVORS = 8
CHILDREN = 12
ROUNDS = 6
FIRST_SCALE = 0.3
FINER = 0.6
REDRAWN = 0.05
BEYOND = 0.1
MOVED = 0.6
MOVED_LESS = 0.15


@dataclass(frozen=True)
class Pool:
    """Candidates of one space.

    Attributes:
        space: What may vary.
        encoding: Its encoding.
        centres: The best points so far, the best first, in the unit cube with NaN where inactive.
    """

    space: Space
    encoding: Encoding
    centres: Floats

    def ranked(self, promise: Promise, rng: np.random.Generator) -> Floats:
        """Give points of the unit cube, the most promising first.

        Half of the first points lie anywhere, half around the best few trials at four shrinking scales. Then
        the most promising are moved, a few times over, each time by less, and at last go uphill by the
        gradient. A small space is looked at whole.

        Args:
            promise: What the models promise of points.
            rng: The source of randomness.

        Returns:
            Shape ``n × coordinates``: all satisfy the constraint.
        """
        if self.space.size <= EVERYTHING:
            points = self.space.to_unit(list(self.space.configurations()))
            return points[np.argsort(-self._promise(points, promise), kind="stable")]
        points = np.vstack([self.space.to_unit(self.space.sample(GLOBAL, rng)), self._around_best(rng)])
        scores = self._promise(points, promise)
        for round_ in range(ROUNDS):
            best = np.repeat(np.argsort(-scores, kind="stable")[:SURVIVORS], CHILDREN)
            scale = np.full((len(best), 1), FIRST_SCALE * FINER**round_)
            children = self._moved(points[best], scale, rng, redraw=REDRAWN)
            points = np.vstack([points, children])
            scores = np.concatenate([scores, self._promise(children, promise)])
        if len(points):
            ranked = points[np.argsort(-scores, kind="stable")]
            risen = self._allowed(ascend(promise.uphill, self.encoding, ranked))
            points = np.vstack([points, risen])
            scores = np.concatenate([scores, self._promise(risen, promise)])
        return points[np.argsort(-scores, kind="stable")]

    def _promise(self, points: Floats, promise: Promise) -> Floats:
        return promise(self.encoding.columns(points)) if len(points) else np.empty(0)

    def _around_best(self, rng: np.random.Generator) -> Floats:
        centres = self.centres[rng.integers(len(self.centres), size=LOCAL)]
        scales = np.array(SCALES)[rng.integers(len(SCALES), size=LOCAL)]
        return self._moved(centres, scales[:, None], rng, redraw=0.0)

    def _moved(self, points: Floats, scale: Floats, rng: np.random.Generator, *, redraw: float) -> Floats:
        """Move some coordinates of each point, important ones more often, and keep what is allowed."""
        encoding, shape = self.encoding, points.shape
        # What was inactive may become active by the move: it then starts anywhere.
        start = np.where(np.isnan(points), rng.random(shape), points)
        chance = np.clip(MOVED * (1.0 - MOVED_LESS * (encoding.priority - 2.0)), 0.2, 0.8)
        moves = rng.random(shape) < chance
        moves[np.arange(len(points)), rng.integers(shape[1], size=len(points))] = True
        # A step shorter than half the way to the next integer would lead back to where it began.
        step = rng.standard_normal(shape) * np.maximum(scale, 0.75 * np.minimum(encoding.step, 0.3))
        arrived = np.where(moves & ~encoding.is_choice, start + step, start)
        anew = np.where(encoding.is_choice & moves, np.maximum(scale, 0.1), redraw)
        # A little beyond the ends, so that the ends themselves are drawn too.
        drawn = rng.uniform(-BEYOND, 1.0 + BEYOND, shape)
        arrived = np.where(rng.random(shape) < anew, drawn, arrived)
        return self._allowed(np.clip(arrived, 0.0, 1.0))

    def _allowed(self, points: Floats) -> Floats:
        """Give the points of the space's own grid next to some, without those that its constraint forbids."""
        configs = self.space.from_unit(points)
        unit = self.space.to_unit(configs)
        if self.space.constraint is None:
            return unit
        return unit[np.fromiter(map(self.space.satisfies, configs), dtype=bool, count=len(unit))]


def take_best(batch: Unseen, space: Space, ranked: Floats) -> int | None:
    """Take the first of some points that is new.

    Returns:
        Its position, or None where none is new.
    """
    for start in range(0, len(ranked), 16):
        for offset, config in enumerate(space.from_unit(ranked[start : start + 16])):
            if batch.offer(config):
                return start + offset
    return None
