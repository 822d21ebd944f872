"""How much each hyperparameter mattered in a study, and whether the notes' order of priority held.

Two measures, both of a forest's predictions at points spread evenly over the space (``surrogate.py``), so
that it does not matter where the search looked. PED-ANOVA asks what decides whether a configuration is among
the best tenth; fANOVA asks what explains the variance, most of which lies among the bad ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sturgeon.errors import InputError
from sturgeon.space import Space
from sturgeon.space.scales import Floats
from sturgeon.study.importance.fanova import main_effect
from sturgeon.study.importance.ped_anova import columns_of, density_of, importance_of
from sturgeon.study.importance.surrogate import Sample, predict_resampled, sample_evenly, value_of, values_of
from sturgeon.study.trial import TrialRecord

Method = Literal["ped-anova", "fanova"]

FEWEST = 16
TOP_SHARE = 0.1
SHUFFLES = 20
INTERVAL = (0.05, 0.95)
HELD = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """How much one hyperparameter mattered.

    Attributes:
        name: Its name.
        share: Its part of all that mattered, in [0, 1]; all shares add up to 1, or are 0.
        priority: Its priority: 1 is what the notes tune first.
        low: Where its 90 % interval over resamples of the trials begins.
        high: Where that ends.
    """

    name: str
    share: float
    priority: int
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Importance:
    """What mattered in a study; print it for a table.

    Attributes:
        shares: By hyperparameter, what mattered most first; empty where there are too few trials.
        trials: How many trials that ended it rests on.
        correlation: Kendall's rank correlation τ_b of importance and priority, in [-1, 1]: 1 where the
            more important always has the lower priority number; None where there is no order to compare.
        verdict: In a sentence: did the notes' order hold here?
        method: How it was measured: ``"ped-anova"`` or ``"fanova"``.
    """

    shares: tuple[Share, ...]
    trials: int
    correlation: float | None
    verdict: str
    method: Method = "ped-anova"

    def __str__(self) -> str:
        lines = [
            f"{one.share:4.0%}  {f'{one.low:.0%}–{one.high:.0%}':>9}  {one.name} (priority {one.priority})"
            for one in self.shares
        ]
        return "\n".join([*lines, self.verdict])


def measure_importance(
    space: Space, trials: Sequence[TrialRecord], sign: float, method: Method = "ped-anova"
) -> Importance:
    """Measure it on the trials that ended.

    Shares are means over resamples of the trials, and the intervals hold nine tenths of these. What as many
    random points would give is subtracted, so that what does not matter has about 0.

    Args:
        space: What varies. Its constraint is not asked: importance is that in the whole space.
        trials: The trials of a study.
        sign: 1 where the value is minimised, -1 where it is maximised.
        method: ``"ped-anova"``, what decides about the best tenth, or ``"fanova"``, what explains the
            variance: main effects only. A hyperparameter that is not always active counts there as without
            effect where it is not.

    Returns:
        The importance; without shares where fewer than 16 trials have a value.

    Raises:
        InputError: There is no such method.
    """
    if method not in get_args(Method):
        names = " or ".join(repr(name) for name in get_args(Method))
        raise InputError(f"`method` must be {names}; got {method!r}. Leave it out for the first.")
    ended = [one for one in trials if one.state in ("complete", "stopped", "failed")]
    valued = [value for one in ended if (value := value_of(one)) is not None]
    if len(valued) < FEWEST:
        verdict = f"Importance needs {FEWEST} trials with a value; there are {len(valued)}."
        return Importance((), len(ended), None, verdict, method)
    values = values_of(ended, sign)
    if len(valued) < len(ended) and min(valued) == max(valued):
        values = np.array([float(value_of(one) is None) for one in ended])
    names = space.coordinates
    if values.min() == values.max() or not names:
        return _conclude(space, np.zeros((1, len(names))), len(ended), method)
    rng = np.random.default_rng(0)
    sample = sample_evenly(space, rng)
    unit = space.to_unit([one.config for one in ended])
    predictions = list(predict_resampled(unit, values, sample.full, rng))
    measure = _ped_anova if method == "ped-anova" else _fanova
    return _conclude(space, measure(space, sample, predictions, rng), len(ended), method)


def _ped_anova(
    space: Space, sample: Sample, predictions: Sequence[Floats], rng: np.random.Generator
) -> Floats:
    columns = [(column, density_of(column)) for column in columns_of(space, sample.unit).values()]

    def measure(top: npt.NDArray[np.bool_]) -> list[float]:
        return [importance_of(column, top, of_all) for column, of_all in columns]

    found = np.array([measure(_top(one)) for one in predictions])
    chance = np.mean([measure(rng.permutation(_top(predictions[0]))) for _ in range(SHUFFLES)], axis=0)
    return np.maximum(0.0, found - chance)


def _fanova(space: Space, sample: Sample, predictions: Sequence[Floats], rng: np.random.Generator) -> Floats:
    columns = list(columns_of(space, sample.full).values())
    return np.array([[main_effect(column, one) for column in columns] for one in predictions])


def _top(predicted: Floats) -> npt.NDArray[np.bool_]:
    """The best tenth of the points."""
    top = np.zeros(len(predicted), dtype=bool)
    top[np.argsort(predicted, kind="stable")[: math.ceil(TOP_SHARE * len(predicted))]] = True
    return top


def _conclude(space: Space, found: Floats, trials: int, method: Method) -> Importance:
    """Make shares of what was found, ``[resamples, hyperparameters]``."""
    totals = found.sum(axis=1, keepdims=True)
    each = np.divide(found, totals, out=np.zeros_like(found), where=totals > 0)
    whole = float(each.mean(axis=0).sum())
    low, high = np.quantile(each, INTERVAL, axis=0)
    shares = [
        Share(name, float(mean) / whole if whole else 0.0, space[name].priority, float(begin), float(end))
        for name, mean, begin, end in zip(space.coordinates, each.mean(axis=0), low, high, strict=True)
    ]
    shares.sort(key=lambda one: (-one.share, one.priority))
    if not whole:
        verdict = "Nothing that varied mattered measurably."
        return Importance(tuple(shares), trials, None, verdict, method)
    tau = rank_correlation([-one.priority for one in shares], [one.share for one in shares])
    return Importance(tuple(shares), trials, tau, _verdict(shares, tau), method)


def _verdict(shares: Sequence[Share], tau: float | None) -> str:
    first = f"{shares[0].name} mattered most"
    if tau is None:
        return f"All that varied has the same priority, so there is no order to compare; {first}."
    held = "held here" if tau >= HELD else "held here in part" if tau > 0 else "did not hold here"
    return f"The notes' order {held}: rank correlation {tau:.2f}; {first}."


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's τ_b, which allows for ties; None where one side is all ties.

    Source: Kendall, The treatment of ties in ranking problems, Biometrika 33 (1945).

    Example:
        >>> rank_correlation([1, 2, 2, 3], [10, 20, 20, 30])
        1.0
    """
    a = np.sign(np.subtract.outer(first, first))
    b = np.sign(np.subtract.outer(second, second))
    norm = float(np.abs(a).sum()) * float(np.abs(b).sum())
    return float((a * b).sum() / math.sqrt(norm)) if norm else None
