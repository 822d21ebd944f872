"""What successive halving saves: a run of trials that were invented, halved without training."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

import numpy as np

from sturgeon.stopping import StoppingContext, SuccessiveHalving

# How often it is simulated, and how much of their spread a learning curve hides.
_SIMULATED, _CROSSING = 8, 0.3
# By how much of their spread trials get better until the search knows its way, and how soon it does.
_LEARNT, _SOON = 1.5, 15


def halving_parts(epochs: int, trials: int) -> list[float]:
    """What successive halving spends on each trial until the next one is begun, simulated.

    More than one in three goes on past a rung: who was among the best on arrival may be overtaken later, and
    the search finds better ones as it learns.

    Args:
        epochs: Of a whole training.
        trials: How many trials.

    Returns:
        For each trial the epochs that it and those that are promoted by its arrival train, as a part of a
        whole training. The first trial, the default configuration, is trained to its end.

    Example:
        >>> parts = halving_parts(30, 60)
        >>> parts[0], round(30 * sum(parts) / 60, 1)
        (1.0, 11.9)
    """
    halving = SuccessiveHalving()
    rungs = halving.rungs(0, StoppingContext("loss", False, epochs), epochs)
    steps = [0, *(rung for rung in rungs if rung < epochs), epochs]
    runs = [_epochs_trained(trials, steps, halving.reduction, seed=seed) for seed in range(_SIMULATED)]
    trained = np.sum(runs, axis=0)
    return [1.0, *(trained[1:] / (_SIMULATED * epochs)).tolist()]


def _epochs_trained(trials: int, steps: Sequence[int], reduction: int, *, seed: int) -> np.ndarray:
    """One simulation.

    Args:
        trials: How many trials arrive, one after the other; the first is left out.
        steps: The epochs of the rungs, from 0 to those of a whole training.
        reduction: One in so many of a rung goes on.
        seed: Of the trials' merits, and of what their curves hide.

    Returns:
        By trial, the epochs that its arrival led to, its own and those of trials that it promoted.
    """
    rng = np.random.default_rng(seed)
    trained = np.zeros(trials)
    # At each rung, those that came there: what was seen of them, best first, who they are and their merit.
    there: list[list[tuple[float, int, float]]] = [[] for _ in steps]
    promoted: list[set[int]] = [set() for _ in steps]
    for number in range(1, trials):
        arrivals = [(1, number, rng.normal() - _LEARNT * (1 - np.exp(-number / _SOON)))]
        while arrivals:
            rung, who, merit = arrivals.pop()
            trained[number] += steps[rung] - steps[rung - 1]
            if rung == len(steps) - 1:  # trained to the end
                continue
            insort(there[rung], (merit + _CROSSING * rng.normal(), who, merit))
            for _, other, its_merit in there[rung][: len(there[rung]) // reduction]:
                if other not in promoted[rung]:
                    promoted[rung].add(other)
                    arrivals.append((rung + 1, other, its_merit))
    return trained
