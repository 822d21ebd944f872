"""The study of a folder that ``sturgeon tune`` wrote to: in it, or where its result says that it lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

STUDY_FILE = "tune.study"
RESULT_FILE = "result.json"


def study_of(place: str | os.PathLike[str]) -> str:
    """Say where a study lies that is named by its file, its URL or its folder.

    A study on a server is kept there without its password, which then comes from ``PGPASSWORD`` or
    ``~/.pgpass``, as for every client of PostgreSQL.

    Args:
        place: A file, a URL or a folder.

    Returns:
        A file or a URL, which need not be there.

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
    is_there = isinstance(told, str) and ("://" in told or Path(told).is_file())
    return told if is_there else str(own)
