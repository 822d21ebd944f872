"""What the loop needs of workers, and of where they come from: processes of this machine or of others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sturgeon.caviar.interrupt import Interrupt


class Worker(Protocol):
    """What a trial runs in: a process of this machine, or of another.

    Attributes:
        slot: Which of the workers it is, from 0.
        ahead: How many messages it may send ahead of their answers; see ``Start``.
    """

    slot: int
    ahead: int

    def send(self, message: object) -> None:
        """Send it a message; one that died meanwhile is noticed elsewhere."""


class Pool(Protocol):
    """Where workers come from; ``WorkerPool`` says more of each method.

    Attributes:
        size: How many there may be.
    """

    size: int

    def grow(self, count: int) -> None:
        """Have at least so many workers, but no more than ``size``."""

    def idle(self, busy: Iterable[Any]) -> Any:
        """Give a worker that is ready and not among the busy ones, or None."""

    def messages(self, seconds: float, interrupt: Interrupt | None = None) -> Iterable[tuple[Any, object]]:
        """Wait for messages; give each with its worker, None for one that died."""
        ...

    def reap(self, worker: Any) -> str:
        """Take leave of a worker that died; say how it did."""
        ...

    def remove(self, worker: Any) -> object:
        """End a worker at once."""

    def kill(self) -> None:
        """End all workers at once."""
