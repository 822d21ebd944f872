"""How much each hyperparameter mattered in a study, and whether the notes' order of priority held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sturgeon.space import Space
from sturgeon.study.ped_anova import columns_of, importance_of
from sturgeon.study.trial import TrialRecord

FEWEST = 20
TOP_SHARE = 0.1
FEWEST_TOP = 5
SHUFFLES = 50
HELD = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """How much one hyperparameter mattered.

    Attributes:
        name: Its name.
        share: Its part of all that mattered, in [0, 1]; all shares add up to 1, or are 0.
        priority: Its priority: 1 is what the notes tune first.
    """

    name: str
    share: float
    priority: int


@dataclass(frozen=True, slots=True)
class Importance:
    """What mattered in a study; print it for a table.

    Attributes:
        shares: By hyperparameter, what mattered most first; empty where there are too few trials.
        trials: How many trials that ended it rests on.
        correlation: Kendall's rank correlation τ_b of importance and priority, in [-1, 1]: 1 where the
            more important always has the lower priority number; None where there is no order to compare.
        verdict: In a sentence: did the notes' order hold here?
    """

    shares: tuple[Share, ...]
    trials: int
    correlation: float | None
    verdict: str

    def __str__(self) -> str:
        lines = [f"{one.share:6.1%}  {one.name} (priority {one.priority})" for one in self.shares]
        return "\n".join([*lines, self.verdict])


def measure_importance(space: Space, trials: Sequence[TrialRecord], sign: float) -> Importance:
    """Measure it by PED-ANOVA on the trials that ended.

    The best tenth (at least 5) is compared with all. A trial stopped early ranks behind the complete ones,
    a failed one last: a learning rate that diverges is a fact about the learning rate. From each
    importance what a random tenth would give is subtracted, since few trials never look quite alike.

    Args:
        space: What varies.
        trials: The trials of a study.
        sign: 1 where the value is minimised, -1 where it is maximised.

    Returns:
        The importance; without shares where fewer than 20 trials have a value.
    """
    ended = [one for one in trials if one.state in ("complete", "stopped", "failed")]
    valued = [value for one in ended if (value := _value(one)) is not None]
    if len(valued) < FEWEST:
        verdict = f"Importance needs {FEWEST} trials with a value; there are {len(valued)}."
        return Importance((), len(ended), None, verdict)
    if min(valued) == max(valued) and len(valued) == len(ended):
        return _conclude(space, dict.fromkeys(space.coordinates, 0.0), len(ended))
    columns = columns_of(space, space.to_unit([one.config for one in ended]))
    top = _top(ended, sign)
    rng = np.random.default_rng(0)
    shuffled = [rng.permutation(top) for _ in range(SHUFFLES)]
    found = {}
    for name, column in columns.items():
        chance = np.mean([importance_of(column, random_top) for random_top in shuffled])
        found[name] = max(0.0, importance_of(column, top) - float(chance))
    return _conclude(space, found, len(ended))


def _value(trial: TrialRecord) -> float | None:
    known = trial.state != "failed" and trial.value is not None and math.isfinite(trial.value)
    return trial.value if known else None


def _top(ended: Sequence[TrialRecord], sign: float) -> npt.NDArray[np.bool_]:
    def rank(index: int) -> tuple[bool, bool, float]:
        value = _value(ended[index])
        return value is None, ended[index].state == "stopped", 0.0 if value is None else sign * value

    size = max(FEWEST_TOP, math.ceil(TOP_SHARE * len(ended)))
    top = np.zeros(len(ended), dtype=bool)
    top[sorted(range(len(ended)), key=rank)[:size]] = True
    return top


def _conclude(space: Space, found: dict[str, float], trials: int) -> Importance:
    total = sum(found.values())
    shares = [
        Share(name, value / total if total else 0.0, space[name].priority) for name, value in found.items()
    ]
    shares.sort(key=lambda one: (-one.share, one.priority))
    if not total:
        return Importance(tuple(shares), trials, None, "Nothing that varied mattered measurably.")
    tau = rank_correlation([-one.priority for one in shares], [one.share for one in shares])
    return Importance(tuple(shares), trials, tau, _verdict(shares, tau))


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
