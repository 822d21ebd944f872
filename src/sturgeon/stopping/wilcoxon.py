"""Stop a trial that is worse than the best one on most of the same cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

from sturgeon.errors import InputError
from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.curves import finite_or_worst, last_step, others
from sturgeon.stopping.decision import CONTINUE, Decision, Stop


@dataclass(frozen=True)
class WilcoxonRule(Stopping):
    """Stop a trial that a signed-rank test finds worse than the best complete trial, case by case.

    For functions whose steps are not epochs but cases of equal standing: the folds of a cross-validation, or
    problems that a solver is tried on, each reported as ``trial.report(step=case, loss=…)`` in a loop over
    ``trial.epochs(cases)``, or in one that returns when ``trial.stopped`` is true. The values of
    the same case are paired, so that a hard case does not count against the trial. A trial whose mean over
    the shared cases is the better one always goes on.

    Source: Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1(6), 1945.

    Attributes:
        p: The probability, above 0 and below 1, below which a difference is no chance.
        at_least: How many cases both must have, at least 2.

    Example:
        >>> best = Observation(0, {}, "complete", 0.2, tuple((case, 0.2) for case in range(1, 9)))
        >>> worse = tuple((case, 0.3 + case / 100) for case in range(1, 6))
        >>> trial = Observation(1, {}, "running", None, worse)
        >>> WilcoxonRule().decide(trial, Record([best]), StoppingContext("loss")).why
        'Wilcoxon rule: loss 0.33 on average over 5 cases is above 0.2, that of trial 0 (p = 0.031).'
    """

    name: ClassVar[str] = "wilcoxon"

    p: float = 0.1
    at_least: int = 4

    def __post_init__(self) -> None:
        check_whole("at_least", self.at_least, least=2, example="WilcoxonRule(at_least=4)")
        if not isinstance(self.p, int | float) or isinstance(self.p, bool) or not 0 < self.p < 1:
            raise InputError(f"`p` must be above 0 and below 1; got {self.p!r}. Write WilcoxonRule(p=0.1).")

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Stop a trial that is worse beyond chance; see ``Stopping.decide``."""
        complete = [one for one in others(trial, peers) if one.state == "complete" and one.value is not None]
        if not complete or context.is_last(last_step(trial)):
            return CONTINUE
        best = min(complete, key=lambda one: (finite_or_worst(one.value or 0.0), one.number))
        theirs = {step: value for step, value in best.curve if math.isfinite(value)}
        pairs = [(finite_or_worst(value), theirs[step]) for step, value in trial.curve if step in theirs]
        if len(pairs) < self.at_least:
            return CONTINUE
        own, other = fmean(mine for mine, _ in pairs), fmean(value for _, value in pairs)
        if not own > other:
            return CONTINUE
        p = _probability([mine - value for mine, value in pairs])
        if p >= self.p:
            return CONTINUE
        return Stop(
            f"Wilcoxon rule: {context.put(own)} on average over {len(pairs)} cases is {context.worse} "
            f"{context.number(other)}, that of trial {best.number} (p = {p:.2g})."
        )


def _probability(differences: list[float]) -> float:
    """How probable differences as large are where they are as often negative as positive."""
    from scipy.stats import wilcoxon

    largest = max((abs(one) for one in differences if math.isfinite(one)), default=1.0)
    finite = [min(one, 2 * largest + 1) for one in differences]
    if not any(finite):
        return 1.0
    tested: Any = wilcoxon(finite, alternative="greater", zero_method="zsplit")
    return float(tested.pvalue)
