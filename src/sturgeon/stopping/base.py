"""The contract of every stopping rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from sturgeon.search.record import Observation, Record
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.decision import Decision


class Stopping(ABC):
    """Which trials are not worth training on.

    A rule is a frozen dataclass whose fields are its settings (JSON values only). Its methods are
    pure functions of their arguments: nothing is remembered between calls. A rule that never pauses a trial
    needs ``decide`` only.
    """

    name: ClassVar[str]

    @abstractmethod
    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Say whether a running trial goes on; called after each of its reports.

        Args:
            trial: The trial with its curve up to now. A value that is not finite counts as the worst.
            peers: All trials of the study; the trial itself may be among them and is passed over.
            context: What is tuned for, and how long a whole training is.

        Returns:
            ``CONTINUE``, ``Stop(why)`` or ``Pause(why)``. At the last step always ``CONTINUE``.
        """

    def milestone(self, number: int, step: int, context: StoppingContext) -> int | None:
        """The next step at which the rule decides on a trial, where it does so at few steps only.

        A trainer that can pause trains up to there and waits for the decision. Where it decides more
        often, a trial trains on meanwhile, and the decision comes a few steps late.

        Args:
            number: The trial's number.
            step: How far it is, from 0.
            context: What is tuned for, and how long a whole training is.

        Returns:
            A step after ``step``; None where the rule may decide at any step, or will not any more.
        """
        return None

    def promote(self, record: Record, context: StoppingContext) -> int | None:
        """Choose a paused trial to go on with, before a new one is asked for.

        A trial that was paused by an interrupt, and not by this rule, comes first.

        Args:
            record: All trials of the study.
            context: What is tuned for, and how long a whole training is.

        Returns:
            The trial's number; None to begin a new trial.
        """
        return min((trial.number for trial in record if trial.state == "paused"), default=None)
