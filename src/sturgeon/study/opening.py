"""Making a study and finding one again, in a file or on a server."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import Connection, inspect

from sturgeon.errors import StudyError
from sturgeon.study.objectives import Objective
from sturgeon.study.storage.database import Database
from sturgeon.study.storage.migrations import migrate
from sturgeon.study.storage.rows import dump_json
from sturgeon.study.storage.schema import SCHEMA_VERSION, studies, versions
from sturgeon.study.storage.sqlite import SqliteDatabase

MEMORY = ":memory:"
POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
DEFAULT_NAME = "study"


@dataclass(frozen=True)
class Found:
    """A study as it lies in its database.

    Attributes:
        database: The open connection.
        study_id: Which of the database's studies it is.
        name: Its name.
        seed: Its seed.
        space: Its space as JSON.
        search: Its search as JSON.
        objectives: What it minimises or maximises.
        about: Whatever its maker wrote down.
    """

    database: Database
    study_id: int
    name: str
    seed: int
    space: Mapping[str, Any]
    search: Mapping[str, Any]
    objectives: tuple[Objective, ...]
    about: dict[str, Any]


@dataclass(frozen=True)
class Description:
    """What a new study is made of; see ``Found``."""

    seed: int
    space: Mapping[str, Any]
    search: Mapping[str, Any]
    objectives: tuple[Objective, ...]
    about: Mapping[str, Any]


def create_study(where: str | os.PathLike[str], description: Description) -> Found:
    """Make a study.

    Args:
        where: A path, ``":memory:"`` or a PostgreSQL URL.
        description: What it is made of.

    Raises:
        StudyError: It exists already, or cannot be made there.
    """
    row = {
        "seed": description.seed,
        "space": dump_json(description.space),
        "search": dump_json(description.search),
        "objectives": dump_json([objective.to_json() for objective in description.objectives]),
        "about": _dump_about(description.about),
        "next_number": 0,
        "change": 0,
    }
    database, name = _connect(where, create=True)
    try:
        if not database.is_file and database.read(
            lambda connection: inspect(connection).has_table(versions.name)
        ):
            _check_version(database)
        database.write(lambda connection: _insert_study(database, connection, name, row), repeatable=False)
        return _load(database, name)
    except BaseException:
        database.discard()
        raise


def something_exists(where: str | os.PathLike[str]) -> bool:
    """Whether a path exists, or a study can be opened at a URL."""
    place = os.fspath(where)
    if place == MEMORY:
        return False
    if "://" not in place:
        return Path(place).exists()
    try:
        open_study(place).database.close()
    except StudyError:
        return False  # if it is there but cannot be opened, making it says why
    return True


def open_study(where: str | os.PathLike[str]) -> Found:
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
    except BaseException:
        database.close()
        raise


def _connect(where: str | os.PathLike[str], *, create: bool) -> tuple[Database, str]:
    text = os.fspath(where)
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme in POSTGRES_SCHEMES:
        from sturgeon.study.storage.postgres import PostgresDatabase

        url, name = _split_url(text)
        return PostgresDatabase(url), name
    if scheme:
        raise StudyError(
            f"a study is a file's path or a PostgreSQL URL (postgresql://user:password@host/database); "
            f"got a {scheme}:// URL."
        )
    if text == MEMORY:
        return SqliteDatabase(None, create=True), DEFAULT_NAME
    path = Path(text)
    return SqliteDatabase(path, create=create), path.stem or DEFAULT_NAME


def _split_url(text: str) -> tuple[str, str]:
    """Take the study's name out of ``postgresql://…/database?study=name``."""
    parts = urlsplit(text)
    query = parse_qsl(parts.query, keep_blank_values=True)
    name = dict(query).get("study", DEFAULT_NAME)
    rest = urlencode([(key, value) for key, value in query if key != "study"])
    return urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, rest, "")), name


def _insert_study(database: Database, connection: Connection, name: str, row: dict[str, Any]) -> None:
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
        raise StudyError(
            f"a new study needs a new place; {database.place!r} exists already{_named(database, name)}: "
            f"go on with it by Study.open(...) (on the command line: --resume), or name another."
        )
    connection.execute(studies.insert(), {**row, "name": name, "created": database.now(connection)})


def _named(database: Database, name: str) -> str:
    return "" if database.is_file else f" and holds a study named {name!r}"


def _check_version(database: Database) -> None:
    def version(connection: Connection) -> int | None:
        if not inspect(connection).has_table(versions.name):
            return None
        row = connection.exec_driver_sql(f"SELECT version FROM {versions.name}").fetchone()
        return None if row is None else row[0]

    found = database.read(version)
    if found is None:
        what = "is an SQLite database but not a study" if database.is_file else "holds no study"
        raise StudyError(
            f"{database.place!r} {what}; check the path or URL, or make one with Study.create(...)."
        )
    if found > SCHEMA_VERSION:
        raise StudyError(
            f"the study {database.place!r} was written by a newer Sturgeon (its format is {found}, this "
            f"one reads up to {SCHEMA_VERSION}); upgrade: pip install -U sturgeon."
        )
    if found < SCHEMA_VERSION:
        migrate(database, found)


def _load(database: Database, name: str) -> Found:
    def find(connection: Connection) -> tuple[Any, list[str]]:
        names = [one[0] for one in connection.exec_driver_sql(database.sql.study_names)]
        # A file holds one study and may have been renamed since.
        wanted = names[0] if database.is_file and names else name
        return connection.exec_driver_sql(database.sql.study_named, {"name": wanted}).fetchone(), names

    row, names = database.read(find)
    if row is None:
        raise StudyError(
            f"there is no study named {name!r} in {database.place!r}; it holds {names}: "
            f"add ?study=NAME to the URL, or make one with Study.create(...)."
        )
    try:
        return Found(
            database=database,
            study_id=row.id,
            name=name,
            seed=row.seed,
            space=json.loads(row.space),
            search=json.loads(row.search),
            objectives=tuple(Objective.from_json(one) for one in json.loads(row.objectives)),
            about=json.loads(row.about),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"the study {database.place!r} is damaged: its description cannot be read ({error}); "
            f"restore a copy."
        ) from error


def _dump_about(about: Mapping[str, Any]) -> str:
    try:
        return dump_json(dict(about))
    except (TypeError, ValueError) as error:
        raise StudyError(f"what a study is about must be plain JSON; got {about!r} ({error}).") from error
