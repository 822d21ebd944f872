"""Without folds, one network: the chosen configuration trained for the last time."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sturgeon.caviar.table.choosing.prediction_cost import PredictionCost
from sturgeon.caviar.table.choosing.tried import Made, Tried, over_budget
from sturgeon.caviar.table.choosing.winner import Contender, Winner, choose_winner, is_no_better
from sturgeon.caviar.table.final import train_again, train_final
from sturgeon.caviar.table.keeping import DEFAULT_FOLDER
from sturgeon.caviar.table.saved import JUDGED, SavedModel
from sturgeon.data import Dataset
from sturgeon.errors import InputError
from sturgeon.network.ensemble import answers_of, row_losses
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.temperature import Calibration
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import initial_state
from sturgeon.study import TrialRecord


def train_chosen(tried: Tried, best: TrialRecord, out: Path, stop: threading.Event) -> Made:
    """Train the chosen trial, and the default beside it, on the training and validation rows together.

    The temperature is that of the chosen network as it was judged, on the validation rows, which it had not
    seen then.

    Args:
        tried: The study, the data, and what was repeated.
        best: The trial with the best value.
        out: The folder; its ``best`` holds the best network as it was judged, and takes the last one.
        stop: Set where the run was interrupted: then nothing more is trained.

    Raises:
        InputError: No network is within the budget for predictions.
    """
    study, dataset, settings = tried.study, tried.dataset, tried.settings
    winner = _winner_of_repeats(tried)
    chosen = _within_budget(tried, best if winner is None else study.trial(winner.trial))
    first = study.trial(0)
    judged = _as_judged(tried, chosen, out, stop)
    calibration = None if judged is None else _calibrate(judged, dataset)
    wanted = [chosen] if chosen.number == 0 or first.value is None else [chosen, first]
    networks = {} if stop.is_set() else train_final(study, dataset, settings, wanted, stop)
    if chosen.number in networks:
        model = _model_of(chosen, dataset, networks[chosen.number])
        model = replace(model, trained_on="training and validation rows", calibration=calibration)
        model.save(out / "best")
    elif judged is not None:  # its last training was cut short
        model = replace(judged, calibration=calibration)
        model.save(out / "best")
    else:
        model = SavedModel.load(out)
    default = _model_of(first, dataset, networks[0]) if first.number in networks else None
    no_better = _is_no_better(judged, _loaded(out / DEFAULT_FOLDER), dataset)
    return Made(model, default, {}, no_better, winner, _cost_of(model, dataset))


def _winner_of_repeats(tried: Tried) -> Winner | None:
    if not tried.repeated:
        return None
    sign = tried.settings.objective.sign
    ended = [one for one in tried.repeated if not math.isnan(one.mean)] or tried.repeated[:1]
    contenders = [
        Contender(one.trial, tried.study.trial(one.trial).config, tuple(sign * value for value in one.values))
        for one in ended
    ]

    def weights_of(one: Contender) -> int:
        return sum(array.size for array in _untrained(one.config, tried.dataset).weights)

    return choose_winner(contenders, weights_of, paired=False)


def _within_budget(tried: Tried, chosen: TrialRecord) -> TrialRecord:
    """The chosen trial, or where its network takes too much the best one whose network does not."""
    if not tried.budget:
        return chosen
    sign = tried.settings.objective.sign
    others = [
        (sign * one.value, one.number, one)
        for one in tried.study.trials
        if one.state in ("complete", "stopped") and one.value is not None and one.number != chosen.number
    ]
    costs = []
    for trial in [chosen, *(one for *_, one in sorted(others, key=lambda other: other[:2]))]:
        untrained = _model_of(trial, tried.dataset, _untrained(trial.config, tried.dataset))
        costs.append(_cost_of(untrained, tried.dataset))
        if tried.budget.allows(costs[-1]):
            return trial
    raise over_budget(tried.budget, costs)


def _as_judged(tried: Tried, chosen: TrialRecord, out: Path, stop: threading.Event) -> SavedModel | None:
    """The chosen network as it was judged; it is trained again where it is gone, and None after a stop."""
    kept = _loaded(out / "best")
    if kept is not None and kept.trial == chosen.number and kept.trained_on == JUDGED:
        return kept
    networks = {}
    if not stop.is_set():
        networks = train_again(tried.study, tried.dataset, tried.settings, [chosen], stop)
    return _model_of(chosen, tried.dataset, networks[chosen.number]) if networks else None


def _calibrate(judged: SavedModel, dataset: Dataset) -> Calibration | None:
    if dataset.task != "classification":
        return None
    return Calibration.fit(_outputs_on_validation(judged, dataset), dataset.y_validation)


def _is_no_better(judged: SavedModel | None, default: SavedModel | None, dataset: Dataset) -> bool | None:
    if judged is None or default is None:
        return None
    losses = [
        row_losses(answers_of(_outputs_on_validation(model, dataset)), dataset.y_validation)
        for model in (judged, default)
    ]
    return judged.trial == default.trial or is_no_better(*losses)


def _outputs_on_validation(model: SavedModel, dataset: Dataset) -> np.ndarray:
    assert isinstance(model.network, TrainedNetwork)
    return model.network.outputs(dataset.x_validation)


def _model_of(trial: TrialRecord, dataset: Dataset, network: TrainedNetwork) -> SavedModel:
    return SavedModel(trial.number, trial.config, dataset.preprocessing, network)


def _untrained(config: Mapping[str, Any], dataset: Dataset) -> TrainedNetwork:
    settings = TrainingSettings.of(dict(config))
    features = dataset.features - (0 if settings.embedding == "piecewise_linear" else dataset.pieces)
    architecture = settings.architecture(features, dataset.outputs)
    state = initial_state(architecture, 0)
    return TrainedNetwork(architecture, state.weights, state.statistics, settings.norm_epsilon)


def _cost_of(model: SavedModel, dataset: Dataset) -> PredictionCost:
    return PredictionCost.of(model, dataset.x_train[:1000])


def _loaded(folder: Path) -> SavedModel | None:
    try:
        return SavedModel.load(folder)
    except InputError:
        return None
