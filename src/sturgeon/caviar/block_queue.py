"""The members that no lane has taken yet, by block; shared by the threads that drive lanes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterable

from sturgeon.caviar.devices import Device
from sturgeon.caviar.fused import Fused, Member


class BlockQueue:
    """Members wait here, grouped by the block they train in.

    Args:
        fused: The kind of training; says how many lanes a block has.
        device: Where it trains.
    """

    def __init__(self, fused: Fused, device: Device) -> None:
        self._fused = fused
        self._device = device
        self._changed = threading.Condition()
        self._members: dict[Hashable, deque[Member]] = {}
        self._driven: dict[Hashable, int] = {}
        self._closed = False

    def put(self, block: Hashable, members: Iterable[Member]) -> None:
        """Add members of a block."""
        with self._changed:
            self._members.setdefault(block, deque()).extend(members)
            self._changed.notify_all()

    def next_block(self) -> Hashable | None:
        """Wait for a block with members, and choose one.

        One that no thread drives before one to help with; one that fills more of its lanes before others; and
        where they are alike, as where a block has one lane, the one whose first member was handed in first.

        Returns:
            The block; :meth:`done` is to be called when it is left. None when the queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(self._members.values()))
            if self._closed:
                return None
            waiting = [block for block, members in self._members.items() if members]
            block = max(waiting, key=self._rank)
            self._driven[block] = self._driven.get(block, 0) + 1
            return block

    def done(self, block: Hashable) -> None:
        """A thread has left a block."""
        with self._changed:
            self._driven[block] -= 1

    def take(self, block: Hashable, count: int) -> list[Member]:
        """Up to ``count`` members of a block."""
        with self._changed:
            members = self._members[block]
            return [members.popleft() for _ in range(min(count, len(members)))]

    def waiting(self, block: Hashable) -> int:
        """How many members of a block no lane has taken."""
        with self._changed:
            return len(self._members.get(block, ()))

    def clear(self) -> int:
        """Drop all members; returns how many there were."""
        with self._changed:
            dropped = sum(len(members) for members in self._members.values())
            for members in self._members.values():
                members.clear()
            return dropped

    def close(self) -> None:
        """Let every thread that waits, or comes later, go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _rank(self, block: Hashable) -> tuple[bool, int, int]:
        members = self._members[block]
        filled = min(len(members), self._fused.lanes(block, self._device))
        return not self._driven.get(block), filled, -members[0].number
