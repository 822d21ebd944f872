"""What an actor has to say, kept until it is fetched."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

MOST_GATHERED = 32
"""More than that is not gathered: whoever speaks so often would soon wait for answers."""


class Outbox:
    """Messages of an actor; put in from any thread, taken by the one coroutine that waits for them."""

    def __init__(self, gather: float = 0.0) -> None:
        """Begin with nothing to say.

        Args:
            gather: For how many seconds after messages were taken those are gathered that can wait.
        """
        self._gather = gather
        self._lock = threading.Lock()
        self._said: list[object] = []
        self._hurried = False
        self._taken = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()

    def put(self, message: object, *, can_wait: bool = False) -> None:
        """Say something.

        Args:
            message: What.
            can_wait: Whether it may be gathered with what follows: a call costs as much for many as for one.
        """
        with self._lock:
            self._said.append(message)
            self._hurried = self._hurried or not can_wait or len(self._said) >= MOST_GATHERED
            if self._loop is not None and (len(self._said) == 1 or self._hurried):
                self._loop.call_soon_threadsafe(self._tell, self._hurried)

    async def take(self) -> list[object]:
        """Wait until there is something; give all that there is, in order."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            if self._said:
                self._tell(self._hurried)
        await self._news.wait()
        rest = self._taken + self._gather - time.monotonic()
        if rest > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), rest)
        self._news.clear()
        self._hurry.clear()
        with self._lock:
            said, self._said = self._said, []
            self._hurried = False
        self._taken = time.monotonic()
        return said

    def _tell(self, hurried: bool) -> None:
        self._news.set()
        if hurried:
            self._hurry.set()
