"""Copies of checkpoints: what others begin from, as a trial may write over its own."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from sturgeon.errors import RunError

TRIAL, GENERATION = "trial-", "generation-"


class Asides:
    """Copies in a folder for each generation, none of which is made before something is put there."""

    def __init__(self, root: Path) -> None:
        """Take the folder that they are in."""
        self._root = root

    def set_aside(self, reference: str, number: int, generation: int) -> str:
        """Copy a trial's checkpoint for others to begin from.

        Args:
            reference: The checkpoint: a file, a folder, or a URI, which is left where it is.
            number: The trial.
            generation: After which generation it was saved.

        Returns:
            Where the copy is; another process's, if that was faster.

        Raises:
            RunError: It cannot be copied.
        """
        if "://" in reference:
            return reference
        source = Path(reference)
        place = self._root / f"{GENERATION}{generation}" / f"{TRIAL}{number}"
        if place.exists():
            return str(place / source.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as unfinished:
            whole = Path(unfinished) / "copy"
            whole.mkdir()
            try:
                if source.is_dir():
                    shutil.copytree(source, whole / source.name)
                else:
                    shutil.copyfile(source, whole / source.name)
            except OSError as error:
                raise RunError(
                    f"the checkpoint of trial {number} cannot be copied for others: {error}. "
                    "A checkpoint must stay where it was handed over."
                ) from error
            with contextlib.suppress(FileExistsError, OSError):
                whole.rename(place)
        return str(place / source.name)

    def keep_aside(self, wanted: Collection[str], until: int) -> None:
        """Remove copies of checkpoints, but not these.

        Args:
            wanted: Checkpoints that somebody may yet begin from.
            until: The last generation of which copies are removed: another process may be at the next.
        """
        for folder in self._root.glob(f"{GENERATION}*"):
            number = folder.name.removeprefix(GENERATION)
            if not number.isdecimal() or int(number) > until:
                continue
            for place in folder.glob(f"{TRIAL}*"):
                if not any(Path(one).is_relative_to(place) for one in wanted):
                    shutil.rmtree(place, ignore_errors=True)
            with contextlib.suppress(OSError):
                folder.rmdir()  # where nothing is left in it
