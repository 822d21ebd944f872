"""Trains many configurations at once, whatever kind of training it is."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from sturgeon.caviar.events import Event
from sturgeon.caviar.fused import Fused, Member
from sturgeon.caviar.lanes import Lanes

# How long a wait for the next event may keep a halt from being seen, in seconds.
_HALT_SEEN_WITHIN = 0.1


@dataclass(frozen=True, slots=True)
class Goal:
    """What members are judged by: a metric of the validation part, and which way is better.

    Attributes:
        metric: A name such as ``val_loss``.
        direction: ``"minimize"`` or ``"maximize"``.
    """

    metric: str
    direction: str

    @property
    def sign(self) -> int:
        """1 to minimise, -1 to maximise."""
        return 1 if self.direction == "minimize" else -1


@dataclass(frozen=True)
class LaneTrainer:
    """Trains members in fused lanes.

    Attributes:
        fused: The kind of training.
        goal: The metric that must stay finite.
        epochs: How many epochs a member trains for, at least 1.
    """

    fused: Fused
    goal: Goal
    epochs: int

    def open(self) -> Lanes:
        """Lanes to hand members to, one by one."""
        return Lanes(self.fused, self.goal.metric, self.epochs)

    def train(self, members: Iterable[Member], halt: threading.Event) -> Generator[Event]:
        """Train members to their last epoch, as many at once as there are lanes.

        Args:
            members: Who trains; the order does not change any result.
            halt: When set, every running member stops after its current epoch and leaves with
                :class:`Halted`; members that have not started never appear.

        Yields:
            What happens, in the order in which it happens.
        """
        with self.open() as lanes:
            for member in members:
                lanes.start(member)
            while lanes.in_flight:
                if halt.is_set():
                    lanes.halt()
                event = lanes.next_event(_HALT_SEEN_WITHIN)
                if event is not None:
                    yield event
