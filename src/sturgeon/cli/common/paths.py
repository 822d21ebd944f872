"""Paths as people type them: ``~`` is the home directory, and no output replaces an input."""

from __future__ import annotations

from collections.abc import Iterable
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


def refuse_input(output: Path, inputs: Iterable[Path]) -> None:
    """Raise where an output would be written onto an input, however either is spelled.

    Args:
        output: What is to be written.
        inputs: What is read.

    Raises:
        InputError: They are the same file.
    """
    for given in inputs:
        if output.exists() and given.exists() and output.samefile(given):
            raise InputError(
                f"An output must not replace what it is made of; got {str(output)!r} for both. "
                "Name another with `-o`."
            )
