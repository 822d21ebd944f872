"""Lanes' states on disk: what a trial that was paused or interrupted goes on from. Nothing is pickled."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.lib.format import read_array

from sturgeon.caviar.lanes.backend import LaneCheckpoint
from sturgeon.errors import InputError

# What Python and NumPy raise on archives that were cut off or changed, or are something else altogether.
_UNREADABLE = (
    OSError, ValueError, LookupError, EOFError, TypeError, RuntimeError, OverflowError, BadZipFile,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """A folder with a file for each trial that has something to go on from.

    Attributes:
        folder: Made when the first file is written.
    """

    folder: Path

    def save(self, number: int, checkpoint: LaneCheckpoint) -> Path:
        """Write a trial's checkpoint, whole or not at all, and remove older ones.

        A file's name tells the epoch: a record that was not written down any more, since the process was
        killed, then names a file that is gone, and never one that is further than its curves.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"trial-{number}-epoch-{checkpoint.epoch}.npz"
        unfinished = path.with_suffix(".part")
        save_checkpoint(unfinished, checkpoint)
        unfinished.replace(path)
        self._remove(number, but=path)
        return path

    def forget(self, number: int) -> None:
        """Remove a trial's checkpoint, if there is one."""
        self._remove(number)

    def _remove(self, number: int, *, but: Path | None = None) -> None:
        for path in self.folder.glob(f"trial-{number}-epoch-*"):
            if path != but:
                path.unlink(missing_ok=True)


def save_checkpoint(path: Path, checkpoint: LaneCheckpoint) -> None:
    """Write a lane's state as an ``.npz`` file, and have it on the disk."""
    leaves = [np.asarray(leaf) for leaf in checkpoint.leaves]
    assert not any(leaf.dtype.hasobject for leaf in leaves), "NumPy would pickle objects"
    arrays: dict[str, Any] = {str(number): _plain(leaf) for number, leaf in enumerate(leaves)}
    kinds = np.array([leaf.dtype.name for leaf in leaves], dtype=str)
    with path.open("wb") as file:
        np.savez(file, epoch=np.array(checkpoint.epoch), kinds=kinds, **arrays)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(path: Path) -> LaneCheckpoint:
    """Read what :func:`save_checkpoint` wrote. Runs no code from the file.

    Raises:
        InputError: The file is missing, cut off, changed, or not one of ours.
    """
    try:
        with ZipFile(path) as archive:
            # Each read compares a checksum: what NumPy is then given is what was written.
            arrays = {name: archive.read(name) for name in archive.namelist()}
        kinds = _array(arrays["kinds.npy"])
        leaves = [_array(arrays[f"{number}.npy"]) for number in range(len(kinds))]
        whole = tuple(leaf.view(_dtype(str(kind))) for leaf, kind in zip(leaves, kinds, strict=True))
        return LaneCheckpoint(int(_array(arrays["epoch.npy"])), whole)
    except _UNREADABLE as error:
        raise InputError(
            f"A checkpoint must be a whole file that a pause wrote; got {str(path)!r} ({error}). "
            "Remove it, and the trial begins anew."
        ) from error


def _plain(leaf: np.ndarray) -> np.ndarray:
    """NumPy's format knows NumPy's own types only: bfloat16 is kept as integers of the same bits."""
    return leaf.view(f"u{leaf.dtype.itemsize}") if leaf.dtype.kind == "V" else leaf


def _dtype(name: str) -> np.dtype:
    """A type by its name; JAX is loaded for those that NumPy does not know, such as bfloat16."""
    try:
        return np.dtype(name)
    except TypeError:
        import jax.numpy as jnp

        return jnp.dtype(name)


def _array(content: bytes) -> np.ndarray:
    return read_array(BytesIO(content), allow_pickle=False)
