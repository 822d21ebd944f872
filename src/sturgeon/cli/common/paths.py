"""Paths as people type them: ``~`` is the home directory, and no output replaces an input."""

from __future__ import annotations

import re
from collections.abc import Iterable
from glob import has_magic
from pathlib import Path
from typing import Any, final

import click

from sturgeon.errors import InputError


@final
class PathType(click.ParamType):
    """The type of an argument or option that names a file or a directory."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Make a path of what was typed."""
        return _expanded(Path(value))


PATH = PathType()


@final
class PlaceType(click.ParamType):
    """The type of an argument that names a table: a path, a pattern, a database's URL, or ``-``."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Make a path of what was typed, unless it is none."""
        return value if is_no_path(value) else _expanded(Path(value))


PLACE = PlaceType()


def is_no_path(place: str | Path) -> bool:
    """Whether a table comes from standard input or from a database.

    Example:
        >>> is_no_path("-"), is_no_path("sqlite:///fish.db"), is_no_path("fish.csv")
        (True, True, False)
    """
    return isinstance(place, str) and (place == "-" or "://" in place)


def check_is_there(data: Path | str) -> None:
    """See, before anything else is looked at, that a table's one file or folder is there.

    Raises:
        InputError: It is not.
    """
    if not is_no_path(data) and not has_magic(str(data)):
        from sturgeon.data.reading import place

        if not place.is_directory(Path(data)):
            place.check_is_there(Path(data))


def out_beside(data: Path | str) -> Path:
    """Where results go unless ``--out`` says so: wine.csv.gz keeps them in wine.sturgeon beside it.

    Args:
        data: A file, a folder, a pattern, a URL or ``-``.

    Example:
        >>> [str(out_beside(Path(each))) for each in ("a/wine.csv.gz", "a/parts/*.csv", "fish-*.csv")]
        ['a/wine.sturgeon', 'a/parts.sturgeon', 'fish.sturgeon']
        >>> [str(out_beside(each)) for each in ("-", "postgresql://anna:secret@host/fish")]
        ['stdin.sturgeon', 'fish.sturgeon']
    """
    if data == "-":
        return Path("stdin.sturgeon")
    if is_no_path(data):
        last = (
            str(data).partition("?")[0].partition("://")[2].rpartition("@")[2].rstrip("/").rpartition("/")[2]
        )
        return Path(f"{last.split('.')[0] or 'database'}.sturgeon")
    path = Path(data)
    if not has_magic(str(path)) or path.exists():
        named = path if path.name not in ("", "..") else path.resolve()
        return path.parent / f"{named.name.split('.')[0] or named.name}.sturgeon"
    while has_magic(str(path.parent)):
        path = path.parent
    stem = re.split(r"[*?\[]", path.name)[0].rstrip("-_. ")
    if stem:
        return path.parent / f"{stem}.sturgeon"
    return path.parent.parent / f"{path.parent.resolve().name}.sturgeon"


def expand_home(typed: str) -> str:
    """Put the home directory in the place of a leading ``~``, which a shell leaves as it is behind ``=``.

    Example:
        >>> expand_home("postgresql://host/~"), expand_home("a/~")
        ('postgresql://host/~', 'a/~')
    """
    return str(_expanded(Path(typed))) if typed.startswith("~") else typed


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # nobody of that name
        return path


def refuse_input(output: Path, inputs: Iterable[Path | str]) -> None:
    """Raise where an output would be written onto an input, however either is spelled.

    Args:
        output: What is to be written.
        inputs: What is read: paths, patterns, and what is no path.

    Raises:
        InputError: They are the same file.
    """
    from sturgeon.data.reading.place import matching

    paths = [Path(given) for given in inputs if not is_no_path(given)]
    matched = [each for path in paths if has_magic(str(path)) for each in matching(path)]
    for given in (*paths, *matched):
        if output.exists() and given.exists() and output.samefile(given):
            raise InputError(
                f"An output must not replace what it is made of; got {str(output)!r} for both. "
                "Name another with `-o`."
            )
