"""How the learning rate falls during a training."""

from __future__ import annotations

import math

SCHEDULES = ("inverse_time", "cosine", "constant")


def learning_rate_at(epoch: int, epochs: int, *, initial: float, schedule: str, decay: float) -> float:
    """The learning rate of one epoch.

    * ``inverse_time``: α₀ / (1 + decay · epoch), as in the notes;
    * ``cosine``: α₀ · ½ (1 + cos(π · epoch / epochs)), which would reach 0 after the last epoch;
    * ``constant``: α₀.

    Args:
        epoch: The epoch, from 0.
        epochs: How many epochs the training has in all; only ``cosine`` looks at it.
        initial: α₀, positive.
        schedule: One of ``SCHEDULES``.
        decay: The decay rate per epoch, at least 0; only ``inverse_time`` looks at it.

    Example:
        >>> learning_rate_at(1, 30, initial=0.2, schedule="inverse_time", decay=1.0)
        0.1

    Source:
        The course's second week; cosine: Loshchilov and Hutter 2017, "SGDR", equation 5.
    """
    if schedule == "inverse_time":
        return initial / (1 + decay * epoch)
    if schedule == "cosine":
        return initial * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    return initial
