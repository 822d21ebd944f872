"""Stop a trial that is worse than half of its peers."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import ClassVar

from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.curves import bests_until, last_step
from sturgeon.stopping.decision import CONTINUE, Decision, Stop


@dataclass(frozen=True)
class MedianRule(Stopping):
    """Stop a trial whose best value so far is worse than the median of its peers' at the same step.

    A peer is any trial that got as far. Best values so far are compared, so that one noisy step
    neither stops a trial nor saves it. Later trials meet peers that had to pass the same test, so the
    rule gets stricter with the steps.

    Source: Golovin et al., Google Vizier: a service for black-box optimization, KDD (2017), section 3.4.

    Attributes:
        warm_up: Steps in which nothing is stopped, from 0.
        at_least: How many peers must have got as far, at least 1.

    Example:
        >>> peers = Record(Observation(n, {}, "complete", n / 10, ((1, n / 10),)) for n in range(5))
        >>> trial = Observation(5, {}, "running", curve=((1, 0.35),))
        >>> MedianRule(warm_up=0).decide(trial, peers, StoppingContext("loss")).why
        'Median rule: loss 0.35 at step 1 is above 0.2, the median of 5 trials.'
    """

    name: ClassVar[str] = "median"

    warm_up: int = 3
    at_least: int = 5

    def __post_init__(self) -> None:
        check_whole("warm_up", self.warm_up, least=0, example="MedianRule(warm_up=3)")
        check_whole("at_least", self.at_least, least=1, example="MedianRule(at_least=5)")

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Stop the worse half; see ``Stopping.decide``."""
        step = last_step(trial)
        if step <= self.warm_up or context.is_last(step):
            return CONTINUE
        own, values = bests_until(trial, peers, step)
        if own is None or len(values) < self.at_least:
            return CONTINUE
        bar = median(values)
        if own <= bar:
            return CONTINUE
        return Stop(
            f"Median rule: {context.put(own)} at step {step} is {context.worse} {context.number(bar)}, "
            f"the median of {len(values)} trials."
        )
