"""A study in one SQLite file, or in memory.

The file is in WAL mode: readers never wait, writers queue. Results, checkpoints, notes and what is queued
are committed with ``synchronous=FULL``, which survives a power cut. Points of curves and trials handed out
are committed with ``NORMAL``: that survives a killed process at once, and a power cut from the next result
on. So a cut costs at most the points since then; a trial whose handing out it undid is suggested again, the
same, and no worker is left that could hold it twice, since all of them ran on the machine that was cut.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from sturgeon.errors import StoreFailed, StudyError, SturgeonError, by_caller
from sturgeon.study.storage.database import Database, Parameters
from sturgeon.study.storage.schema import metadata, trials

BUSY_SECONDS = 60.0
"""How long a transaction waits for another process's, in seconds."""

CHECKPOINT_PAGES = 4000
"""How many pages of 4 KB gather in the log before they are moved into the file: 16 MB at most."""

_HEADER = b"SQLite format 3\x00"


class SqliteDatabase(Database):
    """One SQLite file, or a database in memory where the path is None."""

    driver_errors = (*Database.driver_errors, sqlite3.Error)

    def __init__(self, path: Path | None, *, create: bool) -> None:
        """Open or create the file.

        Args:
            path: The file, or None for memory.
            create: Whether it may be created.

        Raises:
            StudyError: It is missing, not a database, truncated or cannot be opened.
        """
        # A training of this process may go into another folder.
        self._path = None if path is None else path.absolute()
        self._read_only = False
        self._made = create and path is not None and not path.exists()
        self._mode = "rwc" if create else "rw"
        if path is not None:
            self._read_only = _check_file(path, create)
        self._durable: bool | None = None
        self._driver: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=NullPool,
            paramstyle="named",
            isolation_level="AUTOCOMMIT",
        )
        super().__init__(engine, ":memory:" if path is None else str(path))

    @property
    def is_file(self) -> bool:
        """One file, one study."""
        return True

    def now(self, connection: Connection) -> float:
        """Tell the machine's time: every process on the file shares it."""
        return time.time()

    def create_tables(self, connection: Connection) -> None:
        """Make the tables where they do not exist."""
        metadata.create_all(connection)

    def begin(self, connection: Connection, durable: bool) -> None:
        """Take the write lock at once, so that a transaction never has to start over."""
        if durable != self._durable:
            self._raw(connection).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._raw(connection).execute("BEGIN IMMEDIATE")

    def change(self, connection: Connection, statement: str, parameters: Parameters) -> int:
        """Execute it by the driver itself: a report costs half."""
        raw = self._raw(connection)
        if isinstance(parameters, Mapping):
            return raw.execute(statement, parameters).rowcount
        return raw.executemany(statement, parameters).rowcount

    def check_place(self) -> None:
        """Notice a file that was deleted or replaced while it was open, and save what it held."""
        if self._path is None or self._identity is None:
            return
        with contextlib.suppress(FileNotFoundError):
            found = self._path.stat()
            if (found.st_dev, found.st_ino) == self._identity:
                return
        why = (
            f"was deleted or replaced while it was open; everything written so far was saved to "
            f"{str(self._rescue())!r}: open that, or move it back"
        )
        self.close(why)  # later calls are told, too: the first to notice may be the thread of the leases
        raise StoreFailed(f"the study file {self.place!r} {why}.")

    def discard(self) -> None:
        """Close; remove the file if it was not there before and holds nothing."""
        if self._made:
            with contextlib.suppress(Exception):  # an empty file that stays does no harm
                self.read(self._remove_empty)
        self.close()

    def check_writable(self) -> None:
        """Refuse to write to a read-only file."""
        if self._read_only:
            raise StudyError(
                f"the study {self.place!r} is read-only for this user, so nothing can be written to it; "
                f"change its permissions (and its folder's) or copy it."
            )

    def is_lost(self, error: BaseException) -> bool:
        """Never: a file does not come back by waiting."""
        return False

    def explain(self, error: BaseException) -> SturgeonError:
        """Say what SQLite's error means for the study."""
        text = str(getattr(error, "orig", error))
        low = text.lower()
        if "disk is full" in low or "disk i/o error" in low:
            cause = "the disk is full" if "full" in low else "the disk failed or is full"
            return StoreFailed(
                f"the study {self.place!r} could not be written: {cause} ({text}); what was acknowledged "
                f"before is safe: make room and open it again."
            )
        if "readonly" in low:
            return StoreFailed(
                f"the study {self.place!r} could not be written: it is read-only, or was moved while open "
                f"({text}); change its permissions or open it where it is now."
            )
        if "locked" in low:
            return StoreFailed(
                f"the study {self.place!r} was locked by another process for over {BUSY_SECONDS:.0f} s "
                f"({text}); find the program that holds it open in a transaction."
            )
        if "malformed" in low or "not a database" in low or "corrupt" in low:
            return StudyError(
                f"the study {self.place!r} is damaged ({text}); restore a copy of it, or run "
                f"'sqlite3 {self.place} .recover' to save what can be read."
            )
        if "unable to open" in low:
            return StudyError(
                f"the study {self.place!r} cannot be opened ({text}); check that its folder exists and "
                f"that you may write to it."
            )
        return StoreFailed(f"the study {self.place!r} could not be read or written: {text}.")

    def _connect(self) -> sqlite3.Connection:
        if self._path is None:
            return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        mode = f"mode={self._mode}"
        if self._read_only:
            # A reader, too, wants to make files beside it, unless it is told that nobody writes.
            mode = "mode=ro" if _has_wal(self._path) else "mode=ro&immutable=1"
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?{mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        # A file from a stranger may hold views and triggers: they must not run anything.
        connection.execute("PRAGMA trusted_schema=OFF")
        if not self._read_only:
            _use_wal(connection)
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        found = self._path.stat()
        self._identity = (found.st_dev, found.st_ino)
        self._durable = None
        self._driver = None
        return connection

    def _raw(self, connection: Connection) -> sqlite3.Connection:
        """Give the driver's own connection: a tenth of the time where there is nothing to translate."""
        if self._driver is None:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            self._driver = raw
        return self._driver

    def _remove_empty(self, connection: Connection) -> None:
        """Remove the file, unless others use it, or something is in it by now."""
        assert self._path is not None
        raw = self._raw(connection)
        raw.execute("PRAGMA busy_timeout=0")
        if _is_empty(raw):
            # This removes what lies beside it, and is refused where others use it.
            raw.execute("PRAGMA journal_mode=DELETE")
            raw.execute("BEGIN EXCLUSIVE")  # so that nobody puts a study into it meanwhile
            if _is_empty(raw):
                self._path.unlink()
            raw.execute("ROLLBACK")

    def _rescue(self) -> Path:
        """Write the whole database, which our open connection still holds, beside where it was."""
        assert self._path is not None
        assert self._connection is not None
        target = self._path.with_suffix(f".rescued{self._path.suffix}")
        if target.exists():
            target = self._path.with_suffix(f".rescued-{os.getpid()}{self._path.suffix}")
        with contextlib.closing(sqlite3.connect(target)) as copy:
            self._raw(self._connection).backup(copy)
            # Nobody works on the copy, so its running trials are free.
            copy.execute(f"UPDATE {trials.name} SET lease_ends = 0 WHERE state = 'running'")
            copy.commit()
        return target


def _check_file(path: Path, create: bool) -> bool:
    """Look at a file before SQLite does, whose messages say less; tell whether it is read-only."""
    if path.is_dir():
        raise StudyError(f"a study is a file; got the folder {str(path)!r}: name a file in it.")
    if not path.exists():
        if create and path.absolute().parent.is_dir():
            return False
        if create:
            raise StudyError(
                f"a study's folder must exist; got {str(path)!r}: make {str(path.absolute().parent)!r} first."
            )
        raise StudyError(
            f"there is no study at {str(path)!r}; check the path, or make one with "
            f"{by_caller(python='Study.create(...)', command='sturgeon tune')}."
        )
    if not path.is_file():
        raise StudyError(
            f"a study is a regular file; {str(path)!r} is a pipe or a device; name another file."
        )
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except PermissionError:
        raise StudyError(
            f"the study {str(path)!r} may not be read by this user; change its permissions."
        ) from None
    if not header and create:
        return False
    if not header.startswith(_HEADER) or len(header) < 100:
        what = "exists already and is" if create else "is"
        raise StudyError(f"{str(path)!r} {what} not a study: {_what_instead(header)}; name another file.")
    _check_length(path, header)
    return not (_may_write(path) and _may_write(path.absolute().parent))


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode, which SQLite refuses at once while another process does the same."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def _may_write(path: Path) -> bool:
    """Ask for the user we act as, where the system can tell."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _has_wal(path: Path) -> bool:
    """Tell whether the newest transactions lie in a write-ahead log beside the file."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:  # none, or the last process to close the file has just removed it
        return False


def _what_instead(header: bytes) -> str:
    if not header:
        return "it is empty"
    if _HEADER.startswith(header[:16]) or header.startswith(_HEADER):
        return "it was cut off within its first 100 bytes"
    return f"it does not start like an SQLite file but with {header[:8]!r}"


def _check_length(path: Path, header: bytes) -> None:
    """Refuse a file that is shorter than its header says, unless a WAL may hold the rest."""
    if _has_wal(path):
        return
    page = int.from_bytes(header[16:18], "big")
    page = 65536 if page == 1 else page
    expected = int.from_bytes(header[28:32], "big") * page
    size = path.stat().st_size
    if size < expected:
        raise StudyError(
            f"the study {str(path)!r} is truncated: {size} bytes of {expected}; restore a whole copy "
            f"(with its -wal file, where there is one)."
        )
