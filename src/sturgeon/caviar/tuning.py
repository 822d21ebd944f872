"""Tune any training function: many trials at once, each in a worker process."""

from __future__ import annotations

import hashlib
import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sturgeon.caviar.interrupt import no_interrupt_lost, stop_on_signal
from sturgeon.caviar.limits import Limits, choose_limits
from sturgeon.caviar.metric_names import doubtful_directions
from sturgeon.caviar.opening import TuneOptions, begin_study, find_study, new_settings, resume_study
from sturgeon.caviar.population.population import check_population
from sturgeon.caviar.progress import ProgressLines, check_progress, say
from sturgeon.caviar.progress_widget import find_widget
from sturgeon.caviar.ray.ray_pool import RayPool
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.workers.environment import Resources
from sturgeon.caviar.workers.folders import check_place, folders_of
from sturgeon.caviar.workers.function import check_function, name_of, pack, source_of
from sturgeon.caviar.workers.here import HereLoop
from sturgeon.caviar.workers.ledger import Callback, Ledger
from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.caviar.workers.loop import WorkerLoop
from sturgeon.caviar.workers.settled import places_for
from sturgeon.caviar.workers.training import Repeated, Train, prepare, told_as
from sturgeon.caviar.workers.user_script import check_not_loading, end_a_script_run_again
from sturgeon.caviar.workers.worker_pool import WorkerPool
from sturgeon.errors import InputError
from sturgeon.search import PopulationBasedTraining, Search
from sturgeon.search.settings import check_whole
from sturgeon.space import Space
from sturgeon.stopping import Stopping
from sturgeon.study import MEMORY, Leases, Objective, Study
from sturgeon.study.earlier.more_epochs import keep_epochs
from sturgeon.study.earlier.prior import enqueue_first

_log = logging.getLogger("sturgeon")

_CODE = "code"
"""The kind of a journal's entry that holds the hash of the function's source."""


