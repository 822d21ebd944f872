"""Reading a study: its trials, the best of them, how many there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.study.objectives import Objective
from sturgeon.study.pareto import pareto_front
from sturgeon.study.storage.rows import group_points, load_metrics, to_record, to_time, to_value
from sturgeon.study.storage.store import Store
from sturgeon.study.trial import FINISHED, STATES, Attempt, Trial, TrialRecord, TrialState


def all_trials(store: Store, seed: int) -> list[TrialRecord]:
    """Read every trial, by number, with its curves."""
    key = {"study": store.study_id}

    def work(connection: Connection) -> tuple[Any, Any]:
        rows = connection.exec_driver_sql(store.database.sql.all_trials, key).fetchall()
        return rows, group_points(connection.exec_driver_sql(store.database.sql.all_points, key))

    rows, curves = store.database.read(work)
    return [to_record(row, curves.get(row.number, {}), seed) for row in rows]


def one_trial(store: Store, seed: int, number: int) -> TrialRecord:
    """Read one trial.

    Raises:
        StudyError: There is no such trial.
    """

    def work(connection: Connection) -> TrialRecord:
        row = _row(store, connection, number)
        return to_record(row, store.curves(connection, number), seed)

    return store.database.read(work)


def attempts(store: Store, number: int) -> list[Attempt]:
    """Read every attempt at a trial, in order; the last one is in the trial's own row."""

    def work(connection: Connection) -> list[Attempt]:
        row = _row(store, connection, number)
        key = {"study": store.study_id, "number": number}
        past = connection.exec_driver_sql(store.database.sql.attempts, key).fetchall()
        found = [
            _attempt(one.attempt, one.worker, one.started, one.ended, one.outcome, one.reason) for one in past
        ]
        if row.attempt > len(past):
            ended = row.ended if row.state in FINISHED else None
            found.append(_attempt(row.attempt, row.worker, row.attempt_started, ended, row.state, row.reason))
        return found

    return store.database.read(work)


def _row(store: Store, connection: Connection, number: int) -> Any:
    row = connection.exec_driver_sql(
        store.database.sql.one_trial, {"study": store.study_id, "number": number}
    ).fetchone()
    if row is None:
        raise store.missing(connection, number)
    return row


def _attempt(
    number: int, worker: str | None, started: float, ended: float | None, outcome: str, reason: str | None
) -> Attempt:
    begun = to_time(started or 0.0)
    assert begun is not None
    return Attempt(number, worker or "", begun, to_time(ended), outcome, reason)


def counts(store: Store) -> dict[TrialState, int]:
    """Count the trials in each state; all six are there."""
    rows: Any = store.database.read(
        lambda connection: connection.exec_driver_sql(
            store.database.sql.counts, {"study": store.study_id}
        ).fetchall()
    )
    found = {str(state): int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in STATES}


def best(store: Store, seed: int, objectives: tuple[Objective, ...]) -> TrialRecord:
    """Read the trial with the best value.

    Raises:
        StudyError: No trial has a value yet, or there are several objectives.
    """
    direction = objectives[0].direction
    if len(objectives) > 1:
        names = [one.metric for one in objectives]
        raise StudyError(f"`best` needs a single objective; this study has {names}: use `best_trials`.")
    sql = store.database.sql
    query = sql.best_low if direction == "minimize" else sql.best_high

    def work(connection: Connection) -> TrialRecord | None:
        row: Any = connection.exec_driver_sql(query, {"study": store.study_id}).fetchone()
        if row is None or row.value is None:
            return None
        return to_record(row, store.curves(connection, row.number), seed)

    found = store.database.read(work)
    if found is None:
        raise StudyError(f"no trial of {store.database.place!r} has a value yet; {_said(counts(store))}.")
    return found


def best_trials(store: Store, seed: int, objectives: tuple[Objective, ...]) -> list[TrialRecord]:
    """Read the trials that no other beats."""

    def work(connection: Connection) -> list[TrialRecord]:
        rows = connection.exec_driver_sql(
            store.database.sql.finite_trials, {"study": store.study_id}
        ).fetchall()
        found = []
        for row in rows:
            metrics = load_metrics(row.metrics)
            metrics[objectives[0].metric] = row.value
            if all(one.metric in metrics for one in objectives):
                found.append((row, [one.sign * metrics[one.metric] for one in objectives]))
        front: list[Any] = [found[index][0] for index in pareto_front([values for _, values in found])]
        front.sort(key=lambda row: row.number)
        return [to_record(row, store.curves(connection, row.number), seed) for row in front]

    return store.database.read(work)


def last_values(store: Store, connection: Connection, trial: Trial) -> dict[str, float]:
    """Read what a trial reported last, in this attempt where it reported anything."""
    rows = connection.exec_driver_sql(
        store.database.sql.trial_points, {"study": store.study_id, "number": trial.number}
    ).fetchall()
    found = {row[1]: to_value(row[3]) for row in rows}
    found.update({row[1]: to_value(row[3]) for row in rows if row[4] == trial.attempt})
    return found


def open_metrics(store: Store, connection: Connection) -> dict[int, dict[str, float]]:
    """Read the last values of the trials that have not ended."""
    rows = connection.exec_driver_sql(store.database.sql.open_points, {"study": store.study_id})
    return {
        number: {metric: curve[-1][1] for metric, curve in curves.items()}
        for number, curves in group_points(rows).items()
    }


def _said(found: dict[TrialState, int]) -> str:
    parts = [f"{count} {state}" for state, count in found.items() if count]
    return "its trials: " + (", ".join(parts) if parts else "none")
