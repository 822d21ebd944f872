"""What rules read off learning curves. Values are minimised; one that is not finite is the worst."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

from sturgeon.search.record import Observation, Record

Curve = tuple[tuple[int, float], ...]


def last_step(trial: Observation) -> int:
    """Give the last step a trial reported; 0 before the first."""
    return trial.curve[-1][0] if trial.curve else 0


def value_when_reached(curve: Curve, step: int) -> float | None:
    """Give the value of the first report at or after a step; None before there is one.

    It never changes once it is known, also where steps are missing.

    Example:
        >>> value_when_reached(((1, 0.9), (4, 0.5)), 3), value_when_reached(((1, 0.9),), 3)
        (0.5, None)
    """
    first = bisect_right(curve, step, key=_before)
    return finite_or_worst(curve[first][1]) if first < len(curve) else None


def best_until(curve: Curve, step: int) -> float | None:
    """Give the best value up to a step of a trial that reached it; None for one that did not.

    Example:
        >>> best_until(((1, 0.9), (2, 0.4), (3, 0.5)), 3)
        0.4
    """
    if not curve or curve[-1][0] < step:
        return None
    until = bisect_right(curve, step, key=_step)
    # Where steps are missing, the first report after the step is the nearest there is.
    return min((finite_or_worst(value) for _, value in curve[: max(1, until)]), default=None)


def bests_until(trial: Observation, peers: Record, step: int) -> tuple[float | None, list[float]]:
    """Give the best value of a trial up to a step, and those of the peers that reached it."""
    found = (best_until(peer.curve, step) for peer in others(trial, peers))
    return best_until(trial.curve, step), [value for value in found if value is not None]


def others(trial: Observation, peers: Record) -> Iterator[Observation]:
    """Give the peers without the trial itself."""
    return (peer for peer in peers if peer.number != trial.number)


def finite_or_worst(value: float) -> float:
    """Put infinity for what is not finite.

    Example:
        >>> finite_or_worst(float("nan"))
        inf
    """
    return value if math.isfinite(value) else math.inf


def _step(point: tuple[int, float]) -> int:
    return point[0]


def _before(point: tuple[int, float]) -> int:
    return point[0] + 1
