"""The trials' own networks: an ensemble of the best trials, or with folds the networks of one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sturgeon.caviar.table.candidates import Candidate, Candidates, Choice, choose_ensemble
from sturgeon.caviar.table.choosing.prediction_cost import PredictionCost
from sturgeon.caviar.table.choosing.tried import Made, Tried, over_budget
from sturgeon.caviar.table.choosing.winner import Contender, Winner, choose_winner, is_no_better
from sturgeon.caviar.table.final import train_again
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.network.ensemble import outputs_of
from sturgeon.network.temperature import Calibration
from sturgeon.search.folds import values_by_fold
from sturgeon.study import TrialRecord


def choose_networks(tried: Tried, best: TrialRecord, out: Path, stop: threading.Event) -> Made:
    """Choose an ensemble, or a trial; also after an interrupt, as hardly anything is trained.

    The temperature is fitted to what the networks say of the rows that they did not see.

    Args:
        tried: The study, the data, and the candidates.
        best: The trial with the best value.
        out: The folder that takes the networks as ``best``.
        stop: Set where the run was interrupted: then nothing more is trained.

    Raises:
        InputError: Not even one network is within the budget for predictions.
    """
    candidates = tried.candidates
    assert candidates is not None
    first = tried.study.trial(0)
    missing = [one for one in {best.number: best, 0: first}.values() if not candidates.of(one.number)]
    if not candidates.kept or missing:
        # The study is concluded in another folder than it was begun in, or the folder lost files.
        again = [one for one in missing if one.value is not None]
        trained = {}
        if not stop.is_set():
            trained = train_again(tried.study, tried.dataset, tried.settings, again, stop)
        for number, networks in trained.items():
            candidates.add(number, tried.study.trial(number).config, networks)
    kept = candidates.kept
    if not kept:
        return Made(SavedModel.load(out))
    winner = _choose_winner(tried, candidates.best)
    if tried.most == 1:
        alone = best.number if winner is None else winner.trial
        kept = [candidates.of(alone) or kept[0]]
    offer, cost = _first_within_budget(tried, candidates, kept)
    offer.model.save(out / "best")
    default = candidates.of(0)
    if default is None:
        return Made(offer.model, None, offer.shares, None, winner, cost)
    no_better = is_no_better(offer.losses, default.losses)
    return Made(offer.model, candidates.model([default]), offer.shares, no_better, winner, cost)


def _choose_winner(tried: Tried, kept: Sequence[Candidate]) -> Winner | None:
    """Who wins among the best trials, if the study has kept their values on each fold."""
    objective, contenders = tried.settings.objective, []
    for candidate in kept:
        trial = tried.study.trial(candidate.trial)
        values = values_by_fold(trial.metrics, objective.metric)
        if trial.state == "complete" and len(values) == tried.dataset.folds:
            signed = tuple(objective.sign * value for value in values)
            contenders.append(Contender(candidate.trial, candidate.config, signed))
    weights = {one.trial: sum(array.size for array in one.networks[0].weights) for one in kept}
    return choose_winner(contenders, lambda one: weights[one.trial], paired=True) if contenders else None


@dataclass(frozen=True, slots=True)
class _Offer:
    """What may be handed over: the model, the trials' shares in it, and its held-out losses."""

    model: SavedModel
    shares: dict[int, float]
    losses: np.ndarray


def _first_within_budget(
    tried: Tried, candidates: Candidates, kept: Sequence[Candidate]
) -> tuple[_Offer, PredictionCost]:
    costs = []
    for offer in _offers(tried, candidates, kept):
        costs.append(PredictionCost.of(offer.model, tried.dataset.x_train[:1000]))
        if tried.budget.allows(costs[-1]):
            return offer, costs[-1]
    raise over_budget(tried.budget, costs)


def _offers(tried: Tried, candidates: Candidates, kept: Sequence[Candidate]) -> Iterator[_Offer]:
    """What may be handed over, from the whole ensemble to one network: fewer trials, then fewer folds."""
    most = tried.most
    while most:
        choice = choose_ensemble(kept, tried.dataset.y_held_out, most=most)
        yield _offer(tried, candidates, kept, choice)
        most = len(choice.shares) - 1
    by_loss = [*kept, *(one for one in candidates.kept if one not in kept)]
    for one in by_loss:
        alone = choose_ensemble([one], tried.dataset.y_held_out, most=1)
        for folds in range(max(1, len(one.networks) - 1), 0, -1):
            fewer = replace(one, networks=one.networks[:folds])
            yield _offer(tried, candidates, [fewer], alone)


def _offer(tried: Tried, candidates: Candidates, kept: Sequence[Candidate], choice: Choice) -> _Offer:
    chosen = sorted(
        (one for one in kept if one.trial in choice.shares), key=lambda one: -choice.shares[one.trial]
    )
    shares = {one.trial: choice.shares[one.trial] for one in chosen}
    calibration = None
    if tried.dataset.task == "classification":
        calibration = Calibration.fit(outputs_of(choice.answers), tried.dataset.y_held_out)
    return _Offer(candidates.model(chosen, shares, calibration), shares, choice.losses)
