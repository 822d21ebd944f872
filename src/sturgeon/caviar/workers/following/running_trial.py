"""A running trial: what it reported, and what the stopping rule said of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sturgeon.caviar.workers.messages import Returned
from sturgeon.search import Record
from sturgeon.stopping import CONTINUE, Decision, Pause, Stop
from sturgeon.study import Trial


@dataclass(slots=True)
class RunningTrial:
    """What is known of a running trial.

    Attributes:
        trial: The trial.
        reported: What it reported last, by metric.
        passed: The last step of an earlier attempt: what lies up to there was judged then.
        saved: Whether there is a checkpoint to go on from.
        decision: What the stopping rule said.
        judged_at: The step at which it said that the trial is to end, if it did.
        peers: The trials that it is compared with, as they were seen when it was begun.
        room: How many more trials might have been begun then.
        by_hand: The reason where somebody asked that the trial be stopped; None where nobody did.
        planned: How many epochs its loops have together, as far as it has said.
    """

    trial: Trial
    reported: dict[str, float] = field(default_factory=dict)
    passed: int = 0
    saved: bool = False
    decision: Decision = CONTINUE
    peers: Record | None = None
    room: float | None = None
    by_hand: str | None = None
    planned: int | None = None
    judged_at: int | None = None

    @property
    def ends(self) -> bool:
        """Whether the training is to end."""
        return self.decision is not CONTINUE or self.by_hand is not None

    def pauses(self, outcome: Returned) -> bool:
        """Whether a training that ended is put aside: it was told to, ended for that, and can go on."""
        return self.saved and self.waits(outcome)

    def waits(self, outcome: Returned) -> bool:
        """Whether a training that ended would have been put aside, if it could go on."""
        return outcome.cut and isinstance(self.decision, Pause) and self.by_hand is None

    @property
    def why(self) -> str | None:
        """Why it is to end, if it is."""
        return self.decision.why if isinstance(self.decision, Pause | Stop) else None
