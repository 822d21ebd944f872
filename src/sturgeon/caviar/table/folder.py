"""The output folder of a job: made, held by one run at a time, removed where it could not begin, read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from sturgeon.errors import InputError, StudyError, option
from sturgeon.study.storage.result_folder import STUDY_FILE as STUDY_FILE

if TYPE_CHECKING:
    from sturgeon.network.temperature import Calibration


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
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no new folder behind
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


@dataclass(frozen=True, slots=True)
class SavedSummary:
    """What a saved network says of itself, read without any weights.

    Attributes:
        shares: Trial number to its share in an ensemble, the largest first; empty for one network, or none.
        calibration: How sure its probabilities are made; None where they are as they are.
    """

    shares: dict[int, float]
    calibration: Calibration | None

    @classmethod
    def read(cls, folder: Path) -> SavedSummary:
        """Read it from a folder that ``sturgeon tune`` wrote to; empty where there is none."""
        try:
            described = json.loads((folder / "best" / "config.json").read_text(encoding="utf-8"))
            shares: dict[int, float] = {}
            for member in described.get("members", ()):
                shares[member["trial"]] = shares.get(member["trial"], 0.0) + member["weight"]
            calibrated = described.get("calibration")
            if calibrated is None:
                calibration = None
            else:
                from sturgeon.network.temperature import Calibration

                calibration = Calibration.from_json(calibrated)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls({}, None)
        return cls(dict(sorted(shares.items(), key=lambda one: -one[1])), calibration)
