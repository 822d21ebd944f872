"""Studies in a PostgreSQL database, through psycopg 3.

One database holds any number of studies, told apart by name. Every transaction that changes a trial
first updates the study's own row, so those of one study queue there; reports of curves do not. The
clock is the server's. Nothing is acknowledged before it is on the server's disk.
"""

from __future__ import annotations

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, ResourceClosedError
from sqlalchemy.pool import NullPool

from sturgeon.errors import MissingExtra, StoreFailed, StudyError, SturgeonError
from sturgeon.study.storage.database import Database, Parameters
from sturgeon.study.storage.one_trip import OneTrip
from sturgeon.study.storage.schema import metadata

CONNECT_SECONDS = 10
"""How long one attempt to connect may take, in seconds."""

_TABLES_LOCK = 7_266_383_391  # any number of our own: two programs must not make the tables at once

_REFUSED = ("password", "authentication", "does not exist", "no pg_hba.conf entry", "permission denied")


class PostgresDatabase(Database):
    """One PostgreSQL database."""

    def __init__(self, url: str) -> None:
        """Connect to a server.

        Args:
            url: ``postgresql+psycopg://user:password@host/database``.

        Raises:
            MissingExtra: psycopg is not installed.
            StudyError: The server cannot be reached, or refuses.
        """
        try:
            import psycopg
        except ImportError:
            raise MissingExtra(
                "a study on PostgreSQL needs psycopg, which is not installed; "
                'run: pip install "sturgeon[postgres]".'
            ) from None
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise StudyError(
                f"a PostgreSQL URL must look like postgresql://user:password@host/database; it cannot be "
                f"read ({error})."
            ) from None
        engine = create_engine(
            parsed,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "sturgeon",
                "keepalives_idle": 30,
                "keepalives_interval": 10,
                "keepalives_count": 3,
            },
        )
        self._was_connected = False
        shown = parsed._replace(drivername="postgresql", password=None).render_as_string()
        super().__init__(engine, shown)
        self.driver_errors = (*Database.driver_errors, psycopg.Error)
        self.one_trip = OneTrip(engine.dialect)
        self.read(lambda connection: None)
        self._was_connected = True

    @property
    def is_file(self) -> bool:
        """A server holds many studies."""
        return False

    def now(self, connection: Connection) -> float:
        """Tell the server's time."""
        row = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        assert row is not None
        return float(row[0])

    def create_tables(self, connection: Connection) -> None:
        """Make the tables where they do not exist, while nobody else does."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TABLES_LOCK})")
        metadata.create_all(connection)

    def begin(self, connection: Connection, durable: bool) -> None:
        """Begin; every commit is durable, since a killed server would lose the others."""
        connection.exec_driver_sql("BEGIN")

    def change(self, connection: Connection, statement: str, parameters: Parameters) -> int:
        """Execute it; the way to the server takes longest."""
        return connection.exec_driver_sql(statement, parameters).rowcount  # type: ignore[arg-type]

    def check_place(self) -> None:
        """Trust the server to keep what it acknowledged."""

    def discard(self) -> None:
        """Close; a server's database is not ours to remove."""
        self.close()

    def check_writable(self) -> None:
        """Let the server say so."""

    def is_lost(self, error: BaseException) -> bool:
        """Tell whether the server went away, or made us the victim of a deadlock."""
        if isinstance(error, ResourceClosedError):
            return True  # the connection was closed under us
        cause = error.orig if isinstance(error, DBAPIError) else error
        operational = _is_operational(cause)
        text = str(cause)
        if operational and any(word in text for word in _REFUSED):
            return False
        state = getattr(cause, "sqlstate", None) or ""
        if state == "40P01":
            return True
        gone = state.startswith(("08", "57P")) or not state
        gone = gone or (isinstance(error, DBAPIError) and error.connection_invalidated)
        return self._was_connected and operational and gone

    def explain(self, error: BaseException) -> SturgeonError:
        """Say what the server's error means for the study."""
        text = " ".join(str(getattr(error, "orig", error)).split())
        kind: type[SturgeonError] = StoreFailed if self._was_connected else StudyError
        if "password" in text or "authentication" in text or "pg_hba" in text:
            return kind(
                f"PostgreSQL refused the login at {self.place!r}; check user and password, which "
                f"may also stand in PGPASSWORD or ~/.pgpass ({text})."
            )
        if "does not exist" in text and not self._was_connected:
            return kind(f"PostgreSQL has no such database or user: {self.place!r}; check the URL ({text}).")
        if "permission denied" in text:
            return kind(f"the user of {self.place!r} may not do this; grant the right ({text}).")
        if _is_operational(error) and not getattr(getattr(error, "orig", error), "sqlstate", None):
            tried = f" for {self.retry_seconds:.0f} s" if self._was_connected else ""
            return kind(
                f"PostgreSQL at {self.place!r} could not be reached{tried}; check that it runs and that host "
                f"and port are right, what was acknowledged is safe ({text})."
            )
        return StoreFailed(f"PostgreSQL at {self.place!r} failed ({text}); what was acknowledged is safe.")


def _is_operational(error: object) -> bool:
    """Tell whether the server or the way to it failed, by SQLAlchemy's word or by the driver's."""
    return any(one.__name__ == "OperationalError" for one in type(error).__mro__)
