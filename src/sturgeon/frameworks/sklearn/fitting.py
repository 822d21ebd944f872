"""Fits the batch-norm network on rows: one configuration, or the best of many; alone, or one a fold."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.controller import best_trial
from sturgeon.caviar.limits import choose_limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.candidates import Candidate, Candidates, choose_ensemble, ensemble_of
from sturgeon.caviar.table.final import train_final
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.data import ClassTarget, NumericTarget
from sturgeon.errors import RunError
from sturgeon.frameworks.sklearn.prepared import (
    Prepared,
    Rows,
    prepare_folds,
    prepare_split,
    prepare_whole,
)
from sturgeon.frameworks.sklearn.single_network import train_alone, train_folds
from sturgeon.network.ensemble import NetworkEnsemble, outputs_of
from sturgeon.network.settings import check_network_space
from sturgeon.network.temperature import Calibration
from sturgeon.network.trained import TrainedNetwork
from sturgeon.search import Search
from sturgeon.space import Config, Constant, Space


@dataclass(frozen=True)
class Tuning:
    """How to look for a configuration.

    Attributes:
        trials: How many configurations are tried, at least 1.
        space: What may vary.
        search: Which configuration next; None for the default.
        validation: The share of the rows that configurations are judged by.
        study: Where the study is kept, a path or URL.
        ensemble: With folds, of how many trials at most the networks answer together.
    """

    trials: int
    space: Space
    search: Search | None
    validation: float
    study: str
    ensemble: int = 1


@dataclass(frozen=True)
class Fit:
    """A trained network and what goes with it.

    Attributes:
        network: The network, or the networks of folds.
        config: Its configuration; of several trials the best one's.
        encode: Turns inputs, as they came, into what the network takes.
        target: What is predicted.
        value: The validation metric it was chosen by; None without tuning.
        temperature: What logits are divided by, fitted on rows that the networks of folds did not see.
    """

    network: TrainedNetwork | NetworkEnsemble
    config: Config
    encode: Callable[[Any], np.ndarray]
    target: ClassTarget | NumericTarget
    value: float | None = None
    temperature: float = 1.0

    def outputs(self, x: Any) -> np.ndarray:
        """Logits ``[rows, classes]``, or the target in its own unit ``[rows]``, float64."""
        outputs = self.network.outputs(self.encode(x)).astype(np.float64)
        if isinstance(self.target, ClassTarget):
            return outputs / self.temperature
        return self.target.limit(self.target.scale.undo(outputs[:, 0]))


def fit_one(rows: Rows, config: Config, *, epochs: int, seed: int, folds: int = 1) -> Fit:
    """Train one configuration on all rows, or one network on all but each fold of them.

    Raises:
        SpaceError: The network cannot take a value of the configuration.
        RunError: The training diverged.
    """
    constants: dict[str, Any] = {name: Constant(value) for name, value in config.items()}
    space = Space(**constants)
    check_network_space(space)
    data = prepare_whole(rows, seed=seed) if folds == 1 else prepare_folds(rows, folds, seed=seed)
    if folds == 1:
        network = train_alone(data.dataset, space, config, epochs=epochs, seed=seed)
        return Fit(network, config, data.encode, data.target)
    networks = train_folds(data.dataset, space, config, epochs=epochs, seed=seed)
    return _fit_folds([Candidate.of(0, dict(config), networks, data.dataset)], data, most=1)


def fit_best(rows: Rows, tuning: Tuning, *, epochs: int, seed: int, folds: int = 1) -> Fit:
    """Try configurations on a part of the rows, and train the best once more on all of them.

    With folds, each configuration trains one network a fold, and the best trials' networks answer together.

    Raises:
        InputError: There are too few rows, or the space or the study breaks a rule.
        RunError: No configuration came to a value.
    """
    options = TuneOptions(space=tuning.space, search=tuning.search, epochs=epochs, seed=seed)
    if folds > 1:
        data = prepare_folds(rows, folds, seed=seed)
    else:
        data = prepare_split(rows, tuning.validation, seed=seed)
    dataset = data.dataset
    never = threading.Event()
    about = {"trials": tuning.trials, "repeats": 0, "folds": dataset.folds}
    study, settings = begin_table_study(tuning.study, options, dataset, about=about)
    with study, tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "candidates"
        kept = Candidates(place, dataset, most=tuning.ensemble) if folds > 1 else None
        loop = CaviarLoop(
            study,
            table_trainer(dataset, settings.space, settings.objective, settings.epochs),
            checkpoints=Checkpoints(Path(folder)),
            on_network=lambda trial, network: None,
            on_progress=lambda progress: None,
            on_judged=None
            if kept is None
            else lambda trial, networks, _: (kept.add(trial.number, trial.config, networks), None)[1],
        )
        loop.run(choose_limits(trials=tuning.trials, budget=None), never)
        best = best_trial(study)
        if kept is not None and kept.kept and best is not None:
            chosen = kept.kept if tuning.ensemble > 1 else [kept.of(best.number) or kept.kept[0]]
            return _fit_folds(chosen, data, most=tuning.ensemble, value=best.value)
        networks = {} if best is None else train_final(study, dataset, settings, [best], never)
    if best is None or best.number not in networks:
        raise RunError(
            f"A tuned network needs a trial that ends; none of {tuning.trials} did, or the best one diverged "
            "on all rows. Narrow the space, most of all `learning_rate`."
        )
    return Fit(networks[best.number], best.config, data.encode, data.target, best.value)


def _fit_folds(
    candidates: Sequence[Candidate], data: Prepared, *, most: int, value: float | None = None
) -> Fit:
    """The networks of folds that answer together, and how sure they are made."""
    choice = choose_ensemble(candidates, data.dataset.y_train, most=most)
    chosen = sorted(
        (one for one in candidates if one.trial in choice.shares), key=lambda one: -choice.shares[one.trial]
    )
    temperature = 1.0
    if isinstance(data.target, ClassTarget):
        temperature = Calibration.fit(outputs_of(choice.answers), data.dataset.y_train).temperature
    network = ensemble_of(chosen, choice.shares)
    return Fit(network, chosen[0].config, data.encode, data.target, value, temperature)
