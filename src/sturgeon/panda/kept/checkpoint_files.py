"""Checkpoint files: written whole or not at all, read only with their checksums, thinned within a budget."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sturgeon.errors import InputError
from sturgeon.panda.kept.tree import Checkpoint

DISK_BYTES = 4 * 2**30
"""How much disk the checkpoints of a run may take, unless it is said otherwise."""
_CHUNK = 2**22


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that is on the disk.

    Attributes:
        name: Its name in the folder.
        sha256: Its checksum.
        size: Its bytes.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """A folder of checkpoint files.

    Attributes:
        folder: Made when the first file is written.
    """

    folder: Path

    def write(self, name: str, write: Callable[[Path], object]) -> WrittenFile:
        """Have a file written whole: when this returns it is on the disk, under its name.

        Args:
            name: The file's name.
            write: Writes the file whose path it is given.

        Raises:
            OSError: The disk is full, or the folder cannot be written; there is no file then.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        unfinished = path.with_name(f".{name}.part")
        try:
            write(unfinished)
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            written = WrittenFile(name, _checksum(unfinished), unfinished.stat().st_size)
            unfinished.replace(path)
            _keep_name(self.folder)
        finally:
            unfinished.unlink(missing_ok=True)
        return written

    def verified(self, checkpoint: Checkpoint) -> Path:
        """The path of a checkpoint's file, which is as it was written.

        Raises:
            InputError: It is missing, cut off or changed.
        """
        path = self.folder / Path(checkpoint.file).name
        try:
            whole = _checksum(path) == checkpoint.sha256
        except OSError as error:
            raise InputError(
                f"Checkpoint {checkpoint.number} must be where it was written; {str(path)!r} cannot be read "
                f"({error.strerror}). Go back to another."
            ) from None
        if not whole:
            raise InputError(
                f"Checkpoint {checkpoint.number} must be as it was written; {str(path)!r} was changed or "
                "cut off. "
                "Go back to another."
            )
        return path

    def remove(self, checkpoint: Checkpoint) -> None:
        """Remove a checkpoint's file, if it is there."""
        (self.folder / Path(checkpoint.file).name).unlink(missing_ok=True)

    def remove_strays(self, known: Iterable[Checkpoint]) -> None:
        """Remove what a killed process left: files that the journal does not know."""
        names = {Path(one.file).name for one in known if one.kept}
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in names and (path.name.startswith(("checkpoint-", ".checkpoint-"))):
                    path.unlink(missing_ok=True)


def to_thin_out(
    checkpoints: Sequence[Checkpoint], starts: Collection[int], *, bytes_allowed: int, maximize: bool = False
) -> list[Checkpoint]:
    """Choose the checkpoints to be removed so that the others keep within a budget.

    Never removed are those that somebody asked for, those that a branch starts from, and of every branch the
    first, the last and the best. Of the others, the one goes first whose neighbours on its branch are closest
    to each other for its age: so the latest lie close together, and the older ones further and further apart.

    Args:
        checkpoints: Those that are kept now.
        starts: The numbers of those that branches start from.
        bytes_allowed: The budget.
        maximize: Whether the objective is to be maximised.

    Returns:
        Those to be removed, in order; they may be too few, where the rest is never removed.
    """
    left = sorted(checkpoints, key=lambda one: (one.trial, one.at, one.number))
    total = sum(one.size for one in left)
    removed: list[Checkpoint] = []
    guarded = _guarded(left, starts, maximize)
    while total > bytes_allowed:
        free = [
            (_crowding(left, place), one.number, place)
            for place, one in enumerate(left)
            if one.number not in guarded
        ]
        if not free:
            break
        gone = left.pop(min(free)[2])
        removed.append(gone)
        total -= gone.size
    return removed


def _guarded(checkpoints: Sequence[Checkpoint], starts: Collection[int], maximize: bool) -> set[int]:
    guarded = set(starts) | {one.number for one in checkpoints if one.why in ("begin", "asked")}
    for trial in {one.trial for one in checkpoints}:
        own = [one for one in checkpoints if one.trial == trial]
        guarded |= {own[0].number, own[-1].number}
        valued = [one for one in own if one.value is not None and one.value == one.value]
        sign = -1.0 if maximize else 1.0
        if valued:
            guarded.add(min(valued, key=lambda one: sign * (one.value or 0.0)).number)
    return guarded


def _crowding(ordered: Sequence[Checkpoint], place: int) -> float:
    """How close the neighbours of a checkpoint lie, in parts of its age; it has two, as it is not guarded."""
    own = ordered[place]
    same = [one for one in ordered if one.trial == own.trial]
    here = same.index(own)
    before, after = same[max(0, here - 1)], same[min(len(same) - 1, here + 1)]
    age = _clock(same[-1]) - _clock(own) + 1
    return (_clock(after) - _clock(before)) / age


def _clock(checkpoint: Checkpoint) -> int:
    return checkpoint.at.step or checkpoint.at.epoch


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _keep_name(folder: Path) -> None:
    """Have a new name in a folder survive a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
