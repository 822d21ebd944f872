"""The journal of a study: what people and programs write beside the trials, or ask of those who run it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.plain_text import plain
from sturgeon.study.storage.store import Store


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One entry; entries are only ever added.

    Attributes:
        id: Its place in the study, rising from entry to entry, with gaps.
        time: When it was written (UTC), by the database's clock.
        kind: What it is, a word such as ``"request"``.
        trial: The number of the trial that it is about, or None.
        author: Who wrote it: a person's name, or the part of Sturgeon; may be empty.
        body: What it says, plain JSON.
    """

    id: int
    time: datetime
    kind: str
    trial: int | None
    author: str
    body: dict[str, Any]


class Journal:
    """Write and read a study's journal; of any process that has the study open.

    An entry is kept, also through a power cut, when `write` returns. Whoever follows the journal remembers
    the last entry's ``id`` and asks for those after it; none is missed.

    Example:
        >>> from sturgeon.space import Real, Space
        >>> from sturgeon.study import Study
        >>> with Study.create(":memory:", Space(learning_rate=Real(0.1, 1.0)), minimize="val_loss") as study:
        ...     written = study.journal.write("request", {"action": "pause"}, author="Minh")
        ...     [(entry.kind, entry.author, entry.body) for entry in study.journal.read()]
        [('request', 'Minh', {'action': 'pause'})]
    """

    def __init__(self, store: Store) -> None:
        """Take the rows of a study."""
        self._store = store

    def write(
        self, kind: str, body: Mapping[str, Any], *, trial: int | None = None, author: str = ""
    ) -> JournalEntry:
        """Add an entry.

        Args:
            kind: A word by which it is found again.
            body: Plain JSON; numbers must be finite.
            trial: The number of the trial that it is about.
            author: Who writes it.

        Raises:
            StudyError: The body is not plain JSON, or the study cannot be written.
        """
        row = _to_row(kind, body, trial, author)
        return _to_entry(self._store.write(lambda connection: self._store.add_entry(connection, row)))

    def write_next(
        self, kind: str, body: Mapping[str, Any], *, after: int, author: str = ""
    ) -> JournalEntry | None:
        """Add an entry unless others of its kind were added meanwhile; of several who write, one does.

        Args:
            kind: A word by which it is found again.
            body: Plain JSON; numbers must be finite.
            after: How many entries of the kind there were.
            author: Who writes it.

        Returns:
            The entry; None where there are others, and nothing was written.

        Raises:
            StudyError: The body is not plain JSON, or the study cannot be written.
        """
        row = _to_row(kind, body, None, author)

        def work(connection: Connection) -> tuple[Any, ...] | None:
            self._store.bump(connection)  # from here on nobody else can write
            if len(self._store.reader.entries(connection, -1, row["kind"])) != after:
                return None
            return self._store.add_entry(connection, row)

        written = self._store.write(work, repeatable=False)
        return None if written is None else _to_entry(written)

    def read(self, *, kind: str | None = None, after: int = -1) -> list[JournalEntry]:
        """Give the entries in order.

        Args:
            kind: Only those of this kind.
            after: Only those whose ``id`` is above this.
        """

        def entries(connection: Connection) -> list[Any]:
            return self._store.reader.entries(connection, after, kind)

        return [_to_entry(row) for row in self._store.read(entries)]


def _to_row(kind: str, body: Mapping[str, Any], trial: int | None, author: str) -> dict[str, Any]:
    try:
        text = json.dumps(dict(body), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StudyError(f"a journal entry must be plain JSON with finite numbers; {error}.") from None
    return {"kind": plain(kind), "number": trial, "author": plain(author), "body": text}


def _to_entry(row: Any) -> JournalEntry:
    _, change, time, kind, number, author, body = row
    return JournalEntry(change, datetime.fromtimestamp(time, UTC), kind, number, author, json.loads(body))
