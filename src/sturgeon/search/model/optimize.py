"""Where expected improvement is largest: candidates anywhere, ever closer to the best, and then uphill.

This is coarse to fine (N4 of the notes): half of the first candidates lie anywhere, half near the best. A
model of few trials in many dimensions knows least about the corners of the space, so it expects most of them.
Where good configurations are known from elsewhere, all candidates lie near the best instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sturgeon.search.model.acquisition import ExpectedImprovement
from sturgeon.search.model.encoding import Encoding
from sturgeon.space import Space
from sturgeon.space.scales import Floats

WHOLE = 512
"""A space of up to so many configurations is looked at whole."""

# The first candidates: anywhere, and around the best few trials at these scales.
GLOBAL = 256
LOCAL = 256
CENTRES = 5
SCALES = (0.2, 0.1, 0.05, 0.02)

# Where all lie near the best.
NEAR = 512
NEAR_SCALES = (0.2, 0.1)

# The rounds after them: the most promising are moved, each round by less.
SURVIVORS = 8
CHILDREN = 12
ROUNDS = 6
FIRST_SCALE = 0.3
FINER = 0.6
REDRAWN = 0.05

# How a point is moved.
BEYOND = 0.1
MOVED = 0.6
MOVED_LESS = 0.15

# The ascent: from how many points, how many steps of L-BFGS, and how far apart the points are at least.
STARTS = 4
STEPS = 15
APART = 0.05


@dataclass(frozen=True)
class Candidates:
    """Candidates of one space.

    Attributes:
        space: What may vary.
        encoding: Its encoding.
        centres: The best points so far, the best first, in the unit cube with NaN where inactive.
        near: Whether all lie near the centres, one step away.
    """

    space: Space
    encoding: Encoding
    centres: Floats
    near: bool = False

    def ranked(self, acquisition: ExpectedImprovement, rng: np.random.Generator) -> Floats:
        """Give points of the unit cube, the most promising first.

        Args:
            acquisition: Says how promising points are.
            rng: The source of randomness.

        Returns:
            Shape ``n × coordinates``: all satisfy the constraint.
        """
        if self.space.size <= WHOLE:
            points = self.space.to_unit(list(self.space.configurations()))
            return points[np.argsort(-self._scores(points, acquisition), kind="stable")]
        if self.near:
            points = self._around_best(NEAR, NEAR_SCALES, rng)
            return points[np.argsort(-self._scores(points, acquisition), kind="stable")]
        around = self._around_best(LOCAL, SCALES, rng)
        points = np.vstack([self.space.to_unit(self.space.sample(GLOBAL, rng)), around])
        scores = self._scores(points, acquisition)
        for round_ in range(ROUNDS):
            best = np.repeat(np.argsort(-scores, kind="stable")[:SURVIVORS], CHILDREN)
            scale = np.full((len(best), 1), FIRST_SCALE * FINER**round_)
            children = self._moved(points[best], scale, rng, redraw=REDRAWN)
            points = np.vstack([points, children])
            scores = np.concatenate([scores, self._scores(children, acquisition)])
        if len(points):
            ranked = points[np.argsort(-scores, kind="stable")]
            risen = self._allowed(gradient_ascent(acquisition.with_gradient, self.encoding, ranked))
            points = np.vstack([points, risen])
            scores = np.concatenate([scores, self._scores(risen, acquisition)])
        return points[np.argsort(-scores, kind="stable")]

    def _scores(self, points: Floats, acquisition: ExpectedImprovement) -> Floats:
        return acquisition(self.encoding.features(points)) if len(points) else np.empty(0)

    def _around_best(self, count: int, among: tuple[float, ...], rng: np.random.Generator) -> Floats:
        centres = self.centres[rng.integers(len(self.centres), size=count)]
        scales = np.array(among)[rng.integers(len(among), size=count)]
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


def gradient_ascent(
    with_gradient: Callable[[Floats], tuple[Floats, Floats]], encoding: Encoding, ranked: Floats
) -> Floats:
    """Go uphill from the first few points that lie apart, by a few steps of L-BFGS within the unit cube.

    Choices stay as they are, and so does what is inactive. An Integer moves as a Real would: it is up to the
    caller to round, and to drop what a constraint forbids.

    Args:
        with_gradient: What is to be maximised, and its gradient, at points given as features.
        encoding: The space's.
        ranked: Points of the unit cube with NaN where inactive, the most promising first; at least one.

    Returns:
        Up to ``STARTS`` points of the unit cube.
    """
    from scipy.optimize import minimize  # only here: loading it takes most of a second

    points = ranked[_first_apart(ranked)]
    moves = ~np.isnan(points) & ~encoding.is_choice
    features = encoding.features(points)
    rows, coordinates = np.nonzero(moves)
    if not len(rows):
        return points
    places = rows, encoding.first_feature[coordinates]

    def loss(values: Floats) -> tuple[float, Floats]:
        features[places] = values
        heights, gradient = with_gradient(features)
        return -float(heights.sum()), -gradient[places]

    found = minimize(
        loss,
        features[places],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(rows),
        options={"maxiter": STEPS, "maxfun": 2 * STEPS},
    )
    points[moves] = found.x
    return points


def _first_apart(ranked: Floats) -> list[int]:
    """Choose the first points of which no two are close: they would end on the same hill."""
    near = np.nan_to_num(ranked[: 16 * STARTS], nan=-1.0)
    chosen = [0]
    for row in range(1, len(near)):
        if len(chosen) == STARTS:
            break
        if (np.abs(near[chosen] - near[row]).max(axis=1) > APART).all():
            chosen.append(row)
    return chosen
