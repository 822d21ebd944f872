"""Ctrl-C once finishes what is in hand and keeps everything; twice leaves now."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt(threading.Event):
    """An event that can be waited for beside pipes: once it is set, its descriptor is readable."""

    def __init__(self) -> None:
        """Open the descriptor."""
        super().__init__()
        self._readable, self._writable = os.pipe()

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._readable

    def set(self) -> None:
        """Set the event; whoever waits for it goes on."""
        super().set()
        os.write(self._writable, b"!")

    def close(self) -> None:
        """Close the descriptor; nobody waits any more."""
        os.close(self._readable)
        os.close(self._writable)


@contextmanager
def stop_on_signal() -> Iterator[Interrupt]:
    """An event that the first SIGINT or SIGTERM sets; a second one raises KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, the event is never set.
    """
    stop = Interrupt()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
