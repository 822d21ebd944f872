"""Drawing at random under a constraint: draw, judge, keep what satisfies it."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable

import numpy as np

from sturgeon.errors import SpaceError
from sturgeon.space.base import shown
from sturgeon.space.configs import Configs

HOPELESS = 50_000
LARGEST_BATCH = 16_384


def draw_satisfying(
    draw: Callable[[int], Configs], judge: Callable[[Configs], Iterable[bool]], count: int
) -> Configs | None:
    """Draw until enough satisfies the constraint.

    Args:
        draw: Makes so many independent draws.
        judge: Tells of each whether it satisfies the constraint.
        count: How many are wanted, from 0.

    Returns:
        ``count`` configurations, or None after 50,000 draws in a row that do not satisfy it.
    """
    kept = draw(0)
    batch, refused = min(max(count, 16), LARGEST_BATCH), 0
    while len(kept) < count:
        drawn = draw(batch)
        verdicts = np.fromiter(judge(drawn), dtype=bool, count=batch)
        refused = 0 if verdicts.any() else refused + batch
        if refused >= HOPELESS:
            return None
        kept = kept.joined(drawn.take(verdicts))
        batch = min(2 * batch, LARGEST_BATCH)
    return kept[:count]


def as_generator(rng: np.random.Generator | int) -> np.random.Generator:
    """Take a generator as it is, or make one from a seed.

    Raises:
        SpaceError: ``rng`` is neither.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, numbers.Integral) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise SpaceError(f"`rng` must be a NumPy Generator or a seed from 0; got {shown(rng)}. Write rng=0.")
