"""Every statement a study executes, built once from the tables and compiled for one dialect.

Compiling is SQLAlchemy's most costly step, so it is done once for each connection; what remains for
a statement is one call to the driver.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Dialect,
    Double,
    Executable,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from sturgeon.study.storage.schema import OPEN_STATES, attempts, journal, points, studies, trials

_T = trials.c
_GIVEN_STUDY = bindparam("study", type_=Integer)
_GIVEN_NUMBER = bindparam("number", type_=Integer)
_STUDY = _T.study_id == _GIVEN_STUDY
_NUMBER = _T.number == _GIVEN_NUMBER
_ATTEMPT = _T.attempt == bindparam("attempt", type_=Integer)
_RUNNING = _T.state == literal_column("'running'")
_MINE = and_(_STUDY, _NUMBER, _ATTEMPT, _RUNNING)
_NOW = cast(bindparam("now"), Double)
_ENDS_ATTEMPT = {
    "seconds": func.coalesce(_T.seconds, literal_column("0.0")) + (_NOW - _T.attempt_started),
    "lease_ends": null(),
}
_THIS_STUDY = studies.c.id == _GIVEN_STUDY


class Statements:
    """The SQL text of each statement in one dialect; parameters are given by name."""

    def __init__(self, dialect: Dialect) -> None:
        def sql(statement: Executable) -> str:
            return str(statement.compile(dialect=dialect))  # type: ignore[attr-defined]

        is_open = _is_open(dialect.name)
        # -- the study's own row
        self.bump = sql(
            update(studies)
            .where(_THIS_STUDY)
            .values(change=studies.c.change + literal_column("1"))
            .returning(studies.c.change, studies.c.next_number)
        )
        self.advance = sql(
            update(studies).where(_THIS_STUDY).values(next_number=bindparam("next", type_=Integer))
        )
        self.head = sql(select(studies.c.change, studies.c.next_number).where(_THIS_STUDY))
        self.study_named = sql(select(*studies.c).where(studies.c.name == bindparam("name", type_=Text)))
        self.study_names = sql(select(studies.c.name).order_by(studies.c.id))
        # -- writing
        self.insert_trial = sql(insert(trials))
        self.insert_attempt = sql(insert(attempts))
        self.insert_point = sql(insert(points))
        self.report = sql(_report(dialect.name))
        self.claim = sql(_claim())
        self.finish = sql(
            _change_running(
                **_ENDS_ATTEMPT,
                state=bindparam("state", type_=Text),
                value=_given("value"),
                metrics=_given("metrics"),
                error=_given("error"),
                reason=_given("reason"),
                ended=_NOW,
            )
        )
        self.suspend = sql(
            _change_running(**_ENDS_ATTEMPT, state=bindparam("state", type_=Text), lost=_given("lost"))
        )
        self.abandon = sql(
            _change_running(
                **_ENDS_ATTEMPT,
                state=literal_column("'failed'"),
                lost=_given("lost"),
                error=_given("error"),
                ended=_NOW,
            )
        )
        self.checkpoint = sql(
            _change_running(checkpoint=_given("checkpoint"), checkpoint_step=_given("checkpoint_step"))
        )
        self.mark = sql(_change_running())
        self.renew = sql(
            update(trials)
            .where(is_open, _RUNNING, _T.worker == bindparam("worker", type_=Text))
            .values(lease_ends=_given("lease_ends"))
        )
        self.annotate = sql(
            update(trials)
            .where(_STUDY, _NUMBER)
            .values(change=_given("change"), notes=_given("notes"), tags=_given("tags"))
        )
        # -- reading trials
        self.open_trials = sql(
            select(
                _T.number,
                _T.state,
                _T.config,
                _T.attempt,
                _T.lost,
                _T.worker,
                _T.lease_ends,
                _T.checkpoint,
                _T.attempt_started,
            ).where(is_open)
        )
        self.standing = sql(
            select(_T.state, _T.attempt, _T.lost, _T.worker, _T.attempt_started, _T.change).where(
                _STUDY, _NUMBER
            )
        )
        self.changed = sql(
            select(_T.number, _T.state, _T.config, _T.value, _T.metrics, _T.tags, _T.about).where(
                _STUDY, _T.change > bindparam("seen", type_=Integer)
            )
        )
        self.changed_whole = sql(
            select(*trials.c).where(_STUDY, _T.change > bindparam("seen", type_=Integer)).order_by(_T.number)
        )
        self.annotations = sql(select(_T.notes, _T.tags).where(_STUDY, _NUMBER))
        self.all_trials = sql(select(*trials.c).where(_STUDY).order_by(_T.number))
        self.outcomes = sql(
            select(_T.number, _T.config, _T.state, _T.value).where(_STUDY).order_by(_T.number)
        )
        self.one_trial = sql(select(*trials.c).where(_STUDY, _NUMBER))
        self.valued_trials = sql(_valued(_T.value.asc()))
        self.best_low = self.valued_trials + " LIMIT 1"
        self.best_high = sql(_valued(_T.value.desc())) + " LIMIT 1"
        self.counts = sql(select(_T.state, func.count()).where(_STUDY).group_by(_T.state))
        self.attempts = sql(
            select(*attempts.c)
            .where(attempts.c.study_id == _GIVEN_STUDY, attempts.c.number == _GIVEN_NUMBER)
            .order_by(attempts.c.attempt)
        )
        self.lost_with = sql(
            select(attempts.c.number).where(
                attempts.c.study_id == _GIVEN_STUDY,
                attempts.c.worker == bindparam("worker", type_=Text),
                attempts.c.reason == bindparam("reason", type_=Text),
                attempts.c.number != _GIVEN_NUMBER,
            )
        )
        # -- deleting
        self.delete_trial = sql(
            delete(trials).where(_STUDY, _NUMBER, _T.state != literal_column("'running'"))
        )
        self.delete_points = sql(
            delete(points).where(points.c.study_id == _GIVEN_STUDY, points.c.number == _GIVEN_NUMBER)
        )
        self.delete_attempts = sql(
            delete(attempts).where(attempts.c.study_id == _GIVEN_STUDY, attempts.c.number == _GIVEN_NUMBER)
        )
        # -- the journal
        self.insert_entry = sql(insert(journal))
        entries = (
            select(*journal.c)
            .where(
                journal.c.study_id == _GIVEN_STUDY,
                journal.c.change > bindparam("seen", type_=Integer),
            )
            .order_by(journal.c.change)
        )
        self.entries = sql(entries)
        self.entries_of_kind = sql(entries.where(journal.c.kind == bindparam("kind", type_=Text)))
        # -- reading curves
        of_number = points.c.number == _GIVEN_NUMBER
        of_metric = points.c.metric == bindparam("metric", type_=Text)
        self.all_points = sql(_points())
        self.metric_points = sql(_points(of_metric))
        self.trial_points = sql(_points(of_number))
        self.later_points = sql(
            _points(of_number, of_metric, points.c.step > bindparam("step", type_=Integer))
        )
        self.points_since = sql(_points(of_number, points.c.step >= bindparam("step", type_=Integer)))
        self.points_between = sql(
            _points(
                points.c.number >= bindparam("first", type_=Integer),
                points.c.number <= bindparam("last", type_=Integer),
            )
        )
        self.open_points = sql(_points(points.c.number.in_(select(_T.number).where(is_open))))


_compiled: dict[str, Statements] = {}


def statements_for(dialect: Dialect) -> Statements:
    """Give the statements of a dialect, compiled once in a process.

    Args:
        dialect: The engine's dialect.
    """
    if dialect.name not in _compiled:
        _compiled[dialect.name] = Statements(dialect)
    return _compiled[dialect.name]


def _is_open(dialect_name: str) -> Any:
    # SQLite, which has no statistics, would else read the whole study: it is told that the study's number
    # narrows nothing down, so that the index of the open trials is worth its while.
    study = func.likely(_STUDY) if dialect_name == "sqlite" else _STUDY
    return and_(study, text(OPEN_STATES))


def _given(name: str) -> Any:
    column = trials.c[name]
    return (
        cast(bindparam(name), Double)
        if isinstance(column.type, Double)
        else bindparam(name, type_=column.type)
    )


def _report(dialect_name: str) -> Executable:
    """Insert a point, only while its trial is running in the attempt that reports it."""
    dialect = sqlite if dialect_name == "sqlite" else postgresql
    row = (
        select(
            _GIVEN_STUDY,
            _GIVEN_NUMBER,
            bindparam("metric", type_=Text),
            bindparam("step", type_=points.c.step.type),
            cast(bindparam("value"), Double),
            bindparam("attempt", type_=Integer),
        )
        .select_from(trials)
        .where(_MINE)
    )
    columns = ["study_id", "number", "metric", "step", "value", "attempt"]
    statement = dialect.insert(points).from_select(columns, row)
    return statement.on_conflict_do_update(
        index_elements=columns[:4],
        set_={"value": statement.excluded.value, "attempt": statement.excluded.attempt},
    )


def _claim() -> Executable:
    return (
        update(trials)
        .where(_STUDY, _NUMBER, _ATTEMPT, _T.state == bindparam("state", type_=Text))
        .values(
            state=literal_column("'running'"),
            change=_given("change"),
            attempt=_T.attempt + literal_column("1"),
            lost=_given("lost"),
            worker=bindparam("by", type_=Text),
            lease_ends=_given("lease_ends"),
            started=func.coalesce(_T.started, _NOW),
            attempt_started=_NOW,
        )
    )


def _change_running(**values: Any) -> Executable:
    """Change a trial, only while it is running in the given attempt."""
    return update(trials).where(_MINE).values(change=_given("change"), **values)


def _valued(order: Any) -> Executable:
    """Order the trials that have a value; of equals, the one that was first comes first."""
    return select(*trials.c).where(_STUDY, _T.value.is_not(None)).order_by(order, _T.number)


def _points(*conditions: Any) -> Executable:
    return (
        select(points.c.number, points.c.metric, points.c.step, points.c.value, points.c.attempt)
        .where(points.c.study_id == _GIVEN_STUDY, *conditions)
        .order_by(points.c.number, points.c.metric, points.c.step)
    )
