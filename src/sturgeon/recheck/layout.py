"""How a budget is laid out: the share of the rows that networks train on, the pairs, and what is enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sturgeon.recheck.gambler import detectable
from sturgeon.recheck.race import MOST_PAIRS, Plan, plan_race
from sturgeon.recheck.verdict import FEWEST_PAIRS

_WANTED_TRAININGS = 80
"""So many are six challengers and 31 pairs."""
_LEAST_SHARE, _LEAST_ROWS = 0.5, 500
_EVERY_KIND = 6
"""So many challengers are of every kind: of the record, the default, a random one and a neighbour."""
_ROUNDING = 1e-9
_TRAININGS = range(4, 91)
"""More than the last are of no use: they are 32 pairs of seven challengers."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How epochs are laid out.

    Attributes:
        share: On which share of the rows outside its block a network trains; an epoch counts as so much.
        plan: The race.
    """

    share: float
    plan: Plan


def lay_out(budget: int, epochs: int, rows: int, blocks: int) -> Layout:
    """Lay a budget out so that there are pairs enough.

    A study of 64 trials with five folds trained on four fifths of its rows at a time; so does its recheck.
    Where a study trained one network a trial, a fifth of its epochs are few trainings; on half of the rows
    there are twice as many of them.

    Args:
        budget: Epochs in all.
        epochs: Those of one training.
        rows: New rows.
        blocks: How many blocks they can be cut into.

    Example:
        >>> lay_out(340, 30, 598, 32)
        Layout(share=0.8361204013377926, plan=Plan(trainings=13, challengers=1, pairs=6))
    """
    share = min(1.0, max(_least_share(rows), budget / epochs / _WANTED_TRAININGS))
    return Layout(share, plan_race(int(budget / (epochs * share) + _ROUNDING), blocks))


def budget_of(trainings: int, epochs: int, rows: int) -> int:
    """The smallest budget that is laid out as so many trainings.

    Example:
        >>> budget_of(16, 30, 598), lay_out(402, 30, 598, 32).plan.trainings
        (402, 16)
    """
    share = _least_share(rows) if trainings <= _WANTED_TRAININGS else 1.0
    return math.ceil(trainings * epochs * share)


def _least_share(rows: int) -> float:
    return min(1.0, max(_LEAST_SHARE, _LEAST_ROWS / rows))


def trainings_that_show(capital: float, most_pairs: int = MOST_PAIRS) -> int | None:
    """How many trainings are the fewest that could show anything; None where no number of them could.

    Args:
        capital: With how much money that recheck begins.
        most_pairs: How many pairs the rows allow.

    Example:
        >>> trainings_that_show(0.633), trainings_that_show(0.633, 6)
        (16, None)
    """
    plans = ((trainings, plan_race(trainings, most_pairs).pairs) for trainings in _TRAININGS)
    return next((count for count, pairs in plans if math.isfinite(_reach(pairs, capital))), None)


def trainings_of_every_kind(capital: float, most_pairs: int = MOST_PAIRS) -> tuple[int, float] | None:
    """How many trainings compare with challengers of every kind, and what they show.

    Returns:
        The fewest that show a difference of the size of the noise, or as small a one as can be shown, and its
        size in units of the noise; None where no number of them could show anything.

    Example:
        >>> trainings, size = trainings_of_every_kind(0.633)
        >>> trainings, round(size, 1)
        (70, 1.0)
    """
    plans = ((trainings, plan_race(trainings, most_pairs)) for trainings in _TRAININGS)
    reaches = {n: _reach(plan.pairs, capital) for n, plan in plans if plan.challengers >= _EVERY_KIND}
    wanted = max(1.0, min(reaches.values()))
    if math.isinf(wanted):
        return None
    return next((count, reach) for count, reach in reaches.items() if reach <= wanted)


def _reach(pairs: int, capital: float) -> float:
    return detectable(pairs, capital) if pairs >= FEWEST_PAIRS else math.inf
