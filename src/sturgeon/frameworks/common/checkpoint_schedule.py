"""When a running trial's next checkpoint is due."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sturgeon.errors import InputError

SAVE_SECONDS = 10.0
"""What a training may lose with its worker, in seconds, where checkpoints are quick to write."""
SAVE_SHARE = 1 / 200
"""Of the time of a training, at most, this share is spent on checkpoints."""


class CheckpointSchedule:
    """Tells when a checkpoint is due: after every so many epochs, or by the clock.

    By the clock, one is due after the first epoch, so that what cannot be saved is found out soon; then ten
    seconds after the last, or later where writing them would take over half a per cent of the time.

    Args:
        every: After how many epochs, at least 1; None for by the clock.

    Raises:
        InputError: ``save_every`` is not a whole number from 1.

    Example:
        >>> [epoch for epoch in range(1, 7) if CheckpointSchedule(every=3).due(epoch)]
        [3, 6]
        >>> schedule = CheckpointSchedule(every=None)
        >>> schedule.due(1)
        True
        >>> with schedule.saving():
        ...     pass
        >>> schedule.due(2)
        False
    """

    def __init__(self, every: int | None) -> None:
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise InputError(f"`save_every` must be a whole number of epochs from 1; got {every!r}.")
        self._every = every
        self._due_at = time.monotonic()

    def due(self, epoch: int) -> bool:
        """Tell whether a checkpoint is due after this epoch, from 1."""
        return time.monotonic() >= self._due_at if self._every is None else epoch % self._every == 0

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Note that one is written in the block, and how long it takes."""
        started = time.monotonic()
        yield
        ended = time.monotonic()
        self._due_at = ended + max(SAVE_SECONDS, (ended - started) / SAVE_SHARE)
