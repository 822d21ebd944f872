"""The study of a folder that ``sturgeon tune`` wrote to: in it, or where its result says that it lies."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from sturgeon.errors import StudyError

STUDY_FILE = "tune.study"
RESULT_FILE = "result.json"

_HERE = ("localhost", "127.0.0.1", "::1")


def study_of(place: str | os.PathLike[str]) -> str:
    """Say where a study lies that is named by its file, its URL or its folder.

    A study on a server is kept there without its password, which then comes from ``PGPASSWORD`` or
    ``~/.pgpass``, as for every client of PostgreSQL. A folder may be a stranger's: ``PGPASSWORD`` is sent to
    this machine, and to the server that ``PGHOST`` names.

    Args:
        place: A file, a URL or a folder.

    Returns:
        A file or a URL, which need not be there.

    Raises:
        StudyError: The folder names a server to which ``PGPASSWORD`` is not to be sent.

    Example:
        >>> study_of("postgresql://host/db?study=wine"), study_of("wine.study")
        ('postgresql://host/db?study=wine', 'wine.study')
    """
    named = os.fspath(place)
    folder = Path(named)
    if "://" in named or not folder.is_dir():
        return named
    own = folder / STUDY_FILE
    if own.exists():
        return str(own)
    try:
        told = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))["study"]
    except (OSError, ValueError, KeyError, TypeError):
        return str(own)
    if isinstance(told, str) and "://" in told:
        _check_server(told, folder)
        return told
    return told if isinstance(told, str) and Path(told).is_file() else str(own)


def _check_server(url: str, folder: Path) -> None:
    """Check that a password may go to the server that a folder names."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    named = ",".join([parts.netloc.rpartition("@")[2], *query.get("host", []), *query.get("hostaddr", [])])
    hosts = {one for part in named.split(",") if (one := _without_port(part))}
    strange = sorted(
        one
        for one in hosts
        if one not in _HERE and not one.startswith("/") and one != os.environ.get("PGHOST")
    )
    if strange and "PGPASSWORD" in os.environ:
        raise StudyError(
            f"PGPASSWORD is sent to a server that you name; {str(folder / RESULT_FILE)!r} names "
            f"{strange[0]!r}. If it is yours, set PGHOST={strange[0]} too, or name the study by its URL."
        )


def _without_port(host: str) -> str:
    """``[::1]:5432`` is ``::1``, and ``db.lan:5432`` is ``db.lan``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]
