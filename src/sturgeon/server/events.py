"""Server-sent events: what a page is told while it is open."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

KEEP_ALIVE_SECONDS = 15.0
RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Event:
    """One message to a page.

    Attributes:
        kind: The name that the page's script listens for; a word.
        data: What it says, plain JSON.
        id: Its place in the stream; a browser whose connection broke names the last that it got as
            ``Last-Event-ID``. None for none.
    """

    kind: str
    data: Any
    id: int | None = None

    def encode(self) -> bytes:
        r"""Write it as the standard says; JSON has no line breaks of its own.

        Example:
            >>> Event("changed", {"text": "a\nb"}, id=3).encode()
            b'id: 3\nevent: changed\ndata: {"text":"a\\nb"}\n\n'
        """
        data = json.dumps(self.data, allow_nan=False, separators=(",", ":"))
        number = "" if self.id is None else f"id: {self.id}\n"
        return f"{number}event: {self.kind}\ndata: {data}\n\n".encode()


class EventStream(Response):
    """An answer that sends events as they come, until the page is gone or the server ends.

    Where none comes for a while a comment is sent, so that a lost page is noticed.
    """

    def __init__(self, events: AsyncGenerator[Event]) -> None:
        """Take what to send.

        Args:
            events: It is closed at the end: its ``finally`` blocks run.
        """
        super().__init__(media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""

        async def write(text: bytes) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": True})

        async def watch(whole: anyio.CancelScope) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            whole.cancel()

        async def keep_alive() -> None:
            while True:
                await anyio.sleep(KEEP_ALIVE_SECONDS)
                await write(b": still here\n\n")

        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with anyio.create_task_group() as group, aclosing(self._events):
            group.start_soon(watch, group.cancel_scope)
            group.start_soon(keep_alive)
            await write(f"retry: {RETRY_SECONDS * 1000:.0f}\n\n".encode())
            async for event in self._events:
                await write(event.encode())
            group.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
