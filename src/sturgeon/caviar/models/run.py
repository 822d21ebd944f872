"""Runs a study of a model of the user's own, and gives back its best network."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.interrupt import no_interrupt_lost, stop_on_signal
from sturgeon.caviar.limits import choose_limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.opening import (
    LANE_LEASES,
    TuneOptions,
    begin_study,
    find_study,
    new_settings,
    resume_study,
)
from sturgeon.caviar.population.population import check_population
from sturgeon.caviar.population.retraining import retrain
from sturgeon.caviar.progress import Progress, ProgressLines, check_progress, say
from sturgeon.caviar.progress_widget import find_widget
from sturgeon.caviar.trainer import Trainer
from sturgeon.errors import InputError, StudyError, StudyFailed
from sturgeon.search import PopulationBasedTraining, Search
from sturgeon.space import Space
from sturgeon.stopping import Stopping
from sturgeon.study import Objective, Study, Trial, TrialRecord
from sturgeon.study.earlier.more_epochs import check_epochs
from sturgeon.study.earlier.prior import enqueue_first

_JOB = "population"  # under which a study keeps what kind of run began it


class RunOptions(TypedDict, total=False):
    """What else a run may be told; the same as for ``st.tune``.

    Attributes:
        maximize: The metric to be maximised, in place of ``minimize``.
        trials: How many trials the study is to have in the end; 64 without a budget.
        budget: How long, in seconds or as ``"10m"``.
        study: A file or a PostgreSQL URL; by default in memory.
        search: What suggests configurations.
        stopping: Which trials to stop or pause early.
        seed: Where all randomness starts.
        resume: Resume the study if it exists.
        prior: An earlier study, whose trials count as far as they predict the new ones.
        batch_size: Rows of a mini-batch where the space has no ``batch_size``; 64 by default.
        progress: Whether to print a line on stderr now and then, from two seconds on.
    """

    maximize: str | None
    trials: int | None
    budget: str | float | None
    study: str | os.PathLike[str] | None
    search: Search | None
    stopping: Stopping | None
    seed: int | None
    resume: bool
    prior: Study | str | os.PathLike[str] | None
    batch_size: int
    progress: bool


class PopulationResult:
    """What a population came to.

    Attributes:
        study: The record: ``study.best.config`` is what was looked for.
    """

    def __init__(self, study: Study, trainer: Trainer, kept: tuple[int, Any] | None) -> None:
        """Take the study, what trains its trials, and a trial's network with its number."""
        self.study = study
        self._trainer = trainer
        self._kept = kept

    @property
    def best(self) -> Any:
        """The best trial's trained model.

        Where the trial ended in an earlier process, it is trained once more, from its seed, to the epoch it
        had.
        """
        best = self.study.best
        if self._kept is None or self._kept[0] != best.number:
            self._kept = best.number, _train_again(self.study, self._trainer, best)
        return self._kept[1]


