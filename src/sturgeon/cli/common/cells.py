"""How a table is read: the options that say what its file and its cells do not say themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

CELL_OPTIONS = ("date", "dates", "decimal")
"""Their names, as :func:`sturgeon.data.prepare` has them."""


def cell_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--date``, ``--dates`` and ``--decimal``."""
    for decorate in (
        click.option(
            "--decimal", metavar=",|.", help="What stands before decimals, where 1,234 leaves it open."
        ),
        click.option(
            "--dates",
            metavar="ORDER",
            help="day-first, month-first or year-first, where dates such as 01/02/20 leave it open.",
        ),
        click.option("--date", multiple=True, metavar="COLUMN", help="Take a column as dates."),
    ):
        command = decorate(command)
    return command


FILE_OPTIONS = ("encoding", "sheet", "sql")
"""Their names, as :func:`sturgeon.data.prepare` has them."""

_FILE = (
    click.option(
        "--encoding",
        metavar="NAME",
        help="Of a text file, such as windows-1252 or gb18030.  [default: UTF-8, or as its first bytes tell]",
    ),
    click.option("--sheet", metavar="NAME|N", help="Of a workbook.  [default: the first]"),
    click.option("--sql", metavar="QUERY", help="What to select, where DATA is a database's URL."),
)


def file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--encoding``, ``--sheet`` and ``--sql``."""
    for add in reversed(_FILE):
        command = add(command)
    return command
