"""The output folder of a job: made, held by one run at a time, and removed where the job could not begin."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sturgeon.errors import InputError, StudyError, option


@contextmanager
def made_folder(folder: Path, *, may_hold_network: bool) -> Iterator[None]:
    """Make a folder; if the block raises, one that is new is removed again.

    Args:
        folder: The folder, which may be there.
        may_hold_network: Whether the best network of a study may be in it already.

    Raises:
        InputError: It cannot be written to.
        StudyError: It holds a network that may not be there.
    """
    if not may_hold_network and (folder / "best").exists():
        raise StudyError(
            f"An output directory must not hold another study's network; {str(folder / 'best')!r} exists. "
            f"Name another directory with `{option('out')}`."
        )
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"The output directory must be one that can be written to; got {str(folder)!r} "
            f"({error.strerror}). Name another with `{option('out')}`."
        ) from error
    try:
        yield
    except BaseException:
        if new:
            shutil.rmtree(folder)
        raise


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no second run writes to it at the same time.

    Raises:
        StudyError: Another run holds it.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudyError(
            f"One run at a time works in a directory; another is at work in {str(folder)!r}. "
            f"Wait for it, or name another directory with `{option('out')}`."
        ) from None
    try:
        yield
    finally:
        lock.release()
