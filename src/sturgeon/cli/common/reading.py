"""The options that say how a table is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

NAMES = ("encoding", "sheet", "sql")
_OPTIONS = (
    click.option(
        "--encoding",
        metavar="NAME",
        help="Of a text file, such as windows-1252 or gb18030.  [default: UTF-8, or as its first bytes tell]",
    ),
    click.option("--sheet", metavar="NAME|N", help="Of a workbook.  [default: the first]"),
    click.option("--sql", metavar="QUERY", help="What to select, where DATA is a database's URL."),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--encoding``, ``--sheet`` and ``--sql``."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command
