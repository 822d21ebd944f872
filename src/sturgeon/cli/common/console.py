"""Where tables and long lines are printed: as wide as the terminal, and plain where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

_PIPED_WIDTH = 1000
"""Where no terminal says how wide it is, nothing is folded."""


def make_console() -> Console:
    """A console that writes plain lines, however long, where its output goes to a file or a program."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=_PIPED_WIDTH)


@contextmanager
def printing() -> Iterator[Console]:
    """A console that writes when the block ends, where there is no terminal without blanks at lines' ends."""
    console = make_console()
    with console.capture() as captured:
        yield console
    lines = captured.get().split("\n")
    sys.stdout.write("\n".join(lines if console.is_terminal else [line.rstrip() for line in lines]))
