"""Writes as values, so that one goes alone and many go together in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from sturgeon.errors import LeaseLost
from sturgeon.search.record import Observation
from sturgeon.study.record_cache import RecordCache
from sturgeon.study.storage import Store
from sturgeon.study.trial import Trial


@dataclass(frozen=True, slots=True)
class Report:
    """Points of a curve, to be written.

    Attributes:
        trial: Whose they are.
        step: At which step.
        metrics: The values by metric.
        marks: Whether the trial is to be marked as changed. It must be unless its own handle reports a
            later step than before: such points others find by themselves.
    """

    trial: Trial
    step: int
    metrics: Mapping[str, float]
    marks: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a trial's row, to be written.

    Attributes:
        apply: Writes it, given a connection and the count of the change.
        at_once: Writes it in one statement outside of a transaction, and gives the count of the change; None
            where that cannot be.
        after_commit: Called once it is committed; says how a search now sees what changed, or None where
            that has to be read.
    """

    apply: Callable[[Connection, int], None]
    after_commit: Callable[[], list[Observation] | None] | None = None
    at_once: Callable[[Connection], int | None] | None = None


class _Open(threading.local):
    """The batch that the current thread has open."""

    pending: list[Report | Change] | None = None


class Writer:
    """Writes reports and changes, each at once or, within a batch, at its end."""

    def __init__(self, store: Store, record_cache: RecordCache, on_failure: Callable[[], None]) -> None:
        """Take where to write.

        Args:
            store: The study's rows.
            record_cache: The study's record, which is told what was written.
            on_failure: Called when something handed in was not written.
        """
        self._store = store
        self._record_cache = record_cache
        self._open = _Open()
        self._on_failure = on_failure

    def put(self, write: Report | Change) -> None:
        """Write it, or keep it for the end of this thread's batch.

        Raises:
            LeaseLost: Its trial takes nothing more from this attempt.
        """
        if self._open.pending is not None:
            self._open.pending.append(write)
        else:
            self._commit([write])

    def flush(self) -> None:
        """Write what this thread's batch holds so far."""
        pending = self._open.pending
        if pending:
            self._open.pending = []
            self._commit(pending)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Gather what this thread writes, and write it in one transaction at the end.

        An exception in the block discards what was gathered.
        """
        if self._open.pending is not None:  # the outer block writes it all
            yield
            return
        self._open.pending = []
        try:
            yield
            pending = self._open.pending
        except BaseException:  # whatever ends the block, Ctrl-C too, discards what was gathered
            self._open.pending = None
            self._on_failure()
            raise
        self._open.pending = None
        if pending:
            self._commit(pending)

    def _commit(self, writes: Sequence[Report | Change]) -> None:
        durable = any(isinstance(write, Change) for write in writes)
        counted = durable or any(isinstance(write, Report) and write.marks for write in writes)

        def work(connection: Connection) -> tuple[int, LeaseLost | None]:
            change = self._store.bump(connection)[0] if counted else 0
            return change, self._apply(connection, change, writes)

        try:
            change, lost = self._store.write(work, durable=durable, at_once=self._at_once(writes))
        except BaseException:  # whatever ended it, Ctrl-C too: what is known here may not be written
            self._on_failure()
            raise
        if lost is not None:
            self._on_failure()
            raise lost
        if counted:
            self._pass_on(change, writes)

    def _at_once(
        self, writes: Sequence[Report | Change]
    ) -> Callable[[Connection], tuple[int, LeaseLost | None] | None] | None:
        """Give the way to write it in one statement, which is a transaction of its own, if there is one."""
        if not self._store.takes_trips:
            return None
        if not any(isinstance(write, Change) or write.marks for write in writes):
            return lambda connection: (0, self._apply(connection, 0, writes))
        apply = writes[0].at_once if len(writes) == 1 and isinstance(writes[0], Change) else None
        if apply is None:
            return None

        def work(connection: Connection) -> tuple[int, LeaseLost | None] | None:
            change = apply(connection)
            return None if change is None else (change, None)

        return work

    def _pass_on(self, change: int, writes: Sequence[Report | Change]) -> None:
        """Hand the whole of a transaction to the record cache, or leave it to read all of it."""
        seen: list[Observation] | None = []
        for write in writes:
            if isinstance(write, Report):
                found = None if write.marks else []
            else:
                found = write.after_commit() if write.after_commit is not None else None
            seen = None if seen is None or found is None else seen + found
        if seen is not None:
            self._record_cache.add_committed(change, seen)

    def _apply(
        self, connection: Connection, change: int, writes: Sequence[Report | Change]
    ) -> LeaseLost | None:
        """Write them in order, neighbouring reports together; one refused does not hold up the rest."""
        lost: LeaseLost | None = None
        for group in _neighbours(writes):
            try:
                if isinstance(group, Change):
                    group.apply(connection, change)
                else:
                    self._report(connection, change, group)
            except LeaseLost as error:
                lost = lost or error
        return lost

    def _report(self, connection: Connection, change: int, writes: Sequence[Report]) -> None:
        for number, attempt in sorted({(one.trial.number, one.trial.attempt) for one in writes if one.marks}):
            self._store.mark(connection, change, number=number, attempt=attempt)
        self._store.report(connection, [(one.trial, one.step, one.metrics) for one in writes])


def _neighbours(writes: Sequence[Report | Change]) -> Iterator[Change | list[Report]]:
    """Give changes one by one and neighbouring reports together, in order."""
    reports: list[Report] = []
    for write in writes:
        if isinstance(write, Report):
            reports.append(write)
            continue
        if reports:
            yield reports
            reports = []
        yield write
    if reports:
        yield reports
