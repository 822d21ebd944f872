"""Where a table lies: a file, several that a pattern finds, a folder of Parquet parts, or standard input."""

from __future__ import annotations

import glob
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.data.reading.formats import arrow_files, json_records, workbook
from sturgeon.data.reading.formats.contents import START_BYTES, find_contents, not_a_table
from sturgeon.data.reading.formats.database import hide_password, is_url
from sturgeon.data.reading.text_file import COMPRESSED
from sturgeon.errors import DataError

STDIN = "-"
_FORMS = {
    "delimited": (".csv", ".tsv", ".txt", ".psv", ".tab"),
    "json": json_records.ENDINGS,
    "parquet": arrow_files.PARQUET,
    "feather": arrow_files.FEATHER,
    "workbook": workbook.ENDINGS,
}
TEXTS = ("delimited", "json")
_STARTS = {
    b"PAR1": ".parquet",
    b"ARROW1": ".feather",
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ\0": ".xz",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The files of a table.

    Attributes:
        files: Their paths, at least one.
        form: "delimited", "json", "parquet", "feather" or "workbook".
        called: What to call them in messages.
        partition: For each file of a folder, the columns that the names of folders give: ``year=2020``.
    """

    files: tuple[Path, ...]
    form: str
    called: str
    partition: tuple[dict[str, str], ...] = ()


@contextmanager
def find_place(place: str | Path) -> Iterator[Place]:
    """Find the files of a table.

    Args:
        place: A path, a pattern such as ``parts/*.csv``, a folder of Parquet files, or ``-``.

    Yields:
        The files. What came from standard input lies in a file that is removed afterwards.

    Raises:
        DataError: There is none, their endings tell no form of table, or more than one.
    """
    path = Path(place)
    if str(place) == STDIN:
        with tempfile.TemporaryDirectory(prefix="sturgeon-") as folder:
            yield _spool(Path(folder))
    elif is_directory(path):
        yield _parts_of(path)
    elif _is_pattern(path):
        yield _matches(path)
    else:
        form = _form_of(path)
        check_is_there(path)
        yield Place((path,), form, f"'{path}'")


def _form_of(path: Path) -> str:
    name = path.name.lower()
    for form, endings in _FORMS.items():
        packed = ("", *COMPRESSED) if form in TEXTS else ("",)
        if name.endswith(tuple(ending + more for ending in endings for more in packed)):
            return form
    start = _start_of(path)
    if (contents := find_contents(start)) is not None:
        raise not_a_table(contents, f"'{path}'", "a table's file must be of a form that is read")
    endings = ", ".join(ending for each in _FORMS.values() for ending in each)
    raise DataError(
        f"a table's file must end in one of {endings} (text also in {', '.join(COMPRESSED)}); got '{path}'; "
        "convert or rename it"
    )


def _start_of(path: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read, which is told elsewhere."""
    try:
        with path.open("rb") as file:
            return file.read(START_BYTES) if path.is_file() else b""
    except OSError:
        return b""


def is_directory(path: Path) -> bool:
    """Tell whether a table is a directory of files.

    Raises:
        DataError: It cannot be looked at.
    """
    try:
        return path.is_dir()
    except OSError as error:
        raise DataError(unreadable(path, error)) from None


def check_is_there(path: Path) -> None:
    """See that a table's file is there.

    Raises:
        DataError: It is not, or cannot be looked at.
    """
    try:
        if not path.exists():
            raise DataError(f"a table's file must exist; there is no '{path}'; check the path")
        if not path.is_file():
            raise DataError(
                f"a table must be a file; '{path}' is a pipe or a device; save what comes from it, or "
                f"pipe it into standard input and give {STDIN}"
            )
    except OSError as error:
        raise DataError(unreadable(path, error)) from None


def _is_pattern(path: Path) -> bool:
    try:
        return glob.has_magic(str(path)) and not path.exists()
    except OSError as error:
        raise DataError(unreadable(path, error)) from None


def _matches(pattern: Path) -> Place:
    files = [path for path in matching(pattern) if path.is_file()]
    if not files:
        raise DataError(
            f"a pattern must find a table's files; there is none like '{pattern}'; check the path"
        )
    forms = {_form_of(path): path for path in files}
    if len(forms) > 1:
        one, other = list(forms.values())[:2]
        raise DataError(
            f"files of one table must be of one form; '{pattern}' finds '{one}' and '{other}'; narrow it"
        )
    return Place(tuple(files), next(iter(forms)), f"'{pattern}'")


def matching(pattern: str | Path) -> list[Path]:
    """The paths that a pattern finds, in the order of their names."""
    # Not Path.glob, which takes no absolute pattern.
    return [Path(each) for each in sorted(glob.glob(str(pattern), recursive=True))]  # noqa: PTH207


def _parts_of(folder: Path) -> Place:
    """The Parquet files of a folder that holds nothing else; folders in it may be called year=2020."""
    visible = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part[0] in "._" for part in path.relative_to(folder).parts)
    ]
    if not visible or not all(path.name.lower().endswith(arrow_files.PARQUET) for path in visible):
        raise DataError(
            f"a table must be a file, or a directory of Parquet files alone; '{folder}' is a directory; "
            "give the file inside it, or a pattern such as 'parts/*.csv'"
        )
    partition = [
        dict(part.split("=", 1) for part in path.relative_to(folder).parts[:-1] if "=" in part)
        for path in visible
    ]
    return Place(tuple(visible), "parquet", f"'{folder}'", tuple(partition))


def _spool(folder: Path) -> Place:
    """Put what comes from standard input into a file, whose ending is that of its form."""
    called = "standard input"
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError(f"a table from {called} must be piped into it; it is a terminal; give a file")
    spooled = folder / "table"
    with spooled.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    with spooled.open("rb") as file:
        start = file.read(4096)
    ending = next((ending for magic, ending in _STARTS.items() if start.startswith(magic)), "")
    if ending in ("", *COMPRESSED):
        as_json = not ending and start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
        ending = (".json" if as_json else ".csv") + ending
    return Place((spooled.rename(folder / f"table{ending}"),), _form_of(Path(f"table{ending}")), called)


def is_lasting(place: Any) -> bool:
    """Whether a table can be read again from where it is said to lie, and that may be written down.

    Example:
        >>> is_lasting("fish.csv"), is_lasting("-"), is_lasting("postgresql://anna:secret@host/fish")
        (True, False, False)
    """
    return isinstance(place, str | Path) and str(place) != STDIN and hide_password(str(place)) == str(place)


def absolute(place: str | Path) -> str:
    """Write a place so that it holds in every folder; a URL stays as it is."""
    return str(place) if is_url(str(place)) else str(Path(place).absolute())


def is_there(place: str | Path) -> bool:
    """Whether there still is something to read; of a database it is not asked."""
    return is_url(str(place)) or Path(place).exists() or bool(matching(place))


def unreadable(path: Path, error: OSError) -> str:
    """Say that a file cannot be read, and why."""
    return (
        f"a table's file must be readable; '{path}' is not ({error.strerror or error}); check its permissions"
    )
