"""The workers of a run on a Ray cluster: an actor each, replaced when it dies or its node is lost."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from sturgeon.caviar.interrupt import Interrupt
from sturgeon.caviar.progress import say
from sturgeon.caviar.ray.connection import connect, count_places, import_ray, several_machines
from sturgeon.caviar.ray.losses import ActorLost, hear
from sturgeon.caviar.ray.relay import Ended, Relay, versions
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.workers.messages import Leave, Load, NotLoaded, Ready, Refused
from sturgeon.caviar.workers.process import describe_exit
from sturgeon.errors import InputError, RunError, StudyError

LEAVE_SECONDS = 5.0
SLICE_SECONDS = 0.1  # how soon Ctrl-C is noticed
WAITED_SECONDS = 5.0  # for room on the cluster, before that is said
FAILED_STARTS = 3


class RayWorker:
    """One worker on the cluster.

    Attributes:
        slot: Which of the workers it is, from 0.
        ready: Whether it has loaded the function.
        actor: Ray's handle of its ``Relay``.
        heard: What it will say next.
        why: How it ended, where that is known.
        lost: Whether it ended with its node, or its actor, and not by itself.
    """

    def __init__(self, slot: int, actor: Any) -> None:
        """Take the actor, and begin to listen."""
        self.slot = slot
        self.ready = False
        self.actor = actor
        self.heard = actor.listen.remote()
        self.why = "its worker on the cluster was lost"
        self.lost = False

    def send(self, message: object) -> None:
        """Send it a message; one that died meanwhile is noticed elsewhere."""
        self.actor.tell.remote(message)


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
        self._ray = import_ray()
        self._workers: dict[int, RayWorker] = {}
        self._failed_starts = 0
        self._alone_since: float | None = None
        self._settings = settings
        self._connected = connect(settings)
        try:
            places = count_places(settings)
            self.size = settings.workers or places
            self._load = self._ray.put(Load(function, list(sys.argv)))
        except BaseException:
            self.kill()
            raise
        self._actor = self._ray.remote(Relay).options(
            num_cpus=settings.cpus,
            num_gpus=settings.gpus,
            resources=dict(settings.resources),
            runtime_env=None if settings.runtime_env is None else dict(settings.runtime_env),
            max_restarts=0,
            max_concurrency=1000,
        )

    def check_place(self, place: str) -> None:
        """Check that a study can be kept at a place, as others have to read it.

        Raises:
            StudyError: It is a file, and the cluster has several machines.
        """
        if place != ":memory:" and "://" not in place and several_machines():
            raise StudyError(
                f"a study on a cluster of several machines is kept on a PostgreSQL server, where each "
                f"of them can reach it; got the file {place!r}: name a URL, "
                'study="postgresql://USER@HOST/DATABASE?study=NAME".'
            )

    def grow(self, count: int) -> None:
        """Have at least so many workers, but no more than ``size``; they get ready where there is room."""
        threads = max(1, math.floor(self._settings.cpus))
        for slot in range(min(count, self.size)):
            if slot not in self._workers:
                actor = self._actor.remote(self._load, threads=threads, expected=versions())
                self._workers[slot] = RayWorker(slot, actor)

    def load(self, count: int) -> None:
        """Start so many workers, and wait until one of them has loaded the function.

        Raises:
            InputError: The function could not be loaded.
            RunError: Workers die before they have loaded it, one after the other.
        """
        self.grow(count)
        while not any(worker.ready for worker in self._workers.values()):
            for worker, message in self.messages(SLICE_SECONDS):
                if message is None:
                    self.reap(worker)
            self.grow(count)

    def idle(self, busy: Iterable[Any]) -> RayWorker | None:
        """Give a worker that is ready and not among the busy ones, if there is one."""
        taken = {worker.slot for worker in busy}
        ready = (one for one in self._workers.values() if one.ready and one.slot not in taken)
        return next(ready, None)

    def messages(
        self, seconds: float, interrupt: Interrupt | None = None
    ) -> Iterator[tuple[RayWorker, object]]:
        """Wait for messages of the workers, for at most some seconds; see ``WorkerPool.messages``.

        Raises:
            InputError: The function could not be loaded, or the node is not fit to.
        """
        self._say_that_none_is_ready()
        for worker in self._arrived(seconds, interrupt):
            for message in self._hear(worker):
                if self._workers.get(worker.slot) is not worker:
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
                    worker.ready, self._failed_starts = True, 0
                yield worker, message

    def _say_that_none_is_ready(self) -> None:
        """Say once that there is no worker, where that lasts: none has started yet, or all nodes are gone."""
        now = time.monotonic()
        if any(worker.ready for worker in self._workers.values()):
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > WAITED_SECONDS:
            say("Waiting for a worker on the Ray cluster; Ctrl-C leaves.")
            self._alone_since = math.inf

    def _arrived(self, seconds: float, interrupt: Interrupt | None) -> list[RayWorker]:
        """Wait until workers have said something; give them."""
        deadline = time.monotonic() + seconds
        speakers = {worker.heard: worker for worker in self._workers.values()}
        references = list(speakers)
        if not references:
            time.sleep(min(seconds, SLICE_SECONDS))
            return []
        while True:
            left = max(0.0, min(SLICE_SECONDS, deadline - time.monotonic()))
            found, _ = self._ray.wait(references, num_returns=1, timeout=left)
            if found or time.monotonic() >= deadline or (interrupt is not None and interrupt.is_set()):
                break
        if not found:
            return []
        found, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        return [speakers[one] for one in found]

    def _hear(self, worker: RayWorker) -> list[object]:
        try:
            said = hear(self._ray, worker.heard)
        except ActorLost as error:
            worker.lost = error.with_node
            worker.why = f"its worker on the cluster was lost: {error}"
            return [None]
        worker.heard = worker.actor.listen.remote()
        return said

    def reap(self, worker: RayWorker) -> str:
        """Take leave of a worker that died; say how it did.

        Raises:
            RunError: It is the third in a row that ended before it had loaded the function.
        """
        self.remove(worker)
        self._failed_starts += not worker.ready and not worker.lost
        if self._failed_starts >= FAILED_STARTS:
            raise RunError(
                f"A worker process must load `train` without ending; {FAILED_STARTS} in a row did not: "
                f"{worker.why}. Look at what is imported there, or use workers=0."
            )
        return worker.why

    def remove(self, worker: RayWorker) -> None:
        """End a worker at once."""
        if self._workers.get(worker.slot) is worker:
            del self._workers[worker.slot]
        with contextlib.suppress(Exception):  # it may be gone, and the cluster with it
            self._ray.kill(worker.actor)

    def close(self) -> None:
        """Let the workers end by themselves, and kill those that do not."""
        try:
            for worker in list(self._workers.values()):
                if worker.ready:
                    worker.send(Leave())
                else:
                    self.remove(worker)
            deadline = time.monotonic() + LEAVE_SECONDS
            while self._workers and time.monotonic() < deadline:
                for worker, message in self.messages(SLICE_SECONDS):
                    if message is None:
                        self.remove(worker)
        finally:
            self.kill()

    def kill(self) -> None:
        """End all workers at once, and the connection, where it was made for them."""
        for worker in list(self._workers.values()):
            self.remove(worker)
        if self._connected:
            self._connected = False
            self._ray.shutdown()

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.close()
        else:
            self.kill()
