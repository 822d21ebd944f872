"""Making a study and finding one again, in a file or on a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import Connection, inspect

from sturgeon.errors import StudyError, by_caller, option
from sturgeon.study.storage.database import Database
from sturgeon.study.storage.description import Description
from sturgeon.study.storage.migrations import migrate
from sturgeon.study.storage.schema import SCHEMA_VERSION, studies, versions
from sturgeon.study.storage.sqlite import SqliteDatabase
from sturgeon.study.storage.store import Store

MEMORY = ":memory:"
POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
DEFAULT_NAME = "study"


def place_of(where: object) -> str:
    """Give the path or the URL of a study as text.

    Raises:
        StudyError: It is neither.
    """
    text = os.fspath(where) if isinstance(where, str | os.PathLike) else None
    if not isinstance(text, str):
        raise StudyError(
            f"a study is a file's path or a PostgreSQL URL; got {where!r}: name a file, such as "
            f"{option('study', 'name.study')}."
        )
    return text


def create_store(where: str | os.PathLike[str], description: Description) -> Store:
    """Make a study.

    Args:
        where: A path, ``":memory:"`` or a PostgreSQL URL.
        description: What it is made of.

    Raises:
        StudyError: It exists already, or cannot be made there.
    """
    return _create(where, description, take_existing=False)


def open_or_create_store(where: str | os.PathLike[str], description: Description) -> Store:
    """Find a study, or make it where there is none; of several processes at once, one makes it.

    Args:
        where: A path, ``":memory:"`` or a PostgreSQL URL.
        description: What it is made of if it is not there.

    Raises:
        StudyError: It cannot be made there; or it is damaged, or from a newer Sturgeon.
    """
    return _create(where, description, take_existing=True)


def open_store(where: str | os.PathLike[str]) -> Store:
    """Find a study.

    Args:
        where: A path or a PostgreSQL URL.

    Raises:
        StudyError: It is missing, not a study, damaged, or from a newer Sturgeon.
    """
    if str(where) == MEMORY:
        raise StudyError(
            'a study in memory cannot be opened again; make one with Study.create(":memory:", ...).'
        )
    database, name = _connect(where, create=False)
    try:
        _check_version(database)
        return _load(database, name)
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no connection open
        database.close()
        raise


def store_exists(where: str | os.PathLike[str]) -> bool:
    """Whether a path exists, or a study can be opened at a URL."""
    place = place_of(where)
    if place == MEMORY:
        return False
    if "://" not in place:
        return Path(place).exists()
    try:
        open_store(place).close()
    except StudyError:
        return False  # if it is there but cannot be opened, making it says why
    return True


def study_names(url: str) -> list[str]:
    """Give the names of the studies in a PostgreSQL database, the oldest first.

    Args:
        url: The database's URL.

    Raises:
        StudyError: It cannot be reached, or was written by a newer Sturgeon.
    """
    database, _ = _connect(url, create=False)
    try:
        if not database.read(_has_tables):
            return []
        _check_version(database)
        return database.read(
            lambda connection: [one[0] for one in connection.exec_driver_sql(database.sql.study_names)]
        )
    finally:
        database.close()


def _create(where: str | os.PathLike[str], description: Description, *, take_existing: bool) -> Store:
    row = description.to_row()
    database, name = _connect(where, create=True)
    try:
        if (take_existing or not database.is_file) and database.read(_has_tables):
            _check_version(database)
            if take_existing and _find(database, name)[0] is not None:
                return _load(database, name)
        database.write(
            lambda connection: _insert_study(database, connection, name, row, take_existing=take_existing),
            repeatable=take_existing,
        )
        return _load(database, name)
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no half-made file
        database.discard()
        raise


def _connect(where: str | os.PathLike[str], *, create: bool) -> tuple[Database, str]:
    text = place_of(where)
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme in POSTGRES_SCHEMES:
        from sturgeon.study.storage.postgres import PostgresDatabase

        url, name = _split_url(text)
        return PostgresDatabase(url), name
    if scheme:
        raise StudyError(
            f"a study is a file's path or a PostgreSQL URL (postgresql://user:password@host/database); "
            f"got a {scheme}:// URL: name a file, {option('study', f'{_file_of(text)}.study')}; a study of "
            "Optuna's own comes by Study.from_optuna(URL, name)."
        )
    if text == MEMORY:
        return SqliteDatabase(None, create=True), DEFAULT_NAME
    path = Path(text)
    return SqliteDatabase(path, create=create), path.stem or DEFAULT_NAME


def _file_of(url: str) -> str:
    """The name of the database that a URL names, without its ending.

    Example:
        >>> _file_of("sqlite:///old/a.db"), _file_of("mysql://user@host")
        ('a', 'name')
    """
    try:
        return Path(urlsplit(url).path).stem or "name"
    except ValueError:
        return "name"


def _split_url(text: str) -> tuple[str, str]:
    """Take the study's name out of ``postgresql://…/database?study=name``."""
    parts = urlsplit(text)
    query = parse_qsl(parts.query, keep_blank_values=True)
    name = dict(query).get("study", DEFAULT_NAME)
    rest = urlencode([(key, value) for key, value in query if key != "study"])
    return urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, rest, "")), name


