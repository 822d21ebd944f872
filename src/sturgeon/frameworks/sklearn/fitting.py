"""Fits the batch-norm network on rows: one configuration, or the best of many; one network, or one a fold."""

from __future__ import annotations

import functools
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.controller import best_trial
from sturgeon.caviar.limits import choose_limits
from sturgeon.caviar.loop import CaviarLoop
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.candidates import Candidate, Candidates, choose_ensemble, ensemble_of
from sturgeon.caviar.table.final import train_final
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.data import ClassTarget, Dataset, NumericTarget, Preprocessing
from sturgeon.data.features.aligned import empty_aligned
from sturgeon.data.features.preprocessing import fit_preprocessing
from sturgeon.data.features.scale import Scale, fit_scale
from sturgeon.data.reading.names import name_by_text
from sturgeon.data.splits import FEWEST_IN_A_PART, assign_folds, bin_by_size, split_at_random
from sturgeon.data.targets import fit_numeric_target
from sturgeon.errors import InputError, RunError
from sturgeon.frameworks.sklearn.single_network import train_alone, train_folds
from sturgeon.network.ensemble import NetworkEnsemble, outputs_of
from sturgeon.network.settings import check_network_space
from sturgeon.network.temperature import Calibration
from sturgeon.network.trained import TrainedNetwork
from sturgeon.search import Search
from sturgeon.space import Config, Constant, Space

# Nothing is to be judged where one configuration is trained, but training judges after each epoch.
_TOKEN_ROWS = 2


@dataclass(frozen=True)
class Rows:
    """What an estimator was given.

    Attributes:
        x: Inputs as they came, float64 ``[rows, features]``; or a table, of which the columns are taken as
            the command line takes them.
        y: Class codes, integers ``[rows]``; or numbers, float64 ``[rows]``.
        classes: How many classes there are; 0 for a regression.
        bounds: Of a table, whether numbers beyond the training rows' range are compressed, and predictions
            kept near that of their targets.
    """

    x: np.ndarray | pd.DataFrame
    y: np.ndarray
    classes: int
    bounds: bool = True


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
    every = np.arange(len(rows.y))
    prepared = _Prepared.of(rows, every)
    if folds == 1:
        dataset = prepared.dataset(every, every[:_TOKEN_ROWS])
        return prepared.fit(train_alone(dataset, space, config, epochs=epochs, seed=seed), config)
    dataset = prepared.folded(folds, seed)
    networks = train_folds(dataset, space, config, epochs=epochs, seed=seed)
    return prepared.fit_folds([Candidate.of(0, dict(config), networks, dataset)], dataset, most=1)


def fit_best(rows: Rows, tuning: Tuning, *, epochs: int, seed: int, folds: int = 1) -> Fit:
    """Try configurations on a part of the rows, and train the best once more on all of them.

    With folds, each configuration trains one network a fold, and the best trials' networks answer together.

    Raises:
        InputError: There are too few rows, or the space or the study breaks a rule.
        RunError: No configuration came to a value.
    """
    options = TuneOptions(space=tuning.space, search=tuning.search, epochs=epochs, seed=seed)
    if folds > 1:
        prepared = _Prepared.of(rows, np.arange(len(rows.y)))
        dataset = prepared.folded(folds, seed)
    else:
        split = split_at_random(_strata(rows), validation=tuning.validation, test=0.0, seed=seed)
        prepared = _Prepared.of(rows, split.train)
        dataset = prepared.dataset(split.train, split.validation)
    never = threading.Event()
    about = {"trials": tuning.trials, "repeats": 0, "folds": dataset.folds}
    study, settings = begin_table_study(tuning.study, options, dataset, about=about)
    with study, tempfile.TemporaryDirectory() as folder:
        kept = Candidates(Path(folder) / "candidates", dataset) if folds > 1 else None
        loop = CaviarLoop(
            study,
            table_trainer(dataset, settings.space, settings.objective, settings.epochs),
            checkpoints=Checkpoints(Path(folder)),
            on_network=lambda trial, network: None,
            on_progress=lambda progress: None,
            on_judged=None
            if kept is None
            else lambda trial, networks: (kept.add(trial.number, trial.config, networks), None)[1],
        )
        loop.run(choose_limits(trials=tuning.trials, budget=None), never)
        best = best_trial(study)
        if kept is not None and kept.kept and best is not None:
            chosen = kept.kept if tuning.ensemble > 1 else [kept.of(best.number) or kept.kept[0]]
            return prepared.fit_folds(chosen, dataset, most=tuning.ensemble, value=best.value)
        networks = {} if best is None else train_final(dataset, settings, [best], never)
    if best is None or best.number not in networks:
        raise RunError(
            f"A tuned network needs a trial that ends; none of {tuning.trials} did, or the best one diverged "
            "on all rows. Narrow the space, most of all `learning_rate`."
        )
    return prepared.fit(networks[best.number], best.config, best.value)


