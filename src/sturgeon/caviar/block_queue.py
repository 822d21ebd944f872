"""The members that no lane has taken yet, by block; shared by the threads that drive lanes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterable

from sturgeon.caviar.fused import Fused, Member


class BlockQueue:
    """Members wait here, grouped by the block they train in.

    Args:
        fused: The kind of training; says what an epoch of a block costs.
    """

    def __init__(self, fused: Fused) -> None:
        self._fused = fused
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
        """Wait for a block with members: one that no thread drives, the most work first; else help with one.

        Returns:
            The block; :meth:`done` is to be called when it is left. None when the queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(self._members.values()))
            if self._closed:
                return None
            waiting = [block for block, members in self._members.items() if members]
            block = max(waiting, key=lambda b: (not self._driven.get(b), self._work(b)))
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

    def _work(self, block: Hashable) -> float:
        return self._fused.cost(block) * len(self._members[block])
