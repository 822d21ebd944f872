"""Stop a trial whose value leaves what is sensible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from sturgeon.errors import InputError
from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.curves import last_step
from sturgeon.stopping.decision import CONTINUE, Decision, Stop


@dataclass(frozen=True)
class ThresholdRule(Stopping):
    """Stop a trial whose last value is below ``lower`` or above ``upper``, or is no finite number.

    Without either bound it stops only what is no finite number.

    Attributes:
        lower: The lowest value that is sensible, in the metric's own numbers; None for any.
        upper: The highest one; None for any.
        warm_up: Steps in which nothing is stopped, from 0.

    Example:
        >>> trial = Observation(0, {}, "running", curve=((1, 0.7), (2, 9.5)))
        >>> ThresholdRule(upper=5.0).decide(trial, Record(), StoppingContext("loss")).why
        'Threshold rule: loss 9.5 at step 2 is above 5.'
    """

    name: ClassVar[str] = "threshold"

    lower: float | None = None
    upper: float | None = None
    warm_up: int = 0

    def __post_init__(self) -> None:
        check_whole("warm_up", self.warm_up, least=0, example="ThresholdRule(upper=5.0, warm_up=3)")
        for name in ("lower", "upper"):
            bound = getattr(self, name)
            number = isinstance(bound, int | float) and not isinstance(bound, bool) and math.isfinite(bound)
            if bound is not None and not number:
                raise InputError(f"`{name}` must be a finite number; got {bound!r}. Leave it out for none.")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise InputError(
                f"`lower` must be below `upper`; got lower={self.lower!r}, upper={self.upper!r}. Swap them."
            )

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Stop a trial that is beyond a bound; see ``Stopping.decide``."""
        step = last_step(trial)
        if not trial.curve or step <= self.warm_up or context.is_last(step):
            return CONTINUE
        value = -trial.curve[-1][1] if context.maximize else trial.curve[-1][1]
        told = f"Threshold rule: {context.put(trial.curve[-1][1])} at step {step} is"
        if not math.isfinite(value):
            return Stop(f"{told} no finite number.")
        if self.lower is not None and value < self.lower:
            return Stop(f"{told} below {self.lower:.4g}.")
        if self.upper is not None and value > self.upper:
            return Stop(f"{told} above {self.upper:.4g}.")
        return CONTINUE
