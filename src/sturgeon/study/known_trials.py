"""Trials that come from outside: configurations to try next, and trials one already knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.space import Config, Space
from sturgeon.study.objectives import Objective
from sturgeon.study.storage import Store
from sturgeon.study.trial import (
    EDITED,
    FINISHED,
    STATES,
    TrialError,
    TrialState,
    check_metrics,
    check_whole,
    is_finite,
)


@dataclass(frozen=True)
class KnownTrial:
    """A trial as somebody knows it; the fields are those of ``TrialRecord``."""

    config: Config
    metrics: Mapping[str, float] = field(default_factory=dict)
    state: TrialState = "complete"
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    error: str | BaseException | TrialError | None = None
    reason: str | None = None
    notes: Sequence[str] = ()
    tags: Sequence[str] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    checkpoint: str | None = None
    checkpoint_step: int | None = None


def add_trials(
    store: Store,
    space: Space,
    objectives: tuple[Objective, ...],
    known: Sequence[KnownTrial],
    *,
    unless: Callable[[Connection], bool] = lambda connection: False,
) -> list[int]:
    """Write down trials that are known, in one transaction; give their numbers.

    Args:
        store: The study's rows.
        space: What may vary.
        objectives: What the study minimises or maximises.
        known: The trials.
        unless: Asked while nobody else can write: where it says True, nothing is written.

    Raises:
        SpaceError: A configuration is not in the space.
        StudyError: A state, a metric or a curve breaks a rule.
    """
    rows = [_row(space, objectives, one) for one in known]
    curves = [
        {
            metric: [(check_whole(step, "step"), float(value)) for step, value in curve]
            for metric, curve in one.curves.items()
        }
        for one in known
    ]

    def work(connection: Connection) -> list[int]:
        change, first = store.bump(connection)
        if unless(connection):
            return []
        numbers = list(range(first, first + len(rows)))
        store.insert(
            connection, change, [{**row, "number": number} for row, number in zip(rows, numbers, strict=True)]
        )
        for number, curve in zip(numbers, curves, strict=True):
            store.insert_points(connection, number, curve)
        store.advance(connection, first + len(rows))
        return numbers

    return store.write(work, repeatable=False)


def _row(space: Space, objectives: tuple[Objective, ...], known: KnownTrial) -> dict[str, Any]:
    space.validate(known.config)
    if known.state not in STATES or known.state == "running":
        allowed = [state for state in STATES if state != "running"]
        raise StudyError(f"a trial can be added in a state of {allowed}; got {known.state!r}.")
    metrics = check_metrics(known.metrics, "add")
    value = metrics.get(objectives[0].metric)
    missing = [one.metric for one in objectives if not is_finite(metrics.get(one.metric))]
    if known.state == "complete" and missing:
        raise StudyError(
            f"a complete trial needs a finite value of every objective; got {metrics} without {missing}: "
            f"give it, or add the trial as 'failed'."
        )
    if known.state == "stopped" and value is None:
        curve = known.curves.get(objectives[0].metric)
        value = float(curve[-1][1]) if curve else None
    valued = known.state in ("complete", "stopped") and EDITED not in known.tags
    started, ended = (None if time is None else time.timestamp() for time in (known.started, known.ended))
    return {
        "state": known.state,
        "config": known.config,
        "value": value if valued and is_finite(value) else None,
        "metrics": metrics,
        "error": TrialError.of(known.error) if known.error is not None else None,
        "reason": known.reason,
        "notes": known.notes,
        "tags": known.tags,
        "about": known.about,
        "checkpoint": known.checkpoint,
        "checkpoint_step": known.checkpoint_step,
        "started": started,
        "ended": ended if known.state in FINISHED else None,
        "seconds": ended - started if started is not None and ended is not None else None,
    }
