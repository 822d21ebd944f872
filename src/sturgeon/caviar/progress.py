"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        done: Trials that have ended, in this run and before.
        running: Trials that have trained at least one epoch and not ended.
        target: Trials wanted in all; None when only the time is bounded.
        epochs: Epochs trained in this run, over all trials.
        epochs_left: Epochs still to train, if no trial is stopped early; None when only the time is bounded.
        seconds: Since the run began.
        budget: Seconds allowed; None without a budget.
        best: Number and value of the best trial so far.
        ended: The trial that ended, or was put aside, just now, if one did.
    """

    done: int
    running: int
    target: int | None
    epochs: int
    epochs_left: int | None
    seconds: float
    budget: float | None
    best: tuple[int, float] | None
    ended: int | None = None
