"""Which trials of a study are the best."""

from __future__ import annotations

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.search.record import Record
from sturgeon.study.objectives import SUBJECT_TO, Objective, OutcomeConstraint
from sturgeon.study.pareto import pareto_front
from sturgeon.study.storage import Store
from sturgeon.study.trial import TrialRecord


def best_trial(store: Store, objectives: tuple[Objective, ...]) -> TrialRecord:
    """Read the trial with the best value.

    Raises:
        StudyError: No trial has a value yet, or there are several objectives.
    """
    sign = objectives[0].sign
    if len(objectives) > 1:
        names = [one.metric for one in objectives]
        raise StudyError(f"`best` needs a single objective; this study has {names}: use `best_trials`.")
    fits = OutcomeConstraint(store.description.about)

    def best(connection: Connection) -> TrialRecord | None:
        if not fits.is_there:
            return store.reader.best_record(connection, highest=sign < 0)
        valued = store.reader.valued_metrics(connection)
        fitting = [(sign * value, number) for number, value, told in valued if fits(told)]
        return store.reader.record(connection, min(fitting)[1]) if fitting else None

    found = store.read(best)
    if found is None and fits.is_there and store.read(store.reader.valued_metrics):
        raise StudyError(
            f"the best trial of {store.place!r} must satisfy {store.description.about[SUBJECT_TO]!r}; no "
            "trial with a value does: go on with more trials, or begin a study that asks for less."
        )
    if found is None:
        counts = store.read(store.reader.counts)
        parts = [f"{count} {state}" for state, count in counts.items() if count]
        raise StudyError(
            f"no trial of {store.place!r} has a value yet; its trials: {', '.join(parts) or 'none'}."
        )
    return found


def top_numbers(record: Record, objectives: tuple[Objective, ...], count: int) -> list[int]:
    """The numbers of the trials with the best values, the best first; fewer where not so many have one.

    Raises:
        StudyError: There are several objectives.
    """
    if len(objectives) > 1:
        names = [one.metric for one in objectives]
        raise StudyError(f"`top` needs a single objective; this study has {names}: use `best_trials`.")
    valued = [one for one in record if one.value is not None and one.state != "failed"]
    ranked = sorted(valued, key=lambda one: (one.value or 0.0, one.number))
    return [one.number for one in ranked[:count]]


def best_trials(store: Store, objectives: tuple[Objective, ...]) -> list[TrialRecord]:
    """Read the trials that no other beats."""
    fits = OutcomeConstraint(store.description.about)

    def work(connection: Connection) -> list[TrialRecord]:
        numbers, points = [], []
        for number, value, metrics in store.reader.valued_metrics(connection):
            metrics[objectives[0].metric] = value
            if fits(metrics) and all(one.metric in metrics for one in objectives):
                numbers.append(number)
                points.append([one.sign * metrics[one.metric] for one in objectives])
        front = sorted(numbers[index] for index in pareto_front(points))
        return [store.reader.record(connection, number) for number in front]

    return store.read(work)