@no_interrupt_lost()
def tune(
    train: Callable[[LiveTrial], Any],
    space: Space,
    *,
    minimize: str | Sequence[str] | None = None,
    maximize: str | Sequence[str] | None = None,
    trials: int | None = None,
    budget: str | float | None = None,
    study: str | os.PathLike[str] | None = None,
    search: Search | None = None,
    stopping: Stopping | None = None,
    workers: int | Ray = 1,
    resources: Mapping[str, float] | None = None,
    deterministic: bool = True,
    seed: int | None = None,
    resume: bool = False,
    timeout: str | float | None = None,
    attempts: int = 2,
    until: float | None = None,
    max_failures: float = 0.5,
    progress: bool = True,
    repeats: int = 1,
    keep: int = 1,
    subject_to: str | None = None,
    callbacks: Sequence[Callback] = (),
    prior: Study | str | os.PathLike[str] | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
) -> Study:
    """Search for the configuration with which a training function does best.

    Each worker is a process of its own, started afresh, that trains one trial after the other, the next
    one at once when one has ended. The study stays in this process, and workers speak to it over pipes. A
    worker gets its share of the cores, as the thread count of NumPy, PyTorch, TensorFlow and XLA and, on
    Linux, as the cores it may run on, and one GPU where there are several. What your environment sets stays
    as it is; where it sets ``OMP_NUM_THREADS``, or binds OpenMP's threads, workers may run on all cores. With
    more workers than cores they share these.

    An exception in ``train``, a final value that is NaN or infinite, and a trial over ``timeout`` make that
    trial ``failed``, with the reason kept in its ``error``, and the study goes on. A trial whose worker
    was killed, or whose memory ran out, is tried again, in a fresh process.

    Ctrl-C, or SIGTERM, once: the running trials finish their current epoch and are paused. Twice: they are
    paused at once. Either way ``KeyboardInterrupt`` is raised when all is kept, with the study as its
    attribute ``study``, and ``resume=True`` goes on: with the paused trials first, each from its last
    checkpoint.

    Args:
        train: A function of one ``LiveTrial``: of a module, of a script (which needs no
            ``if __name__ == "__main__"``), of a notebook, a lambda or a closure. It reports metrics as it
            goes, and may return the final value, or several metrics by name; else the values it reported last
            count. What it refers to is sent to each worker, so load large data inside it.
        space: What may vary.
        minimize: The metric, or metrics, to be minimised. It or ``maximize`` is needed for a new study.
        maximize: The metric, or metrics, to be maximised.
        trials: How many trials the study is to have in the end, failed ones included; by default as many
            as the budget allows, or 64 without a budget.
        budget: How long, in seconds or as ``"90s"``, ``"10m"``, ``"1h30m"``. After it no trial is begun, and
            those that run are stopped at their next epoch and keep the value they have by then; one that
            has none yet is paused.
        study: A file or a PostgreSQL URL; by default in memory.
        search: What suggests configurations; another one than before may go on with a study.
        stopping: Which trials end early; by default none, as one cannot know that what a function reports
            is comparable between trials at the same step. A trial that a rule stops keeps the value it has by
            then and is ``stopped``, with the rule and its reason in ``reason``. ``SuccessiveHalving`` pauses
            and promotes trials where the function hands over checkpoints; else it stops them.
        workers: How many processes, at least 1. With 0, trials run in this process, one at a time, where
            a debugger can stop in them; then there is no ``timeout``, and a crash is yours. ``st.Ray(...)``
            has them on the machines of a Ray cluster.
        resources: What each worker has to itself on this machine, such as ``{"cores": 2, "gpus": 1}``, where
            that is not an equal share: whole cores, and whole GPUs or a fraction of one, which trials then
            share. It sees no other GPU (``CUDA_VISIBLE_DEVICES``).
        deterministic: Whether the same seed, workers and results give the same trials, whichever worker is
            faster: what is begun next depends on the trials begun before a fixed number of newer ones, and
            waits for them. With False it depends on all that has ended by then, and no worker ever waits.
        seed: Where all randomness starts, in [0, 2**63); by default 0, or that of the study that is resumed.
        resume: Resume the study if it exists. One that exists is otherwise an error.
        timeout: How long an attempt at a trial may take, in seconds or as text, before it is killed.
        attempts: How often a trial is begun in all before a lost worker makes it fail, at least 1. Where the
            whole run was killed, that counts only for a trial that ran alone.
        until: Stop when the best value is as good as this.
        max_failures: The share of trials that may fail, in (0, 1]; looked at from the fifth trial on. 1
            goes on whatever happens. Diverged trials (NaN) count only if no trial has a value.
        progress: Whether to print a line on stderr now and then, from two seconds on.
        repeats: How often each configuration is trained, each time with another seed, at least 1: the
            trial's value is the mean, and ``NAME_std`` beside it the standard deviation. Its curve, and what
            a stopping rule judges, are those of the first time.
        keep: Of how many of the best trials the checkpoints stay, at least 1; see ``Study.top``.
        subject_to: What the final metrics of the best trial must satisfy, such as
            ``"latency_ms <= 20 and size < 5"``. The search takes a trial that does not as a bad one.
        callbacks: Functions of the study and a ``TrialRecord``, called in this process when the trial has
            ended, whatever came of it. One that returns True ends the run; what runs then is stopped. An
            exception of theirs ends it, too, with all that runs put aside.
        prior: An earlier study, of this function or a similar one, also in another space: its best
            configurations are tried first, and its trials count as far as they predict the new ones.
        checkpoints: Where ``trial.folder`` lies, instead of beside the study: a folder that all machines
            have, or a URL such as ``"s3://bucket/wine"``, of any kind that fsspec knows and that the function
            writes to by fsspec, too.

    Returns:
        The study: ``study.best.config`` is what was looked for.

    Raises:
        InputError: ``train`` cannot be sent to a worker or loaded there, or an argument breaks a rule.
        StudyError: The study exists and ``resume`` was not given, or it was begun with another space,
            objective, seed or stopping rule; ``Study.continue_in`` takes its trials to another space.
        StudyFailed: Too many trials failed, or all; the message quotes the most common error.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.

    Example:
        >>> from sturgeon.space import Real, Space
        >>> def train(trial):
        ...     for epoch in trial.epochs(3):
        ...         trial.report(loss=(trial.config["x"] - 0.3) ** 2 / epoch)
        >>> study = tune(train, Space(x=Real(0, 1)), minimize="loss", trials=8, workers=0)
        >>> study.counts()["complete"], abs(study.best.config["x"] - 0.3) < 0.3
        (8, True)
    """
    end_a_script_run_again()
    if workers:
        check_not_loading()
    check_function(train)
    for name, value in (("repeats", repeats), ("keep", keep)):
        check_whole(name, value, least=1, example=f"{name}=3")
    callbacks = _check_callbacks(callbacks)
    check_progress(progress)
    check_place(checkpoints)
    source = train
    if repeats > 1:
        train = Repeated(train, repeats)
    limits = choose_limits(
        trials=trials, budget=budget, timeout=timeout, until=until, max_failures=max_failures
    )
    check_population(search, stopping, trials)
    _check_workers(workers, limits)
    each = _check_resources(resources, workers)
    leases = Leases(attempts=attempts)
    exists = find_study(study, resume=resume)
    options = TuneOptions(
        space,
        minimize,
        maximize,
        search,
        seed=seed,
        stopping=stopping,
        subject_to=subject_to,
        prior=prior,
    )
    new = None if exists else new_settings(options)
    if new is not None:
        if isinstance(search, PopulationBasedTraining):
            search.check_space(space)
        _check_until(new.objectives, limits)
        for line in doubtful_directions(new.objectives):
            _log.warning("%s", line)
    pool = _make_pool(train, workers, each)
    try:
        if isinstance(pool, RayPool):
            pool.check_place(MEMORY if study is None else os.fspath(study))
        if pool is None:
            prepare(train)
        elif new is not None:  # no study is made for a function that cannot be loaded
            pool.load(min(pool.size, limits.trials or pool.size))
        if new is None:
            opened, settings = resume_study(study, options, leases=leases)
        else:
            opened, settings = begin_study(study, new, options, leases=leases, resume=resume), new
        try:
            enqueue_first(opened, limits.trials)
            _check_until(settings.objectives, limits)
            if trials is None and isinstance(opened.search, PopulationBasedTraining):
                limits = replace(limits, trials=None)  # it ends when all have trained to their end
            if opened.place != MEMORY:
                keep_epochs(opened, source)
                _keep_source(opened, source)
            places = places_for(0 if pool is None else pool.size) if deterministic else math.inf
            ledger = Ledger(
                opened, limits, settings.stopping, places=places, callbacks=callbacks, keep=keep,
                folders=folders_of(opened, checkpoints), told_as=told_as(train),
            )  # fmt: skip
            interrupted = _run_trials(ledger, train, pool, progress=progress)
        except KeyboardInterrupt:
            raise _interrupted(opened, limits) from None
        except BaseException:  # whatever ends it leaves no study open; Ctrl-C hands it over
            opened.close()
            raise
        if interrupted:
            raise _interrupted(opened, limits)
        return opened
    finally:
        if pool is not None:
            pool.kill()  # whoever is left, whatever happened


