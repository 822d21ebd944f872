"""The worker processes of a run: started when there is work, replaced when they die."""

from __future__ import annotations

import os
import random
import select
import sys
from collections.abc import Iterable, Iterator

from sturgeon.caviar.interrupt import Interrupt
from sturgeon.caviar.lanes.devices import available_cores
from sturgeon.caviar.workers.environment import (
    Resources,
    allowed_cores,
    visible_gpus,
    worker_cores,
    worker_environment,
)
from sturgeon.caviar.workers.messages import Load, NotLoaded, Ready, Refused
from sturgeon.caviar.workers.process import WorkerProcess, describe_exit
from sturgeon.errors import InputError, RunError

LEAVE_SECONDS = 5.0
LOADING_SECONDS = 0.1
DYING_SECONDS = 1.0  # from a closed pipe to the end of the process
FAILED_STARTS = 3


class WorkerPool:
    """Up to so many worker processes with one function.

    Example:
        A pool is closed, or its processes are killed, when the block is left::

            with WorkerPool(function, size=2) as pool:
                pool.grow(2)
                for worker, message in pool.messages(0.1): ...
    """

    def __init__(self, function: bytes, size: int, resources: Resources | None = None) -> None:
        """Take the function; no process is started yet.

        Args:
            function: As ``pack`` wrote it.
            size: How many processes there may be, at least 1.
            resources: What each of them is to have; by default an equal share.

        Raises:
            InputError: The system is one that processes cannot be started on in this way, or the machine
                has not the resources.
        """
        if os.name != "posix":
            raise InputError(
                f"Worker processes need Linux or macOS; this is {sys.platform}. Use workers=0, which trains "
                "in this process, one trial at a time."
            )
        self.size = size
        self._load = Load(function, list(sys.argv))
        self._cores = available_cores()
        self._allowed = _turned(allowed_cores(), self._cores)
        self._gpus = visible_gpus(os.environ)
        self._resources = resources or Resources()
        self._resources.check(size, cores=self._cores, gpus=self._gpus)
        self._workers: dict[int, WorkerProcess] = {}
        self._arrivals = select.poll()
        self._failed_starts = 0

    def grow(self, count: int) -> None:
        """Have at least so many workers, but no more than ``size``; they get ready by themselves."""
        for slot in range(min(count, self.size)):
            if slot not in self._workers:
                environment = worker_environment(
                    slot,
                    self.size,
                    cores=self._cores,
                    gpus=self._gpus,
                    base=os.environ,
                    resources=self._resources,
                )
                own = worker_cores(
                    slot,
                    self.size,
                    cores=self._cores,
                    allowed=self._allowed,
                    base=os.environ,
                    each=self._resources.cores,
                )
                worker = self._workers[slot] = WorkerProcess(slot, environment, self._load, cores=own)
                for descriptor in filter(None, (worker.voice, worker.death)):
                    self._arrivals.register(descriptor, select.POLLIN)

    def load(self, count: int) -> None:
        """Start so many workers, and wait until one of them has loaded the function.

        Raises:
            InputError: The function could not be loaded.
            RunError: Workers die before they have loaded it, one after the other.
        """
        self.grow(count)
        while not any(worker.ready for worker in self._workers.values()):
            for worker, message in self.messages(LOADING_SECONDS):
                if message is None:
                    self.reap(worker)
            self.grow(count)

    def idle(self, busy: Iterable[WorkerProcess]) -> WorkerProcess | None:
        """Give a worker that is ready and not among the busy ones, if there is one."""
        taken = {worker.slot for worker in busy}
        ready = (one for one in self._workers.values() if one.ready and one.slot not in taken)
        return next(ready, None)

    def messages(
        self, seconds: float, interrupt: Interrupt | None = None
    ) -> Iterator[tuple[WorkerProcess, object]]:
        """Wait for messages of the workers, for at most some seconds.

        Args:
            seconds: How long to wait where nothing arrives.
            interrupt: Ends the wait once it is set.

        Yields:
            A worker and what it said, or None for one that died.

        Raises:
            InputError: The function could not be loaded.
            RunError: Workers die before they have loaded it, one after the other.
        """
        if interrupt is not None:
            self._arrivals.register(interrupt, select.POLLIN)
        arrived = {descriptor for descriptor, _ in self._arrivals.poll(1000 * seconds)}
        if interrupt is not None:
            self._arrivals.unregister(interrupt)
        for worker in [one for one in self._workers.values() if one.voice in arrived]:
            if self._workers.get(worker.slot) is not worker:
                continue  # killed since, on account of another message
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                yield worker, None
                continue
            if isinstance(message, NotLoaded):
                raise InputError(
                    f"`train` must be something that a worker process can load; it got {message.why}. "
                    "Make what is missing importable, or import it inside the function."
                )
            if isinstance(message, Refused):
                raise InputError(message.why)
            if isinstance(message, Ready):
                worker.ready, self._failed_starts = True, 0
            yield worker, message
        # A process that it forked may hold the pipe open after it died.
        for worker in list(self._workers.values()):
            told = worker.death in arrived if worker.death is not None else not worker.alive
            if told and not worker.connection.closed and not worker.connection.poll():
                yield worker, None

    def reap(self, worker: WorkerProcess) -> str:
        """Take leave of a worker that died; say how it did.

        Raises:
            RunError: It is the third in a row that ended before it had loaded the function.
        """
        worker.dismiss(DYING_SECONDS)
        code = self.remove(worker)
        self._failed_starts += not worker.ready
        if self._failed_starts >= FAILED_STARTS:
            raise RunError(
                f"A worker process must load `train` without ending; {FAILED_STARTS} in a row did not: "
                f"{describe_exit(code)}. Look at what is imported there, or use workers=0."
            )
        return describe_exit(code)

    def remove(self, worker: WorkerProcess) -> int:
        """End a worker at once; give its exit code."""
        if self._workers.get(worker.slot) is worker:
            del self._workers[worker.slot]
            for descriptor in filter(None, (worker.voice, worker.death)):
                self._arrivals.unregister(descriptor)
        return worker.kill()

    def close(self) -> None:
        """Let the workers end by themselves, and kill those that do not."""
        try:
            for worker in self._workers.values():
                worker.ask_to_leave()
            for worker in self._workers.values():
                worker.dismiss(LEAVE_SECONDS if worker.ready else 0.0)
        finally:
            self.kill()

    def kill(self) -> None:
        """End all workers at once."""
        for worker in list(self._workers.values()):
            self.remove(worker)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.close()
        else:
            self.kill()


def _turned(allowed: list[int], cores: int) -> list[int]:
    """Begin anywhere where a container may use a part of the cores: its neighbours have the same list."""
    begin = random.SystemRandom().randrange(len(allowed)) if cores < len(allowed) else 0
    return allowed[begin:] + allowed[:begin]
