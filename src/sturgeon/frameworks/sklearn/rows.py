"""The rows of a search's results: what is kept of a candidate, and which metric guides."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from sturgeon.errors import InputError
from sturgeon.study import TrialRecord

_SPLIT = re.compile(r"split\d+_")


@dataclass(frozen=True)
class Row:
    """A candidate among the results that scikit-learn does not keep.

    Attributes:
        parameters: What it was fitted with.
        seconds: How long its fits took together.
        fits: Makes what one fold's fit came to, in the form of another and by the fold's number; None where
            all failed.
        steps: How many steps it was trained for, where it was trained step by step.
        stopped: Whether it was stopped early.
    """

    parameters: dict[str, Any]
    seconds: float
    fits: Callable[[dict[str, Any], int], dict[str, Any]] | None
    steps: int | None = None
    stopped: bool = False


def with_steps(results: dict[str, Any], rows: Sequence[Row | None]) -> dict[str, Any]:
    """Say in the results which candidates were stopped, and rank these behind those that were not.

    A score of a part of a training is not of the same as one of the whole: what was stopped does not become
    the best, however good it was then.

    Args:
        results: As scikit-learn makes them.
        rows: The candidates; None for one that scikit-learn evaluated.
    """
    steps = [None if row is None else row.steps for row in rows]
    whole = max((one for one in steps if one is not None), default=None)
    if whole is None:
        return results
    stopped = np.array([row is not None and row.stopped for row in rows])
    results["n_resources"] = np.array([whole if one is None else one for one in steps])
    results["stopped"] = stopped
    behind = stopped | np.array([row is not None and row.fits is None for row in rows])
    for name in [name for name in results if name.startswith("rank_test_")] if stopped.any() else ():
        failed = ~np.isfinite(results[f"mean_{name.removeprefix('rank_')}"])
        level = np.where(failed, 2, behind) * (len(rows) + 1)
        results[name] = rankdata(results[name] + level, method="min").astype(np.int32)
    return results


def fits_of(trial: TrialRecord) -> Callable[[dict[str, Any], int], dict[str, Any]]:
    """Read what the fits of a candidate came to from what the study kept of them."""
    kept = trial.metrics

    def fit(like: dict[str, Any], fold: int) -> dict[str, Any]:
        made = {**like, "fit_error": None}
        made["fit_time"] = kept.get("mean_fit_time", 0.0)
        made["score_time"] = kept.get("mean_score_time", 0.0)
        for which in ("test", "train"):
            scores = like.get(f"{which}_scores")
            if isinstance(scores, dict):
                made[f"{which}_scores"] = {
                    name: kept.get(f"split{fold}_{which}_{name}", math.nan) for name in scores
                }
            elif scores is not None:
                made[f"{which}_scores"] = kept.get(f"split{fold}_{which}_score", math.nan)
        return made

    return fit


def guiding_metric(results: Iterable[str], refit: Any) -> str:
    """The metric that a search is guided by: the only one, or the one that ``refit`` names.

    Raises:
        InputError: There are several, and ``refit`` names none of them.

    Example:
        >>> guiding_metric(["mean_test_recall", "mean_test_precision"], "recall")
        'recall'
    """
    known = [name.removeprefix("mean_test_") for name in results if name.startswith("mean_test_")]
    if len(known) == 1:
        return known[0]
    if refit not in known:
        raise unguided(refit, known)
    return refit


def unguided(refit: Any, known: list[str]) -> InputError:
    """Say that of several metrics none is to guide."""
    return InputError(
        f"With several metrics `refit` must name the one to search by; got {refit!r}. "
        f"Give one of {', '.join(map(repr, known))}."
    )


def kept_of(results: Mapping[str, Any], position: int) -> dict[str, float]:
    """What else of a candidate is worth keeping: finite means, deviations, and scores of each fold."""
    found = {
        name: float(values[position])
        for name, values in results.items()
        if name.startswith(("mean_", "std_")) or _SPLIT.match(name)
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}
