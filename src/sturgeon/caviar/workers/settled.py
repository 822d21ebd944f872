"""Trials settle in the order in which they were begun, whichever worker is faster.

What is begun next depends on the results that are seen then. So that it does not depend on who happened to
end first, a result is seen (it is *settled*) when all trials begun before it are, and there is a fixed number
of places for trials that are not. A result is written into the study at once all the same.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

PLACES = 2.0
"""Places for each worker: with few, workers wait for the slowest trial; with many, a search sees less."""


def places_for(workers: int) -> int:
    """Tell how many places there are; with up to one worker, each result is seen before the next trial.

    Example:
        >>> places_for(0), places_for(1), places_for(4)
        (1, 1, 8)
    """
    return round(PLACES * workers) if workers > 1 else 1


class SettledOrder:
    """The trials that are not settled yet, in the order in which they were begun.

    Example:
        >>> order = SettledOrder(2)
        >>> order.begin(0), order.begin(1), order.may_go_on()  # both places are taken
        (None, None, False)
        >>> order.leave(1), order.may_go_on()  # trial 0 was begun before it
        (None, False)
        >>> order.leave(0), order.may_go_on(), order.unsettled  # one is settled for each that is begun
        (None, True, (1,))
    """

    def __init__(self, places: float) -> None:
        """Take the number of places, at least 1; infinity where nothing depends on the order."""
        self._places = places
        self._order: deque[int] = deque()
        self._left: set[int] = set()
        self._due: set[int] = set()
        self._waits = False

    @property
    def is_kept(self) -> bool:
        """Whether there is an order to be kept."""
        return math.isfinite(self._places)

    @property
    def unsettled(self) -> tuple[int, ...]:
        """The trials whose results are not seen yet."""
        return tuple(self._order) if self.is_kept else ()

    def take_over(self, trials: Sequence[tuple[int, bool]]) -> None:
        """Begin where an earlier run was: with its newest trials by number, and whether each has ended."""
        if self.is_kept:
            for number, ended in trials[-int(self._places) :]:
                self._order.append(number)
                (self._left if ended else self._due).add(number)

    def begin(self, number: int) -> None:
        """Note that a trial is begun, or begun again: then it keeps its place."""
        if not self.is_kept:
            return
        if number not in self._due:
            self._drop_due()
        self._due.discard(number)
        self._left.discard(number)
        if number not in self._order:
            self._order.append(number)

    def leave(self, number: int, *, again: bool = False) -> None:
        """Note that a trial has ended or was put aside, or that it is to be begun again soon."""
        if number in self._order:
            self._left.discard(number)
            (self._due if again else self._left).add(number)

    def wait(self) -> None:
        """Note that there is nothing to begin before another trial is settled."""
        self._waits = self.is_kept
        self._drop_due()

    def _drop_due(self) -> None:
        """Take out the trials that were to be begun again and are not to be had: another process has them."""
        if self._due:
            self._order = deque(one for one in self._order if one not in self._due)
            self._due.clear()

    def give_up_due(self) -> bool:
        """Show the trials that were to be begun again as they are; tell whether there were any."""
        had = bool(self._due)
        self._drop_due()
        return had

    def may_go_on(self) -> bool:
        """Tell whether the next trial may be chosen now; where all places are taken, settle one for that."""
        if self._due or (not self._waits and len(self._order) < self._places):
            return True
        if self._order and self._order[0] not in self._left:
            return False
        self._waits = False
        if self._order:
            self._left.discard(self._order.popleft())
        return True
