"""The end of a generation: where a trial of a population waits for the others."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from sturgeon.search import Observation, PopulationBasedTraining, Record
from sturgeon.stopping import CONTINUE, Decision, Pause, Stop, Stopping, StoppingContext


@dataclass(frozen=True)
class Generations(Stopping):
    """Put each trial aside at the end of a generation, until the worst of it have been replaced.

    Attributes:
        search: What the population is.
        trials: How many trials the study may have, copies included; None for no bound. Once there are so
            many no copy is made, and nobody waits.
    """

    name: ClassVar[str] = "generations"

    search: PopulationBasedTraining
    trials: int | None = None

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Pause at the end of a generation; see ``Stopping.decide``."""
        generation = self.search.generation(trial)
        if generation <= self.search.decided(peers) or self.is_full(peers):
            return CONTINUE
        step, value = trial.curve[-1]
        if context.is_last(step):
            return CONTINUE
        if not isfinite(value):
            return Stop(f"Population-based training: {context.put(value)} at step {step}.")
        return Pause(
            f"Population-based training: generation {generation} ended at step {step} with "
            f"{context.put(value)}."
        )

    def milestone(self, number: int, step: int, context: StoppingContext) -> int | None:
        """The end of the generation that a trial is in; see ``Stopping.milestone``."""
        end = (step // self.search.interval + 1) * self.search.interval
        return None if context.is_last(end) else end

    def is_full(self, record: Record) -> bool:
        """Whether there are as many trials as there may be."""
        return self.trials is not None and len(record) >= self.trials
