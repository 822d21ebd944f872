"""One connection to a database, and the way a transaction runs on it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from sturgeon.errors import StudyError, SturgeonError
from sturgeon.study.storage.one_trip import OneTrip
from sturgeon.study.storage.statements import Statements, statements_for

Result = TypeVar("Result")

Parameters: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Parameters by name; several of them execute a statement several times."""

RETRY_SECONDS = 30.0
"""How long a write is tried again while the database cannot be reached, in seconds."""


class Database(ABC):
    """Where a study is kept, through one connection that its threads share.

    A transaction is a function of the connection, so that it can run again after the connection was
    lost; nearly all of ours are written so that running them twice is harmless.
    """

    driver_errors: tuple[type[Exception], ...] = (DBAPIError, ResourceClosedError)

    def __init__(self, engine: Engine, place: str) -> None:
        """Take an engine; connect at once.

        Args:
            engine: A SQLAlchemy engine in autocommit mode; we say BEGIN and COMMIT ourselves.
            place: The path or URL for messages, without a password.
        """
        self.place = place
        self.sql: Statements = statements_for(engine.dialect)
        self.one_trip: OneTrip | None = None  # where the way to the database takes long
        self.connections = 0  # how often one was made: what was seen before may be gone
        self._engine = engine
        self._committing = False
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._closed: str | None = None
        self._connection: Connection | None = None
        self.retry_seconds = RETRY_SECONDS
        self.retrying = False  # true while a transaction runs again after the connection was lost

    @property
    @abstractmethod
    def is_file(self) -> bool:
        """Whether it holds one study, like a file, and not many, like a server."""

    @abstractmethod
    def now(self, connection: Connection) -> float:
        """Tell the time by the database's clock, in seconds since 1970."""

    @abstractmethod
    def create_tables(self, connection: Connection) -> None:
        """Make the tables where they do not exist, inside the running transaction."""

    @abstractmethod
    def explain(self, error: BaseException) -> SturgeonError:
        """Turn a driver's error into one clear line."""

    @abstractmethod
    def is_lost(self, error: BaseException) -> bool:
        """Tell whether an error means that the connection is gone but may come back."""

    @abstractmethod
    def begin(self, connection: Connection, durable: bool) -> None:
        """Open a write transaction; a durable one survives a power cut once it is committed."""

    @abstractmethod
    def change(self, connection: Connection, statement: str, parameters: Parameters) -> int:
        """Execute a statement that gives no rows, by the shortest way there is.

        Args:
            connection: Within a transaction.
            statement: One of ``sql``, or a command such as COMMIT.
            parameters: By name.

        Returns:
            How many rows it changed.
        """

    @abstractmethod
    def check_place(self) -> None:
        """Raise StoreFailed where what was written can no longer be found again."""

    @abstractmethod
    def check_writable(self) -> None:
        """Raise StudyError where nothing may be written."""

    @abstractmethod
    def discard(self) -> None:
        """Close; a file that was made here and in which nothing is kept yet is removed."""

    def commit(self, connection: Connection) -> None:
        """Commit the transaction."""
        self.change(connection, "COMMIT", {})

    def rollback(self, connection: Connection) -> None:
        """Roll the transaction back."""
        self.change(connection, "ROLLBACK", {})

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a function that only reads.

        Args:
            work: What to do; each statement sees what is committed when it starts.
        """
        return self._attempts(work)

    def write(
        self,
        work: Callable[[Connection], Result],
        *,
        durable: bool = True,
        repeatable: bool = True,
        at_once: Callable[[Connection], Result | None] | None = None,
    ) -> Result:
        """Run a function in one write transaction.

        Args:
            work: What to do. It may run again after the connection was lost.
            durable: Whether it must survive a power cut; it survives a killed process either way.
            repeatable: Whether a second run is harmless even where the first was committed. If not,
                a connection that is lost during the commit is an error.
            at_once: Does the same in one statement, outside of a transaction, and is tried first; None
                from it means that this cannot be. Not tried again after the connection was lost.

        Returns:
            What the function returned, once the transaction is committed.

        Raises:
            StudyError: The study is closed or cannot be written.
            StoreFailed: The database failed.
        """
        self.check_writable()

        def transaction(connection: Connection) -> Result:
            if at_once is not None and not self.retrying and (found := at_once(connection)) is not None:
                return found
            self.begin(connection, durable)
            self._committing = False
            try:
                result = work(connection)
                self._committing = not repeatable
                self.commit(connection)
            except BaseException:  # whatever ends it, Ctrl-C too, is rolled back
                with contextlib.suppress(Exception):  # the first error is the one to tell
                    self.rollback(connection)
                raise
            self.check_place()
            return result

        return self._attempts(transaction)

    def close(self, why: str = "is closed; open it again to go on") -> None:
        """Close the connection; harmless when it is closed already.

        Args:
            why: What later calls are told of the study, and what to do about it.
        """
        if self._closed is not None:
            return
        with self._lock:
            self._closed = why
            self._drop()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed is not None

    def _attempts(self, run: Callable[[Connection], Result]) -> Result:
        deadline = None
        pause = 0.05
        with self._lock:
            self.retrying = self._committing = False
            while True:
                try:
                    return run(self._connected())
                except self.driver_errors as error:
                    if not self.is_lost(error) or self._committing:
                        raise self.explain(error) from error
                    self._drop()
                    self.retrying = True
                    deadline = deadline or time.monotonic() + self.retry_seconds
                    if time.monotonic() + pause > deadline:
                        raise self.explain(error) from error
                    time.sleep(pause)
                    pause = min(2 * pause, 1.0)

    def _connected(self) -> Connection:
        if self._closed is not None:
            raise StudyError(f"the study {self.place!r} {self._closed}.")
        if os.getpid() != self._process:
            raise StudyError(
                f"the study {self.place!r} was opened in another process ({self._process}, this is "
                f"{os.getpid()}); a connection cannot be shared with a forked child: open it again here."
            )
        if self._connection is None:
            self._connection = self._engine.connect()
            self.connections += 1
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if os.getpid() != self._process:
            connection.detach()  # closing it here would say goodbye in the parent's name
            return
        # A connection that is broken may raise anything when it is given up.
        with contextlib.suppress(Exception):
            connection.invalidate()
        with contextlib.suppress(Exception):
            connection.close()
        with contextlib.suppress(Exception):
            self._engine.dispose()
