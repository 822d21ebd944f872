"""What a model learns from: outcomes of trials, forecasts of unfinished ones, and targets of both.

No single value can upset it: what is far worse than the median counts as any other bad one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.search.folds import standard_errors
from sturgeon.search.record import Observation, Record
from sturgeon.space import Space
from sturgeon.space.scales import Floats

LARGEST = 1e150

# Forecasts: how many complete trials it takes, and how unsure it is beyond what they had.
FEWEST_PEERS = 3
OUTSIDE = 0.25

# Targets: the cut above the best, in distances from the best to the median; s² of a failure.
CLIP = 3.0
FAILURE_VARIANCE = 0.1


@dataclass(frozen=True)
class Outcomes:
    """What came of the trials of a record, in arrays.

    Attributes:
        unit: Points of the unit cube of all trials that say something, shape ``n × coordinates``.
        values: What each is worth, to be minimised; inf where it failed or diverged.
        errors: How unsure each value is as a forecast, a standard deviation; 0 where the trial ended.
        noise: How unsure each value is where it is a mean over folds, likewise; 0 where nothing is known.
        pending: Points of those that say nothing yet.
        rows: Positions in the record of those that say something; -1 for trials of an old record.
        recalled: How many of them, the first, are of an old record; see ``sturgeon.search.model.recall``.
    """

    unit: Floats
    values: Floats
    errors: Floats
    noise: Floats
    pending: Floats
    rows: npt.NDArray[np.intp]
    recalled: int = 0

    @property
    def sure(self) -> npt.NDArray[np.bool_]:
        """Which values are what the trial is worth, as far as anyone knows."""
        return (self.errors == 0.0) & (self.noise == 0.0)

    @property
    def succeeded(self) -> int:
        """How many have a finite value."""
        return int(np.isfinite(self.values).sum())


def read_outcomes(space: Space, record: Record) -> Outcomes:
    """Read the record: values of trials that ended, forecasts of those with a curve only.

    Args:
        space: What may vary.
        record: The trials so far.

    Returns:
        The trials that say something, and where the others are.

    Raises:
        SpaceError: A configuration is not of this space.
    """
    trials = list(record)
    unit = _points(space, trials)
    values = np.full(len(trials), np.nan)
    errors = np.zeros(len(trials))
    forecasts = forecast_finals(trials)
    for row, trial in enumerate(trials):
        if trial.state == "failed":
            values[row] = math.inf
        elif trial.state == "complete":
            values[row] = _or_worst(trial.value)
        elif row in forecasts:
            values[row], errors[row] = forecasts[row]
        elif trial.value is not None:
            values[row] = _or_worst(trial.value)
    known = ~np.isnan(values)
    noise = _fold_noise(trials)
    return Outcomes(
        unit[known], values[known], errors[known], noise[known], unit[~known], np.flatnonzero(known)
    )


def _fold_noise(trials: Sequence[Observation]) -> Floats:
    """The standard errors of complete trials; those with another number of folds than most count as sure."""
    noise = np.zeros(len(trials))
    folds = [len(trial.folds) if trial.state == "complete" else 0 for trial in trials]
    number = max((count for count in folds if count >= 2), key=folds.count, default=0)
    rows = [
        row
        for row, trial in enumerate(trials)
        if number and folds[row] == number and all(map(math.isfinite, trial.folds))
    ]
    if rows:
        noise[rows] = standard_errors(np.array([trials[row].folds for row in rows]))
    return noise


def _points(space: Space, trials: Sequence[Observation]) -> Floats:
    try:
        return space.to_unit([trial.config for trial in trials])
    except SpaceError as wrong:
        raise SpaceError(
            f"A record must hold configurations of the space that is searched; {wrong} "
            "Give the search the space that the trials are from."
        ) from wrong


def _or_worst(value: float | None) -> float:
    if value is None or not math.isfinite(value):
        return math.inf
    return min(max(value, -LARGEST), LARGEST)


def forecast_finals(trials: Sequence[Observation]) -> dict[int, tuple[float, float]]:
    """Forecast the final value of every trial that has a curve but was not trained to the end.

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
    complete = [
        (dict(trial.curve), trial.value)
        for trial in trials
        if unfinished and trial.state == "complete" and trial.value is not None and math.isfinite(trial.value)
    ]
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


def standardize(outcomes: Outcomes) -> tuple[Floats, Floats]:
    """Turn values into targets y of mean 0 and variance 1, and their errors into variances s².

    Only the better half tells a search where to go, so what is worse than the median by more than twice the
    distance between the median and the best is cut off there; failures stand at the cut too. A value
    of 1e9 therefore counts as any other bad one.

    Args:
        outcomes: At least one finite value.

    Returns:
        The targets and their variances, each of shape ``n``.
    """
    finite = outcomes.values[np.isfinite(outcomes.values)]
    best, median = float(finite.min()), float(np.median(finite))
    width = median - best
    if width <= 0.0:
        # More than half share the best value: those that do not are all worse, and by how much cannot matter.
        worse = finite[finite > best]
        width = float(worse.min()) - best if len(worse) else 0.0
    if not width > 1e-12 * max(abs(best), abs(median), 1e-300):
        flat = np.where(np.isfinite(outcomes.values), 0.0, 1.0)
        return flat, np.where(np.isfinite(outcomes.values), 0.0, FAILURE_VARIANCE)
    cut = np.minimum(np.maximum(outcomes.values, best), best + CLIP * width)
    raised = (cut - best) / width
    spread = max(float(raised.std()), 1e-9)
    error = np.hypot(outcomes.errors, _noise_below(best + CLIP * width, outcomes))
    variance = np.minimum(error / width / spread, 10.0) ** 2
    variance = np.where(np.isfinite(outcomes.values), variance, FAILURE_VARIANCE)
    return (raised - raised.mean()) / spread, variance


def _noise_below(cut: float, outcomes: Outcomes) -> Floats:
    """The noise that is left of values once they are cut off: what is far above the cut is surely bad."""
    noise = outcomes.noise
    if not noise.any():
        return noise
    from scipy.special import ndtr

    above = np.where(np.isfinite(outcomes.values), outcomes.values - cut, np.inf)
    return noise * ndtr(-above / np.where(noise > 0, noise, 1.0))


def subset_of_data(values: Floats, count: int) -> npt.NDArray[np.intp]:
    """Choose trials: half of them the best, a quarter the newest, the rest evenly from best to worst.

    The best say where to go, the newest what was learnt since, and the rest that elsewhere is worse.

    Args:
        values: What each trial is worth, to be minimised, in order of their numbers.
        count: How many at most.

    Returns:
        Positions, upwards.

    Example:
        >>> subset_of_data(np.array([5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 7.0, 8.0]), 4).tolist()
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
