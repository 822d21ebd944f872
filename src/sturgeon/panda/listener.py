"""A thread that reads the journal for commands, so that a step of the training has nothing to wait for."""

from __future__ import annotations

import logging
import threading
from collections import deque

from sturgeon.panda.commands import COMMAND, Command
from sturgeon.study import Study

LISTEN_SECONDS = 0.2
_log = logging.getLogger("sturgeon")


class Listener:
    """Collects the commands of a study as they are given.

    Attributes:
        inbox: Those that were not taken yet; asking whether it is empty costs nanoseconds.
    """

    def __init__(self, study: Study, *, after: int, seconds: float = LISTEN_SECONDS) -> None:
        """Begin to listen.

        Args:
            study: The run's study.
            after: The last entry of the journal that is known.
            seconds: How often to look.
        """
        self.inbox: deque[Command] = deque()
        self._study = study
        self._after = after
        self._seconds = seconds
        self._looking = threading.Lock()
        self._ended = threading.Event()
        self._arrived = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="sturgeon-panda", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until a command arrives, or for so long."""
        self._arrived.wait(seconds)
        self._arrived.clear()

    def look(self) -> None:
        """Read the journal now."""
        with self._looking:  # both threads look, and each command is to be carried out once
            for entry in self._study.journal.read(kind=COMMAND, after=self._after):
                self._after = max(self._after, entry.id)
                command = Command.of(entry)
                if command is not None:
                    self.inbox.append(command)
                    self._arrived.set()

    def close(self) -> None:
        """End the thread, and wait for it."""
        self._ended.set()
        self._thread.join(timeout=5.0)

    def _listen(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self.look()
            except Exception:  # a database that cannot be reached now is asked again at the next turn
                if self._study.closed:
                    return
                _log.debug("the journal could not be read", exc_info=True)
