"""The workers of a run on a Ray cluster: an actor each, which starts a worker process on its node."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from sturgeon.caviar.interrupt import Interrupt
from sturgeon.caviar.ray.actors import SLICE_SECONDS, Actor, Actors, Cluster
from sturgeon.caviar.ray.relay import Ended, Relay, versions
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.workers.messages import Leave, Load, NotLoaded, Ready, Refused
from sturgeon.caviar.workers.process import describe_exit
from sturgeon.errors import InputError

LEAVE_SECONDS = 5.0
# A message costs an actor and the driver milliseconds, whatever is in it. The more workers there are, the
# longer each gathers its reports: the driver hears of fifty a second, or of each worker every other second.
MESSAGES_A_SECOND = 50
LONGEST_GATHERED = 2.0


class RayPool:
    """Up to so many workers on a cluster with one function; see ``WorkerPool``, which it stands in for.

    Attributes:
        size: How many there may be.
    """

    def __init__(self, function: bytes, settings: Ray) -> None:
        """Connect to the cluster; no worker is started yet.

        Args:
            function: As ``pack`` wrote it.
            settings: The cluster, and what a worker takes of it.

        Raises:
            InputError: The cluster does not answer, has other versions, or no node has what a trial takes.
        """
        self._cluster = Cluster(settings)
        threads = max(1, math.floor(settings.cpus))
        load = Load(function, list(sys.argv))
        gather = min(LONGEST_GATHERED, self._cluster.places / MESSAGES_A_SECOND)
        try:
            self._actors = Actors(
                self._cluster, Relay, load, threads=threads, expected=versions(), gather=gather
            )
        except BaseException:  # whatever ends it, Ctrl-C too, leaves the cluster
            self._cluster.leave()
            raise
        self.size = self._actors.size

    def check_place(self, place: str) -> None:
        """Check that a study can be kept at a place; see ``Cluster.check_place``."""
        self._cluster.check_place(place)

    def grow(self, count: int) -> None:
        """Have at least so many workers, but no more than ``size``; they get ready where there is room."""
        self._actors.grow(count)

    def load(self, count: int) -> None:
        """Start so many workers, and wait until one of them has loaded the function.

        Raises:
            InputError: The function could not be loaded.
            RunError: Workers die before they have loaded it, one after the other.
        """
        self.grow(count)
        while not any(worker.ready for worker in self._actors.members.values()):
            for worker, message in self.messages(SLICE_SECONDS):
                if message is None:
                    self.reap(worker)
            self.grow(count)

    def idle(self, busy: Iterable[Any]) -> Actor | None:
        """Give a worker that is ready and not among the busy ones, if there is one."""
        taken = {worker.slot for worker in busy}
        ready = (one for one in self._actors.members.values() if one.ready and one.slot not in taken)
        return next(ready, None)

    def messages(self, seconds: float, interrupt: Interrupt | None = None) -> Iterator[tuple[Actor, object]]:
        """Wait for messages of the workers, for at most some seconds; see ``WorkerPool.messages``.

        Raises:
            InputError: The function could not be loaded, or the node is not fit to.
        """
        for worker in self._actors.arrived(seconds, interrupt):
            said = self._actors.hear(worker)
            for message in [None] if said is None else said:
                if self._actors.members.get(worker.slot) is not worker:
                    break  # killed since, on account of another message
                if isinstance(message, Ended):
                    worker.why = describe_exit(message.code)
                    message = None
                elif isinstance(message, NotLoaded):
                    raise InputError(
                        f"`train` must be something that a worker on the cluster can load; it got "
                        f"{message.why}. Make what is missing importable on every node, as with "
                        "st.Ray(runtime_env=...), or import it inside the function."
                    )
                elif isinstance(message, Refused):
                    raise InputError(message.why)
                elif isinstance(message, Ready):
                    self._actors.welcome(worker)
                yield worker, message
            if self._actors.members.get(worker.slot) is worker:
                worker.listen()

    def reap(self, worker: Actor) -> str:
        """Take leave of a worker that died; say how it did.

        Raises:
            RunError: It is the third in a row that ended before it had loaded the function.
        """
        return self._actors.reap(worker, "`train`")

    def remove(self, worker: Actor) -> None:
        """End a worker at once."""
        self._actors.remove(worker)

    def close(self) -> None:
        """Let the workers end by themselves, and kill those that do not."""
        try:
            members = self._actors.members
            for worker in list(members.values()):
                if worker.ready:
                    worker.send(Leave())
                else:
                    self.remove(worker)
            deadline = time.monotonic() + LEAVE_SECONDS
            while members and time.monotonic() < deadline:
                for worker, message in self.messages(SLICE_SECONDS):
                    if message is None:
                        self.remove(worker)
        finally:
            self.kill()

    def kill(self) -> None:
        """End all workers at once, and the connection, where it was made for them."""
        self._actors.kill()
        self._cluster.leave()

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.close()
        else:
            self.kill()
