"""Sturgeon's searches and their peers behind one call: minimise a function over a space.

Peers are used as their own documentation shows, with their default settings, on their own distributions
(log scales stay log scales); only the seed is set.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sturgeon.errors import SpaceExhausted
from sturgeon.search import Observation, Record, Search, search_by_name
from sturgeon.space import Choice, Config, Constant, Integer, Real, Space

Objective = Callable[[Config], float]

OPTUNA = ("optuna-tpe", "optuna-gp", "optuna-cmaes")


@dataclass(frozen=True)
class Run:
    """What one run found.

    Attributes:
        values: The value of every trial, in order, to be minimised.
        seconds: How long each suggestion took (of a batch, its share).
    """

    values: list[float]
    seconds: list[float]


def minimise(
    method: str | Search, space: Space, objective: Objective, *, trials: int, seed: int, batch: int = 1
) -> Run:
    """Run a method from an empty record.

    Args:
        method: A Sturgeon search or its name, ``optuna-tpe``, ``optuna-gp``, ``optuna-cmaes`` or ``smac``.
        space: What may vary.
        objective: The value of a configuration.
        trials: How many evaluations.
        seed: Of the method.
        batch: How many are asked for before any of them is told.
    """
    if isinstance(method, Search):
        return _run_search(method, space, objective, trials=trials, seed=seed, batch=batch)
    if method in OPTUNA:
        return _run_optuna(method, space, objective, trials=trials, seed=seed, batch=batch)
    if method == "smac":
        return _run_smac(space, objective, trials=trials, seed=seed)
    return _run_search(search_by_name(method), space, objective, trials=trials, seed=seed, batch=batch)


def _run_search(
    search: Search, space: Space, objective: Objective, *, trials: int, seed: int, batch: int
) -> Run:
    if hasattr(search, "seed"):
        search = type(search)(seed=seed)  # pyright: ignore[reportCallIssue]
    record, values, seconds = Record(), [], []
    while len(record) < trials:
        count = min(batch, trials - len(record))
        rng = np.random.default_rng(np.random.SeedSequence((seed, len(record))))
        started = time.perf_counter()
        try:
            configs = search.suggest(space, record, count, rng)
        except SpaceExhausted:
            break
        seconds += [(time.perf_counter() - started) / len(configs)] * len(configs)
        for config in configs:
            value = objective(config)
            record.put(Observation(len(record), config, "complete", value))
            values.append(value)
    return Run(values, seconds)


def _run_optuna(
    method: str, space: Space, objective: Objective, *, trials: int, seed: int, batch: int
) -> Run:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    if method == "optuna-gp":
        import torch

        torch.set_num_threads(1)
    samplers = {
        "optuna-tpe": optuna.samplers.TPESampler,
        "optuna-gp": optuna.samplers.GPSampler,
        "optuna-cmaes": optuna.samplers.CmaEsSampler,
    }
    study = optuna.create_study(sampler=samplers[method](seed=seed))
    values, seconds = [], []
    while len(values) < trials:
        asked = []
        for _ in range(min(batch, trials - len(values))):
            started = time.perf_counter()
            trial = study.ask()
            config = suggest_by_optuna(trial, space)
            seconds.append(time.perf_counter() - started)
            asked.append((trial, config))
        for trial, config in asked:
            value = objective(config)
            study.tell(trial, value)
            values.append(value)
    return Run(values, seconds)


def suggest_by_optuna(trial: Any, space: Space) -> Config:
    """Have an Optuna trial choose a configuration."""
    config: Config = {}
    for name in space.names:
        item = space[name]
        if not space.is_active(name, config):
            continue
        if isinstance(item, Constant):
            config[name] = item.value
        elif isinstance(item, Choice):
            config[name] = trial.suggest_categorical(name, item.options)
        elif isinstance(item, Integer) and item.scale == "power_of_two":
            exponent = trial.suggest_int(name, item.low.bit_length() - 1, item.high.bit_length() - 1)
            config[name] = 2**exponent
        elif isinstance(item, Integer):
            config[name] = trial.suggest_int(name, item.low, item.high, log=item.scale == "log")
        elif isinstance(item, Real):
            config[name] = _suggest_real(trial, name, item)
    return config


def _suggest_real(trial: Any, name: str, item: Real) -> float:
    if item.scale == "reverse_log":
        rest = trial.suggest_float(name, 1 - item.high, 1 - item.low, log=True)
        return min(max(1 - rest, item.low), item.high)
    return trial.suggest_float(name, item.low, item.high, log=item.scale == "log")


def _run_smac(space: Space, objective: Objective, *, trials: int, seed: int) -> Run:
    import tempfile
    from pathlib import Path

    import smac  # pyright: ignore[reportMissingImports]
    from smac.runhistory import TrialValue  # pyright: ignore[reportMissingImports]

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        scenario = smac.Scenario(
            configspace_of(space, seed),
            deterministic=True,
            n_trials=trials,
            seed=seed,
            output_directory=Path(folder),
        )
        facade = smac.HyperparameterOptimizationFacade(
            scenario, lambda config, seed=0: 0.0, logging_level=False, overwrite=True
        )
        values, seconds = [], []
        while len(values) < trials:
            started = time.perf_counter()
            info = facade.ask()
            seconds.append(time.perf_counter() - started)
            value = objective(_plain(space, info.config))
            facade.tell(info, TrialValue(cost=value))
            values.append(value)
    return Run(values, seconds)


def configspace_of(space: Space, seed: int) -> Any:
    """Make SMAC's form of a space."""
    import ConfigSpace as cs  # pyright: ignore[reportMissingImports]

    made = cs.ConfigurationSpace(seed=seed)
    for name, item in space.items():
        if item.conditions or (isinstance(item, Real) and item.scale == "reverse_log"):
            raise NotImplementedError(
                f"SMAC is run on flat spaces only; {name} is conditional or reverse_log."
            )
        if isinstance(item, Choice):
            made.add(cs.CategoricalHyperparameter(name, list(item.options)))
        elif isinstance(item, Integer) and item.scale != "power_of_two":
            made.add(cs.UniformIntegerHyperparameter(name, item.low, item.high, log=item.scale == "log"))
        elif isinstance(item, Real):
            made.add(cs.UniformFloatHyperparameter(name, item.low, item.high, log=item.scale == "log"))
    return made


def _plain(space: Space, received: Mapping[str, Any]) -> Config:
    config: Config = {}
    for name, item in space.items():
        value = received[name]
        if isinstance(item, Integer):
            config[name] = int(value)
        elif isinstance(item, Real):
            config[name] = min(max(float(value), item.low), item.high)
        else:
            config[name] = value
    return config
