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
"""How many of the best trials are kept, beside trial 0, the default configuration."""
TRAINED_ON = "all rows but the test rows, a fold held out of each network"
MOST_TRIALS = 8
"""Of how many trials an ensemble is made at most, where nobody says."""
_STEPS = 25
_MARGIN = 1.05
# A trial that is not among the best is worth a look up to this multiple of the best loss, and worth keeping
# if the ensemble errs less with this share of it.
_NEAR, _SHARE = 1.5, 0.1
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
    """A folder of the trials with the lowest held-out losses, of those that answer together, and of trial 0.

    The best trials of a long search are much alike, and err alike. So a trial that is not among them is kept
    too if the ensemble is better with it.

    Args:
        folder: Where they are; made when the first is kept.
        dataset: The data.
        most: Of how many trials the ensemble is made at most.
    """

    def __init__(self, folder: Path, dataset: Dataset, *, most: int = MOST_TRIALS) -> None:
        self._folder = folder
        self._dataset = dataset
        self._most = most
        self._kept: dict[int, Candidate] = {}
        self._choice: Choice | None = None
        for path in folder.glob("trial-*"):
            candidate = self._load(path)
            if candidate is not None:
                self._kept[candidate.trial] = candidate
        self._choose()

    @property
    def kept(self) -> list[Candidate]:
        """Those that are kept, the lowest loss first."""
        return sorted(self._kept.values(), key=lambda one: (one.loss, one.trial))

    @property
    def best(self) -> list[Candidate]:
        """Those of the lowest losses, the lowest first, and trial 0."""
        return [one for place, one in enumerate(self.kept) if place < KEPT or one.trial == 0]

    @property
    def ensemble_loss(self) -> float | None:
        """The held-out loss of the ensemble of what is kept; None while nothing is."""
        return None if self._choice is None else float(self._choice.losses.mean())

    def of(self, trial: int) -> Candidate | None:
        """A trial's, if it is kept."""
        return self._kept.get(trial)

    def may_keep(self, trial: int, loss: float | None) -> bool:
        """Whether a trial's networks may be worth keeping, by the loss that its training reported.

        That loss is rounded, and with folds of uneven sizes it is another mean, hence a margin.

        Args:
            trial: Its number.
            loss: The mean log loss or squared error that was reported; None where that is unknown.
        """
        best = self.best
        if trial == 0 or loss is None or len(best) < KEPT:
            return True
        last = best[KEPT - 1].loss * _MARGIN
        return loss <= (last if self._most == 1 else max(last, best[0].loss * _NEAR))

    def add(self, trial: int, config: dict[str, Any], trained: Any) -> bool:
        """Keep a trial's networks if they are of use; what it left before is given up.

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
        before = self._kept.pop(trial, None)
        if before is None and not self._is_of_use(candidate):
            return False
        self._kept[trial] = candidate
        self._choose()
        assert self._choice is not None
        stay = {one.trial for one in self.best} | self._choice.joined
        try:
            if trial in stay:
                self._save(candidate)
            for dropped in [one for one in self._kept if one not in stay]:
                del self._kept[dropped]
                shutil.rmtree(self._place(dropped), ignore_errors=True)
        except OSError as error:
            raise RunError(
                f"The best networks must be kept on disk; {str(self._folder)!r} cannot be written "
                f"({error.strerror}). Make room, then go on with `{option('resume', True)}`."
            ) from error
        return self.kept[0] is candidate

    def _is_of_use(self, candidate: Candidate) -> bool:
        """Whether a new trial is among the best, or makes the ensemble better."""
        best = self.best
        if candidate.trial == 0 or len(best) < KEPT or candidate.loss < best[KEPT - 1].loss:
            return True
        if self._most == 1:
            return False
        assert self._choice is not None
        mixed = (1 - _SHARE) * self._choice.answers + _SHARE * candidate.answers
        losses = row_losses(mixed, self._dataset.y_held_out)
        return bool(losses.mean() < self._choice.losses.mean())

    def _choose(self) -> None:
        if self._kept:
            self._choice = choose_ensemble(self.kept, self._dataset.y_held_out, most=self._most)

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


def forget_candidates(folder: Path) -> None:
    """Remove the networks that a study left whose record is gone; what else is in the folder stays.

    Args:
        folder: What :class:`Candidates` had them in, which need not be there.
    """
    for path in folder.glob("trial-*"):
        if (path / _DESCRIPTION).is_file():
            shutil.rmtree(path)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """An ensemble that was chosen.

    Attributes:
        shares: Trial number to its share; they sum to 1.
        answers: Its held-out answers, as those of a :class:`Candidate`.
        losses: Their losses, row by row.
        joined: The trials that joined at any time, also after the best of the means. The choice among these
            alone is the same.
    """

    shares: dict[int, float]
    answers: np.ndarray
    losses: np.ndarray
    joined: frozenset[int]


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
    joined = frozenset(one.trial for one, count in zip(candidates, counts, strict=True) if count)
    _, counts = best
    shares = {
        one.trial: int(count) / int(counts.sum()) for one, count in zip(candidates, counts, strict=True)
    }
    answers = sum(int(count) * one.answers for one, count in zip(candidates, counts, strict=True) if count)
    answers = np.asarray(answers) / int(counts.sum())
    chosen = {trial: share for trial, share in shares.items() if share}
    return Choice(chosen, answers, row_losses(answers, targets), joined)


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
