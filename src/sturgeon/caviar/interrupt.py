"""Ctrl-C once finishes what is in hand and keeps everything; twice leaves now; none is lost."""

from __future__ import annotations

import _thread
import gc
import math
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.02
_came = False  # whether Ctrl-C came within `no_interrupt_lost`
_collecting = False  # whether garbage is being collected, in whichever thread


class Interrupt(threading.Event):
    """An event that a signal's handler may set, and that can be waited for beside pipes.

    Once it is set, it stays so, and its descriptor is readable. It takes none of the locks of other events:
    the handler may come while its own thread holds them, and would wait for itself.
    """

    def __init__(self) -> None:
        """Open the descriptor."""
        super().__init__()
        self._came = False
        self._readable, self._writable = os.pipe()

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._readable

    def set(self) -> None:
        """Set the event; whoever waits for it goes on."""
        if not self._came:
            self._came = True
            os.write(self._writable, b"!")

    def is_set(self) -> bool:
        """Tell whether it is set."""
        return self._came

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for at most so many seconds; tell whether it is."""
        arrived = select.poll()
        arrived.register(self._readable, select.POLLIN)
        arrived.poll(None if timeout is None else math.ceil(1000 * max(0.0, timeout)))
        return self._came

    def close(self) -> None:
        """Close the descriptor; nobody waits any more."""
        os.close(self._readable)
        os.close(self._writable)


@contextmanager
def no_interrupt_lost() -> Iterator[None]:
    """Within the block, which may be long before the training begins, Ctrl-C surely interrupts.

    Python drops an exception that is raised in a garbage collection, in a ``__del__`` or in the callback of
    a weak reference, and a Ctrl-C with it. JAX has a callback of collections, and the first seconds consist
    of imports. So one that arrives there is sent again a moment later.

    Raises:
        KeyboardInterrupt: Ctrl-C came; at the end of the block at the latest.
    """
    global _came, _collecting

    def handle(number: int, frame: FrameType | None) -> None:
        global _came
        _came = True
        _interrupt(number, frame)

    # A handler of the user's own stays.
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    _came = False
    gc.callbacks.append(_watch_collections)
    signal.signal(signal.SIGINT, handle)
    try:
        yield
        if _came:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        gc.callbacks.remove(_watch_collections)
        _came = _collecting = False


@contextmanager
def stop_on_signal() -> Iterator[Interrupt]:
    """An event that the first SIGINT or SIGTERM sets; a second one raises KeyboardInterrupt.

    Outside the main thread, where Python delivers no signals, the event is never set.
    """
    stop = Interrupt()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            _interrupt(number, frame)
        else:
            stop.set()

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        if _came:  # it was dropped on the way here
            stop.set()
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or send the signal again where that would be dropped."""
    if not _drops_exceptions(frame):
        raise KeyboardInterrupt
    # Not a threading.Thread, whose locks may be held by what was interrupted.
    _thread.start_new_thread(_send_again, (number,))


def _send_again(number: int) -> None:
    time.sleep(_AGAIN_SECONDS)
    os.kill(os.getpid(), number)


def _watch_collections(phase: str, info: dict[str, int]) -> None:
    """Note, as a callback of collections, that one begins or ends."""
    global _collecting
    _collecting = phase == "start"


def _drops_exceptions(frame: FrameType | None) -> bool:
    """Tell whether Python would only print an exception that is raised in this frame."""
    if _collecting:  # what it deletes is told of it, by callbacks of any name
        return True
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        code = frame.f_code
        # The import system's callback of a weak reference is called `cb`.
        if code in callbacks or code.co_name == "__del__":
            return True
        if code.co_name == "cb" and "importlib" in code.co_filename:
            return True
        frame = frame.f_back
    return False
