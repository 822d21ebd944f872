"""How long trainings are, as far as they have said: what stopping rules go by."""

from __future__ import annotations

from collections.abc import Collection

from sturgeon.search import Record


class Lengths:
    """How many epochs a training has, as the last trial said that is settled.

    Example:
        >>> lengths = Lengths()
        >>> lengths.see(0, 30, settled=False)
        >>> before = lengths.longest(Record())
        >>> lengths.settle({0})
        >>> before, lengths.longest(Record())
        (None, 30)
    """

    def __init__(self) -> None:
        self._settled: int | None = None
        self._waiting: dict[int, int] = {}

    def see(self, number: int, epochs: int, *, settled: bool) -> None:
        """Note what a trial said; where it is not settled, it does not count before it is."""
        self._waiting[number] = epochs
        if settled:
            self._settled = epochs

    def settle(self, numbers: Collection[int]) -> None:
        """Have what these trials said count, in this order."""
        for number in numbers:
            if number in self._waiting:
                self._settled = self._waiting.pop(number)

    def longest(self, record: Record) -> int | None:
        """Give how many epochs a training has: as was said, else as the longest whole one had."""
        if self._settled is not None:
            return self._settled
        whole = [one.curve[-1][0] for one in record if one.state == "complete" and one.curve]
        return max(whole, default=None) or None
