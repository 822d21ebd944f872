"""An old record as evidence for the model: as much as it predicts the new trials, and no more.

A Gaussian process of the old trials predicts the new ones. The rank correlation of these predictions with
what the new trials came to says how far the old record is to be trusted; where it is low, the old record is
dropped. Else the old values are brought to the scale of the new ones, by the straight line from predictions
to values, and join the data as noisy observations. All of them together weigh as much as a few new trials, so
that a record that misleads is soon outvoted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sturgeon.search.model.encoding import Encoding
from sturgeon.search.model.gaussian_process import Posterior, Prior, TrainingSet, posterior_mode
from sturgeon.search.model.training_data import Outcomes, standardize
from sturgeon.search.old_record import OldTrial
from sturgeon.space import Space
from sturgeon.space.scales import Floats

BELIEVED = 0.6
"""The rank correlation that is expected before any new trial."""
BELIEVED_TRIALS = 3
"""As much as so many new trials this expectation counts."""
DROPPED = 0.3
"""A rank correlation at which the old record is dropped."""
WORTH = 12
"""All old trials together weigh as much as so many new ones, where they predict these well."""


def recall(outcomes: Outcomes, old: Sequence[OldTrial], space: Space) -> Outcomes:
    """Add an old record to what is known.

    Args:
        outcomes: What came of the new trials.
        old: The old ones, in the same space.
        space: The space.

    Returns:
        The outcomes, with the old trials before the new; as they were where nothing is known of the new
        ones, or the old do not predict them.
    """
    finite = np.isfinite(outcomes.values)
    if len(old) < 3 or finite.sum() < 2 or not space.coordinates:
        return outcomes
    unit = space.to_unit([one.config for one in old])
    values = np.array([one.value for one in old])
    encoding = Encoding(space)
    nothing = np.zeros(len(values))
    before = Outcomes(unit, values, nothing, nothing, unit[:0], np.arange(len(values)))
    targets, variance = standardize(before)
    data = TrainingSet(encoding.features(unit), targets, variance, encoding.coordinate_of)
    posterior = Posterior(data, posterior_mode(data, Prior.of(encoding)))
    predicted = posterior.predict(encoding.features(outcomes.unit[finite]))[0]
    known, _ = standardize(outcomes)
    known = known[finite]
    trust = _trust(predicted, known)
    if trust <= DROPPED:
        return outcomes
    level, slope, spread = _line(predicted, outcomes.values[finite], trust)
    brought = level + slope * targets
    error = spread * np.sqrt(len(values) / WORTH) / trust
    apart = _are_apart(unit, outcomes.unit[finite])
    count = int(apart.sum())
    return replace(
        outcomes,
        unit=np.vstack([unit[apart], outcomes.unit]),
        values=np.concatenate([brought[apart], outcomes.values]),
        errors=np.concatenate([np.full(count, error), outcomes.errors]),
        noise=np.concatenate([np.zeros(count), outcomes.noise]),
        rows=np.concatenate([np.full(count, -1), outcomes.rows]),
        recalled=count,
    )


def _trust(predicted: Floats, known: Floats) -> float:
    """The rank correlation, drawn towards what is expected while there are few trials."""
    ranks = [
        np.argsort(np.argsort(each, kind="stable"), kind="stable").astype(float)
        for each in (predicted, known)
    ]
    seen = (
        float(np.corrcoef(ranks[0], ranks[1])[0, 1]) if known.std() > 0 and predicted.std() > 0 else BELIEVED
    )
    count = len(known)
    return (count * seen + BELIEVED_TRIALS * BELIEVED) / (count + BELIEVED_TRIALS)


def _line(predicted: Floats, values: Floats, trust: float) -> tuple[float, float, float]:
    """From predictions to values: the level, the slope, and the spread around the line.

    What is far above the median counts as less far, as it does everywhere in the model.
    """
    median, best = float(np.median(values)), float(values.min())
    width = max(median - best, 1e-12 * max(abs(median), 1.0))
    values = np.minimum(values, best + 4 * width)
    own = max(float(predicted.std()), 1e-9)
    scale = float(values.std()) / own if len(values) > 3 else width / max(0.5, own)
    slope = max(trust, 0.0) * scale
    level = float(np.median(values - slope * predicted))
    spread = float((values - level - slope * predicted).std())
    return level, slope, max(spread, 0.3 * slope, 1e-9 * max(abs(level), 1.0))


def _are_apart(unit: Floats, others: Floats) -> np.ndarray:
    """Which points were not tried again: the new value of a point that was counts alone."""
    one, other = np.nan_to_num(unit, nan=-1.0), np.nan_to_num(others, nan=-1.0)
    return np.array([bool((np.abs(point - other).max(axis=1) > 1e-9).all()) for point in one])
