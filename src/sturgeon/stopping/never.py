"""No early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sturgeon.search.record import Observation, Record
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.decision import CONTINUE, Decision


@dataclass(frozen=True)
class Never(Stopping):
    """Train every trial to its end.

    Example:
        >>> Never().decide(Observation(0, {}, "running", curve=((1, 9.0),)), Record(), StoppingContext())
        Continue()
    """

    name: ClassVar[str] = "never"

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Go on, whatever the curves look like; see ``Stopping.decide``."""
        return CONTINUE
