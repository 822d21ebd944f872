"""Recheck from time to time, for those without cron: each period, and sooner where data drifted."""

from __future__ import annotations

import glob
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sturgeon.caviar.interrupt import Interrupt, stop_on_signal
from sturgeon.caviar.limits import to_seconds
from sturgeon.caviar.progress import format_seconds, say
from sturgeon.errors import InputError, SturgeonError, option
from sturgeon.recheck.outcome import RecheckResult

LOOKS = 10
"""So often within a period it is looked whether there is new data that drifted."""
SHORTEST_LOOK = 1.0

Once = Callable[[str, str], RecheckResult]


@dataclass(frozen=True, slots=True)
class NewestFile:
    """The newest file that matches a pattern.

    Attributes:
        path: Where it lies.
        stamp: When it was changed, and its size: another stamp is other data.
    """

    path: str
    stamp: tuple[int, int]


def newest_file(pattern: str) -> NewestFile | None:
    """Find the newest file that matches a pattern; None where none does."""
    found, expanded = [], str(Path(pattern).expanduser())
    for path in glob.glob(expanded, recursive=True):  # noqa: PTH207  (a pattern may begin at the root)
        if Path(path).is_file():
            status = Path(path).stat()
            found.append(((status.st_mtime_ns, path), NewestFile(path, (status.st_mtime_ns, status.st_size))))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def recheck_every(
    study: str,
    once: Once,
    *,
    every: str,
    pattern: str | None,
    times: int | None = None,
    drifted: Callable[[str, str], bool] | None = None,
    sleep: Callable[[float, Interrupt], bool] | None = None,
) -> RecheckResult:
    """Recheck each period, until Ctrl-C or for so many times.

    A file that was rechecked is not rechecked again unless it changed. Between two periods a new file is
    compared with the old data, and rechecked at once where it drifted. A file that cannot be read is told of
    and passed over.

    Args:
        study: The study.
        once: Rechecks a study on a file.
        every: The period, such as ``"1d"``.
        pattern: Which files there are.
        times: How many rechecks; None for no end.
        drifted: Tells whether a file has drifted from the study's data.
        sleep: Waits so many seconds; tells whether it was interrupted.

    Returns:
        The last result.

    Raises:
        InputError: The period cannot be read, or no file matches at the start.
        KeyboardInterrupt: Ctrl-C came.
    """
    try:
        period = to_seconds(every, option("every"))
    except InputError:
        period = None
    if period is None:
        raise InputError(f"`{option('every')}` must be a period such as 1d, 12h or 30m; got {every!r}.")
    if pattern is None:
        raise InputError(
            f"`{option('every')}` needs to know which files to recheck; got none. Add "
            f"`{option('data', 'PATTERN')}`, such as 'new/*.csv'."
        )
    if newest_file(pattern) is None:
        raise InputError(f"`{option('data')}` must match a file; {pattern!r} matches none.")
    sleep = sleep or _sleep
    drifted = drifted or has_drifted
    seen: tuple[str, tuple[int, int]] | None = None
    done, last = 0, None
    with stop_on_signal() as stop:
        while True:
            file = newest_file(pattern)
            if file is not None and (file.path, file.stamp) != seen:
                seen = file.path, file.stamp
                say(f"recheck of {file.path}")
                try:
                    last = once(study, file.path)
                except InputError as error:
                    if done == 0 and last is None:
                        raise
                    say(f"{file.path} was passed over: {error}")
                done += 1
                if last is not None and (last.interrupted or (times is not None and done >= times)):
                    return last
            elif file is not None:
                say(f"nothing new since {file.path}")
            if _wait(period, pattern, seen, study, drifted, lambda seconds: sleep(seconds, stop)):
                raise KeyboardInterrupt


def _wait(
    period: float,
    pattern: str,
    seen: tuple[str, tuple[int, int]] | None,
    study: str,
    drifted: Callable[[str, str], bool],
    sleep: Callable[[float], bool],
) -> bool:
    """Wait for the next period, or for a new file that drifted; tells whether it was interrupted."""
    look = max(period / LOOKS, min(SHORTEST_LOOK, period))
    looked_at = seen
    left = period
    say(f"next recheck in {format_seconds(period)}, sooner where data drifts")
    while left > 0:
        if sleep(min(look, left)):
            return True
        left -= look
        file = newest_file(pattern)
        if file is None or (file.path, file.stamp) in (seen, looked_at):
            continue
        looked_at = file.path, file.stamp
        try:
            if drifted(study, file.path):
                say(f"{file.path} has drifted")
                return False
        except SturgeonError as error:
            say(f"{file.path} cannot be compared: {error}")
    return False


def has_drifted(study: str, file: str) -> bool:
    """Whether a file has moved from what a study was tuned on."""
    from sturgeon.recheck.front import find_place
    from sturgeon.recheck.rows.drift import describe_drift
    from sturgeon.recheck.rows.new_data import read_new_data
    from sturgeon.recheck.rows.old_rows import read_old_rows
    from sturgeon.recheck.rows.table_study import TableStudy
    from sturgeon.study import Study

    place, folder = find_place(study)
    with Study.open(place) as opened:
        old = TableStudy.of(opened, folder)
        rows = read_old_rows(old, None, Path(file))
        new = read_new_data(old, Path(file), old_rows=rows)
        return describe_drift(old, new, rows, seed=opened.seed).moved


def _sleep(seconds: float, stop: Interrupt) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if stop.is_set():
            return True
        time.sleep(min(0.2, max(until - time.monotonic(), 0.0)))
    return stop.is_set()
