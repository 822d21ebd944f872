"""The trials that run through one study handle, and what is written of them."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.search.record import Observation
from sturgeon.study.leases import LeaseKeeper
from sturgeon.study.objectives import Objective
from sturgeon.study.record_cache import Points, RecordCache
from sturgeon.study.storage import Curves, Ending, Store
from sturgeon.study.trial import (
    EDITED,
    Trial,
    TrialError,
    TrialState,
    as_argument,
    check_metrics,
    check_whole,
    is_finite,
    number_of,
)
from sturgeon.study.writer import Change, Report, Writer

_log = logging.getLogger("sturgeon")


@dataclass(slots=True)
class _RunningTrial:
    """One trial that was handed out here and has not ended.

    Attributes:
        trial: What was handed out.
        change: The count of the change that handed it out: while the trial's row still bears it,
            nobody else has written of it.
        points: Step to value, by metric.
        last: The value reported last, by metric.
        latest: The latest step reported, by metric.
    """

    trial: Trial
    change: int
    points: dict[str, Points] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)

    def add(self, step: int, metrics: Mapping[str, float]) -> bool:
        """Take in a report; tell whether each of its points is later than those before."""
        later = all(step > self.latest.get(metric, -1) for metric in metrics)
        for metric, value in metrics.items():
            self.points.setdefault(metric, {})[step] = value
            self.latest[metric] = max(step, self.latest.get(metric, -1))
        self.last.update(metrics)
        return later

    def take(self, curves: Curves) -> None:
        """Take in what earlier attempts reported."""
        for metric, curve in curves.items():
            self.points.setdefault(metric, {}).update(curve)
            self.latest[metric], self.last[metric] = curve[-1]


class RunningTrials:
    """Keeps the trials that were asked for through one study handle, and writes down how they fare."""

    def __init__(
        self, store: Store, record_cache: RecordCache, keeper: LeaseKeeper, objectives: tuple[Objective, ...]
    ) -> None:
        """Take what it works on.

        Args:
            store: The study's rows.
            record_cache: The study's record, which is told what was written.
            keeper: Renews the leases of the trials.
            objectives: What the study minimises or maximises.
        """
        self.held: dict[int, Trial] = {}
        self.writer = Writer(store, record_cache, self._forget)
        self._store = store
        self._record_cache = record_cache
        self._keeper = keeper
        self._objectives = objectives
        self._metric = objectives[0].metric
        self._running: dict[int, _RunningTrial] = {}  # what is known of those held

    def take(self, change: int, trials: Iterable[Trial]) -> None:
        """Begin to hold trials that were just handed out, by the change of that count."""
        for trial in trials:
            running = _RunningTrial(trial, change)
            if trial.attempt > 1 or trial.resume_from is not None:
                read = functools.partial(self._store.reader.curves, number=trial.number)
                running.take(self._store.read(read))
            self.held[trial.number] = trial
            self._running[trial.number] = running
            self._record_cache.watch(trial.number, trial.config, running.points.setdefault(self._metric, {}))
        self._keeper.start()

    def find(self, trial: Trial | int) -> Trial:
        """Give the trial that a number stands for.

        Raises:
            StudyError: This handle does not run it.
        """
        if isinstance(trial, Trial):
            return trial
        if number_of(trial) not in self.held:
            raise StudyError(
                f"a number stands for a trial that this study handle asked for and that still runs; "
                f"got {trial!r}, it holds {sorted(self.held)[:20]}: pass the Trial that ask() returned."
            )
        return self.held[trial]

    def report(self, trial: Trial | int, step: int, metrics: Mapping[str, object]) -> None:
        """Write points of a trial's curves; see ``Study.report``."""
        trial = self.find(trial)
        if not metrics:
            raise StudyError(
                f"a report needs a metric; got none: report(trial, step=1, {as_argument(self._metric)})."
            )
        step = check_whole(step, "step")
        given = check_metrics(metrics, "report")
        running = self._mine(trial)
        later = False
        if running is not None:
            later = running.add(step, given)
            self._record_cache.touched(trial.number)
        self.writer.put(Report(trial, step, given, marks=not later))

    def tell(self, trial: Trial | int, metrics: Mapping[str, object]) -> TrialState:
        """End a trial with its result; see ``Study.tell``."""
        trial = self.find(trial)
        given = check_metrics(metrics, "tell")
        missing = [one.metric for one in self._objectives if one.metric not in given]
        if missing:
            raise StudyError(
                f"tell needs every objective of the study; got {sorted(given)} without {missing}: "
                f"tell(trial, {as_argument(missing[0])})."
            )
        broken = [one.metric for one in self._objectives if not is_finite(given[one.metric])]
        if broken:
            text = ", ".join(f"{name} was {given[name]}" for name in broken)
            _log.warning("trial %d failed: %s", trial.number, text)
            self.end(trial, "failed", given, error=TrialError("NotFinite", text))
            return "failed"
        self.end(trial, "complete", given)
        return "complete"

    def end(
        self,
        number: Trial | int,
        state: TrialState,
        given: Mapping[str, float],
        *,
        error: TrialError | None = None,
        reason: str | None = None,
    ) -> None:
        """End a trial; metrics that are not given are as last reported."""
        trial = self.find(number)
        running = self._mine(trial)
        points = dict(running.points.get(self._metric, {})) if running is not None else {}
        ended: list[Ending] = []
        alone: list[bool] = []

        def ending_with(metrics: Mapping[str, float], valued: bool) -> Ending:
            value = metrics.get(self._metric) if valued else None
            return Ending(state, value if is_finite(value) else None, metrics, error, reason)

        def at_once(connection: Connection) -> int | None:
            """Write it if nobody else has written of the trial, and it bears no tags."""
            if running is None:
                return None
            ending = ending_with({**running.last, **given}, state != "failed")
            change = self._store.finish_at_once(connection, running.change, trial=trial, ending=ending)
            if change is not None:
                alone.append(True)
                ended.append(ending)
            return change

        def apply(connection: Connection, change: int) -> None:
            alone.append(self._is_alone(connection, trial))
            last = (
                running.last
                if running is not None and alone[-1]
                else self._store.reader.last_values(connection, trial)
            )
            metrics = {**last, **given}
            valued = state != "failed" and EDITED not in self._store.reader.tags(connection, trial.number)
            ending = ending_with(metrics, valued)
            self._store.finish(connection, change, trial=trial, ending=ending)
            alone[-1] = alone[-1] and valued == (state != "failed")
            ended.append(ending)

        def after_commit() -> list[Observation] | None:
            self._drop(trial)
            if not alone[-1]:
                return None  # others know more of it
            end = ended[-1]
            observe = self._record_cache.observe
            return [observe(trial.number, trial.config, state, end.value, points, end.metrics)]

        self.writer.put(Change(apply, after_commit, at_once))

    def pause(self, number: Trial | int) -> None:
        """Put a running trial aside; see ``Study.pause``."""
        trial = self.find(number)

        def apply(connection: Connection, change: int) -> None:
            lost = self._store.standing(connection, trial).lost
            self._store.suspend(
                connection, change, trial=trial, state="paused", lost=lost, outcome="paused", reason=None
            )

        self.writer.put(Change(apply, lambda: self._drop(trial)))

    def retry(self, number: Trial | int, why: str, *, attempts: int) -> TrialState:
        """Give up an attempt, and have the trial tried again; see ``Study.retry``."""
        trial = self.find(number)
        self.writer.flush()

        def work(connection: Connection) -> TrialState:
            change, _ = self._store.bump(connection)
            before = self._store.standing(connection, trial)
            if self._store.retrying and before.state in ("waiting", "failed"):
                return before.state  # our first try was committed before the connection was lost
            lost = before.lost + 1
            if lost >= attempts:
                metrics = self._store.reader.last_values(connection, trial)
                ending = Ending("failed", None, metrics, TrialError("WorkerLost", why))
                self._store.finish(connection, change, trial=trial, ending=ending)
                return "failed"
            self._store.suspend(
                connection, change, trial=trial, state="waiting", lost=lost, outcome="lost", reason=why
            )
            return "waiting"

        state = self._store.write(work)
        self._drop(trial)
        return state

    def checkpoint(self, number: Trial | int, reference: str | os.PathLike[str], step: int | None) -> None:
        """Keep where a running trial can go on; see ``Study.checkpoint``."""
        trial = self.find(number)
        step = None if step is None else check_whole(step, "step")
        write = functools.partial(
            self._store.checkpoint, trial=trial, reference=os.fspath(reference), step=step
        )
        self.writer.put(Change(write))

    def annotate(self, trial: Trial | int, *, notes: Sequence[str] = (), tags: Sequence[str] = ()) -> None:
        """Add notes and tags to a trial in any state."""
        self.writer.put(
            Change(functools.partial(self._store.annotate, number=number_of(trial), notes=notes, tags=tags))
        )

    def _drop(self, trial: Trial) -> None:
        held = self.held.get(trial.number)
        if held is not None and held.attempt == trial.attempt:
            self.held.pop(trial.number, None)
            self._running.pop(trial.number, None)
            self._record_cache.leave(trial.number)

    def _forget(self) -> None:
        """Trust the database only: something handed in was not written."""
        self._running.clear()
        self._record_cache.forget()

    def _mine(self, trial: Trial) -> _RunningTrial | None:
        running = self._running.get(trial.number)
        return running if running is not None and running.trial.attempt == trial.attempt else None

    def _is_alone(self, connection: Connection, trial: Trial) -> bool:
        """Tell whether all that is written of a running trial is known here."""
        running = self._mine(trial)
        return running is not None and self._store.standing(connection, trial).change == running.change