@no_interrupt_lost()
def run_population(
    make_trainer: Callable[[Objective], Trainer],
    space: Space,
    minimize: str | None,
    options: RunOptions,
    *,
    by_functions: bool = False,
) -> PopulationResult:
    """Run a study with a trainer of lanes.

    Args:
        make_trainer: Makes what trains the trials, told what they are judged by.
        space: What may vary.
        minimize: The metric to be minimised; by default ``"val_loss"``.
        options: What else.
        by_functions: Whether a configuration reaches a training through functions alone, and never through
            what a checkpoint holds: then it may change in the middle.

    Raises:
        InputError: Something breaks a rule.
        StudyFailed: No trial came to a value.
        KeyboardInterrupt: Ctrl-C or SIGTERM came; the running trials are paused.
    """
    if isinstance(options.get("search"), PopulationBasedTraining) and not by_functions:
        raise InputError(
            "Population-based training changes settings in the middle of a training, and a model that is "
            "built keeps its own; got search='population'. Use `st.tune` and your framework's `Report`, or "
            "`st.population`."
        )
    check_progress(options.get("progress", True))
    where, maximize = options.get("study"), options.get("maximize")
    limits = choose_limits(trials=options.get("trials"), budget=options.get("budget"))
    check_population(options.get("search"), options.get("stopping"), options.get("trials"))
    resume = options.get("resume", False)
    exists = find_study(where, resume=resume)
    if not exists and minimize is None and maximize is None:
        minimize = "val_loss"
    asked = TuneOptions(
        space,
        minimize,
        maximize,
        options.get("search"),
        seed=options.get("seed"),
        stopping=options.get("stopping"),
        prior=options.get("prior"),
    )
    if exists:
        study, settings = resume_study(where, asked, leases=LANE_LEASES, job=_JOB)
    else:
        settings = new_settings(asked)
        epochs = make_trainer(settings.objective).epochs  # nothing is made before all has been checked
        settings, asked = replace(settings, epochs=epochs), replace(asked, epochs=epochs)
        about = {"job": _JOB}
        study = begin_study(where, settings, asked, leases=LANE_LEASES, about=about, resume=resume)
    try:
        enqueue_first(study, limits.trials)
        trainer = make_trainer(settings.objective)
        check_epochs(study, trainer.epochs, settings.epochs or None)
        best: dict[int, Any] = {}

        def keep(trial: Trial, network: Any) -> None:
            best.clear()
            best[trial.number] = network

        with _checkpoint_folder(where) as folder, stop_on_signal() as stop:
            loop = CaviarLoop(
                study,
                trainer,
                checkpoints=Checkpoints(folder),
                on_network=keep,
                on_progress=_lines(options.get("progress", True)),
                stopping=settings.stopping,
            )
            if options.get("trials") is None and isinstance(study.search, PopulationBasedTraining):
                limits = replace(limits, trials=None)  # it ends when all have trained to their end
            interrupted = loop.run(limits, stop)
        if interrupted:
            say(f"Interrupted; all is kept in {study.place!r}: resume it with resume=True.")
            interrupt = KeyboardInterrupt(f"the study {study.place!r} was interrupted")
            vars(interrupt)["study"] = study
            raise interrupt
        _check_values(study)
        return PopulationResult(study, trainer, next(iter(best.items()), None))
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever ends it leaves no study open; Ctrl-C hands it over
        study.close()
        raise


def check_metric(metric: str, names: Sequence[str]) -> None:
    """Check that a metric is one that lanes report.

    Raises:
        InputError: It is not.
    """
    known = ["val_loss", "train_loss", *(f"val_{name}" for name in names)]
    if metric not in known:
        raise InputError(
            f"The metric must be one that is reported, {', '.join(known)}; got {metric!r}. Name one "
            "of these, or give a function of that name in `metrics`."
        )


def _train_again(study: Study, trainer: Trainer, best: TrialRecord) -> Any:
    networks = retrain(study, trainer, [best], threading.Event())
    if best.number in networks:
        return networks[best.number]
    raise StudyError(
        f"The best trial must come to the same network when trained again; trial {best.number} did not. Give "
        "the functions and the data that the study was begun with."
    )


def _check_values(study: Study) -> None:
    failed = [trial for trial in study.trials if trial.state == "failed" and trial.error is not None]
    if not failed or any(trial.value is not None for trial in study.trials):
        return
    error = failed[0].error
    assert error is not None
    lines = error.message.splitlines() or [""]
    raise StudyFailed(
        f"A study needs one trial that gives a value; {len(failed)} of {len(study.trials)} failed, the first "
        f"with {error.type}: {lines[0].rstrip('.')}. Correct the model or the space."
    )


@contextmanager
def _checkpoint_folder(where: str | os.PathLike[str] | None) -> Iterator[Path]:
    """Beside the study's file, where it is one; else for as long as the run takes."""
    if where is not None and "://" not in os.fspath(where) and os.fspath(where) != ":memory:":
        yield Path(f"{os.fspath(where)}.checkpoints")
        return
    with tempfile.TemporaryDirectory(prefix="sturgeon-") as folder:
        yield Path(folder)


def _lines(wanted: bool) -> Callable[[Progress], None]:
    lines = ProgressLines(wanted, find_widget())

    def show(progress: Progress) -> None:
        if lines.due:
            lines.show(progress)

    return show
