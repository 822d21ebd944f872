"""What is written of one study: plain statements on rows, no searching and no policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection

from sturgeon.errors import LeaseLost, StudyError
from sturgeon.plain_text import plain
from sturgeon.study.leases import new_worker
from sturgeon.study.storage.database import Database
from sturgeon.study.storage.description import Description
from sturgeon.study.storage.reader import DELETED, Reader
from sturgeon.study.storage.rows import (
    Curves,
    dump_error,
    dump_list,
    dump_metrics,
    from_value,
    load_list,
    to_row,
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
    """One study's rows, as one worker writes them; ``reader`` reads them.

    Methods that take a connection are called within ``write``, those of the reader within ``read`` too.
    """

    def __init__(self, database: Database, study_id: int, name: str, description: Description) -> None:
        """Take a database and which of its studies this is."""
        self.name = name
        self.description = description
        self.worker = new_worker()
        self.next_number = 0  # as the server last said when a trial began or ended at once
        self.read = database.read
        self.write = database.write
        self.now = database.now
        self.close = database.close
        self.reader = Reader(database, study_id, description.seed)
        self._database = database
        self._study_id = study_id
        self._sql = database.sql
        self._one_trip = database.one_trip

    @property
    def takes_trips(self) -> bool:
        """Whether each statement has a way to go, so that few of them are wanted."""
        return self._one_trip is not None

    @property
    def place(self) -> str:
        """The path, or the URL without its password."""
        place = self._database.place
        if self._database.is_file:
            return place
        return f"{place}{'&' if '?' in place else '?'}{urlencode({'study': self.name})}"

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._database.closed

    @property
    def connections(self) -> int:
        """How often a connection was made; what was seen over an earlier one may have been lost with it."""
        return self._database.connections

    @property
    def retrying(self) -> bool:
        """Whether a transaction runs again after the connection was lost."""
        return self._database.retrying

    def _execute(self, connection: Connection, statement: str, **parameters: Any) -> Any:
        return connection.exec_driver_sql(statement, {"study": self._study_id, **parameters})

    def _change(self, connection: Connection, statement: str, **parameters: Any) -> int:
        return self._database.change(connection, statement, {"study": self._study_id, **parameters})

    # -- the study's own row ---------------------------------------------------------------------

    def bump(self, connection: Connection) -> tuple[int, int]:
        """Begin a change; give its count and the next trial's number. Others wait until it commits."""
        row = self._execute(connection, self._sql.bump).fetchone()
        if row is None:
            raise self.reader.gone()
        return row[0], row[1]

    def advance(self, connection: Connection, next_number: int) -> None:
        """Write down the next trial's number."""
        self._change(connection, self._sql.advance, next=next_number)

    # -- writing trials --------------------------------------------------------------------------

    def insert(self, connection: Connection, change: int, trials: Sequence[Mapping[str, Any]]) -> None:
        """Add trials, given as values by column; columns that are not given are empty."""
        rows = [to_row({"study_id": self._study_id, "change": change, **trial}) for trial in trials]
        self._database.change(connection, self._sql.insert_trial, rows)

    def begin_at_once(
        self,
        connection: Connection,
        first: int,
        configs: str,
        *,
        beyond: int,
        seconds: float,
        looked: bool,
        paused: bool,
        meanwhile: Callable[[], None],
    ) -> tuple[int, int] | None:
        """Begin the next trial in one trip, with the configuration that is meant for its number.

        Args:
            connection: Not within a transaction.
            first: The number that the first configuration is for.
            configs: A JSON list, for this number and those that follow.
            beyond: The first number that is not to be begun.
            seconds: How long the lease lasts.
            looked: Whether it is known that nothing else is to be handed out; if not, the server looks.
            paused: Whether paused trials count as waiting.
            meanwhile: Called while the answer is on its way.

        Returns:
            The count of the change, and the number; None where no configuration is for the next number.
        """
        assert self._one_trip is not None
        begun = self._one_trip.begin(
            connection, self._study_id, first=first, configs=configs, beyond=beyond, worker=self.worker,
            seconds=seconds, looked=looked, paused=paused, meanwhile=meanwhile,
        )  # fmt: skip
        self.next_number = self.next_number if begun is None else begun[1] + 1
        return begun

    def finish_at_once(
        self, connection: Connection, known: int, *, trial: Trial, ending: Ending
    ) -> int | None:
        """End a running trial in one trip, if nobody wrote of it since the change ``known`` nor tagged it.

        Returns:
            The count of the change, or None where it was not so.
        """
        assert self._one_trip is not None
        values = {**_key(trial), **_ended(ending)}
        found = self._one_trip.finish(connection, self._study_id, known=known, values=values)
        if found is None:
            return None
        change, self.next_number = found
        return change

    def insert_points(self, connection: Connection, number: int, curves: Curves) -> None:
        """Add the curves of a trial that was just added."""
        rows = [
            {
                "study_id": self._study_id,
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
            self._database.change(connection, self._sql.insert_point, rows)

    def claim(self, connection: Connection, change: int, *, row: Any, lost: int, until: float) -> bool:
        """Take over an open trial, as it was seen in ``row``; tell whether it was still so."""
        taken = self._execute(
            connection,
            self._sql.claim,
            number=row.number,
            attempt=row.attempt,
            state=row.state,
            change=change,
            lost=lost,
            by=self.worker,
            lease_ends=until,
            now=self.now(connection),
        )
        return taken.rowcount == 1

    def abandon(self, connection: Connection, change: int, *, row: Any, lost: int, error: TrialError) -> bool:
        """Fail a trial whose worker is gone; tell whether it was still as seen in ``row``."""
        done = self._execute(
            connection,
            self._sql.abandon,
            number=row.number,
            attempt=row.attempt,
            change=change,
            lost=lost,
            error=dump_error(error),
            now=self.now(connection),
        )
        return done.rowcount == 1

    def finish(self, connection: Connection, change: int, *, trial: Trial, ending: Ending) -> None:
        """End a running trial.

        Raises:
            LeaseLost: It is not running in this attempt any more.
        """
        done = self._change(
            connection,
            self._sql.finish,
            **_key(trial),
            **_ended(ending),
            change=change,
            now=self.now(connection),
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
        now = self.now(connection)
        before = self.standing(connection, trial)
        done = self._execute(
            connection, self._sql.suspend, **_key(trial), state=state, change=change, lost=lost, now=now
        )
        if done.rowcount != 1:
            self._check_written(connection, trial, state)
            return
        self.end_attempt(connection, trial.number, before, now=now, outcome=outcome, reason=reason)

    def end_attempt(
        self, connection: Connection, number: int, row: Any, *, now: float, outcome: str, reason: str | None
    ) -> None:
        """Keep an attempt that ended without ending its trial."""
        values = {
            "study_id": self._study_id,
            "number": number,
            "attempt": row.attempt,
            "worker": row.worker,
            "started": row.attempt_started,
            "ended": now,
            "outcome": outcome,
            "reason": None if reason is None else plain(reason),
        }
        connection.exec_driver_sql(self._sql.insert_attempt, values)

    def checkpoint(
        self, connection: Connection, change: int, *, trial: Trial, reference: str, step: int | None
    ) -> None:
        """Keep where a running trial can go on.

        Raises:
            LeaseLost: It is not running in this attempt any more.
        """
        done = self._execute(
            connection,
            self._sql.checkpoint,
            **_key(trial),
            change=change,
            checkpoint=reference,
            checkpoint_step=step,
        )
        if done.rowcount != 1:
            raise self.lost(connection, trial)

    def annotate(
        self, connection: Connection, change: int, *, number: int, notes: Sequence[str], tags: Sequence[str]
    ) -> None:
        """Add notes and tags; a tag that is there already is not put on twice."""
        row = self._execute(connection, self._sql.annotations, number=number).fetchone()
        if row is None:
            raise self.reader.missing(connection, number)
        old_notes, old_tags = load_list(row[0]), load_list(row[1])
        if self.retrying and old_notes[len(old_notes) - len(notes) :] == tuple(notes):
            notes = ()
        self._execute(
            connection,
            self._sql.annotate,
            number=number,
            change=change,
            notes=dump_list([*old_notes, *notes]),
            tags=dump_list(list(dict.fromkeys([*old_tags, *tags]))),
        )

    def delete(self, connection: Connection, number: int) -> int:
        """Remove a trial, and note in the journal that it was there; give the count of the change.

        Its number is never given again.

        Raises:
            StudyError: There is no such trial, or it is running.
        """
        if not self._change(connection, self._sql.delete_trial, number=number):
            state = self.reader.standing(connection, number).state
            raise StudyError(
                f"a trial can be deleted once it does not run; trial {number} is {state}: wait for its end."
            )
        self._execute(connection, self._sql.delete_points, number=number)
        self._execute(connection, self._sql.delete_attempts, number=number)
        entry = {"kind": DELETED, "number": number, "author": "", "body": "{}"}
        return self.add_entry(connection, entry)[1]

    def add_entry(self, connection: Connection, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Add an entry to the journal; give its row, in the order of the table's columns."""
        change, _ = self.bump(connection)
        entry = {"study_id": self._study_id, "change": change, "time": self.now(connection), **row}
        self._database.change(connection, self._sql.insert_entry, entry)
        return tuple(entry.values())

    def report(self, connection: Connection, rows: Sequence[tuple[Trial, int, Mapping[str, float]]]) -> None:
        """Write points; those of trials that are running in their attempt are written in any case.

        Args:
            connection: Within a transaction.
            rows: Trial, step and metrics.

        Raises:
            LeaseLost: Some trials are not running in their attempt any more.
        """
        given = [
            {
                "study": self._study_id,
                **_key(trial),
                "step": step,
                "metric": metric,
                "value": from_value(value),
            }
            for trial, step, metrics in rows
            for metric, value in metrics.items()
        ]
        if not given:
            return
        if self._one_trip is not None:
            complete = self._one_trip.report(connection, self._study_id, given)
        else:
            done = self._database.change(connection, self._sql.report, given if len(given) > 1 else given[0])
            complete = done == len(given)
        if not complete:
            seen = {trial.number: trial for trial, _, _ in rows}
            stale = [trial for trial in seen.values() if not self._is_current(connection, trial)]
            if stale:
                raise self.lost(connection, stale[0])

    def mark(self, connection: Connection, change: int, *, number: int, attempt: int) -> None:
        """Say that a running trial has changed, so that others read it again."""
        self._change(connection, self._sql.mark, number=number, attempt=attempt, change=change)

    def renew(self, seconds: float) -> None:
        """Let this worker's leases end that many seconds from now.

        Args:
            seconds: From now; a lease of 0 has been given up.
        """

        def work(connection: Connection) -> None:
            until = self.now(connection) + seconds if seconds > 0 else 0.0
            self._execute(connection, self._sql.renew, worker=self.worker, lease_ends=until)

        self.write(work, durable=False)

    # -- whether a trial is still ours -----------------------------------------------------------

    def standing(self, connection: Connection, trial: Trial) -> Any:
        """Give what ``Reader.standing`` does of a trial that was handed out.

        Raises:
            LeaseLost: There is none any more.
        """
        try:
            return self.reader.standing(connection, trial.number)
        except StudyError as error:
            raise LeaseLost(
                f"trial {trial.number} was deleted, and nothing of it was written: {error}"
            ) from None

    def lost(self, connection: Connection, trial: Trial) -> LeaseLost:
        """Say why a trial takes nothing more from this attempt."""
        row = self.standing(connection, trial)
        now = f"is {row.state}" if row.state in FINISHED else f"is {row.state} in attempt {row.attempt}"
        return LeaseLost(
            f"only the running attempt of a trial may report on it; trial {trial.number} {now} and this was "
            f"attempt {trial.attempt}, so nothing of it was written: stop working on it and ask for another."
        )

    def _is_current(self, connection: Connection, trial: Trial) -> bool:
        """Tell whether a trial is running in this attempt, or was when our first try was committed."""
        row = self.standing(connection, trial)
        again = self.retrying and row.worker == self.worker
        return row.attempt == trial.attempt and (row.state == "running" or again)

    def _check_written(self, connection: Connection, trial: Trial, state: str) -> None:
        """Accept what our own first try wrote before the connection was lost; refuse all else."""
        row = self.standing(connection, trial)
        ours = row.worker == self.worker and row.attempt == trial.attempt and row.state == state
        if not (self.retrying and ours):
            raise self.lost(connection, trial)


def _ended(ending: Ending) -> dict[str, Any]:
    return {
        "state": ending.state,
        "value": ending.value,
        "metrics": dump_metrics(ending.metrics),
        "error": dump_error(ending.error),
        "reason": None if ending.reason is None else plain(ending.reason),
    }


def _key(trial: Trial) -> dict[str, Any]:
    return {"number": trial.number, "attempt": trial.attempt}
