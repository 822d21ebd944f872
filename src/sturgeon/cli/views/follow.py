"""A study as it goes on: shown anew whenever something has changed, until one leaves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console, RenderableType
from rich.live import Live

from sturgeon.caviar.progress import format_metric
from sturgeon.cli.common.printable import printable
from sturgeon.study import Study

SECONDS = 1.0
LARGEST_SHARE = 0.1
"""Of the time, what reading a large study may take."""


def follow(
    study: Study,
    show: Callable[[], RenderableType],
    *,
    moments: Callable[[float], Iterator[None]] | None = None,
) -> None:
    """Show a study again and again.

    On a terminal, the same lines are drawn anew. Elsewhere, a line is printed for each trial that ends.

    Args:
        study: The study, which others may work on.
        show: Reads the study and gives what to show of it.
        moments: Yields when it is time to look again; given how long a look took; None for the clock.
    """
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        _print_lines(study, moments or _by_clock)
        return
    began = time.monotonic()
    with Live(show(), console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for _ in (moments or _by_clock)(time.monotonic() - began):
            live.update(show(), refresh=True)


def _print_lines(study: Study, moments: Callable[[float], Iterator[None]]) -> None:
    told: set[int] = set()
    began = time.monotonic()
    looks = moments(time.monotonic() - began)
    while True:
        for one in study.trials:
            if one.number not in told and one.state in ("complete", "stopped", "failed"):
                told.add(one.number)
                value = "" if one.value is None else f", {study.metric} {format_metric(one.value)}"
                print(printable(f"trial {one.number}: {one.state}{value}"))
        sys.stdout.flush()
        if next(looks, False) is False:
            return


def _by_clock(took: float) -> Iterator[None]:
    while True:
        time.sleep(max(SECONDS, took / LARGEST_SHARE))
        yield None
