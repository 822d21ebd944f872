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
        try:
            text = json.dumps(dict(body), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StudyError(f"a journal entry must be plain JSON with finite numbers; {error}.") from None
        row = {"kind": plain(kind), "number": trial, "author": plain(author), "body": text}
        return _to_entry(self._store.write(lambda connection: self._store.add_entry(connection, row)))

    def read(self, *, kind: str | None = None, after: int = -1) -> list[JournalEntry]:
        """Give the entries in order.

        Args:
            kind: Only those of this kind.
            after: Only those whose ``id`` is above this.
        """

        def entries(connection: Connection) -> list[Any]:
            return self._store.reader.entries(connection, after, kind)

        return [_to_entry(row) for row in self._store.read(entries)]


def _to_entry(row: Any) -> JournalEntry:
    _, change, time, kind, number, author, body = row
    return JournalEntry(change, datetime.fromtimestamp(time, UTC), kind, number, author, json.loads(body))
