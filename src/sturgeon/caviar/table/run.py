"""A job on a table at work on its study: its trials, its repeats, and what there is to choose from then."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.ray.actors import Cluster
from sturgeon.caviar.ray.ray_lanes import RayTrainer
from sturgeon.caviar.table.choosing.prediction_cost import PredictionBudget
from sturgeon.caviar.table.choosing.tried import Tried
from sturgeon.caviar.table.ending import Ending, slowed_by_others
from sturgeon.caviar.table.keeping import Keeper
from sturgeon.caviar.table.repeats import repeat_best
from sturgeon.caviar.trainer import Trainer
from sturgeon.data import Dataset
from sturgeon.study import Study


@dataclass(frozen=True)
class Told:
    """Who is told of a run, and what the caller needs afterwards; see ``tune_table``.

    Attributes:
        on_start: Called once, before the first trial.
        on_progress: Called with every epoch of every trial.
        on_repeats: Called with their number when the best are about to be trained again.
        on_final: Called when the trials are over, with whether networks answer together.
        reserved: Seconds of a budget that the caller needs afterwards, by how many trials there are.
    """

    on_start: Callable[[Dataset, StudySettings, Study], None]
    on_progress: Callable[[Progress], None]
    on_repeats: Callable[[int], None]
    on_final: Callable[[bool], None]
    reserved: Callable[[int], float]


@dataclass(frozen=True)
class TableRun:
    """What a run consists of.

    Attributes:
        study: The record.
        dataset: The data.
        settings: What holds for every trial.
        limits: When the trials are over.
        repeats: How often the best are trained again with other seeds.
        most: Of how many trials the result is made.
        prediction: What the result may take.
        spares: Whether no training is stopped where that saves no time.
        out: The folder of the job.
        cluster: The Ray cluster that trains; None for this machine.
        told: Who is told.
        started: Since when the time counts.
    """

    study: Study
    dataset: Dataset
    settings: StudySettings
    limits: Limits
    repeats: int
    most: int
    prediction: PredictionBudget
    spares: bool
    out: Path
    cluster: Cluster | None
    told: Told
    started: float


def run_trials(run: TableRun, stop: threading.Event) -> Tried:
    """Train trials until a limit is reached, then the best again, and say what there is to choose from."""
    settings = run.settings
    run.told.on_start(run.dataset, settings, run.study)
    slowed = slowed_by_others(time.monotonic() - run.started, time.process_time())
    keeper = Keeper(run.out, run.dataset, most=run.most)
    make = functools.partial(
        table_trainer,
        run.dataset,
        settings.space,
        settings.objective,
        settings.epochs,
        precision=settings.precision,
    )
    here = make()
    ending = Ending(run.dataset, settings, here, repeats=run.repeats, trains=keeper.candidates is None)
    if run.limits.budget is not None:
        ending.rehearse()
    trainer = here
    if run.cluster is not None:  # each actor trains as this machine would
        trainer = RayTrainer(run.cluster, make, settings.objective, settings.epochs)
    loop = _make_loop(run, keeper, trainer, ending, slowed)
    interrupted = loop.run(run.limits, stop, started=run.started)
    if run.repeats and not stop.is_set():
        run.told.on_repeats(run.repeats)
    repeated = repeat_best(run.study, trainer, settings, run.repeats, stop=stop)
    if not stop.is_set():
        run.told.on_final(keeper.candidates is not None)
    exhausted = loop.exhausted and not interrupted
    kept = keeper.candidates
    return Tried(run.study, run.dataset, settings, exhausted, repeated, kept, run.most, run.prediction)


def _make_loop(run: TableRun, keeper: Keeper, trainer: Trainer, ending: Ending, slowed: float) -> CaviarLoop:
    told = run.told
    loop = CaviarLoop(
        run.study,
        trainer,
        checkpoints=Checkpoints(run.out / "checkpoints"),
        on_network=keeper.on_network,
        on_progress=lambda progress: told.on_progress(replace(progress, ensemble=keeper.ensemble_loss)),
        on_judged=keeper.on_judged,
        stopping=run.settings.stopping,
        spares=run.spares,
        yardstick=0 if run.study.about.get("stopping_by_default") else None,
        ending=lambda pace, best: ending.seconds(pace, best) + slowed * told.reserved(loop.begun),
    )
    return loop
