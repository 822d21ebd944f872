"""The fold networks of a study's best trials, on disk: what an ensemble is chosen from.

A network's answers on the rows of the fold that it did not see, all folds together, are the trial's
out-of-fold answers: one for each row that is not for the test.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Dataset
from sturgeon.errors import InputError, RunError, option
from sturgeon.network.ensemble import Member, NetworkEnsemble, answers_of, row_losses
from sturgeon.network.temperature import Calibration
from sturgeon.network.trained import TrainedNetwork

KEPT = 12
"""How many trials are kept beside trial 0, the default configuration."""
TRAINED_ON = "all rows but the test rows, a fold held out of each network"
MOST_TRIALS = 8
"""Of how many trials an ensemble is made at most, where nobody says."""
_STEPS = 25
_DESCRIPTION, _ANSWERS = "candidate.json", "answers.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A trial's networks.

    Attributes:
        trial: Its number.
        config: Its configuration.
        networks: One a fold.
        answers: Its out-of-fold answers, float64 ``[rows, outputs]``, as
            :func:`sturgeon.network.ensemble.answers_of` gives them.
        losses: Their log losses or squared errors ``[rows]``.
    """

    trial: int
    config: dict[str, Any]
    networks: tuple[TrainedNetwork, ...]
    answers: np.ndarray
    losses: np.ndarray

    @classmethod
    def of(
        cls, trial: int, config: dict[str, Any], networks: Sequence[TrainedNetwork], dataset: Dataset
    ) -> Candidate:
        """Have the networks answer on the rows that they did not see."""
        assert dataset.fold_of is not None
        answers = np.empty((len(dataset.y_train), dataset.outputs))
        for fold, network in enumerate(networks):
            rows = dataset.fold_of == fold
            answers[rows] = answers_of(network.outputs(dataset.x_train[rows]))
        return cls(trial, config, tuple(networks), answers, row_losses(answers, dataset.y_train))

    @property
    def loss(self) -> float:
        """The mean out-of-fold loss."""
        return float(self.losses.mean())


class Candidates:
    """A folder of the trials with the lowest out-of-fold losses, and of trial 0.

    Args:
        folder: Where they are; made when the first is kept.
        dataset: The data, in folds.
    """

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self._folder = folder
        self._dataset = dataset
        self._kept: dict[int, Candidate] = {}
        for path in folder.glob("trial-*"):
            candidate = self._load(path)
            if candidate is not None:
                self._kept[candidate.trial] = candidate

    @property
    def kept(self) -> list[Candidate]:
        """Those that are kept, the lowest loss first."""
        return sorted(self._kept.values(), key=lambda one: (one.loss, one.trial))

    def of(self, trial: int) -> Candidate | None:
        """A trial's, if it is kept."""
        return self._kept.get(trial)

    def add(self, trial: int, config: dict[str, Any], networks: Sequence[TrainedNetwork]) -> bool:
        """Keep a trial's networks if it is one of the best; what it left before is given up.

        Returns:
            Whether it is the best of all.

        Raises:
            RunError: The disk is full, or the folder cannot be written any more.
        """
        candidate = Candidate.of(trial, config, networks, self._dataset)
        self._kept[trial] = candidate
        ranked = self.kept
        dropped = [one for one in ranked[KEPT:] if one.trial != 0]
        try:
            if candidate not in dropped:
                self._save(candidate)
            for one in dropped:
                del self._kept[one.trial]
                shutil.rmtree(self._place(one.trial), ignore_errors=True)
        except OSError as error:
            raise RunError(
                f"The best networks must be kept on disk; {str(self._folder)!r} cannot be written "
                f"({error.strerror}). Make room, then go on with `{option('resume', True)}`."
            ) from error
        return ranked[0] is candidate

    def model(
        self,
        chosen: Sequence[Candidate],
        shares: dict[int, float] | None = None,
        calibration: Calibration | None = None,
    ) -> SavedModel:
        """The fold networks of trials as a model to save.

        Args:
            chosen: The trials, the best one first.
            shares: Each trial's share, by number; None for equal ones.
            calibration: How sure its probabilities are made.
        """
        shares = shares or {one.trial: 1 / len(chosen) for one in chosen}
        network = ensemble_of(chosen, shares)
        best = chosen[0]
        preprocessing = self._dataset.preprocessing
        return SavedModel(best.trial, best.config, preprocessing, network, TRAINED_ON, calibration)

    def _place(self, trial: int) -> Path:
        return self._folder / f"trial-{trial}"

    def _save(self, candidate: Candidate) -> None:
        place = self._place(candidate.trial)
        fresh = self._folder / f".trial-{candidate.trial}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        described = {"trial": candidate.trial, "config": candidate.config}
        (fresh / _DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        for fold, network in enumerate(candidate.networks):
            network.save(fresh / f"fold-{fold}.npz")
        np.save(fresh / _ANSWERS, candidate.answers)
        shutil.rmtree(place, ignore_errors=True)
        fresh.replace(place)

    def _load(self, place: Path) -> Candidate | None:
        """Read a candidate; None where its files are not whole, or are of other rows."""
        try:
            described = json.loads((place / _DESCRIPTION).read_text(encoding="utf-8"))
            networks = [
                TrainedNetwork.load(place / f"fold-{fold}.npz") for fold in range(self._dataset.folds)
            ]
            answers = np.load(place / _ANSWERS, allow_pickle=False)
            losses = row_losses(answers, self._dataset.y_train)
            return Candidate(described["trial"], described["config"], tuple(networks), answers, losses)
        except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, BadZipFile, InputError):
            return None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """An ensemble that was chosen.

    Attributes:
        shares: Trial number to its share; they sum to 1.
        answers: Its out-of-fold answers, as those of a :class:`Candidate`.
        losses: Their losses, row by row.
    """

    shares: dict[int, float]
    answers: np.ndarray
    losses: np.ndarray


