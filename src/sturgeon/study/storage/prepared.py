"""Statements that a PostgreSQL server keeps prepared, sent through libpq itself, several in one trip.

A cursor looks at each statement and each parameter anew; with many clients on few processors that is a good
part of what a trial costs. Here the text of a parameter goes out as it is, and the second of two
statements is with the server before the first has been answered.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect

_DIALECT = psycopg_dialect(paramstyle="numeric_dollar")
_LINE = "sturgeon_line"  # where a connection keeps it
_UNKNOWN = b"26000"  # invalid_sql_statement_name

Row = Sequence[bytes | None]
"""What goes to the server or comes from it, as text; None for NULL."""


class Prepared:
    """A statement with parameters by name, such as ``:study``; the server tells their types by their places.

    Args:
        name: By which the server knows it.
        statement: Its SQL.
    """

    def __init__(self, name: str, statement: str) -> None:
        compiled = text(statement).compile(dialect=_DIALECT)
        self.name = name.encode()
        self.sql = str(compiled).encode()
        self.parameters: Sequence[str] = compiled.positiontup or ()


class Line:
    """One connection's way to the server."""

    def __init__(self, driver: Any) -> None:
        """Take psycopg's connection, in autocommit mode."""
        import psycopg

        self.driver = driver
        self._psycopg = psycopg
        self._libpq = driver.pgconn
        self._encoding: str = driver.info.encoding
        self._prepared: set[bytes] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._libpq.socket, selectors.EVENT_READ)

    @classmethod
    def of(cls, connection: Connection) -> Line:
        """Give the one of a connection."""
        kept = connection.connection.info
        driver = connection.connection.driver_connection
        line = kept.get(_LINE)
        if line is None or line.driver is not driver:
            line = kept[_LINE] = cls(driver)
        return line

    def execute(
        self,
        *statements: tuple[Prepared, Mapping[str, Any]],
        meanwhile: Callable[[], None] | None = None,
    ) -> list[Row | None]:
        """Execute statements in one trip, each in a transaction of its own.

        Args:
            statements: Each with its parameters. A later one is executed even where an earlier one failed.
                One that the server does not know any more, since psycopg gives up all that are prepared
                after a rollback, is prepared and sent again, and those after it too: one that waits for the
                disk has to come last.
            meanwhile: Called when all are sent, before the answers are waited for.

        Returns:
            The first row of each one's answer, None where there is none.

        Raises:
            psycopg.Error: One failed, or the connection broke.
        """
        given = [
            [self._to_text(parameters[name]) for name in statement.parameters]
            for statement, parameters in statements
        ]
        asked = [statement for statement, _ in statements]
        try:
            results = self._trip(asked, given, meanwhile)
            unknown = [place for place, one in enumerate(results) if self._is_unknown(one)]
            if unknown:
                self._prepared -= {asked[place].name for place in unknown}
                first = unknown[0]
                results[first:] = self._trip(asked[first:], given[first:])
        except BaseException:  # Ctrl-C, too: answers that nobody waits for may still come
            self._libpq.finish()
            raise
        return [self._row(self._checked(one)) for one in results]

    def _trip(
        self,
        statements: Sequence[Prepared],
        given: Sequence[Row],
        meanwhile: Callable[[], None] | None = None,
    ) -> list[Any]:
        for statement in statements:
            if statement.name not in self._prepared:
                self._checked(self._libpq.prepare(statement.name, statement.sql))
                self._prepared.add(statement.name)
        self._send([one.name for one in statements], given)
        if meanwhile is not None:
            meanwhile()
        return self._receive(len(statements))

    def _send(self, names: Sequence[bytes], given: Sequence[Row]) -> None:
        libpq = self._libpq
        libpq.enter_pipeline_mode()
        for name, values in zip(names, given, strict=True):
            libpq.send_query_prepared(name, values)
            libpq.pipeline_sync()
        while libpq.flush():
            self._selector.modify(libpq.socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            self._wait()  # also to read: the server may want to be rid of an answer first
            self._selector.modify(libpq.socket, selectors.EVENT_READ)

    def _receive(self, count: int) -> list[Any]:
        sync = self._psycopg.pq.ExecStatus.PIPELINE_SYNC
        results = []
        for _ in range(count):
            results.append(self._next_result())
            while (end := self._next_result()) is None or end.status != sync:
                pass
        self._libpq.exit_pipeline_mode()
        return results

    def _next_result(self) -> Any:
        """Wait for a statement's result, for the None after it, or for the mark that ends the statement."""
        while self._libpq.is_busy():
            self._wait()
        result = self._libpq.get_result()
        self._check_connection()
        return result

    def _wait(self) -> None:
        self._selector.select()
        self._libpq.consume_input()

    def _check_connection(self) -> None:
        if self._libpq.status != self._psycopg.pq.ConnStatus.OK:
            message = self._libpq.get_error_message()
            raise self._psycopg.OperationalError(message or "the server closed the connection")

    def _is_unknown(self, result: Any) -> bool:
        field = self._psycopg.pq.DiagnosticField.SQLSTATE
        return result.error_field(field) == _UNKNOWN

    def _checked(self, result: Any) -> Any:
        self._check_connection()
        status = self._psycopg.pq.ExecStatus
        if result.status not in (status.TUPLES_OK, status.COMMAND_OK):
            raise self._psycopg.errors.error_from_result(result, self._encoding)
        return result

    def _row(self, result: Any) -> Row | None:
        if result.ntuples == 0:
            return None
        return [result.get_value(0, column) for column in range(result.nfields)]

    def _to_text(self, value: Any) -> bytes | None:
        if value is None:
            return None
        if isinstance(value, bool):
            return b"t" if value else b"f"
        encoded = str(value).encode(self._encoding)
        if b"\0" in encoded:
            raise self._psycopg.DataError(f"PostgreSQL text cannot hold NUL; got {value!r}")
        return encoded
