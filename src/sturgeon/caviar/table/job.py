"""The main job: from a table to a tuned, saved batch-norm network."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sturgeon.caviar.interrupt import no_interrupt_lost, stop_on_signal
from sturgeon.caviar.limits import Limits, choose_limits
from sturgeon.caviar.opening import StudySettings, TuneOptions, find_study
from sturgeon.caviar.population.population import check_population
from sturgeon.caviar.progress import Progress
from sturgeon.caviar.ray.actors import Cluster
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.table.candidates import MOST_TRIALS
from sturgeon.caviar.table.choosing.comparison import Compared, compare
from sturgeon.caviar.table.choosing.prediction_cost import PredictionBudget, to_bytes, to_short_seconds
from sturgeon.caviar.table.choosing.tried import Made, Tried
from sturgeon.caviar.table.folder import STUDY_FILE, held_folder, made_folder
from sturgeon.caviar.table.keeping import forget_networks
from sturgeon.caviar.table.opening import (
    DEFAULT_EPOCHS,
    begin_table_study,
    begun_rules,
    begun_with,
    choose_folds,
    reads_pieces,
    resume_table_study,
)
from sturgeon.caviar.table.outcome import TableResult, conclude
from sturgeon.caviar.table.run import TableRun, Told, run_trials
from sturgeon.data import Dataset, prepare
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.place import STDIN, absolute, is_lasting
from sturgeon.errors import InputError, option
from sturgeon.search import PopulationBasedTraining
from sturgeon.stopping import DEFAULT, Never, SuccessiveHalving
from sturgeon.study import Study

TABLE_TRIALS = 16
"""Without a number and a budget: half of them did well on other tables, the others are searched for."""


def _with_old_names(cls: type[TableJob]) -> type[TableJob]:
    """Let a job also be made, and read, by the names that two of its fields had before."""
    old = {"wishes": "options", "table": "data_options"}
    init = cls.__init__

    @functools.wraps(init)
    def renamed(self: TableJob, *args: Any, **given: Any) -> None:
        init(self, *args, **given | {new: given.pop(name) for name, new in old.items() if name in given})

    cls.__init__ = renamed
    for name, new in old.items():
        setattr(cls, name, property(lambda self, new=new: getattr(self, new)))
    return cls


@_with_old_names
@dataclass(frozen=True)
class TableJob:
    """What to tune, on which table, for how long.

    Attributes:
        data: A place that :func:`sturgeon.data.read_table` takes, a data frame of pandas, Polars or Arrow, or
            a pair of arrays ``(X, y)``.
        target: The column to predict.
        out: The folder that takes the study, the best network and the result.
        options: The space, the metric, the search, the epochs and the seed, where they are not the defaults.
        trials: Trials in all; None for as many as the budget allows, or 16 without a budget.
        repeats: How often the best trial and its four closest rivals are trained again with other seeds once
            the trials are over, within the budget; the best mean then wins. None for as often as the study
            was begun with, or 0: a repeat costs as much as a trial, so whoever wants a surer winner says so.
        budget: Seconds, or a time such as ``"10m"``, for all from the table to the test, of which trials
            get at least a fifth. None for no bound.
        study: A path or URL of the study; None for ``tune.study`` in ``out``.
        resume: Resume the study that is there; options that are None are then taken from it.
        data_options: Options of :func:`sturgeon.data.prepare`: ``test``, ``task``, ``numeric``,
            ``categorical``, ``drop``, ``date``, ``dates``, ``decimal``, ``missing``, ``encoding``,
            ``sheet``, ``sql``, ``time_order``, ``validation``, ``test_share``, ``bounds``,
            ``group_column``, ``folds``. Without ``folds``, as many as the study was begun with, or as suit
            the rows; with ``repeats``, 1.
        ensemble: Of how many trials at most the result is made. With 1, of the fold networks of the best
            trial, or without folds of its network, which is then trained once more on all rows but the test
            rows. None for what the study was begun with, or 8; or 1 where ``folds`` of 1, ``repeats`` or
            ``time_order`` are asked for.
        max_size: Bytes, or a size such as ``"2MB"``, that the files of the result may take; fewer networks
            answer then, down to one. None for no bound.
        max_predict_time: Seconds, or a time such as ``"5ms"``, that the networks may take for 1,000 rows,
            likewise.
        compare: Whether the result is compared with boosted trees on the same rows, after the budget.
        ray: The Ray cluster that trials and repeats train on, ``st.Ray(...)``, an actor for each
            ``cpus`` and ``gpus``; the rest is done here. None for the cores or GPUs of this machine.
    """

    data: Any
    target: str
    out: Path
    options: TuneOptions = field(default_factory=TuneOptions)
    trials: int | None = None
    repeats: int | None = None
    budget: str | float | None = None
    study: str | None = None
    resume: bool = False
    data_options: dict[str, Any] = field(default_factory=dict)
    ensemble: int | None = None
    max_size: str | int | None = None
    max_predict_time: str | float | None = None
    compare: bool = False
    ray: Ray | None = None

    @property
    def most_trials(self) -> int:
        """Of how many trials the result of a new study is made.

        Who asks for one split gets one network. In order of time the last rows before the test say the most
        of it; a network that is trained once more learns from them, one that is judged by them does not.
        """
        one = self.repeats or self.data_options.get("folds") == 1 or self.data_options.get("time_order")
        return self.ensemble or (1 if one else MOST_TRIALS)


@no_interrupt_lost()
def tune_table(
    job: TableJob,
    *,
    on_start: Callable[[Dataset, StudySettings, Study], None] = lambda dataset, settings, study: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_repeats: Callable[[int], None] = lambda times: None,
    on_final: Callable[[bool], None] = lambda together: None,
    started: float | None = None,
    reserved: Callable[[int], float] = lambda trials: 0.0,
) -> TableResult:
    """Tune the batch-norm network on a table, and leave the best one in ``job.out / "best"``.

    Trial 0 is the default configuration. With folds, each trial trains one network a fold, and its value is
    the mean; without, one network, judged by the validation part. The result is an ensemble of the best
    trials' networks, chosen by what each says of the rows that it did not see. Or it is a single network,
    where ``job.ensemble`` says so without folds: the configuration is chosen by the validation part alone,
    with ``job.repeats`` by the mean over other seeds, and is trained once more, on the training and
    validation parts together. The test part is looked at once, at the end. Where the space has no further
    configuration, the run ends as it would with its last trial. Ctrl-C stops after the current epochs, and
    leaves a study to resume and the best network so far.

    Args:
        job: What to do.
        on_start: Called once, before the first trial.
        on_progress: Called with every epoch of every trial.
        on_repeats: Called with their number when the best are about to be trained again with other seeds.
        on_final: Called when the trials are over: with True where networks are chosen to answer together,
            with False where the chosen configuration is trained once more.
        started: Since when the time counts, by ``time.monotonic``; None for now.
        reserved: Seconds of a budget that the caller needs afterwards, by how many trials there are, on a
            machine that does nothing else.

    Returns:
        What was found, also written to ``job.out / "result.json"``.

    Raises:
        InputError: The table, the space, the metric or the study breaks a rule; nothing was written. Or no
            network is within ``max_size`` and ``max_predict_time``; then the trials are kept.
        RunError: No trial ended with a value.
    """
    started = time.monotonic() if started is None else started
    check_counts(job)
    told = Told(on_start, on_progress, on_repeats, on_final, reserved)
    with contextlib.nullcontext() if job.ray is None else Cluster(job.ray, logs=False) as cluster:
        return _tune_table(job, cluster, told, started)


def _tune_table(job: TableJob, cluster: Cluster | None, told: Told, started: float) -> TableResult:
    place = job.study or str(job.out / STUDY_FILE)
    if cluster is not None:
        cluster.check_place(place)
    exists = find_study(place, resume=job.resume, instead=f"name another directory with {option('out')}")
    dataset = _prepare(job, place, exists=exists)
    with made_folder(job.out, may_hold_network=exists):
        study, settings = _open(job, place, dataset, exists=exists)
    with study, held_folder(job.out), stop_on_signal() as stop:
        if not exists:
            forget_networks(job.out)
        about = study.about
        run = TableRun(
            study,
            dataset,
            settings,
            _limits(job, study, exists=exists),
            repeats=int(about.get("repeats", 0)) if job.repeats is None else job.repeats,
            most=int(about.get("ensemble", MOST_TRIALS)) if job.ensemble is None else job.ensemble,
            prediction=_prediction_budget(job, about),
            spares=job.options.stopping is None and bool(about.get("stopping_by_default")),
            out=job.out,
            cluster=cluster,
            told=told,
            started=started,
        )
        tried = run_trials(run, stop)
        result = conclude(
            tried,
            out=job.out,
            stop=stop,
            seconds=lambda: time.monotonic() - started,
            compare=(lambda made: _compare(job, tried, made)) if job.compare else None,
        )
        result.write()
    return result


def _prepare(job: TableJob, place: str, *, exists: bool) -> Dataset:
    """Read and split the table, by the rules that the study was begun with if it exists."""
    begun = begun_with(place) if exists else None
    seed = begun.seed if begun else job.options.seed or 0
    folds = choose_folds(job.data_options.get("folds"), job.repeats, begun)
    rules = {"pieces": reads_pieces(job.options.space)}
    if exists:
        rules = begun_rules(place, group_column=job.data_options.get("group_column"))
    return prepare(job.data, job.target, seed=seed, **{**job.data_options, **rules, "folds": folds})


def _open(job: TableJob, place: str, dataset: Dataset, *, exists: bool) -> tuple[Study, StudySettings]:
    if exists:
        return resume_table_study(place, job.options, dataset)
    return begin_table_study(place, _with_stopping(job), dataset, about=_about(job, dataset))


def _limits(job: TableJob, study: Study, *, exists: bool) -> Limits:
    """When the trials are over: as is asked for now, else as the study was begun with."""
    asked_now = job.trials is not None or job.budget is not None
    trials = _trials(job) if asked_now or not exists else study.about.get("trials")
    limits = choose_limits(trials=trials, budget=job.budget)
    if trials is None and isinstance(study.search, PopulationBasedTraining):
        return replace(limits, trials=None)  # it ends when all have trained to their end
    return limits


def _compare(job: TableJob, tried: Tried, made: Made) -> list[Compared]:
    files = FileOptions(*(job.data_options.get(name) for name in ("encoding", "sheet", "sql")))
    return compare(tried, made, job.data, job.data_options.get("test"), files)


def check_counts(job: TableJob) -> None:
    """Check the numbers of a job.

    Raises:
        InputError: One is too small, or the budget is not a time.
    """
    counts = (
        ("trials", job.trials, 1),
        ("epochs", job.options.epochs, 1),
        ("seed", job.options.seed, 0),
        ("repeats", job.repeats, 0),
        ("folds", job.data_options.get("folds"), 1),
        ("ensemble", job.ensemble, 1),
    )
    for name, value, least in counts:
        if value is not None and value < least:
            raise InputError(f"`{option(name)}` must be at least {least}; got {value}.")
    if job.repeats and (job.ensemble or 1) > 1:
        raise InputError(
            f"Repeats choose one network, an ensemble is made of several; got "
            f"`{option('repeats', job.repeats)}` and `{option('ensemble', job.ensemble)}`. Leave out one."
        )
    choose_limits(trials=job.trials, budget=job.budget)
    check_population(job.options.search, job.options.stopping, job.trials)
    if isinstance(job.options.search, PopulationBasedTraining) and job.repeats:
        raise InputError(
            "A repeat trains one configuration anew, and population-based training finds a schedule of "
            f"several; got `{option('repeats', job.repeats)}`. Leave it out."
        )
    _prediction_budget(job, {})
    if job.compare and isinstance(job.data, str | Path) and str(job.data) == STDIN:
        raise InputError(
            f"`{option('compare', True)}` reads the table once more at the end, and standard input can be "
            "read once; give a file."
        )


def _prediction_budget(job: TableJob, about: Mapping[str, Any]) -> PredictionBudget:
    """What the result may take: as asked for, or as the study was begun with."""
    size = to_bytes(job.max_size, option("max_size"))
    seconds = to_short_seconds(job.max_predict_time, option("max_predict_time"))
    return PredictionBudget(
        about.get("max_size") if size is None else size,
        about.get("max_predict_time") if seconds is None else seconds,
    )


def _trials(job: TableJob) -> int | None:
    """How many trials a job that begins a study is for; None for as many as its budget affords.

    A population ends when all have trained to their end.
    """
    if job.trials is None and isinstance(job.options.search, PopulationBasedTraining):
        return None
    return TABLE_TRIALS if job.trials is None and job.budget is None else job.trials


def _with_stopping(job: TableJob) -> TuneOptions:
    """What is asked for, with a stopping rule.

    Where the time is bounded, more trials fit into it when the hopeless are stopped. Where nothing is said,
    about half end after a third of their training, which takes two thirds of the epochs and finds as good
    an ensemble.
    Where the number of trials is set, each is worth the most when it is trained to its end.
    """
    rule = job.options.stopping
    if isinstance(job.options.search, PopulationBasedTraining):
        rule = Never()
    elif rule is None and job.trials is None:
        epochs = job.options.epochs or DEFAULT_EPOCHS
        rule = SuccessiveHalving(first=max(1, epochs // 3)) if job.budget is None else DEFAULT
    return replace(job.options, stopping=rule or Never())


def _about(job: TableJob, dataset: Dataset) -> dict[str, Any]:
    """What the study keeps of the job; of a table that came as a data frame or arrays, no place is known."""
    options = dict(job.data_options)
    places = {"data": job.data, "test": options.pop("test", None)}
    table: dict[str, Any] | None = None
    if all(place is None or is_lasting(place) for place in places.values()):
        plain = (str, int, float, type(None))
        table = {name: each if isinstance(each, plain) else list(each) for name, each in options.items()}
        for name, place in places.items():
            table[name] = None if place is None else absolute(place)
        table["folds"] = dataset.folds
    return {
        "trials": _trials(job),
        "repeats": job.repeats or 0,
        "folds": dataset.folds,
        "group_column": job.data_options.get("group_column"),
        "ensemble": job.most_trials,
        "max_size": to_bytes(job.max_size, "max_size"),
        "max_predict_time": to_short_seconds(job.max_predict_time, "max_predict_time"),
        "stopping_by_default": job.options.stopping is None
        and not isinstance(job.options.search, PopulationBasedTraining),
        "table": table,
        "out": str(job.out.absolute()),
    }
