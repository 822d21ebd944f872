"""Some trainings and some suggestions, timed: what an estimate is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sturgeon.caviar.backends.device_choice import table_backend
from sturgeon.caviar.backends.table_backend import TableBackend
from sturgeon.caviar.opening import StudySettings, TuneOptions
from sturgeon.caviar.table.opening import table_search
from sturgeon.caviar.table.planning.estimate import Estimate
from sturgeon.caviar.table.planning.halving import halving_parts
from sturgeon.caviar.table.planning.suggestion_time import SuggestionTime
from sturgeon.caviar.table.planning.timing import EpochTime, Timing, cut_rows, time_configs
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.errors import RunError
from sturgeon.space import Config

_MEASURED, _DRAWN = 8, 400
# Jobs end when they are told to: no measurement lasts so many epochs.
_NEVER = 10**9


def measure(
    options: TuneOptions,
    dataset: Dataset,
    settings: StudySettings,
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> tuple[Estimate, TableBackend]:
    """Time some trainings and some suggestions, and say what follows from them.

    Args:
        options: What was asked for.
        dataset: The data; at most ``timing.MOST_ROWS`` of its rows are trained on.
        settings: What holds for every trial.
        seconds: How long the trainings may take together, compiling left out.
        tell: Told in words what goes on.

    Raises:
        RunError: No configuration could be measured.
    """
    rng = np.random.default_rng(options.seed or 0)
    drawn = [settings.space.default(), *settings.space.sample(_DRAWN, rng)]
    one, rows = dataset, len(dataset.y_train)
    if dataset.folds > 1:  # an epoch of a trial is one of each fold's network, and each lacks a fold
        one, rows = dataset.fold(0), (dataset.folds - 1) * rows
    cut = cut_rows(one)
    metric = settings.objective.metric
    search = table_search(options, settings.space)
    backend = table_backend(cut, settings.space, settings.epochs, rows=rows, metric=metric)
    timings = _time_some(backend, settings, drawn, seconds=seconds, tell=tell)
    estimate = Estimate(
        backend,
        settings.epochs,
        drawn,
        EpochTime(backend, timings, measured_rows=len(cut.y_train), rows=rows),
        compiling=float(np.median([max(0.0, timing.first - timing.epoch) for timing in timings])),
        suggestions=SuggestionTime(search, settings.space, settings.epochs),
        learns=search.learns,
        parts=halving_parts(settings.epochs, _DRAWN),
    )
    return estimate, backend


def _time_some(
    backend: TableBackend,
    settings: StudySettings,
    drawn: Sequence[Config],
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> list[Timing]:
    """Time the default configuration and some drawn ones, spread evenly from the cheapest to the dearest."""
    by_cost = sorted(drawn[1:], key=lambda config: backend.cost(backend.block_of(config)))
    places = np.linspace(0, len(by_cost) - 1, min(_MEASURED - 1, len(by_cost))).round().astype(int)
    configs = [drawn[0], *(by_cost[place] for place in dict.fromkeys(places.tolist()))]
    trainer = LaneTrainer(backend, settings.objective, _NEVER)
    tell(f"measuring {len(configs)} configurations, compiling first")
    timings = time_configs(trainer, configs, seconds=seconds, tell=tell)
    if not timings:
        raise RunError("A plan needs an epoch to be measured; none of the configurations got through one.")
    return timings
