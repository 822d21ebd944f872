"""Which trials of a study are the best."""

from __future__ import annotations

from sqlalchemy import Connection

from sturgeon.errors import StudyError
from sturgeon.study.objectives import Objective
from sturgeon.study.pareto import pareto_front
from sturgeon.study.storage import Store
from sturgeon.study.trial import TrialRecord


def best_trial(store: Store, objectives: tuple[Objective, ...]) -> TrialRecord:
    """Read the trial with the best value.

    Raises:
        StudyError: No trial has a value yet, or there are several objectives.
    """
    highest = objectives[0].direction == "maximize"
    if len(objectives) > 1:
        names = [one.metric for one in objectives]
        raise StudyError(f"`best` needs a single objective; this study has {names}: use `best_trials`.")
    found = store.read(lambda connection: store.reader.best_record(connection, highest=highest))
    if found is None:
        counts = store.read(store.reader.counts)
        parts = [f"{count} {state}" for state, count in counts.items() if count]
        raise StudyError(
            f"no trial of {store.place!r} has a value yet; its trials: {', '.join(parts) or 'none'}."
        )
    return found


def best_trials(store: Store, objectives: tuple[Objective, ...]) -> list[TrialRecord]:
    """Read the trials that no other beats."""

    def work(connection: Connection) -> list[TrialRecord]:
        numbers, points = [], []
        for number, value, metrics in store.reader.valued_metrics(connection):
            metrics[objectives[0].metric] = value
            if all(one.metric in metrics for one in objectives):
                numbers.append(number)
                points.append([one.sign * metrics[one.metric] for one in objectives])
        front = sorted(numbers[index] for index in pareto_front(points))
        return [store.reader.record(connection, number) for number in front]

    return store.read(work)
