"""From an older schema to this one, a version at a time, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.study.storage.database import Database
from sturgeon.study.storage.schema import SCHEMA_VERSION, journal, trials, versions

Migration = Callable[[Connection], None]


def _to_2(connection: Connection) -> None:
    """Let a trial carry JSON of its own, as Optuna's user attributes; find open trials by state."""
    connection.exec_driver_sql(f"ALTER TABLE {trials.name} ADD COLUMN about TEXT")
    connection.exec_driver_sql("DROP INDEX sturgeon_trials_open")
    connection.exec_driver_sql(
        f"CREATE INDEX sturgeon_trials_open ON {trials.name} (study_id, state, number) "
        "WHERE state IN ('waiting', 'running', 'paused')"
    )


def _to_3(connection: Connection) -> None:
    """Give studies a journal."""
    journal.create(connection)


MIGRATIONS: Mapping[int, Migration] = {1: _to_2, 2: _to_3}
"""For each old version, what leads to the next one."""


def migrate(
    database: Database,
    version: int,
    *,
    target: int = SCHEMA_VERSION,
    migrations: Mapping[int, Migration] = MIGRATIONS,
) -> None:
    """Bring a database forward; all or nothing.

    Args:
        database: Where the studies are.
        version: What its schema is now.
        target: What it shall be.
        migrations: For each old version, what leads to the next.

    Raises:
        StudyError: There is no way from that version.
    """
    if any(old not in migrations for old in range(version, target)):
        raise StudyError(
            f"the study {database.place!r} has format {version}, which this Sturgeon (format {target}) "
            f"cannot bring forward; use the version that wrote it."
        )

    def forward(connection: Connection) -> None:
        # Another process may have been faster: the version is read again under the lock.
        row = connection.exec_driver_sql(f"SELECT version FROM {versions.name}").fetchone()
        found = target if row is None else int(row[0])
        for old in range(found, target):
            migrations[old](connection)
            connection.exec_driver_sql(f"UPDATE {versions.name} SET version = {old + 1}")

    database.write(forward)
