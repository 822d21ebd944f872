"""One handle's side of a study: the trials it runs, and what it writes of them."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.search.record import Observation
from sturgeon.study import reading
from sturgeon.study.objectives import Objective
from sturgeon.study.record_cache import RecordCache
from sturgeon.study.running import Running
from sturgeon.study.storage.store import Ending, Store
from sturgeon.study.trial import Trial, TrialError, TrialState, check_metrics, check_whole, is_finite
from sturgeon.study.writing import Change, Report, Writer

_log = logging.getLogger("sturgeon")


class Handle:
    """Keeps the trials that were asked for here, and writes down how they fare."""

    def __init__(self, store: Store, record_cache: RecordCache, objectives: tuple[Objective, ...]) -> None:
        """Take what it works on.

        Args:
            store: The study's rows.
            record_cache: The study's record, which is told what was written.
            objectives: What the study minimises or maximises.
        """
        self.held: dict[int, Trial] = {}
        self.writer = Writer(store, record_cache, self._forget)
        self._store = store
        self._record_cache = record_cache
        self._objectives = objectives
        self._metric = objectives[0].metric
        self._running: dict[int, Running] = {}

    def take(self, change: int, trials: Iterable[Trial]) -> None:
        """Begin to hold trials that were just handed out, by the change of that count."""
        for trial in trials:
            running = Running(trial, change)
            if trial.attempt > 1:
                read = functools.partial(self._store.curves, number=trial.number)
                running.take(self._store.database.read(read))
            self.held[trial.number] = trial
            self._running[trial.number] = running
            self._record_cache.watch(trial.number, trial.config, running.points.setdefault(self._metric, {}))

    def find(self, trial: Trial | int) -> Trial:
        """Give the trial that a number stands for.

        Raises:
            StudyError: This handle does not run it.
        """
        if isinstance(trial, Trial):
            return trial
        if trial not in self.held:
            raise StudyError(
                f"a number stands for a trial that this study handle asked for and that still runs; "
                f"got {trial!r}, it holds {sorted(self.held)[:20]}: pass the Trial that ask() returned."
            )
        return self.held[trial]

    def report(self, trial: Trial, step: int, metrics: Mapping[str, object]) -> None:
        """Write points of a trial's curves; see ``Study.report``."""
        step = check_whole(step, "step")
        given = check_metrics(metrics, "report")
        if not given:
            raise StudyError("a report needs a metric; got none: report(trial, step=1, val_loss=0.9).")
        running = self._mine(trial)
        later = False
        if running is not None:
            later = running.add(step, given)
            self._record_cache.touched(trial.number)
        self.writer.put(Report(trial, step, given, marks=not later))

    def tell(self, trial: Trial, metrics: Mapping[str, object]) -> TrialState:
        """End a trial with its result; see ``Study.tell``."""
        given = check_metrics(metrics, "tell")
        missing = [one.metric for one in self._objectives if one.metric not in given]
        if missing:
            raise StudyError(
                f"tell needs every objective of the study; got {sorted(given)} without {missing}: "
                f"tell(trial, {missing[0]}=...)."
            )
        broken = [one.metric for one in self._objectives if not is_finite(given[one.metric])]
        if broken:
            text = ", ".join(f"{name} was {given[name]}" for name in broken)
            _log.warning("trial %d of %s failed: %s", trial.number, self._store.database.place, text)
            self.end(trial, "failed", given, error=TrialError("NotFinite", text))
            return "failed"
        self.end(trial, "complete", given)
        return "complete"

    def end(
        self,
        trial: Trial,
        state: TrialState,
        given: Mapping[str, float],
        *,
        error: TrialError | None = None,
        reason: str | None = None,
    ) -> None:
        """End a trial; metrics that are not given are as last reported."""
        running = self._mine(trial)
        points = dict(running.points.get(self._metric, {})) if running is not None else {}
        ended: list[Ending] = []
        alone: list[bool] = []

        def apply(connection: Connection, change: int) -> None:
            alone.append(self._is_alone(connection, trial))
            last = running.last if running is not None and alone[-1] else self._last(connection, trial)
            metrics = {**last, **given}
            value = metrics.get(self._metric) if state != "failed" else None
            ending = Ending(state, value if is_finite(value) else None, metrics, error, reason)
            self._store.finish(connection, change, trial=trial, ending=ending)
            ended.append(ending)

        def landed() -> list[Observation] | None:
            self._drop(trial)
            if not alone[-1]:
                return None  # others know more of it
            return [self._record_cache.observe(trial.number, trial.config, state, ended[-1].value, points)]

        self.writer.put(Change(apply, landed))

    def pause(self, trial: Trial) -> None:
        """Put a running trial aside; see ``Study.pause``."""

        def apply(connection: Connection, change: int) -> None:
            lost = self._store.standing(connection, trial.number).lost
            self._store.suspend(
                connection, change, trial=trial, state="paused", lost=lost, outcome="paused", reason=None
            )

        self.writer.put(Change(apply, lambda: self._drop(trial)))

    def retry(self, trial: Trial, why: str, *, attempts: int) -> TrialState:
        """Give up an attempt, and have the trial tried again; see ``Study.retry``."""
        self.writer.flush()

        def work(connection: Connection) -> TrialState:
            change, _ = self._store.bump(connection)
            before = self._store.standing(connection, trial.number)
            if self._store.database.retrying and before.state in ("waiting", "failed"):
                return before.state  # our first try was committed before the connection was lost
            lost = before.lost + 1
            if lost >= attempts:
                metrics = self._last(connection, trial)
                ending = Ending("failed", None, metrics, TrialError("WorkerLost", why))
                self._store.finish(connection, change, trial=trial, ending=ending)
                return "failed"
            self._store.suspend(
                connection, change, trial=trial, state="waiting", lost=lost, outcome="lost", reason=why
            )
            return "waiting"

        state = self._store.database.write(work)
        self._drop(trial)
        return state

    def checkpoint(self, trial: Trial, reference: str | os.PathLike[str], step: int | None) -> None:
        """Keep where a running trial can go on; see ``Study.checkpoint``."""
        step = None if step is None else check_whole(step, "step")
        write = functools.partial(
            self._store.checkpoint, trial=trial, reference=os.fspath(reference), step=step
        )
        self.writer.put(Change(write))

    def annotate(self, number: int, *, notes: Sequence[str] = (), tags: Sequence[str] = ()) -> None:
        """Add notes and tags to a trial in any state."""
        self.writer.put(
            Change(functools.partial(self._store.annotate, number=number, notes=notes, tags=tags))
        )

    def _drop(self, trial: Trial) -> None:
        held = self.held.get(trial.number)
        if held is not None and held.attempt == trial.attempt:
            self.held.pop(trial.number, None)
            self._running.pop(trial.number, None)

    def _forget(self) -> None:
        """Trust the database only: something handed in was not written."""
        self._running.clear()
        self._record_cache.forget()

    def _last(self, connection: Connection, trial: Trial) -> dict[str, float]:
        return reading.last_values(self._store, connection, trial)

    def _mine(self, trial: Trial) -> Running | None:
        running = self._running.get(trial.number)
        return running if running is not None and running.trial.attempt == trial.attempt else None

    def _is_alone(self, connection: Connection, trial: Trial) -> bool:
        """Tell whether all that is written of a running trial is known here."""
        running = self._mine(trial)
        return running is not None and self._store.standing(connection, trial.number).change == running.change
