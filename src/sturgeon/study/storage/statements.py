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
    func,
    insert,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from sturgeon.study.storage.schema import OPEN_STATES, attempts, points, studies, trials

_T = trials.c
_STUDY = _T.study_id == bindparam("study", type_=Integer)
_NUMBER = _T.number == bindparam("number", type_=Integer)
_ATTEMPT = _T.attempt == bindparam("attempt", type_=Integer)
_RUNNING = _T.state == literal_column("'running'")
_MINE = and_(_STUDY, _NUMBER, _ATTEMPT, _RUNNING)
_NOW = cast(bindparam("now"), Double)
_SPENT = func.coalesce(_T.seconds, literal_column("0.0")) + (_NOW - _T.attempt_started)


class Statements:
    """The SQL text of each statement in one dialect; parameters are given by name."""

    def __init__(self, dialect: Dialect) -> None:
        def sql(statement: Executable) -> str:
            return str(statement.compile(dialect=dialect))  # type: ignore[attr-defined]

        is_open = _is_open(dialect.name)
        self.bump = sql(
            update(studies)
            .where(studies.c.id == bindparam("study", type_=Integer))
            .values(change=studies.c.change + literal_column("1"))
            .returning(studies.c.change, studies.c.next_number)
        )
        self.advance = sql(
            update(studies)
            .where(studies.c.id == bindparam("study", type_=Integer))
            .values(next_number=bindparam("next", type_=Integer))
        )
        self.head = sql(
            select(studies.c.change, studies.c.next_number).where(
                studies.c.id == bindparam("study", type_=Integer)
            )
        )
        self.insert_trial = sql(insert(trials))
        self.insert_attempt = sql(insert(attempts))
        self.insert_point = sql(insert(points))
        self.report = sql(_report(dialect.name))
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
        self.claim = sql(_claim())
        self.finish = sql(_finish())
        self.suspend = sql(_suspend())
        self.abandon = sql(_abandon())
        self.checkpoint = sql(
            update(trials)
            .where(_MINE)
            .values(
                change=_given("change"),
                checkpoint=_given("checkpoint"),
                checkpoint_step=_given("checkpoint_step"),
            )
        )
        self.renew = sql(
            update(trials)
            .where(
                is_open,
                _RUNNING,
                _T.worker == bindparam("worker", type_=Text),
            )
            .values(lease_ends=_given("lease_ends"))
        )
        self.annotate = sql(
            update(trials)
            .where(_STUDY, _NUMBER)
            .values(change=_given("change"), notes=_given("notes"), tags=_given("tags"))
        )
        self.mark = sql(update(trials).where(_MINE).values(change=_given("change")))
        self.annotations = sql(select(_T.notes, _T.tags).where(_STUDY, _NUMBER))
        self.standing = sql(
            select(_T.state, _T.attempt, _T.lost, _T.worker, _T.attempt_started, _T.change).where(
                _STUDY, _NUMBER
            )
        )
        self.changed = sql(
            select(_T.number, _T.state, _T.config, _T.value).where(
                _STUDY, _T.change > bindparam("seen", type_=Integer)
            )
        )
        self.all_trials = sql(select(*trials.c).where(_STUDY).order_by(_T.number))
        self.one_trial = sql(select(*trials.c).where(_STUDY, _NUMBER))
        self.finite_trials = sql(
            select(*trials.c).where(_STUDY, _T.value.is_not(None)).order_by(_T.value, _T.number)
        )
        self.best_low = sql(_best(highest=False)) + " LIMIT 1"
        self.best_high = sql(_best(highest=True)) + " LIMIT 1"
        self.counts = sql(select(_T.state, func.count()).where(_STUDY).group_by(_T.state))
        self.attempts = sql(
            select(*attempts.c)
            .where(
                attempts.c.study_id == bindparam("study", type_=Integer),
                attempts.c.number == bindparam("number", type_=Integer),
            )
            .order_by(attempts.c.attempt)
        )
        self.all_points = sql(_points())
        self.metric_points = sql(_points(points.c.metric == bindparam("metric", type_=Text)))
        self.trial_points = sql(_points(points.c.number == bindparam("number", type_=Integer)))
        self.later_points = sql(
            _points(
                points.c.number == bindparam("number", type_=Integer),
                points.c.metric == bindparam("metric", type_=Text),
                points.c.step > bindparam("step", type_=Integer),
            )
        )
        self.open_points = sql(_points(points.c.number.in_(select(_T.number).where(is_open))))
        self.insert_study = sql(insert(studies).returning(studies.c.id))
        self.study_named = sql(select(*studies.c).where(studies.c.name == bindparam("name", type_=Text)))
        self.study_names = sql(select(studies.c.name).order_by(studies.c.id))


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
            bindparam("study", type_=Integer),
            bindparam("number", type_=Integer),
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


def _finish() -> Executable:
    return (
        update(trials)
        .where(_MINE)
        .values(
            state=bindparam("state", type_=Text),
            change=_given("change"),
            value=_given("value"),
            metrics=_given("metrics"),
            error=_given("error"),
            reason=_given("reason"),
            ended=_NOW,
            seconds=_SPENT,
            lease_ends=null(),
        )
    )


def _suspend() -> Executable:
    """End the running attempt, and leave the trial to be asked again."""
    return (
        update(trials)
        .where(_MINE)
        .values(
            state=bindparam("state", type_=Text),
            change=_given("change"),
            lost=_given("lost"),
            seconds=_SPENT,
            lease_ends=null(),
        )
    )


def _abandon() -> Executable:
    """Fail a trial whose worker is gone and that has no attempt left."""
    return (
        update(trials)
        .where(_MINE)
        .values(
            state=literal_column("'failed'"),
            change=_given("change"),
            lost=_given("lost"),
            error=_given("error"),
            ended=_NOW,
            seconds=_SPENT,
            lease_ends=null(),
        )
    )


def _best(highest: bool) -> Executable:
    """Order the trials that have a value, the best first; of equals, the one that was first."""
    order = _T.value.desc() if highest else _T.value.asc()
    return select(*trials.c).where(_STUDY, _T.value.is_not(None)).order_by(order, _T.number)


def _points(*conditions: Any) -> Executable:
    return (
        select(points.c.number, points.c.metric, points.c.step, points.c.value, points.c.attempt)
        .where(points.c.study_id == bindparam("study", type_=Integer), *conditions)
        .order_by(points.c.number, points.c.metric, points.c.step)
    )
