"""What an actor has to say, kept until it is fetched."""

from __future__ import annotations

import asyncio
import threading


class Outbox:
    """Messages of an actor; put in from any thread, taken by the one coroutine that waits for them."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._lock = threading.Lock()
        self._said: list[object] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def put(self, message: object) -> None:
        """Say something."""
        with self._lock:
            self._said.append(message)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._news.set)

    async def take(self) -> list[object]:
        """Wait until there is something; give all that there is, in order."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            if self._said:
                self._news.set()
        await self._news.wait()
        self._news.clear()
        with self._lock:
            said, self._said = self._said, []
        return said
