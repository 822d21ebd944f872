"""What a study's trials say of the whole space, wherever its search looked.

The trials of a search that learns crowd where it found good values. Comparing them with each other says where
the search looked, not what matters. So a forest learns the value of a configuration, and importance is read
from its predictions at points spread evenly over the space.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sturgeon.space import Space
from sturgeon.space.scales import Floats
from sturgeon.study.importance.forest import predict_by_forest
from sturgeon.study.trial import TrialRecord

POINTS = 4096
RESAMPLES = 20
TREES = 20
MOST_TRIALS = 1000
"""The most trials in a resample: a forest's time stops growing there."""
MOST_SLOTS = 5_000
"""The most trials in all trees of a forest together: many trials need fewer trees."""
FAR = 5.0
"""How far beyond the 90 % quantile values are cut off, in distances of that quantile from the best."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Points spread evenly over a space; its constraint is not asked.

    Attributes:
        unit: Points of the unit cube, ``[points, hyperparameters]``; NaN where one is not active.
        full: The same with a random value in the place of each NaN.
    """

    unit: Floats
    full: Floats


def sample_evenly(space: Space, rng: np.random.Generator) -> Sample:
    """Draw points from the prior of a space: uniform on the scale of each hyperparameter."""
    drawn = rng.random((POINTS, len(space.coordinates)))
    unit = space.to_unit(space.from_unit(drawn))
    return Sample(unit, np.where(np.isnan(unit), drawn, unit))


def values_of(ended: Sequence[TrialRecord], sign: float) -> Floats:
    """Give each trial a value to be minimised.

    A failed trial counts as the worst: a learning rate that diverges is a fact about the learning rate. One
    stopped early counts as no better than the median of the complete ones. Values far beyond the rest are
    cut off.

    Args:
        ended: Trials that ended, at least one of them with a value.
        sign: 1 where the value is minimised, -1 where it is maximised.
    """
    raw = np.array([sign * value if (value := value_of(one)) is not None else math.inf for one in ended])
    complete = np.array([one.state == "complete" for one in ended]) & np.isfinite(raw)
    if complete.any():
        stopped = np.array([one.state == "stopped" for one in ended])
        raw = np.where(stopped, np.maximum(raw, np.median(raw[complete])), raw)
    known = raw[np.isfinite(raw)]
    ninth = float(np.quantile(known, 0.9))
    limit = ninth + FAR * (ninth - float(known.min()))
    return np.minimum(np.where(np.isfinite(raw), raw, known.max()), limit)


def value_of(trial: TrialRecord) -> float | None:
    """Give a trial's value, where it has one that is a number."""
    known = trial.state != "failed" and trial.value is not None and math.isfinite(trial.value)
    return trial.value if known else None


def predict_resampled(
    unit: Floats, values: Floats, full: Floats, rng: np.random.Generator
) -> Iterator[Floats]:
    """Predict the values at some points, each time by a forest of another resample of the trials.

    A hyperparameter that is not active has no influence, so it gets a random value: a forest then finds it
    irrelevant there, and the space becomes a product of independent hyperparameters.

    Args:
        unit: The trials in the unit cube; ``[trials, hyperparameters]``.
        values: Their values.
        full: Where to predict, without NaN.
        rng: The source of randomness.

    Yields:
        The predictions at ``full``, ``RESAMPLES`` times.

    Source: Efron, Bootstrap methods, Annals of Statistics 7 (1979).
    """
    size, points = min(len(values), MOST_TRIALS), full.astype(np.float32)
    for number in range(RESAMPLES):
        rows = rng.integers(len(values), size=size)
        chosen = np.where(np.isnan(unit[rows]), rng.random((size, unit.shape[1])), unit[rows])
        yield predict_by_forest(
            chosen.astype(np.float32),
            values[rows],
            points,
            trees=min(TREES, MOST_SLOTS // size),
            rng=np.random.default_rng(number),
        )
