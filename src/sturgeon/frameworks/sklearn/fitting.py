"""Fits the batch-norm network on plain arrays: one configuration, or the best of many."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.controller import best_trial
from sturgeon.caviar.limits import choose_limits
from sturgeon.caviar.loop import CaviarLoop
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.final import train_final
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.data import ClassTarget, Dataset, NumericTarget, Preprocessing
from sturgeon.data.features.aligned import empty_aligned
from sturgeon.data.features.scale import Scale, fit_scale
from sturgeon.data.splits import bin_by_size, split_at_random
from sturgeon.errors import RunError
from sturgeon.frameworks.sklearn.single_network import train_alone
from sturgeon.network.settings import check_network_space
from sturgeon.network.trained import TrainedNetwork
from sturgeon.search import Search
from sturgeon.space import Config, Constant, Space

# Nothing is to be judged where one configuration is trained, but training judges after each epoch.
_TOKEN_ROWS = 2


@dataclass(frozen=True)
class Rows:
    """What an estimator was given.

    Attributes:
        x: Inputs as they came, float64 ``[rows, features]``.
        y: Class codes, integers ``[rows]``; or numbers, float64 ``[rows]``.
        classes: How many classes there are; 0 for a regression.
    """

    x: np.ndarray
    y: np.ndarray
    classes: int


@dataclass(frozen=True)
class Tuning:
    """How to look for a configuration.

    Attributes:
        trials: How many configurations are tried, at least 1.
        space: What may vary.
        search: Which configuration next; None for the default.
        validation: The share of the rows that configurations are judged by.
        study: Where the study is kept, a path or URL.
    """

    trials: int
    space: Space
    search: Search | None
    validation: float
    study: str


@dataclass(frozen=True)
class Fit:
    """A trained network and what goes with it.

    Attributes:
        network: The network.
        config: Its configuration.
        mean: What is taken off each input, ``[features]``.
        deviation: What each input is then divided by, ``[features]``, above 0.
        target: The mean and standard deviation of a regression's target; 0 and 1 for classes.
        value: The validation metric it was chosen by; None without tuning.
    """

    network: TrainedNetwork
    config: Config
    mean: np.ndarray
    deviation: np.ndarray
    target: Scale
    value: float | None = None

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Logits ``[rows, classes]``, or the target in its own unit ``[rows]``, float64."""
        outputs = self.network.outputs(_normalised(x, self.mean, self.deviation)).astype(np.float64)
        return outputs if self.network.architecture.outputs > 1 else self.target.undo(outputs[:, 0])


def fit_one(rows: Rows, config: Config, *, epochs: int, seed: int) -> Fit:
    """Train one configuration on all rows.

    Raises:
        SpaceError: The network cannot take a value of the configuration.
        RunError: The training diverged.
    """
    constants: dict[str, Any] = {name: Constant(value) for name, value in config.items()}
    space = Space(**constants)
    check_network_space(space)
    every = np.arange(len(rows.y))
    prepared = _Prepared.of(rows, every)
    dataset = prepared.dataset(every, every[:_TOKEN_ROWS])
    return prepared.fit(train_alone(dataset, space, config, epochs=epochs, seed=seed), config)


def fit_best(rows: Rows, tuning: Tuning, *, epochs: int, seed: int) -> Fit:
    """Try configurations on a part of the rows, and train the best once more on all of them.

    Raises:
        InputError: There are too few rows, or the space or the study breaks a rule.
        RunError: No configuration came to a value.
    """
    options = TuneOptions(space=tuning.space, search=tuning.search, epochs=epochs, seed=seed)
    strata = rows.y if rows.classes else bin_by_size(rows.y)
    split = split_at_random(strata, validation=tuning.validation, test=0.0, seed=seed)
    prepared = _Prepared.of(rows, split.train)
    dataset = prepared.dataset(split.train, split.validation)
    never = threading.Event()
    about = {"trials": tuning.trials, "repeats": 0}
    study, settings = begin_table_study(tuning.study, options, dataset, about=about)
    with study, tempfile.TemporaryDirectory() as folder:
        loop = CaviarLoop(
            study,
            table_trainer(dataset, settings.space, settings.objective, settings.epochs),
            checkpoints=Checkpoints(Path(folder)),
            on_network=lambda trial, network: None,
            on_progress=lambda progress: None,
        )
        loop.run(choose_limits(trials=tuning.trials, budget=None), never)
        best = best_trial(study)
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
    mean: np.ndarray
    deviation: np.ndarray
    target: Scale

    @classmethod
    def of(cls, rows: Rows, training: np.ndarray) -> _Prepared:
        seen = rows.x[training]
        mean, deviation = seen.mean(axis=0), seen.std(axis=0)
        # What is the same in every row says nothing: it becomes 0, but for rounding.
        deviation = np.where(deviation > 10 * np.finfo(np.float64).eps * np.abs(mean), deviation, 1.0)
        target = Scale(0.0, 1.0)
        if not rows.classes:
            target = fit_scale(rows.y[training]) or Scale(float(rows.y[training[0]]), 1.0)
        targets = rows.y.astype(np.int32) if rows.classes else target.apply(rows.y).astype(np.float32)
        inputs = _normalised(rows.x, mean, deviation)
        return cls(rows, inputs, targets, mean, deviation, target)

    def dataset(self, training: np.ndarray, validation: np.ndarray) -> Dataset:
        classes = self.rows.classes
        target = ClassTarget("y", tuple(range(classes))) if classes else NumericTarget("y", self.target)
        none = training[:0]
        parts = _parts(training, validation, none)
        arrays: dict[str, Any] = {f"x_{name}": _aligned(self.inputs[part]) for name, part in parts}
        arrays |= {f"y_{name}": self.targets[part] for name, part in parts}
        return Dataset(
            task="classification" if classes else "regression",
            task_reason="it was asked for",
            target="y",
            preprocessing=Preprocessing((), (), target),
            test_rows=none,
            **arrays,
        )

    def fit(self, network: Any, config: Config, value: float | None = None) -> Fit:
        return Fit(network, config, self.mean, self.deviation, self.target, value)


def _parts(*parts: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return list(zip(("train", "validation", "test"), parts, strict=True))


def _normalised(x: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return ((x - mean) / deviation).astype(np.float32)


def _aligned(array: np.ndarray) -> np.ndarray:
    copy = empty_aligned(array.shape, array.dtype)
    copy[:] = array
    return copy
