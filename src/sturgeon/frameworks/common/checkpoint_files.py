"""A trial's checkpoint files: each is written whole and handed over, and then the one before it removed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path

from sturgeon.caviar.workers.live_trial import LiveTrial


class CheckpointFiles:
    """The checkpoints of one trial in a folder, of which the last is kept.

    A name has a part of its own, so that trials of the same number in two studies never take each other's
    file: which one counts, the study knows. The last one stays when the trial has ended, and holds what was
    trained.
    """

    def __init__(self, trial: LiveTrial, folder: str | os.PathLike[str], ending: str) -> None:
        """Take the trial and where its files are to be.

        Args:
            trial: The trial.
            folder: Made when the first file is written.
            ending: How file names end, such as ``".pt"``.
        """
        self._trial = trial
        self._folder = Path(os.path.abspath(folder))  # noqa: PTH100  (resolves no links, as the trial does)
        self._ending = ending
        self._start = f"trial-{trial.number}-"
        before = None if trial.resume_from is None else Path(trial.resume_from)
        self._last = before if before is not None and self._is_ours(before) else None

    def hand_over(self, write: Callable[[Path], object], step: int | None = None) -> None:
        """Have a checkpoint written, and the study told of it.

        Args:
            write: Writes the file whose path it is given.
            step: The last epoch that is in it, where that is not the trial's current one.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self._start}{uuid.uuid4().hex[:8]}{self._ending}"
        unfinished = path.with_name(f"{path.name}.part")
        try:
            write(unfinished)
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        self._trial.checkpoint(path, step=step)
        if self._last is not None:
            self._last.unlink(missing_ok=True)
        self._last = path

    def _is_ours(self, path: Path) -> bool:
        return path.parent == self._folder and path.name.startswith(self._start)
