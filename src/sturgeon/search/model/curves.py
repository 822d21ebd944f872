"""What an unfinished curve says of its end, told by those that were trained to theirs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sturgeon.search.record import Observation
from sturgeon.space.scales import Floats

FEWEST_PEERS = 3
OUTSIDE = 0.25


def foretell(trials: Sequence[Observation]) -> dict[int, tuple[float, float]]:
    """Foretell the final value of every trial that has a curve but was not trained to the end.

    A trial's last value at step s is compared with what the complete trials had at step s: it is
    moved by the typical step of its nearest peers from there to their end, and its error is the spread of
    those steps. Fewer than three peers say too little: then the value stands as it is, with the distance
    between the best and the median of the values at that step as its error.

    Args:
        trials: All trials of a record.

    Returns:
        By position in ``trials`` the forecast and its standard error; ``inf`` where the curve diverged.
    """
    unfinished = [
        (row, trial)
        for row, trial in enumerate(trials)
        if trial.state not in ("complete", "failed") and trial.curve
    ]
    complete = [_as_dict(trial) for trial in trials if _is_complete(trial)] if unfinished else []
    forecasts: dict[int, tuple[float, float]] = {}
    for row, trial in unfinished:
        step, value = trial.curve[-1]
        if not math.isfinite(value):
            forecasts[row] = (math.inf, 0.0)
            continue
        pairs = [(curve[step], end) for curve, end in complete if step in curve]
        peers = np.array([pair for pair in pairs if math.isfinite(pair[0])]).reshape(-1, 2)
        forecasts[row] = (
            _moved(value, peers) if len(peers) >= FEWEST_PEERS else (value, _unsure(trials, step))
        )
    return forecasts


def _is_complete(trial: Observation) -> bool:
    return trial.state == "complete" and trial.value is not None and math.isfinite(trial.value)


def _as_dict(trial: Observation) -> tuple[dict[int, float], float]:
    assert trial.value is not None
    return dict(trial.curve), trial.value


def _moved(value: float, peers: Floats) -> tuple[float, float]:
    """Move a value as its nearest peers moved; the medians keep one odd curve from deciding."""
    at_step, at_end = peers.T
    nearest = np.argsort(np.abs(at_step - value), kind="stable")[: max(FEWEST_PEERS, len(peers) // 3)]
    steps = at_end[nearest] - at_step[nearest]
    change = float(np.median(steps))
    spread = 1.4826 * float(np.median(np.abs(steps - change)))
    outside = max(float(at_step.min()) - value, value - float(at_step.max()), 0.0)
    return value + change, math.hypot(spread, OUTSIDE * outside)


def _unsure(trials: Sequence[Observation], step: int) -> float:
    """Give the width of what trials had at a step: from the best to the median."""
    there = [value for trial in trials for at, value in trial.curve if at == step and math.isfinite(value)]
    return float(np.median(there) - min(there)) if there else 0.0