def _run_trials(ledger: Ledger, train: Train, pool: WorkerPool | RayPool | None, *, progress: bool) -> bool:
    """Run the trials, here or in a pool, which is closed then; tell whether a signal ended it.

    Raises:
        StudyFailed: Too many trials failed, or all.
    """
    with stop_on_signal() as stop:
        if pool is None:
            interrupted = HereLoop(ledger, train).run(stop)
        else:
            with pool:
                interrupted = WorkerLoop(ledger, pool, ProgressLines(progress, find_widget())).run(stop)
        if not interrupted:
            ledger.check_at_end()
    return interrupted


def _keep_source(study: Study, train: Callable[..., Any]) -> None:
    """Write down what the function's source is, and say so where it was another one before."""
    source = source_of(train)
    if source is None:
        return
    digest = hashlib.sha256(source.encode(errors="replace")).hexdigest()
    before = study.journal.read(kind=_CODE)
    if before and before[-1].body.get("sha256") != digest:
        _log.warning(
            "The source of %s has changed since the study's last run, so trials may not be comparable; "
            "it goes on. The study's journal says when.",
            name_of(train),
        )
    if not before or before[-1].body.get("sha256") != digest:
        study.journal.write(_CODE, {"function": name_of(train), "sha256": digest})


def _make_pool(
    train: Callable[..., Any], workers: int | Ray, resources: Resources
) -> WorkerPool | RayPool | None:
    if isinstance(workers, Ray):
        return RayPool(pack(train), workers)
    return WorkerPool(pack(train), workers, resources) if workers else None