def _insert_study(
    database: Database, connection: Connection, name: str, row: dict[str, Any], *, take_existing: bool
) -> None:
    tables = set(inspect(connection).get_table_names())
    if tables and versions.name not in tables and database.is_file:
        raise StudyError(
            f"{database.place!r} exists already and is an SQLite database but not a study; name another file."
        )
    database.create_tables(connection)
    found = connection.exec_driver_sql(f"SELECT version FROM {versions.name}").fetchone()
    if found is None:
        connection.exec_driver_sql(f"INSERT INTO {versions.name} (version) VALUES ({SCHEMA_VERSION})")
    taken = [one[0] for one in connection.exec_driver_sql(database.sql.study_names)]
    if (taken and database.is_file) or name in taken:
        if take_existing:
            return
        raise StudyError(
            f"a new study needs a new place; {database.place!r} exists already{_named(database, name)}: "
            f"go on with it by Study.open(...) (on the command line: --resume), or name another."
        )
    connection.execute(studies.insert(), {**row, "name": name, "created": database.now(connection)})


def _named(database: Database, name: str) -> str:
    return "" if database.is_file else f" and holds a study named {name!r}"


def _has_tables(connection: Connection) -> bool:
    return inspect(connection).has_table(versions.name)


def _check_version(database: Database) -> None:
    def version(connection: Connection) -> int | None:
        if not _has_tables(connection):
            return None
        row = connection.exec_driver_sql(f"SELECT version FROM {versions.name}").fetchone()
        return None if row is None else row[0]

    found = database.read(version)
    if found is None:
        what = "is an SQLite database but not a study" if database.is_file else "holds no study"
        raise StudyError(
            f"{database.place!r} {what}; check the path or URL, or make one with "
            f"{by_caller(python='Study.create(...)', command='sturgeon tune')}."
        )
    if found > SCHEMA_VERSION:
        raise StudyError(
            f"the study {database.place!r} was written by a newer Sturgeon (its format is {found}, this "
            f"one reads up to {SCHEMA_VERSION}); upgrade: pip install -U sturgeon."
        )
    if found < SCHEMA_VERSION:
        migrate(database, found)


def _find(database: Database, name: str) -> tuple[Any, list[str]]:
    """Read the row of the study of that name, or None, and the names of all there are."""

    def find(connection: Connection) -> tuple[Any, list[str]]:
        names = [one[0] for one in connection.exec_driver_sql(database.sql.study_names)]
        # A file holds one study and may have been renamed since.
        wanted = names[0] if database.is_file and names else name
        return connection.exec_driver_sql(database.sql.study_named, {"name": wanted}).fetchone(), names

    return database.read(find)


def _load(database: Database, name: str) -> Store:
    row, names = _find(database, name)
    if row is None:
        raise StudyError(
            f"there is no study named {name!r} in {database.place!r}; it holds {names}: "
            f"add ?study=NAME to the URL, or make one with "
            f"{by_caller(python='Study.create(...)', command='sturgeon tune')}."
        )
    return Store(database, row.id, name, Description.from_row(row, database.place))
