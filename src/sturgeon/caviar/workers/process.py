"""One worker process, as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

from sturgeon.caviar.workers.messages import Leave, Load

# The worker is a fresh Python that imports what it needs: neither a fork, which breaks threads and GPUs,
# nor multiprocessing's spawn, which would run the user's script again.
# Its cores come first, since libraries count them when they are imported.
_BOOT = (
    "import contextlib, importlib, json, os, sys; cores = json.loads(sys.argv[4])\n"
    "with contextlib.suppress(OSError):\n"
    "    cores and os.sched_setaffinity(0, cores)\n"
    "sys.path[:] = json.loads(sys.argv[2]); "
    "importlib.import_module(sys.argv[3]).main(int(sys.argv[1]))"
)
_MODULE = "sturgeon.caviar.workers.worker"


class WorkerProcess:
    """A worker, from its start until it was waited for.

    Attributes:
        ahead: How many messages it may send ahead of their answers; see ``Start``.
        slot: Which of the workers it is, from 0.
        ready: Whether it has loaded the function.
        connection: The pipe to it.
        voice: The pipe's descriptor: readable when it said something or died.
        death: A descriptor that becomes readable when it dies, whatever it started; None where the system
            has no such thing.
    """

    ahead = 0

    def __init__(
        self,
        slot: int,
        environment: Mapping[str, str],
        load: Load,
        *,
        module: str = _MODULE,
        cores: Sequence[int] | None = None,
    ) -> None:
        """Start it.

        Args:
            slot: Which of the workers it is, from 0.
            environment: Its environment.
            load: The function it is to train with.
            module: Where its ``main`` is.
            cores: The cores that it may run on; None for those of this process.
        """
        self.slot = slot
        self.ready = False
        self._gone = False
        self.connection, theirs = multiprocessing.Pipe()
        assert isinstance(theirs, Connection)
        try:
            path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, str(theirs.fileno()), path, module, json.dumps(cores)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=dict(environment),
                process_group=0,  # so that a kill takes the processes that it started along
            )
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no pipe open
            self.connection.close()
            raise
        finally:
            theirs.close()
        self.voice = self.connection.fileno()
        self.death = _descriptor_of(self._process.pid)
        self.send(load)

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def send(self, message: object) -> None:
        """Send it a message; one that died meanwhile is noticed elsewhere."""
        with contextlib.suppress(OSError):
            self.connection.send(message)

    def kill(self) -> int:
        """End it and what it started, at once; give its exit code, negative for a signal."""
        if not self.connection.closed:  # else it was done before, and the number may be somebody else's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self.connection.close()
        if self.death is not None and not self._gone:
            os.close(self.death)
        self._gone = True
        return code

    def dismiss(self, seconds: float) -> int:
        """Let it end by itself, and kill what is left of it after some seconds; give its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.kill()

    def ask_to_leave(self) -> None:
        """Tell an idle worker that there is nothing more to do."""
        self.send(Leave())


def _descriptor_of(pid: int) -> int | None:
    """Open a descriptor that becomes readable when a child of this process dies, on Linux from 5.3."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def describe_exit(code: int) -> str:
    """Say how a process ended that should not have.

    Args:
        code: Its exit code, negative for a signal.

    Example:
        >>> describe_exit(3)
        'its worker process ended with exit code 3'
        >>> describe_exit(-9)
        'its worker process was killed by SIGKILL, as happens when memory runs out'
    """
    if code >= 0:
        return f"its worker process ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", as happens when memory runs out" if -code == signal.SIGKILL else ""
    return f"its worker process was killed by {name}{hint}"
