"""Which studies there are: one, those of a folder, or those of a server."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from sturgeon.dashboard.live_study import LiveStudy, Unavailable
from sturgeon.errors import InputError, SturgeonError
from sturgeon.study import Study
from sturgeon.study.storage.result_folder import study_of

SUFFIX = ".study"
MOST_STUDIES = 500
DEEPEST = 6
"""How many folders below the given one are searched."""


class Catalogue:
    """The studies that the pages show.

    Attributes:
        single: Whether one study was asked for, and not a folder or a server.
    """

    def __init__(self, given: str) -> None:
        """Take what was asked for.

        Args:
            given: A study's file, a folder, what `sturgeon tune` wrote, or a PostgreSQL URL, with or without
                ``?study=NAME``.

        Raises:
            InputError: There is no such file or folder, or it is not such a URL.
        """
        self._lock = threading.Lock()
        self._known: dict[str, LiveStudy] = {}
        given = _of_result(given)
        self._url = given if "://" in given else None
        if self._url is not None:
            scheme = urlsplit(given).scheme
            if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
                raise InputError(
                    f"a study is a file, or a PostgreSQL URL (postgresql://user:password@host/database); "
                    f"got a {scheme}:// URL."
                )
            self.single = "study" in dict(parse_qsl(urlsplit(given).query))
            self._path = Path()
            return
        self._path = Path(given)
        if not self._path.exists():
            raise InputError(
                f"a study, or a folder to search for studies, must exist; got {given!r}. Check the path."
            )
        self.single = not self._path.is_dir()

    @property
    def place(self) -> str:
        """What was asked for, without a password."""
        if self._url is None:
            return str(self._path)
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    def studies(self) -> dict[str, LiveStudy]:
        """Look for studies; give them by their keys, which stay the same.

        Raises:
            Unavailable: The server does not answer.
        """
        found = {_key(str(where)): (where, name) for where, name in self._find()}
        with self._lock:
            for key, (where, name) in found.items():
                if key not in self._known:
                    self._known[key] = LiveStudy(where, name)
            return {key: self._known[key] for key in found}

    def study(self, key: str) -> LiveStudy | None:
        """Give a study by its key, or None."""
        with self._lock:
            known = self._known.get(key)
        return known if known is not None else self.studies().get(key)

    def close(self) -> None:
        """Let go of all."""
        with self._lock:
            for one in self._known.values():
                one.close()

    def _find(self) -> Iterator[tuple[str | Path, str]]:
        if self._url is not None:
            yield from self._on_server(self._url)
        elif self.single:
            yield self._path, self._path.name
        else:
            for path in list(_search(self._path, DEEPEST))[:MOST_STUDIES]:
                yield path, str(path.relative_to(self._path))

    def _on_server(self, url: str) -> Iterator[tuple[str, str]]:
        query = dict(parse_qsl(urlsplit(url).query))
        if "study" in query:
            yield url, query["study"]
            return
        try:
            names = Study.names(url)
        except SturgeonError as error:
            raise Unavailable(str(error)) from error
        for name in names[:MOST_STUDIES]:
            yield f"{url}{'&' if urlsplit(url).query else '?'}study={quote(name, safe='')}", name


def _of_result(given: str) -> str:
    """Give the study of what `sturgeon tune` wrote, which may lie on a server; else what was given."""
    named = study_of(given)
    return named if "://" in named or Path(named).is_file() else given


def _search(folder: Path, depth: int) -> Iterator[Path]:
    """Find studies in a folder and those below it; hidden ones, and links to folders, are left out."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.name.endswith(SUFFIX) and entry.is_file():
            yield Path(entry.path)
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from _search(Path(entry.path), depth - 1)


def _key(where: str) -> str:
    """Name a study in an address: a URL may hold a password."""
    return hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()[:12]
