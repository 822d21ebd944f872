"""What a stopping rule is told about the trainings besides their curves."""

from __future__ import annotations

from dataclasses import dataclass

from sturgeon.errors import InputError


@dataclass(frozen=True, slots=True)
class StoppingContext:
    """What is tuned for, and how long a whole training is.

    The values a rule compares are always to be minimised; the metric and its direction serve to give
    reasons in the user's own numbers.

    Attributes:
        metric: The objective's name.
        maximize: Whether the user maximises it, so that the values handed over are its negative.
        max_steps: The step at which a training ends by itself, at least 1; None where that is unknown.
        can_wait: Whether a trial may be paused only to wait for others to be compared with: the trainer can
            pause, and more new trials will come. Else the best so far always goes on.

    Raises:
        InputError: ``max_steps`` is no whole number from 1.

    Example:
        >>> StoppingContext("accuracy", maximize=True).put(-0.93)
        'accuracy 0.93'
    """

    metric: str = "objective"
    maximize: bool = False
    max_steps: int | None = None
    can_wait: bool = False

    def __post_init__(self) -> None:
        steps = self.max_steps
        if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
            raise InputError(
                f"`max_steps` must be a whole number from 1; got {steps!r}. Leave it out if unknown."
            )

    def number(self, value: float) -> str:
        """Write a minimised value as the user knows it."""
        return f"{-value if self.maximize else value:.4g}"

    def put(self, value: float) -> str:
        """Write the metric's name and a minimised value as the user knows it."""
        return f"{self.metric} {self.number(value)}"

    @property
    def worse(self) -> str:
        """On which side of a bar a bad value lies."""
        return "below" if self.maximize else "above"

    def is_last(self, step: int) -> bool:
        """Whether a training ends by itself at this step."""
        return self.max_steps is not None and step >= self.max_steps
