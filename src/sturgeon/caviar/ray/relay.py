"""The actor on a node: it starts a worker process there, and passes on what is said.

The training runs in a process of its own and not in the actor's, so that it has a main thread and can be
killed, and is in every way what it is without a cluster. It ends with the actor, as its pipe closes.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass

import sturgeon
from sturgeon.caviar.ray.outbox import Outbox
from sturgeon.caviar.workers.environment import worker_environment
from sturgeon.caviar.workers.messages import Acknowledged, Load, Refused, Reported, Start
from sturgeon.caviar.workers.process import WorkerProcess

LEAVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker process is gone.

    Attributes:
        code: Its exit code, negative for a signal.
    """

    code: int


def versions() -> tuple[str, str]:
    """The versions that have to be the same on all nodes: of Sturgeon, and of Python without its patch."""
    return sturgeon.__version__, ".".join(map(str, sys.version_info[:2]))


def refuse_other_versions(expected: tuple[str, str]) -> Refused | None:
    """Say what is wrong where this node's ``versions`` are not those expected."""
    if versions() == expected:
        return None
    found, wanted = (" with Python ".join(pair) for pair in (versions(), expected))
    return Refused(
        f"All nodes must have the versions of the driver, Sturgeon {wanted}; got {found} on "
        f"{os.uname().nodename}. Install the same there."
    )


class Relay:
    """Speaks for one worker process. Its methods are coroutines, so that ``listen`` may wait."""

    def __init__(self, load: Load, *, threads: int, expected: tuple[str, str], gather: float) -> None:
        """Start the process.

        Args:
            load: The function.
            threads: How many threads a training may use.
            expected: The ``versions`` of the driver.
            gather: For how many seconds reports are gathered that no stopping rule waits for.
        """
        self._process: WorkerProcess | None = None
        self._outbox = Outbox(gather)
        self._judged = True
        refused = refuse_other_versions(expected)
        if refused is not None:
            self._outbox.put(refused)
            return
        environment = worker_environment(0, 1, cores=threads, gpus=[], base=os.environ)
        self._process = WorkerProcess(0, environment, load)
        # A thread: to wake a coroutine for each report takes longer than to read it.
        threading.Thread(target=self._hear, args=(self._process,), daemon=True).start()

    async def listen(self, answered: int = 0, halt: bool = False) -> list[object]:
        """Wait until the worker has said something; give that, ``Ended`` at the end.

        Args:
            answered: How many messages of the worker are written down since it was told last.
            halt: Whether its training is to end, on account of them.
        """
        if answered:
            await self.tell(Acknowledged(halt, answered))
        return await self._outbox.take()

    async def tell(self, message: object) -> None:
        """Pass a message on to the worker."""
        if isinstance(message, Start):
            self._judged = message.judged
        process = self._process  # the thread that listens takes it away when it has ended
        if process is not None:
            process.send(message)

    def _hear(self, process: WorkerProcess) -> None:
        try:
            while True:
                message = process.connection.recv()
                can_wait = isinstance(message, Reported) and not self._judged
                self._outbox.put(message, can_wait=can_wait)
        except (EOFError, OSError):
            self._process = None
            self._outbox.put(Ended(process.dismiss(LEAVE_SECONDS)))
