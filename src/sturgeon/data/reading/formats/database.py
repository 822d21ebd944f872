"""The rows of an SQL query, through SQLAlchemy; nothing is written, and no password is told."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pyarrow as pa

from sturgeon.data.reading.formats.columns import join_columns, make_column, make_frame
from sturgeon.data.reading.names import check_names
from sturgeon.data.reading.rules import CellRules
from sturgeon.errors import DataError, MissingExtra, option

_BLOCK_ROWS = 20_000
_READS = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|values|table|from)\b", re.IGNORECASE | re.DOTALL
)
_PACKAGES = {"psycopg": '"sturgeon[postgres]"', "MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary"}


def is_url(place: str) -> bool:
    """Whether a place is a URL and no path.

    Example:
        >>> is_url("sqlite:///fish.db"), is_url("fish.csv")
        (True, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", place) is not None


def hide_password(url: str) -> str:
    """Write a URL without its password.

    Example:
        >>> hide_password("postgresql://anna:secret@host/fish")
        'postgresql://anna:***@host/fish'
    """
    return re.sub(r"(password|passwd|pwd)=[^&;]*", r"\1=***", re.sub(r"://([^:/@]*):.*@", r"://\1:***@", url))


def read_query(url: str, query: str, rules: CellRules) -> pd.DataFrame:
    """Read the rows of a query.

    Args:
        url: A database, as SQLAlchemy writes it: ``sqlite:///fish.db``, ``postgresql://user@host/database``.
        query: What to select.
        rules: How cells are read.

    Returns:
        The table, rows numbered from 0.

    Raises:
        DataError: The URL, the query or its result breaks a rule.
        MissingExtra: The database's driver is not installed.
    """
    import sqlalchemy
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    called = f"'{hide_password(url)}'"
    if not _READS.match(query):
        raise DataError(
            f"`{option('sql')}` must be a query that reads; got {query.strip()[:60]!r}; begin it with SELECT"
        )
    try:
        place = _with_driver(sqlalchemy.make_url(url), called)
        engine = sqlalchemy.create_engine(place, poolclass=sqlalchemy.NullPool)
    except DataError:
        raise
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise _not_read(called, error, url) from None
    except ModuleNotFoundError as error:
        raise _missing_driver(called, error) from error
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(stream_results=True, **_read_only(place))
            if place.get_backend_name() == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only=ON")
            result = connection.execute(sqlalchemy.text(query.replace(":", r"\:")))
            if not result.returns_rows:
                raise DataError(
                    f"`{option('sql')}` must give rows; got none of {called}; begin it with SELECT"
                )
            frame = _gather(result, rules, called)
            connection.rollback()
    except SQLAlchemyError as error:
        raise _not_read(called, getattr(error, "orig", None) or error, url) from None
    finally:
        engine.dispose()
    if frame.empty:
        raise DataError(f"a table must have at least one row; the query of {called} gave none; change it")
    return frame


def _with_driver(url: Any, called: str) -> Any:
    """The URL with the driver that Sturgeon installs for it, and a SQLite file opened to read only."""
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        from pathlib import Path

        path = Path(url.database)
        if not path.is_file():
            raise DataError(f"a database must exist; there is no '{path}' ({called}); check the path")
        return url.set(database=f"file:{_quoted(path)}", query={"mode": "ro", "uri": "true"})
    return url


def _quoted(path: Any) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


def _read_only(url: Any) -> dict[str, Any]:
    return {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}


def _gather(result: Any, rules: CellRules, called: str) -> pd.DataFrame:
    names = [str(name) for name in result.keys()]  # noqa: SIM118  (a result is no dictionary)
    check_names(names, f"the query of {called}")
    parts: list[list[pa.ChunkedArray]] = [[] for _ in names]
    while rows := result.fetchmany(_BLOCK_ROWS):
        for part, cells in zip(parts, zip(*rows, strict=True), strict=True):
            part.append(make_column([_plain(cell) for cell in cells]))
    if not any(parts):
        return pd.DataFrame()
    columns = ((name, join_columns(part)) for name, part in zip(names, parts, strict=True))
    return make_frame(columns, rules.for_columns(names))


def _plain(cell: Any) -> Any:
    """A cell as a file would have it: a decimal as a number, an identifier as text."""
    from decimal import Decimal
    from uuid import UUID

    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() and abs(cell) < 2**62 else float(cell)
    return str(cell) if isinstance(cell, UUID) else cell


def _missing_driver(called: str, error: ModuleNotFoundError) -> MissingExtra:
    package = (error.name or "a driver").partition(".")[0]
    install = _PACKAGES.get(package, package)
    return MissingExtra(
        f"{package} is needed to read {called} and is not installed; run: pip install {install}."
    )


def _not_read(called: str, error: BaseException, url: str) -> DataError:
    reason = " ".join(str(error).split())
    if password := re.search(r"://[^:/@]*:(.*)@", url):
        reason = reason.replace(password[1], "***")
    return DataError(
        f"a database must answer the query; {called} does not ({hide_password(reason)[:300]}); check the URL "
        f"and `{option('sql')}`"
    )
