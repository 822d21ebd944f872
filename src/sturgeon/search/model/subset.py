"""Which trials a model learns from where there are too many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sturgeon.space.scales import Floats


def most_telling(values: Floats, count: int) -> npt.NDArray[np.intp]:
    """Choose trials: half of them the best, a quarter the newest, the rest evenly from best to worst.

    The best say where to go, the newest what was learnt since, and the rest that elsewhere is worse.

    Args:
        values: What each trial is worth, to be minimised, in order of their numbers.
        count: How many at most.

    Returns:
        Positions, upwards.

    Example:
        >>> most_telling(np.array([5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 7.0, 8.0]), 4).tolist()
        [1, 3, 4, 7]
    """
    if len(values) <= count:
        return np.arange(len(values))
    order = np.argsort(values, kind="stable")
    chosen = np.zeros(len(values), dtype=bool)
    chosen[order[: count // 2]] = True
    newest = np.flatnonzero(~chosen)[len(values) - count // 2 - count // 4 :]
    chosen[newest] = True
    rest = order[~chosen[order]]
    wanted = count - int(chosen.sum())
    chosen[rest[np.linspace(0, len(rest) - 1, wanted).round().astype(np.intp)]] = True
    return np.flatnonzero(chosen)