def choose_ensemble(candidates: Sequence[Candidate], targets: np.ndarray, *, most: int) -> Choice:
    """Choose trials by greedy selection with replacement, by their out-of-fold log loss or squared error.

    Again and again the trial joins with which the mean of all that joined so far errs the least; one may join
    several times, which is its weight. The best of the means on the way is taken. With ``most`` = 1 that is
    the best trial alone.

    Args:
        candidates: What to choose from, at least one.
        targets: ``[rows]``, as the answers are.
        most: How many different trials, at least 1.

    Returns:
        The trials' shares.

    Source:
        Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of models",
        sections 2.1 and 2.2.
    """
    total = np.zeros_like(candidates[0].answers)
    counts = np.zeros(len(candidates), int)
    best = (np.inf, counts, total, candidates[0].losses)
    for joined in range(1, _STEPS + 1):
        full = np.count_nonzero(counts) >= most
        places = np.flatnonzero(counts).tolist() if full else list(range(len(candidates)))
        tried = [row_losses((total + candidates[i].answers) / joined, targets) for i in places]
        winner = int(np.argmin([losses.mean() for losses in tried]))
        total = total + candidates[places[winner]].answers
        counts = counts + (np.arange(len(candidates)) == places[winner])
        losses = tried[winner]
        if losses.mean() < best[0]:
            best = (losses.mean(), counts, total / joined, losses)
        if most == 1:
            break
    _, counts, answers, losses = best
    shares = {
        one.trial: int(count) / int(counts.sum()) for one, count in zip(candidates, counts, strict=True)
    }
    return Choice({trial: share for trial, share in shares.items() if share}, answers, losses)


def ensemble_of(candidates: Sequence[Candidate], shares: dict[int, float]) -> NetworkEnsemble:
    """The fold networks of trials as one ensemble: a trial's share is split evenly over its folds.

    Args:
        candidates: The trials, at least one.
        shares: Each trial's share, by number; they sum to 1.
    """
    return NetworkEnsemble(
        tuple(
            Member(network, shares[one.trial] / len(one.networks), one.trial, fold, one.config)
            for one in candidates
            for fold, network in enumerate(one.networks)
        )
    )
