"""Panda or Caviar: what a budget affords on this table and this machine, measured.

The notes leave the choice to the compute one has. Here it is a number: how many whole trainings the budget
affords. Of ``FEWEST_TRIALS`` configurations drawn at random, one at least is among the best quarter of all
with a probability of 1 - ¾⁸ = 90 %; with fewer a search is a gamble, and the hours are better spent on
tending one training by hand.
"""

from __future__ import annotations

import resource
import sys
import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sturgeon.caviar.backends.device_choice import table_backend, table_trainer
from sturgeon.caviar.backends.table_backend import TableBackend
from sturgeon.caviar.lanes.devices import Device, core_devices, free_bytes, lane_devices, may_have_gpu
from sturgeon.caviar.limits import to_seconds
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.pace import FOR_TRIALS
from sturgeon.caviar.table.ending import Ending, report_seconds
from sturgeon.caviar.table.estimate import Estimate
from sturgeon.caviar.table.job import TableJob, check_counts
from sturgeon.caviar.table.opening import choose_folds, reads_pieces, table_search, table_settings
from sturgeon.caviar.table.rehearsal import SuggestionTime, rehearse
from sturgeon.caviar.table.timing import EpochTime, Timing, cut_rows, time_configs
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset, prepare
from sturgeon.errors import InputError, RunError, option
from sturgeon.plain_text import plain_number
from sturgeon.space import Config
from sturgeon.stopping import DEFAULT, StoppingContext, SuccessiveHalving

FEWEST_TRIALS = 8
"""With fewer whole trainings than this in the budget, Panda."""

