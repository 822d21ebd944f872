"""``sturgeon panda``: the built-in network on a table, tended by hand."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sturgeon.caviar.interrupt import no_interrupt_lost, stop_on_signal
from sturgeon.caviar.table.folder import held_folder, made_folder
from sturgeon.caviar.table.opening import DEFAULT_METRIC
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import METRICS, Dataset, prepare
from sturgeon.data.reading.place import absolute, is_lasting
from sturgeon.errors import InputError, StudyError, option
from sturgeon.network.settings import check_network_space
from sturgeon.panda.beginning import tend
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.kept.checkpoint_files import DISK_BYTES
from sturgeon.panda.kept.schedule import Schedule
from sturgeon.panda.kept.tree import read_tree
from sturgeon.panda.opening import STUDY_FILE, RunOptions
from sturgeon.panda.run import Run
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space
from sturgeon.space import Space
from sturgeon.study import Study
from sturgeon.study.trial import trial_seed

DEFAULT_EPOCHS = 30


@dataclass(frozen=True)
class PandaJob:
    """What to train by hand, on which table.

    Attributes:
        data: A CSV, TSV or Parquet file, a data frame, or a pair of arrays ``(X, y)``.
        target: The column to predict.
        out: The folder that takes the study, its checkpoints, the best network and the result.
        space: The standard space with what was fixed; None for the defaults.
        epochs: Of each branch; None for 30, or what the run was begun with.
        minimize: The metric to be minimised.
        maximize: The metric to be maximised, instead.
        seed: Of the split and the training; None for 0, or what the run (or the one replayed) was begun with.
        resume: Go on with the run that is there.
        replay: A schedule to be repeated.
        autopilot: Whether the coach's proposals are done.
        bounds: What the autopilot must keep within, by hyperparameter.
        disk: How many bytes the checkpoints may take.
        data_options: Options of :func:`sturgeon.data.prepare`.
    """

    data: Any
    target: str
    out: Path
    space: Space | None = None
    epochs: int | None = None
    minimize: str | None = None
    maximize: str | None = None
    seed: int | None = None
    resume: bool = False
    replay: Schedule | None = None
    autopilot: bool = False
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    disk: int = DISK_BYTES
    data_options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PandaResult:
    """What came of it. Its fields are the JSON that ``sturgeon panda --json`` prints.

    Attributes:
        study: Where the run is kept.
        out: The folder.
        task: ``"classification"`` or ``"regression"``.
        target: The column.
        rows: How many each part has.
        metric: The objective.
        direction: ``"minimize"`` or ``"maximize"``.
        seed: As used.
        branch: The branch that trained last.
        branches: How many there are.
        epochs: Epochs that it stands at.
        value: The objective then; None where it is not finite.
        config: Its hyperparameters.
        best: ``branch``, ``epoch`` and ``value`` of the network that is kept in ``best``; None without one.
        test: That network's metrics on the held-out test part, looked at once, at the end.
        replay: Of a replay: ``same``, whether every point of every curve is the same to the bit, and
            ``largest_difference``, relative; else None.
        seconds: How long it took.
        interrupted: Whether it was ended by Ctrl-C.
    """

    study: str
    out: str
    task: str
    target: str
    rows: dict[str, int]
    metric: str
    direction: str
    seed: int
    branch: int
    branches: int
    epochs: int
    value: float | None
    config: dict[str, Any]
    best: dict[str, Any] | None
    test: dict[str, float | None] | None
    replay: dict[str, Any] | None
    seconds: float
    interrupted: bool

    def write(self) -> None:
        """Write it to ``result.json`` in ``out``, all of it or nothing."""
        path = Path(self.out) / "result.json"
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        fresh.replace(path)


@no_interrupt_lost()
def tend_table(
    job: PandaJob,
    *,
    on_start: Callable[[Dataset, Run], None] = lambda dataset, run: None,
    on_epoch: Callable[[Run, Mapping[str, float]], None] = lambda run, metrics: None,
) -> PandaResult:
    """Train the built-in network on a table, and listen to whoever tends it.

    Ctrl-C keeps everything: the run is resumed at the very step.

    Args:
        job: What to do.
        on_start: Called once, when the training is about to begin.
        on_epoch: Called after each epoch.

    Returns:
        What came of it, also written to ``job.out / "result.json"``.

    Raises:
        InputError: The table, a hyperparameter, the metric or the study breaks a rule; nothing was written.
    """
    started = time.monotonic()
    place = job.out / STUDY_FILE
    begun = _begun(place, job)
    first = 0 if job.replay is None else job.replay.seed
    seed = int(begun.get("seed", first) if job.seed is None else job.seed)
    dataset = prepare(job.data, job.target, seed=seed, **{**job.data_options, "folds": 1})
    _check_table(begun, job, dataset)
    metric, maximize = _objective(job, dataset, begun)
    epochs = job.epochs or int(begun.get("epochs", DEFAULT_EPOCHS))
    space = tended_space(job.space, values=None if job.replay is None else job.replay.values)
    check_network_space(space)
    about = {
        "epochs": epochs if job.replay is None else job.replay.planned,
        "seed": seed,
        "task": dataset.task,
        "target": dataset.target,
        "rows": dataset.rows,
        "fingerprint": dataset.fingerprint,
        "table": _table(job),
    }
    options = RunOptions(metric, maximize, seed, resume=job.resume, disk=job.disk, about=about)
    config = dict(begun["config"]) if begun else space.default()
    planned = int(begun.get("epochs", about["epochs"]))
    training = NetworkTraining(
        dataset, config, seed=trial_seed(seed, 0), epochs=planned, metric=metric
    )  # a schedule that counts on the epochs keeps those that it was begun with
    coach = Coaching(epochs, job.autopilot, job.bounds)
    with stop_on_signal() as stop, contextlib.ExitStack() as held:
        with made_folder(job.out, may_hold_network=bool(begun)):  # what is begun is never removed
            held.enter_context(held_folder(job.out))
            run = tend(place, training, space, options, coach=coach)
        if job.replay is not None:
            run.record.mark_edited()
            run.redo(job.replay.to_changes())
            epochs = job.replay.epochs
        keeper = _Keeper(job.out, dataset, read_tree(run.record.study).metric, maximize)
        with run:
            on_start(dataset, run)
            interrupted = _train(run, training, epochs, stop, _both(keeper.look, on_epoch))
            run.close(interrupted=interrupted)
            result = _conclude(
                job, run, dataset, keeper, seconds=time.monotonic() - started, interrupted=interrupted
            )
        result.write()
    return result


def _train(
    run: Run,
    training: NetworkTraining,
    epochs: int,
    stop: threading.Event,
    on_epoch: Callable[[Run, Mapping[str, float]], None],
) -> bool:
    """Train a mini-batch at a time, and listen in between; tells whether it was interrupted."""
    run.at, run.between_epochs = training.at, training.between_epochs
    while True:
        run.poll(stop)
        if stop.is_set() or run.stopped or (run.between_epochs and run.at.epoch >= epochs):
            return stop.is_set()
        run.between_epochs = False
        metrics = training.step()
        if metrics is None:
            run.at = training.at
            run.between_epochs = False
        else:
            run.end_epoch(metrics, training.at)
            on_epoch(run, metrics)


class _Keeper:
    """Keeps the best network of all branches, as the epochs go by."""

    def __init__(self, out: Path, dataset: Dataset, metric: str, maximize: bool) -> None:
        self._place, self._dataset, self._metric = out / "best", dataset, metric
        self._sign = -1 if maximize else 1
        self._about = out / "best.json"
        self.best: dict[str, Any] | None = None
        if self._about.is_file():
            self.best = json.loads(self._about.read_text(encoding="utf-8"))

    def look(self, run: Run, metrics: Mapping[str, float]) -> None:
        """Keep the network if it is better than any before."""
        value = metrics[self._metric]
        if value != value or (
            self.best is not None and self._sign * value >= self._sign * self.best["value"]
        ):
            return
        training = run.training
        assert isinstance(training, NetworkTraining)
        branch = run.record.trial.number
        self.best = {"branch": branch, "epoch": run.at.epoch, "value": value}
        network = training.network()
        SavedModel(branch, training.values, self._dataset.preprocessing, network).save(self._place)
        fresh = self._about.with_name(f".{self._about.name}.new")
        fresh.write_text(json.dumps(self.best), encoding="utf-8")
        fresh.replace(self._about)

    def test(self) -> dict[str, float | None] | None:
        """The metrics of the network that is kept, on the test part."""
        return None if self.best is None else SavedModel.load(self._place).test(self._dataset)


def _conclude(
    job: PandaJob, run: Run, dataset: Dataset, keeper: _Keeper, *, seconds: float, interrupted: bool
) -> PandaResult:
    tree = run.tree()
    curve = tree.curves_along(tree.current).get(tree.metric)  # a branch of no epochs stands where it began
    value = curve[-1][1] if curve else None
    return PandaResult(
        study=run.record.study.place,
        out=str(job.out),
        task=dataset.task,
        target=dataset.target,
        rows=dataset.rows,
        metric=tree.metric,
        direction="maximize" if tree.maximize else "minimize",
        seed=run.record.study.seed,
        branch=tree.current,
        branches=len(tree.branches),
        epochs=run.at.epoch,
        value=value if value is not None and abs(value) < float("inf") else None,
        config=run.values,
        best=keeper.best,
        test=None if interrupted else keeper.test(),
        replay=None if job.replay is None else _compare(job.replay, tree.curves_along(tree.current)),
        seconds=round(seconds, 3),
        interrupted=interrupted,
    )


def _compare(schedule: Schedule, curves: Mapping[str, Sequence[tuple[int, float]]]) -> dict[str, Any]:
    """How close a replay came to the run that it repeats."""
    largest, same = 0.0, True
    for name, curve in schedule.curves.items():
        again = dict(curves.get(name, ()))
        for epoch, value in curve:
            other = again.get(epoch, float("nan"))
            if value != other and not (value != value and other != other):
                same = False
                difference = abs(value - other) / max(abs(value), 1e-12)
                largest = max(largest, difference) if difference == difference else float("inf")
    return {"same": same, "largest_difference": largest if largest < float("inf") else None}


def _begun(place: Path, job: PandaJob) -> dict[str, Any]:
    """What the run that is to be resumed was begun with; nothing where a new one begins.

    Raises:
        StudyError: It exists and is not to be resumed, or it is to be resumed and is not there.
    """
    if not Study.exists(place):
        if job.resume:
            raise StudyError(
                f"a run to be resumed must be there; there is none at {str(place)!r}. Leave out `--resume`."
            )
        return {}
    if not job.resume:
        raise StudyError(
            f"a run that exists is resumed only when asked to; {str(place)!r} exists: add "
            f"{option('resume', True)}, or name another directory with {option('out')}."
        )
    with Study.open(place) as study:
        tree = read_tree(study)
        return {
            **study.about,
            "config": tree.branches[0].values,
            "metric": tree.metric,
            "maximize": tree.maximize,
        }


def _check_table(begun: Mapping[str, Any], job: PandaJob, dataset: Dataset) -> None:
    expected = begun.get("fingerprint") if job.replay is None else job.replay.about.get("fingerprint")
    if expected is not None and expected != dataset.fingerprint:
        what = "resumed with the table" if job.replay is None else "replayed on the table"
        raise InputError(
            f"A run is {what} that it was begun with; this one has other rows, columns or options."
        )
    if job.epochs is not None and job.epochs < 1:
        raise InputError(f"`{option('epochs')}` must be at least 1; got {job.epochs}.")


def _objective(job: PandaJob, dataset: Dataset, begun: Mapping[str, Any]) -> tuple[str, bool]:
    if job.replay is not None:
        return job.replay.metric, job.replay.maximize
    if job.minimize is not None and job.maximize is not None:
        raise InputError(f"A run has one objective; got {job.minimize!r} and {job.maximize!r}. Name one.")
    if job.minimize is None and job.maximize is None:
        if begun:
            return begun["metric"], begun["maximize"]
        name = DEFAULT_METRIC[dataset.task]
        return f"val_{name}", METRICS[dataset.task][name] == "maximize"
    name = (job.minimize or job.maximize or "").removeprefix("val_")
    if name not in METRICS[dataset.task]:
        raise InputError(f"A metric must be one of {', '.join(METRICS[dataset.task])}; got {name!r}.")
    return f"val_{name}", job.maximize is not None


def _table(job: PandaJob) -> dict[str, Any] | None:
    """Where the rows came from; None of a data frame, arrays, or what cannot be read again."""
    if not is_lasting(job.data):
        return None
    options = {name: each for name, each in job.data_options.items() if name != "test"}
    test = job.data_options.get("test")
    place = {
        "data": absolute(job.data),
        "test": None if test is None else str(Path(test).absolute()),
    }
    return {
        **{
            name: each if isinstance(each, str | int | float | None) else list(each)
            for name, each in options.items()
        },
        **place,
    }


def _both(
    first: Callable[[Run, Mapping[str, float]], None], second: Callable[[Run, Mapping[str, float]], None]
) -> Callable[[Run, Mapping[str, float]], None]:
    def call(run: Run, metrics: Mapping[str, float]) -> None:
        first(run, metrics)
        second(run, metrics)

    return call
