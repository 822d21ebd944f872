"""What the record says, in a form that a model can learn from and that no single value can upset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.search.model.curves import foretell
from sturgeon.search.record import Observation, Record
from sturgeon.space import Space
from sturgeon.space.scales import Floats

CLIP = 3.0
FAILURE_VARIANCE = 0.1
LARGEST = 1e150


@dataclass(frozen=True)
class Seen:
    """The trials of a record, in columns.

    Attributes:
        unit: Points of the unit cube of all trials that say something, shape ``n × coordinates``.
        values: What each is worth, to be minimised; inf where it failed or diverged.
        errors: How unsure each value is, a standard deviation; 0 where the trial ended.
        pending: Points of those that say nothing yet.
        rows: Positions in the record of those that say something.
    """

    unit: Floats
    values: Floats
    errors: Floats
    pending: Floats
    rows: npt.NDArray[np.intp]

    @property
    def succeeded(self) -> int:
        """How many have a finite value."""
        return int(np.isfinite(self.values).sum())


def read(space: Space, record: Record) -> Seen:
    """Read the record: values of those that ended, forecasts of those with a curve only.

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
    forecasts = foretell(trials)
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
    return Seen(unit[known], values[known], errors[known], unit[~known], np.flatnonzero(known))


def targets(seen: Seen) -> tuple[Floats, Floats]:
    """Turn values into targets of mean 0 and variance 1, and their errors into variances.

    Only the better half tells a search where to go, so what is worse than the median by more than twice the
    distance between the median and the best is cut off there; failures stand at the cut too. A value
    of 1e9 therefore counts as any other bad one.

    Args:
        seen: At least one finite value.

    Returns:
        The targets and their variances, each of shape ``n``.
    """
    finite = seen.values[np.isfinite(seen.values)]
    best, median = float(finite.min()), float(np.median(finite))
    width = median - best
    if width <= 0.0:
        # More than half share the best value: those that do not are all worse, and by how much cannot matter.
        worse = finite[finite > best]
        width = float(worse.min()) - best if len(worse) else 0.0
    if not width > 1e-12 * max(abs(best), abs(median), 1e-300):
        flat = np.where(np.isfinite(seen.values), 0.0, 1.0)
        return flat, np.where(np.isfinite(seen.values), 0.0, FAILURE_VARIANCE)
    cut = np.minimum(np.maximum(seen.values, best), best + CLIP * width)
    raised = (cut - best) / width
    spread = max(float(raised.std()), 1e-9)
    variance = np.minimum(seen.errors / width / spread, 10.0) ** 2
    variance = np.where(np.isfinite(seen.values), variance, FAILURE_VARIANCE)
    return (raised - raised.mean()) / spread, variance


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
