"""Lanes in a process of their own, in which Keras runs on JAX whatever it runs on here.

A process has one Keras backend for good. So a builder that was written for TensorFlow is carried to a fresh
process where ``KERAS_BACKEND`` is ``jax``; the study stays here, jobs go over a pipe, and what happens to
them comes back, weights as plain arrays.
"""

from __future__ import annotations

import dataclasses
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from sturgeon.caviar.events import Broken, EpochDone, Event, Halted, Paused, TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lanes import Lanes
from sturgeon.caviar.lanes.shared import Order
from sturgeon.caviar.models.model import CannotFuse
from sturgeon.caviar.trainer import Trainer
from sturgeon.caviar.workers.function import pack, unpack
from sturgeon.caviar.workers.messages import Load
from sturgeon.caviar.workers.process import WorkerProcess, describe_exit
from sturgeon.caviar.workers.worker import leave_signals_to_the_parent
from sturgeon.errors import InputError, RunError
from sturgeon.study import Objective

_LISTEN_SECONDS = 0.05


@dataclass(frozen=True)
class Cleared:
    """So many jobs will never begin, as all were told to end."""

    count: int


@dataclass(frozen=True)
class Opened:
    """The trainer was made, or why it was not.

    Attributes:
        error: The exception; None for a trainer that is ready.
        capacity: How many jobs in flight keep every lane busy.
        at_once: How many jobs train at the same time.
    """

    error: Exception | None
    capacity: int = 0
    at_once: int = 1


class RemoteLanes:
    """The lanes of another process; used as those of this one are.

    Args:
        process: The process, with the trainer made.
        opened: What the process said of its lanes.
        restore: Makes what the user gets of a network that came over the pipe.
    """

    def __init__(self, process: WorkerProcess, opened: Opened, restore: Callable[[Any], Any]) -> None:
        self.capacity, self.at_once = opened.capacity, opened.at_once
        self.in_flight = 0
        self._process = process
        self._restore = restore

    def __enter__(self) -> RemoteLanes:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def start(self, job: TrainingJob) -> None:
        """Hand a job in."""
        self.in_flight += 1
        self._process.send(("start", job))

    def order(self, number: int, what: Order) -> None:
        """Have a job stop, or pause, after its current epoch; one to be stopped that waits never begins."""
        self._process.send(("order", number, what))

    def hold(self, held: bool) -> None:
        """Begin no job until told otherwise; those that train go on."""
        self._process.send(("hold", held))

    def halt(self, what: Order = "stop") -> None:
        """Have every job stop, or pause, after its current epoch; those that have not begun never will."""
        self._process.send(("halt", what))

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Wait for what happens next; None when the time is over.

        Raises:
            RunError: The process died.
        """
        try:
            if not self._process.connection.poll(timeout):
                return None
            event = self._process.connection.recv()
        except (EOFError, OSError):
            raise RunError(
                f"The process that trains Keras models on JAX must stay alive; "
                f"{describe_exit(self._process.kill())}. Go on with resume=True, or give fuse=False."
            ) from None
        if isinstance(event, Cleared):
            self.in_flight -= event.count
            return None
        self.in_flight -= not isinstance(event, EpochDone)
        if isinstance(event, TrainingDone | Halted | Paused):
            return dataclasses.replace(event, network=self._restore(event.network))
        return event


class RemoteTrainer(Trainer):
    """A trainer in another process.

    Args:
        build: The user's builder.
        objective: The metric that must stay finite.
        settings: What else ``make_trainer`` takes there.
        restore: Makes what the user gets of a network that came over the pipe.

    Attributes:
        objective: The metric that must stay finite.
        epochs: How many epochs a job trains for.
    """

    def __init__(
        self, build: Any, objective: Objective, settings: dict[str, Any], restore: Callable[[Any], Any]
    ) -> None:
        self.objective = objective
        self.epochs: int = settings["epochs"]
        self._settings = settings
        self._restore = restore
        self._function = pack(build, name="build", instead="fuse=False")
        self._ready: list[RemoteLanes] = []

    def prepare(self) -> None:
        """Have a process ready for the first :meth:`open`.

        Raises:
            InputError: The model breaks a rule.
            CannotFuse: It cannot be trained in lanes.
            RunError: The process ended.
        """
        self._ready.append(self.open())

    def close(self) -> None:
        """End a process that was made ready and not used."""
        while self._ready:
            self._ready.pop().__exit__()

    def open(self) -> RemoteLanes:
        """Start the process, and make the trainer in it; raises what :meth:`prepare` does."""
        if self._ready:
            return self._ready.pop()
        environment = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, "KERAS_BACKEND": "jax"}
        process = WorkerProcess(0, environment, Load(self._function, list(sys.argv)), module=__name__)
        try:
            process.send((self.objective, self._settings))
            opened = process.connection.recv()
        except (EOFError, OSError):
            raise RunError(
                f"A process must start that trains Keras models on JAX; {describe_exit(process.kill())}."
            ) from None
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no process behind
            process.kill()
            raise
        if opened.error is not None:
            process.kill()
            raise opened.error
        return RemoteLanes(process, opened, self._restore)


def main(descriptor: int) -> None:
    """Be that process: make the trainer, and train what comes over the pipe until it is closed.

    Args:
        descriptor: The open pipe to the process that started this one.
    """
    leave_signals_to_the_parent()
    pipe = Connection(descriptor)
    load = pipe.recv()
    sys.argv = load.arguments
    objective, settings = pipe.recv()
    try:
        from sturgeon.frameworks.keras.lane_trainer import make_trainer  # only now, as it loads Keras

        build: Any = unpack(load.function)
        lanes = make_trainer(build, objective=objective, **settings).open()
    except Exception as error:  # Keras and a user's own function may raise anything: it is sent on
        pipe.send(Opened(error if isinstance(error, InputError | CannotFuse) else CannotFuse(_said(error))))
        return
    pipe.send(Opened(None, lanes.capacity, lanes.at_once))
    orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(pipe, orders), daemon=True).start()
    _serve(pipe, orders, lanes)


def _serve(pipe: Connection, orders: queue.SimpleQueue[Any], lanes: Lanes) -> None:
    while True:
        while not orders.empty():
            what, *arguments = orders.get()
            before = lanes.in_flight
            getattr(lanes, what)(*arguments)
            if what == "halt" and lanes.in_flight < before:
                pipe.send(Cleared(before - lanes.in_flight))
        event = lanes.next_event(_LISTEN_SECONDS)
        if event is not None:
            pipe.send(_plain(event))


def _read(pipe: Connection, orders: queue.SimpleQueue[Any]) -> None:
    while True:
        try:
            orders.put(pipe.recv())
        except (EOFError, OSError):  # the parent has closed it, or is gone
            os._exit(0)


def _plain(event: Event) -> Event:
    """An event of plain data, which a process can read that has no such builder and no such exception."""
    if isinstance(event, TrainingDone | Halted | Paused):
        return dataclasses.replace(event, network=(event.network.config, event.network.weights))
    if isinstance(event, Broken):
        return dataclasses.replace(event, error=RunError(_said(event.error)))
    return event


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
