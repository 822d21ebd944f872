"""Where the trials of a run keep their checkpoints: a folder each, removed when nobody needs it any more.

They lie beside the study's file. Those of a study in memory are gone with it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Collection
from pathlib import Path

from sturgeon.study import MEMORY, Study

_PREFIX = "trial-"


class TrialFolders:
    """The folders of a study's trials, none of which is made before something is put there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     folders = TrialFolders(Path(root))
        ...     for number in (0, 1, 2):
        ...         Path(folders.of(number)).mkdir()
        ...     folders.keep({1})
        ...     sorted(os.listdir(root))
        ['trial-1']
    """

    def __init__(self, root: Path) -> None:
        """Take the folder that they are in."""
        self._root = root

    def of(self, number: int) -> str:
        """Name a trial's folder, which may not be there yet."""
        return str(self._root / f"{_PREFIX}{number}")

    def numbers(self) -> list[int]:
        """Tell which trials have a folder."""
        try:
            names = os.listdir(self._root)  # noqa: PTH208  the quickest way, as it is done after each trial
        except FileNotFoundError:
            return []
        numbers = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]
        return sorted(int(number) for number in numbers if number.isdecimal())

    def keep(self, wanted: Collection[int]) -> None:
        """Remove the folders of all trials but these."""
        for number in self.numbers():
            if number not in wanted:
                shutil.rmtree(self.of(number), ignore_errors=True)


def folders_of(study: Study) -> TrialFolders:
    """Say where the trials of a study keep their checkpoints.

    Args:
        study: A study in a file, on a server (then it is a folder of this one's working directory), or in
            memory (then it is a temporary folder, for as long as the study is there).
    """
    if study.place == MEMORY:
        root = tempfile.mkdtemp(prefix="sturgeon-")
        weakref.finalize(study, shutil.rmtree, root, ignore_errors=True)
        return TrialFolders(Path(root))
    place = f"{study.name}.study" if "://" in study.place else study.place
    return TrialFolders(Path(f"{place}.checkpoints").absolute())
