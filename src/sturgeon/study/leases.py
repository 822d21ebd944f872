"""Leases: how long a running trial stays with its worker, and how a dead worker is told from a slow one.

A trial belongs to the study handle that asked for it until its lease ends. A daemon thread in that process
renews the lease, whatever user code does meanwhile. A trial is given to somebody else only when

* its handle was closed without finishing it, or
* its process is on this machine and is gone: that is seen at once, no lease has to run out, or
* its lease has ended and its process is not one that is alive on this machine.

The clock is the database's: the machine's for a file, which can only be used on one machine anyway, the
server's for PostgreSQL. Where a process of this machine is concerned the clock is not asked, so setting
it does no harm.

So a live process on this machine never loses a trial, however slow or blocked it is; one on another
machine loses it only when it could not reach the database for the whole length of the lease. Process
numbers are used again, so this takes a system that tells when a process started, as Linux does; on others,
as macOS, a process that is there may be another one, and its lease decides.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import uuid
import weakref
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import Protocol

from sturgeon.errors import StudyError
from sturgeon.space.base import is_integer

_UNKNOWN_START = "-"


@dataclass(frozen=True)
class Leases:
    """How running trials are kept and given up.

    Attributes:
        seconds: How long a lease lasts without being renewed, in seconds, above 0. It is renewed three
            times in that time.
        attempts: How often a trial is handed out in all before a lost worker makes it fail, at
            least 1. A pause does not count, nor an attempt that was lost with those at other trials: a
            process that ran several and was killed says nothing of any of them.

    Raises:
        StudyError: A number is out of range.

    Example:
        >>> Leases(seconds=30).attempts
        2
    """

    seconds: float = 60.0
    attempts: int = 2

    def __post_init__(self) -> None:
        if not isinstance(self.seconds, Real) or not self.seconds > 0:
            raise StudyError(
                f"a lease must last longer than 0 seconds; got seconds={self.seconds!r}: write seconds=60."
            )
        if not is_integer(self.attempts) or self.attempts < 1:
            raise StudyError(
                f"a trial needs a whole number of attempts, at least 1 attempt; got "
                f"attempts={self.attempts!r}: write attempts=2."
            )


def new_worker() -> str:
    """Name a study handle of this process so that others can tell whether it is alive.

    Returns:
        Host, machine, process, the process's start and a random token, separated by bars.
    """
    return f"{_here()}|{uuid.uuid4().hex[:12]}"


def is_alive(worker: str | None) -> bool | None:
    """Tell whether a worker's process lives.

    Args:
        worker: What ``new_worker`` gave.

    Returns:
        True or False for a process of this machine, None where it cannot be known from here.
    """
    parts = (worker or "").split("|")
    ours = _here().split("|")
    if len(parts) != 5 or parts[:2] != ours[:2]:
        return None
    if parts[2] == ours[2]:
        return parts[3] == ours[3]
    start = _start_of(int(parts[2]))
    if start is None or (start and parts[3].startswith(_UNKNOWN_START)):
        return None
    return start == parts[3]


def _here() -> str:
    return _identity(os.getpid())


@lru_cache(maxsize=8)  # by process, for a forked child is another one
def _identity(pid: int) -> str:
    # A mark of its own still tells this process from an earlier one of the same number.
    start = _start_of(pid) or f"{_UNKNOWN_START}{uuid.uuid4().hex[:12]}"
    return f"{socket.gethostname()}|{_machine()}|{pid}|{start}"


def _machine() -> str:
    """Name this running kernel and its process numbering: in another container a number means another."""
    marks = [socket.gethostname()]
    with contextlib.suppress(OSError):
        marks.append(Path("/proc/sys/kernel/random/boot_id").read_text())
    with contextlib.suppress(OSError):
        marks.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("|".join(marks).encode()).hexdigest()[:12]


def _start_of(pid: int) -> str | None:
    """Say when a process started; empty for one that is not there, None where the system does not tell."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
        try:
            after_name = os.read(file, 4096).decode(errors="replace").rpartition(")")[2].split()
        finally:
            os.close(file)
    except OSError:  # no /proc, or one that shows a user's own processes only
        return None if _exists(pid) else ""
    # A zombie has ended; its parent just has not looked yet.
    return "" if after_name[0] in "ZX" else after_name[19]


def _exists(pid: int) -> bool:
    """Tell, without /proc, whether there may be a process of that number."""
    if os.name == "nt":
        return True  # there, asking it would interrupt it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


class Renewing(Protocol):
    """What a keeper renews."""

    def renew(self, seconds: float) -> None:
        """Let the leases end that many seconds from now."""
        ...


class LeaseKeeper:
    """A daemon thread that renews the leases of one study handle.

    It holds the handle's store weakly: a study that was forgotten is not kept alive by it.
    """

    def __init__(self, store: Renewing, leases: Leases) -> None:
        """Remember what to renew; ``start`` begins.

        Args:
            store: What has leases.
            leases: How long they last.
        """
        self._store = weakref.ref(store)
        self._leases = leases
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="sturgeon-leases", daemon=True)
            self._thread.start()

    @property
    def started(self) -> bool:
        """Whether there may be leases to keep."""
        return self._thread is not None

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread() and thread.is_alive():
            thread.join(timeout=5.0)

    def _keep(self) -> None:
        while not self._ended.wait(self._leases.seconds / 3):
            store = self._store()
            if store is None:
                return
            # A database that cannot be reached now is tried again at the next turn.
            with contextlib.suppress(Exception):
                store.renew(self._leases.seconds)
            del store
