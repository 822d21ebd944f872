"""The networks of a study's best trials, on disk: what an ensemble is chosen from.

A trial's held-out answers are what its networks say of rows that they did not learn from: with folds, each
network of the fold that it did not see, so that there is one answer for each row that is not for the test;
without, its one network of the validation rows.
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

from sturgeon.caviar.table.saved import JUDGED, SavedModel
from sturgeon.data import Dataset
from sturgeon.errors import InputError, RunError, option
from sturgeon.network.ensemble import Member, NetworkEnsemble, answers_of, log_losses, row_losses
from sturgeon.network.temperature import Calibration
from sturgeon.network.trained import TrainedNetwork

KEPT = 12
"""How many trials are kept beside trial 0, the default configuration."""
TRAINED_ON = "all rows but the test rows, a fold held out of each network"
MOST_TRIALS = 8
"""Of how many trials an ensemble is made at most, where nobody says."""
_STEPS = 25
_MARGIN = 1.05
_DESCRIPTION, _ANSWERS = "candidate.json", "answers.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A trial's networks.

    Attributes:
        trial: Its number.
        config: Its configuration.
        networks: One a fold; one without folds.
        answers: Its held-out answers, float64 ``[rows, outputs]``, as
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
        if dataset.fold_of is None:
            answers = answers_of(networks[0].outputs(dataset.x_validation))
        else:
            answers = np.empty((len(dataset.y_train), dataset.outputs))
            for fold, network in enumerate(networks):
                rows = dataset.fold_of == fold
                answers[rows] = answers_of(network.outputs(dataset.x_train[rows]))
        return cls(trial, config, tuple(networks), answers, row_losses(answers, dataset.y_held_out))

    @property
    def loss(self) -> float:
        """The mean held-out loss."""
        return float(self.losses.mean())


class Candidates:
    """A folder of the trials with the lowest held-out losses, and of trial 0.

    Args:
        folder: Where they are; made when the first is kept.
        dataset: The data.
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

    def may_keep(self, trial: int, loss: float | None) -> bool:
        """Whether a trial's networks may be among the best, by the loss that its training reported.

        That loss is rounded, and with folds of uneven sizes it is another mean, hence the margin.

        Args:
            trial: Its number.
            loss: The mean log loss or squared error that was reported; None where that is unknown.
        """
        others = [one for one in self.kept if one.trial not in (0, trial)]
        return trial == 0 or loss is None or len(others) < KEPT or loss <= others[-1].loss * _MARGIN

    def add(self, trial: int, config: dict[str, Any], trained: Any) -> bool:
        """Keep a trial's networks if it is one of the best; what it left before is given up.

        Args:
            trial: Its number.
            config: Its configuration.
            trained: What its training gave: with folds a network for each, else one network.

        Returns:
            Whether it is the best of all.

        Raises:
            RunError: The disk is full, or the folder cannot be written any more.
        """
        networks = trained if self._dataset.folds > 1 else (trained,)
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
        """The networks of trials as a model to save.

        Args:
            chosen: The trials, the best one first.
            shares: Each trial's share, by number; None for equal ones.
            calibration: How sure its probabilities are made.
        """
        shares = shares or {one.trial: 1 / len(chosen) for one in chosen}
        network = ensemble_of(chosen, shares)
        best = chosen[0]
        preprocessing = self._dataset.preprocessing
        trained_on = JUDGED if self._dataset.folds == 1 else TRAINED_ON
        return SavedModel(best.trial, best.config, preprocessing, network, trained_on, calibration)

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
            losses = row_losses(answers, self._dataset.y_held_out)
            return Candidate(described["trial"], described["config"], tuple(networks), answers, losses)
        except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, BadZipFile, InputError):
            return None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """An ensemble that was chosen.

    Attributes:
        shares: Trial number to its share; they sum to 1.
        answers: Its held-out answers, as those of a :class:`Candidate`.
        losses: Their losses, row by row.
    """

    shares: dict[int, float]
    answers: np.ndarray
    losses: np.ndarray


def choose_ensemble(candidates: Sequence[Candidate], targets: np.ndarray, *, most: int) -> Choice:
    """Choose trials by greedy selection with replacement, by their held-out log loss or squared error.

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
    classes = targets.dtype.kind == "i"
    rows = np.arange(len(targets))
    of_truth = np.stack([one.answers[rows, targets] if classes else one.answers[:, 0] for one in candidates])
    total = np.zeros(len(targets))
    counts = np.zeros(len(candidates), int)
    best = (np.inf, counts)
    for joined in range(1, _STEPS + 1):
        full = np.count_nonzero(counts) >= most
        places = np.flatnonzero(counts) if full else np.arange(len(candidates))
        means = (total + of_truth[places]) / joined
        losses = (log_losses(means) if classes else np.square(means - targets)).mean(axis=1)
        winner = int(np.argmin(losses))
        total = total + of_truth[places[winner]]
        counts = counts + (np.arange(len(candidates)) == places[winner])
        if losses[winner] < best[0]:
            best = (losses[winner], counts)
        if most == 1:
            break
    _, counts = best
    shares = {
        one.trial: int(count) / int(counts.sum()) for one, count in zip(candidates, counts, strict=True)
    }
    answers = sum(int(count) * one.answers for one, count in zip(candidates, counts, strict=True) if count)
    answers = np.asarray(answers) / int(counts.sum())
    chosen = {trial: share for trial, share in shares.items() if share}
    return Choice(chosen, answers, row_losses(answers, targets))


def ensemble_of(candidates: Sequence[Candidate], shares: dict[int, float]) -> NetworkEnsemble:
    """The networks of trials as one ensemble: a trial's share is split evenly over its folds.

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
