"""The main job: from a table to a tuned, saved batch-norm network."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.interrupt import stop_on_signal
from sturgeon.caviar.limits import Limits, choose_limits
from sturgeon.caviar.loop import CaviarLoop
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.table.outcome import TableResult, Tried, conclude
from sturgeon.caviar.table.repeats import repeat_best
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.caviar.terms import LEASES, Terms, TuneOptions, begin, resume, settle
from sturgeon.data import Dataset, prepare
from sturgeon.errors import InputError, StudyError
from sturgeon.network.trained import TrainedNetwork
from sturgeon.stopping import DEFAULT, Never
from sturgeon.study import Study, Trial

STUDY_FILE = "tune.study"


@dataclass(frozen=True)
class TableJob:
    """What to tune, on which table, for how long.

    Attributes:
        data: A CSV, TSV or Parquet file, a data frame, or a pair of arrays ``(X, y)``.
        target: The column to predict.
        out: The folder that takes the study, the best network and the result.
        wishes: The space, the metric, the search, the epochs and the seed, where they are not the defaults.
        trials: Trials in all; None for as many as the budget allows, or 64 without a budget.
        repeats: How often the best trial and its four closest rivals are trained again with other seeds once
            the trials are over, on top of the budget; the best mean then wins. None for as often as the study
            was begun with, or 0: a repeat costs as much as a trial, so who wants a surer winner says so.
        budget: Seconds, or a time such as ``"10m"``; None for no bound.
        study: A path or URL of the study; None for ``tune.study`` in ``out``.
        resume: Go on with the study that is there; wishes that are None are then taken from it.
        table: Options of :func:`sturgeon.data.prepare`: ``test``, ``task``, ``numeric``, ``categorical``,
            ``drop``, ``time_order``, ``validation``, ``test_share``.
    """

    data: Any
    target: str
    out: Path
    wishes: TuneOptions = field(default_factory=TuneOptions)
    trials: int | None = None
    repeats: int | None = None
    budget: str | float | None = None
    study: str | None = None
    resume: bool = False
    table: dict[str, Any] = field(default_factory=dict)


def tune_table(
    job: TableJob,
    *,
    on_start: Callable[[Dataset, Terms, Study], None] = lambda dataset, terms, study: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_repeats: Callable[[int], None] = lambda times: None,
    on_final: Callable[[], None] = lambda: None,
) -> TableResult:
    """Tune the batch-norm network on a table, and leave the best one in ``job.out / "best"``.

    Trial 0 is the default configuration. The configuration is chosen by the validation part alone, with
    ``job.repeats`` by the mean over other seeds; then it is trained once more, on the training and validation
    parts together. The test part is looked at once, at the end. Where the space has no further configuration,
    the run ends as it would with its last trial. Ctrl-C stops after the current epochs, and leaves a study
    to resume and the best network so far.

    Args:
        job: What to do.
        on_start: Called once, before the first trial.
        on_progress: Called with every epoch of every trial.
        on_repeats: Called with their number when the best are about to be trained again with other seeds.
        on_final: Called when the trials are over and the chosen configuration is to be trained once more.

    Returns:
        What was found, also written to ``job.out / "result.json"``.

    Raises:
        InputError: The table, the space, the metric or the study breaks a rule; nothing was written.
        RunError: No trial ended with a value.
    """
    started = time.monotonic()
    _check_counts(job)
    study, dataset, terms = _open_study(job)
    with study, _alone_in(job.out), stop_on_signal() as stop:
        on_start(dataset, terms, study)

        def keep(trial: Trial, network: TrainedNetwork) -> None:
            SavedModel(trial.number, trial.config, dataset.preprocessing, network).save(job.out / "best")

        limits = choose_limits(trials=_wanted_trials(job, study), budget=job.budget)
        loop = CaviarLoop(
            study,
            table_trainer(dataset, terms.space, terms.objective, terms.epochs, precision=terms.precision),
            checkpoints=Checkpoints(job.out / "checkpoints"),
            on_network=keep,
            on_progress=on_progress,
            stopping=terms.stopping,
        )
        begun = time.monotonic()
        loop.run(limits, stop)
        exhausted = not stop.is_set() and _ended_short(study, limits, time.monotonic() - begun)
        times = _wanted_repeats(job, study)
        if times and not stop.is_set():
            on_repeats(times)
        repeated = repeat_best(study, dataset, terms, times, stop=stop)
        if not stop.is_set():
            on_final()
        result = conclude(
            Tried(study, dataset, terms, exhausted, repeated),
            out=job.out,
            stop=stop,
            seconds=lambda: time.monotonic() - started,
        )
        result.write()
    return result


def _check_counts(job: TableJob) -> None:
    counts = (
        ("--trials", job.trials, 1),
        ("--epochs", job.wishes.epochs, 1),
        ("--seed", job.wishes.seed, 0),
        ("--repeats", job.repeats, 0),
    )
    for name, value, least in counts:
        if value is not None and value < least:
            raise InputError(f"`{name}` must be at least {least}; got {value}.")
    choose_limits(trials=job.trials, budget=job.budget)


def _with_stopping(job: TableJob) -> TuneOptions:
    """What is wished for, with a stopping rule.

    Where the time is bounded, more trials fit into it when the hopeless are stopped; where the number of
    trials is set, each is worth the most when it is trained to its end.
    """
    by_time = job.budget is not None and job.trials is None
    return replace(job.wishes, stopping=job.wishes.stopping or (DEFAULT if by_time else Never()))


def _wanted_trials(job: TableJob, study: Study) -> int | None:
    """What is asked for now, else what the study was begun for."""
    if job.trials is not None or job.budget is not None:
        return job.trials
    return study.about.get("trials")


def _ended_short(study: Study, limits: Limits, seconds: float) -> bool:
    """Whether a run ended before any limit: then the search had nothing left to suggest."""
    counts = study.counts()
    if limits.budget is not None and seconds >= limits.budget:
        return False
    return limits.trials is None or counts["complete"] + counts["stopped"] + counts["failed"] < limits.trials


def _wanted_repeats(job: TableJob, study: Study) -> int:
    return int(study.about.get("repeats", 0)) if job.repeats is None else job.repeats


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no second run writes to it at the same time."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudyError(
            f"One run at a time works in a directory; another is at work in {str(folder)!r}. "
            "Wait for it, or name another directory with `--out`."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _open_study(job: TableJob) -> tuple[Study, Dataset, Terms]:
    """Create the study, or open the one to resume; nothing is written before all input has been checked."""
    place = job.study or str(job.out / STUDY_FILE)
    if Study.exists(place):
        with Study.open(place, leases=LEASES) as study:
            shown = study.place  # without a password
        if not job.resume:
            raise StudyError(
                f"A study that exists is gone on with only when asked to; {shown!r} exists. "
                "Add `--resume`, or name another directory with `--out`."
            )
        return _resume(job, Study.open(place, leases=LEASES))
    dataset = prepare(job.data, job.target, seed=job.wishes.seed or 0, **job.table)
    terms = settle(_with_stopping(job), dataset.task)
    if (job.out / "best").exists():
        raise StudyError(
            f"An output directory must not hold another study's network; {str(job.out / 'best')!r} exists. "
            "Name another directory with `--out`."
        )
    new = _make_folder(job.out)
    try:
        study = begin(place, terms, job.wishes, dataset, about=_about(job))
        return study, dataset, terms
    except BaseException:
        if new:
            shutil.rmtree(job.out)
        raise


def _about(job: TableJob) -> dict[str, Any]:
    """What the study keeps of the job; of a table that came as a data frame or arrays, no place is known."""
    options = dict(job.table)
    places = {"data": job.data, "test": options.pop("test", None)}
    table: dict[str, Any] | None = None
    if all(isinstance(place, str | Path | None) for place in places.values()):
        plain = (str, int, float, type(None))
        table = {name: each if isinstance(each, plain) else list(each) for name, each in options.items()}
        for name, place in places.items():
            table[name] = None if place is None else str(Path(place).absolute())
    return {
        "trials": job.trials,
        "repeats": job.repeats or 0,
        "table": table,
        "out": str(job.out.absolute()),
    }


def _resume(job: TableJob, study: Study) -> tuple[Study, Dataset, Terms]:
    try:
        dataset = prepare(job.data, job.target, seed=study.seed, **job.table)
        terms = resume(study, job.wishes, dataset)
        _make_folder(job.out)
    except BaseException:
        study.close()
        raise
    return study, dataset, terms


def _make_folder(folder: Path) -> bool:
    """Make the output folder; say whether it is new."""
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"The output directory must be one that can be written to; got {str(folder)!r} "
            f"({error.strerror}). Name another with `--out`."
        ) from error
    return new
