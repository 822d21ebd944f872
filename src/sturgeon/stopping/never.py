"""No early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sturgeon.search.record import Observation, Record
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.curves import first_paused
from sturgeon.stopping.decision import CONTINUE, Decision
from sturgeon.stopping.goal import Goal


@dataclass(frozen=True)
class Never(Stopping):
    """Train every trial to its end.

    Example:
        >>> Never().decide(Observation(0, {}, "running", curve=((1, 9.0),)), Record(), Goal())
        Continue()
    """

    name: ClassVar[str] = "never"

    def decide(self, trial: Observation, peers: Record, goal: Goal) -> Decision:
        """Go on, whatever the curves look like; see ``Stopping.decide``."""
        return CONTINUE

    def milestone(self, number: int, step: int, goal: Goal) -> int | None:
        """None; see ``Stopping.milestone``."""
        return None

    def promote(self, record: Record, goal: Goal) -> int | None:
        """Go on with what was interrupted; see ``Stopping.promote``."""
        return first_paused(record)
