"""What the arithmetic of lanes was spent on."""

from __future__ import annotations

import threading


class Usage:
    """Sums over all epochs of all lanes, in the unit of :meth:`TrainingBackend.cost`.

    Attributes:
        spent: All arithmetic.
        padding: On units and rows that only fill a shape up.
        idle: In lanes that no job trained in.

    Example:
        >>> usage = Usage()
        >>> usage.add(cost=10.0, lanes=4, needed=[8.0, 10.0])
        >>> usage.spent, usage.padding, usage.idle, round(usage.useful_share, 2)
        (40.0, 2.0, 20.0, 0.45)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.spent = self.padding = self.idle = 0.0

    def add(self, *, cost: float, lanes: int, needed: list[float]) -> None:
        """Add an epoch of a block of lanes.

        Args:
            cost: Of one lane's epoch.
            lanes: How many lanes the block has.
            needed: What the job of each occupied lane needs itself.
        """
        with self._lock:
            self.spent += cost * lanes
            self.padding += cost * len(needed) - sum(needed)
            self.idle += cost * (lanes - len(needed))

    @property
    def useful_share(self) -> float:
        """The share that was neither padding nor idle, in [0, 1]; 1 before the first epoch."""
        return 1 - (self.padding + self.idle) / self.spent if self.spent else 1.0
