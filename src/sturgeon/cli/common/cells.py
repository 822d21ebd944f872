"""How the cells of a table are written: the options that say so where the table does not."""

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
            help="day-first or month-first, where dates such as 01/02/2020 leave it open.",
        ),
        click.option("--date", multiple=True, metavar="COLUMN", help="Take a column as dates."),
    ):
        command = decorate(command)
    return command