def _check_resources(resources: Mapping[str, float] | None, workers: int | Ray) -> Resources:
    """Read what each worker is to have; refuse it where no worker on this machine could have it."""
    if resources and isinstance(workers, Ray):
        raise InputError(
            f"On a Ray cluster, `workers` says what a trial has; got resources={resources!r}. Write "
            "workers=st.Ray(cpus=2, gpus=1)."
        )
    if resources and workers == 0:
        raise InputError(
            f"`resources` are those of worker processes; got {resources!r} with workers=0. Use workers=1."
        )
    return Resources.of(resources)


def _check_callbacks(callbacks: Sequence[Callback]) -> Sequence[Callback]:
    """Take the callbacks; refuse what cannot be called, before any trial."""
    try:
        given = tuple(callbacks)
    except TypeError:
        given = None
    if given is None or not all(map(callable, given)):
        raise InputError(
            "`callbacks` must be functions of the study and a trial that has ended; got "
            f"{callbacks if given is None else list(given)!r}. Write callbacks=[tell] after "
            "def tell(study, trial): ..."
        )
    return given


def _check_workers(workers: int | Ray, limits: Limits) -> None:
    if isinstance(workers, Ray):
        return
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise InputError(
            f"`workers` must be a whole number from 0, or st.Ray(...); got {workers!r}. "
            f"Write {'workers=st.Ray(cpus=2)' if workers is Ray else 'workers=2'}."
        )
    if workers == 0 and limits.timeout is not None:
        raise InputError(
            f"A timeout needs a process that can be killed; got timeout={limits.timeout:g} with workers=0. "
            "Use workers=1, or leave the timeout out."
        )


def _check_until(objectives: Sequence[Objective], limits: Limits) -> None:
    if limits.until is not None and len(objectives) > 1:
        names = [one.metric for one in objectives]
        raise InputError(
            f"`until` is a value of a single objective; got until={limits.until:g} with the objectives "
            f"{names}. Leave it out."
        )


def _interrupted(study: Study, limits: Limits) -> KeyboardInterrupt:
    """Say how to go on, and make what is raised."""
    counts = study.counts()
    ended = counts["complete"] + counts["stopped"] + counts["failed"]
    of = f" of {limits.trials}" if limits.trials is not None else ""
    how = (
        "it is in memory; name one, study='name.study', to be able to go on after the process ends"
        if study.place == MEMORY
        else f"go on with st.tune(..., study={study.place!r}, resume=True)"
    )
    say(f"Interrupted after {ended}{of} trials, {counts['paused']} paused; all is kept: {how}.")
    # Not a subclass: Python ends a script by the signal, as shells expect, only for the very class.
    interrupt = KeyboardInterrupt(f"the study {study.place!r} was interrupted")
    vars(interrupt)["study"] = study
    return interrupt
