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
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.lanes.devices import Device, core_devices, free_bytes, lane_devices, may_have_gpu
from sturgeon.caviar.limits import to_seconds
from sturgeon.caviar.loop.pace import FOR_TRIALS
from sturgeon.caviar.opening import StudySettings, TuneOptions
from sturgeon.caviar.table.ending import Ending, report_seconds, slowed_by_others
from sturgeon.caviar.table.job import TableJob, check_counts
from sturgeon.caviar.table.opening import choose_folds, reads_pieces, table_settings
from sturgeon.caviar.table.planning.estimate import Estimate
from sturgeon.caviar.table.planning.measuring import measure
from sturgeon.caviar.table.planning.rehearsal import Rehearsal, rehearse
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset, prepare
from sturgeon.errors import InputError, option
from sturgeon.plain_text import plain_number
from sturgeon.search import PopulationBasedTraining
from sturgeon.stopping import DEFAULT

FEWEST_TRIALS = 8
"""With fewer whole trainings than this in the budget, Panda."""

MEASURING_SECONDS, LONGEST_SECONDS = 5.0, 10.0
"""A run is rehearsed for a tenth of the budget, but for no less and no more than this."""

# After so many rounds the number of trials and the time of a report on them agree.
_ROUNDS = 4


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
    seconds: float | None = None,
    on_progress: Callable[[str], None] = lambda line: None,
    started: float | None = None,
) -> TablePlan:
    """Measure some seconds of real training, and say what the budget affords.

    The default configuration and seven random ones of the space, from the cheapest to the dearest, are
    trained for a moment, on at most 50,000 rows; the search is timed with records of several sizes; and where
    many trials end in so little time, the beginning of a run is rehearsed. What a run needs before its first
    trial and after its last one is subtracted. Nothing is left on disk but JAX's cache of compiled programs.

    Args:
        job: What would be tuned; its ``budget`` is needed, and its ``out`` and ``study`` are not looked at.
        seconds: How long to rehearse, at most half the budget; None for a tenth of it, from 5 to 10 s. Single
            trainings are measured for half as long, at most 2.5 s, compiling left out.
        on_progress: Told in words what goes on.
        started: Since when the time counts that is needed to begin, by ``time.monotonic``; None for now.

    Returns:
        The plan.

    Raises:
        InputError: The table, the space or the metric breaks a rule, or there is no budget.
        RunError: No configuration could be measured.
    """
    started = time.monotonic() if started is None else started
    loading = time.process_time()
    budget = to_seconds(job.budget, option("budget"))
    if budget is None:
        raise InputError(f"A plan is for a budget; got none. Name it: `{option('budget', '10m')}`.")
    check_counts(job)
    if isinstance(job.options.search, PopulationBasedTraining):
        raise InputError(
            "A plan counts the configurations that a search gets to try; got population-based training, "
            f"whose population is given. Name another {option('search')}."
        )
    free = _free_bytes()
    on_progress("reading the table")
    run = _begin(job)
    beginning = time.monotonic() - started
    slowed = slowed_by_others(beginning, time.process_time())
    if seconds is None:
        seconds = min(max(MEASURING_SECONDS, budget / 10), LONGEST_SECONDS)
    singly = min(seconds, MEASURING_SECONDS) / 2
    estimate, backend = measure(job.options, run.dataset, run.settings, seconds=singly, tell=on_progress)
    seconds = min(seconds, budget / 2)
    if estimate.worth_rehearsing(seconds):
        on_progress(f"rehearsing the beginning of a run for {plain_number(seconds)} s")
        estimate.rehearsed(_rehearse(job.options, run, seconds=seconds))
    trials, with_halving = (
        _affordable(
            estimate,
            run,
            left=budget - beginning,
            budget=budget,
            report=lambda trials: slowed * report_seconds(trials, loading),
            whole=whole,
        )
        for whole in (True, False)
    )
    choice, reason = recommend(trials, run.settings.epochs, budget)
    return TablePlan(
        trials=trials,
        trials_with_halving=max(trials, with_halving),
        epochs=run.settings.epochs,
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


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run has before its first trial.

    Attributes:
        dataset: The table, read and split.
        settings: What holds for every trial.
        trainer: What would train.
        ending: How long what comes after the trials takes.
    """

    dataset: Dataset
    settings: StudySettings
    trainer: LaneTrainer
    ending: Ending


def _begin(job: TableJob) -> _Run:
    """Read the table and make ready, as a run would before its first trial."""
    folds = choose_folds(job.data_options.get("folds"), job.repeats, None)
    options = {**job.data_options, "folds": folds, "pieces": reads_pieces(job.options.space)}
    dataset = prepare(job.data, job.target, seed=job.options.seed or 0, **options)
    settings = table_settings(job.options, dataset.task)
    trainer = table_trainer(dataset, settings.space, settings.objective, settings.epochs)
    trains = dataset.folds == 1 and job.most_trials == 1
    ending = Ending(dataset, settings, trainer, repeats=job.repeats or 0, trains=trains)
    ending.rehearse()
    return _Run(dataset, settings, trainer, ending)


def _rehearse(options: TuneOptions, run: _Run, *, seconds: float) -> Rehearsal:
    """Begin a run as ``--budget`` alone would, with the stopping rule of one."""
    stopping = options.stopping or DEFAULT
    spares = options.stopping is None
    return rehearse(
        replace(options, stopping=stopping), run.dataset, run.trainer, seconds=seconds, spares=spares
    )


def _affordable(
    estimate: Estimate,
    run: _Run,
    *,
    left: float,
    budget: float,
    report: Callable[[int], float],
    whole: bool,
) -> int:
    """How many trials fit into the seconds left, as what comes after them takes longer the more there are."""
    trials = 0
    for _ in range(_ROUNDS):
        afterwards = run.ending.seconds(estimate.pace, 1) + report(trials)
        trials = estimate.trials_in(max(left - afterwards, FOR_TRIALS * budget), whole=whole)
    return trials


def _free_bytes() -> dict[str, int | None]:
    """The memory that is free, by platform: that of the cores, and of a GPU if there may be one."""
    by_jax = lane_devices() if may_have_gpu() or not core_devices() else ()
    return {device.platform: free_bytes(device) for device in (*core_devices(), *by_jax)}


def _peak_bytes(device: Device) -> int:
    """The most memory that this took so far: a GPU's own, else the process's."""
    told = None if device.platform == "cpu" else device.memory_stats()
    if told and "peak_bytes_in_use" in told:
        return int(told["peak_bytes_in_use"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
