"""Trials that come from outside: configurations to try next, trials one already knows, another study's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import SpaceError, StudyError
from sturgeon.search.population.training import Exploit
from sturgeon.search.record import COPIED
from sturgeon.space import Config, Real, Space
from sturgeon.study.objectives import Objective
from sturgeon.study.storage import Store
from sturgeon.study.trial import (
    EDITED,
    FINISHED,
    STATES,
    TrialError,
    TrialRecord,
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


@dataclass(frozen=True)
class Continued:
    """What a study's trials are in another space.

    Attributes:
        trials: Those that fit, in order.
        left_out: Numbers of those that do not, and of those that still run.
        forgotten: Names that the other space has not; the trials go on without these values.
        filled: Names that the trials had not; they got the default.
    """

    trials: Sequence[KnownTrial]
    left_out: Sequence[int]
    forgotten: Sequence[str]
    filled: Sequence[str]

    def __str__(self) -> str:
        count = len(self.trials) + len(self.left_out)
        text = f"{len(self.trials)} of {count} trials fit into the space and were taken over"
        if self.filled:
            text += f"; the default stands for what they had no value of: {', '.join(self.filled)}"
        if self.forgotten:
            text += f"; left out of them, as the space has it not: {', '.join(self.forgotten)}"
        return f"{text}."


def trials_in(space: Space, old: Space, trials: Sequence[TrialRecord], *, place: str) -> Continued:
    """Fit trials into another space.

    Args:
        space: The new space.
        old: The space that they are from.
        trials: The trials.
        place: Where they are kept, to be written down with each.
    """
    found: list[KnownTrial] = []
    left_out: list[int] = []
    for trial in trials:
        config = None if trial.state == "running" else _fitted(space, trial.config)
        if config is None:
            left_out.append(trial.number)
        else:
            found.append(_known(trial, config, place))
    return Continued(
        found,
        left_out,
        [name for name in old if name not in space],
        [name for name in space if name not in old],
    )


def _fitted(space: Space, config: Mapping[str, Any]) -> Config | None:
    """Give the configuration as one of the space; None where a value is not in its range."""
    fitted: Config = {}
    names = list(space)
    while found := [n for n in names if n not in fitted and space.is_active(n, fitted)]:
        for name in found:
            value = config[name] if name in config else space[name].start()
            if isinstance(space[name], Real) and type(value) is int:
                value = float(value)
            fitted[name] = value
    fitted = {name: fitted[name] for name in names if name in fitted}
    try:
        space.validate(fitted)
    except SpaceError:
        return None
    return fitted


def _known(trial: TrialRecord, config: Config, place: str) -> KnownTrial:
    # What waits, or was put aside, is to be trained here; a checkpoint belongs to the other study.
    ended = trial.state in ("complete", "stopped", "failed")
    return KnownTrial(
        config,
        trial.metrics if ended else {},
        trial.state if ended else "waiting",
        trial.curves if ended else {},
        error=trial.error,
        reason=trial.reason,
        notes=trial.notes,
        tags=trial.tags,
        about={**trial.about, "continued": {"study": place, "trial": trial.number}},
        started=trial.started if ended else None,
        ended=trial.ended if ended else None,
    )


def known_copy(parent: TrialRecord, copy: Exploit, checkpoint: str) -> KnownTrial:
    """Make a trial that is to begin where another one is, and that has this one's curves up to there.

    Args:
        parent: The trial that is copied, with a checkpoint.
        copy: With which configuration it goes on, and in whose place.
        checkpoint: Where the parent's checkpoint is kept for it.
    """
    step = parent.checkpoint_step or 0
    note = f"copy of trial {parent.number} at step {step}"
    if copy.replaces is not None:
        note += f", in the place of trial {copy.replaces}"
    about = {
        "parent": copy.parent,
        "step": step,
        "generation": copy.generation,
        "replaces": copy.replaces,
        "checkpoint": checkpoint,
    }
    return KnownTrial(
        copy.config,
        state="paused",
        curves={
            metric: [point for point in curve if point[0] <= step] for metric, curve in parent.curves.items()
        },
        notes=[note],
        about={COPIED: about},
        checkpoint=checkpoint,
        checkpoint_step=step,
    )