MEASURING_SECONDS = 5.0
_MEASURED, _DRAWN = 8, 400
# After so many rounds the number of trials and the time of a report on them agree.
_ROUNDS = 4
# Of a simulated halving: how often it is done, by how much of their spread trials get better as their number
# grows, and how much of that a learning curve hides.
_SIMULATED, _LEARNT, _CROSSING = 8, 0.2, 0.3
# Jobs end when they are told to: no measurement lasts so many epochs.
_NEVER = 10**9


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What a budget affords. Its fields are the JSON that ``sturgeon plan --json`` prints.

    Attributes:
        trials: Whole trainings that end within the budget, with all else that takes time: the
            start, compiling, suggesting, the last training and the test.
        trials_with_halving: The same where the hopeless ones are ended early wherever that saves time, as
            ``--budget`` alone does.
        epochs: Epochs of a whole training.
        lanes: How many trainings run at once.
        devices: On what, such as ``"2 × cpu"``.
        memory_bytes: What this took at its peak: the process with the table, or the GPU's share.
        free_bytes: What was free before; None where the system does not tell.
        seconds_per_trial: How long one whole training takes, on average over the space.
        compiling_seconds: What compiling takes of each lane's time, of which a warm cache saves most.
        budget_seconds: The budget.
        recommendation: ``"panda"`` or ``"caviar"``.
        reason: Why.
    """

    trials: int
    trials_with_halving: int
    epochs: int
    lanes: int
    devices: list[str]
    memory_bytes: int
    free_bytes: int | None
    seconds_per_trial: float
    compiling_seconds: float
    budget_seconds: float
    recommendation: Literal["panda", "caviar"]
    reason: str


def plan_table(
    job: TableJob,
    *,
    seconds: float = MEASURING_SECONDS,
    on_progress: Callable[[str], None] = lambda line: None,
    started: float | None = None,
) -> TablePlan:
    """Measure a few seconds of real training, and say what the budget affords.

    The default configuration and seven random ones of the space, from the cheapest to the dearest, are
    trained for a moment, on at most 50,000 rows; the search is timed with records of several sizes; and where
    many trials end in so little time, the beginning of a run is rehearsed. What a run needs before its first
    trial and after its last one is subtracted. Nothing is left on disk but JAX's cache of compiled programs.

    Args:
        job: What would be tuned; its ``budget`` is needed, and its ``out`` and ``study`` are not looked at.
        seconds: How long to rehearse, at most half the budget; single trainings are measured for half of it,
            compiling left out.
        on_progress: Told in words what goes on.
        started: Since when the time counts that is needed to begin, by ``time.monotonic``; None for now.

    Returns:
        The plan.

    Raises:
        InputError: The table, the space or the metric breaks a rule, or there is no budget.
        RunError: No configuration could be measured.
    """
    started = time.monotonic() if started is None else started
    budget = to_seconds(job.budget, "budget")
    if budget is None:
        raise InputError(f"A plan is for a budget; got none. Name it: `{option('budget', '10m')}`.")
    check_counts(job)
    seed = job.options.seed or 0
    by_jax = lane_devices() if may_have_gpu() or not core_devices() else ()
    free = {device.platform: free_bytes(device) for device in (*core_devices(), *by_jax)}
    on_progress("reading the table")
    folds = choose_folds(job.data_options.get("folds"), job.repeats, None)
    options = {**job.data_options, "folds": folds, "pieces": reads_pieces(job.options.space)}
    dataset = prepare(job.data, job.target, seed=seed, **options)
    settings = table_settings(job.options, dataset.task)
    trainer = table_trainer(dataset, settings.space, settings.objective, settings.epochs)
    ending = Ending(dataset, settings, trainer, repeats=job.repeats or 0)
    ending.rehearse()
    beginning = time.monotonic() - started
    estimate, backend = _estimate(job, dataset, settings, seconds=seconds / 2, tell=on_progress)
    seconds = min(seconds, budget / 2)
    if estimate.worth_rehearsing(seconds):
        on_progress("rehearsing the beginning of a run")
        options = replace(job.options, stopping=job.options.stopping or DEFAULT)
        spares = job.options.stopping is None
        estimate.rehearsed(rehearse(options, dataset, trainer, seconds=seconds, spares=spares))

    def afford(*, whole: bool) -> int:
        """How many trials fit, where what comes after them takes longer the more there are."""
        trials = 0
        for _ in range(_ROUNDS):
            afterwards = ending.seconds(estimate.pace, 1) + report_seconds(trials)
            for_trials = max(budget - beginning - afterwards, FOR_TRIALS * budget)
            trials = estimate.trials_in(for_trials, whole=whole)
        return trials

    trials, with_halving = afford(whole=True), afford(whole=False)
    choice, reason = recommend(trials, settings.epochs, budget)
    return TablePlan(
        trials=trials,
        trials_with_halving=max(trials, with_halving),
        epochs=settings.epochs,
        lanes=estimate.lanes,
        devices=[f"{n} × {kind}" for kind, n in Counter(d.device_kind for d in backend.devices).items()],
        memory_bytes=_peak_bytes(backend.devices[0]),
        free_bytes=free[backend.devices[0].platform],
        seconds_per_trial=round(estimate.seconds_per_trial, 4),
        compiling_seconds=round(estimate.compiling(trials), 2),
        budget_seconds=budget,
        recommendation=choice,
        reason=reason,
    )


def recommend(trials: int, epochs: int, budget: float) -> tuple[Literal["panda", "caviar"], str]:
    """Choose by how many whole trainings a budget affords.

    Args:
        trials: Whole trainings in the budget.
        epochs: Of each.
        budget: In seconds.

    Returns:
        The choice and the reason.

    Example:
        >>> recommend(8, 30, 60.0)[0], recommend(7, 30, 60.0)[0]
        ('caviar', 'panda')
    """
    if trials >= FEWEST_TRIALS:
        return "caviar", (
            f"the budget of {plain_number(budget)} s affords {trials} whole trainings of {epochs} epochs, "
            f"and of {FEWEST_TRIALS} or more random configurations one is among the best quarter in 9 cases "
            "of 10: train many at once and keep the best"
        )
    return "panda", (
        f"the budget of {plain_number(budget)} s affords {trials} whole trainings of {epochs} epochs, and "
        f"fewer than {FEWEST_TRIALS} random configurations are a gamble: tend one training by hand"
    )


def halving_parts(epochs: int, trials: int) -> list[float]:
    """What successive halving spends on each trial until the next one is begun, simulated.

    More than one in three goes on past a rung: who was among the best on arrival may be overtaken later, and
    the search finds better ones as it learns.

    Args:
        epochs: Of a whole training.
        trials: How many trials.

    Returns:
        For each trial the epochs that it and those that are promoted by its arrival train, as a part of a
        whole training. The first trial, the default configuration, is trained to its end.

    Example:
        >>> parts = halving_parts(30, 60)
        >>> parts[0], round(30 * sum(parts) / 60, 1)
        (1.0, 10.9)
    """
    halving = SuccessiveHalving()
    rungs = list(halving.rungs(0, StoppingContext("loss", False, epochs), epochs))
    steps = [0, *(rung for rung in rungs if rung < epochs), epochs]
    trained = np.zeros(trials)
    for seed in range(_SIMULATED):
        rng = np.random.default_rng(seed)
        there: list[list[tuple[float, int, float]]] = [[] for _ in steps]
        gone: list[set[int]] = [set() for _ in steps]
        for number in range(1, trials):
            arrivals = [(1, number, rng.normal() - _LEARNT * np.log1p(number))]
            while arrivals:
                rung, who, merit = arrivals.pop()
                trained[number] += steps[rung] - steps[rung - 1]
                if steps[rung] == epochs:
                    continue
                insort(there[rung], (merit + _CROSSING * rng.normal(), who, merit))
                for _, other, its_merit in there[rung][: len(there[rung]) // halving.reduction]:
                    if other not in gone[rung]:
                        gone[rung].add(other)
                        arrivals.append((rung + 1, other, its_merit))
    return [1.0, *(trained[1:] / (_SIMULATED * epochs)).tolist()]


def _estimate(
    job: TableJob, dataset: Dataset, settings: StudySettings, *, seconds: float, tell: Callable[[str], None]
) -> tuple[Estimate, TableBackend]:
    """Time some trainings and some suggestions, and say what follows from them."""
    drawn = [
        settings.space.default(),
        *settings.space.sample(_DRAWN, np.random.default_rng(job.options.seed or 0)),
    ]
    one, rows = dataset, len(dataset.y_train)
    if dataset.folds > 1:  # an epoch of a trial is one of each fold's network, and each lacks a fold
        one, rows = dataset.fold(0), (dataset.folds - 1) * rows
    cut = cut_rows(one)
    metric = settings.objective.metric
    search = table_search(job.options, settings.space)
    backend = table_backend(cut, settings.space, settings.epochs, rows=rows, metric=metric)
    timings = _measure(backend, settings, drawn, seconds=seconds, tell=tell)
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


def _measure(
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


def _peak_bytes(device: Device) -> int:
    """The most memory that this took so far: a GPU's own, else the process's."""
    told = None if device.platform == "cpu" else device.memory_stats()
    if told and "peak_bytes_in_use" in told:
        return int(told["peak_bytes_in_use"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
