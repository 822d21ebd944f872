"""A worker process: load the function once, then train one trial after the other."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import threading
from multiprocessing.connection import Connection
from types import FrameType
from typing import NoReturn, TextIO, cast

from sturgeon.caviar.workers.function import unpack
from sturgeon.caviar.workers.live_trial import Channel, LiveTrial, check_process
from sturgeon.caviar.workers.messages import (
    Acknowledged,
    Checkpointed,
    Halt,
    Leave,
    Load,
    Noted,
    NotLoaded,
    Ready,
    Refused,
    Reported,
    Start,
)
from sturgeon.caviar.workers.training import Train, prepare, run_training
from sturgeon.caviar.workers.user_script import loading, stand_in_for
from sturgeon.errors import SturgeonError


def main(descriptor: int) -> None:
    """Work until there is nothing to do, or the process that started this one is gone.

    Args:
        descriptor: The open pipe to that process.
    """
    leave_signals_to_the_parent()
    for stream in (sys.stdout, sys.stderr):  # what was printed before a kill should be seen
        with contextlib.suppress(AttributeError):
            cast("TextIO", stream).reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]
    pipe = _Pipe(Connection(descriptor))
    load = pipe.next_order()
    assert isinstance(load, Load)
    train = _load(load, pipe)
    while train is not None and isinstance(order := pipe.next_order(), Start):
        pipe.tell(run_training(train, LiveTrial(order, pipe)))


def _load(load: Load, pipe: _Pipe) -> Train | None:
    sys.argv = load.arguments
    stand_in_for(load.script)
    gc.disable()  # a tenth of the time that imports take would go to looking for rubbish
    try:
        with loading():
            train = unpack(load.function)
        prepare(train)
    except SturgeonError as error:  # which says what to do
        pipe.tell(Refused(str(error)))
        return None
    except BaseException as error:  # whatever an import may raise
        pipe.tell(NotLoaded(f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")))
        return None
    finally:
        gc.enable()
    pipe.tell(Ready())
    return train


class _Pipe(Channel):
    """The pipe to the parent. A thread watches it, so that a training ends at once when the parent dies."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._process = os.getpid()
        self._halted = False
        self._judged = True
        self._ahead = 0
        self._unanswered = 0
        self._lock = threading.RLock()  # a training may report from threads of its own
        self._arrived = select.poll()
        self._arrived.register(connection, select.POLLIN)
        threading.Thread(target=self._watch, name="sturgeon-pipe", daemon=True).start()

    def next_order(self) -> Load | Start | Leave:
        """Wait for what to do next."""
        while not isinstance(order := self._take(), Load | Start | Leave):
            pass  # an order to end that came after the end
        self._halted = False
        if isinstance(order, Start):
            self._judged, self._ahead, self._unanswered = order.judged, order.ahead, 0
        return order

    def tell(self, message: object) -> None:
        """Send a message that needs no answer."""
        with self._lock:
            self._put(message)

    def send(self, message: Reported | Checkpointed | Noted) -> None:
        """Send a message; return when those before it are written down, or this one where that matters.

        Where the way is long, the last few of those before it may still be on their way.
        """
        check_process(self._process)
        with self._lock:
            self._settle(self._ahead)
            self._put(message)
            self._unanswered += 1
            if self._judged or isinstance(message, Checkpointed):
                self._settle(0)

    @property
    def halted(self) -> bool:
        """Whether the training is to end."""
        if os.getpid() == self._process:  # a process that was forked would take what is for this one
            with self._lock:
                while not self._halted and self._arrived.poll(0):
                    self._take()
        return self._halted

    def _settle(self, unanswered: int) -> None:
        """Wait until what was sent is written down, but for so many messages."""
        while self._unanswered > unanswered:
            self._take()

    def _put(self, message: object) -> None:
        try:
            self._connection.send(message)
        except OSError:  # the parent is gone
            _leave_now()

    def _take(self) -> object:
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            _leave_now()
        if isinstance(message, Acknowledged):
            self._unanswered -= message.count
            self._halted = self._halted or message.halt
        elif isinstance(message, Halt):
            self._halted = True
        return message

    def _watch(self) -> None:
        closed = select.poll()
        closed.register(self._connection, 0)  # nothing but the end of the other side
        while not closed.poll():
            pass
        _leave_now()


def _leave_now() -> NoReturn:
    """End this process and those it started, whatever they are doing."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def leave_signals_to_the_parent() -> None:
    """Let the parent decide what Ctrl-C and SIGTERM mean, as both may reach all processes at once."""
    worker = os.getpid()

    def ignore(number: int, frame: FrameType | None) -> None:
        if os.getpid() != worker:  # a process that was forked from this one ends as usual
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    # Not SIG_IGN: programs that the training starts would inherit it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ignore)
