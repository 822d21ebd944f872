"""The tables of a study, the same on SQLite and on PostgreSQL.

Text columns that hold more than a word hold JSON; nothing is pickled. Times are seconds since
1970 (UTC) by the database's clock: one machine's for SQLite, the server's for PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text, text

SCHEMA_VERSION = 3
"""The version this program writes. A change of any table raises it and adds a migration."""

OPEN_STATES = "state IN ('waiting', 'running', 'paused')"

metadata = MetaData()


def _key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


versions = Table("sturgeon_schema", metadata, Column("version", Integer, primary_key=True))

studies = Table(
    "sturgeon_studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created", Double, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("space", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("objectives", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("next_number", Integer, nullable=False),
    # Raised by every transaction that changes a trial; a trial carries the count of its last change, so
    # that another process can fetch just what it has not seen.
    Column("change", BigInteger, nullable=False),
)

trials = Table(
    "sturgeon_trials",
    metadata,
    _key("study_id"),
    _key("number"),
    Column("change", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("value", Double),
    Column("metrics", Text),
    Column("error", Text),
    Column("reason", Text),
    Column("notes", Text),
    Column("tags", Text),
    Column("about", Text),  # since version 2
    # The attempt is also the fencing token: a tell counts only with the attempt that is running.
    Column("attempt", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_ends", Double),
    Column("checkpoint", Text),
    Column("checkpoint_step", Integer),
    Column("started", Double),
    Column("attempt_started", Double),
    Column("ended", Double),
    Column("seconds", Double),
    sqlite_with_rowid=False,
)

Index("sturgeon_trials_change", trials.c.study_id, trials.c.change)
# Small, since few trials are open at a time; the state comes before the number, or SQLite does not take it.
Index(
    "sturgeon_trials_open",
    trials.c.study_id,
    trials.c.state,
    trials.c.number,
    sqlite_where=text(OPEN_STATES),
    postgresql_where=text(OPEN_STATES),
)

# Attempts that have ended without ending the trial; the last one is in the trial's own row.
attempts = Table(
    "sturgeon_attempts",
    metadata,
    _key("study_id"),
    _key("number"),
    _key("attempt"),
    Column("worker", Text),
    Column("started", Double),
    Column("ended", Double),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    sqlite_with_rowid=False,
)

# One row for each metric at each step. A step reported again (by a later attempt) replaces the earlier
# value. NULL stands for NaN, which SQLite cannot store.
points = Table(
    "sturgeon_points",
    metadata,
    _key("study_id"),
    _key("number"),
    Column("metric", Text, primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("attempt", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# What people and programs wrote down beside the trials, and asked of a running study: only ever added to.
journal = Table(  # since version 3
    "sturgeon_journal",
    metadata,
    _key("study_id"),
    # The study's count of changes when it was written, so that whoever follows it misses none.
    Column("change", BigInteger, primary_key=True, autoincrement=False),
    Column("time", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer),
    Column("author", Text, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)
