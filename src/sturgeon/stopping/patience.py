"""Stop a trial that no longer improves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from sturgeon.errors import InputError
from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.curves import finite_or_worst
from sturgeon.stopping.decision import CONTINUE, Decision, Stop


@dataclass(frozen=True)
class Patience(Stopping):
    """Stop a trial whose best value is some steps old; peers play no part.

    It saves the epochs after a training has converged or begun to overfit. With a learning rate that falls
    at the end, a plateau in the middle is no sign of the end: give it more steps there, or another rule.

    Source: Prechelt, Early stopping, but when? (1998).

    Attributes:
        steps: How many steps without an improvement are too many, at least 1.
        min_delta: By how much a value must be better to be an improvement, from 0.

    Example:
        >>> trial = Observation(0, {}, "running", curve=((1, 0.5), (2, 0.6), (3, 0.55)))
        >>> Patience(steps=2).decide(trial, Record(), StoppingContext("loss")).why
        'Patience: loss 0.5 at step 1 was not improved on in 2 steps.'
    """

    name: ClassVar[str] = "patience"

    steps: int = 10
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        check_whole("steps", self.steps, least=1, example="Patience(steps=10)")
        if isinstance(self.min_delta, bool) or not 0 <= self.min_delta < float("inf"):
            raise InputError(
                f"`min_delta` must be a number from 0; got {self.min_delta!r}. "
                "Write Patience(min_delta=0.001)."
            )

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Stop where the best value is too old; see ``Stopping.decide``."""
        if not trial.curve or context.is_last(trial.curve[-1][0]):
            return CONTINUE
        best_step, best = trial.curve[0][0], math.inf
        for step, reported in trial.curve:
            value = finite_or_worst(reported)
            if value < best - self.min_delta:
                best_step, best = step, value
        if trial.curve[-1][0] - best_step < self.steps:
            return CONTINUE
        return Stop(
            f"Patience: {context.put(best)} at step {best_step} was not improved on in {self.steps} steps."
        )
