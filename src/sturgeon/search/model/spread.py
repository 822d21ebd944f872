"""The start: points that fill the space evenly, given those that are there already."""

from __future__ import annotations

import numpy as np

from sturgeon.search.model.encoding import Encoding
from sturgeon.search.unseen import Unseen
from sturgeon.space import Space
from sturgeon.space.scales import Floats

DRAWS = 256


def spread(batch: Unseen, space: Space, tried: Floats, *, count: int, rng: np.random.Generator) -> Floats:
    """Take configurations that lie evenly between all that were tried, and each other.

    Each is the best of 256 drawn at random: the one that leaves the lowest wrap-around discrepancy, which
    has no liking for corners as distances have. It depends on the record and the generator only, so trials
    that others suggested, such as the default configuration, count as well.

    Args:
        batch: Takes them.
        space: What may vary.
        tried: Points of the record, NaN where inactive.
        count: How many.
        rng: The source of randomness.

    Returns:
        ``tried`` and the new points.

    Source: Hickernell, Lattice rules: how well do they measure up? (1998), the wrap-around discrepancy.
    """
    encoding = Encoding(space)
    for _ in range(count):
        points = space.to_unit(space.sample(DRAWS, rng))
        order = np.argsort(_crowding(points, tried, encoding), kind="stable")
        configs = space.from_unit(points[order])
        taken = next((row for row, config in enumerate(configs) if batch.offer(config)), None)
        if taken is None:
            break
        tried = np.vstack([tried, points[order[taken]]])
    return tried


def _crowding(points: Floats, tried: Floats, encoding: Encoding) -> Floats:
    crowding = np.zeros(len(points))
    for one in tried:
        apart = np.abs(np.nan_to_num(points, nan=0.5) - np.nan_to_num(one, nan=0.5))
        kernel = np.where(encoding.is_choice, 1.5 - 0.25 * (apart > 1e-9), 1.5 - apart * (1.0 - apart))
        # Products of many factors say nothing any more: their geometric mean over seven or so does.
        crowding += np.exp(np.log(kernel).sum(axis=1) * min(1.0, 7.0 / max(len(one), 1)))
    return crowding
