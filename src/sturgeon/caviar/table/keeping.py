"""What is on disk while trials run: the best network so far, and with folds the best candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sturgeon.caviar.table.candidates import Candidates
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Dataset
from sturgeon.study import Trial

DEFAULT_FOLDER = "default"
"""Where the default configuration's network lies, as it was judged."""


class Keeper:
    """Keeps networks as the loop hands them over, so that ``best`` is usable at any time.

    Args:
        out: The folder that takes ``best``, and with folds ``candidates``, else ``default``.
        dataset: The data.

    Attributes:
        candidates: With folds, the trials that are kept; else None.
    """

    def __init__(self, out: Path, dataset: Dataset) -> None:
        self._best = out / "best"
        self._default = out / DEFAULT_FOLDER
        self._preprocessing = dataset.preprocessing
        self.candidates = Candidates(out / "candidates", dataset) if dataset.folds > 1 else None

    def on_network(self, trial: Trial, network: Any) -> None:
        """Take the best network so far; see :class:`sturgeon.caviar.loop.CaviarLoop`."""
        if self.candidates is None:
            SavedModel(trial.number, trial.config, self._preprocessing, network).save(self._best)

    def on_judged(self, trial: Trial, network: Any) -> None:
        """Take the fold networks of any trial; without folds, the default configuration's network."""
        if self.candidates is None and trial.number == 0:
            SavedModel(0, trial.config, self._preprocessing, network).save(self._default)
        if self.candidates is not None and self.candidates.add(trial.number, trial.config, network):
            self.candidates.model(self.candidates.kept[:1]).save(self._best)
