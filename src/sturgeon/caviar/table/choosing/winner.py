"""Who wins: of the trials that are as good as the best, as far as anyone knows, the simplest.

The best of many values is partly luck. So every trial counts as equal to the best one that is worse by no
more than one standard error of their difference: paired over folds, which are the same for all trials, or
over repeats. Of those, the network with the fewest weights wins; of equally large ones the one with more
dropout, then with more weight decay, then with more label smoothing; then the better value, and the earlier
trial.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sturgeon.search.folds import paired_error

REGULARISERS = ("dropout", "weight_decay")
"""The hyperparameters of which more regularises more, those that count first."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A trial that may win.

    Attributes:
        trial: Its number.
        config: Its configuration.
        values: Its value on each fold or in each repeat, to be minimised.
    """

    trial: int
    config: Mapping[str, Any]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """What it is worth."""
        return float(np.mean(self.values))


@dataclass(frozen=True, slots=True)
class Winner:
    """Who won, and against whom.

    Attributes:
        trial: The winner's number.
        equals: The trials within one standard error of the best, that one first, then by their means.
    """

    trial: int
    equals: tuple[int, ...]


def choose_winner(
    contenders: Sequence[Contender], weights_of: Callable[[Contender], int], *, paired: bool
) -> Winner:
    """Choose the simplest of those that are as good as the best.

    Args:
        contenders: At least one, with as many values each.
        weights_of: How many weights a contender's network has.
        paired: Whether the values of two contenders belong together one by one, as those of folds do.

    Returns:
        The winner; the best itself where there are fewer than two values.

    Example:
        >>> small, large = {"dropout": 0.0}, {"dropout": 0.1}
        >>> one, other = Contender(0, small, (1.0, 2.1)), Contender(1, large, (0.9, 2.2))
        >>> choose_winner([one, other, Contender(2, {}, (3.0, 4.0))], lambda one: 100, paired=True)
        Winner(trial=1, equals=(0, 1))
    """
    ranked = sorted(contenders, key=lambda one: (one.mean, one.trial))
    best = ranked[0]
    equals = [best]
    if len(best.values) > 1:
        error = paired_error if paired else _unpaired_error
        equals += [one for one in ranked[1:] if one.mean - best.mean <= error(one.values, best.values)]
    order = {one.trial: place for place, one in enumerate(ranked)}

    def simplicity(one: Contender) -> tuple[float, ...]:
        regularised = (-float(one.config.get(name) or 0.0) for name in REGULARISERS)
        return weights_of(one), *regularised, order[one.trial]

    return Winner(min(equals, key=simplicity).trial, tuple(one.trial for one in equals))


def is_no_better(losses: np.ndarray, of_default: np.ndarray) -> bool:
    """Whether one network's losses are lower than the default's by no more than one standard error.

    Args:
        losses: ``[rows]``, of rows that the network did not learn from.
        of_default: Those of the default configuration on the same rows.
    """
    gain = of_default - losses
    if len(gain) < 2:
        return False
    return bool(gain.mean() <= float(gain.std(ddof=1)) / math.sqrt(len(gain)))


def _unpaired_error(one: Sequence[float], other: Sequence[float]) -> float:
    return math.sqrt(sum(float(np.var(each, ddof=1)) / len(each) for each in (one, other)))
