"""What is on disk while trials run: the best network so far, and what an ensemble is chosen from."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sturgeon.caviar.table.candidates import Candidates, forget_candidates
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Dataset
from sturgeon.study import Trial

CANDIDATES_FOLDER = "candidates"
"""Where the networks lie that an ensemble is chosen from."""
DEFAULT_FOLDER = "default"
"""Where the default configuration's network lies, as it was judged."""
_LOSS = "val_loss"


def forget_networks(out: Path) -> None:
    """Remove what an ensemble is chosen from and the default's network, where a new study begins in a folder.

    They are of a study whose record was removed.

    Args:
        out: The folder of the job; what else is in it stays.
    """
    forget_candidates(out / CANDIDATES_FOLDER)
    if (out / DEFAULT_FOLDER / "preprocessing.json").is_file():
        shutil.rmtree(out / DEFAULT_FOLDER)


class Keeper:
    """Keeps networks as the loop hands them over, so that ``best`` is usable at any time.

    Args:
        out: The folder that takes ``best``, and for an ensemble ``candidates``, else ``default``.
        dataset: The data.
        most: Of how many trials at most the result is made. Without folds, 1 says that a single network will
            be trained for it.

    Attributes:
        candidates: The trials that are kept, to choose from; None where a network will be trained instead.
    """

    def __init__(self, out: Path, dataset: Dataset, *, most: int) -> None:
        self._best = out / "best"
        self._default = out / DEFAULT_FOLDER
        self._dataset = dataset
        self._most = most
        together = dataset.folds > 1 or most > 1
        self.candidates = Candidates(out / CANDIDATES_FOLDER, dataset, most=most) if together else None

    @property
    def ensemble_loss(self) -> float | None:
        """The held-out log loss or squared error of the ensemble that would be handed over by now.

        None before the first, and where none is wanted.
        """
        return None if self.candidates is None or self._most == 1 else self.candidates.ensemble_loss

    def on_network(self, trial: Trial, network: Any) -> None:
        """Take the best network so far; see :class:`sturgeon.caviar.loop.loop.CaviarLoop`."""
        if self.candidates is None:
            SavedModel(trial.number, trial.config, self._dataset.preprocessing, network).save(self._best)

    def on_judged(self, trial: Trial, network: Any, metrics: Mapping[str, float]) -> None:
        """Take the networks of any trial, and what was measured of them."""
        if self.candidates is None:
            if trial.number == 0:
                SavedModel(0, trial.config, self._dataset.preprocessing, network).save(self._default)
            return
        wanted = self.candidates.may_keep(trial.number, metrics.get(_LOSS))
        if wanted and self.candidates.add(trial.number, trial.config, network):
            self.candidates.model(self.candidates.kept[:1]).save(self._best)