@dataclass(frozen=True)
class _Prepared:
    """Normalised rows, and what they were normalised by: the training rows' own μ and σ (N9 of the notes)."""

    rows: Rows
    inputs: np.ndarray
    targets: np.ndarray
    encode: Callable[[Any], np.ndarray]
    target: ClassTarget | NumericTarget

    @classmethod
    def of(cls, rows: Rows, training: np.ndarray) -> _Prepared:
        if isinstance(rows.x, pd.DataFrame):
            return cls._of_table(rows, rows.x, training)
        seen = rows.x[training]
        mean, deviation = seen.mean(axis=0), seen.std(axis=0)
        # What is the same in every row says nothing: it becomes 0, but for rounding.
        deviation = np.where(deviation > 10 * np.finfo(np.float64).eps * np.abs(mean), deviation, 1.0)
        target = Scale(0.0, 1.0)
        if not rows.classes:
            target = fit_scale(rows.y[training]) or Scale(float(rows.y[training[0]]), 1.0)
        targets = rows.y.astype(np.int32) if rows.classes else target.apply(rows.y).astype(np.float32)
        kind = _classes_of(rows) if rows.classes else NumericTarget("y", target)
        encode = functools.partial(_normalised, mean=mean, deviation=deviation)
        return cls(rows, encode(rows.x), targets, encode, kind)

    @classmethod
    def _of_table(cls, rows: Rows, table: pd.DataFrame, training: np.ndarray) -> _Prepared:
        """Take columns as the command line does: numbers, categories, and what is missing."""
        name = "y"
        while name in table.columns:
            name += "_"
        label = pd.Series(rows.y, name=name)
        target = _classes_of(rows)
        if not rows.classes:
            target = fit_numeric_target(label.iloc[training], "y", bounds=rows.bounds)
        fitted = fit_preprocessing(name_by_text(table), target, rows=training, bounds=rows.bounds, source="X")
        encode = functools.partial(fitted.transform, source="X")
        return cls(rows, encode(table), target.encode(label, "y"), encode, target)

    def folded(self, folds: int, seed: int) -> Dataset:
        """The rows in folds, as many as the rarest class allows.

        Raises:
            InputError: There are too few rows for two.
        """
        strata = _strata(self.rows)
        counts = np.bincount(strata) if self.rows.classes else np.array([len(strata) // FEWEST_IN_A_PART])
        folds = min(folds, int(counts[counts > 0].min()))
        if folds < 2:
            raise InputError(
                "Folds need two rows of each class, or four rows, at least; there are fewer. Write folds=1."
            )
        every = np.arange(len(self.rows.y))
        dataset = self.dataset(every, every[:0])
        return replace(dataset, fold_of=assign_folds(strata, folds=folds, seed=seed))

    def dataset(self, training: np.ndarray, validation: np.ndarray) -> Dataset:
        none = training[:0]
        parts = _parts(training, validation, none)
        arrays: dict[str, Any] = {f"x_{name}": _aligned(self.inputs[part]) for name, part in parts}
        arrays |= {f"y_{name}": self.targets[part] for name, part in parts}
        return Dataset(
            task="classification" if self.rows.classes else "regression",
            task_reason="it was asked for",
            target="y",
            preprocessing=Preprocessing((), (), self.target),
            test_rows=none,
            **arrays,
        )

    def fit(self, network: Any, config: Config, value: float | None = None, temperature: float = 1.0) -> Fit:
        return Fit(network, config, self.encode, self.target, value, temperature)

    def fit_folds(
        self, candidates: Sequence[Candidate], dataset: Dataset, *, most: int, value: float | None = None
    ) -> Fit:
        """The networks of folds that answer together, and how sure they are made."""
        choice = choose_ensemble(candidates, dataset.y_train, most=most)
        chosen = sorted(
            (one for one in candidates if one.trial in choice.shares),
            key=lambda one: -choice.shares[one.trial],
        )
        temperature = 1.0
        if self.rows.classes:
            temperature = Calibration.fit(outputs_of(choice.answers), dataset.y_train).temperature
        return self.fit(ensemble_of(chosen, choice.shares), chosen[0].config, value, temperature)


def _parts(*parts: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return list(zip(("train", "validation", "test"), parts, strict=True))


def _strata(rows: Rows) -> np.ndarray:
    return rows.y if rows.classes else bin_by_size(rows.y)


def _classes_of(rows: Rows) -> ClassTarget:
    return ClassTarget("y", tuple(range(rows.classes)))


def _normalised(x: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return ((x - mean) / deviation).astype(np.float32)


def _aligned(array: np.ndarray) -> np.ndarray:
    copy = empty_aligned(array.shape, array.dtype)
    copy[:] = array
    return copy
