"""Lanes' states on disk: what a trial that was paused or interrupted goes on from. Nothing is pickled."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sturgeon.caviar.fused import LaneCheckpoint
from sturgeon.errors import InputError


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """A folder with a file for each trial that has something to go on from.

    Attributes:
        folder: Made when the first file is written.
    """

    folder: Path

    def save(self, number: int, checkpoint: LaneCheckpoint) -> Path:
        """Write a trial's checkpoint, whole or not at all, in place of an older one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(number)
        unfinished = path.with_suffix(".part")
        save_checkpoint(unfinished, checkpoint)
        unfinished.replace(path)
        return path

    def forget(self, number: int) -> None:
        """Remove a trial's checkpoint, if there is one."""
        self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"trial-{number}.npz"


def save_checkpoint(path: Path, checkpoint: LaneCheckpoint) -> None:
    """Write a lane's state as an ``.npz`` file, and have it on the disk."""
    arrays = {str(number): leaf for number, leaf in enumerate(checkpoint.leaves)}
    with path.open("wb") as file:
        np.savez(file, epoch=np.array(checkpoint.epoch), allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(path: Path) -> LaneCheckpoint:
    """Read what :func:`save_checkpoint` wrote. Runs no code from the file.

    Raises:
        InputError: The file is missing, cut off, or not one of ours.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            leaves = tuple(file[str(number)] for number in range(len(file.files) - 1))
            return LaneCheckpoint(int(file["epoch"]), leaves)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(
            f"A checkpoint must be a whole file that a pause wrote; got {str(path)!r} ({error}). "
            "Remove it, and the trial begins anew."
        ) from error
