"""What is written and read of one study: plain statements on rows, no searching and no policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import LeaseLost, StudyError
from sturgeon.study.leases import new_worker
from sturgeon.study.storage.database import Database
from sturgeon.study.storage.rows import (
    Curves,
    dump_error,
    dump_json,
    dump_metrics,
    from_value,
    group_points,
    load_list,
)
from sturgeon.study.trial import FINISHED, Trial, TrialError


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trial ends.

    Attributes:
        state: ``"complete"``, ``"stopped"`` or ``"failed"``.
        value: The first objective, or None.
        metrics: The final value of each metric.
        error: Why it failed, or None.
        reason: Why it was stopped, or None.
    """

    state: str
    value: float | None
    metrics: Mapping[str, float]
    error: TrialError | None = None
    reason: str | None = None


class Store:
    """One study's rows, as one worker writes them.

    Methods that take a connection are called within a transaction of ``database.write``.
    """

    def __init__(self, database: Database, study_id: int) -> None:
        """Take a database and which of its studies this is."""
        self.database = database
        self.study_id = study_id
        self.worker = new_worker()
        self._sql = database.sql

    # -- the study's own row ---------------------------------------------------------------------

    def bump(self, connection: Connection) -> tuple[int, int]:
        """Begin a change; give its count and the next trial's number. Others wait until it commits."""
        row = connection.exec_driver_sql(self._sql.bump, {"study": self.study_id}).fetchone()
        if row is None:
            raise StudyError(f"the study in {self.database.place!r} is gone: its row was deleted.")
        return row[0], row[1]

    def head(self, connection: Connection) -> tuple[int, int]:
        """Give the count of the last change and the next trial's number."""
        row = connection.exec_driver_sql(self._sql.head, {"study": self.study_id}).fetchone()
        if row is None:
            raise StudyError(f"the study in {self.database.place!r} is gone: its row was deleted.")
        return row[0], row[1]

    def advance(self, connection: Connection, next_number: int) -> None:
        """Write down the next trial's number."""
        self.database.change(connection, self._sql.advance, {"study": self.study_id, "next": next_number})

    # -- trials ----------------------------------------------------------------------------------

    def insert(self, connection: Connection, change: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add trials; columns that are not given are empty."""
        whole = [{**_EMPTY, "study_id": self.study_id, "change": change, **row} for row in rows]
        self.database.change(connection, self._sql.insert_trial, whole)

    def insert_points(self, connection: Connection, number: int, curves: Curves) -> None:
        """Add the curves of a trial that was just added."""
        rows = [
            {
                "study_id": self.study_id,
                "number": number,
                "metric": metric,
                "step": step,
                "value": from_value(value),
                "attempt": 0,
            }
            for metric, curve in curves.items()
            for step, value in curve
        ]
        if rows:
            self.database.change(connection, self._sql.insert_point, rows)

    def claim(self, connection: Connection, change: int, *, row: Any, lost: int, until: float) -> bool:
        """Take over an open trial, as it was seen in ``row``; tell whether it was still so."""
        taken = connection.exec_driver_sql(
            self._sql.claim,
            {
                "study": self.study_id,
                "number": row.number,
                "attempt": row.attempt,
                "state": row.state,
                "change": change,
                "lost": lost,
                "by": self.worker,
                "lease_ends": until,
                "now": self.database.now(connection),
            },
        )
        return taken.rowcount == 1

    def abandon(self, connection: Connection, change: int, *, row: Any, lost: int, error: TrialError) -> bool:
        """Fail a trial whose worker is gone; tell whether it was still as seen in ``row``."""
        done = connection.exec_driver_sql(
            self._sql.abandon,
            {
                "study": self.study_id,
                "number": row.number,
                "attempt": row.attempt,
                "change": change,
                "lost": lost,
                "error": dump_error(error),
                "now": self.database.now(connection),
            },
        )
        return done.rowcount == 1

    def finish(self, connection: Connection, change: int, *, trial: Trial, ending: Ending) -> None:
        """End a running trial.

        Raises:
            LeaseLost: It is not running in this attempt any more.
        """
        done = self.database.change(
            connection,
            self._sql.finish,
            {
                **self._key(trial),
                "state": ending.state,
                "change": change,
                "value": ending.value,
                "metrics": dump_metrics(ending.metrics),
                "error": dump_error(ending.error),
                "reason": ending.reason,
                "now": self.database.now(connection),
            },
        )
        if done != 1:
            self._check_written(connection, trial, ending.state)

    def suspend(
        self,
        connection: Connection,
        change: int,
        *,
        trial: Trial,
        state: str,
        lost: int,
        outcome: str,
        reason: str | None,
    ) -> None:
        """End the running attempt, and leave the trial to be asked again.

        Raises:
            LeaseLost: It is not running in this attempt any more.
        """
        now = self.database.now(connection)
        before = self.standing(connection, trial.number)
        done = connection.exec_driver_sql(
            self._sql.suspend,
            {**self._key(trial), "state": state, "change": change, "lost": lost, "now": now},
        )
        if done.rowcount != 1:
            self._check_written(connection, trial, state)
            return
        self.end_attempt(connection, trial.number, before, now=now, outcome=outcome, reason=reason)

    def end_attempt(
        self, connection: Connection, number: int, row: Any, *, now: float, outcome: str, reason: str | None
    ) -> None:
        """Keep an attempt that ended without ending its trial."""
        connection.exec_driver_sql(
            self._sql.insert_attempt,
            {
                "study_id": self.study_id,
                "number": number,
                "attempt": row.attempt,
                "worker": row.worker,
                "started": row.attempt_started,
                "ended": now,
                "outcome": outcome,
                "reason": reason,
            },
        )

    def checkpoint(
        self, connection: Connection, change: int, *, trial: Trial, reference: str, step: int | None
    ) -> None:
        """Keep where a running trial can go on.

        Raises:
            LeaseLost: It is not running in this attempt any more.
        """
        done = connection.exec_driver_sql(
            self._sql.checkpoint,
            {**self._key(trial), "change": change, "checkpoint": reference, "checkpoint_step": step},
        )
        if done.rowcount != 1:
            raise self.lost(connection, trial)

    def annotate(
        self, connection: Connection, change: int, *, number: int, notes: Sequence[str], tags: Sequence[str]
    ) -> None:
        """Add notes and tags; a tag that is there already is not put on twice."""
        row = connection.exec_driver_sql(
            self._sql.annotations, {"study": self.study_id, "number": number}
        ).fetchone()
        if row is None:
            raise self.missing(connection, number)
        old_notes, old_tags = load_list(row[0]), load_list(row[1])
        if self.database.retrying and old_notes[len(old_notes) - len(notes) :] == tuple(notes):
            notes = ()
        all_notes = [*old_notes, *notes]
        all_tags = list(dict.fromkeys([*old_tags, *tags]))
        connection.exec_driver_sql(
            self._sql.annotate,
            {
                "study": self.study_id,
                "number": number,
                "change": change,
                "notes": dump_json(all_notes) if all_notes else None,
                "tags": dump_json(all_tags) if all_tags else None,
            },
        )

    # -- curves ----------------------------------------------------------------------------------

    def report(self, connection: Connection, rows: Sequence[tuple[Trial, int, Mapping[str, float]]]) -> None:
        """Write points; those of trials that are running in their attempt are written in any case.

        Args:
            connection: Within a transaction.
            rows: Trial, step and metrics.

        Raises:
            LeaseLost: Some trials are not running in their attempt any more.
        """
        given = [
            {**self._key(trial), "step": step, "metric": metric, "value": from_value(value)}
            for trial, step, metrics in rows
            for metric, value in metrics.items()
        ]
        if not given:
            return
        done = self.database.change(connection, self._sql.report, given if len(given) > 1 else given[0])
        if done != len(given):
            seen = {trial.number: trial for trial, _, _ in rows}
            stale = [trial for trial in seen.values() if not self.is_current(connection, trial)]
            if stale:
                raise self.lost(connection, stale[0])

    def mark(self, connection: Connection, change: int, *, number: int, attempt: int) -> None:
        """Say that a running trial has changed, so that others read it again."""
        key = {"study": self.study_id, "number": number, "attempt": attempt, "change": change}
        self.database.change(connection, self._sql.mark, key)

    def curves(self, connection: Connection, number: int) -> Curves:
        """Read the curves of one trial."""
        rows = connection.exec_driver_sql(
            self._sql.trial_points, {"study": self.study_id, "number": number}
        ).fetchall()
        return group_points(rows).get(number, {})

    # -- leases ----------------------------------------------------------------------------------

    def renew(self, seconds: float) -> None:
        """Let this worker's leases end that many seconds from now.

        Args:
            seconds: From now; a lease of 0 has been given up.
        """

        def work(connection: Connection) -> None:
            until = self.database.now(connection) + seconds if seconds > 0 else 0.0
            connection.exec_driver_sql(
                self._sql.renew, {"study": self.study_id, "worker": self.worker, "lease_ends": until}
            )

        self.database.write(work, durable=False)

    def standing(self, connection: Connection, number: int) -> Any:
        """Give a trial's state, attempt, losses, worker, start of the attempt and last change.

        Raises:
            StudyError: There is no such trial.
        """
        row = connection.exec_driver_sql(
            self._sql.standing, {"study": self.study_id, "number": number}
        ).fetchone()
        if row is None:
            raise self.missing(connection, number)
        return row

    def is_current(self, connection: Connection, trial: Trial) -> bool:
        """Tell whether a trial is running in this attempt, or was when our first try was committed."""
        row = self.standing(connection, trial.number)
        again = self.database.retrying and row.worker == self.worker
        return row.attempt == trial.attempt and (row.state == "running" or again)

    def lost(self, connection: Connection, trial: Trial) -> LeaseLost:
        """Say why a trial takes nothing more from this attempt."""
        row = self.standing(connection, trial.number)
        now = f"is {row.state}" if row.state in FINISHED else f"is {row.state} in attempt {row.attempt}"
        return LeaseLost(
            f"only the running attempt of a trial may report on it; trial {trial.number} {now} and this was "
            f"attempt {trial.attempt}, so nothing of it was written: stop working on it and ask for another."
        )

    def missing(self, connection: Connection, number: int) -> StudyError:
        """Say that there is no such trial."""
        count = self.head(connection)[1]
        return StudyError(f"a trial's number must be one of the study's, 0 to {count - 1}; got {number}.")

    def _check_written(self, connection: Connection, trial: Trial, state: str) -> None:
        """Accept what our own first try wrote before the connection was lost; refuse all else."""
        row = self.standing(connection, trial.number)
        ours = row.worker == self.worker and row.attempt == trial.attempt and row.state == state
        if not (self.database.retrying and ours):
            raise self.lost(connection, trial)

    def _key(self, trial: Trial) -> dict[str, Any]:
        return {"study": self.study_id, "number": trial.number, "attempt": trial.attempt}


_EMPTY: dict[str, Any] = {
    "value": None,
    "metrics": None,
    "error": None,
    "reason": None,
    "notes": None,
    "tags": None,
    "about": None,
    "attempt": 0,
    "lost": 0,
    "worker": None,
    "lease_ends": None,
    "checkpoint": None,
    "checkpoint_step": None,
    "started": None,
    "attempt_started": None,
    "ended": None,
    "seconds": None,
}
