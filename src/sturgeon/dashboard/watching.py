"""Telling open pages what changed: one task looks at a study, however many pages show it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from anyio import to_thread

from sturgeon.dashboard.live_study import LiveStudy, Summary, Unavailable
from sturgeon.study.follower import Changes

LOOK_SECONDS = 0.5
LONGEST_SECONDS = 1.5
TIMES_ITS_COST = 100.0
"""A look comes after so many times what the last one took, within the two bounds."""


@dataclass(frozen=True, slots=True)
class News:
    """What a look found.

    Attributes:
        changes: What changed.
        summary: The study in a few words; None where it cannot be read.
        lost: Why it cannot be read, or None.
    """

    changes: Changes
    summary: Summary | None
    lost: Unavailable | None = None


class Watches:
    """The studies that pages watch."""

    def __init__(self) -> None:
        self._queues: dict[int, set[asyncio.Queue[News]]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def news(self, live: LiveStudy) -> AsyncGenerator[News]:
        """Give what changes in a study from now on, as long as somebody asks; first how it is."""
        queue: asyncio.Queue[News] = asyncio.Queue()
        key = id(live)
        queues = self._queues.setdefault(key, set())
        queues.add(queue)
        if key not in self._tasks or self._tasks[key].done():
            self._tasks[key] = asyncio.create_task(self._watch(live, queues))
        try:
            yield await to_thread.run_sync(_state_of, live)
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)

    async def _watch(self, live: LiveStudy, queues: set[asyncio.Queue[News]]) -> None:
        before: Summary | str | None = None
        while queues:
            began = time.monotonic()
            news = await to_thread.run_sync(_look, live)
            cost = time.monotonic() - began
            now = news.summary if news.lost is None else str(news.lost)
            if news.changes or now != before:
                for queue in queues:
                    queue.put_nowait(news)
            before = now
            wait = min(max(LOOK_SECONDS, TIMES_ITS_COST * cost), LONGEST_SECONDS)
            await asyncio.sleep(wait if live.complete or news.lost else 0.01)


def _state_of(live: LiveStudy) -> News:
    try:
        return News(Changes(), live.summary())
    except Unavailable as error:
        return News(Changes(), None, error)


def _look(live: LiveStudy) -> News:
    try:
        if not live.complete:
            live.read_curves()
        return News(live.take_changes(), live.summary())
    except Unavailable as error:
        return News(Changes(), None, error)
