"""Stop a trial that is not among the best share of its peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sturgeon.errors import InputError
from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.curves import bests_until, last_step
from sturgeon.stopping.decision import CONTINUE, Decision, Stop


@dataclass(frozen=True)
class PercentileRule(Stopping):
    """Stop a trial whose best value so far is not among the best share of its peers' at the same step.

    The median rule with another share: with 0.25 only the best quarter goes on. A peer is any trial that got
    as far.

    Attributes:
        share: The share that goes on, above 0 and below 1.
        warm_up: Steps in which nothing is stopped, from 0.
        at_least: How many peers must have got as far, at least 1.

    Example:
        >>> peers = Record(Observation(n, {}, "complete", n / 10, ((1, n / 10),)) for n in range(9))
        >>> trial = Observation(9, {}, "running", curve=((1, 0.35),))
        >>> PercentileRule(share=0.25, warm_up=0).decide(trial, peers, StoppingContext("loss")).why
        'Percentile rule: loss 0.35 at step 1 is above 0.2, which the best 25 % of 9 trials had.'
    """

    name: ClassVar[str] = "percentile"

    share: float = 0.25
    warm_up: int = 3
    at_least: int = 5

    def __post_init__(self) -> None:
        if not isinstance(self.share, int | float) or isinstance(self.share, bool) or not 0 < self.share < 1:
            raise InputError(
                f"`share` must be above 0 and below 1; got {self.share!r}. Write PercentileRule(share=0.25)."
            )
        check_whole("warm_up", self.warm_up, least=0, example="PercentileRule(warm_up=3)")
        check_whole("at_least", self.at_least, least=1, example="PercentileRule(at_least=5)")

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Stop what is not among the best; see ``Stopping.decide``."""
        step = last_step(trial)
        if step <= self.warm_up or context.is_last(step):
            return CONTINUE
        own, values = bests_until(trial, peers, step)
        if own is None or len(values) < self.at_least:
            return CONTINUE
        # Of the values themselves, as infinities cannot be interpolated.
        bar = float(np.quantile(values, self.share, method="inverted_cdf"))
        if own <= bar:
            return CONTINUE
        return Stop(
            f"Percentile rule: {context.put(own)} at step {step} is {context.worse} {context.number(bar)}, "
            f"which the best {self.share:.0%} of {len(values)} trials had.".replace("%", " %")
        )
