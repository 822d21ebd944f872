"""What is read of one study: its trials, their attempts and their curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.space import Config
from sturgeon.study.storage.database import Database
from sturgeon.study.storage.rows import (
    Curves,
    group_points,
    load_list,
    load_metrics,
    to_attempt,
    to_last_attempt,
    to_record,
    to_value,
)
from sturgeon.study.trial import STATES, Attempt, Trial, TrialRecord, TrialState

if TYPE_CHECKING:
    import pandas as pd

MANY_TRIALS = 100
"""Above so many trials, reading the points of all is quicker than a statement for each."""


class Reader:
    """Reads one study's rows. Methods that take a connection are called within a read or a write."""

    def __init__(self, database: Database, study_id: int, seed: int) -> None:
        """Take a database, which of its studies this is, and that study's seed."""
        self._database = database
        self._study_id = study_id
        self._seed = seed
        self._sql = database.sql

    def _execute(self, connection: Connection, statement: str, **parameters: Any) -> Any:
        return connection.exec_driver_sql(statement, {"study": self._study_id, **parameters})

    def head(self, connection: Connection) -> tuple[int, int]:
        """Give the count of the last change and the next trial's number."""
        row = self._execute(connection, self._sql.head).fetchone()
        if row is None:
            raise self.gone()
        return row[0], row[1]

    def gone(self) -> StudyError:
        """Say that the study's own row is missing."""
        return StudyError(f"the study in {self._database.place!r} is gone: its row was deleted.")

    def missing(self, connection: Connection, number: int) -> StudyError:
        """Say that there is no such trial."""
        count = self.head(connection)[1]
        return StudyError(f"a trial's number must be one of the study's, 0 to {count - 1}; got {number}.")

    def entries(self, connection: Connection, seen: int, kind: str | None) -> list[Any]:
        """Read the journal's rows whose change is above ``seen``, in order; of one kind, or of all."""
        if kind is None:
            return self._execute(connection, self._sql.entries, seen=seen).fetchall()
        return self._execute(connection, self._sql.entries_of_kind, seen=seen, kind=kind).fetchall()

    # -- reading trials --------------------------------------------------------------------------

    def records(self, connection: Connection) -> list[TrialRecord]:
        """Read every trial, by number, with its curves."""
        rows = self._execute(connection, self._sql.all_trials).fetchall()
        curves = group_points(self._execute(connection, self._sql.all_points))
        return [self._record(row, curves.get(row.number, {})) for row in rows]

    def outcomes(self, connection: Connection) -> list[tuple[int, Config, TrialState, float | None]]:
        """Read every trial's number, configuration, state and value, by number, and nothing else of it."""
        rows = self._execute(connection, self._sql.outcomes).fetchall()
        configs = json.loads(f"[{','.join([row[1] for row in rows])}]")  # at once: half the time
        return [
            (number, config, state, value)
            for (number, _, state, value), config in zip(rows, configs, strict=True)
        ]

    def record(self, connection: Connection, number: int) -> TrialRecord:
        """Read one trial with its curves.

        Raises:
            StudyError: There is no such trial.
        """
        row = self._trial_row(connection, self._sql.one_trial, number)
        return self._record(row, self.curves(connection, number))

    def best_record(self, connection: Connection, *, highest: bool) -> TrialRecord | None:
        """Read the trial with the lowest or the highest value; the first of equals."""
        statement = self._sql.best_high if highest else self._sql.best_low
        row = self._execute(connection, statement).fetchone()
        return None if row is None else self._record(row, self.curves(connection, row.number))

    def valued_metrics(self, connection: Connection) -> list[tuple[int, float, dict[str, float]]]:
        """Read number, value and final metrics of the trials that have a value, the lowest first."""
        rows = self._execute(connection, self._sql.valued_trials)
        return [(row.number, row.value, load_metrics(row.metrics)) for row in rows]

    def _record(self, row: Any, curves: Curves) -> TrialRecord:
        return to_record(row, curves, self._seed)

    def attempts(self, connection: Connection, number: int) -> list[Attempt]:
        """Read every attempt at a trial, in order; the last one is in the trial's own row."""
        row = self._trial_row(connection, self._sql.one_trial, number)
        found = [to_attempt(one) for one in self._execute(connection, self._sql.attempts, number=number)]
        return [*found, to_last_attempt(row)] if row.attempt > len(found) else found

    def lost_with(self, connection: Connection, row: Any, reason: str) -> bool:
        """Tell whether other trials were lost with the worker of this one, for that reason."""
        found = self._execute(
            connection, self._sql.lost_with, worker=row.worker, reason=reason, number=row.number
        )
        return found.fetchone() is not None

    def counts(self, connection: Connection) -> dict[TrialState, int]:
        """Count the trials in each state; all six are there."""
        found = {str(state): int(count) for state, count in self._execute(connection, self._sql.counts)}
        return {state: found.get(state, 0) for state in STATES}

    def standing(self, connection: Connection, number: int) -> Any:
        """Give a trial's state, attempt, losses, worker, start of the attempt and last change.

        Raises:
            StudyError: There is no such trial.
        """
        return self._trial_row(connection, self._sql.standing, number)

    def tags(self, connection: Connection, number: int) -> tuple[str, ...]:
        """Read a trial's tags."""
        return load_list(self._trial_row(connection, self._sql.annotations, number).tags)

    def _trial_row(self, connection: Connection, statement: str, number: int) -> Any:
        row = self._execute(connection, statement, number=number).fetchone()
        if row is None:
            raise self.missing(connection, number)
        return row

    def open_trials(self, connection: Connection) -> list[Any]:
        """Read the rows of the trials that have not ended, by number; ``config`` is JSON."""
        return _by_number(self._execute(connection, self._sql.open_trials).fetchall())

    def changed_trials(self, connection: Connection, seen: int) -> list[Any]:
        """Read the rows of the trials that changed after that count, by number; ``config`` is JSON."""
        return _by_number(self._execute(connection, self._sql.changed, seen=seen).fetchall())

    def changed_records(
        self, connection: Connection, seen: int, curves: Mapping[int, Curves]
    ) -> list[TrialRecord]:
        """Read the trials that changed after that count, by number, and give them these curves."""
        rows = self._execute(connection, self._sql.changed_whole, seen=seen)
        return [self._record(row, curves.get(row.number, {})) for row in rows]

    def frame(self) -> pd.DataFrame:
        """Give the trials as a table, a row each; see ``Study.frame``."""
        from sturgeon.study.storage.frame import to_frame

        def work(connection: Connection) -> tuple[Any, dict[int, Curves]]:
            rows = self._execute(connection, self._sql.all_trials).fetchall()
            return rows, group_points(self._execute(connection, self._sql.open_points))

        return to_frame(*self._database.read(work))

    # -- reading curves --------------------------------------------------------------------------

    def curves(self, connection: Connection, number: int) -> Curves:
        """Read the curves of one trial."""
        rows = self._execute(connection, self._sql.trial_points, number=number)
        return group_points(rows).get(number, {})

    def curves_since(self, connection: Connection, number: int, step: int) -> Curves:
        """Read the curves of one trial from a step on."""
        rows = self._execute(connection, self._sql.points_since, number=number, step=step)
        return group_points(rows).get(number, {})

    def curves_between(self, connection: Connection, first: int, last: int) -> dict[int, Curves]:
        """Read the curves of the trials from one number to another, both among them."""
        return group_points(self._execute(connection, self._sql.points_between, first=first, last=last))

    def last_values(self, connection: Connection, trial: Trial) -> dict[str, float]:
        """Read what a trial reported last, in this attempt where it reported anything."""
        rows = self._execute(connection, self._sql.trial_points, number=trial.number).fetchall()
        found = {row[1]: to_value(row[3]) for row in rows}
        found.update({row[1]: to_value(row[3]) for row in rows if row[4] == trial.attempt})
        return found

    def points(
        self, connection: Connection, metric: str, numbers: Sequence[int]
    ) -> dict[int, dict[int, float]]:
        """Read one metric's points by trial and step, without those that are NaN."""
        if len(numbers) <= MANY_TRIALS:
            later = {number: self.later_points(connection, metric, number, after=-1) for number in numbers}
            return {
                number: {step: value for step, value in points if value is not None}
                for number, points in later.items()
            }
        found: dict[int, dict[int, float]] = {}
        for row in self._execute(connection, self._sql.metric_points, metric=metric).fetchall():
            number, _, step, value, *_ = row
            if value is not None:
                found.setdefault(number, {})[step] = value
        return found

    def later_points(
        self, connection: Connection, metric: str, number: int, *, after: int
    ) -> list[tuple[int, float | None]]:
        """Read a trial's points of one metric after a step; None stands for NaN."""
        rows = self._execute(connection, self._sql.later_points, metric=metric, number=number, step=after)
        return [(row[2], row[3]) for row in rows]


def _by_number(rows: list[Any]) -> list[Any]:
    """Sort rows here: asked to do it, SQLite would leave its index."""
    return sorted(rows, key=lambda row: row.number)
