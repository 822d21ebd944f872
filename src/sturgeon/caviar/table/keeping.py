"""What is on disk while trials run: the best network so far, and what an ensemble is chosen from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sturgeon.caviar.table.candidates import Candidates, choose_ensemble
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Dataset
from sturgeon.study import Trial

DEFAULT_FOLDER = "default"
"""Where the default configuration's network lies, as it was judged."""
_LOSS = "val_loss"
# An ensemble is chosen anew when as many times as long as that took has gone by: a fiftieth of the run.
_SELDOM = 50


class Keeper:
    """Keeps networks as the loop hands them over, so that ``best`` is usable at any time.

    Args:
        out: The folder that takes ``best``, and for an ensemble ``candidates``, else ``default``.
        dataset: The data.
        most: Of how many trials at most the result is made. Without folds, 1 says that a single network will
            be trained for it.

    Attributes:
        candidates: The trials that are kept, to choose from; None where a network will be trained instead.
        ensemble_loss: The held-out log loss or squared error of the ensemble that would be handed over by
            now; None before the first, and where none is wanted.
    """

    def __init__(self, out: Path, dataset: Dataset, *, most: int) -> None:
        self._best = out / "best"
        self._default = out / DEFAULT_FOLDER
        self._dataset = dataset
        self._most = most
        self.candidates = Candidates(out / "candidates", dataset) if dataset.folds > 1 or most > 1 else None
        self.ensemble_loss: float | None = None
        self._chosen, self._took, self._changed = 0.0, 0.0, False

    def on_network(self, trial: Trial, network: Any) -> None:
        """Take the best network so far; see :class:`sturgeon.caviar.loop.CaviarLoop`."""
        if self.candidates is None:
            SavedModel(trial.number, trial.config, self._dataset.preprocessing, network).save(self._best)

    def on_judged(self, trial: Trial, network: Any, metrics: Mapping[str, float]) -> None:
        """Take the networks of any trial, and what was measured of them."""
        if self.candidates is None:
            if trial.number == 0:
                SavedModel(0, trial.config, self._dataset.preprocessing, network).save(self._default)
            return
        if self.candidates.may_keep(trial.number, metrics.get(_LOSS)):
            if self.candidates.add(trial.number, trial.config, network):
                self.candidates.model(self.candidates.kept[:1]).save(self._best)
            self._changed = True
        self._choose()

    def _choose(self) -> None:
        """Choose the ensemble of what is kept, if that has changed and does not take too much of the run."""
        began = time.monotonic()
        if not self._changed or self._most == 1 or began - self._chosen < _SELDOM * self._took:
            return
        assert self.candidates is not None
        choice = choose_ensemble(self.candidates.kept, self._dataset.y_held_out, most=self._most)
        self.ensemble_loss = float(choice.losses.mean())
        self._changed, self._chosen = False, time.monotonic()
        self._took = self._chosen - began
